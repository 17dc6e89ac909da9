"""400 deadlines, reckoned from the notices by other code: not one may differ."""

import csv
import datetime as dt

import pytest

from tests.golden import generate
from tianshan.workdays.calendar import Calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def golden():
    with generate.FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_deadline_of_four_hundred_is_wrong(golden):
    calendar = Calendar.load()
    assert len(golden) == generate.HOW_MANY
    wrong = []
    for row in golden:
        start, span = dt.date.fromisoformat(row["start"]), int(row["working_days"])
        lines = calendar.reckon(start, span)
        found = {
            "due": calendar.add(start, span).isoformat(),
            "days": str(len(lines)),
            "provisional": "yes" if any(one.provisional for one in lines) else "no",
        }
        back = calendar.between(start, dt.date.fromisoformat(row["due"]))
        if found != {key: row[key] for key in found} or back != span:
            wrong.append((row, found, back))
    assert wrong == []


def test_the_cases_lie_where_it_is_difficult(golden):
    starts = [dt.date.fromisoformat(row["start"]) for row in golden]
    dues = [dt.date.fromisoformat(row["due"]) for row in golden]
    for year in (2023, 2024, 2025, 2026):
        over = [
            1
            for start, due in zip(starts, dues, strict=True)
            if start < dt.date(year, 10, 1) <= due
        ]
        assert len(over) >= 8, f"National Day {year}"
        ends = [
            1
            for start, due in zip(starts, dues, strict=True)
            if start.year == year < due.year
        ]
        assert len(ends) >= 5, f"end of {year}"
    for spring in ("2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"):
        day = dt.date.fromisoformat(spring)
        over = [1 for a, b in zip(starts, dues, strict=True) if a < day <= b]
        assert len(over) >= 8, spring
    assert sum(due in generate.WORKED for due in dues) >= 10  # due on a make-up day
    assert sum(row["provisional"] == "yes" for row in golden) >= 40


def test_the_file_is_what_the_notices_give(golden):
    for row, (start, span) in zip(golden, generate.cases(), strict=True):
        due, days, guessed = generate.reckon(start, span)
        assert row == {
            "start": start.isoformat(),
            "working_days": str(span),
            "due": due.isoformat(),
            "days": str(days),
            "provisional": "yes" if guessed else "no",
        }
