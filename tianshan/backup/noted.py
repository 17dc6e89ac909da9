"""That a backup was made, noted in the audit log; and the alarm when a night had none."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from tianshan.audit import record
from tianshan.audit.models import Entry

MADE = "backup.made"
# From one night to the next, and two hours for one that takes long or begins late.
LONGEST = dt.timedelta(hours=26)


@dataclass(frozen=True)
class Skipped:
    """A night without a backup: when the last was made, None if there never was one."""

    last: dt.datetime | None

    @property
    def words(self):
        if self.last is None:
            return "还没有备份过"
        return f"最近一次备份是 {timezone.localtime(self.last):%Y-%m-%d %H:%M}，昨夜没有备份"


def note(*, at, rows, files):
    """Say in the audit log that an archive was made and verified."""
    subject = Entry.objects.order_by("pk").last() or Entry(pk=0)
    return record("backup.made", subject, by=None, at=at, rows=rows, files=files)


def last_made():
    """When the last archive was made that was noted; None if none was."""
    made = Entry.objects.filter(verb=MADE).order_by("-at").first()
    return made.at if made else None


def skipped(now):
    """The Skipped, if the last backup is older than a night; else None.

    A portal that is younger than that owes none yet.
    """
    last = last_made()
    if last is None:
        first = Entry.objects.order_by("pk").first()
        owed = first and now - first.at > LONGEST
    else:
        owed = now - last > LONGEST
    return Skipped(last) if owed else None
