"""The three coordinate systems, by points that are known in two of them."""

import pytest

from grids.coordinates import System, from_wgs84, metres, to_wgs84

# The same places as two systems say them: the examples that are widely published.
SHANGHAI = (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)
SHENZHEN = (113.912316, 22.543847), (113.9171764808363, 22.540796131694766)
STREET = (121.405, 31.212)


@pytest.mark.parametrize(("wgs84", "gcj02"), [SHANGHAI, SHENZHEN])
def test_a_place_known_in_both_systems_is_moved_there_and_back(wgs84, gcj02):
    assert metres(from_wgs84(wgs84, System.GCJ02), gcj02) < 0.01
    assert metres(to_wgs84(gcj02, System.GCJ02), wgs84) < 0.01


def test_the_formula_moves_this_street_by_half_a_kilometre():
    """About 0.0046 degrees east and 0.0018 south."""
    east, north = from_wgs84(STREET, System.GCJ02)
    assert (east - STREET[0], north - STREET[1]) == pytest.approx(
        (0.0046, -0.0018), abs=0.0002
    )


def test_the_third_system_lies_a_further_kilometre_away():
    moved = from_wgs84(STREET, System.GCJ02)
    assert 800 < metres(from_wgs84(STREET, System.BD09), moved) < 1100


@pytest.mark.parametrize("system", System)
def test_there_and_back_is_the_same_place(system):
    for point in (STREET, SHANGHAI[0], SHENZHEN[0]):
        assert metres(to_wgs84(from_wgs84(point, system), system), point) < 0.001
