"""The sorting page: what waits, beside what is open already (周梳理)."""

import datetime as dt
from collections import defaultdict

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from issues import sorting
from issues.actions import levels_to_start
from issues.likeness import Likeness
from issues.models import Issue, Matter, MatterDemand, Sorting
from issues.models.rules import Step
from issues.sorting_forms import WAYS, SortForm
from issues.taking import Refused
from tianshan.web import number, render_part
from visits.models import Demand
from visits.turning import offered

SHOWN = 100  # demands on the page; those that are due first
MATTERS = 200  # open matters among which to look
RECENT = 6
ACTS = {
    Sorting.Kind.ANSWER: sorting.answer,
    Sorting.Kind.JOIN: sorting.join,
    Sorting.Kind.DIRECT: sorting.deal_directly,
    Sorting.Kind.ISSUE: sorting.propose,
    Sorting.Kind.DECLINE: sorting.decline,
    Sorting.Kind.URGENT: sorting.mark_urgent,
}


@needs(Right.SORT_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def triage(request):
    """`?on=` is the demand in hand, `?to=` the way that is chosen for it."""
    rows = list(sorting.to_sort(request.user)[: SHOWN + 1])
    matters = _open_matters(request.user)
    on = _in_hand(request, rows)
    levels = levels_to_start(on.business, request.user) if on else []
    form = SortForm(
        request.POST or None,
        matters=Matter.objects.filter(pk__in=matters),
        issues=_issues_to_add_to(request.user),
        levels=levels,
        initial=_to_begin_with(on, request.GET.get("to")),
    )
    if request.method == "POST" and form.is_valid():
        done = _sort(request, form, rows)
        if done:
            return redirect(f"{reverse('issues:triage')}?done={done.pk}")
    return _page(request, rows, matters, on, form, levels)


def _in_hand(request, rows):
    """The demand in hand: the one asked for, else the first whose words one may read."""
    asked = number(request.POST.get("on") or request.GET.get("on", ""))
    open_rows = [row for row in rows if not row.confidential]
    found = [row for row in open_rows if row.pk == asked]
    return next(iter(found or open_rows), None)


def _to_begin_with(on, way):
    if on is None:
        return {}
    place = on.business.building or on.business.grid
    return {
        "to": way if way in Sorting.Kind else "",
        "title": f"{place}{on.category}"[:80],
        "resolved": "yes",
    }


def _sort(request, form, rows):
    """Do what the form says with the demands that are ticked, and the one in hand."""
    picked = {number(text) for text in request.POST.getlist("pick")}
    picked.add(number(request.POST.get("on", "")))
    demands = [row for row in rows if row.pk in picked]
    if len(demands) < len(picked - {0}):
        form.add_error(None, "选的诉求里有刚刚被别人办过的，请看一下还剩哪些，再办。")
        return None
    act = ACTS[form.cleaned_data["to"]]
    try:
        return act(demands, **form.said, by=request.user, at=timezone.now())
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _issues_to_add_to(user):
    """Those that are not decided yet: one more matter may be gathered into them."""
    issues = Issue.objects.visible_to(user, Right.PROPOSE_ISSUES)
    talked = issues.filter(state__in=Issue.STEPS[Step.ADD_MATTER])
    return talked.order_by("-raised_on", "-pk")


def _open_matters(user):
    """`{pk: matter}` that demands may join."""
    matters = Matter.objects.visible_to(user, Right.PROPOSE_ISSUES).open()
    return {matter.pk: matter for matter in matters.for_list()[:MATTERS]}


def _likeness(rows, matters):
    links = (
        MatterDemand.objects.in_force()
        .filter(matter__in=matters)
        .select_related("demand__business__building", "demand__category")
    )
    asked = defaultdict(list)
    for link in links:
        if not link.demand.confidential:
            asked[matters[link.matter_id]].append(link.demand)
    return Likeness([row for row in rows if not row.confidential], asked)


def _page(request, rows, matters, on, form, levels):
    cut, rows = len(rows) > SHOWN, rows[:SHOWN]
    today, alike = timezone.localdate(), _likeness(rows, matters)
    for row in rows:
        row.lamp = row.light(today)
        if not row.confidential:
            row.alike, row.suggested = alike.demands(row), alike.matters(row)
    suggested = {like.what.pk for like in on.suggested} if on else set()
    picked = {number(text) for text in request.POST.getlist("pick")}
    context = {
        "rows": rows,
        "cut": cut,
        "most": SHOWN,
        "total": sorting.to_sort(request.user).count() if cut else len(rows),
        "on": on,
        "picked": picked,
        "ways": [
            {"kind": kind, "key": key, "icon": icon, "why": why}
            for kind, key, icon, why in WAYS
        ],
        "form": form,
        "way": form["to"].value() or "",
        "chosen_matter": number(str(form["matter"].value() or "")),
        "levels": levels,
        "turners": offered(request.user, on) if on else [],
        "came_back": on and _came_back(on),
        "others": [row for key, row in matters.items() if key not in suggested],
        "done": _just_done(request),
        "acting_for": sorting.acting_for(request.user),
        **_this_week(request.user, today),
    }
    status = 400 if form.errors else 200
    return render_part(
        request, "issues/triage.html", context, part="beside", status=status
    )


def _came_back(demand):
    """Why its deadline was last changed, where it waits for the second time."""
    later = list(demand.dues.all())[1:]
    return later[-1] if later else None


def _just_done(request):
    done = number(request.GET.get("done", ""))
    mine = Sorting.objects.standing().filter(by=request.user, pk=done)
    return mine.select_related("matter__issue", "matter__body").first()


def _this_week(user, today):
    """How many came since Monday and how many were sorted; one's own last presses."""
    monday = today - dt.timedelta(days=today.weekday())
    mine = Demand.objects.visible_to(user, Right.SORT_DEMANDS).counted()
    sortings = Sorting.objects.visible_to(user).standing()
    week = sortings.filter(at__date__gte=monday)
    return {
        "monday": monday,
        "came": mine.filter(raised_on__gte=monday).count(),
        "sorted": mine.filter(sortings__sorting__in=week).distinct().count(),
        "recent": sortings.filter(by=user)
        .select_related("matter")
        .prefetch_related("rows")[:RECENT],
    }


@needs(Right.SORT_DEMANDS)
@require_POST
def sorting_undo(request, pk):
    done = get_object_or_404(Sorting.objects.visible_to(request.user), pk=pk)
    try:
        left = sorting.undo(done, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        stayed = f"其中 {len(left)} 件之后又有人办过，没有动。" if left else ""
        messages.success(request, f"已撤销，诉求恢复为原来的样子。{stayed}")
    return redirect("issues:triage")
