"""Issues, matters and measures: what several ask for, on its way to be done."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, Exists, OuterRef, Prefetch, Q, Value, When
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from issues import actions, fixing
from issues.forms import (
    DecideForm,
    EndForm,
    FinishForm,
    MeasureForm,
    ProposeForm,
    TellForm,
)
from issues.history import told_history
from issues.ledgers import ISSUE_STATES, ISSUES, MATTERS, MEASURES
from issues.models import Issue, Level, Matter, MatterDemand, Measure
from issues.models.rules import Step
from issues.photos import photos_of
from issues.spent import at_levels, stints
from issues.steps import ladder_steps, next_steps, stuck, to_tell
from issues.taking import acting_in, acts_for_body
from issues.telling import notice_for
from tianshan.ledgers.views import ledger_page
from tianshan.web import render_part
from visits.models import Demand

DECIDE = (
    Right.DECIDE_IN_BRANCH,
    Right.DECIDE_IN_COMMITTEE,
    Right.DECIDE_IN_CONFERENCE,
    Right.ACT_ON_BEHALF,
)
SHOWN_AT_FIRST = 6  # askers of a matter on its issue's page


@needs(Right.SEE_ISSUES)
@require_safe
def issue_list(request):
    return ledger_page(request, ISSUES)


@needs(Right.SEE_ISSUES)
@require_safe
def matter_list(request):
    return ledger_page(request, MATTERS)


@needs(Right.SEE_ISSUES)
@require_safe
def measure_list(request):
    return ledger_page(request, MEASURES)


# --- one issue, one matter -----------------------------------------------------------


def matters_with_all(matters, user):
    """With all that a page shows of each: askers, measures, demands and who is named.

    Others' demands are shown by their words; whose they are, only to those who see
    the demand itself.
    """
    own = Demand.objects.visible_to(user)
    links = (
        MatterDemand.objects.in_force()
        .select_related("demand__business", "demand__category")
        .annotate(named=Exists(own.filter(pk=OuterRef("demand"))))
        .order_by("-demand__raised_on", "-demand")
    )
    return (
        matters.with_askers()
        .select_related("issue__body", "body", "grid", "building")
        .annotate(
            asked=Count("links", filter=Q(links__left_at=None)),
            untold=Count(
                "links",
                filter=Q(
                    links__left_at=None,
                    links__demand__state__in=Demand.WAITING,
                    links__demand__unreached_on=None,
                ),
            ),
        )
        .prefetch_related(
            Prefetch("links", queryset=links, to_attr="links_now"),
            Prefetch(
                "measures",
                queryset=Measure.objects.for_list().with_parts(),
                to_attr="measures_all",
            ),
            Prefetch(
                "measures",
                queryset=Measure.objects.open().for_list(),
                to_attr="measures_open",
            ),
        )
        .order_by("pk")
    )


def _with_lights(measures, today):
    for measure in measures:
        measure.lamp = measure.light(today)
        measure.held_back = fixing.held_back(measure.parts_all)
    return measures


def _levels(issue, deliberations, steps, now):
    """The three levels as a ladder: days spent, what each said, which has it now."""
    held, spent = {}, at_levels(steps, now)
    for deliberation in deliberations:
        held.setdefault(deliberation.level, []).append(deliberation)
    rungs = []
    for level in Level:
        if level == issue.level:
            kind = "done" if issue.state == Issue.State.CLOSED else "now"
        else:
            kind = "done" if held.get(level) or level in spent else "later"
        mine = [one for one in stints(steps, now) if one.level == level]
        rungs.append(
            {
                "level": level,
                "kind": kind,
                "held": held.get(level, []),
                "days": spent[level].days if level in spent else None,
                "since": mine[0].since if mine else None,
                "body": mine[-1].body if mine else None,
                "skipped": any(level.label in one.skipped for one in steps),
                "left": [
                    one
                    for one in steps
                    if one.from_level == level and one.to_level != level
                ],
            }
        )
    return rungs


# What is drawn as the way through a level; put aside or withdrawn stands by itself.
WAY = [
    Issue.State.PROPOSED,
    Issue.State.DELIBERATING,
    Issue.State.DECIDED,
    Issue.State.IN_PROGRESS,
    Issue.State.FEEDBACK,
    Issue.State.CLOSED,
]


def _marks(issue, measures, links, steps):
    """三跨, as the rows say it: levels it went through, fields, who takes part."""
    marks = []
    if len({one.to_level for one in steps}) > 1:
        marks.append("跨层级")
    if len({link.demand.category_id for link in links}) > 1:
        marks.append("跨领域")
    if len({str(measure.lead) for measure in measures}) > 1:
        marks.append("跨部门")
    return marks


def _states(issue):
    states = list(WAY)
    if issue.state not in states:
        states = [Issue.State.PROPOSED, Issue.State(issue.state)]
    now = states.index(issue.state)
    return [
        {
            "label": state.label,
            "kind": "s-d"
            if place < now or state == Issue.State.CLOSED == issue.state
            else "s-c"
            if place == now
            else "s-n",
        }
        for place, state in enumerate(states)
    ]


@needs(Right.SEE_ISSUES)
@require_safe
def issue_detail(request, pk):
    issue = get_object_or_404(
        Issue.objects.visible_to(request.user)
        .for_list()
        .select_related("body__organization", "raised_by"),
        pk=pk,
    )
    now = timezone.now()
    today = timezone.localdate(now)
    matters = list(matters_with_all(issue.matters, request.user))
    history = list(issue.steps.select_related("to_body", "from_body", "by", "meeting"))
    supervisions = list(issue.supervisions.select_related("measure", "by"))
    measures = [measure for matter in matters for measure in matter.measures_all]
    measures.sort(key=lambda measure: (measure.due_on, measure.pk))
    deliberations = issue.deliberations.select_related("body", "by")
    steps = next_steps(issue, matters, request.user)
    context = {
        "issue": issue,
        "state": ISSUE_STATES[issue.state],
        "lamp": issue.light(today),
        "levels": _levels(issue, deliberations, history, now),
        "marks": _marks(
            issue,
            measures,
            [link for matter in matters for link in matter.links_now],
            history,
        ),
        "stuck": stuck(issue, measures, history, now),
        "total_days": sum(at_levels(history, now).values(), dt.timedelta()).days,
        "supervisions": supervisions,
        "waiting": [
            {
                "row": one,
                "mine": acting_in(
                    issue,
                    Step.ANSWER_SUPERVISION,
                    request.user,
                    measure=one.measure,
                )
                is not None,
            }
            for one in supervisions
            if one.answered_at is None
        ],
        "may_supervise": acting_in(issue, Step.SUPERVISE, request.user) is not None
        and Step.SUPERVISE in issue.open_steps,
        "ladder": ladder_steps(issue, request.user),
        "states": _states(issue),
        "matters": matters,
        "asked": sum(matter.asked for matter in matters),
        "changed": [matter for matter in matters if matter.before and matter.after],
        "measures": _with_lights(measures, today),
        "measures_done": sum(measure.done_on is not None for measure in measures),
        "leads": list(dict.fromkeys(str(measure.lead) for measure in measures)),
        "deliberations": reversed(deliberations),
        "steps": steps,
        "first_step": next((one for one in steps if one.open and not one.post), None),
        "history": told_history(history, matters, measures),
        "photos": photos_of(issue),
        "shown": SHOWN_AT_FIRST,
        "may_finish": "finish_measure" in issue.open_steps
        and issue.may_be_decided_by(request.user),
    }
    return render(request, "issues/issue_detail.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def matter_detail(request, pk):
    matter = get_object_or_404(
        matters_with_all(Matter.objects.visible_to(request.user), request.user), pk=pk
    )
    own = Demand.objects.visible_to(request.user, Right.PROPOSE_ISSUES)
    proposes = Matter.objects.visible_to(request.user, Right.PROPOSE_ISSUES)
    own_matter = proposes.filter(pk=matter.pk).exists()
    mine = matter.may_be_decided_by(request.user)
    # In an issue its steps decide, so far as the matter is open.
    open_steps = matter.open_steps
    if matter.issue:
        issue_steps = matter.issue.open_steps
        open_steps = open_steps & issue_steps | (
            open_steps & {"end"} if "end_matter" in issue_steps else set()
        )
    context = {
        "matter": matter,
        "merged": matter.merged_in.in_force().select_related("gone"),
        "merged_away": matter.merged_away.in_force().select_related("kept").first(),
        "may_merge": own_matter and "join" in matter.open_steps,
        "may_note": own_matter,
        "measures": _with_lights(matter.measures_all, timezone.localdate()),
        "removable": set(
            own.filter(pk__in=[link.demand_id for link in matter.links_now])
            .filter(state__in=Demand.STEPS["take_out"])
            .values_list("pk", flat=True)
        )
        if len(matter.links_now) > 1
        else set(),
        "may_end": mine and "end" in open_steps and not matter.measures_open,
        "may_fix": mine and not matter.issue and "add_measure" in open_steps,
        "may_carry": mine and not matter.issue and "carry" in open_steps,
        "may_finish": mine and "finish_measure" in open_steps,
        "to_tell": to_tell(matter, request.user).count(),
    }
    return render(request, "issues/matter_detail.html", context)


# --- steps: a form each --------------------------------------------------------------


def _own_issue(request, pk, step):
    """The issue, and whether this step of its body is open now; 403 for other bodies.

    A submission always goes on to the action, which locks before it looks.
    """
    issue = get_object_or_404(
        Issue.objects.visible_to(request.user).select_related("body", "grid"), pk=pk
    )
    if not issue.may_be_decided_by(request.user):
        raise PermissionDenied
    if request.method != "POST" and step not in issue.open_steps:
        messages.warning(
            request, f"议题现在是“{issue.get_state_display()}”，不能再办这一步。"
        )
        return issue, False
    return issue, True


def _own_matter(request, matter, step, issue_step):
    """Whether this step of the matter's body is open now; 403 for other bodies.

    In an issue it is the issue's step; without one it is the matter's own.
    """
    if matter.issue:
        return _own_issue(request, matter.issue_id, issue_step)[1]
    if not matter.may_be_decided_by(request.user):
        raise PermissionDenied
    if request.method != "POST" and step not in matter.open_steps:
        messages.warning(
            request, f"事项现在是“{matter.get_state_display()}”，不能再办这一步。"
        )
        return False
    return True


def acting(request, body):
    """For a form: for whom the user takes a step of the body, where not for himself."""
    return {"acts_for": acts_for_body(body, request.user)}


def taken(request, form, act, *args, **data):
    """Do the act with what the form holds; what is refused is said on the form."""
    try:
        return act(*args, by=request.user, at=timezone.now(), **data)
    except actions.Refused as refused:
        form.add_error(None, str(refused))
        return None


@needs(Right.PROPOSE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def issue_propose(request, pk):
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.PROPOSE_ISSUES).select_related(
            "business__grid", "business__building", "category"
        ),
        pk=pk,
    )
    levels = actions.levels_for(demand.business, request.user)
    place = demand.business.building or demand.business.grid
    form = ProposeForm(
        request.POST or None,
        levels=levels,
        initial={"title": f"{place}{demand.category}"[:80]},
    )
    if form.is_valid():
        issue = taken(request, form, actions.propose, demand, **form.cleaned_data)
        if issue:
            messages.success(request, f"议题已提出，交{issue.body}研商。")
            return redirect(issue)
    context = {
        "demand": demand,
        "form": form,
        "levels": levels,
        "place": place,
        "open": "join" in demand.open_steps,
    }
    return render(request, "issues/issue_propose.html", context)


def _alike(demand, user):
    """Open matters that the demand may join: same place first, then same category."""
    same = MatterDemand.objects.in_force().filter(
        matter=OuterRef("pk"), demand__category=demand.category_id
    )
    building = demand.business.building_id
    return (
        Matter.objects.visible_to(user, Right.PROPOSE_ISSUES)
        .open()
        .for_list()
        .annotate(
            near=Case(When(building=building, then=Value(1)), default=Value(0))
            if building
            else Value(0),
            alike=Exists(same),
        )
        .order_by("-near", "-alike", "-raised_on", "-pk")
    )


@needs(Right.PROPOSE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_join(request, pk):
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.PROPOSE_ISSUES).select_related(
            "business__building", "category"
        ),
        pk=pk,
    )
    matters = _alike(demand, request.user)
    problem = ""
    if request.method == "POST":
        chosen = request.POST.get("matter", "")
        matter = get_object_or_404(
            Matter.objects.visible_to(request.user, Right.PROPOSE_ISSUES),
            pk=chosen if chosen.isdecimal() and len(chosen) < 19 else 0,
        )
        try:
            actions.join(matter, demand, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            problem = str(refused)
        else:
            messages.success(request, f"已并入事项“{matter.title}”。")
            return redirect(matter)
    context = {
        "demand": demand,
        "matters": matters[:50],
        "problem": problem,
        "open": "join" in demand.open_steps,
    }
    return render(request, "issues/matter_join.html", context)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def issue_decide(request, pk):
    issue, open_now = _own_issue(request, pk, "decide")
    if not open_now:
        return redirect(issue)
    form = DecideForm(request.POST or None, among=issue.matters, user=request.user)
    if form.is_valid() and taken(
        request, form, actions.decide, issue, **form.cleaned_data
    ):
        messages.success(request, "措施已定，期限已告知各件诉求。")
        return redirect(issue)
    context = {"issue": issue, "form": form, **acting(request, issue.body)}
    return render(request, "issues/issue_decide.html", context)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def measure_add(request, pk):
    issue, open_now = _own_issue(request, pk, "add_measure")
    if not open_now:
        return redirect(issue)
    form = MeasureForm(request.POST or None, among=issue.matters, user=request.user)
    if form.is_valid() and taken(
        request, form, fixing.add_measure, issue, **form.cleaned_data
    ):
        messages.success(request, "措施已增加。")
        return redirect(issue)
    context = {"page": issue, "form": form, **acting(request, issue.body)}
    return render(request, "issues/measure_add.html", context)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_fix(request, pk):
    """A measure of a matter that is dealt with directly."""
    matter = get_object_or_404(
        Matter.objects.visible_to(request.user).direct().for_list(), pk=pk
    )
    if not _own_matter(request, matter, "add_measure", "add_measure"):
        return redirect(matter)
    form = MeasureForm(
        request.POST or None,
        among=Matter.objects.filter(pk=matter.pk),
        user=request.user,
    )
    if form.is_valid() and taken(
        request, form, fixing.fix_directly, **form.cleaned_data
    ):
        messages.success(request, "措施已定，期限已告知各件诉求。")
        return redirect(matter)
    context = {"page": matter, "form": form, **acting(request, matter.owner)}
    return render(request, "issues/measure_add.html", context)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def measure_finish(request, pk):
    measure = get_object_or_404(
        Measure.objects.visible_to(request.user).for_list(), pk=pk
    )
    page = measure.issue or measure.matter
    if not _own_matter(request, measure.matter, "finish_measure", "finish_measure"):
        return redirect(page)
    if measure.state == Measure.State.DONE and request.method != "POST":
        messages.warning(request, "这项措施已经完成。")
        return redirect(page)
    form = FinishForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, fixing.finish_measure, measure, **form.cleaned_data
    ):
        messages.success(request, "措施已登记完成。")
        return redirect(page)
    context = {
        "page": page,
        "measure": measure,
        "form": form,
        **acting(request, measure.matter.owner),
    }
    return render(request, "issues/measure_finish.html", context)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_end(request, pk):
    matter = get_object_or_404(
        Matter.objects.visible_to(request.user).for_list(), pk=pk
    )
    page = matter.issue or matter
    if not _own_matter(request, matter, "end", "end_matter"):
        return redirect(page)
    form = EndForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, actions.end_matter, matter, **form.cleaned_data
    ):
        messages.success(request, "事项已办结，请把结果告诉每一位提出的人。")
        return redirect(page)
    context = {
        "page": page,
        "matter": matter,
        "form": form,
        "unfinished": matter.measures.open().for_list(),
        **acting(request, matter.owner),
    }
    return render(request, "issues/matter_end.html", context)


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_tell(request, pk):
    matter = get_object_or_404(
        matters_with_all(Matter.objects.visible_to(request.user), request.user), pk=pk
    )
    demands = to_tell(matter, request.user)
    waiting = set(demands.values_list("pk", flat=True))
    form = TellForm(
        request.POST or None, demands=demands, initial={"on": timezone.localdate()}
    )
    if form.is_valid():
        told = taken(
            request,
            form,
            actions.tell,
            matter,
            list(form.cleaned_data["demands"]),
            how=form.cleaned_data["how"],
            on=form.cleaned_data["on"],
        )
        if told:
            page = matter.issue or matter
            page.refresh_from_db()
            closed = matter.issue and page.state == Issue.State.CLOSED
            messages.success(
                request,
                f"已记 {told} 件回告。"
                + ("提出的人都告诉了，议题办结。" if closed else ""),
            )
            return redirect(page)
    chosen = request.POST.getlist("demands") if form.is_bound else None
    rows = [
        {
            "link": link,
            "checked": chosen is None or str(link.demand_id) in chosen,
        }
        for link in matter.links_now
        if link.demand_id in waiting
    ]
    context = {
        "matter": matter,
        "form": form,
        "rows": rows,
        "notice": notice_for(matter),
    }
    return render(request, "issues/matter_tell.html", context)


# --- steps: one press ----------------------------------------------------------------


@needs(*DECIDE)
@require_POST
def issue_close(request, pk):
    issue, _ = _own_issue(request, pk, "close")
    try:
        actions.close(issue, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "议题已办结。")
    return redirect(issue)


@needs(Right.PROPOSE_ISSUES)
@require_POST
def take_out(request, pk):
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.PROPOSE_ISSUES), pk=pk
    )
    link = demand.links.in_force().select_related("matter").first()
    try:
        actions.take_out(demand, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
        return redirect(link.matter if link else demand)
    messages.success(request, "已移出事项，诉求恢复为待处理，期限照旧。")
    return redirect(demand)


@needs(Right.SEE_ISSUES)
@require_safe
def for_demand(request, pk):
    """In which matter and issue a demand is, and how far: a part of its page."""
    demand = get_object_or_404(Demand.objects.visible_to(request.user), pk=pk)
    link = demand.links.in_force().select_related("matter__issue__body").first()
    matter = link.matter if link else None
    own = Demand.objects.visible_to(request.user, Right.PROPOSE_ISSUES)
    context = {
        "demand": demand,
        "matter": matter,
        "askers": Matter.objects.with_askers().get(pk=matter.pk).askers if link else 0,
        "may_propose": "join" in demand.open_steps
        and own.filter(pk=demand.pk).exists(),
    }
    return render_part(request, "issues/for_demand.html", context, part="matter")
