"""The map and its list: the same buildings, and numbers that open their rows."""

import datetime as dt
import html
import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard import map as maps
from dashboard import map_views
from grids.coordinates import System
from grids.models import Outline
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    StationFactory,
    VisitFactory,
)
from tianshan.ledgers import kept

PAGE = reverse("dashboard:map")
WEST, SOUTH = 121.40, 31.21
DAY = dt.timedelta(days=1)


def outline(west, south, size=0.002, **of):
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    shape = {"type": "Polygon", "coordinates": [ring]}
    return Outline.objects.create(shape=shape, source_crs=System.WGS84, **of)


@pytest.fixture
def market(grid, branch):
    """Four shops: two covered, one of these visited lately; one asks for something."""
    today = timezone.localdate()
    market = BuildingFactory(grid=grid, name="天山茶城")
    shops = BusinessFactory.create_batch(4, grid=grid, building=market)
    for shop in shops[:2]:
        CoverageFactory(business=shop, organization=branch, since=today - 200 * DAY)
    VisitFactory(business=shops[0], visited_on=today - 10 * DAY)
    DemandFactory(business=shops[1], raised_on=today, due_on=today + 5 * DAY)
    return market


def shown(page):
    """`{(name, words)}` of the list, and how many the page says there are."""
    rows = re.findall(r'<tr><td><a class="link" href="([^"]+)">([^<]+)</a>', page)
    return [name for _, name in rows], int(re.search(r'data-total="(\d+)"', page)[1])


def drawn(page):
    return re.findall(r'<a href="([^"]+)" aria-label="([^"]+)"><title>[^阵]', page)


@pytest.mark.parametrize("by", ["coverage", "visit", "demands"])
def test_map_and_list_hold_the_same_buildings(client_of, leader, grid, market, by):
    outline(WEST, SOUTH, building=market)
    empty = BuildingFactory(
        grid=grid, name="空楼", longitude="121.405000", latitude="31.212000"
    )
    BuildingFactory(grid=grid, name="没有位置的楼")
    page = client_of(leader).get(PAGE, {"by": by}).text
    names, total = shown(page)
    assert sorted(names) == sorted(["天山茶城", "空楼", "没有位置的楼"])
    assert total == 3
    assert "其中 1 处不在图上" in page
    assert len(drawn(page)) == 2
    assert empty.name in " ".join(words for _, words in drawn(page))


def test_each_class_opens_its_buildings_and_no_others(client_of, leader, market, grid):
    outline(WEST, SOUTH, building=market)
    BuildingFactory(grid=grid, name="空楼")
    client = client_of(leader)
    for by in ("coverage", "visit", "demands"):
        page = client.get(PAGE, {"by": by}).text
        legend = re.findall(
            r'<li><a class="link" href="([^"]+)"[^>]*><i [^>]+></i>[^<]+ (\d+) 处', page
        )
        assert sum(int(count) for _, count in legend) == 2
        for address, count in legend:
            names, total = shown(client.get(PAGE + address.replace("&amp;", "&")).text)
            assert (len(names), total) == (int(count), int(count))


def test_a_number_on_the_map_opens_as_many_rows(client_of, leader, market):
    outline(WEST, SOUTH, building=market)
    client = client_of(leader)
    for by, number in (("coverage", 1), ("demands", 1)):
        (one,) = drawn(client.get(PAGE, {"by": by}).text)
        rows = client.get(one[0].replace("&amp;", "&"))
        assert rows.status_code == 200
        assert f'data-total="{number}"' in rows.text, by
        assert str(number) in one[1]


def test_a_past_day_colours_as_it_was(client_of, leader, market, grid):
    outline(WEST, SOUTH, building=market)
    today = timezone.localdate()
    before = {
        "by": "visit",
        "start": str(today - 60 * DAY),
        "end": str(today - 20 * DAY),
    }
    client = client_of(leader)
    assert "最近" in drawn(client.get(PAGE, {"by": "visit"}).text)[0][1]
    assert "没有走访到过" in drawn(client.get(PAGE, before).text)[0][1]


def test_the_map_of_a_grid_holds_nothing_of_another(
    client_of, leader, stranger, market, other_grid
):
    outline(WEST, SOUTH, building=market)
    outline(WEST - 0.02, SOUTH, size=0.03, grid=market.grid)
    there = BuildingFactory(grid=other_grid, name="别的楼")
    outline(WEST + 0.01, SOUTH, building=there)
    for client, asked in (
        (client_of(leader), {"grid": other_grid.code}),
        (client_of(stranger), {}),
    ):
        page = client.get(PAGE, asked).text
        assert shown(page)[0] == ["别的楼"]
        assert "天山茶城" not in page
        assert page.count('class="mp-edge"') == 0
    assert client_of(stranger).get(PAGE, {"grid": market.grid.code}).status_code == 404


def test_a_name_stands_below_its_outline_and_hides_nothing(client_of, leader, market):
    outline(WEST, SOUTH, building=market)
    page = client_of(leader).get(PAGE).text
    foot = max(
        float(south)
        for path in re.findall(r'<path class="c\d"[^>]* d="([^"]+)"', page)
        for south in re.findall(r" ([\d.]+)", path)
    )
    assert f'y="{foot}"><tspan dy="1em">{market.name}' in page


def test_a_station_stands_where_its_building_does(client_of, leader, market):
    market.longitude, market.latitude = "121.401000", "31.211000"
    market.save()
    station = StationFactory(grid=market.grid, building=market, name="宁聚里")
    page = client_of(leader).get(PAGE).text
    assert f'href="{station.get_absolute_url()}" aria-label="阵地：宁聚里"' in page


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2026-10-02", "end": "2026-10-01"},
        {"end": "1900-01-01"},
        {"start": "morgen"},
    ],
)
def test_a_period_that_cannot_be_is_refused_in_words(client_of, leader, asked):
    answer = client_of(leader).get(PAGE, asked)
    assert answer.status_code == 400
    assert "日期" in answer.text


def test_nothing_to_draw_says_so_and_who_may_bring_it(client_of, leader, clerk, grid):
    BuildingFactory(grid=grid, name="没有位置的楼")
    page = client_of(leader).get(PAGE, {"by": "nonsense", "class": "nonsense"}).text
    assert "还没有网格轮廓" in page
    assert reverse("grids:outline_import") not in page
    assert reverse("grids:outline_import") in client_of(clerk).get(PAGE).text
    assert shown(page)[0] == ["没有位置的楼"]


def test_a_sketch_is_called_one(client_of, leader, market):
    made = outline(WEST, SOUTH, building=market)
    client = client_of(leader)
    assert "示意图" not in client.get(PAGE).text
    made.sketched = True
    made.save()
    assert "示意图" in client.get(PAGE).text


def test_tiles_lie_where_their_system_draws(client_of, leader, market, settings):
    outline(WEST, SOUTH, building=market)
    client = client_of(leader)

    def south_west():
        page = client.get(PAGE).text
        assert urlsplit(settings.MAP_TILES or "").netloc in page
        return [
            float(number)
            for number in re.search(
                r"data-bounds=\"\[\[([\d.]+), ([\d.]+)", page
            ).groups()
        ]

    south, west = south_west()
    settings.MAP_TILES = "https://tiles.example.org/{z}/{x}/{y}"
    settings.MAP_TILES_SYSTEM = "gcj02"
    moved_south, moved_west = south_west()
    assert moved_west - west == pytest.approx(0.0046, abs=0.0003)
    assert moved_south - south == pytest.approx(-0.0018, abs=0.0003)


# --- many of them ----------------------------------------------------------------------


@pytest.fixture
def crowd(grid, monkeypatch):
    """Six places in one cell of the picture, two apart; three would be too many."""
    monkeypatch.setattr(maps, "APART", 3)
    near = [
        BuildingFactory(
            grid=grid,
            name=f"近处{n}号楼",
            longitude=f"{WEST + n * 0.00001:.6f}",
            latitude=f"{SOUTH:.6f}",
        )
        for n in range(6)
    ]
    far = [
        BuildingFactory(grid=grid, name=name, longitude=east, latitude=north)
        for name, east, north in (
            ("东头大楼", "121.420000", "31.210000"),
            ("北头大楼", "121.400000", "31.230000"),
        )
    ]
    return near, far


def test_near_ones_are_gathered_and_open_the_map_of_these_alone(
    client_of, leader, crowd, monkeypatch
):
    near, far = crowd
    client = client_of(leader)
    page = client.get(PAGE).text
    opens = dict(drawn(page))
    (circle,) = [url for url, words in opens.items() if words.startswith("6 处：")]
    assert sorted(shown(page)[0]) == sorted(each.name for each in near + far)
    for building in far:
        assert any(words.startswith(building.name) for words in opens.values())
    assert not any(words.startswith("近处") for words in opens.values())

    narrow = client.get(PAGE + html.unescape(circle)).text
    assert shown(narrow) == ([each.name for each in near], 6)
    # All of one class: the legend narrows what lies in the box, and no more.
    (link,) = re.findall(r'href="([^"]+class=none[^"]*)"', narrow)[:1]
    assert shown(client.get(PAGE + html.unescape(link)).text)[1] == 6
    back = re.search(r'href="([^"]+)">回到全图', narrow)[1]
    assert shown(client.get(PAGE + html.unescape(back)).text)[1] == 8

    monkeypatch.setattr(maps, "APART", 6)
    kept._kept.clear()
    apart = client.get(PAGE + html.unescape(circle)).text
    assert sum(words.startswith("近处") for _, words in drawn(apart)) == 6


def test_a_circle_has_the_colour_of_most_and_says_all(
    client_of, leader, crowd, branch, grid
):
    near, _ = crowd
    for building in near[:2]:
        shop = BusinessFactory(grid=grid, building=building)
        CoverageFactory(business=shop, organization=branch)
        VisitFactory(business=shop)
    page = client_of(leader).get(PAGE).text
    assert "6 处：没有在册的 4 处、80% 及以上 2 处" in page
    circle = re.search(r"点开放大</title><circle class=\"(\w+) many\"", page)
    assert circle[1] == "c0"


@pytest.mark.parametrize(
    "box",
    ["", "1", "a,b,c,d", "nan,nan,nan,nan", "121.5,31,121.4,32", "0,0,0,1e99", "1,2,3"],
)
def test_a_box_that_is_none_is_the_whole_map(client_of, leader, market, box):
    assert shown(client_of(leader).get(PAGE, {"box": box}).text)[1] == 1


def test_a_long_list_goes_by_pages_of_the_same_set(
    client_of, leader, grid, monkeypatch
):
    monkeypatch.setattr(map_views, "LISTED", 2)
    made = {BuildingFactory(grid=grid).name for _ in range(5)}
    client, seen, url = client_of(leader), [], PAGE
    while url:
        page = client.get(url).text
        names, total = shown(page)
        assert total == 5
        seen += names
        following = re.search(r'href="([^"]+)">下一页', page)
        url = following and PAGE + html.unescape(following[1])
    assert len(seen) == 5
    assert set(seen) == made
