"""What happens to a visit after it was written down: put right, joined, promises kept."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from visits import correcting, doubles, promises
from visits.actions import Refused
from visits.forms import CorrectForm, TakeBackForm
from visits.models import Promise, Visit


def _visit(request, pk):
    rows = Visit.objects.visible_to(request.user, Right.LOG_VISITS).for_list()
    return get_object_or_404(rows, pk=pk)


def _back(request, otherwise):
    """To the page that asked, which is one of ours."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()})
    return redirect(asked if ours else otherwise)


def _pressed(request, act, done, back, **how):
    """An act that needs no form: done, or refused in words."""
    try:
        act(**how, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return _back(request, back)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def visit_correct(request, pk):
    """Put right what one's own visit says, or another's with a reason."""
    visit = _visit(request, pk)
    if not correcting.may_correct(visit, request.user):
        raise PermissionDenied
    start = {name: getattr(visit, name) for name in correcting.FIELDS}
    form = CorrectForm(request.POST or None, initial=start)
    if form.is_valid():
        changes = dict(form.cleaned_data)
        reason = changes.pop("reason")
        try:
            row = correcting.correct(
                visit,
                changes=changes,
                reason=reason,
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = "已更正，原来写的留在这一页。" if row else "没有改动。"
            messages.success(request, words)
            return redirect(visit)
    own = visit.visitor_id == request.user.pk
    status = 422 if form.errors else 200
    context = {"visit": visit, "form": form, "own": own}
    return render(request, "visits/visit_correct.html", context, status=status)


# --- one call, told twice ----------------------------------------------------------------


@needs(Right.LOG_VISITS)
@require_safe
def double_list(request):
    """Visits that may tell of the same call, two by two."""
    pairs = doubles.likely(request.user, timezone.localdate())
    return render(request, "visits/double_list.html", {"pairs": pairs})


@needs(Right.LOG_VISITS)
@require_POST
def visit_join(request, pk, other):
    visit = _visit(request, pk)
    return _pressed(
        request,
        doubles.join,
        "已并成一次，只计一次；两边写的都留着。",
        visit,
        one=visit,
        other=_visit(request, other),
    )


@needs(Right.LOG_VISITS)
@require_POST
def visit_apart(request, pk, other):
    visit = _visit(request, pk)
    return _pressed(
        request,
        doubles.tell_apart,
        "已记住：不是重复，以后不再提示。",
        visit,
        one=visit,
        other=_visit(request, other),
    )


@needs(Right.LOG_VISITS)
@require_POST
def visit_separate(request, pk):
    visit = _visit(request, pk)
    return _pressed(
        request, doubles.separate, "已分开，两次各计一次。", visit, visit=visit
    )


# --- promises --------------------------------------------------------------------------


def _promise(request, pk):
    rows = Promise.objects.visible_to(request.user, Right.LOG_VISITS).for_list()
    return get_object_or_404(rows, pk=pk)


@needs(Right.LOG_VISITS)
@require_POST
def promise_keep(request, pk):
    made = _promise(request, pk)
    return _pressed(request, promises.keep, "已记：办到了。", made.visit, made=made)


@needs(Right.LOG_VISITS)
@require_POST
def promise_reopen(request, pk):
    made = _promise(request, pk)
    return _pressed(request, promises.reopen, "已恢复为还没办。", made.visit, made=made)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def promise_take_back(request, pk):
    """It will not be done, and why."""
    made = _promise(request, pk)
    form = TakeBackForm(request.POST or None)
    if form.is_valid():
        try:
            promises.take_back(
                made,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已记：不办了，原因留下。")
            return redirect(made.visit)
    status = 422 if form.errors else 200
    context = {"promise": made, "form": form}
    return render(request, "visits/promise_take_back.html", context, status=status)
