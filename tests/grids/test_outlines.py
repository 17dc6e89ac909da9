"""Outlines from a GeoJSON file: whose they are, what is refused, what is kept."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from grids import outlines
from grids.coordinates import System, from_wgs84, metres
from grids.models import Outline
from tests.factories import NOON, BuildingFactory

PAGE = reverse("grids:outline_import")
# The ground of the third grid, and a building in it: west, south, east, north.
GROUND = (121.395, 31.203, 121.420, 31.218)
TOWER = (121.4010, 31.2066, 121.4034, 31.2083)


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(box):
    return {"type": "Polygon", "coordinates": [ring(*box)]}


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def file_of(*features):
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.fixture
def read(clerk):
    def read_for_the_clerk(*features, system=System.WGS84):
        return outlines.read(file_of(*features), system, user=clerk)

    return read_for_the_clerk


def problems(found):
    return [one.problem for one in found]


def test_grid_by_code_building_by_alias_and_a_point(read, grid, tower, clerk):
    tower.aliases = ["金虹桥"]
    tower.save()
    point = {"type": "Point", "coordinates": [121.4022, 31.2074, 8.5]}
    found = read(
        feature(polygon(GROUND), code=grid.code),
        feature(polygon(TOWER), 名称="金虹桥"),
        feature(point, name=tower.name),
    )
    assert problems(found) == ["", "", ""]
    kept = {"sketched": False, "by": clerk, "at": NOON}
    assert outlines.keep(found, System.WGS84, **kept) == 3
    assert outlines.keep(found, System.WGS84, **kept) == 0
    assert Outline.objects.get(grid=grid).shape == polygon(GROUND)
    assert Outline.objects.get(building=tower).shape == polygon(TOWER)
    tower.refresh_from_db()
    assert [str(tower.longitude), str(tower.latitude)] == ["121.402200", "31.207400"]
    assert tower.source_crs == "WGS-84"


def test_what_another_system_says_is_kept_in_wgs84(read, grid):
    moved = [list(from_wgs84(point, System.GCJ02)) for point in ring(*GROUND)]
    drawn = {"type": "MultiPolygon", "coordinates": [[moved]]}
    (one,) = read(feature(drawn, code=grid.code), system=System.GCJ02)
    (kept,) = one.shape["coordinates"][0]
    for point, there in zip(kept, ring(*GROUND), strict=True):
        assert metres(point, there) < 0.2


BOW = [[121.40, 31.21], [121.41, 31.22], [121.41, 31.21], [121.40, 31.22]]


def test_a_number_too_large_for_any_map_is_said_of_its_feature(clerk, grid):
    text = file_of(feature(polygon(GROUND), code=grid.code)).decode()
    huge = text.replace("121.395", "9" * 400, 1).encode()
    (one,) = outlines.read(huge, System.WGS84, user=clerk)
    assert one.problem == "坐标读不了"


def test_half_a_character_in_a_name_can_be_shown(client_of, clerk, grid):
    half = file_of(feature(polygon(GROUND), name="虹桥\ud800"))
    file = SimpleUploadedFile("a.geojson", half)
    answer = client_of(clerk).post(PAGE, {"file": file, "system": System.WGS84})
    assert answer.status_code == 400
    assert "台账里没有“虹桥”" in answer.text


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Polygon", "coordinates": [[*BOW, BOW[0]]]}, "自己交叉"),
        (polygon((122.9, 31.20, 122.91, 31.21)), "离本街道太远"),  # in the sea
        (polygon((31.203, 121.395, 31.218, 121.42)), "离本街道太远"),  # turned round
        (polygon((349_000, 3_454_000, 350_000, 3_455_000)), "离本街道太远"),  # metres
        (
            {"type": "Polygon", "coordinates": [[[121.4, 31.2], [121.5, 31.2]]]},
            "读不了",
        ),
        ({"type": "Polygon", "coordinates": [[[121.4, 31.21]] * 5]}, "围不成一块"),
        ({"type": "Polygon", "coordinates": "121"}, "读不了"),
        ({"type": "Polygon"}, "读不了"),
        ({"type": "Polygon", "coordinates": [[["x", None]]]}, "读不了"),
        ({"type": "Polygon", "coordinates": [[[float("nan"), 31.2]] * 5]}, "太远"),
        ({"type": "LineString", "coordinates": BOW}, "不是面"),
        ({"type": "Point", "coordinates": [121.4, 31.21]}, "网格要一个面"),
        (None, "不是面"),
    ],
)
def test_a_shape_that_cannot_be_says_why(read, grid, geometry, words):
    (one,) = read(feature(geometry, code=grid.code))
    assert words in one.problem


def test_a_building_read_in_another_system_lies_outside_its_grid(read, grid, tower):
    """Near the edge the half kilometre between two systems shows."""
    edge = (121.3952, 31.2140, 121.3958, 31.2150)
    found = read(
        feature(polygon(GROUND), code=grid.code),
        feature(polygon(edge), name=tower.name),
    )
    assert problems(found) == ["", ""]
    (one,) = [
        each
        for each in read(
            feature(polygon(GROUND), code=grid.code),
            feature(polygon((121.3900, 31.214, 121.3906, 31.215)), name=tower.name),
        )
        if each.problem
    ]
    assert "位置画错了，或者坐标系选错了" in one.problem


def test_whose_it_is_must_be_plain(read, grid, other_grid, tower):
    twice = BuildingFactory(grid=grid, name="茶城一号", aliases=["茶城"])
    BuildingFactory(grid=grid, name="茶城二号", aliases=["茶城"])
    there = polygon(TOWER)
    found = read(
        feature(there, name="没有这栋楼"),
        feature(there, code=other_grid.code),
        feature(there),
        feature(there, name="茶城"),
        feature(there, name=twice.name),
        feature(there, name=twice.name),
        {"type": "Feature", "properties": 3, "geometry": there},
    )
    said = problems(found)
    assert "台账里没有“没有这栋楼”" in said[0]
    assert "不归您管" in said[1]
    assert said[2]
    assert "有 2 处叫“茶城”" in said[3]
    assert said[4] == ""
    assert "是同一处" in said[5]
    assert "没有写" in said[6]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[1, 2]",
        b'{"type": "FeatureCollection", "features": []}',
        b'{"features": [3]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_such_file_is_refused_whole(clerk, content):
    with pytest.raises(outlines.Refused):
        outlines.read(content, System.WGS84, user=clerk)


def test_too_many_points_are_refused(read, grid, monkeypatch):
    monkeypatch.setattr(outlines, "MOST_POINTS", 9)
    with pytest.raises(outlines.Refused, match="请先简化"):
        read(*[feature(polygon(GROUND), code=grid.code)] * 2)


def test_nobody_keeps_what_is_not_theirs(read, grid, clerk, staff, other_grid):
    found = read(feature(polygon(GROUND), code=grid.code))
    how = {"sketched": False, "at": NOON}
    with pytest.raises(PermissionDenied):
        outlines.keep(found, System.WGS84, by=staff, **how)
    found[0].of = other_grid
    with pytest.raises(PermissionDenied):
        outlines.keep(found, System.WGS84, by=clerk, **how)
    assert not Outline.objects.exists()


def sent(client, *features, **fields):
    file = SimpleUploadedFile("outlines.geojson", file_of(*features))
    return client.post(PAGE, {"file": file, "system": "wgs84", **fields})


def test_one_wrong_shape_keeps_all_out_unless_it_is_skipped(
    client_of, clerk, grid, tower
):
    client = client_of(clerk)
    assert client.get(PAGE).status_code == 200
    both = (
        feature(polygon(GROUND), code=grid.code),
        feature(polygon(TOWER), name="别处的楼"),
    )
    answer = sent(client, *both)
    assert answer.status_code == 400
    assert "台账里没有“别处的楼”" in answer.text
    assert not Outline.objects.exists()
    answer = sent(client, *both, skip="on", sketched="on")
    assert "收下 1 个，跳过 1 个" in answer.text
    assert Outline.objects.get().sketched


def test_who_does_not_keep_buildings_brings_nothing_in(client_of, staff, leader):
    for user in (staff, leader):
        assert client_of(user).get(PAGE).status_code == 403
