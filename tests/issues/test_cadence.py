"""The regular meetings: when they are due, and what became of each. Clocks are given."""

import datetime as dt

import pytest

from issues import cadence, meetings
from issues.models import Level, Meeting, Slot
from issues.taking import Refused
from tests.factories import (
    NOON,
    BodyFactory,
    DemandFactory,
    IssueFactory,
    MatterFactory,
    MeasureFactory,
)
from tianshan.ledgers import FIGURES, percent
from tianshan.ledgers.scopes import Scope
from tianshan.notices import reminders
from tianshan.workdays.models import DayRule
from visits import ratings
from visits.models import Demand

pytestmark = pytest.mark.django_db
Cadence = Slot.Cadence


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("of", "on", "first", "last"),
    [
        (Cadence.WEEK, "2026-10-04", "2026-09-28", "2026-10-04"),  # over a month's end
        (Cadence.WEEK, "2026-12-31", "2026-12-28", "2027-01-03"),
        (Cadence.TEN_DAY, "2026-02-28", "2026-02-21", "2026-02-28"),
        (Cadence.TEN_DAY, "2028-02-29", "2028-02-21", "2028-02-29"),
        (Cadence.TEN_DAY, "2026-03-31", "2026-03-21", "2026-03-31"),
        (Cadence.TEN_DAY, "2026-10-10", "2026-10-01", "2026-10-10"),
        (Cadence.TEN_DAY, "2026-10-11", "2026-10-11", "2026-10-20"),
        (Cadence.MONTH, "2026-02-28", "2026-02-01", "2026-02-28"),
        (Cadence.MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
    ],
)
def test_the_period_of_a_day(of, on, first, last):
    assert cadence.period(of, day(on)) == (day(first), day(last))


@pytest.mark.parametrize(
    ("of", "ends_on", "due"),
    [
        # 2026's National Day holidays: 1 to 7 October, the 10th is worked.
        (Cadence.WEEK, "2026-10-04", "2026-10-08"),  # Friday the 2nd is a holiday
        (Cadence.TEN_DAY, "2026-10-10", "2026-10-10"),  # a Saturday that is worked
        (Cadence.TEN_DAY, "2026-02-28", "2026-02-28"),  # so is this one
        (Cadence.MONTH, "2026-02-28", "2026-02-28"),
        (Cadence.TEN_DAY, "2026-03-31", "2026-03-31"),
        (Cadence.TEN_DAY, "2026-10-31", "2026-11-02"),  # over the month's end
        (Cadence.MONTH, "2026-10-31", "2026-11-02"),
        (Cadence.MONTH, "2025-09-30", "2025-09-30"),
        (Cadence.TEN_DAY, "2026-01-31", "2026-02-02"),
        # Nothing is published of 2040: the weekday alone decides, nothing raises.
        (Cadence.TEN_DAY, "2040-10-10", "2040-10-10"),
        (Cadence.TEN_DAY, "2040-10-20", "2040-10-22"),
    ],
)
def test_a_meeting_moves_off_holidays_to_the_next_working_day(of, ends_on, due):
    assert cadence.planned(of, day(ends_on)) == day(due)


@pytest.fixture
def joint(grid, chief):
    """The conference that owes all three, from October on."""
    return BodyFactory(
        name="第三网格党建联席会",
        level=Level.CONFERENCE,
        grid=grid,
        weekly=True,
        ten_daily=True,
        monthly=True,
        cadence_from=day("2026-10-01"),
    )


def test_slots_are_made_a_year_ahead_and_once(joint):
    today = day("2026-10-15")
    cadence.keep(joint, today=today)
    cadence.keep(joint, today=today)

    made = joint.slots.filter(cadence=Cadence.TEN_DAY)
    assert made.count() == 3 * 12 + 2  # until the middle of October 2027
    assert joint.slots.filter(cadence=Cadence.MONTH).count() == 13
    first = made.order_by("starts_on").first()
    assert (first.starts_on, first.ends_on) == (day("2026-10-01"), day("2026-10-10"))
    # The week that began in September is not owed in part.
    week = joint.slots.filter(cadence=Cadence.WEEK).order_by("starts_on").first()
    assert week.starts_on == day("2026-10-05")


def test_what_is_no_longer_owed_goes_from_the_future_alone(joint):
    cadence.keep(joint, today=day("2026-10-15"))
    joint.weekly = False
    cadence.keep(joint, today=day("2026-10-20"))

    left = joint.slots.filter(cadence=Cadence.WEEK)
    assert {slot.starts_on for slot in left} == {
        day("2026-10-05"),
        day("2026-10-12"),
        day("2026-10-19"),
    }


def test_a_holiday_entered_later_moves_what_is_still_to_come(joint):
    cadence.keep(joint, today=day("2026-10-15"))
    slot = joint.slots.get(cadence=Cadence.TEN_DAY, ends_on=day("2027-03-10"))
    assert slot.planned_on == day("2027-03-10")

    DayRule.objects.create(date=day("2027-03-10"), kind="holiday", name="调休")
    cadence.keep(joint, today=day("2026-10-20"))

    slot.refresh_from_db()
    assert slot.planned_on == day("2027-03-11")


# --- what became of them -------------------------------------------------------------


def became(joint, of, ends_on, today):
    slot = joint.slots.get(cadence=of, ends_on=day(ends_on))
    empty = cadence.not_needed(joint.slots.all(), day(today))
    return cadence.state_of(slot, empty, day(today))


@pytest.fixture
def owed(joint):
    cadence.keep(joint, today=day("2026-10-01"))
    return joint


def test_nothing_waited_so_none_was_needed(owed):
    for of, ends_on in (
        (Cadence.WEEK, "2026-10-18"),
        (Cadence.TEN_DAY, "2026-10-20"),
        (Cadence.MONTH, "2026-10-31"),
    ):
        assert became(owed, of, ends_on, "2026-11-20") == cadence.NOT_NEEDED
        assert became(owed, of, ends_on, "2026-10-10") == cadence.COMING


def test_an_unsorted_demand_makes_a_week_missed(owed, grid):
    demand = DemandFactory(business__grid=grid, grid=grid, raised_on=day("2026-10-14"))

    assert became(owed, Cadence.WEEK, "2026-10-18", "2026-11-20") == cadence.MISSED
    # The week before it had nothing, the ten-day meeting has nothing to do with it.
    assert became(owed, Cadence.WEEK, "2026-10-11", "2026-11-20") == cadence.NOT_NEEDED
    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == (
        cadence.NOT_NEEDED
    )
    # Dated facts as known now: it was withdrawn before the week's meeting.
    demand.state, demand.dropped_on = "withdrawn", day("2026-10-15")
    demand.dropped_by, demand.dropped_why = demand.recorded_by, "不用了"
    demand.dropped_from = "new"
    demand.save()
    assert became(owed, Cadence.WEEK, "2026-10-18", "2026-11-20") == cadence.NOT_NEEDED


def test_an_issue_that_waits_makes_a_ten_day_period_missed(owed):
    IssueFactory(body=owed, raised_on=day("2026-10-15"))  # its step is of the 15th

    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == cadence.MISSED
    assert became(owed, Cadence.TEN_DAY, "2026-10-10", "2026-11-20") == (
        cadence.NOT_NEEDED
    )


def test_a_yellow_measure_makes_a_ten_day_period_missed(owed, grid):
    matter = MatterFactory(issue__body=BodyFactory(grid=grid), issue__state="decided")
    MeasureFactory(
        matter=matter, decided_on=day("2026-10-09"), due_on=day("2026-10-21")
    )

    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == cadence.MISSED


def test_a_measure_of_no_issue_is_on_no_ten_day_table(owed, grid):
    matter = MatterFactory(issue=None, grid=grid, body=BodyFactory(grid=grid))
    MeasureFactory(
        matter=matter, decided_on=day("2026-10-09"), due_on=day("2026-10-21")
    )

    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == (
        cadence.NOT_NEEDED
    )


def test_a_red_measure_makes_a_month_missed(owed, grid):
    matter = MatterFactory(issue__body=BodyFactory(grid=grid), issue__state="decided")
    MeasureFactory(
        matter=matter, decided_on=day("2026-10-09"), due_on=day("2026-10-20")
    )

    assert became(owed, Cadence.MONTH, "2026-10-31", "2026-11-20") == cadence.MISSED


def held(body, kind, on, by):
    at = dt.datetime.combine(day(on), dt.time(9), dt.UTC)
    meeting = meetings.arrange(
        body,
        kind=kind,
        on=day(on),
        at_time=dt.time(14),
        place="站里",
        by=by,
        at=at,
    )
    Meeting.objects.filter(pk=meeting.pk).update(
        state="held", notified_at=at, held_at=at
    )
    return meeting


@pytest.mark.parametrize(
    ("on", "ends_on", "expected"),
    [
        ("2026-10-20", "2026-10-20", cadence.HELD),
        ("2026-10-12", "2026-10-20", cadence.HELD),
        # October's last ten days are due on 2 November: still in time.
        ("2026-11-02", "2026-10-31", cadence.HELD),
    ],
)
def test_held_in_its_period_or_on_the_day_it_moved_to(
    owed, chief, on, ends_on, expected
):
    for slot in owed.slots.filter(ends_on__lt=day(ends_on)):
        slot.delete()
    if on > ends_on:
        owed.slots.filter(starts_on__gt=day(ends_on)).delete()
        meeting = held(owed, "ten_day", on, chief)
        Meeting.objects.filter(pk=meeting.pk).update(
            slot=owed.slots.get(cadence=Cadence.TEN_DAY, ends_on=day(ends_on))
        )
    else:
        held(owed, "ten_day", on, chief)

    assert became(owed, Cadence.TEN_DAY, ends_on, "2026-11-20") == expected


def test_a_meeting_moved_over_a_months_end_stays_that_of_its_period(owed, chief):
    meeting = held(owed, "ten_day", "2026-10-30", chief)
    Meeting.objects.filter(pk=meeting.pk).update(state="draft", held_at=None)
    named, slot = meeting.title, meeting.slot

    meetings.change(
        meeting,
        on=day("2026-11-05"),
        at_time=dt.time(14),
        place="站里",
        papers="",
        by=chief,
        at=dt.datetime(2026, 10, 30, 9, tzinfo=dt.UTC),
    )

    meeting.refresh_from_db()
    assert (meeting.title, meeting.slot) == (named, slot)
    assert slot.ends_on == day("2026-10-31")
    Meeting.objects.filter(pk=meeting.pk).update(state="held", held_at=NOON)
    assert became(owed, Cadence.TEN_DAY, "2026-10-31", "2026-11-08") == cadence.LATE
    assert became(owed, Cadence.TEN_DAY, "2026-11-10", "2026-11-08") == cadence.COMING


def test_a_missed_one_is_made_up_for_late(owed, chief):
    held(owed, "ten_day", "2026-10-22", chief)  # takes its own period's slot
    held(owed, "ten_day", "2026-10-23", chief)  # makes up for the one before

    assert became(owed, Cadence.TEN_DAY, "2026-10-31", "2026-11-20") == cadence.HELD
    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == cadence.LATE


def test_a_body_that_owes_no_such_meeting_holds_none(grid, chief):
    body = BodyFactory(level=Level.CONFERENCE, grid=grid)

    with pytest.raises(Refused, match="没有排旬研商"):
        held(body, "ten_day", "2026-10-20", chief)


def test_the_rates_are_their_rows(owed, grid, chief, client_of):
    """Two ten-day periods by 31 October: one missed, one held, one not needed."""
    IssueFactory(body=owed, raised_on=day("2026-10-15"))
    owed.slots.filter(starts_on__gt=day("2026-11-10")).delete()
    held(owed, "ten_day", "2026-10-30", chief)
    today = day("2026-11-20")
    scope = Scope(chief, grid, day("2026-10-01"), day("2026-11-02"), today)
    values = FIGURES.values_for(scope)

    # 1-10: nothing waited; 11-20: an issue waited, missed; 21-31: held.
    assert values["cadence_ten_day_due"] == 3
    assert values["cadence_ten_day_kept"] == 2
    assert percent(2, 3) == 66.7
    for key in ("cadence_ten_day_due", "cadence_ten_day_kept", "cadence_week_kept"):
        page = client_of(chief).get(FIGURES[key].href(scope))
        assert f'data-total="{values[key]}"' in page.text


@pytest.mark.parametrize("state", [state for state, _ in cadence.STATES])
def test_the_ledger_and_each_row_agree_on_what_became(owed, chief, state, grid):
    IssueFactory(body=owed, raised_on=day("2026-10-15"))
    held(owed, "ten_day", "2026-10-30", chief)
    held(owed, "ten_day", "2026-10-30", chief)
    today = day("2026-12-01")
    empty = cadence.not_needed(owed.slots.all(), today)

    by_row = {
        slot.pk
        for slot in owed.slots.select_related("meeting")
        if cadence.state_of(slot, empty, today) == state
    }

    found = cadence.in_state(owed.slots.all(), state, today)
    assert {slot.pk for slot in found} == by_row
    assert by_row


def test_what_satisfied_nobody_twice_makes_a_week_missed_for_its_body_alone(
    owed, grid, other_grid, chief
):
    demand = DemandFactory(
        business__grid=grid, raised_on=day("2026-09-01"), **ended("2026-09-10")
    )
    for number, on in ((1, "2026-09-15"), (2, "2026-10-14")):
        not_satisfied(demand, number, day(on))
    elsewhere = DemandFactory(
        business__grid=other_grid, raised_on=day("2026-09-01"), **ended("2026-09-10")
    )
    not_satisfied(elsewhere, 2, day("2026-10-06"))
    Demand.objects.filter(pk__in=[demand.pk, elsewhere.pk]).update(state="at_body")

    def weeks():
        ends = ("2026-10-11", "2026-10-18", "2026-10-25")
        return [became(owed, Cadence.WEEK, each, "2026-11-20") for each in ends]

    assert weeks() == [cadence.NOT_NEEDED, cadence.MISSED, cadence.MISSED]
    assert became(owed, Cadence.TEN_DAY, "2026-10-20", "2026-11-20") == cadence.MISSED

    # Explained on the 20th: the week before has still had something to talk about.
    demand.refresh_from_db()
    ratings.explain(demand, words="说明", by=chief, at=NOON.replace(day=20))
    assert weeks() == [cadence.NOT_NEEDED, cadence.MISSED, cadence.NOT_NEEDED]


def ended(on):
    return {
        "state": "told",
        "outcome": "已答复",
        "outcome_on": day(on),
        "resolved": False,
        "tell_by": day(on),
        "told_on": day(on),
        "told_how": "phone",
    }


def not_satisfied(demand, number, on):
    demand.ratings.create(
        came_by="link",
        round=number,
        verdict="not",
        words="没办好",
        on=on,
        outcome=demand.outcome,
        outcome_on=demand.outcome_on,
        tell_by=demand.tell_by,
        told_on=demand.told_on,
    )


def test_the_daily_job_tops_up_the_slots_of_every_body(joint, chief):
    cadence.keep(joint, today=day("2026-10-15"))
    made = joint.slots.count()

    reminders.remind(NOON)
    assert joint.slots.count() == made

    reminders.remind(NOON + dt.timedelta(31))
    assert joint.slots.count() > made
