"""Meetings as a calendar file (RFC 5545), to take into a phone's or desk's calendar.

Plain text of our own: a dozen lines, and no asker is named in them.
"""

import datetime as dt

from django.utils import timezone

LASTS = dt.timedelta(hours=1, minutes=30)
FOLD = 73  # bytes of a line, less the blank that continues it


def calendar_of(meetings, *, now, address):
    """`address(meeting)` gives the page of a meeting with its host."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tianshan Grid//meetings//ZH",
        "METHOD:PUBLISH",
    ]
    for meeting in meetings:
        lines += _event(meeting, now, address(meeting))
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(meeting, now, url):
    begins = timezone.make_aware(dt.datetime.combine(meeting.on, meeting.at))
    cancelled = meeting.state == meeting.State.CANCELLED
    return [
        "BEGIN:VEVENT",
        f"UID:meeting-{meeting.pk}@tianshan-grid",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(begins)}",
        f"DTEND:{_utc(begins + LASTS)}",
        f"SUMMARY:{_text(f'{meeting.body}：{meeting.title}')}",
        f"LOCATION:{_text(meeting.place)}",
        f"URL:{url}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "END:VEVENT",
    ]


def _utc(moment):
    return f"{moment.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def _text(text):
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _folded(line):
    """Lines of at most 75 bytes, never cut within a character."""
    part = ""
    for char in line:
        if len((part + char).encode()) > FOLD:
            yield part
            part = " "
        part += char
    yield part
