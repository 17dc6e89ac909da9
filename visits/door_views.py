"""What was seen at doors: the form, the list of what waits, and the checking of it."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, may, needs
from enterprises import actions as enterprises
from enterprises.forms import OpenForm, OwnerForm
from enterprises.models import Business
from tianshan.web.masks import masked_phone
from visits import actions, doors
from visits.door_forms import DeclineDoorForm, DoorForm, GoneForm
from visits.forms import PhotoForm
from visits.history import told_history
from visits.models import DoorReport, Photo
from visits.photo_views import take_from_form

Kind = DoorReport.Kind
SHOWN = 100


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def door_new(request):
    """Report what is seen: of a business in `?business=`, else a shop that is new."""
    business = None
    if asked := request.GET.get("business"):
        rows = Business.objects.visible_to(request.user, Right.LOG_VISITS)
        rows = rows.select_related("grid", "building")
        business = get_object_or_404(rows, pk=asked if asked.isdecimal() else 0)
    start = {
        name: request.GET[name][:40]
        for name in ("building", "room", "kind")
        if request.GET.get(name)
    }
    form = DoorForm(
        request.POST or None,
        user=request.user,
        business=business,
        client_key=uuid.uuid4(),
        initial=start,
    )
    if form.is_valid():
        try:
            seen, made = doors.report(
                **form.cleaned_data,
                business=business,
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            take_from_form(request, seen)
            words = "已报给台账员核实。" if made else "这一条已经报过，没有再报一次。"
            messages.success(request, f"{words}核实的结果会在这里告诉您。")
            return redirect(seen)
    context = {"business": business, "form": form, "photo_form": PhotoForm()}
    status = 422 if form.errors else 200
    return render(request, "visits/door_new.html", context, status=status)


@needs(Right.LOG_VISITS)
@require_safe
def door_list(request):
    """What waits to be checked, oldest first; below it what came of the others."""
    seen = DoorReport.objects.visible_to(request.user).for_list()
    checks = may(request.user, Right.CHECK_VISITS)
    if not checks:
        seen = seen.filter(by=request.user)
    waiting = seen.waiting()
    checked = seen.exclude(state=DoorReport.State.WAITING).order_by("-checked_at")
    context = {
        "checks": checks,
        "total": waiting.count(),
        "waiting": waiting[:SHOWN],
        "checked": checked[:SHOWN],
    }
    return render(request, "visits/door_list.html", context)


def _seen(request, pk):
    return get_object_or_404(
        DoorReport.objects.visible_to(request.user).for_list(), pk=pk
    )


def _may_check(request, seen):
    rows = DoorReport.objects.visible_to(request.user, Right.CHECK_VISITS)
    return rows.filter(pk=seen.pk).exists()


def _form(request, seen, data=None):
    """The form of the act that the report would lead to, filled with what was seen.

    The number shows as its mask; the mask coming back stands for the number.
    """
    mask = masked_phone(seen.contact_phone)
    if data is not None:
        data = data.copy()
        for name in ("contact_phone", "phone"):
            if mask and data.get(name) == mask:
                data[name] = seen.contact_phone
    if seen.kind == Kind.OPENED:
        start = {
            "building": seen.building_id,
            "grid": seen.grid_id,
            "room": seen.room,
            "name": seen.name,
            "contact_name": seen.contact_name,
            "contact_phone": mask,
            "since": seen.seen_on,
        }
        return OpenForm(data, user=request.user, initial=start)
    if seen.kind == Kind.NEW_OWNER:
        start = {
            "owner": seen.contact_name,
            "phone": mask,
            "name": seen.name,
            "since": seen.seen_on,
        }
        return OwnerForm(data, initial=start)
    start = {"step": "leave", "since": seen.seen_on, "reason": seen.words[:120]}
    return GoneForm(data, initial=start)


def _page(request, seen, *, form=None, decline=None, twins=(), status=200):
    checks = "confirm" in seen.open_steps and _may_check(request, seen)
    context = {
        "seen": seen,
        "photos": Photo.objects.of(seen).kept(),
        "history": told_history(seen),
        "checks": checks,
        "form": form or (_form(request, seen) if checks else None),
        "decline": decline or DeclineDoorForm(prefix="decline"),
        "twins": twins,
        "ask": bool(twins),
    }
    return render(request, "visits/door_detail.html", context, status=status)


@needs(Right.SEE_BUSINESSES)
@require_safe
def door_detail(request, pk):
    return _page(request, _seen(request, pk))


def _act(seen, form, who):
    data = dict(form.cleaned_data)
    if seen.kind == Kind.OPENED:
        return doors.confirm_opened(seen, **data, **who)
    if seen.kind == Kind.NEW_OWNER:
        another = data.pop("how") == OwnerForm.ANOTHER
        return doors.confirm_owner(seen, another=another, **data, **who)
    return doors.confirm_gone(seen, **data, **who)


@needs(Right.CHECK_VISITS)
@require_POST
def door_confirm(request, pk):
    """It is so: carry it out in the ledgers."""
    seen = _seen(request, pk)
    if not _may_check(request, seen):
        raise Http404
    form = _form(request, seen, request.POST)
    twins = []
    if form.is_valid():
        try:
            done = _act(seen, form, {"by": request.user, "at": timezone.now()})
        except enterprises.LikelyTwins as likely:
            form.add_error(None, str(likely))
            twins = likely.twins
        except (enterprises.Refused, actions.Refused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{done.answer}：{done.result.name}。")
            return redirect("visits:door_list")
    return _page(request, seen, form=form, twins=twins, status=422)


@needs(Right.CHECK_VISITS)
@require_POST
def door_known(request, pk, business):
    """What seemed new is this one of the ledgers."""
    seen = _seen(request, pk)
    rows = Business.objects.visible_to(request.user, Right.CHECK_VISITS)
    business = get_object_or_404(rows, pk=business)
    try:
        doors.confirm_known(seen, business=business, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
        return redirect(seen)
    messages.success(request, f"已记：就是台账里的{business.name}。")
    return redirect("visits:door_list")


@needs(Right.CHECK_VISITS)
@require_POST
def door_decline(request, pk):
    """It is not so, and why."""
    seen = _seen(request, pk)
    if not _may_check(request, seen):
        raise Http404
    form = DeclineDoorForm(request.POST, prefix="decline")
    if form.is_valid():
        try:
            doors.decline(
                seen,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已记不采用，报告的人会看到原因。")
            return redirect("visits:door_list")
    return _page(request, seen, decline=form, status=422)
