"""Outlines read from a GeoJSON file (RFC 7946): checked, then kept.

A feature names its grid or building by `code`, or by `name`, in its properties, also in
Chinese (编码, 名称). Polygons become outlines; a point is where a building stands.
"""

import json
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from grids.coordinates import System, metres, to_wgs84
from grids.models import Building, Grid, Outline
from tianshan.audit import record
from tianshan.web.middleware import UNSTORABLE

MOST_FEATURES = 2000
MOST_POINTS = 20_000  # of a file
DIGITS = 6  # a tenth of a metre
SKETCH = "示意"  # the source of a building's place that was not measured
FARTHEST = 20_000  # metres from the middle of the map: a slip, or the sea
CODES, NAMES = ("code", "编码"), ("name", "名称", "NAME", "Name")


class Refused(Exception):
    """A file of which nothing can be kept; the message is for the user."""


class Wrong(ValueError):
    """What is wrong with one feature, for the user."""


@dataclass
class Feature:
    """One feature of the file: what it is of, its shape in WGS-84, or what is wrong."""

    place: int
    called: str
    of: Grid | Building | None = None
    shape: dict | None = None
    problem: str = ""

    @property
    def is_point(self):
        return self.shape["type"] == "Point"


# --- reading ---------------------------------------------------------------------------


def read(content, system, *, user):
    """`[Feature]` of the file's bytes; Refused where it is no such file at all."""
    features = _features(content)
    found = [Feature(n, _called(each)) for n, each in enumerate(features, start=1)]
    known = _Known(user)
    points = 0
    for one, each in zip(found, features, strict=True):
        try:
            one.of = known.named(each.get("properties") or {})
            one.shape, count = _shape(each.get("geometry"), system)
        except Wrong as problem:
            one.problem = str(problem)
            continue
        points += count
        if points > MOST_POINTS:
            raise Refused(f"轮廓的点太多，一次最多 {MOST_POINTS} 个，请先简化。")
    _look_for_doubles(found)
    _look_outside(found)
    return found


def drawn(of, corners, system):
    """A Feature of corners that somebody set: of one, where a building stands; of three
    or more, an outline. `corners` are (longitude, latitude) in the system's degrees."""
    one = Feature(1, str(of), of)
    if len(corners) == 1:
        geometry = {"type": "Point", "coordinates": corners[0]}
    else:
        ring = [*corners, corners[0]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
    try:
        one.shape, _ = _shape(geometry, system)
    except Wrong as problem:
        one.problem = str(problem)
        return one
    _look_for_doubles([one])
    _look_outside([one])
    return one


def _features(content):
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):  # no text, no JSON, nested without end
        raise Refused(
            "这个文件不是 GeoJSON，请从制图软件导出 GeoJSON 后再传。"
        ) from None
    features = said.get("features") if isinstance(said, dict) else None
    if not isinstance(features, list) or not features:
        raise Refused("文件里没有图形：要一个 FeatureCollection。")
    if len(features) > MOST_FEATURES:
        raise Refused(f"一次最多 {MOST_FEATURES} 个图形。")
    if not all(isinstance(each, dict) for each in features):
        raise Refused("文件里有的图形读不了。")
    return features


def _said(properties, names):
    found = (properties.get(name) for name in names)
    said = next((str(each).strip()[:80] for each in found if each), "")
    return UNSTORABLE.sub("", said)


def _called(feature):
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return ""
    return _said(properties, NAMES) or _said(properties, CODES)


class _Known:
    """The grids and buildings whose outlines the user keeps, by code and by name."""

    def __init__(self, user):
        grids = list(Grid.objects.governed_by(user, Right.EDIT_BUILDINGS))
        self.codes = {grid.code: grid for grid in grids}
        self.names = {}
        for grid in grids:
            self.names.setdefault(grid.name, []).append(grid)
        mine = Building.objects.visible_to(user, Right.EDIT_BUILDINGS)
        for building in mine.select_related("grid"):
            for name in {building.name, *building.aliases}:
                self.names.setdefault(name, []).append(building)

    def named(self, properties):
        if not isinstance(properties, dict):
            raise Wrong("没有写是哪个网格或楼宇（code 或 name）")
        code, name = _said(properties, CODES), _said(properties, NAMES)
        if code in self.codes:
            return self.codes[code]
        found = self.names.get(name, [])
        if len(found) > 1:
            raise Wrong(f"有 {len(found)} 处叫“{name}”，网格请写编码")
        if not found:
            words = f"“{name or code}”" if name or code else ""
            raise Wrong(f"台账里没有{words}，或不归您管" if words else "没有写名称")
        return found[0]


def _shape(geometry, system):
    """`(geometry in WGS-84, how many points)`; Wrong says what cannot be."""
    # With numpy it is large: only who reads a file pays for it.
    from shapely import is_valid
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in DEPTH:
        raise Wrong("不是面，也不是点")
    try:
        moved = _moved(geometry["coordinates"], system, depth=DEPTH[kind])
    except Wrong:
        raise
    except (KeyError, TypeError, IndexError, ValueError, OverflowError):
        raise Wrong("坐标读不了") from None
    try:
        drawn = shape({"type": kind, "coordinates": moved})
    except (ValueError, IndexError, ShapelyError):
        raise Wrong("形状读不了：每一圈至少四个点，头尾相同") from None
    if drawn.is_empty:
        raise Wrong("形状是空的")
    if kind != "Point" and drawn.convex_hull.area == 0:
        raise Wrong("各个角在一条线上，围不成一块")
    if not is_valid(drawn):
        raise Wrong("轮廓的边自己交叉了，请改好再存")
    return {"type": kind, "coordinates": moved}, _count(moved)


DEPTH = {"Point": 0, "Polygon": 2, "MultiPolygon": 3}
FAR = "离本街道太远：坐标系选错了，经纬度写反了，或不是经纬度"


def _moved(coordinates, system, *, depth):
    """The nested positions, each in WGS-84; a third number, the height, is dropped."""
    if depth:
        return [_moved(each, system, depth=depth - 1) for each in coordinates]
    longitude, latitude = float(coordinates[0]), float(coordinates[1])
    if not (-180 <= longitude <= 180 and -85 <= latitude <= 85):
        raise Wrong(FAR)
    point = to_wgs84((longitude, latitude), system)
    if metres(point, settings.MAP_MIDDLE) > FARTHEST:
        raise Wrong(FAR)
    return [round(number, DIGITS) for number in point]


def _count(coordinates):
    if coordinates and isinstance(coordinates[0], (int, float)):
        return 1
    return sum(_count(each) for each in coordinates)


def _look_for_doubles(found):
    seen = {}
    for one in found:
        if one.problem:
            continue
        key = (type(one.of), one.of.pk, one.is_point)
        if key in seen:
            one.problem = f"和第 {seen[key]} 个是同一处"
        elif one.is_point and not isinstance(one.of, Building):
            one.problem = "网格要一个面，不能是点"
        else:
            seen[key] = one.place


def _look_outside(found):
    """A building that lies outside its grid was read in another system, or is drawn
    wrongly: the systems lie half a kilometre apart."""
    from shapely.geometry import shape

    grounds = {one.of.pk: one.shape for one in found if _is_ground(one)}
    buildings = [
        one for one in found if not one.problem and isinstance(one.of, Building)
    ]
    kept = Outline.objects.filter(grid__in={one.of.grid_id for one in buildings})
    for key, drawn in kept.values_list("grid", "shape"):
        grounds.setdefault(key, drawn)
    grounds = {key: shape(drawn) for key, drawn in grounds.items()}
    for one in buildings:
        ground = grounds.get(one.of.grid_id)
        if ground and not ground.intersects(shape(one.shape)):
            one.problem = (
                f"不在{one.of.grid.name}的轮廓里：位置画错了，或者坐标系选错了"
            )


def _is_ground(one):
    return not one.problem and isinstance(one.of, Grid)


# --- keeping ---------------------------------------------------------------------------


@transaction.atomic
def keep(features, system, *, sketched, by, at):
    """Keep the features that have no problem; answers how many changed anything."""
    right = [one for one in features if not one.problem]
    for model, mine in (
        (Grid, Grid.objects.governed_by(by, Right.EDIT_BUILDINGS)),
        (Building, Building.objects.visible_to(by, Right.EDIT_BUILDINGS)),
    ):
        wanted = {one.of.pk for one in right if isinstance(one.of, model)}
        if mine.filter(pk__in=wanted).count() != len(wanted):
            raise PermissionDenied
    changed = 0
    for one in right:
        put = _put_point if one.is_point else _put_outline
        changed += put(one, system, sketched=sketched, by=by, at=at)
    return changed


def _put_outline(one, system, *, sketched, by, at):
    name = "grid" if isinstance(one.of, Grid) else "building"
    facts = {"shape": one.shape, "source_crs": system, "sketched": sketched}
    known = Outline.objects.select_for_update().filter(**{name: one.of}).first()
    outline = known or Outline(**{name: one.of})
    if known and all(getattr(known, key) == value for key, value in facts.items()):
        return False
    for key, value in facts.items():
        setattr(outline, key, value)
    outline.updated_at = at
    outline.save()
    record("outline.kept", outline, by=by, at=at, **{name: one.of.pk})
    return True


def _put_point(one, system, *, sketched, by, at):
    """Where a building stands; a point has no mark of its own as a sketch."""
    building = Building.objects.select_for_update().get(pk=one.of.pk)
    longitude, latitude = (Decimal(str(each)) for each in one.shape["coordinates"])
    facts = (longitude, latitude, SKETCH if sketched else System(system).short)
    if facts == (building.longitude, building.latitude, building.source_crs):
        return False
    building.longitude, building.latitude, building.source_crs = facts
    building.updated_at = at
    building.save(update_fields=["longitude", "latitude", "source_crs", "updated_at"])
    record("building.placed", building, by=by, at=at)
    return True
