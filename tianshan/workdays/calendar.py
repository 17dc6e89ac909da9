"""Counting working days, on rules that are given or read once from the table.

The law: the State Council's 全国年节及纪念日放假办法 names the holidays; each autumn
the notice 国务院办公厅关于某年部分节假日安排的通知 says on which days of the coming
year they are taken and which Saturdays and Sundays are worked instead (调休). Until
the notice is out only the weekday is known: such days are counted by it and marked
provisional (暂按). A notice may reach back into the last days of the year before.
"""

import hashlib
import time
from bisect import bisect_right
from datetime import date, datetime, timedelta
from typing import NamedTuple

HOLIDAY = "holiday"
WORKDAY = "workday"

# On these days every notice gives a holiday: once all are entered, so is the year.
_FIXED_HOLIDAYS = ((1, 1), (5, 1), (10, 1))

# Another process may have saved rules; within this time every process knows.
_KEPT_SECONDS = 60
_ONE_DAY = timedelta(days=1)


class DayLine(NamedTuple):
    """One line of the day-by-day reckoning that opens beside a deadline."""

    date: date
    counts: bool
    why: str
    provisional: bool


class Calendar:
    """Which days are worked, from the rules of the years that are published."""

    def __init__(self, days, known_years, names=None):
        self._days = dict(days)
        # Two that reckon alike have the same, in other processes too.
        said = repr(
            sorted((day.isoformat(), str(kind)) for day, kind in self._days.items())
        )
        self.mark = hashlib.sha256(said.encode()).hexdigest()[:16]
        self._known_years = frozenset(known_years)
        self._names = dict(names or {})
        # Where the rules and the weekday differ: these alone matter for counting.
        self._weekdays_off = sorted(
            day
            for day, kind in self._days.items()
            if kind == HOLIDAY and day.weekday() < 5
        )
        self._weekends_on = sorted(
            day
            for day, kind in self._days.items()
            if kind == WORKDAY and day.weekday() >= 5
        )

    @classmethod
    def load(cls):
        """The calendar of the table, read at most once a minute in each process."""
        global _kept
        if _kept is None or time.monotonic() - _kept[0] > _KEPT_SECONDS:
            _kept = (time.monotonic(), cls._read())
        return _kept[1]

    @classmethod
    def _read(cls):
        from django.db import DEFAULT_DB_ALIAS

        from tianshan.workdays.models import DayRule

        # From the primary, whatever page asks first: it is told to those that write.
        days = DayRule.objects.using(DEFAULT_DB_ALIAS)
        rules = list(days.values_list("date", "kind", "name"))
        days = {day: kind for day, kind, _ in rules}
        known_years = {
            year
            for year in {day.year for day in days}
            if all(
                days.get(date(year, month, day)) == HOLIDAY
                for month, day in _FIXED_HOLIDAYS
            )
        }
        return cls(days, known_years, {day: name for day, _, name in rules})

    def is_workday(self, day):
        """Is the day worked, by its rule or else by its weekday?"""
        kind = self._days.get(_plain(day))
        return day.weekday() < 5 if kind is None else kind == WORKDAY

    def provisional(self, day):
        """Is the year of the day not published, so that the weekday alone decides?"""
        return _plain(day).year not in self._known_years

    def add(self, start, n):
        """The n-th working day after `start`, which itself does not count.

        Nought working days after any day is that day, worked or not.
        """
        day = _plain(start)
        for line in self._lines(start, n):
            day = line
        return day

    def back(self, end, n):
        """The n-th working day before `end`, which itself does not count."""
        day = _plain(end)
        while n > 0:
            day -= _ONE_DAY
            n -= self.is_workday(day)
        return day

    def between(self, a, b):
        """Working days after `a`, up to and including `b`; none unless `b` is later."""
        a, b = _plain(a), _plain(b)
        if b <= a:
            return 0
        return (
            _weekdays_until(b)
            - _weekdays_until(a)
            - _inside(self._weekdays_off, a, b)
            + _inside(self._weekends_on, a, b)
        )

    def reckon(self, start, n):
        """Every day after `start` up to the n-th working day, each with its why."""
        return [self._line(day) for day in self._lines(start, n)]

    def days(self, start, end):
        """Every day after `start`, up to and including `end`, each with its why."""
        start, end = _plain(start), _plain(end)
        return [
            self._line(start + timedelta(after))
            for after in range(1, (end - start).days + 1)
        ]

    def _line(self, day):
        return DayLine(day, self.is_workday(day), self._why(day), self.provisional(day))

    def _lines(self, start, n):
        if n < 0:
            raise ValueError("Working days are counted forwards.")
        day = _plain(start)
        while n > 0:
            day += _ONE_DAY
            n -= self.is_workday(day)
            yield day

    def _why(self, day):
        kind = self._days.get(day)
        if kind == HOLIDAY:
            return self._names.get(day) or "放假"
        if day.weekday() < 5:
            return "工作日"
        return "调休上班" if kind == WORKDAY else "周末"


_kept = None


def changed():
    """Forget the calendar read from the table: its rules were written.

    Now, for what follows in this transaction, and again when it commits, because
    another thread may read the old rules in between.
    """
    from django.db import transaction

    _forget()
    transaction.on_commit(_forget)


def _forget():
    global _kept
    _kept = None


def _plain(day):
    # A datetime equals no date, so that it would slip past every holiday in silence.
    if isinstance(day, datetime):
        raise TypeError("Working days are counted on dates, not on moments.")
    return day


def _weekdays_until(day):
    """Mondays to Fridays from the beginning of the calendar up to and including it."""
    weeks, rest = divmod(day.toordinal(), 7)  # ordinal 1 was a Monday
    return weeks * 5 + min(rest, 5)


def _inside(days, a, b):
    return bisect_right(days, b) - bisect_right(days, a)
