"""What can happen to issues, matters and measures."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import CharField, F, Value
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Coverage
from grids.models import Grid
from issues.models import (
    Deliberation,
    DeliberationBody,
    Issue,
    Level,
    Matter,
    MatterDemand,
    Measure,
)
from party.models import MemberUnit, OrganizationBuilding, in_force
from tianshan.audit import record
from visits import actions as visits
from visits.models import Demand

# A date typed with the wrong century would leave a measure green for ever.
FURTHEST = dt.timedelta(days=2 * 366)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def body_for(business, level):
    """The body of that level for the place of a business; None where there is none.

    The smallest place decides: the body that holds its building; else the body of an
    organisation that answers for it; else the body of its grid, or of the next above.
    A sibling that holds other buildings never comes in.
    """
    bodies = DeliberationBody.objects.filter(level=level).order_by("pk")
    if business.building_id:
        holding = bodies.filter(buildings=business.building_id).first()
        if holding:
            return holding
    everywhere = bodies.filter(buildings=None)
    covering = Coverage.objects.in_force().filter(business=business).ranked()
    answering = list(covering.values_list("organization", flat=True))
    held = OrganizationBuilding.objects.filter(in_force(), building=business.building)
    answering += held.values_list("organization", flat=True)
    for organization in answering:
        if own := everywhere.filter(organization=organization).first():
            return own
    if level != Level.CONFERENCE:
        everywhere = everywhere.filter(organization=None)
    above = Grid.objects.annotate(under=Value(business.grid.path, CharField())).filter(
        under__startswith=F("path")
    )
    return everywhere.filter(grid__in=above).order_by("-grid__path", "pk").first()


def levels_for(business, user):
    """`[(level, body)]` at which the user may decide and for which there is a body."""
    found = []
    for level, right in Issue.DECIDES.items():
        body = body_for(business, level)
        mine = DeliberationBody.objects.chaired_by(user, right)
        if body and mine.filter(pk=body.pk).exists():
            found.append((level, body))
    return found


def _said(text, problem):
    """The text, trimmed; refused where nothing was said."""
    text = text.strip()
    if not text:
        raise Refused(problem)
    return text


def _lock_matter(matter):
    return Matter.objects.select_for_update(of=["self"]).get(pk=matter.pk)


def _link(matter, demand, *, by, at):
    MatterDemand.objects.create(matter=matter, demand=demand, joined_at=at)
    record("matter.joined", matter, by=by, at=at, demand=demand.pk)
    _owe_by_measures(matter, by=by, at=at)


def _of_visits(act, demand, **how):
    """An act of the room below; what it refuses, this room refuses in the same words."""
    try:
        return act(demand, **how)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused


@transaction.atomic
def propose(demand, *, title, wish, by, at, brand="", level=Level.BRANCH):
    """Propose an issue from a demand: a new matter, carried to the body of its place.

    `title` names the issue, `wish` the matter (what is asked for).
    """
    demand = _of_visits(visits.join, demand, having=Right.PROPOSE_ISSUES, by=by, at=at)
    business = demand.business
    body = body_for(business, level)
    if body is None:
        raise Refused(
            f"{business.building or business.grid}还没有“{Level(level).label}”这一级的"
            "议事主体，请联系网格长设立。"
        )
    today = timezone.localdate(at)
    issue = Issue.objects.create(
        title=_said(title, "请写议题标题。"),
        brand=brand.strip(),
        level=level,
        state=Issue.State.PROPOSED,
        body=body,
        grid=business.grid,
        building=business.building,
        raised_on=today,
        raised_by=by,
    )
    matter = Matter.objects.create(
        title=_said(wish, "请写要解决什么。"),
        issue=issue,
        grid=business.grid,
        building=business.building,
        raised_on=today,
    )
    record("issue.proposed", issue, by=by, at=at, level=int(level))
    _link(matter, demand, by=by, at=at)
    return issue


@transaction.atomic
def add_matter(issue, demand, *, wish, by, at):
    """Gather one more matter into an issue that has not been decided yet."""
    issue = _lock_issue(issue)
    seen = Issue.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=issue.pk)
    if not seen.exists():
        raise PermissionDenied
    if "add_matter" not in issue.open_steps:
        raise Refused("议题已经定了措施，不能再加事项，请另提议题。")
    demand = _of_visits(visits.join, demand, having=Right.PROPOSE_ISSUES, by=by, at=at)
    matter = Matter.objects.create(
        title=_said(wish, "请写要解决什么。"),
        issue=issue,
        grid=issue.grid,
        building=demand.business.building,
        raised_on=timezone.localdate(at),
    )
    record("matter.added", matter, by=by, at=at, issue=issue.pk)
    _link(matter, demand, by=by, at=at)
    return matter


@transaction.atomic
def join(matter, demand, *, by, at):
    """Put a demand into an open matter that asks for the same."""
    matter = _lock_matter(matter)
    seen = Matter.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=matter.pk)
    if not seen.exists():
        raise PermissionDenied
    if "join" not in matter.open_steps:
        raise Refused("这个事项已经办结，不能再并入，请另提议题。")
    demand = _of_visits(visits.join, demand, having=Right.PROPOSE_ISSUES, by=by, at=at)
    _link(matter, demand, by=by, at=at)
    return demand


@transaction.atomic
def take_out(demand, *, by, at):
    """Take a demand out of its matter; words, asker and dates are as before."""
    link = demand.links.filter(left_at=None).select_related("matter").first()
    if link is None:
        raise Refused("这件诉求不在任何事项里。")
    matter = _lock_matter(link.matter)
    demand = _of_visits(
        visits.take_out, demand, having=Right.PROPOSE_ISSUES, by=by, at=at
    )
    if not matter.links.in_force().exclude(demand=demand).exists():
        raise Refused("事项里只剩这一件诉求，不能移出。")
    left = matter.links.in_force().filter(demand=demand).update(left_at=at)
    if not left:
        raise Refused("这件诉求刚刚换了事项，请刷新后再办理。")
    record("matter.left", matter, by=by, at=at, demand=demand.pk)
    return demand


def _lock_issue(issue):
    if issue is None:
        raise Refused("这个事项还没有列入议题，请先提议题。")
    return (
        Issue.objects.select_for_update(of=["self"])
        .select_related("body", "grid")
        .get(pk=issue.pk)
    )


def _take(issue, step, *, by):
    """Lock the issue, then ask whether this step, by this person, is open.

    Locks go from above to below: issue, matter, measure, demands.
    """
    issue = _lock_issue(issue)
    if not issue.may_be_decided_by(by):
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
        opinion=_said(opinion, "请写研商意见。"),
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
    matter = _lock_matter(matter)
    if matter.issue_id != issue.pk or matter.state != Matter.State.OPEN:
        raise Refused("措施要对应这个议题里还没办结的事项。")
    if due_on < today:
        raise Refused("措施期限不能早于今天。")
    if due_on > today + FURTHEST:
        raise Refused("措施期限不能晚于两年以后，长期的事请分步定。")
    field = "lead_unit" if isinstance(lead, MemberUnit) else "lead_organization"
    measure = Measure.objects.create(
        issue=issue,
        matter=matter,
        content=_said(content, "请写明要做什么。"),
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
    """From joining on, the matter's measures say by when, and its leads who owes.

    The last open measure governs. Where none is open the deadline stays, and the body
    that has to go on with it owes.
    """
    last = (
        matter.measures.open()
        .select_related("lead_unit", "lead_organization")
        .order_by("due_on", "pk")
        .last()
    )
    owed_by = str(last.lead if last else matter.issue.body)
    if last:
        how = "按措施期限"
    else:
        decided = matter.measures.exists()
        how = "措施已完成，等议事主体办结" if decided else "等议事主体研商"
    for link in _links(matter):
        visits.owe(
            link.demand,
            due_on=last.due_on if last else link.demand.due_on,
            # Without a measure it is still the date counted in working days.
            workdays=None if last else visits.workdays_of(link.demand),
            owed_by=owed_by,
            reason=f"并入事项“{matter.title}”，{how}",
            by=by,
            at=at,
        )


def _links(matter):
    """In the order of businesses, in which all acts lock them."""
    links = matter.links.in_force().select_related("demand")
    return links.order_by("demand__business", "demand")


@transaction.atomic
def finish_measure(measure, *, result, by, at):
    """Record that a measure has been carried out, and what it brought."""
    issue = _take(measure.issue, "finish_measure", by=by)
    matter = _lock_matter(measure.matter)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    if measure.state == Measure.State.DONE:
        raise Refused("这项措施已经完成。")
    measure.state = Measure.State.DONE
    measure.done_on = timezone.localdate(at)
    measure.result = _said(result, "请写明完成情况。")
    measure.save(update_fields=["state", "done_on", "result"])
    if issue.state == Issue.State.DECIDED:
        issue.state = Issue.State.IN_PROGRESS
        issue.save(update_fields=["state"])
    record("measure.finished", measure, by=by, at=at, issue=issue.pk)
    _owe_by_measures(matter, by=by, at=at)
    return measure


@transaction.atomic
def end_matter(matter, *, ending, before, after, benefited, by, at):
    """End a matter honestly: how, and what is different now (before > after).

    Every demand in it gets the outcome and waits for its asker to be told. Open
    measures stand in the way: nobody closes over an unfinished part.
    """
    issue = _take(matter.issue, "end_matter", by=by)
    matter = _lock_matter(matter)
    if "end" not in matter.open_steps:
        raise Refused("这个事项已经办结。")
    if matter.measures.open().exists():
        raise Refused("还有措施没有完成，完成后才能办结。")
    before, after = before.strip(), after.strip()
    changes = ending in (Matter.Ending.SOLVED, Matter.Ending.PARTLY)
    if changes and not (before and after):
        raise Refused("解决了的事项，请写清变化前和变化后。")
    if not changes and not after:
        raise Refused("没有解决的，请写明原因，会原样告诉提出的人。")

    matter.state = Matter.State.ENDED
    matter.ending, matter.before, matter.after = ending, before, after
    matter.benefited = benefited
    matter.ended_on = timezone.localdate(at)
    matter.save(
        update_fields=["state", "ending", "before", "after", "benefited", "ended_on"]
    )
    record("matter.ended", matter, by=by, at=at, ending=ending)
    outcome = matter.get_ending_display()
    if before or after:
        outcome += f"：{' → '.join(filter(None, [before, after]))}"
    for link in _links(matter):
        _of_visits(
            visits.end,
            link.demand,
            outcome=outcome,
            resolved=changes,
            having=None,
            by=by,
            at=at,
        )

    still_open = issue.matters.open().exists()
    issue.state = Issue.State.IN_PROGRESS if still_open else Issue.State.FEEDBACK
    issue.save(update_fields=["state"])
    return matter


def untold(issue):
    """Demands of the issue whose askers wait to be told what came of them.

    Not those who were sought in vain twice, which is a result too.
    """
    return Demand.objects.filter(
        pk__in=MatterDemand.objects.in_force()
        .filter(matter__issue=issue)
        .values("demand"),
        state__in=Demand.WAITING,
        unreached_on=None,
    )


@transaction.atomic
def tell(matter, demands, *, how, on, by, at):
    """Record that askers of an ended matter have been told; the last one closes it.

    Whoever decides the issue tells all of them, with one notice if need be; others
    tell those askers whose demands are theirs to answer.
    """
    issue = _lock_issue(matter.issue)
    inside = {link.demand_id for link in _links(matter)}
    if not demands or not inside.issuperset(demand.pk for demand in demands):
        raise Refused("请选这个事项里还没有回告的诉求。")
    having = None if issue.may_be_decided_by(by) else Right.ANSWER_DEMANDS
    for demand in sorted(demands, key=lambda demand: (demand.business_id, demand.pk)):
        _of_visits(visits.tell, demand, how=how, on=on, having=having, by=by, at=at)
    record("matter.told", matter, by=by, at=at, demands=len(demands), how=how)
    return len(demands)


def leave(demand, *, by, at):
    """Before a demand is withdrawn or found to be recorded by mistake: out of its matter.

    What has ended keeps its askers. Raises visits' Refused for the last one of a matter.
    """
    link = demand.links.in_force().select_related("matter").first()
    if link is None or link.matter.state != Matter.State.OPEN:
        return
    matter = _lock_matter(link.matter)
    if not matter.links.in_force().exclude(demand=demand).exists():
        raise visits.Refused(
            f"它是事项“{matter.title}”里唯一的诉求，请先在事项里办结。"
        )
    link.left_at = at
    link.save(update_fields=["left_at"])
    record("matter.left", matter, by=by, at=at, demand=demand.pk)


def _issues_of(demand_ids):
    links = MatterDemand.objects.in_force().filter(demand__in=demand_ids)
    return Issue.objects.filter(matters__in=links.values("matter"))


def lock_issues_of(demand_ids):
    """Before demands are told: issues are locked first, wherever the telling began."""
    list(
        Issue.objects.select_for_update()
        .filter(pk__in=_issues_of(demand_ids).values("pk"))
        .order_by("pk")
    )


def settle(demand, *, by, at):
    """Close the issue of a demand once its last asker is told, wherever that was; open
    it again when a telling was taken back. The issue is locked already."""
    for issue in _issues_of([demand.pk]).distinct():
        left = untold(issue).exists()
        if "close" in issue.open_steps and not left:
            _close(issue, by=by, at=at)
        elif "reopen" in issue.open_steps and left:
            issue.state, issue.closed_on = Issue.State.FEEDBACK, None
            issue.save(update_fields=["state", "closed_on"])
            record("issue.reopened", issue, by=by, at=at)


@transaction.atomic
def close(issue, *, by, at):
    """Close an issue: all its matters have ended and every asker has been told."""
    issue = _take(issue, "close", by=by)
    left = untold(issue).count()
    if left:
        raise Refused(f"还有 {left} 件诉求没有回告，回告后才能办结。")
    return _close(issue, by=by, at=at)


def _close(issue, *, by, at):
    issue.state = Issue.State.CLOSED
    issue.closed_on = timezone.localdate(at)
    issue.save(update_fields=["state", "closed_on"])
    record("issue.closed", issue, by=by, at=at)
    return issue
