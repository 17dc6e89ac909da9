"""The rules of grids: dated, inherited, effective tomorrow at the earliest."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard import rules, standing
from dashboard.models import Standing
from grids.models import GridRules
from grids.rules import Rules
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry
from tianshan.ledgers import touched
from visits import actions as visits
from visits.models import Demand

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
TOMORROW = TODAY + DAY
URL = "/values/rules/"
NONE = dict.fromkeys(GridRules.DEFAULTS)


def lay(grid, since, **values):
    """Rules as if laid down long ago."""
    return GridRules.objects.create(grid=grid, since=since, set_at=NOON, **values)


def set_rules(grid, admin, since=TOMORROW, at=NOON, **values):
    return rules.set_rules(grid, since=since, values=NONE | values, by=admin, at=at)


def read(grid, name, day=TODAY):
    return getattr(Rules.load().on(grid, day), name)


# --- which rules hold --------------------------------------------------------------


def test_without_any_row_the_defaults_hold(grid):
    assert vars(Rules.load().on(grid, TODAY)) == GridRules.DEFAULTS


def test_a_grid_has_its_own_or_else_the_upper_grids(street, grid, other_grid):
    lay(street, LIVE_ON, others_every=60, priority_every=20)
    lay(grid, LIVE_ON, priority_every=10)
    assert (read(grid, "others_every"), read(grid, "priority_every")) == (60, 10)
    assert read(other_grid, "priority_every") == 20


def test_a_row_holds_from_its_day_until_the_next(street, grid):
    lay(street, TODAY - 9 * DAY, others_every=60)
    lay(grid, TODAY - 6 * DAY, others_every=30)
    lay(grid, TODAY - 3 * DAY)  # leaves all to the street again
    days = (-10, -9, -7, -6, -4, -3, 0)
    held = [read(grid, "others_every", TODAY + day * DAY) for day in days]
    assert held == [90, 60, 60, 30, 30, 60, 60]


# --- laying them down --------------------------------------------------------------


def test_rules_hold_from_tomorrow_and_leave_their_line(system_admin, grid):
    row = set_rules(grid, system_admin, others_every=60)
    assert read(grid, "others_every", TODAY) == 90
    assert read(grid, "others_every", TOMORROW) == 60
    entry = Entry.objects.get(verb="grid.rules_set")
    assert (entry.by, entry.subject_id) == (system_admin, row.pk)
    assert entry.data["changed"] == {"others_every": [None, 60]}


@pytest.mark.parametrize("day", [TODAY, TODAY - DAY])
def test_no_day_that_has_come_gets_other_rules(system_admin, grid, day):
    with pytest.raises(rules.Refused, match="最早从明天起"):
        set_rules(grid, system_admin, since=day, others_every=60)
    assert not GridRules.objects.exists()


def test_a_coming_day_has_rules_once(system_admin, grid):
    set_rules(grid, system_admin, others_every=60)
    set_rules(grid, system_admin, others_every=45)
    assert grid.rules.get().others_every == 45


def test_what_changes_nothing_is_refused(system_admin, grid):
    lay(grid, LIVE_ON, others_every=60)
    with pytest.raises(rules.Refused, match="没有要改的"):
        set_rules(grid, system_admin, others_every=60)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"priority_every": 91}, "重点走访周期"), ({"ordinary_within": 16}, "一般诉求")],
)
def test_the_stricter_is_never_the_longer(system_admin, grid, values, words):
    """Against what is inherited, too."""
    with pytest.raises(rules.Refused, match=words):
        set_rules(grid, system_admin, **values)
    assert not GridRules.objects.exists()
    assert vars(Rules.load().on(grid, TOMORROW)) == GridRules.DEFAULTS


def test_rules_that_have_not_come_can_be_dropped(system_admin, grid):
    row = set_rules(grid, system_admin, others_every=60)
    rules.drop_rules(row, by=system_admin, at=NOON)
    assert not GridRules.objects.exists()
    assert Entry.objects.filter(verb="grid.rules_dropped").exists()


def test_rules_in_force_are_not_dropped(system_admin, grid):
    row = set_rules(grid, system_admin, others_every=60)
    with pytest.raises(rules.Refused, match="已经生效"):
        rules.drop_rules(row, by=system_admin, at=NOON + DAY)


def test_only_the_system_administrator_of_the_place_may(chief, leader, grid, street):
    row = lay(grid, TODAY + 9 * DAY, others_every=60)
    for user in (chief, leader):
        with pytest.raises(PermissionDenied):
            set_rules(grid, user, others_every=60)
        with pytest.raises(PermissionDenied):
            rules.drop_rules(row, by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            rules.set_live(grid, on=TOMORROW, by=user, at=NOON)


def test_the_go_live_day_moves_until_it_has_come(system_admin, grid):
    grid.live_on = TODAY + 5 * DAY
    grid.save()
    rules.set_live(grid, on=TODAY + 2 * DAY, by=system_admin, at=NOON)
    grid.refresh_from_db()
    assert grid.live_on == TODAY + 2 * DAY
    assert Entry.objects.filter(verb="grid.live_set").exists()
    with pytest.raises(rules.Refused, match="最早是明天"):
        rules.set_live(grid, on=TODAY, by=system_admin, at=NOON)
    with pytest.raises(rules.Refused, match="已经启用"):
        rules.set_live(grid, on=TODAY + 9 * DAY, by=system_admin, at=NOON + 2 * DAY)


# --- what follows from them --------------------------------------------------------


@pytest.fixture
def visited(grid):
    """Covered, and visited sixty days ago."""
    shop = BusinessFactory(grid=grid)
    CoverageFactory(business=shop, since=LIVE_ON)
    VisitFactory(business=shop, visited_on=TODAY - 60 * DAY)
    touched([shop.pk])
    return shop


def effective(shop, day):
    return Standing.objects.on(day).effective(day).filter(business=shop).exists()


def test_a_shorter_cycle_counts_from_its_day_on_and_not_before(
    visited, system_admin, street
):
    set_rules(street, system_admin, others_every=30)
    assert effective(visited, TODAY)
    assert not effective(visited, TOMORROW)
    assert effective(visited, TODAY - 25 * DAY), "35 days after the visit, but then"


def test_dropping_puts_standing_back(visited, system_admin, grid):
    row = set_rules(grid, system_admin, others_every=30)
    rules.drop_rules(row, by=system_admin, at=NOON)
    assert effective(visited, TOMORROW)


def test_another_go_live_day_moves_the_first_clock(system_admin, grid):
    grid.live_on = TODAY + 5 * DAY
    grid.save()
    shop = BusinessFactory(grid=grid, discovered_on=LIVE_ON)
    touched([shop.pk])
    rules.set_live(grid, on=TODAY + 2 * DAY, by=system_admin, at=NOON)
    due = shop.standings.get(until=None).visited_until
    assert due == TODAY + 92 * DAY


def test_a_deadline_is_of_the_rules_of_the_day_on_which_its_clock_began(
    visited, staff, chief, grid
):
    lay(grid, TODAY, ordinary_within=2, told_within=1)

    def raised(day):
        return visits.raise_demand(
            visited,
            category=CategoryFactory(),
            words="请帮忙",
            source=Demand.Source.CALL,
            raised_on=day,
            by=staff,
            at=NOON,
        )

    before, since = raised(TODAY - DAY), raised(TODAY)
    # From a Wednesday five working days, from a Thursday two.
    assert before.due_on == dt.date(2026, 10, 21)
    assert since.due_on == dt.date(2026, 10, 19)
    answered = visits.answer(before, words="已办", by=chief, at=NOON)
    assert answered.tell_by == dt.date(2026, 10, 16)


@pytest.fixture
def parts(monkeypatch):
    """What a room that keeps activities would say."""
    rows = []
    monkeypatch.setattr(standing, "TAKING_PART", [lambda ids: rows])
    return rows


def absent(shop):
    return shop.standings.get(until=None).absent_from


def test_taking_part_counts_for_enterprises_unless_a_grid_says_otherwise(parts, grid):
    firm = BusinessFactory(grid=grid, kind="enterprise")
    shop = BusinessFactory(grid=grid, kind="merchant")
    parts.append((firm.pk, TODAY - 10 * DAY))
    touched([firm.pk, shop.pk])
    assert (absent(firm), absent(shop)) == (TODAY + 356 * DAY, None)
    lay(grid, TODAY, enterprises_take_part=False, merchants_take_part=True)
    touched([firm.pk, shop.pk])
    assert (absent(firm), absent(shop)) == (None, LIVE_ON + 366 * DAY)


def test_where_no_room_keeps_activities_nobody_is_absent(grid, monkeypatch):
    monkeypatch.setattr(standing, "TAKING_PART", [])
    firm = BusinessFactory(grid=grid, kind="enterprise")
    touched([firm.pk])
    assert absent(firm) is None


# --- the pages ---------------------------------------------------------------------


def test_the_list_shows_each_grid_and_whose_rule_it_is(client_of, system_admin, grid):
    lay(grid, LIVE_ON, others_every=77)
    page = client_of(system_admin).get(URL)
    assert "<b>77 天</b>" in page.text
    assert page.text.count("data-id=") == 2


def test_the_form_lays_rules_down_and_the_page_tells_them_in_words(
    client_of, system_admin, grid
):
    first = timezone.localdate() + DAY
    client, url = client_of(system_admin), f"{URL}{grid.code}/"
    data = {"since": first, "others_every": "60", "merchants_take_part": "True"}
    page = client.post(url, data, follow=True)
    row = grid.rules.get()
    assert (row.others_every, row.priority_every) == (60, None)
    assert (row.merchants_take_part, row.enterprises_take_part) == (True, None)
    assert "一般走访周期：随上级 → 60 天" in page.text
    assert "商户看参与服务：随上级 → 计入达标" in page.text
    client.post(f"{URL}{row.pk}/drop/")
    assert not grid.rules.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("others_every", "0"), ("since", "2020-01-01"), ("new_within", "x")],
)
def test_what_cannot_be_is_said_and_kept_in_the_form(
    client_of, system_admin, grid, field, value
):
    first = (timezone.localdate() + DAY).isoformat()
    data = {"since": first, "hard_within": "20", field: value}
    page = client_of(system_admin).post(f"{URL}{grid.code}/", data)
    assert page.status_code == 400
    assert 'value="20"' in page.text
    assert not grid.rules.exists()


def test_the_go_live_day_can_be_set_until_it_has_come(client_of, system_admin, grid):
    client, url = client_of(system_admin), f"{URL}{grid.code}/"
    assert "不能再改" in client.get(url).text
    grid.live_on = timezone.localdate() + 5 * DAY
    grid.save()
    assert "保存启用日" in client.get(url).text
    day = timezone.localdate() + 2 * DAY
    client.post(f"{url}live/", {"on": day})
    grid.refresh_from_db()
    assert grid.live_on == day
    assert client.post(f"{url}live/", {"on": "2020-01-01"}).status_code == 400


def test_nobody_else_opens_the_pages(client_of, chief, clerk, grid):
    for user in (chief, clerk):
        assert client_of(user).get(URL).status_code == 403
        assert client_of(user).get(f"{URL}{grid.code}/").status_code == 403
