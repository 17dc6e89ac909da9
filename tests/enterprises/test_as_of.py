"""The ledgers as they were on a day: what moved, closed or changed hands since stays."""

import csv
import datetime as dt
import io

import pytest

from enterprises import actions
from enterprises.models import Business, Coverage
from tests.factories import (
    NOON,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    OrganizationFactory,
    PostFactory,
)
from tianshan.ledgers import LEDGERS

FEBRUARY = dt.date(2026, 2, 28)
MARCH = dt.date(2026, 3, 10)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture
def shops(grid):
    """Three in the old market; the places are the seed's, the shops invented."""
    market = BuildingFactory(grid=grid, name="天山茶城")
    return [
        BusinessFactory(grid=grid, building=market, room=f"B0{n}", name=f"茶行{n}")
        for n in range(3)
    ]


@pytest.fixture
def tower(grid):
    return BuildingFactory(grid=grid, name="金虹桥")


def listed(client, **query):
    page = client.get("/merchants/", {"sort": "name", "columns": "all", **query})
    return page.text.partition("<tbody>")[2].partition("</tbody>")[0]


def exported(client, **query):
    query = {"sort": "building", "format": "csv", **query}
    response = client.get("/merchants/", query)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return [row[:-1] for row in csv.reader(io.StringIO(text))][1:]


def change_all(shops, tower, chief, grid):
    """A move, a closing, a new neighbour and another organisation, all in March."""
    actions.move(
        shops[0],
        grid=grid,
        building=tower,
        room="1201",
        since=MARCH,
        by=chief,
        at=NOON,
    )
    actions.set_state(shops[1], state="closed", since=MARCH, by=chief, at=NOON)
    BusinessFactory(grid=grid, name="新开茶行", discovered_on=MARCH)
    Coverage.objects.filter(business=shops[2]).update(until=MARCH)
    CoverageFactory(business=shops[2], mode=Coverage.Mode.OWN, since=MARCH)


def test_february_does_not_change_when_a_shop_moves_in_march(
    client_of, clerk, chief, grid, shops, tower
):
    CoverageFactory(business=shops[2], organization=OrganizationFactory(grid=grid))
    client = client_of(clerk)
    before = listed(client, on="2026-02-28"), exported(client, on="2026-02-28")
    today = listed(client)

    change_all(shops, tower, chief, grid)

    after = listed(client, on="2026-02-28"), exported(client, on="2026-02-28")
    assert after == before
    assert listed(client) != today
    assert "天山茶城" in before[0]
    assert "金虹桥" not in before[0]


def names(client, **query):
    page = client.get("/merchants/", {"sort": "name", **query})
    return [row.name for row in page.context["page"]]


def test_filters_ask_the_day_and_not_today(
    client_of, clerk, chief, grid, shops, tower, other_grid
):
    PostFactory(user=chief, grid=other_grid, role="grid_chief")
    CoverageFactory(business=shops[2], organization=OrganizationFactory(grid=grid))
    change_all(shops, tower, chief, grid)
    client = client_of(clerk)
    old = shops[0].occupancies.order_by("since").first().building

    assert names(client, building=old.pk, on=FEBRUARY) == ["茶行0", "茶行1", "茶行2"]
    assert names(client, building=tower.pk, on=FEBRUARY) == []
    assert names(client, building=tower.pk) == ["茶行0"]
    assert names(client, state="closed", on=FEBRUARY) == []
    assert names(client, state="closed") == ["茶行1"]
    assert names(client, mode="own", on=FEBRUARY) == []
    assert names(client, mode="place", on=FEBRUARY) == ["茶行2"]
    assert names(client, mode="own") == ["茶行2"]
    assert "新开茶行" not in names(client, on=FEBRUARY)


def test_sorting_asks_the_day_too(client_of, clerk, chief, grid, shops, tower):
    change_all(shops, tower, chief, grid)
    client = client_of(clerk)
    by_room = [row[3] for row in exported(client, on="2026-02-28", sort="room")]
    assert by_room == sorted(by_room)


def test_as_of_today_is_the_list_of_today(client_of, clerk, chief, grid, shops, tower):
    CoverageFactory(business=shops[2], organization=OrganizationFactory(grid=grid))
    change_all(shops, tower, chief, grid)
    client = client_of(clerk)
    assert exported(client, on=NOON.date().isoformat()) == exported(client)


def test_the_past_is_seen_with_todays_rights(client_of, stranger, shops):
    assert names(client_of(stranger), on=FEBRUARY) == []


def test_the_day_is_a_chip_and_nothing_is_edited_in_the_past(client_of, clerk, shops):
    page = client_of(clerk).get("/merchants/", {"on": "2026-02-28"})
    chip = page.context["chips"][-1]
    assert (chip["label"], chip["value"]) == ("截至", "2026-02-28")
    assert "on=" not in chip["url"]
    assert page.context["edits"] == []
    assert "批量" not in page.text


@pytest.mark.parametrize(
    ("on", "why"),
    [
        ("2026-02-30", "不是可用的日期"),
        ("昨天", "不是可用的日期"),
        ("1899-01-01", "只能查 2000 年到 2100 年"),
        ("2026-12-31", "还没到"),
    ],
)
def test_a_day_that_cannot_be_is_refused_in_words(client_of, clerk, on, why):
    page = client_of(clerk).get("/merchants/", {"on": on})
    assert page.status_code == 400
    assert why in page.text


def test_a_ledger_without_dates_says_so(client_of, clerk):
    page = client_of(clerk).get("/buildings/", {"on": "2026-02-28"})
    assert page.status_code == 400
    assert "没有按日期的记录" in page.text


def test_organisations_as_they_stood(client_of, clerk, grid):
    OrganizationFactory(grid=grid, name="老支部", founded_on=dt.date(2025, 1, 1))
    OrganizationFactory(grid=grid, name="新支部", founded_on=MARCH)
    page = client_of(clerk).get("/party/", {"on": "2026-02-28"})
    assert [row.name for row in page.context["page"]] == ["老支部"]


@pytest.mark.parametrize("count", [1, 3])
def test_looking_back_costs_the_same_for_any_number_of_rows(
    client_of, clerk, grid, count, django_assert_max_num_queries
):
    for n in range(count):
        building = BuildingFactory(grid=grid)
        BusinessFactory(grid=grid, building=building, room=str(n))
    client = client_of(clerk)
    client.get("/merchants/")
    with django_assert_max_num_queries(9):  # count, buildings and grids of the day more
        client.get("/merchants/", {"on": "2026-02-28"})


@pytest.mark.parametrize(
    ("ledger", "column"),
    [
        (ledger.key, column.key)
        for ledger in LEDGERS.values()
        for column in ledger.columns
        if ledger.key in ("merchants", "party", "visits")
    ],
)
def test_each_column_can_be_shown_alone(client_of, clerk, grid, shops, ledger, column):
    OrganizationFactory(grid=grid)
    page = client_of(clerk).get(LEDGERS[ledger].url, {"columns": column})
    assert page.status_code == 200
    assert Business.objects.count() == 3


@pytest.mark.parametrize(
    ("words", "today", "february"),
    [("b00", 0, 1), ("1201", 1, 0), ("茶行0", 1, 1), ("B01", 1, 1)],
)
def test_a_room_is_searched_as_it_was_on_the_day(
    client_of, clerk, chief, grid, shops, tower, words, today, february
):
    change_all(shops, tower, chief, grid)
    client = client_of(clerk)
    now = client.get("/merchants/", {"q": words}).text
    then = client.get("/merchants/", {"q": words, "on": "2026-02-28"}).text
    assert f'data-total="{today}"' in now
    assert f'data-total="{february}"' in then
