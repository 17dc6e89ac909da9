"""Which rooms the caretaker of a floor owes visits to."""

import pytest

from dashboard.walk import cared_for
from enterprises.models import Caretaker
from tests.factories import TODAY, BuildingFactory, BusinessFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("floor", "rooms"),
    [
        ("", {"101", "1201", "A07", "B1-02"}),
        ("1", {"101"}),
        ("12", {"1201"}),
        ("A", {"A07"}),
        ("B1", {"B1-02"}),
    ],
)
def test_a_floor_holds_its_rooms_and_no_others(floor, rooms, staff, grid):
    building = BuildingFactory(grid=grid)
    for room in ("101", "1201", "A07", "B1-02"):
        BusinessFactory(grid=grid, building=building, room=room)
    BusinessFactory(grid=grid, room="102")
    Caretaker.objects.create(
        user=staff, grid=grid, building=building, floor=floor, since=TODAY
    )
    businesses, own = cared_for(staff)
    assert own
    assert set(businesses.values_list("room", flat=True)) == rooms
