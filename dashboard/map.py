"""The map: outlines of grids and buildings, each building coloured by one figure.

Map and list show the same buildings, and each number opens its rows. The picture is
drawn here, as lines that any browser shows without a script or a server of tiles.
Where more buildings have a place than one could tell apart, near ones are gathered in
a circle that opens the map of these alone.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import atan, ceil, degrees, exp, floor, log, pi, radians, tan

from django.conf import settings
from django.db.models import Count, Max
from django.utils.http import urlencode

from accounts.rights import Right
from dashboard import screen
from dashboard.elevation import Tone, recency
from grids.coordinates import from_wgs84
from grids.models import Building, Outline
from grids.outlines import SKETCH
from party.models import Station
from tianshan.ledgers import FIGURES, LEDGERS
from visits.models import Visit

WIDTH = 1000  # of the picture, in its own units
EDGE = 0.04  # of its width, left free around
NAME_BELOW = 30
DOT = 14  # a place without an outline is a circle of this radius
COUNTED = ("in_scope", "covered", "effective")
NEAREST = 0.0004  # degrees: a single point is shown with some ground around it
APART = 150  # buildings that a picture shows each by itself
CELLS = 16  # across the picture; what lies in the same one is gathered


# The darker, the more; what a symbol would say stands on the picture in words.
COVERAGE = (
    Tone("high", "80% 及以上", "", "c4"),
    Tone("good", "70% 至 80%", "", "c3"),
    Tone("fair", "60% 至 70%", "", "c2"),
    Tone("low", "60% 以下", "", "c1"),
    Tone("none", "没有在册的", "", "c0"),
)
VISIT = (
    Tone("within30", "30 天内", "", "c4"),
    Tone("within90", "31 至 90 天", "", "c3"),
    Tone("over90", "90 天以上", "", "c1"),
    Tone("never", "没有走访到过", "", "c0"),
)
DEMANDS = (
    Tone("overdue", "有超期的", "", "c4"),
    Tone("waiting", "有在办的", "", "c2"),
    Tone("none", "没有在办的", "", "c0"),
)
ATTRIBUTES = {
    "coverage": ("有效覆盖率", COVERAGE),
    "visit": ("最近走访", VISIT),
    "demands": ("在办诉求", DEMANDS),
}


@dataclass
class Line:
    """One building: its class, what it says, the rows that this opens, where it is."""

    building: Building
    tone: Tone
    short: str  # on the picture
    words: str
    href: str
    where: tuple | None = None  # its middle, in degrees
    shape: dict | None = None
    path: str = ""
    point: tuple | None = None
    at: tuple | None = None  # its middle, in the picture
    below: tuple | None = None  # where its name stands, clear of what is drawn
    sketched: bool = False

    @property
    def placed(self):
        return self.where is not None


@dataclass(frozen=True)
class Box:
    """A part of the ground, in degrees; its edges belong to it."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self):
        return f"{self.west:.6f},{self.south:.6f},{self.east:.6f},{self.north:.6f}"

    @classmethod
    def read(cls, text):
        """What an address names; None where it is no such thing."""
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            return None
        sound = -180 <= west <= east <= 180 and -85 <= south <= north <= 85
        return cls(west, south, east, north) if sound else None

    @classmethod
    def around(cls, points):
        """As small as it can be, to the sixth digit."""
        east, north = zip(*points, strict=True)
        least = (floor(min(each) * 1e6) / 1e6 for each in (east, north))
        most = (ceil(max(each) * 1e6) / 1e6 for each in (east, north))
        return cls(*least, *most)

    def holds(self, point):
        east, north = point
        return self.west <= east <= self.east and self.south <= north <= self.north


@dataclass(frozen=True)
class Gathered:
    """Buildings too near to each other to be shown apart."""

    lines: list
    at: tuple

    @property
    def box(self):
        return Box.around([line.where for line in self.lines])

    @property
    def tone(self):
        """The class that most of them are in; of several, the first of the legend."""
        return self.tones[0][0]

    @cached_property
    def tones(self):
        return Counter(line.tone for line in self.lines).most_common()

    @property
    def words(self):
        parts = "、".join(f"{tone.label} {count} 处" for tone, count in self.tones)
        return f"{len(self.lines)} 处：{parts}"

    @property
    def radius(self):
        return round(14 + 5 * log(len(self.lines), 2), 1)


@dataclass
class Picture:
    """What is drawn: `bounds` in degrees, as the tiles' system has them."""

    height: float
    bounds: list
    grids: list = field(default_factory=list)
    stations: list = field(default_factory=list)
    gathered: list = field(default_factory=list)
    alone: list = field(default_factory=list)  # the lines shown each by itself
    sketched: bool = False


# --- classes ---------------------------------------------------------------------------


def lines_of(scope, by):
    """A Line for each building in the scope's grid, with its place if it has one."""
    buildings = (
        Building.objects.visible_to(scope.user)
        .filter(grid__among=scope.grid.subtree)
        .order_by("pinyin", "pk")
    )
    _, tones = ATTRIBUTES[by]
    known = {tone.key: tone for tone in tones}
    say = {"coverage": _coverage, "visit": _visit, "demands": _demands}[by](scope)
    lines = []
    for building in buildings:
        key, short, words, href = say(building.pk)
        lines.append(Line(building, known[key], short, words, href))
    _place(scope, lines)
    return lines


def _here(figure, scope, pk):
    return f"{figure.href(scope)}&building={pk}"


def _coverage(scope):
    counted = {line["building"].pk: line for line in screen.by_building(scope)}

    def say(pk):
        line = counted.get(pk)
        if line is None or line["effective"] is None:
            return "none", "", "没有在册的", _here(FIGURES["in_scope"], scope, pk)
        counts, share = line["counts"], line["effective"]
        whole, part = counts["in_scope"]["value"], counts["effective"]["value"]
        limits = (("high", 80), ("good", 70), ("fair", 60), ("low", 0))
        key = next(key for key, least in limits if share >= least)
        words = f"{share:.1f}%，有效 {part} / 在册 {whole} 家"
        return key, f"{share:.0f}%", words, counts["effective"]["href"]

    return say


def _visit(scope):
    seen = FIGURES["in_scope"].rows(scope).order_by().values("pk")
    met = Visit.objects.visible_to(scope.user).met()
    rows = met.filter(business__in=seen, visited_on__lte=scope.day).order_by()
    last = dict(rows.values_list("business__building").annotate(Max("visited_on")))
    ledger = LEDGERS["visits"].url

    def say(pk):
        day = last.get(pk)
        href = f"{ledger}?{urlencode({'building': pk})}"
        if day is None:
            return "never", "", "没有走访到过", href
        ago = (scope.day - day).days
        words = f"最近 {day.year}年{day.month}月{day.day}日，{ago} 天前"
        return recency(day, scope.day), f"{ago}天", words, href

    return say


def _demands(scope):
    figure, late = FIGURES["demands_open"], FIGURES["demands_overdue"]

    def counted(asked):
        rows = asked.rows(scope).order_by().values_list("business__building")
        return dict(rows.annotate(Count("pk")))

    waiting, overdue = counted(figure), counted(late)

    def say(pk):
        href = _here(figure, scope, pk)
        if not waiting.get(pk):
            return "none", "", "没有在办的", href
        words = f"在办 {waiting[pk]} 件"
        if overdue.get(pk):
            words += f"，其中超期 {overdue[pk]} 件"
            return "overdue", f"{waiting[pk]}!", words, href
        return "waiting", str(waiting[pk]), words, href

    return say


def legend(lines, by):
    """`[(tone, how many buildings)]`, in the order of the classes."""
    counts = Counter(line.tone for line in lines)
    return [(tone, counts[tone]) for tone in ATTRIBUTES[by][1]]


# --- as data ---------------------------------------------------------------------------


def features_text(scope, more):
    """The features as JSON, for `dashboard.wide`."""
    return json.dumps(features(scope, more["by"]), ensure_ascii=False)


def features(scope, by):
    """The grids and buildings in the scope as features of GeoJSON, in WGS-84; each
    building with its class and its figures, without a geometry where it has no place."""
    found = [
        _feature(
            row.shape,
            {
                "kind": "grid",
                "code": row.grid.code,
                "name": row.grid.name,
                "sketched": row.sketched,
            },
        )
        for row in _grounds(scope)
    ]
    counted = {
        line["building"].pk: {key: n["value"] for key, n in line["counts"].items()}
        for line in screen.by_building(scope)
    }
    for line in lines_of(scope, by):
        building, shape = line.building, line.shape
        if shape is None and line.placed:
            shape = {"type": "Point", "coordinates": list(line.where)}
        properties = {
            "kind": "building",
            "id": building.pk,
            "name": building.name,
            "class": line.tone.key,
            "class_label": line.tone.label,
            "words": line.words,
            "figures": counted.get(building.pk) or dict.fromkeys(COUNTED, 0),
            "sketched": line.sketched,
        }
        found.append(_feature(shape, properties))
    return found


def _feature(shape, properties):
    return {"type": "Feature", "geometry": shape, "properties": properties}


# --- the picture -----------------------------------------------------------------------


def _grounds(scope):
    """The outlines of the grids in the scope."""
    seen = Outline.objects.visible_to(scope.user)
    grids = seen.filter(grid__among=scope.grid.subtree)
    return grids.select_related("grid").order_by("grid__path")


def _place(scope, lines):
    """Outlines go before single points."""
    seen = Outline.objects.visible_to(scope.user)
    within = seen.filter(building__grid__among=scope.grid.subtree)
    shapes = {row.building_id: row for row in within}
    for line in lines:
        row, point = shapes.get(line.building.pk), _point(line.building)
        if row:
            line.shape, line.sketched = row.shape, row.sketched
            line.where = _middle(rings(row.shape)[0][:-1])
        elif point:
            line.where = point
            line.sketched = line.building.source_crs == SKETCH


def draw(scope, lines, shown, box=None):
    """Draw those of the lines that are shown, where they have a place, on ground that
    holds all of them: a Picture, or None where nothing has a place.

    With a box it holds what lies in it, and so much of the grids as is seen there.
    """
    grids = list(_grounds(scope))
    stations = _stations(scope)
    points = [p for line in lines if line.placed for p in _corners(line)]
    if box:
        stations = [each for each in stations if box.holds(each[1])]
    else:
        points += [p for row in grids for ring in rings(row.shape) for p in ring]
        points += [point for _, point in stations]
    if not points:
        return None
    frame = _Frame(points)
    picture = Picture(frame.height, frame.bounds)
    placed = [line for line in shown if line.placed]
    picture.gathered, picture.alone = gather(placed, frame)
    for line in picture.alone:
        if line.shape:
            line.path, line.at = frame.path(line.shape), frame.middle(line.shape)
            line.below = line.at[0], frame.foot(line.shape)
        else:
            line.point = line.at = frame.place(line.where)
            line.below = line.at[0], line.at[1] + DOT
    picture.grids = [
        (row.grid, frame.path(row.shape), frame.name(row.shape)) for row in grids
    ]
    picture.stations = [(row, frame.place(point)) for row, point in stations]
    picture.sketched = any(row.sketched for row in grids) or any(
        line.sketched for line in placed
    )
    return picture


def gather(placed, frame):
    """`([Gathered], [those shown apart])`: near ones together, if there are many."""
    if len(placed) <= APART:
        return [], placed
    cells = defaultdict(list)
    side = WIDTH / CELLS
    for line in placed:
        east, south = frame.place(line.where)
        cells[east // side, south // side].append(line)
    gathered, alone = [], []
    for here in cells.values():
        if len(here) == 1:
            alone += here
        else:
            gathered.append(
                Gathered(here, _middle([frame.place(each.where) for each in here]))
            )
    return gathered, alone


def _corners(line):
    """The points that the picture has to hold."""
    if line.shape:
        return [point for ring in rings(line.shape) for point in ring]
    return [line.where]


def _middle(points):
    return tuple(sum(each) / len(points) for each in zip(*points, strict=True))


def _point(row):
    if row.longitude is None or row.latitude is None:
        return None
    return float(row.longitude), float(row.latitude)


def _stations(scope):
    """`[(station, point)]` of those in sight, at their own place or their building's."""
    if not scope.user.may(Right.SEE_STATIONS):
        return []
    rows = Station.objects.visible_to(scope.user).open_on(scope.day)
    rows = rows.filter(grid__among=scope.grid.subtree).select_related("building")
    placed = (
        (row, _point(row) or (row.building and _point(row.building))) for row in rows
    )
    return [(row, point) for row, point in placed if point]


def rings(shape):
    """The rings of a Polygon or MultiPolygon, each a list of [longitude, latitude]."""
    if shape["type"] == "Polygon":
        return shape["coordinates"]
    return [ring for polygon in shape["coordinates"] for ring in polygon]


def _north(latitude):
    """Mercator's way north, in degrees: what tiles are drawn in, too."""
    return degrees(log(tan(pi / 4 + radians(latitude) / 2)))


def _latitude(north):
    return degrees(2 * atan(exp(radians(north))) - pi / 2)


class _Frame:
    """From degrees into the picture, which is as wide as WIDTH."""

    def __init__(self, points):
        east = [point[0] for point in points]
        north = [_north(point[1]) for point in points]
        span = max(max(east) - min(east), max(north) - min(north), NEAREST)
        free = span * EDGE
        self.left, self.top_of_all = min(east) - free, max(north) + free
        right, low = max(east) + free, min(north) - free
        if right - self.left < NEAREST:
            right = self.left + NEAREST
        self.scale = WIDTH / (right - self.left)
        self.height = round(max(self.top_of_all - low, NEAREST) * self.scale, 1)
        corners = (
            (self.left, _latitude(self.top_of_all - self.height / self.scale)),
            (right, _latitude(self.top_of_all)),
        )
        self.bounds = [
            [round(number, 6) for number in reversed(moved)]
            for moved in (from_wgs84(c, settings.MAP_TILES_SYSTEM) for c in corners)
        ]

    def place(self, point):
        return (
            round((point[0] - self.left) * self.scale, 1),
            round((self.top_of_all - _north(point[1])) * self.scale, 1),
        )

    def path(self, shape):
        """The `d` of an SVG path; holes stay holes by the rule of odd and even."""
        parts = []
        for ring in rings(shape):
            steps = [f"{x} {y}" for x, y in map(self.place, ring[:-1])]
            parts.append("M" + "L".join(steps) + "Z")
        return "".join(parts)

    def middle(self, shape):
        places = [self.place(point) for point in rings(shape)[0][:-1]]
        return tuple(round(each, 1) for each in _middle(places))

    def foot(self, shape):
        """How far down the shape reaches."""
        return max(self.place(point)[1] for ring in rings(shape) for point in ring)

    def name(self, shape):
        """Where the name of a ground stands: in its middle, below the upper edge."""
        x, y = self.middle(shape)
        ring = [self.place(point) for point in rings(shape)[0]]
        above = [
            y1 + (x - x1) * (y2 - y1) / (x2 - x1)
            for (x1, y1), (x2, y2) in pairwise(ring)
            if min(x1, x2) <= x < max(x1, x2)
        ]
        return x, round(min(above, default=y) + NAME_BELOW, 1)
