"""What was promised on a visit: it stays on the list until it is kept or taken back."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from tianshan.audit import record
from visits.actions import Refused
from visits.models import Promise

LONGEST = dt.timedelta(days=366)


def promise(visit, *, words, due_on, by, at):
    """Write down what was promised on a visit, and by when; in the visit's own act."""
    if not words.strip():
        raise Refused("请写答应了什么。")
    if due_on < visit.visited_on:
        raise Refused("答应的日期早于走访，请核对。")
    if due_on > visit.visited_on + LONGEST:
        raise Refused("答应的日期在一年以后，请核对年份。")
    made = Promise.objects.create(
        business=visit.business, visit=visit, words=words, due_on=due_on, by=by
    )
    record("promise.made", made, by=by, at=at, due_on=due_on.isoformat())
    return made


def _take(made, step, *, by):
    """Lock the promise, then ask whether this step, by this person, is open."""
    made = Promise.objects.select_for_update().get(pk=made.pk)
    mine = Promise.objects.visible_to(by, Right.LOG_VISITS)
    if not mine.filter(pk=made.pk).exists():
        raise PermissionDenied
    if step not in made.open_steps:
        raise Refused(f"这件答应的事现在是“{made.get_state_display()}”，请刷新后再看。")
    return made


def _ended(made, state, *, on, by, reason="", visit=None):
    made.state, made.ended_on, made.ended_by = state, on, by
    made.reason, made.kept_visit = reason, visit
    made.save(update_fields=ENDING)
    return made


ENDING = ["state", "ended_on", "ended_by", "reason", "kept_visit"]


@transaction.atomic
def keep(made, *, by, at, visit=None):
    """It was done; `visit` is the one on which the business heard of it, if any."""
    made = _take(made, "keep", by=by)
    on = visit.visited_on if visit else timezone.localdate(at)
    made = _ended(made, Promise.State.KEPT, on=on, by=by, visit=visit)
    record("promise.kept", made, by=by, at=at)
    return made


def keep_on(visit, kept, *, by, at):
    """Keep promises on a visit; those that others have ended meanwhile are passed over,
    for a phone may not know yet."""
    if not kept:
        return
    still = visit.business.promises.open().filter(pk__in=[made.pk for made in kept])
    for made in still:
        keep(made, visit=visit, by=by, at=at)


@transaction.atomic
def take_back(made, *, reason, by, at):
    """It will not be done, and why."""
    made = _take(made, "take_back", by=by)
    if not reason.strip():
        raise Refused("请写明为什么不办了。")
    made = _ended(
        made,
        Promise.State.TAKEN_BACK,
        on=timezone.localdate(at),
        by=by,
        reason=reason,
    )
    record("promise.taken_back", made, by=by, at=at, reason=reason)
    return made


@transaction.atomic
def reopen(made, *, by, at):
    """It was pressed by mistake, or the visit on which it was kept is void."""
    made = _take(made, "reopen", by=by)
    made = _ended(made, Promise.State.OPEN, on=None, by=None)
    record("promise.reopened", made, by=by, at=at)
    return made


def let_go(visit, *, by, at):
    """A visit becomes void: its promises are off, what it kept is open again."""
    for made in visit.promises.filter(state=Promise.State.OPEN):
        take_back(made, reason="记下它的走访作废了", by=by, at=at)
    for made in visit.kept_promises.filter(state=Promise.State.KEPT):
        reopen(made, by=by, at=at)
