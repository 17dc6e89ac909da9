"""The regular meetings: week (周梳理), ten-day period (旬研商), month (月调度).

Slots are made a year ahead for each body that owes such meetings. What became of a slot
is never ticked: held and late come from its meeting, missed and not needed (无事不开)
from whether anything waited on its day by the rules of `agenda`.

A week's meeting is due on its Friday, a ten-day period's on the 10th, the 20th and the
month's last day, a month's on its last day; on a holiday, on the next working day, which
may lie in the next period or month. A year that is not published goes by the weekday.
"""

import datetime as dt
from calendar import monthrange
from collections import defaultdict

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from issues import agenda
from issues.models import DeliberationBody, Measure, Meeting, Slot
from tianshan.workdays import Calendar
from tianshan.workdays.lights import YELLOW, light
from visits.models import Demand, Rating

Cadence = Slot.Cadence
AHEAD = dt.timedelta(days=366)
ONE_DAY = dt.timedelta(days=1)

HELD, LATE, MISSED, NOT_NEEDED, COMING = (
    "held",
    "late",
    "missed",
    "not_needed",
    "coming",
)
STATES = [
    (HELD, "按期开了"),
    (LATE, "补开"),
    (MISSED, "没有开"),
    (NOT_NEEDED, "无事不开"),
    (COMING, "还没到"),
]


def period(cadence, day):
    """The first and last day of the period in which the day lies."""
    if cadence == Cadence.WEEK:
        monday = day - dt.timedelta(days=day.weekday())
        return monday, monday + dt.timedelta(days=6)
    last = day.replace(day=monthrange(day.year, day.month)[1])
    if cadence == Cadence.MONTH:
        return day.replace(day=1), last
    if day.day > 20:
        return day.replace(day=21), last
    first = 1 if day.day <= 10 else 11
    return day.replace(day=first), day.replace(day=first + 9)


def planned(cadence, ends_on):
    """The day on which the meeting of a period is due."""
    day = ends_on - 2 * ONE_DAY if cadence == Cadence.WEEK else ends_on
    calendar = Calendar.load()
    while not calendar.is_workday(day):
        day += ONE_DAY
    return day


def owed_by(body):
    """The cadences in which the body meets."""
    return [
        cadence
        for cadence, owed in (
            (Cadence.WEEK, body.weekly),
            (Cadence.TEN_DAY, body.ten_daily),
            (Cadence.MONTH, body.monthly),
        )
        if owed
    ]


def keep(body, *, today):
    """Make the body's slots a year ahead, and put right what holidays have moved.

    May run as often as one likes. What the body owes no longer goes from the future.
    """
    coming = body.slots.filter(meeting=None, starts_on__gt=today)
    coming.exclude(cadence__in=owed_by(body)).delete()
    for cadence in owed_by(body):
        made, day = [], body.cadence_from
        have = set(
            body.slots.filter(cadence=cadence).values_list("starts_on", flat=True)
        )
        while day <= today + AHEAD:
            starts_on, ends_on = period(cadence, day)
            if starts_on >= body.cadence_from and starts_on not in have:
                made.append(
                    Slot(
                        body=body,
                        cadence=cadence,
                        starts_on=starts_on,
                        ends_on=ends_on,
                        planned_on=planned(cadence, ends_on),
                    )
                )
            day = ends_on + ONE_DAY
        Slot.objects.bulk_create(made, ignore_conflicts=True)
    for slot in body.slots.filter(meeting=None, ends_on__gte=today):
        moved = planned(slot.cadence, slot.ends_on)
        if moved != slot.planned_on:
            slot.planned_on = moved
            slot.save(update_fields=["planned_on"])


def keep_all(at):
    """Slots of every body, a year ahead of the day; once a day is enough."""
    today = timezone.localdate(at)
    for body in DeliberationBody.objects.exclude(cadence_from=None):
        keep(body, today=today)


def slot_for(body, kind, on):
    """The slot that a meeting of that kind on that day takes; None where there is none.

    That of its own period, else the one before, which is made up for.
    """
    free = body.slots.filter(meeting=None, cadence=kind, starts_on__lte=on)
    return free.order_by("starts_on").filter(ends_on__gte=on).first() or (
        free.order_by("-starts_on").first()
    )


# --- what became of slots ------------------------------------------------------------


def with_last_day(slots):
    return slots.annotate(last_day=Greatest("ends_on", "planned_on"))


def took_place():
    return Q(meeting__state__in=[Meeting.State.HELD, Meeting.State.CONFIRMED])


def in_time():
    """Needs `with_last_day`."""
    return took_place() & Q(meeting__on__lte=F("last_day"))


def over(slots, today):
    """Those whose time has passed, or whose meeting took place already."""
    return with_last_day(slots).filter(took_place() | Q(last_day__lt=today))


def not_needed(slots, today, cadences=Cadence):
    """Keys of those that went by without a meeting because nothing waited."""
    gone = over(slots, today).exclude(took_place())
    return {pk for cadence in cadences for pk in _nothing_waited(gone, cadence)}


def _nothing_waited(slots, cadence):
    rows = agenda.in_rows(
        cadence,
        OuterRef("body__grid__path"),
        OuterRef("body"),
        OuterRef("planned_on"),
    )
    waited = Q()
    for each in rows:
        waited |= Q(Exists(each))
    empty = slots.filter(cadence=cadence).exclude(waited)
    if cadence == Cadence.MONTH:
        return set(empty.values_list("pk", flat=True))
    rows = _without_unsatisfied(list(empty.select_related("body__grid")))
    if cadence == Cadence.TEN_DAY:
        rows = _without_yellow(rows)
    return {slot.pk for slot in rows}


def _without_unsatisfied(slots):
    """Those for whose body no demand waited that two answers did not satisfy."""
    twice = Rating.objects.twice_not_satisfied().values("demand")
    ever = Demand.objects.in_ledgers().filter(
        Q(state=Demand.State.AT_BODY) | Q(pk__in=twice)
    )
    if not slots or not ever:
        return slots
    bodies = {demand.pk: body for demand, body in agenda.with_body(ever)}

    def waited(slot):
        then = agenda.not_satisfied(slot.planned_on).filter(pk__in=bodies)
        return any(bodies[pk] == slot.body for pk in then.values_list("pk", flat=True))

    return [slot for slot in slots if not waited(slot)]


def _without_yellow(slots):
    """Working days are counted here and not in SQL: such slots and measures are few."""
    if not slots:
        return []
    first = min(slot.planned_on for slot in slots)
    spans = Measure.objects.filter(
        Q(done_on=None) | Q(done_on__gt=first), issue__isnull=False
    )
    by_path = defaultdict(list)
    for path, start, due, done in spans.values_list(
        "issue__grid__path", "decided_on", "due_on", "done_on"
    ):
        by_path[path].append((start, due, done))

    def yellow(slot):
        day = slot.planned_on
        return any(
            start <= day <= due
            and (done is None or done > day)
            and light(start, due, day).colour == YELLOW
            for path, found in by_path.items()
            if path.startswith(slot.body.grid.path)
            for start, due, done in found
        )

    return [slot for slot in slots if not yellow(slot)]


def state_of(slot, empty, today):
    """One of `STATES`; `empty` as `not_needed` gave it."""
    meeting = getattr(slot, "meeting", None)
    if meeting and meeting.state in (Meeting.State.HELD, Meeting.State.CONFIRMED):
        return HELD if meeting.on <= slot.last_on else LATE
    if slot.last_on >= today:
        return COMING
    return NOT_NEEDED if slot.pk in empty else MISSED


def in_state(slots, state, today):
    """The slots in one of `STATES`."""
    slots = with_last_day(slots)
    if state == HELD:
        return slots.filter(in_time())
    if state == LATE:
        return slots.filter(took_place(), meeting__on__gt=F("last_day"))
    if state == COMING:
        return slots.filter(last_day__gte=today).exclude(took_place())
    gone = over(slots, today).exclude(took_place())
    empty = not_needed(slots, today)
    return (
        gone.filter(pk__in=empty) if state == NOT_NEEDED else gone.exclude(pk__in=empty)
    )
