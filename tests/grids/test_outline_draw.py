"""An outline drawn by hand: checked like one from a file, kept in WGS-84."""

import json
import re

import pytest
from django.urls import reverse

from accounts.rights import Right, may
from grids.coordinates import System, from_wgs84
from grids.models import Outline
from tests.factories import BuildingFactory
from tianshan.audit.models import Entry

PAGE = reverse("grids:outline_draw")
SQUARE = "121.401, 31.206\n121.404, 31.206\n121.404，31.209\n\n121.401, 31.209\n"


def draw(client, of, corners, **more):
    return client.post(PAGE, {"of": of, "corners": corners, **more})


def test_corners_become_an_outline_and_its_next_drawing_begins_with_them(
    client_of, clerk, tower
):
    client = client_of(clerk)
    answer = draw(client, f"b{tower.pk}", SQUARE, sketched="on")
    assert answer.headers["Location"] == "/map/"
    row = Outline.objects.get(building=tower)
    assert row.shape["coordinates"] == [
        [
            [121.401, 31.206],
            [121.404, 31.206],
            [121.404, 31.209],
            [121.401, 31.209],
            [121.401, 31.206],
        ]
    ]
    assert row.sketched
    assert Entry.objects.filter(verb="outline.kept", by=clerk).count() == 1

    page = client.get(PAGE, {"of": f"b{tower.pk}"}).text
    assert "121.401000, 31.206000\n121.404000, 31.206000\n" in page
    ground = json.loads(
        re.search(r'data-ground="([^"]+)"', page)[1].replace("&quot;", '"')
    )
    assert [(each["name"], each["grid"]) for each in ground] == [(tower.name, False)]


def test_one_corner_is_where_a_building_stands(client_of, clerk, tower, grid):
    assert draw(client_of(clerk), f"b{tower.pk}", "121.402, 31.207").status_code == 302
    tower.refresh_from_db()
    assert (str(tower.longitude), str(tower.latitude)) == ("121.402000", "31.207000")
    assert not Outline.objects.exists()

    refused = draw(client_of(clerk), f"g{grid.pk}", "121.402, 31.207")
    assert refused.status_code == 400
    assert "网格要一个面" in refused.text


def test_what_is_drawn_on_another_ground_is_kept_in_wgs84(
    client_of, clerk, tower, settings
):
    settings.MAP_TILES_SYSTEM = "gcj02"
    corners = [(121.401, 31.206), (121.404, 31.206), (121.404, 31.209)]
    moved = (from_wgs84(point, System.GCJ02) for point in corners)
    lines = "\n".join(f"{east:.7f},{north:.7f}" for east, north in moved)
    assert draw(client_of(clerk), f"b{tower.pk}", lines).status_code == 302
    row = Outline.objects.get(building=tower)
    assert row.source_crs == System.GCJ02
    assert row.shape["coordinates"][0][:-1] == [list(point) for point in corners]


def test_corners_may_be_typed_with_an_input_method_for_chinese(client_of, clerk, tower):
    lines = "１２１．４０１，３１．２０６\n121.404，31.206\n121.404, 31.209"
    assert draw(client_of(clerk), f"b{tower.pk}", lines).status_code == 302
    ring = Outline.objects.get(building=tower).shape["coordinates"][0]
    assert ring[:2] == [[121.401, 31.206], [121.404, 31.206]]


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ("", "必填"),
        ("  \n ", "必填"),
        ("121.4 31.2", "第 1 行不是"),
        ("121.4, 31.2\nabc, 31.2\n121.5, 31.3", "第 2 行不是"),
        ("121.4, 31.2\n121.41, 31.2", "至少三个"),
        ("121.4, 31.2\n121.4, 31.2\n121.4, 31.2", "各个角在一条线上"),
        ("121.40, 31.20\n121.41, 31.21\n121.41, 31.20\n121.40, 31.21", "自己交叉"),
        ("31.2, 121.4\n31.3, 121.4\n31.3, 121.5", "离本街道太远"),
        ("122.9, 31.2\n123.0, 31.2\n123.0, 31.3", "离本街道太远"),
        ("nan, nan\ninf, 1\n1, 2", "离本街道太远"),
        ("1e400, 31.2\n121.4, 31.2\n121.4, 31.3", "离本街道太远"),
        ("\n".join(["121.4, 31.2"] * 501), "最多 500 个角"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_stays_in_the_form(
    client_of, clerk, tower, corners, words
):
    answer = draw(client_of(clerk), f"b{tower.pk}", corners)
    assert answer.status_code == 400
    assert words in answer.text
    assert not Outline.objects.exists()


def test_a_building_outside_its_grid_is_refused(client_of, clerk, tower, grid):
    client = client_of(clerk)
    assert draw(client, f"g{grid.pk}", SQUARE).status_code == 302
    away = SQUARE.replace("121.40", "121.42")
    answer = draw(client, f"b{tower.pk}", away)
    assert answer.status_code == 400
    assert f"不在{grid.name}的轮廓里" in answer.text


def test_nobody_draws_what_is_not_ones_own(
    client_of, clerk, staff, tower, other_grid, settings
):
    elsewhere = BuildingFactory(grid=other_grid, name="别处大厦")
    client = client_of(clerk)
    assert "别处大厦" not in client.get(PAGE).text
    for of in (f"b{elsewhere.pk}", f"g{other_grid.pk}", "b0", "x", ""):
        assert draw(client, of, SQUARE).status_code == 400
    assert not may(staff, Right.EDIT_BUILDINGS)
    assert client_of(staff).get(PAGE).status_code == 403
    assert draw(client_of(staff), f"b{tower.pk}", SQUARE).status_code == 403
    assert not Outline.objects.exists()
