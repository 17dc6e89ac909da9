"""More time for a part: asked for, granted or not, paused; all of it stays to be seen."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from dashboard.actions import set_day
from issues import actions, parts, terms
from issues.models import Extension, Measure, Pause
from tests.factories import NOON, TODAY, UnitFactory, UnitOfficerFactory
from tianshan.audit.models import Entry
from tianshan.workdays import changed
from tianshan.workdays.calendar import Calendar
from visits.models import Demand

pytestmark = pytest.mark.django_db
# NOON is a Thursday in October 2026: the measure runs until the 29th, also a Thursday.
DUE = NOON.date().replace(day=29)


def days(number, hour=0):
    return NOON + dt.timedelta(number, hours=hour)


@pytest.fixture
def lead(proposed, decide, officer, grid):
    helping = UnitOfficerFactory(
        post__grid=grid, unit=UnitFactory(name="城运中心", grid=grid)
    ).unit
    decide(proposed, supporting=[(helping, "接入巡查", DUE)])
    lead = proposed.measures.get().parts.get(lead=True)
    parts.confirm(lead, by=officer, at=NOON)
    lead.refresh_from_db()
    return lead


@pytest.fixture
def part(lead):
    part = lead.measure.parts.get(lead=False)
    parts.confirm(part, by=part.unit.officers.get().post.user, at=NOON)
    part.refresh_from_db()
    return part


def ask(part, by, *, until=DUE + dt.timedelta(7), at=NOON):
    return terms.ask(part, until=until, reason="等新车到货", by=by, at=at)


def answer(part, by, *, granted=True, words="车辆月底才到"):
    return terms.answer(part, granted=granted, words=words, by=by, at=days(1))


def test_a_granted_extension_moves_the_measure_and_its_demands(
    lead, officer, secretary
):
    ask(lead, officer)
    lead.refresh_from_db()
    assert lead.due_on == DUE  # until it is granted
    answer(lead, secretary)
    lead.refresh_from_db()
    later = DUE + dt.timedelta(7)
    assert lead.due_on == Measure.objects.get().due_on == later
    assert Demand.objects.get().due_on == later
    kept = Extension.objects.get()
    assert (kept.due_before, kept.until, kept.granted) == (DUE, later, True)
    assert kept.reason == "等新车到货"


def test_one_that_is_denied_stays_to_be_seen(lead, officer, secretary):
    ask(lead, officer)
    answer(lead, secretary, granted=False, words="借车先清运")
    lead.refresh_from_db()
    assert lead.due_on == DUE
    assert Extension.objects.get().answer == "借车先清运"
    ask(lead, officer)  # and may be asked for again


def test_it_is_asked_for_before_the_date(lead, officer):
    ask(lead, officer, at=NOON.replace(day=29))
    Extension.objects.all().delete()
    with pytest.raises(actions.Refused, match="期限已过"):
        ask(lead, officer, at=NOON.replace(day=30))


def test_it_is_longer_and_not_asked_twice(lead, officer):
    with pytest.raises(actions.Refused, match="晚于现在的期限"):
        ask(lead, officer, until=DUE)
    ask(lead, officer)
    with pytest.raises(actions.Refused, match="已经申请过"):
        ask(lead, officer)


def test_the_holder_does_not_grant_its_own(lead, officer):
    ask(lead, officer)
    with pytest.raises(PermissionDenied):
        answer(lead, officer)


def test_two_answers_at_once(lead, officer, secretary):
    ask(lead, officer)
    answer(lead, secretary)
    with pytest.raises(actions.Refused, match="可能已经答复"):
        answer(lead, secretary, granted=False)


def test_a_supporter_is_not_later_than_the_lead(lead, part, officer, secretary):
    ask(part, part.unit.officers.get().post.user)
    with pytest.raises(actions.Refused, match="先延长主办"):
        answer(part, secretary)
    ask(lead, officer)
    answer(lead, secretary)
    answer(part, secretary)
    part.refresh_from_db()
    assert part.due_on == DUE + dt.timedelta(7)


def test_no_date_lies_beyond_two_years(lead, officer, secretary):
    """A wrong century would leave it green for ever."""
    far = TODAY.replace(year=TODAY.year + 3)
    with pytest.raises(actions.Refused, match="两年以后"):
        ask(lead, officer, until=far)
    with pytest.raises(actions.Refused, match="两年以后"):
        pause(lead, secretary, until=far)


def pause(part, by, *, until, at=NOON):
    return terms.pause(part, until=until, reason="等业主大会", by=by, at=at)


def test_a_pause_moves_the_date_and_ends_by_itself(lead, secretary):
    calendar = Calendar.load()
    until = TODAY + dt.timedelta(6)
    stopped = calendar.between(TODAY - dt.timedelta(1), until)

    pause(lead, secretary, until=until)

    lead.refresh_from_db()
    assert lead.due_on == calendar.add(DUE, stopped)
    assert Measure.objects.get().due_on == lead.due_on
    assert lead.light(until).colour == "none"
    assert lead.light(until + dt.timedelta(1)).colour == "green"


def test_resuming_early_gives_back_what_was_not_needed(lead, secretary):
    calendar = Calendar.load()
    pause(lead, secretary, until=TODAY + dt.timedelta(12))
    with pytest.raises(actions.Refused, match="已经暂停"):
        pause(lead, secretary, until=TODAY + dt.timedelta(12))
    terms.resume(lead, reason="大会提前开了", by=secretary, at=days(4))
    lead.refresh_from_db()
    kept = Pause.objects.get()
    stopped = calendar.between(TODAY - dt.timedelta(1), TODAY + dt.timedelta(3))
    assert terms.days_of(kept, calendar) == stopped
    assert lead.due_on == calendar.add(DUE, stopped)
    assert lead.light(TODAY + dt.timedelta(4)).colour != "none"
    with pytest.raises(actions.Refused, match="没有暂停"):
        terms.resume(lead, reason="再来", by=secretary, at=days(5))


def test_an_extension_granted_while_paused_is_not_lost(lead, officer, secretary):
    calendar = Calendar.load()
    until = TODAY + dt.timedelta(6)
    ask(lead, officer)
    pause(lead, secretary, until=until)
    moved = calendar.add(DUE, calendar.between(TODAY - dt.timedelta(1), until)) - DUE
    answer(lead, secretary)
    lead.refresh_from_db()
    assert lead.due_on == DUE + dt.timedelta(7) + moved


def test_pauses_have_a_maximum_together(lead, secretary):
    far = TODAY + dt.timedelta(90)
    with pytest.raises(actions.Refused, match="最多 30 个工作日"):
        pause(lead, secretary, until=far)
    pause(lead, secretary, until=TODAY + dt.timedelta(13))
    with pytest.raises(actions.Refused, match="已用"):
        pause(lead, secretary, until=TODAY + dt.timedelta(60), at=days(14))


@pytest.mark.parametrize("who", ["officer", "leader", "sibling", "staff"])
def test_a_pause_is_the_bodys(request, lead, who):
    with pytest.raises(PermissionDenied):
        pause(lead, request.getfixturevalue(who), until=TODAY + dt.timedelta(2))


def test_a_pause_begins_before_the_date_and_ends_no_earlier_than_today(lead, secretary):
    with pytest.raises(actions.Refused, match="不能早于今天"):
        pause(lead, secretary, until=TODAY - dt.timedelta(1))
    with pytest.raises(actions.Refused, match="期限已过"):
        pause(lead, secretary, until=DUE + dt.timedelta(5), at=NOON.replace(day=30))


def test_a_supporter_does_not_pause_past_the_measure(part, secretary):
    with pytest.raises(actions.Refused, match="不能停到那以后"):
        pause(part, secretary, until=TODAY + dt.timedelta(6))
    part.refresh_from_db()
    assert part.due_on == DUE
    assert not Pause.objects.exists()


def test_a_pause_into_a_year_that_is_not_published(lead, officer, secretary):
    """Counted by the weekday rule until the notice is out; nothing raises."""
    Measure.objects.update(due_on=dt.date(2026, 12, 30))
    lead.due_on = dt.date(2026, 12, 30)
    lead.save(update_fields=["due_on"])
    at = NOON.replace(month=12, day=21)
    pause(lead, secretary, until=dt.date(2027, 1, 5), at=at)
    lead.refresh_from_db()
    assert lead.due_on.year == 2027


@pytest.fixture
def calendar_anew():
    """What a process has kept of the calendar outlives the rolling back of a test."""
    changed()
    yield
    changed()


@pytest.fixture
def into_2027(lead, secretary, calendar_anew):
    """Due 2026-12-30, paused from the 21st to 2027-01-05, counted by the weekday."""
    at = NOON.replace(month=12, day=21)
    Measure.objects.update(due_on=dt.date(2026, 12, 30))
    lead.measure.parts.update(due_on=dt.date(2026, 12, 30))
    lead.refresh_from_db()
    pause(lead, secretary, until=dt.date(2027, 1, 5), at=at)
    lead.refresh_from_db()
    return lead


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (dt.date(2026, 12, 29), -1),  # a day less of the pause is given back
        (dt.date(2027, 1, 4), 0),  # one less, and one more to wait over
        (dt.date(2027, 1, 8), 3),  # from a Friday to the Monday after it
    ],
)
def test_a_day_published_later_moves_what_a_pause_had_reckoned(
    into_2027, system_admin, day, moved
):
    expected = into_2027.due_on + dt.timedelta(moved)

    set_day(date=day, kind="holiday", name="调休", source="", by=system_admin, at=NOON)

    into_2027.refresh_from_db()
    assert into_2027.due_on == expected
    assert Measure.objects.get().due_on == expected
    assert {demand.due_on for demand in Demand.objects.all()} == {expected}
    recounted = Entry.objects.filter(verb="part.recounted")
    assert recounted.count() == bool(moved)


def test_a_day_published_later_takes_no_supporter_past_the_measure(
    part, secretary, system_admin, calendar_anew
):
    part.due_on = DUE - dt.timedelta(7)
    part.save(update_fields=["due_on"])
    pause(part, secretary, until=TODAY + dt.timedelta(6))
    part.refresh_from_db()
    assert part.due_on == DUE
    day = DUE - dt.timedelta(2)

    set_day(date=day, kind="holiday", name="调休", source="", by=system_admin, at=NOON)

    part.refresh_from_db()
    assert part.due_on == DUE


def test_a_date_that_was_granted_stays_as_it_was_set(
    into_2027, officer, secretary, system_admin
):
    at = NOON.replace(month=12, day=22)
    terms.ask(into_2027, until=dt.date(2027, 2, 1), reason="等新车", by=officer, at=at)
    terms.answer(into_2027, granted=True, words="同意", by=secretary, at=at)

    for day in (dt.date(2027, 1, 4), dt.date(2027, 1, 8)):
        set_day(date=day, kind="holiday", name="", source="", by=system_admin, at=NOON)

    into_2027.refresh_from_db()
    assert into_2027.due_on == dt.date(2027, 2, 1)
