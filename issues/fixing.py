"""Measures: fixed together, and carried out; the deadlines of demands follow them."""

from django.db import transaction
from django.utils import timezone

from issues import parts
from issues.models import Issue, Matter, Measure, MeasurePart
from issues.models.part import How
from issues.models.rules import DONE, Step
from issues.taking import (
    FURTHEST,
    Refused,
    acts_for_body,
    lock_matter,
    move,
    said,
    take_matter,
    take_step,
)
from party.models import MemberUnit
from tianshan.audit import record
from visits import actions as visits


@transaction.atomic
def add_measure(
    issue, *, matter, content, lead, due_on, by, at, supporting=(), meeting=None
):
    """Fix one more measure of an issue that has been decided."""
    issue = take_step(issue, Step.ADD_MEASURE, by=by)
    move(issue, Step.ADD_MEASURE, meeting=meeting, by=by, at=at)
    return fix(
        issue,
        matter,
        content=content,
        lead=lead,
        due_on=due_on,
        supporting=supporting,
        by=by,
        at=at,
    )


@transaction.atomic
def fix_directly(matter, *, content, lead, due_on, by, at, supporting=()):
    """Fix a measure of a matter that its body deals with directly."""
    issue, matter = take_matter(matter, "add_measure", by=by)
    return fix(
        issue,
        matter,
        content=content,
        lead=lead,
        due_on=due_on,
        supporting=supporting,
        by=by,
        at=at,
    )


def fix(issue, matter, *, content, lead, due_on, by, at, supporting=()):
    """A measure with its lead, and `[(holder, content, due_on)]` of those who support.

    Each of them has a part, which it is asked to confirm. `issue` is None where the
    matter is dealt with directly.
    """
    if lead is None:
        raise Refused("每项措施都要有一个主办，请选主办单位或党组织。")
    today = timezone.localdate(at)
    matter = lock_matter(matter)
    if matter.issue_id != (issue and issue.pk) or matter.state != Matter.State.OPEN:
        raise Refused("措施要对应这个议题里还没办结的事项。")
    if due_on < today:
        raise Refused("措施期限不能早于今天。")
    if due_on > today + FURTHEST:
        raise Refused("措施期限不能晚于两年以后，长期的事请分步定。")
    field = "lead_unit" if isinstance(lead, MemberUnit) else "lead_organization"
    measure = Measure.objects.create(
        issue=issue,
        matter=matter,
        content=said(content, "请写明要做什么。"),
        due_on=due_on,
        decided_on=today,
        **{field: lead},
    )
    for_whom = acts_for_body(matter.owner, by) or ""
    record(
        "measure.decided",
        measure,
        by=by,
        at=at,
        on_behalf_of=for_whom,
        issue=matter.issue_id,
        due_on=due_on.isoformat(),
    )
    who = {"by": by, "at": at, "for_whom": for_whom}
    parts.assign(measure, lead, lead=True, content=content, due_on=due_on, **who)
    for holder, what, until in supporting:
        if holder == lead:
            raise Refused(f"{lead}已是主办，不用再列协办。")
        parts.assign(measure, holder, lead=False, content=what, due_on=until, **who)
    owe_by_measures(matter, by=by, at=at)
    return measure


@transaction.atomic
def add_part(measure, *, holder, content, due_on, by, at):
    """One more unit or organisation supports a measure that runs."""
    _, matter = take_matter(measure.matter, "add_measure", by=by)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    if measure.state != Measure.State.OPEN:
        raise Refused("这项措施已经完成，不能再加协办。")
    measure.matter = matter
    return parts.assign(
        measure,
        holder,
        lead=False,
        content=content,
        due_on=due_on,
        by=by,
        at=at,
        for_whom=acts_for_body(matter.owner, by) or "",
    )


def refused_twice():
    """The measures that the next joint meeting must hold: nobody takes a part on."""
    again = MeasurePart.objects.refused_twice()
    return Measure.objects.open().filter(pk__in=again.values("measure"))


def owe_by_measures(matter, *, by, at):
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
    owed_by = str(last.lead if last else matter.owner)
    if last:
        how = "按措施期限"
    else:
        decided = matter.measures.exists()
        wait = "等议事主体研商" if matter.issue else "由议事主体直接办理"
        how = "措施已完成，等议事主体办结" if decided else wait
    for link in links_of(matter):
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


def links_of(matter):
    """In the order of businesses, in which all acts lock them."""
    links = matter.links.in_force().select_related("demand")
    return links.order_by("demand__business", "demand")


@transaction.atomic
def finish_measure(measure, *, result, by, at):
    """Record that a measure has been carried out, and what it brought."""
    issue, matter = take_matter(measure.matter, Step.FINISH_MEASURE, by=by)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    if measure.state == Measure.State.DONE:
        raise Refused("这项措施已经完成。")
    _end_lead(measure, result=result, by=by, at=at)
    measure.state = Measure.State.DONE
    measure.done_on = timezone.localdate(at)
    measure.result = said(result, "请写明完成情况。")
    measure.save(update_fields=["state", "done_on", "result"])
    if issue:
        under_way = Issue.State.IN_PROGRESS if issue.state in DONE else None
        move(issue, Step.FINISH_MEASURE, to=under_way, by=by, at=at)
    record(
        "measure.finished",
        measure,
        by=by,
        at=at,
        on_behalf_of=matter.acted_for,
        issue=matter.issue_id,
    )
    owe_by_measures(matter, by=by, at=at)
    return measure


def held_back(parts):
    """Why a measure of these parts cannot end yet; empty when it can."""
    running = [part for part in parts if part.is_open and not part.lead]
    if running:
        who = "、".join(dict.fromkeys(str(part.holder) for part in running))
        return f"{who}的分工还没有完成，措施不能办结。等完成，或由会议定为免办。"
    if any(part.lead and part.state == MeasurePart.State.REFUSED for part in parts):
        return "主办退回了这项措施，请先改派。"
    return ""


def _end_lead(measure, *, result, by, at):
    """The lead's part ends with the measure, and not over an unfinished part."""
    ours = measure.parts.select_for_update(of=["self"])
    ours = list(ours.select_related("unit", "organization"))
    if why := held_back(ours):
        raise Refused(why)
    lead = next((part for part in ours if part.lead), None)
    if lead is None:
        return
    own = MeasurePart.objects.held_by(by).filter(pk=lead.pk).exists()
    taker = {"by": by, "for_whom": "" if own else str(lead.holder), "how": How.OWN}
    parts.end(lead, result=result, at=at, taker=taker)
