"""Chinese working days: what the State Council arranged for 2025 and 2026, by hand."""

import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from tianshan.workdays import Calendar, changed
from tianshan.workdays.models import DayRule

# Typed from the notices for 2025 and 2026: first and last day of each holiday.
HOLIDAYS = """
2025-01-01 2025-01-01 元旦
2025-01-28 2025-02-04 春节
2025-04-04 2025-04-06 清明节
2025-05-01 2025-05-05 劳动节
2025-05-31 2025-06-02 端午节
2025-10-01 2025-10-05 国庆节
2025-10-06 2025-10-06 中秋节
2025-10-07 2025-10-08 国庆节
2026-01-01 2026-01-03 元旦
2026-02-15 2026-02-23 春节
2026-04-04 2026-04-06 清明节
2026-05-01 2026-05-05 劳动节
2026-06-19 2026-06-21 端午节
2026-09-25 2026-09-27 中秋节
2026-10-01 2026-10-07 国庆节
"""
MAKE_UP_DAYS = """
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""


def _arranged():
    days, names = {}, {}
    for line in HOLIDAYS.strip().splitlines():
        first, last, name = line.split()
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            days[day], names[day] = "holiday", name
            day += timedelta(days=1)
    for day in MAKE_UP_DAYS.split():
        days[date.fromisoformat(day)] = "workday"
    return Calendar(days, {2025, 2026}, names)


ARRANGED = _arranged()

GOLDEN = """
# start      n  due         what lies between
2025-03-03   0  2025-03-03  nothing
2025-03-08   0  2025-03-08  nothing, a Saturday
2025-03-03   1  2025-03-04  Monday to Tuesday
2025-03-06   1  2025-03-07  Thursday to Friday
2025-03-07   1  2025-03-10  Friday over the weekend
2025-03-08   1  2025-03-10  from a Saturday
2025-03-09   1  2025-03-10  from a Sunday
2025-03-03   5  2025-03-10  one week
2025-03-05   5  2025-03-12  one week from a Wednesday
2025-03-03  15  2025-03-24  three weeks
2025-03-07   3  2025-03-12  three days over a weekend
2024-12-31   1  2025-01-02  New Year 2025
2024-12-31   3  2025-01-06  New Year 2025 and a weekend
2025-01-24   1  2025-01-26  make-up Sunday before Spring Festival 2025
2025-01-25   1  2025-01-26  the same, from the Saturday
2025-01-26   1  2025-01-27  the last day before the festival
2025-01-27   1  2025-02-05  the whole of Spring Festival 2025
2025-01-28   1  2025-02-05  from the first day of the festival
2025-02-04   1  2025-02-05  from the last day of the festival
2025-01-27   3  2025-02-07  three days after the festival
2025-01-27   4  2025-02-08  the make-up Saturday is the fourth
2025-01-27   5  2025-02-10  and Monday the fifth
2025-02-07   1  2025-02-08  Friday to the make-up Saturday
2025-01-20  15  2025-02-14  over the festival with both make-up days
2025-02-28   1  2025-03-03  the end of February
2025-02-28   5  2025-03-07  a week from the end of February
2025-03-31   1  2025-04-01  the end of March
2025-03-31   3  2025-04-03  the last days before Tomb-sweeping
2025-03-31   4  2025-04-07  over Tomb-sweeping 2025
2025-03-31   5  2025-04-08  and one more
2025-04-03   1  2025-04-07  from the eve of Tomb-sweeping
2025-04-25   1  2025-04-27  the make-up Sunday before Labour Day 2025
2025-04-27   3  2025-04-30  the three days after it
2025-04-30   1  2025-05-06  the whole of Labour Day 2025
2025-04-25   5  2025-05-06  a week with make-up day and holiday
2025-05-30   1  2025-06-03  Dragon Boat 2025
2025-05-30   5  2025-06-09  a week from its eve
2025-06-30   1  2025-07-01  the end of June
2025-09-26   1  2025-09-28  the make-up Sunday before National Day 2025
2025-09-28   1  2025-09-29  from the make-up Sunday
2025-09-29   1  2025-09-30  the last day before the holiday
2025-09-30   1  2025-10-09  National Day and Mid-autumn 2025
2025-10-01   1  2025-10-09  from the first day of the holiday
2025-10-08   1  2025-10-09  from the last day of the holiday
2025-09-30   2  2025-10-10  the Friday after
2025-09-30   3  2025-10-11  the make-up Saturday after
2025-09-30   4  2025-10-13  and the Monday
2025-10-11   1  2025-10-13  from the make-up Saturday
2025-09-26   5  2025-10-10  both make-up days and the holiday: Sunday to Friday
2025-09-22  15  2025-10-17  a hard demand over National Day 2025
2025-12-31   1  2026-01-04  New Year 2026 ends on a make-up Sunday
2025-12-31   2  2026-01-05  and Monday
2025-12-31   5  2026-01-08  and the week
2025-12-29   5  2026-01-06  over the end of the year
2026-02-12   2  2026-02-14  the make-up Saturday before Spring Festival 2026
2026-02-13   1  2026-02-14  from Friday to it
2026-02-14   1  2026-02-24  the whole of Spring Festival 2026
2026-02-13   2  2026-02-24  make-up day, then the festival
2026-02-20   1  2026-02-24  from its middle
2026-02-14   5  2026-02-28  the make-up Saturday at the end of February
2026-02-27   1  2026-02-28  28 February 2026 is worked
2026-02-28   1  2026-03-02  from 28 February
2026-02-28   5  2026-03-06  a week from 28 February
2026-02-09  15  2026-03-06  a hard demand over Spring Festival 2026
2026-03-31   1  2026-04-01  the end of March
2026-03-31   3  2026-04-03  the last days before Tomb-sweeping
2026-03-31   4  2026-04-07  over Tomb-sweeping 2026
2026-04-30   1  2026-05-06  the whole of Labour Day 2026
2026-05-08   1  2026-05-09  the make-up Saturday after
2026-04-30   5  2026-05-11  the week with the make-up Saturday
2026-06-18   1  2026-06-22  Dragon Boat 2026
2026-09-18   1  2026-09-20  the make-up Sunday before Mid-autumn
2026-09-24   1  2026-09-28  Mid-autumn 2026
2026-09-30   1  2026-10-08  National Day 2026
2026-09-30   3  2026-10-10  the make-up Saturday after
2026-09-18   5  2026-09-24  Sunday to Thursday
2026-09-21  15  2026-10-19  a hard demand over both holidays
2026-12-31   1  2027-01-01  the weekday alone: the notice is not out
2026-12-28   5  2027-01-04  into a year that is not published
2026-12-31  15  2027-01-21  fifteen weekdays of it
"""
CASES = [
    (date.fromisoformat(start), int(n), date.fromisoformat(due), what)
    for start, n, due, what in (
        line.split(maxsplit=3) for line in GOLDEN.strip().splitlines()[1:]
    )
]


def test_the_golden_cases_are_many():
    assert len(CASES) >= 60


@pytest.mark.parametrize(("start", "n", "due", "what"), CASES)
def test_a_deadline_falls_on_the_working_day_that_was_counted_by_hand(
    start, n, due, what
):
    assert ARRANGED.add(start, n) == due
    assert ARRANGED.between(start, due) == n
    assert sum(line.counts for line in ARRANGED.reckon(start, n)) == n


def test_between_agrees_with_counting_one_day_after_another():
    first = date(2024, 12, 20)
    days = [first + timedelta(days=offset) for offset in range(760)]
    counted = 0

    for day in days[1:]:
        counted += ARRANGED.is_workday(day)
        assert ARRANGED.between(first, day) == counted
    for start in days[::37]:
        assert ARRANGED.between(start, days[-1]) == sum(
            ARRANGED.is_workday(day) for day in days if day > start
        )


def test_between_counts_nothing_backwards():
    assert ARRANGED.between(date(2025, 3, 5), date(2025, 3, 3)) == 0
    assert ARRANGED.between(date(2025, 3, 5), date(2025, 3, 5)) == 0


def test_the_reckoning_says_why_each_day_counts_or_not():
    lines = ARRANGED.reckon(date(2025, 9, 26), 4)

    assert [(f"{line.date:%m-%d}", line.counts, line.why) for line in lines] == [
        ("09-27", False, "周末"),
        ("09-28", True, "调休上班"),
        ("09-29", True, "工作日"),
        ("09-30", True, "工作日"),
        ("10-01", False, "国庆节"),
        ("10-02", False, "国庆节"),
        ("10-03", False, "国庆节"),
        ("10-04", False, "国庆节"),
        ("10-05", False, "国庆节"),
        ("10-06", False, "中秋节"),
        ("10-07", False, "国庆节"),
        ("10-08", False, "国庆节"),
        ("10-09", True, "工作日"),
    ]
    assert not any(line.provisional for line in lines)


def test_days_of_a_year_that_is_not_published_are_provisional():
    lines = ARRANGED.reckon(date(2026, 12, 30), 3)

    assert [(f"{line.date:%m-%d}", line.provisional) for line in lines] == [
        ("12-31", False),
        ("01-01", True),
        ("01-02", True),
        ("01-03", True),
        ("01-04", True),
    ]
    assert ARRANGED.provisional(date(2027, 10, 1))
    assert ARRANGED.is_workday(date(2027, 10, 1))
    assert not ARRANGED.provisional(date(2026, 10, 1))


def test_a_moment_is_refused_because_it_would_miss_every_holiday():
    noon = datetime(2025, 10, 1, 12)

    for ask in (
        ARRANGED.is_workday,
        ARRANGED.provisional,
        lambda moment: ARRANGED.add(moment, 1),
        lambda moment: ARRANGED.between(moment, date(2025, 10, 9)),
    ):
        with pytest.raises(TypeError):
            ask(noon)


def test_counting_backwards_is_refused():
    with pytest.raises(ValueError, match="forwards"):
        ARRANGED.add(date(2025, 3, 3), -1)


# --- the table -----------------------------------------------------------------------


@pytest.fixture
def rules(db):
    """The rules of 2025 and 2026 as the migration enters them, and no calendar kept."""
    call_command("enter_workdays", stdout=StringIO())
    changed()
    yield DayRule.objects
    changed()


def _enter(year, *days):
    for month, day in days:
        DayRule(date=date(year, month, day), kind="holiday", name="放假").save()


def test_the_table_holds_what_the_notices_say(rules):
    calendar = Calendar.load()

    day = date(2025, 1, 1)
    while day.year < 2027:
        assert calendar.is_workday(day) == ARRANGED.is_workday(day), day
        day += timedelta(days=1)
    assert calendar.reckon(date(2025, 9, 26), 4) == ARRANGED.reckon(
        date(2025, 9, 26), 4
    )
    assert not calendar.provisional(date(2004, 6, 1))
    assert calendar.provisional(date(2027, 6, 1))


def test_the_calendar_is_read_once_in_one_query(rules, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert Calendar.load() is Calendar.load()


def test_a_rule_that_is_saved_or_deleted_is_seen_at_once(rules):
    day = date(2026, 11, 20)
    assert Calendar.load().is_workday(day)

    rule = DayRule(date=day, kind="holiday", name="临时放假")
    rule.save()
    assert not Calendar.load().is_workday(day)

    rule.delete()
    assert Calendar.load().is_workday(day)


def test_rules_written_elsewhere_are_seen_within_a_minute(rules, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("tianshan.workdays.calendar.time.monotonic", lambda: now)
    day = date(2026, 11, 20)
    assert Calendar.load().is_workday(day)

    rules.bulk_create([DayRule(date=day, kind="holiday")])
    assert Calendar.load().is_workday(day)
    now += 61
    assert not Calendar.load().is_workday(day)


def test_a_year_counts_as_published_once_its_fixed_holidays_are_entered(rules):
    _enter(2027, (1, 1), (5, 1))
    assert Calendar.load().provisional(date(2027, 3, 1))

    _enter(2027, (10, 1))
    assert not Calendar.load().provisional(date(2027, 3, 1))


def test_entering_years_again_leaves_an_administrators_rules_alone(rules):
    DayRule.objects.filter(date__year=2026).delete()
    _enter(2026, (3, 3))
    before = rules.count()

    call_command("enter_workdays", stdout=StringIO())

    assert rules.count() == before
    assert [rule.date for rule in rules.filter(date__year=2026)] == [date(2026, 3, 3)]


def test_a_day_has_one_rule_of_a_known_kind(rules):
    with pytest.raises(IntegrityError):
        DayRule(date=date(2026, 11, 20), kind="maybe").save()


def test_what_a_rule_was_stays_on_record(rules):
    rule = rules.get(date=date(2026, 10, 10))
    rule.kind = DayRule.Kind.HOLIDAY
    rule.save()

    assert [event.kind for event in rule.events.order_by("pgh_id")][-2:] == [
        "workday",
        "holiday",
    ]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_marks_the_same_days_alike(seed):
    """What the worker stores under a key, a page of another process finds by it."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from datetime import date; from tianshan.workdays.calendar import Calendar;"
            "print(Calendar({date(2026, 1, 1): 'holiday'}, {2026}).mark)",
        ],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert said.stdout.strip() == Calendar({date(2026, 1, 1): "holiday"}, {2026}).mark
    assert said.stdout.strip() != Calendar({}, {2026}).mark
