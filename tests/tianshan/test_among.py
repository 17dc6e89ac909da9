"""`__among` finds what `__in` finds, with one parameter."""

import pytest

from grids.models import Building, Grid
from tests.factories import BuildingFactory, GridFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wanted", [[], [0], [0, 2], [0, 1, 2], [-1]])
def test_it_finds_what_in_finds(wanted, street):
    grids = [GridFactory(parent=street) for _ in range(3)]
    for grid in grids:
        BuildingFactory(grid=grid)
    keys = {grids[n].pk if n >= 0 else 0 for n in wanted}
    for objects, name in ((Grid.objects, "pk"), (Building.objects, "grid")):
        for how in ("filter", "exclude"):
            ask = getattr(objects, how)
            found = ask(**{f"{name}__among": frozenset(keys)}).order_by("pk")
            assert [*found] == [*ask(**{f"{name}__in": keys}).order_by("pk")]


def test_many_keys_are_one_parameter():
    _, parameters = Building.objects.filter(
        grid__among=range(2000)
    ).query.sql_with_params()
    assert parameters == ([*range(2000)],)
