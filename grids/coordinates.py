"""The three coordinate systems that maps of China are drawn in, and the ways between.

WGS-84 is what satellites give, and all that is stored. GCJ-02 is what 高德 and 腾讯
draw, some hundred metres away by a formula that was never published but is known;
BD-09 is 百度's further shift of it. Points are (longitude, latitude) in degrees.
"""

from math import atan2, cos, hypot, pi, sin, sqrt

from django.db import models

# The ellipsoid of Krasovsky 1940, on which the formula was made.
AXIS, SQUEEZE = 6378245.0, 0.00669342162296594323
# Within a hundredth of a millimetre after so many steps.
STEPS = 8
METRES = 111_320  # of a degree of latitude


class System(models.TextChoices):
    WGS84 = "wgs84", "WGS-84（天地图、GPS）"
    GCJ02 = "gcj02", "GCJ-02（高德、腾讯）"
    BD09 = "bd09", "BD-09（百度）"

    @property
    def short(self):
        return self.label.partition("（")[0]


def to_wgs84(point, system):
    """A point of the system, in WGS-84."""
    if system == System.BD09:
        point = _gcj_of_bd(point)
    if system in (System.BD09, System.GCJ02):
        return _wgs_of_gcj(point)
    return point


def from_wgs84(point, system):
    """A point of WGS-84, in the system."""
    if system == System.WGS84:
        return point
    moved = _gcj_of_wgs(point)
    return _bd_of_gcj(moved) if system == System.BD09 else moved


def metres(one, other):
    """How far two points lie apart, near enough for a town."""
    east = (one[0] - other[0]) * cos(one[1] * pi / 180)
    return METRES * hypot(east, one[1] - other[1])


def _gcj_of_wgs(point):
    longitude, latitude = point
    x, y = longitude - 105, latitude - 35
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += _waves(x, (20, 6), (20, 2)) + _waves(y, (20, 1), (40, 1 / 3))
    north += _waves(y, (160, 1 / 12), (320, 1 / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += _waves(x, (20, 6), (20, 2)) + _waves(x, (20, 1), (40, 1 / 3))
    east += _waves(x, (150, 1 / 12), (300, 1 / 30))
    radians = latitude * pi / 180
    bend = 1 - SQUEEZE * sin(radians) ** 2
    north = north * 180 / (AXIS * (1 - SQUEEZE) / (bend * sqrt(bend)) * pi)
    east = east * 180 / (AXIS / sqrt(bend) * cos(radians) * pi)
    return longitude + east, latitude + north


def _waves(at, *heights):
    return sum(height * sin(often * at * pi) for height, often in heights) * 2 / 3


def _wgs_of_gcj(point):
    """There is no formula back: the guess is moved until it lands on the point."""
    guess = point
    for _ in range(STEPS):
        landed = _gcj_of_wgs(guess)
        guess = guess[0] + point[0] - landed[0], guess[1] + point[1] - landed[1]
    return guess


_TURN = pi * 3000 / 180


def _bd_of_gcj(point):
    x, y = point
    far = hypot(x, y) + 0.00002 * sin(y * _TURN)
    angle = atan2(y, x) + 0.000003 * cos(x * _TURN)
    return far * cos(angle) + 0.0065, far * sin(angle) + 0.006


def _gcj_of_bd(point):
    guess = point[0] - 0.0065, point[1] - 0.006
    for _ in range(STEPS):
        landed = _bd_of_gcj(guess)
        guess = guess[0] + point[0] - landed[0], guess[1] + point[1] - landed[1]
    return guess
