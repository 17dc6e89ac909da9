"""The day's walk: whom, why and in which order, made by the system."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard.walk import walk_of
from enterprises.models import Caretaker, Priority
from tests import factories as make
from tianshan.ledgers import touched
from visits import doors, promises
from visits.models import Demand, DoorReport, Visit

NOW, TODAY = make.NOON, make.TODAY
DAY = dt.timedelta(1)
MONDAY = dt.date(2026, 11, 23)
FRIDAY = MONDAY - 3 * DAY


def visited(shop, staff, day, hour=10, outcome="normal"):
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))
    return make.VisitFactory(
        business=shop,
        visitor=staff,
        visited_on=day,
        filled_at=at,
        arrived_at=at,
        outcome=outcome,
    )


def reasons(user, day):
    return {
        stop.business.name: [words for _, words in stop.reasons]
        for stop in walk_of(user, day).stops
    }


@pytest.fixture
def tower(grid):
    return make.BuildingFactory(grid=grid, name="金虹桥国际中心", floors=36)


@pytest.fixture
def calm(grid, tower, staff):
    """A shop to which nothing is owed: visited a while ago, and not yet due."""
    shop = make.BusinessFactory(grid=grid, building=tower, room="1801", name="静店")
    visited(shop, staff, TODAY - 30 * DAY)
    return shop


def test_one_walk_goes_by_building_from_the_top_floor_down(grid, tower, staff):
    market = make.BuildingFactory(grid=grid, name="阿市场")
    rooms = ["301", "2405", "1805", "2401"]
    places = [(market, "B08"), *((tower, room) for room in rooms)]
    for building, room in places:
        shop = make.BusinessFactory(grid=grid, building=building, room=room, name=room)
        visited(shop, staff, TODAY - 90 * DAY)
    names = [stop.business.name for stop in walk_of(staff, TODAY).stops]
    assert names == ["B08", "2401", "2405", "1805", "301"]


def test_new_priority_and_others_are_due_by_their_own_cycle(grid, staff):
    new = make.BusinessFactory(grid=grid, name="新店", discovered_on=MONDAY)
    kept = make.BusinessFactory(grid=grid, name="重点店", priority=True)
    Priority.objects.create(business=kept, since=MONDAY - 60 * DAY, reason="消防")
    other = make.BusinessFactory(grid=grid, name="一般店")
    for shop in (kept, other):
        visited(shop, staff, MONDAY - 30 * DAY)
    touched([new.pk, kept.pk, other.pk])
    assert reasons(staff, MONDAY) == {"新店": ["剩 7 天"], "重点店": ["今天到期"]}


def test_a_promise_comes_back_with_its_day(calm, staff):
    visit = Visit.objects.get()
    made = promises.promise(
        visit, words="带停车单", due_on=MONDAY + 9 * DAY, by=staff, at=NOW
    )
    assert reasons(staff, MONDAY) == {}
    assert reasons(staff, MONDAY + 2 * DAY) == {
        "静店": ["答应：带停车单（12月2日以前）"]
    }
    late = walk_of(staff, MONDAY + 10 * DAY).stops[0]
    assert late.reasons[0][0] == "red"
    promises.keep(made, by=staff, at=NOW)
    assert reasons(staff, MONDAY + 2 * DAY) == {}


def test_whoever_is_to_be_told_is_on_the_way(calm, staff):
    make.DemandFactory(
        business=calm,
        state=Demand.State.ANSWERED,
        outcome="改到八点",
        outcome_on=FRIDAY,
        tell_by=MONDAY,
    )
    assert reasons(staff, MONDAY) == {"静店": ["要告诉他 1 件结果"]}


def test_who_was_not_met_comes_back_the_next_working_day_at_another_time(
    grid, staff, tower
):
    shop = make.BusinessFactory(grid=grid, building=tower, name="空店")
    visited(shop, staff, FRIDAY - 89 * DAY)
    visited(shop, staff, FRIDAY, hour=10, outcome="absent")

    for day in (FRIDAY, FRIDAY + DAY, FRIDAY + 2 * DAY):
        walk = walk_of(staff, day)
        assert (walk.stops, walk.tried) == ([], 1)
    assert reasons(staff, MONDAY)["空店"][-1] == (
        "1 次没遇到人，上次11月20日上午，换下午去"
    )
    visited(shop, staff, MONDAY, hour=15, outcome="absent")
    tuesday = reasons(staff, MONDAY + DAY)["空店"][-1]
    assert tuesday == "2 次没遇到人，上次11月23日下午，换上午去"
    visited(shop, staff, MONDAY + DAY)
    assert reasons(staff, MONDAY + 2 * DAY) == {}


def test_a_call_or_a_void_attempt_is_no_attempt(calm, staff):
    at = {"business": calm, "visitor": staff, "visited_on": MONDAY, "outcome": "absent"}
    make.VisitFactory(method="phone", **at)
    assert reasons(staff, MONDAY + DAY) == {}


def test_it_is_ones_own_caseload(grid, staff, stranger):
    mine, other = (
        make.BusinessFactory(grid=grid, name=name) for name in ("静店", "别人的店")
    )
    for shop in (mine, other):
        visited(shop, staff, TODAY - 95 * DAY)
    assert set(reasons(staff, TODAY)) == {"静店", "别人的店"}
    Caretaker.objects.create(
        user=staff, grid=grid, business=mine, since=dt.date(2026, 1, 1)
    )
    assert list(reasons(staff, TODAY)) == ["静店"]
    assert reasons(stranger, TODAY) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_the_walk_costs_the_same_for_any_number(
    client_of, grid, tower, staff, count, django_assert_max_num_queries
):
    for number in range(count):
        shop = make.BusinessFactory(grid=grid, building=tower, room=f"{number + 1}01")
        visit = visited(shop, staff, TODAY - 95 * DAY)
        visited(shop, staff, TODAY - 5 * DAY, outcome="absent")
        promises.promise(visit, words="甲", due_on=TODAY, by=staff, at=NOW)
    client = client_of(staff)
    client.get("/visits/plan/")
    with django_assert_max_num_queries(24):
        page = client.get("/visits/plan/").content.decode()
    assert page.count("次没遇到人") == count


def test_the_plan_and_the_days_work_show_the_same_stops(client_of, calm, staff):
    promises.promise(
        Visit.objects.get(), words="带停车单", due_on=TODAY, by=staff, at=NOW
    )
    for page in (reverse("dashboard:plan"), reverse("dashboard:work")):
        text = client_of(staff).get(page).content.decode()
        assert "静店" in text
        assert "18 层" in text
        assert "答应：带停车单" in text


def test_the_days_work_says_what_waits_to_be_checked(client_of, staff, clerk, calm):
    seen, _ = doors.report(
        kind=DoorReport.Kind.GONE,
        business=calm,
        client_key="11111111-1111-4111-8111-111111111111",
        seen_on=TODAY,
        filled_at=NOW,
        by=staff,
        at=NOW,
    )
    assert "1 条门口情况等您核实" in client_of(clerk).get("/work/").content.decode()
    doors.decline(seen, reason="只是装修", by=clerk, at=NOW)
    mine = client_of(staff).get("/work/").content.decode()
    assert "只是装修" in mine
