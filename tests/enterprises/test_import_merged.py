"""A file that still names a business which was merged away: the survivor is meant."""

import pytest

from enterprises import imports, merging
from enterprises.models import Business, ImportBatch
from tests.enterprises.files import code, line, workbook
from tests.factories import (
    LIVE_ON,
    NOON,
    BuildingFactory,
    BusinessFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.fixture
def two(grid, market, clerk):
    """The survivor, and what was merged into it."""
    one = BusinessFactory(
        grid=grid, building=market, room="B08", name="闽南茶行", code=code(1)
    )
    other = BusinessFactory(
        grid=grid,
        building=market,
        room="A01",
        name="闽南茶叶行",
        code=code(2),
        staff_count=3,
    )
    merging.merge(one, other, choices={}, reason="录重", by=clerk, at=NOON)
    other.refresh_from_db()
    return one, other


@pytest.fixture
def taken_in(grid):
    def write(*rows):
        batch = imports.upload(
            name="x",
            content=workbook(*rows),
            grid=grid,
            known_since=LIVE_ON,
            by=None,
            at=NOON,
        )
        imports.start(batch, by=None, at=NOON)
        imports.finish(batch, at=NOON)
        return ImportBatch.objects.get(pk=batch.pk)

    return write


def results(batch):
    return list(batch.rows.order_by("number").values_list("result", "target"))


def test_its_code_leads_to_the_survivor_with_a_word(taken_in, two):
    one, _ = two
    batch = taken_in(line("闽南茶叶行", code=code(2), building="天山茶城", room="A01"))
    assert results(batch) == [("same", one.pk)]
    [word] = [p["message"] for row in batch.rows.all() for p in row.problems]
    assert "已并入“闽南茶行”" in word
    assert Business.objects.count() == 2


def test_what_was_weighed_when_they_were_merged_overwrites_nothing(taken_in, two):
    """Name, place and staff are as in the row merged away; the trade is news."""
    one, _ = two
    row = {"code": code(2), "building": "天山茶城", "room": "A01", "staff": 3}
    batch = taken_in(line("闽南茶叶行", trade="茶叶零售", **row))
    assert results(batch) == [("changed", one.pk)]
    one.refresh_from_db()
    assert (one.name, one.code, one.room) == ("闽南茶行", code(1), "B08")
    assert (one.trade, one.staff_count) == ("茶叶零售", None)


def test_without_a_code_its_name_and_place_lead_there(taken_in, two):
    one, _ = two
    batch = taken_in(line("闽南茶叶行", building="天山茶城", room="A01"))
    assert results(batch) == [("same", one.pk)]


@pytest.mark.parametrize("order", [1, -1])
def test_the_survivors_own_row_goes_before_it(taken_in, two, order):
    """The district still lists both: one changes it, the other is a repetition."""
    one, _ = two
    rows = [
        line("闽南茶行", code=code(1), building="天山茶城", room="B08", staff=9),
        line("闽南茶叶行", code=code(2), building="天山茶城", room="A01", staff=4),
    ]
    batch = taken_in(*rows[::order])
    expected = [("changed", one.pk), ("duplicate", one.pk)]
    assert results(batch) == expected[::order]
    one.refresh_from_db()
    assert one.staff_count == 9


def test_two_again_each_has_its_own_row(taken_in, two, clerk):
    _, other = two
    merge = merging.Merge.objects.get()
    merging.undo(merge, by=clerk, at=NOON)
    batch = taken_in(line("闽南茶叶行", code=code(2), building="天山茶城", room="A01"))
    assert results(batch) == [("same", other.pk)]


def test_one_merged_into_another_grids_is_refused(taken_in, two, other_grid):
    one, _ = two
    Business.objects.filter(pk=one.pk).update(grid=other_grid)
    batch = taken_in(line("闽南茶叶行", code=code(2)))
    assert results(batch) == [("rejected", None)]
