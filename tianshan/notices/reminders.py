"""What the portal reminds of by itself: only on working days, from 9 to 18 o'clock.

Rooms register what is to be said; `manage.py remind` has the worker say it. Each word
has a key, so that running again says nothing twice. What moves by the clock (`BEFORE`)
moves at all hours.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from tianshan.notices import notify
from tianshan.notices.models import Posting
from tianshan.notices.todo import todo_of
from tianshan.workdays.calendar import Calendar

FROM, UNTIL = 9, 18  # o'clock


@dataclass(frozen=True)
class Reminder:
    """Words for some people: titles of things, never the name or phone of an asker."""

    users: tuple
    key: str
    words: str
    url: str


BEFORE = []  # put_right(at): what rooms put right, at all hours, before anything is said
READERS = []  # read(day) -> Reminders
LINES = []  # lines(grid code, day) -> what a grid's group is told: totals and titles


def in_hours(at):
    """May anybody be reminded now?"""
    local = timezone.localtime(at)
    return FROM <= local.hour < UNTIL and Calendar.load().is_workday(local.date())


def next_in_hours(at):
    """The moment itself, or the next at which somebody may be reminded."""
    if in_hours(at):
        return at
    local = timezone.localtime(at)
    calendar, day = Calendar.load(), local.date()
    if local.hour >= FROM or not calendar.is_workday(day):
        day = calendar.add(day, 1)
    return timezone.make_aware(dt.datetime.combine(day, dt.time(FROM)))


def put_right(at):
    for one in BEFORE:
        one(at)


def remind(at):
    """Write today's notices, and what is to be posted to groups: how many notices."""
    put_right(at)
    day = timezone.localdate(at)
    written = 0
    for read in READERS:
        for one in read(day):
            written += notify(
                one.users, key=one.key, words=one.words, url=one.url, at=at
            )
    written += _digests(day, at)
    for code in settings.WECOM_WEBHOOKS:
        _write_posting(code, day, at)
    return written


def _digests(day, at):
    """One notice a person and working day: how much waits, by kind."""
    written = 0
    key = f"digest-{day.isoformat()}"
    users = get_user_model().objects.filter(is_active=True)
    for user in users.exclude(notices__key=key).order_by("pk"):
        waits = [(source.label, total) for source, _, total in todo_of(user, day)]
        if not waits:
            continue
        words = "今天等您办：" + "，".join(f"{label} {n} 项" for label, n in waits)
        written += notify([user], key=key, words=words, url="/notices/", at=at)
    return written


def _write_posting(code, day, at):
    lines = [line for read in LINES for line in read(code, day)]
    if lines:
        Posting.objects.get_or_create(
            group=code, day=day, defaults={"words": "\n".join(lines), "at": at}
        )
