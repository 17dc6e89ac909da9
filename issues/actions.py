"""What can happen to issues, matters and measures."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from issues.models import (
    Deliberation,
    DeliberationBody,
    Issue,
    Level,
    Matter,
    MatterDemand,
    Measure,
)
from tianshan.audit import record
from visits import actions as visits
from visits.models import Demand


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def body_for(business, level):
    """The body of that level for the place of a business; None where there is none.

    The place decides: the quarter's or market's own body first, then the grid's.
    """
    bodies = DeliberationBody.objects.filter(level=level)
    if business.building_id:
        own = bodies.filter(buildings=business.building_id).first()
        if own:
            return own
    return bodies.filter(grid=business.grid, buildings=None).first()


def _joined(matter, demand, *, by, at):
    try:
        demand = visits.join(demand, having=Right.PROPOSE_ISSUES, by=by, at=at)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused
    MatterDemand.objects.create(matter=matter, demand=demand, joined_at=at)
    record("matter.joined", matter, by=by, at=at, demand=demand.pk)
    return demand


@transaction.atomic
def propose(demand, *, title, wish, by, at, brand="", level=Level.BRANCH):
    """Propose an issue from a demand: a new matter, carried to the body of its place.

    `title` names the issue, `wish` the matter (what is asked for).
    """
    business = demand.business
    body = body_for(business, level)
    if body is None:
        raise Refused(
            f"{business.building or business.grid}还没有{Level(level).label}的议事主体，"
            "请联系网格长设立。"
        )
    today = timezone.localdate(at)
    issue = Issue.objects.create(
        title=title,
        brand=brand,
        level=level,
        state=Issue.State.PROPOSED,
        body=body,
        grid=business.grid,
        building=business.building,
        raised_on=today,
        raised_by=by,
    )
    matter = Matter.objects.create(
        title=wish,
        issue=issue,
        grid=business.grid,
        building=business.building,
        raised_on=today,
    )
    _joined(matter, demand, by=by, at=at)
    record("issue.proposed", issue, by=by, at=at, level=int(level))
    return issue


@transaction.atomic
def join(matter, demand, *, by, at):
    """Put a demand into an open matter that asks for the same."""
    matter = Matter.objects.select_for_update().get(pk=matter.pk)
    if not Matter.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=matter.pk):
        raise PermissionDenied
    if "join" not in matter.open_steps:
        raise Refused("这个事项已经办结，不能再并入，请另提议题。")
    demand = _joined(matter, demand, by=by, at=at)
    _owe_by_measures(matter, by=by, at=at)
    return demand


@transaction.atomic
def take_out(demand, *, by, at):
    """Take a demand out of its matter; words, asker and dates are as before."""
    link = (
        MatterDemand.objects.select_for_update()
        .filter(demand=demand, left_at=None)
        .select_related("matter")
        .first()
    )
    if link is None:
        raise Refused("这件诉求不在任何事项里。")
    others = link.matter.links.filter(left_at=None).exclude(pk=link.pk)
    if not others.exists():
        raise Refused("事项里只剩这一件诉求，不能移出。")
    link.left_at = at
    link.save(update_fields=["left_at"])
    try:
        demand = visits.take_out(demand, having=Right.PROPOSE_ISSUES, by=by, at=at)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused
    record("matter.left", link.matter, by=by, at=at, demand=demand.pk)
    return demand


def _take(issue, step, *, by):
    """Lock the issue, then ask whether this step, by this person, is open."""
    issue = (
        Issue.objects.select_for_update(of=["self"])
        .select_related("body", "grid")
        .get(pk=issue.pk)
    )
    decides = Issue.DECIDES[issue.level]
    if not Issue.objects.visible_to(by, decides).filter(pk=issue.pk).exists():
        raise PermissionDenied
    if step not in issue.open_steps:
        now = f"{issue.get_level_display()}·{issue.get_state_display()}"
        raise Refused(f"议题状态已变化（{now}），请刷新后再办理。")
    return issue


@transaction.atomic
def decide(issue, *, opinion, matter, content, lead, due_on, by, at):
    """Decide an issue at its level: what the body said, and a first measure.

    `lead` is a MemberUnit or a PartyOrganization; exactly one leads.
    """
    issue = _take(issue, "decide", by=by)
    today = timezone.localdate(at)
    Deliberation.objects.create(
        issue=issue,
        level=issue.level,
        body=issue.body,
        opinion=opinion,
        held_on=today,
        by=by,
    )
    issue.state = Issue.State.DECIDED
    issue.decided_on = today
    issue.save(update_fields=["state", "decided_on"])
    record("issue.decided", issue, by=by, at=at, level=issue.level)
    _measure(issue, matter, content=content, lead=lead, due_on=due_on, by=by, at=at)
    return issue


@transaction.atomic
def add_measure(issue, *, matter, content, lead, due_on, by, at):
    """Fix one more measure of an issue that has been decided."""
    issue = _take(issue, "add_measure", by=by)
    return _measure(
        issue, matter, content=content, lead=lead, due_on=due_on, by=by, at=at
    )


def _measure(issue, matter, *, content, lead, due_on, by, at):
    today = timezone.localdate(at)
    if matter.issue_id != issue.pk or matter.state != Matter.State.OPEN:
        raise Refused("措施要对应这个议题里还没办结的事项。")
    if due_on < today:
        raise Refused("措施期限不能早于今天。")
    field = f"lead_{'unit' if lead._meta.model_name == 'memberunit' else 'organization'}"
    measure = Measure.objects.create(
        issue=issue,
        matter=matter,
        content=content,
        due_on=due_on,
        decided_on=today,
        **{field: lead},
    )
    record(
        "measure.decided",
        measure,
        by=by,
        at=at,
        issue=issue.pk,
        due_on=due_on.isoformat(),
    )
    _owe_by_measures(matter, by=by, at=at)
    return measure


def _owe_by_measures(matter, *, by, at):
    """From joining on, the dates of the matter's measures govern its demands."""
    last = matter.measures.filter(state=Measure.State.OPEN).order_by("due_on").last()
    if last is None:
        return
    for link in matter.links.filter(left_at=None).select_related("demand"):
        if link.demand.state == Demand.State.JOINED:
            visits.owe(
                link.demand,
                due_on=last.due_on,
                owed_by=str(last.lead),
                reason=f"并入事项“{matter.title}”，按措施期限",
                by=by,
                at=at,
            )


@transaction.atomic
def finish_measure(measure, *, result, by, at):
    """Record that a measure has been carried out, and what it brought."""
    issue = _take(measure.issue, "finish_measure", by=by)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    if measure.state == Measure.State.DONE:
        raise Refused("这项措施已经完成。")
    measure.state = Measure.State.DONE
    measure.done_on = timezone.localdate(at)
    measure.result = result
    measure.save(update_fields=["state", "done_on", "result"])
    if issue.state == Issue.State.DECIDED:
        issue.state = Issue.State.IN_PROGRESS
        issue.save(update_fields=["state"])
    record("measure.finished", measure, by=by, at=at, issue=issue.pk)
    return measure


@transaction.atomic
def end_matter(matter, *, ending, before, after, benefited, by, at):
    """End a matter honestly: how, and what is different now (before > after).

    Every demand in it gets the outcome and waits for its asker to be told. Open
    measures stand in the way: nobody closes over an unfinished part.
    """
    issue = _take(matter.issue, "end_matter", by=by)
    matter = Matter.objects.select_for_update().get(pk=matter.pk)
    if "end" not in matter.open_steps:
        raise Refused("这个事项已经办结。")
    if matter.measures.filter(state=Measure.State.OPEN).exists():
        raise Refused("还有措施没有完成，完成后才能办结。")
    changes = ending in (Matter.Ending.SOLVED, Matter.Ending.PARTLY)
    if changes and not (before.strip() and after.strip()):
        raise Refused("解决了的事项，请写清变化前和变化后。")

    matter.state = Matter.State.ENDED
    matter.ending, matter.before, matter.after = ending, before, after
    matter.benefited = benefited
    matter.ended_on = timezone.localdate(at)
    matter.save(
        update_fields=["state", "ending", "before", "after", "benefited", "ended_on"]
    )
    outcome = matter.get_ending_display()
    if before or after:
        outcome += f"：{' → '.join(filter(None, [before, after]))}"
    for link in matter.links.filter(left_at=None).select_related("demand"):
        visits.end(link.demand, outcome=outcome, having=Right.SEE_DEMANDS, by=by, at=at)

    if not issue.matters.filter(state=Matter.State.OPEN).exists():
        issue.state = Issue.State.FEEDBACK
    else:
        issue.state = Issue.State.IN_PROGRESS
    issue.save(update_fields=["state"])
    record("matter.ended", matter, by=by, at=at, ending=ending)
    return matter


def untold(issue):
    """Demands of the issue whose askers have not been told what came of them."""
    return Demand.objects.filter(
        links__matter__issue=issue, links__left_at=None
    ).exclude(state=Demand.State.TOLD)


@transaction.atomic
def tell(matter, demands, *, how, on, by, at):
    """Record that askers of an ended matter have been told; the last one closes it."""
    for demand in demands:
        try:
            visits.tell(demand, how=how, on=on, by=by, at=at)
        except visits.Refused as refused:
            raise Refused(str(refused)) from refused
    issue = matter.issue
    if issue.state == Issue.State.FEEDBACK and not untold(issue).exists():
        close(issue, by=by, at=at)
    return len(demands)


@transaction.atomic
def close(issue, *, by, at):
    """Close an issue: all its matters have ended and every asker has been told."""
    issue = _take(issue, "close", by=by)
    left = untold(issue).count()
    if left:
        raise Refused(f"还有 {left} 件诉求没有回告，回告后才能办结。")
    issue.state = Issue.State.CLOSED
    issue.closed_on = timezone.localdate(at)
    issue.save(update_fields=["state", "closed_on"])
    record("issue.closed", issue, by=by, at=at)
    return issue
