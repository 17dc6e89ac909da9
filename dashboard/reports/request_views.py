"""索表登记: the ledger, a new line, one with what is reported already, its answer."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from dashboard.reports import actions
from dashboard.reports.form_views import governs
from dashboard.reports.forms import AnswerForm, RequestForm
from dashboard.reports.periods import Refused
from dashboard.reports.request_ledger import REQUESTS, asked_too, reported_already
from dashboard.reports.upward import FormRequest
from tianshan.ledgers.views import ledger_page


@needs(Right.SEE_REPORTS)
@require_safe
def request_list(request):
    return ledger_page(request, REQUESTS)


@needs(Right.FILL_FORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request):
    data = request.POST if request.method == "POST" else None
    initial = {"asked_on": timezone.localdate(), "often": FormRequest.Often.ONCE}
    form = RequestForm(data, user=request.user, initial=initial)
    if form.is_valid():
        try:
            made = actions.register_request(
                by=request.user, at=timezone.now(), **form.facts
            )
        except Refused as refused:
            form.add_error("asked_on", str(refused))
        else:
            messages.success(request, "已登记。")
            return redirect(made)
    status = 400 if form.errors else 200
    return render(request, "dashboard/request_new.html", {"form": form}, status=status)


@needs(Right.SEE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def request_detail(request, pk):
    """What was asked for, and which of it stands in a signed issue already."""
    seen = FormRequest.objects.visible_to(request.user).for_list()
    asked = get_object_or_404(seen, pk=pk)
    form = None
    if governs(request.user, Right.FILL_FORMS, asked.grid):
        data = request.POST if request.method == "POST" else None
        form = AnswerForm(data, request=asked, user=request.user)
    if form and form.is_valid():
        try:
            actions.answer_request(
                asked,
                answer=form.cleaned_data["answer"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已记下用哪一期答复。")
            return redirect(asked)
    context = {
        "asked": asked,
        "form": form,
        "already": reported_already(asked, request.user),
        "too": asked_too(asked, request.user),
    }
    status = 400 if form and form.errors else 200
    return render(request, "dashboard/request_detail.html", context, status=status)
