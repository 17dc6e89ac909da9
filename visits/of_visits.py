"""What hangs on a visit and follows it: the demands written down or told on it.

A visit that becomes void takes its demands along, never silently; one whose date or
method is put right moves theirs, where they came from it.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from accounts.rights import Right
from tianshan.audit import record
from tianshan.workdays import Calendar
from visits import actions, dropping, telling
from visits.models import Demand, Visit

Source, Told = Demand.Source, Demand.Told
# By the method of the visit: how a demand came, and how one was told.
SOURCES = {Visit.Method.ON_SPOT: Source.VISIT, Visit.Method.PHONE: Source.CALL}
TELLINGS = {Visit.Method.ON_SPOT: Told.VISIT, Visit.Method.PHONE: Told.PHONE}


def lock_demands(visit):
    """Lock the demands written down or told on a visit, and those above them."""
    rows = Demand.objects.filter(Q(visit=visit) | Q(told_visit=visit))
    actions.lock_above(list(rows.values_list("pk", flat=True)))
    return list(rows.select_for_update().order_by("pk"))


def asked_on(visit):
    """The demands written down on it that count for anything."""
    rows = visit.demands.in_ledgers().exclude(state__in=Demand.DROPPED)
    return list(rows.select_related("handler").order_by("pk"))


def drop(demands, *, reason, by, at):
    """Record demands as mistakes, each with the reason of the visit that takes them.

    Whoever wrote one down and sees it still unsorted takes it back himself; else it is
    for those who answer demands.
    """
    for demand in demands:
        if demand.confidential and demand.handler_id != by.pk:
            name = demand.handler.display_name
            raise actions.Refused(f"其中有保密诉求，要由经办人{name}先记为误记。")
        if "mistake" not in demand.open_steps:
            raise actions.Refused(
                f"其中一件诉求“{demand.get_state_display()}”，提出的人已经知道结果，"
                "走访不能作废；写错的请用“更正”。"
            )
        own = demand.recorded_by_id == by.pk and demand.state == Demand.State.NEW
        having = Right.LOG_VISITS if own else Right.ANSWER_DEMANDS
        why = f"走访作废：{reason}"
        try:
            dropping.mistake(demand, reason=why, by=by, at=at, having=having)
        except PermissionDenied:
            raise actions.Refused(
                "其中的诉求已经在办，您不能记为误记。请台账员来作废这条走访。"
            ) from None


def refuse_days(demands, visit, day):
    """Refuse a day of the visit that what came of its demands speaks against."""
    for demand in demands:
        came = demand.first_outcome_on if demand.visit_id == visit.pk else None
        if came and day > came:
            raise actions.Refused(f"这次的诉求 {came} 就有了结果，走访不能更晚。")
        if demand.told_visit_id == visit.pk:
            if day < demand.outcome_on:
                on = demand.outcome_on
                raise actions.Refused(f"这次回告的结果 {on} 才有，走访不能更早。")
            rated = demand.ratings.filter(on__lt=day, outcome=demand.outcome).first()
            if rated:
                raise actions.Refused(f"回告后 {rated.on} 就评价了，走访不能更晚。")


def follow(demands, visit, before, *, by, at):
    """Move what came from the visit with its date and method; `before` is as it was.

    Deadlines that were counted from the day are counted anew, the old ones stay on
    show; what a matter or a person set stays.
    """
    for demand in demands:
        if demand.visit_id == visit.pk:
            _follow_asked(demand, visit, before, by=by, at=at)
        if demand.told_visit_id == visit.pk:
            _follow_told(demand, visit, before, by=by, at=at)


def _follow_asked(demand, visit, before, *, by, at):
    was = {name: getattr(demand, name) for name in ASKED}
    if demand.raised_on == before["visited_on"]:
        demand.raised_on = visit.visited_on
    if demand.source == SOURCES[before["method"]]:
        demand.source = SOURCES[visit.method]
    demand.first_word_on = _first_word(demand, was)
    changed = [name for name in ASKED if getattr(demand, name) != was[name]]
    if not changed:
        return
    demand.save(update_fields=changed)
    _note(demand, was, changed, by=by, at=at)
    workdays = actions.workdays_of(demand)
    if "raised_on" in changed and demand.state in Demand.OPEN and workdays is not None:
        actions.owe(
            demand,
            due_on=Calendar.load().add(demand.raised_on, workdays),
            workdays=workdays,
            owed_by=demand.owed_by,
            reason=f"走访日期更正为 {demand.raised_on}，重新计算",
            by=by,
            at=at,
        )


ASKED = ("raised_on", "source", "first_word_on")


def _first_word(demand, was):
    """Who raises it face to face has been spoken to; by phone the outcome speaks."""
    if demand.source in Demand.FACE_TO_FACE:
        return demand.raised_on
    spoken = was["source"] in Demand.FACE_TO_FACE
    if spoken and was["first_word_on"] == was["raised_on"]:
        # Joining a matter told the asker too: nobody knows earlier than that.
        joined = demand.raised_on if demand.state == Demand.State.JOINED else None
        return demand.first_outcome_on or joined
    return was["first_word_on"]


def _follow_told(demand, visit, before, *, by, at):
    was = {name: getattr(demand, name) for name in TOLD}
    if demand.told_on == before["visited_on"]:
        demand.told_on = visit.visited_on
        if demand.rate_by:
            demand.rate_by = Calendar.load().add(demand.told_on, actions.RATED_WITHIN)
    if demand.told_how == TELLINGS[before["method"]]:
        demand.told_how = TELLINGS[visit.method]
    changed = [name for name in TOLD if getattr(demand, name) != was[name]]
    if changed:
        demand.save(update_fields=changed)
        _note(demand, was, changed, by=by, at=at)
        for after in actions.AFTER_TELLING:
            after(demand, by=by, at=at)


TOLD = ("told_on", "rate_by", "told_how")


def _note(demand, was, changed, *, by, at):
    both = {
        name: [_plain(was[name]), _plain(getattr(demand, name))] for name in changed
    }
    record("demand.followed", demand, by=by, at=at, changed=both)


def _plain(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def follow_attempts(visit, *, by, at):
    """Attempts to tell that a visit without anybody counted as, by its new date."""
    telling.forget_absence(visit, by=by, at=at)
    if visit.outcome == Visit.Outcome.ABSENT:
        telling.count_absence(visit, by=by, at=at)
