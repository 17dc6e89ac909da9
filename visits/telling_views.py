"""Telling askers what came of what they asked: one by one, or several at once."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises.models import Business
from tianshan.ledgers.asked import without
from tianshan.ledgers.panels import asked_or_404
from tianshan.ledgers.views import ledger_page
from visits import actions, confidential, slips, telling
from visits.models import Demand, TellingAttempt
from visits.steps import may_do
from visits.telling_forms import AttemptForm, TellForm
from visits.telling_ledger import TELLING

MOST = 200  # slips, and texts, at once


@needs(Right.SEE_DEMANDS)
@require_safe
def telling_list(request):
    return ledger_page(request, TELLING)


def _demand(request, pk):
    """The demand, if its telling is the user's; 404 or 403 if not."""
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user).for_list(), pk=pk
    )
    if not may_do(demand, request.user, Right.LOG_VISITS):
        raise PermissionDenied
    return demand


def _done(request, demand, act, *args, said, **how):
    try:
        act(*args, by=request.user, at=timezone.now(), **how)
    except actions.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, said)
    return redirect(demand)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_tell(request, pk):
    """What to tell, in a text to send too; then how he was told, or that he was not."""
    demand = _demand(request, pk)
    if request.method != "POST" and "tell" not in demand.open_steps:
        messages.warning(
            request, f"这件诉求现在是“{demand.get_state_display()}”，不能再办这一步。"
        )
        return redirect(demand)
    now = timezone.now()
    form = TellForm(request.POST or None, initial={"on": timezone.localdate(now)})
    if form.is_valid():
        try:
            actions.tell(demand, **form.cleaned_data, by=request.user, at=now)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已记回告。")
            return redirect(demand)
    return _tell_page(request, demand, form, AttemptForm(at=now))


def _tell_page(request, demand, form, attempt_form):
    secret = None
    if demand.confidential:
        secret = confidential.read_words(demand, by=request.user, at=timezone.now())
        demand.words, demand.outcome = secret.words, secret.outcome
    mine = Business.objects.visible_to(request.user, Right.CALL)
    context = {
        "demand": demand,
        "form": form,
        "attempt_form": attempt_form,
        "attempts": demand.attempts.standing().select_related("by"),
        "enough": telling.ENOUGH,
        "text": telling.text_for(demand),
        "may_call": bool(demand.business.contact_phone)
        and mine.filter(pk=demand.business_id).exists(),
        "same": 0
        if demand.confidential
        else _same_outcome(request.user, demand).count(),
    }
    return render(request, "visits/demand_tell.html", context)


def _same_outcome(user, demand):
    """Others that wait to be told the very same: one text may serve them all."""
    return (
        Demand.objects.visible_to(user, Right.LOG_VISITS)
        .waiting_to_be_told()
        .filter(
            confidential=False,
            state=demand.state,
            outcome=demand.outcome,
            grid=demand.grid_id,
        )
        .exclude(pk=demand.pk)
    )


@needs(Right.LOG_VISITS)
@require_POST
def demand_tried(request, pk):
    """An attempt to tell that reached nobody."""
    demand = _demand(request, pk)
    now = timezone.now()
    form = AttemptForm(request.POST, at=now)
    if form.is_valid():
        try:
            telling.try_telling(demand, **form.cleaned_data, by=request.user, at=now)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            demand.refresh_from_db(fields=["unreached_on"])
            messages.success(
                request,
                "已记，两次都没联系上。这件先放下，下次见到时再告诉。"
                if demand.unreached_on
                else "已记没联系上。换一天或换个时段再联系一次。",
            )
            return redirect(demand)
    if "tell" not in demand.open_steps:
        messages.warning(request, "这件诉求已经不等回告了。")
        return redirect(demand)
    return _tell_page(
        request, demand, TellForm(initial={"on": timezone.localdate(now)}), form
    )


@needs(Right.LOG_VISITS)
@require_POST
def demand_untell(request, pk):
    demand = _demand(request, pk)
    return _done(
        request, demand, telling.take_back, demand, said="已撤销回告，恢复为待回告。"
    )


@needs(Right.LOG_VISITS)
@require_POST
def attempt_back(request, pk):
    attempt = get_object_or_404(
        TellingAttempt.objects.visible_to(request.user).select_related("demand"), pk=pk
    )
    demand = _demand(request, attempt.demand_id)
    return _done(
        request, demand, telling.take_back_attempt, attempt, said="已撤销这次没联系上。"
    )


# --- several at once -----------------------------------------------------------------


def _picked(request):
    """The rows of the list that this page is made of, and what is said beside them."""
    asked = asked_or_404(request, TELLING)
    mine = Demand.objects.visible_to(request.user, Right.LOG_VISITS)
    rows = asked.rows.filter(pk__in=mine.values("pk"))
    shown = list(rows.filter(confidential=False)[: MOST + 1])
    return {
        "demands": shown[:MOST],
        "cut": len(shown) > MOST,
        "most": MOST,
        "confidential": rows.filter(confidential=True).count(),
        "list_url": TELLING.url + without(request.GET),
    }


@needs(Right.LOG_VISITS)
@require_safe
def telling_texts(request):
    """Texts to copy: one for all askers of the same outcome, else one for each."""
    context = _picked(request)
    same = {}
    for demand in context["demands"]:
        same.setdefault((demand.state, demand.outcome), []).append(demand)
    context["texts"] = [
        {
            "demands": demands,
            "text": telling.text_for_all(demands) or telling.text_for(demands[0]),
        }
        for demands in same.values()
    ]
    return render(request, "visits/telling_texts.html", context)


@needs(Right.LOG_VISITS)
@require_safe
def telling_slips(request):
    """A sheet of slips (A4) to cut and leave at the door."""
    context = _picked(request)
    context["slips"] = [
        {
            "demand": demand,
            "from": telling.signature(demand),
            "code": slips.code_of(demand),
        }
        for demand in context["demands"]
    ]
    context["today"] = timezone.localdate()
    return render(request, "visits/telling_slips.html", context)
