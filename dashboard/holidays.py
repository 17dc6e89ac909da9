"""The calendar year by year, and which years are still counted by the weekday."""

import datetime as dt
from collections import defaultdict

from tianshan.workdays import Calendar
from tianshan.workdays.models import DayRule


def years(today):
    """`[{year, published, rules}]` from last year to next, and every year with rules."""
    calendar = Calendar.load()
    rules = defaultdict(list)
    for rule in DayRule.objects.order_by("date"):
        rules[rule.date.year].append(rule)
    wanted = {today.year - 1, today.year, today.year + 1} | set(rules)
    return [
        {
            "year": year,
            "published": not calendar.provisional(dt.date(year, 7, 1)),
            "rules": rules[year],
            "near": abs(year - today.year) <= 1,
        }
        for year in sorted(wanted, reverse=True)
    ]
