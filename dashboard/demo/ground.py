"""Where the demo's grids and buildings lie: sketched by hand, and marked so.

The roads are where they are; the shapes are rectangles that say no more than "here".
"""

from grids.coordinates import System
from grids.models import Building, Grid, Outline
from grids.outlines import SKETCH

# West, south, east, north, in degrees of WGS-84.
GROUNDS = {
    "310105006": (121.3785, 31.2015, 121.4215, 31.2190),
    "310105006602": (121.3800, 31.2030, 121.3945, 31.2170),
    "310105006603": (121.3955, 31.2025, 121.4205, 31.2180),
}
BUILDINGS = {
    "金虹桥国际中心": (121.3988, 31.2058, 121.4012, 31.2075),
    "天山茶城": (121.4152, 31.2085, 121.4184, 31.2106),
    "天山驿空间": (121.3982, 31.2136, 121.4004, 31.2151),
    "娄山商务楼": (121.4058, 31.2074, 121.4076, 31.2088),
    "茅台路沿街商铺": (121.4084, 31.2047, 121.4136, 31.2055),
    "天山路沿街商铺": (121.4050, 31.2116, 121.4116, 31.2124),
    "芙蓉江文化街区": (121.3966, 31.2086, 121.3982, 31.2112),
    "遵义购物中心": (121.4106, 31.2142, 121.4132, 31.2161),
    "安顺路沿街商铺": (121.3840, 31.2074, 121.3896, 31.2082),
}
LEAN = 0.06  # no road of the street runs due east: its ends lie so much higher


def load(*, at):
    """Sketch every grid, and every building that has a place above."""
    for code, box in GROUNDS.items():
        _outline(box, at, grid=Grid.objects.get(code=code))
    for building in Building.objects.filter(name__in=BUILDINGS):
        west, south, east, north = box = BUILDINGS[building.name]
        _outline(box, at, building=building)
        building.longitude = f"{(west + east) / 2:.6f}"
        building.latitude = f"{(south + north) / 2:.6f}"
        building.source_crs = SKETCH
        building.save()


def _outline(box, at, **of):
    west, south, east, north = box
    rise = (east - west) * LEAN
    ring = [
        [west, south],
        [east, south + rise],
        [east, north + rise],
        [west, north],
        [west, south],
    ]
    Outline.objects.create(
        shape={
            "type": "Polygon",
            "coordinates": [[[round(n, 6) for n in point] for point in ring]],
        },
        source_crs=System.WGS84,
        sketched=True,
        updated_at=at,
        **of,
    )
