"""The elevation of a building: its blocks, its legend, its months, its ledger."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard import building as figures
from dashboard import elevation
from dashboard.figures import standings
from enterprises import actions
from enterprises.models import Business, Caretaker, Coverage
from tests.factories import (
    LIVE_ON,
    NOON,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    VisitFactory,
)
from tianshan.ledgers import Scope

pytestmark = pytest.mark.django_db
MODES = Coverage.Mode


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def shops(tower, grid, today):
    """One business of each kind of standing, on three floors and one that is unclear."""
    recent = today - dt.timedelta(10)

    def shop(name, room, **facts):
        return BusinessFactory(name=name, room=room, building=tower, grid=grid, **facts)

    effective = shop("启航贸易", "1801室", trade="贸易", staff_count=10)
    VisitFactory(business=effective, visited_on=recent)
    CoverageFactory(business=effective, mode=MODES.OWN)
    gap = shop("百川设计", "1802室", trade="设计", staff_count=5, members_count=2)
    VisitFactory(business=gap, visited_on=today - dt.timedelta(200))
    CoverageFactory(business=gap)
    fresh = shop("云岭咨询", "2F-15", trade="咨询", discovered_on=today)
    CoverageFactory(business=fresh, since=today)
    bare = shop("远山软件", "B1-03", trade="软件")
    DemandFactory(business=bare, raised_on=recent, due_on=today - dt.timedelta(1))
    shop("物业处", "A-12", kind=Business.Kind.PROPERTY)
    return {"effective": effective, "gap": gap, "fresh": fresh, "bare": bare}


def page(client, tower, query=""):
    url = reverse("dashboard:elevation_page", args=[tower.pk])
    response = client.get(url + query)
    assert response.status_code == 200
    return response


def test_floors_stand_from_the_top_and_each_business_has_its_block(
    client_of, staff, tower, shops
):
    shown = page(client_of(staff), tower)
    rows = shown.context["rows"]
    assert [row.floor.label for row in rows] == ["18 层", "2 层", "B1", "楼层不详"]
    assert [len(row.blocks) for row in rows] == [2, 1, 1, 1]
    assert [row.effective for row in rows] == [1, 0, 0, 0]
    assert 'data-total="5"' in shown.text
    assert len(re.findall(r'<a href="[^"]+" class="u ', shown.text)) == 5


def test_symbols_tell_apart_what_colours_do(client_of, staff, tower, shops):
    blocks = page(client_of(staff), tower).context["blocks"]
    symbols = {block.business.name: block.symbol for block in blocks}
    assert symbols == {
        "启航贸易": "支",
        "百川设计": "–",
        "云岭咨询": "…",
        "远山软件": "×",
        "物业处": "·",
    }


@pytest.mark.parametrize("by", elevation.ATTRIBUTES)
def test_each_count_of_the_legend_opens_as_many_rows(
    client_of, staff, tower, shops, by
):
    client = client_of(staff)
    shown = page(client, tower, f"?by={by}").context
    assert sum(line["count"] for line in shown["legend"]) == len(shown["blocks"]) == 5
    links = [(line["count"], line["url"]) for line in shown["legend"]]
    links += [(5, shown["all_url"])]
    for count, url in links:
        ledger = client.get(url)
        assert f'data-total="{count}"' in ledger.text
        assert tower.name in ledger.context["chips"][0]["value"]
    if by == "coverage":
        assert 'data-total="1"' in client.get(shown["seats_url"]).text


@pytest.mark.parametrize(
    ("by", "classes"),
    [
        ("coverage", {"effective": "e", "gap": "g", "fresh": "n", "bare": "x"}),
        ("visit", {"effective": "e", "gap": "g", "fresh": "x", "bare": "x"}),
        ("demands", {"effective": "n", "gap": "n", "fresh": "n", "bare": "p"}),
        ("mode", {"effective": "p", "gap": "h", "fresh": "h", "bare": "x"}),
    ],
)
def test_the_attribute_chosen_colours_the_blocks(
    client_of, staff, tower, shops, by, classes
):
    blocks = page(client_of(staff), tower, f"?by={by}").context["blocks"]
    css = {block.business.pk: block.tone.css for block in blocks}
    assert {name: css[shop.pk] for name, shop in shops.items()} == classes


def test_the_frequent_trades_get_a_colour_and_the_rest_share_one(
    client_of, staff, tower, grid
):
    for place in range(9):
        BusinessFactory(
            room=f"{place}01", trade=f"行业{place}", building=tower, grid=grid
        )
    shown = page(client_of(staff), tower, "?by=trade").context
    symbols = [line["tone"].symbol for line in shown["legend"][:7]]
    assert len(set(symbols)) == 7
    other = next(line for line in shown["legend"] if line["tone"].key == "other")
    assert other["count"] == 2


def test_the_table_holds_the_same_businesses(client_of, staff, tower, shops):
    client = client_of(staff)
    blocks, table = page(client, tower), page(client, tower, "?view=table")
    assert 'data-total="5"' in table.text
    ids = [re.findall(r'data-id="(\d+)"', text) for text in (blocks.text, table.text)]
    assert ids[0] == ids[1]


# --- on a day ------------------------------------------------------------------------


def test_who_moved_in_march_stands_in_the_old_room_in_february(
    client_of, clerk, tower, grid, today
):
    shop = BusinessFactory(room="301", building=tower, grid=grid, name="迁店茶行")
    CoverageFactory(business=shop, since=LIVE_ON)
    year = today.year if today.month > 3 else today.year - 1
    actions.move(
        shop,
        grid=grid,
        building=tower,
        room="1501",
        since=dt.date(year, 3, 10),
        by=clerk,
        at=NOON,
    )
    client = client_of(clerk)
    floors = {
        month: page(client, tower, f"?month={year}-{month}").context["rows"][0].floor
        for month in ("02", "03")
    }
    assert [floors["02"].level, floors["03"].level] == [3, 15]
    february = page(client, tower, f"?month={year}-02").context
    assert client.get(february["all_url"]).context["total"] == 1


def test_who_left_the_building_still_stands_there_before(
    client_of, clerk, tower, grid, today
):
    shop = BusinessFactory(room="301", building=tower, grid=grid)
    month = today.replace(day=1)
    actions.move(
        shop,
        grid=grid,
        building=BuildingFactory(grid=grid),
        room="1",
        since=month,
        by=clerk,
        at=NOON,
    )
    client = client_of(clerk)
    before = (month - dt.timedelta(1)).strftime("%Y-%m")
    assert len(page(client, tower).context["blocks"]) == 0
    then = page(client, tower, f"?month={before}").context
    assert len(then["blocks"]) == 1
    assert client.get(then["all_url"]).context["total"] == 1


def test_an_unknown_month_or_attribute_shows_today(client_of, staff, tower, today):
    for query in ("?month=1999-01", "?month=x&by=y", "?month=9999-99"):
        assert page(client_of(staff), tower, query).context["day"] == today


@pytest.mark.parametrize(
    "block",
    [
        "x",
        "1",
        "1:2026-13-01:coverage:all",
        "9:2026-01-01:coverage:all",
        "1:2026-01-01:z:a",
    ],
)
def test_an_address_that_cannot_be_opens_no_rows(client_of, staff, tower, shops, block):
    response = client_of(staff).get("/businesses/", {"block": block})
    assert response.status_code == 200
    assert response.context["total"] == 0


# --- who sees what -------------------------------------------------------------------


def test_outside_there_is_no_elevation(client_of, stranger, tower, shops):
    for name in ("dashboard:elevation_page", "dashboard:for_building"):
        url = reverse(name, args=[tower.pk])
        assert client_of(stranger).get(url).status_code == 404
    block = f"/businesses/?block={tower.pk}:{timezone.localdate()}:coverage:all"
    assert client_of(stranger).get(block).context["total"] == 0


def test_a_branch_sees_only_those_that_it_covers(
    client_of, secretary, branch, tower, shops
):
    CoverageFactory(business=shops["bare"], organization=branch)
    blocks = page(client_of(secretary), tower).context["blocks"]
    assert [block.business for block in blocks] == [shops["bare"]]


@pytest.mark.parametrize("count", [1, 40])
def test_the_elevation_costs_the_same_for_any_number_of_businesses(
    client_of, staff, tower, grid, django_assert_max_num_queries, count
):
    for place in range(count):
        BusinessFactory(room=f"{place + 1}01", building=tower, grid=grid)
    client = client_of(staff)
    with django_assert_max_num_queries(9):
        assert len(page(client, tower).context["blocks"]) == count


# --- the strip and the plan's figures ------------------------------------------------


def test_the_figures_of_a_building_are_counts_of_its_rows(
    client_of, staff, tower, shops, grid, today
):
    tower.units = 20
    tower.save()
    strip = figures.counts(tower, staff, today)
    expected = {"counted": 4, "covered": 3, "effective": 1, "staff": 15, "members": 2}
    assert {key: strip[key] for key in expected} == expected
    assert (strip["total"], strip["rooms"], strip["vacant"]) == (5, 5, 15)
    assert strip["no_staff"] == "2 家未填"
    client = client_of(staff)
    for key in ("counted", "covered", "effective", "visits", "demands", "issues"):
        assert client.get(strip[f"{key}_url"]).context["total"] == strip[key], key

    scope = Scope(user=staff, grid=grid, start=LIVE_ON, end=today, today=today)
    assert standings(scope).covered().count() == strip["covered"]
    assert standings(scope).effective(today).count() == strip["effective"]


def test_a_plan_takes_its_figures_from_the_whole_building(tower, shops, today):
    rows = {row["key"]: row for row in figures.plan_figures(tower, today)}
    assert rows["counted"]["value"] == 4
    assert rows["effective"]["value"] == 1
    assert rows["demands"]["value"] == 1
    assert rows["staff"]["note"] == "2 家未填"
    assert "vacant" not in rows


def test_the_buildings_page_loads_its_parts(client_of, staff, tower, shops, grid):
    Caretaker.objects.create(
        user=staff, grid=grid, building=tower, floor="18", since=LIVE_ON
    )
    client = client_of(staff)
    text = client.get(f"{tower.get_absolute_url()}?month=2026-03&by=visit").text
    text = text[text.index("<main") :]
    for part in re.findall(r'hx-get="([^"]+)"', text):
        response = client.get(
            part.replace("&amp;", "&"), headers={"HX-Request": "true"}
        )
        assert response.status_code == 200
        assert "<html" not in response.text
    assert "month=2026-03&amp;by=visit" in text
    care = client.get(reverse("enterprises:for_building", args=[tower.pk])).text
    assert "18：staff" in care


def test_the_page_that_it_is_part_of_keeps_what_was_chosen(
    client_of, staff, tower, today
):
    url = reverse("dashboard:elevation_page", args=[tower.pk])
    query = f"?month={today:%Y-%m}&by=visit"
    for current in (tower.get_absolute_url(), url):
        response = client_of(staff).get(
            url + query,
            headers={
                "HX-Request": "true",
                "HX-Current-URL": f"http://testserver{current}",
            },
        )
        assert response.headers["HX-Replace-Url"] == current + query
