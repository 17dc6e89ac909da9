"""Scope: whose eyes, which grid, which period. Every figure is asked with one."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from django.utils.dateparse import parse_date

from tianshan.workdays.calendar import Calendar

_reader = None


class BadScope(ValueError):
    """A grid or a period that cannot be; the message is for the user."""


@dataclass(frozen=True)
class Scope:
    """A user's view of a grid's subtree in a period, both days included."""

    user: object
    grid: object
    start: dt.date
    end: dt.date
    today: dt.date

    @property
    def day(self):
        """The day at whose end states are read: the period's last, at most today."""
        return min(self.end, self.today)

    @property
    def period(self):
        return (self.start, self.end)

    @cached_property
    def query(self):
        return urlencode(
            {
                "grid": self.grid.code,
                "start": self.start.isoformat(),
                "end": self.end.isoformat(),
            }
        )

    @property
    def key(self):
        """All that a figure depends on beside the tables, for `tianshan.ledgers.kept`."""
        days = Calendar.load().mark  # which does not say when it is read
        return (self.user.sight, self.grid.path, self.start, self.end, self.today, days)

    @property
    def in_words(self):
        return f"{self.grid.name} · {self.period_in_words}"

    @property
    def period_in_words(self):
        return f"{_words(self.start)}至{_words(self.end)}"

    @property
    def ahead_in_words(self):
        """What it means that the period is not over; nothing where it is."""
        if self.start > self.today:
            return "这段时间还没到：状态按今天算，办了多少都是 0。"
        if self.end > self.today:
            return "这段时间还没过完：只算到今天。"
        return ""

    @property
    def as_json(self):
        """Grid, period and the day at whose end states are read, for machines."""
        return {
            "grid": self.grid.code,
            "grid_name": self.grid.name,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "day": self.day.isoformat(),
        }

    def during(self, start, end):
        return replace(self, start=start, end=end)

    def over(self, grid):
        return replace(self, grid=grid)


def _words(day):
    return f"{day.year}年{day.month}月{day.day}日"


def register_reader(reader):
    """The room that knows grids says how: `reader(user, code or None) -> grid`.

    With None it answers the grid of the user's own post. It raises BadScope when the
    user has none, Http404 when the grid is out of sight.
    """
    global _reader
    _reader = reader


def read_day(text, fallback, label):
    """The day that a parameter names, or the fallback; BadScope when it is none."""
    if not text:
        return fallback
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise BadScope(f"{label}“{text[:20]}”不是可用的日期，请写成 2026-01-31 这样。")
    if not 2000 <= day.year <= 2100:
        raise BadScope(f"{label}“{text[:20]}”太远，只能查 2000 年到 2100 年。")
    return day


def read_scope(user, parameters, *, today):
    """The scope that a query string asks for; by default all since the go-live day."""
    code = parameters.get("grid") or None
    if code and not code.isprintable():
        raise BadScope("网格编码里有不能用的字符。")
    grid = _reader(user, code)
    start = read_day(parameters.get("start"), min(grid.live_on, today), "开始日期")
    end = read_day(parameters.get("end"), max(today, start), "结束日期")
    if end < start:
        raise BadScope("结束日期早于开始日期，请对调后再查。")
    return Scope(user=user, grid=grid, start=start, end=end, today=today)
