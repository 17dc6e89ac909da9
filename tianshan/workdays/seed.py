"""The notices of past years, from the library chinesecalendar into the table."""

import chinese_calendar

from tianshan.workdays.calendar import HOLIDAY, WORKDAY, changed

_FULL_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}


def enter_missing_years(day_rules):
    """Enter the library's years that the table has no rule of; say how many days.

    `day_rules` is a manager. A year with so much as one rule is somebody's own work
    and stays as it is.
    """
    taken = {day.year for day in day_rules.values_list("date", flat=True)}
    missing = [
        day_rules.model(date=day, kind=kind, name=name, source=_notice(day, name))
        for day, kind, name in library_rules()
        if day.year not in taken
    ]
    day_rules.bulk_create(missing)
    changed()
    return len(missing)


def library_rules():
    """(date, kind, name) of every day on which the library overrides the weekday."""
    for kind, days in (
        (HOLIDAY, chinese_calendar.holidays),
        (WORKDAY, chinese_calendar.workdays),
    ):
        for day, name in sorted(days.items()):
            name = chinese_calendar.Holiday(name).chinese
            yield day, kind, _FULL_NAMES.get(name, name)


def _notice(day, name):
    # A New Year's holiday may begin in December, by the notice of the next year.
    year = day.year + (day.month == 12 and name == "元旦")
    return f"国务院办公厅{year}年节假日安排（chinesecalendar）"
