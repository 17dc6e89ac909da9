"""Putting right what a visit says; what it said before stays readable."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises import actions as enterprises
from tianshan.audit import record
from tianshan.ledgers import touched
from visits import of_visits
from visits.actions import Refused
from visits.models import Correction, Visit

FIELDS = ("outcome", "people_met", "method", "visited_on", "note")
OLDEST = dt.timedelta(days=366)


def may_correct(visit, user):
    """Its visitor may, and whoever checks what the field reports."""
    if visit.voided_at:
        return False
    right = Right.LOG_VISITS if visit.visitor_id == user.pk else Right.CHECK_VISITS
    return Visit.objects.visible_to(user, right).filter(pk=visit.pk).exists()


@transaction.atomic
def correct(visit, *, changes, reason, by, at):
    """Put right what a visit says: `changes` is `{field: value}` of FIELDS.

    One's own needs no reason, another's does. Figures and standing follow, for they
    read the visit itself; its demands and what was told on it follow its date and
    method, a state of the business that was seen on it follows its date. Returns the Correction, None when nothing differed.
    """
    # Demands before all else, as every act takes them.
    demands = of_visits.lock_demands(visit)
    visit = Visit.objects.select_for_update().get(pk=visit.pk)
    if not may_correct(visit, by):
        if visit.voided_at:
            raise Refused("这条走访已经作废，不能更正。")
        raise PermissionDenied
    if visit.visitor_id != by.pk and not reason.strip():
        raise Refused("更正别人记的走访，请写明原因。")
    wanted = {name: value for name, value in changes.items() if name in FIELDS}
    if wanted.get("outcome", visit.outcome) == Visit.Outcome.ABSENT:
        wanted["people_met"] = ""
    changed = {
        name: [getattr(visit, name), value]
        for name, value in wanted.items()
        if getattr(visit, name) != value
    }
    if not changed:
        return None
    before = {name: getattr(visit, name) for name in FIELDS}
    for name, value in wanted.items():
        setattr(visit, name, value)
    _fits(visit, changed, at)
    if "visited_on" in changed:
        of_visits.refuse_days(demands, visit, visit.visited_on)
    visit.save(update_fields=list(wanted))
    row = Correction.objects.create(
        visit=visit,
        changed={name: [_plain(v) for v in pair] for name, pair in changed.items()},
        reason=reason,
        by=by,
        at=at,
    )
    record(
        "visit.corrected", visit, by=by, at=at, fields=sorted(changed), reason=reason
    )
    if {"visited_on", "method", "outcome"} & set(changed):
        of_visits.follow(demands, visit, before, by=by, at=at)
        of_visits.follow_attempts(visit, by=by, at=at)
        kept = visit.kept_promises.filter(ended_on=before["visited_on"])
        for made in kept.select_for_update():
            made.ended_on = visit.visited_on
            made.save(update_fields=["ended_on"])
    if "visited_on" in changed:
        _redate_state(visit, before["visited_on"], by=by, at=at)
    touched([visit.business_id])
    return row


def _redate_state(visit, before, *, by, at):
    """A state that was seen on the visit began on its day."""
    _, state = visit.facts_changed.get("state", (None, None))
    if state is None:
        return
    own = visit.visitor_id == by.pk
    try:
        enterprises.redate_state(
            visit.business,
            state=state,
            since=before,
            to=visit.visited_on,
            reason=f"走访日期更正为 {visit.visited_on}",
            by=by,
            at=at,
            having=Right.LOG_VISITS if own else Right.CHECK_VISITS,
        )
    except enterprises.Refused as refused:
        raise Refused(f"这次走访改了经营状态：{refused}") from None


def _fits(visit, changed, at):
    """Refuse what the rest of the visit speaks against."""
    of_the_call = set(changed) - {"note", "people_met"}
    if of_the_call and (visit.joined_to_id or visit.joined.exists()):
        raise Refused("这条走访和别的并成了一次，请先分开再改。")
    absent = visit.outcome == Visit.Outcome.ABSENT
    if not absent and not visit.people_met:
        raise Refused("请选见到了谁；没遇到人，结果选“无人”。")
    if "outcome" in changed:
        asked = visit.demands.exists()
        if asked and visit.outcome != Visit.Outcome.DEMAND:
            raise Refused("这次走访记了诉求，结果只能是“有诉求”。")
        if not asked and visit.outcome == Visit.Outcome.DEMAND:
            raise Refused("要补记诉求，请用“记诉求”。")
        hangs = (
            visit.told_demands.exists()
            or visit.promises.exists()
            or visit.kept_promises.exists()
            or visit.facts_changed
        )
        if absent and hangs:
            raise Refused(
                "这次走访还回告、答应或更正了别的，不能改成无人；请作废后重记。"
            )
    if "visited_on" in changed:
        today = timezone.localdate(at)
        if visit.visited_on > today:
            raise Refused("走访日期在将来，请核对。")
        if visit.visited_on < today - OLDEST:
            raise Refused("走访日期在一年以前，请核对年份。")
        if visit.promises.filter(due_on__lt=visit.visited_on).exists():
            raise Refused("这次答应的事，期限比新的走访日期还早，请核对。")


def _plain(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def in_words(correction):
    """`["结果由“情况正常”改为“无人”", …]`."""
    lines = []
    for name, (before, after) in correction.changed.items():
        field = Visit._meta.get_field(name)
        choices = dict(field.choices or ())
        said = [choices.get(value, value) or "空" for value in (before, after)]
        lines.append(f"{field.verbose_name}由“{said[0]}”改为“{said[1]}”")
    return lines
