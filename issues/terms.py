"""More time for a part: asked for before its date, granted by the body, or paused.

Whatever moved a date stays to be seen, with its days and its reason. A pause ends by
itself: the date was moved when it began, and the light asks which day it is.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from issues.models.part import Extension, MeasurePart, PartStep, Pause
from issues.parts import PAUSE_MOST, owe_anew, take, write
from issues.taking import FURTHEST, Refused, lock_matter, said
from tianshan.audit import record
from tianshan.workdays.calendar import Calendar

ONE_DAY = dt.timedelta(1)


@transaction.atomic
def ask(part, *, until, reason, by, at, how=""):
    """The holder asks for more time, not later than on the day itself."""
    part, taker = take(part, PartStep.ASK_EXTENSION, by=by, how=how, link=None)
    today = timezone.localdate(at)
    if today > part.due_on:
        raise Refused("期限已过，不能再申请延期。请报进展，由议事主体定怎么办。")
    if part.extensions.undecided().exists():
        raise Refused("已经申请过延期，正等议事主体答复。")
    if until <= part.due_on:
        raise Refused(f"延到哪天，要晚于现在的期限 {part.due_on:%Y-%m-%d}。")
    if until > today + FURTHEST:
        raise Refused("期限不能晚于两年以后。")
    reason = said(reason, "请写明为什么要延期。")
    Extension.objects.create(
        part=part,
        asked_on=today,
        reason=reason,
        due_before=part.due_on,
        until=until,
    )
    write(part, PartStep.ASK_EXTENSION, at=at, taker=taker, words=reason, until=until)
    return part


@transaction.atomic
def answer(part, *, granted, words, by, at):
    """The body grants what was asked for, or does not, and says why."""
    step = PartStep.GRANT_EXTENSION if granted else PartStep.DENY_EXTENSION
    part, taker = take(part, step, by=by, how="", link=None)
    asked = part.extensions.undecided().select_for_update().first()
    if asked is None:
        raise Refused("没有等着答复的延期申请，可能已经答复过了。")
    words = said(words, "请写明同意或不同意的理由。")
    if granted and not part.lead and asked.until > part.measure.due_on:
        raise Refused(
            f"措施 {part.measure.due_on:%Y-%m-%d} 到期，协办不能延到那以后。"
            "请先延长主办的期限。"
        )
    asked.granted, asked.answer = granted, words
    asked.decided_on = timezone.localdate(at)
    asked.save(update_fields=["granted", "answer", "decided_on"])
    changes = {"due_on": _moved(part, asked)} if granted else {}
    write(part, step, at=at, taker=taker, words=words, until=asked.until, **changes)
    if granted:
        _follow(part, by=by, at=at)
    return part


def _moved(part, asked):
    """What was granted, and the days of pauses since it was asked for on top."""
    since = max(part.due_on - asked.due_before, dt.timedelta())
    return asked.until + since


@transaction.atomic
def pause(part, *, until, reason, by, at):
    """The body stops the clock from today to a day, for a reason."""
    part, taker = take(part, PartStep.PAUSE, by=by, how="", link=None)
    today = timezone.localdate(at)
    if today > part.due_on:
        raise Refused("期限已过，不能再暂停计时。")
    if part.pause_on(today):
        raise Refused("计时已经暂停。")
    if until < today:
        raise Refused("暂停到哪天，不能早于今天。")
    calendar = Calendar.load()
    if until > today + FURTHEST:
        raise Refused("期限不能晚于两年以后。")
    days = calendar.between(today - ONE_DAY, until)
    before = sum(days_of(one, calendar) for one in part.pauses.all())
    if before + days > PAUSE_MOST:
        raise Refused(
            f"暂停一共最多 {PAUSE_MOST} 个工作日，已用 {before} 个，这次要 {days} 个。"
        )
    reason = said(reason, "请写明为什么暂停。")
    Pause.objects.create(
        part=part, since=today, until=until, reason=reason, due_before=part.due_on
    )
    due_on = calendar.add(part.due_on, days)
    write(
        part,
        PartStep.PAUSE,
        at=at,
        taker=taker,
        words=reason,
        until=until,
        due_on=due_on,
    )
    _follow(part, by=by, at=at)
    return part


@transaction.atomic
def resume(part, *, reason, by, at):
    """The clock runs again before the pause ends by itself, from today on."""
    part, taker = take(part, PartStep.RESUME, by=by, how="", link=None)
    today = timezone.localdate(at)
    lying = part.pause_on(today)
    if lying is None:
        raise Refused("现在没有暂停计时。")
    calendar = Calendar.load()
    later = calendar.between(lying.due_before, part.due_on) - days_of(lying, calendar)
    lying.resumed_on = today
    lying.save(update_fields=["resumed_on"])
    words = said(reason, "请写明为什么提前恢复。")
    due_on = calendar.add(lying.due_before, days_of(lying, calendar) + max(later, 0))
    write(part, PartStep.RESUME, at=at, taker=taker, words=words, due_on=due_on)
    _follow(part, by=by, at=at)
    return part


@transaction.atomic
def recount(*, date, by, at):
    """Count anew the dates of parts that pauses moved, after a day's rule has changed.

    A date that was granted since stays as people set it. Returns how many moved.
    """
    calendar, moved = Calendar.load(), 0
    near = MeasurePart.objects.open().filter(pauses__since__lte=date, due_on__gte=date)
    # The lead's date is its measure's, beyond which no supporting one goes.
    for found in near.distinct().order_by("measure__matter", "measure", "-lead", "pk"):
        matter = lock_matter(found.measure.matter)
        part = (
            MeasurePart.objects.select_for_update(of=["self"])
            .select_related("measure")
            .get(pk=found.pk)
        )
        part.measure.matter = matter
        due_on = _as_paused(part, calendar)
        if not part.lead:
            due_on = min(due_on, part.measure.due_on)
        if due_on == part.due_on:
            continue
        moved += 1
        part.due_on = due_on
        part.save(update_fields=["due_on"])
        record("part.recounted", part, by=by, at=at, due_on=due_on.isoformat())
        _follow(part, by=by, at=at)
    return moved


def _as_paused(part, calendar):
    """Its date by its pauses, one after the other, as the calendar stands now."""
    granted = part.extensions.filter(granted=True).last()
    pauses = part.pauses.order_by("pk")
    if granted:
        pauses = pauses.filter(since__gt=granted.decided_on)
    due_on = None
    for pause in pauses:
        if due_on and pause.due_before != due_on:
            pause.due_before = due_on
            pause.save(update_fields=["due_before"])
        due_on = calendar.add(pause.due_before, days_of(pause, calendar))
    return due_on or part.due_on


def days_of(pause, calendar):
    """Its working days."""
    return calendar.between(pause.since - ONE_DAY, pause.last_day)


def _follow(part, *, by, at):
    """The lead's date is the measure's, and the measure's that of its demands."""
    measure = part.measure
    if part.lead:
        measure.due_on = part.due_on
        measure.save(update_fields=["due_on"])
        owe_anew(measure, by=by, at=at)
    elif part.due_on > measure.due_on:
        raise Refused(
            f"措施 {measure.due_on:%Y-%m-%d} 到期，协办不能停到那以后。"
            "请先暂停或延长主办的。"
        )
