"""Which days a month, a quarter or a year has: by the calendar, or from the 26th on."""

import calendar
import datetime as dt

from django.db import models


class Span(models.TextChoices):
    MONTH = "month", "月报"
    QUARTER = "quarter", "季报"
    YEAR = "year", "年报"
    FREE = "free", "自选起止日期"


class Rule(models.TextChoices):
    CALENDAR = "calendar", "自然月：1 日至月末"
    FROM_26 = "from_26", "上月 26 日至本月 25 日"


class Refused(Exception):
    """An act or a period that cannot be; the message is for the user."""


MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}
FIRST_YEAR, LAST_YEAR = 2000, 2100  # that figures are asked for
YEARS = range(FIRST_YEAR + 1, LAST_YEAR + 1)
DAY = dt.timedelta(days=1)


def period(span, rule, year, number):
    """First and last day of the year's `number`-th month or quarter, or of the year."""
    if year not in YEARS:
        raise Refused(f"年份“{year}”不对，请写成 2026 这样的四位年份。")
    months = MONTHS[span]
    if not 1 <= number <= 12 // months:
        raise Refused("一年只有 12 个月、4 个季度，请重新选择。")
    last = number * months
    if rule == Rule.FROM_26:
        before = dt.date(year, last - months + 1, 1) - DAY
        return before.replace(day=26), dt.date(year, last, 25)
    end = calendar.monthrange(year, last)[1]
    return dt.date(year, last - months + 1, 1), dt.date(year, last, end)


def holding(span, rule, day):
    """`(year, number)` of the period in which the day lies."""
    month = day.replace(day=1)
    if rule == Rule.FROM_26 and day.day >= 26:
        month = (month + 31 * DAY).replace(day=1)
    return month.year, (month.month - 1) // MONTHS[span] + 1


def ended_before(span, rule, day):
    """First and last day of the latest period that was over on the day."""
    start, _ = period(span, rule, *holding(span, rule, day))
    return period(span, rule, *holding(span, rule, start - DAY))


def name_of(span, start, end):
    """2026年10月, 2026年第3季度, 2026年: a period is called after its last day."""
    if span == Span.FREE:
        return f"{in_words(start)}至{in_words(end)}"
    if span == Span.YEAR:
        return f"{end.year}年"
    if span == Span.QUARTER:
        return f"{end.year}年第{(end.month + 2) // 3}季度"
    return f"{end.year}年{end.month}月"


def in_words(day):
    return f"{day.year}年{day.month}月{day.day}日"


def check(grid, start, end, today):
    """Refuse a period of which nothing can be known, and say why."""
    if end < start:
        raise Refused("结束日期早于开始日期，请对调后再做。")
    if start > today:
        raise Refused(f"这一期从{in_words(start)}开始，还没有到，没有可统计的记录。")
    if end < grid.live_on or start.year < FIRST_YEAR:
        raise Refused(
            f"{grid.name}从{in_words(grid.live_on)}起启用，"
            f"在这以前没有数据，不能做{in_words(end)}为止的报告。"
        )
    if end.year > LAST_YEAR:
        raise Refused(f"结束日期{in_words(end)}太远，请核对年份。")
