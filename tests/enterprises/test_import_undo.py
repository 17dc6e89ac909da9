"""A written batch taken back: all as before, save what somebody went on with."""

import datetime as dt

import pghistory
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from dashboard import sums
from dashboard.models import Standing
from enterprises import actions, imports
from enterprises.models import Business, ImportBatch, Occupancy, Operation
from grids.models import Building
from tests.enterprises.files import code, line, workbook
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry


@pytest.fixture
def taken(grid, clerk):
    """`taken(content)`: the file imported, as its batch."""

    def write(content, at=NOON):
        batch = imports.upload(
            name="台账.xlsx",
            content=content,
            grid=grid,
            known_since=LIVE_ON,
            by=clerk,
            at=at,
        )
        imports.start(batch, by=clerk, at=at)
        with pghistory.context(user=clerk.pk):
            imports.finish(batch, at=at)
        batch.refresh_from_db()
        return batch

    return write


def undone(batch, at=NOON):
    imports.start_undoing(batch, by=batch.by, at=at)
    with pghistory.context(user=batch.by_id):
        result = imports.undo(batch, at=at)
    batch.refresh_from_db()
    return result


def everything():
    """All columns of all rows that a ledger is made of."""
    return {
        model: {row["id"]: row for row in model.objects.order_by("pk").values()}
        for model in (Business, Occupancy, Operation, Building)
    }


def standings():
    return sorted(
        tuple(row.items())
        for row in Standing.objects.values("business", "since", "until", "operating")
    )


def test_of_a_thousand_rows_all_but_the_five_edited_by_hand_are_exact(
    taken, grid, staff
):
    """600 new, 400 changed, 5 edited since: 995 exact, 5 listed."""
    old, new = BuildingFactory(grid=grid, name="甲楼"), BuildingFactory(grid=grid)
    shops = BusinessFactory.create_batch(400, grid=grid, building=old, staff_count=3)
    for number, shop in enumerate(shops):
        shop.code, shop.room = code(number), f"{number}"
        shop.save()
        shop.occupancies.update(room=shop.room)
    before, stood = everything(), standings()
    rows = []
    for number, shop in enumerate(shops):
        facts = {
            0: {"staff": 9, "note": "换了店招"},
            1: {"building": new.name, "room": "新1"},  # moved
            2: {"state": "注销"},
            3: {"phone": "19900000001", "founded": "2019年6月"},
        }[number % 4]
        rows.append(line(shop.name, code=shop.code, **facts))
    rows += [
        line(f"新店{n}", code=code(1000 + n), building="甲楼", room=f"N{n}")
        for n in range(600)
    ]
    batch = taken(workbook(*rows))
    assert (batch.summary["new"], batch.summary["changed"]) == (600, 400)
    fresh = list(Business.objects.filter(name__startswith="新店").order_by("pk"))

    edited = [*shops[:3], *fresh[:2]]
    with pghistory.context(user=staff.pk):
        for shop in edited:
            actions.edit(shop, changes={"note": "手工改过"}, seen={}, by=staff, at=NOON)
    as_edited = everything()
    back, left = undone(batch)

    assert (back, left) == (995, 5)
    after = everything()
    kept = {shop.pk for shop in edited}
    for model in (Business, Occupancy, Operation):
        name = "id" if model is Business else "business_id"
        for row in after[model].values():
            if row[name] in kept:
                assert row == as_edited[model][row["id"]]
            elif row[name] in {shop.pk for shop in shops}:
                assert row == before[model][row["id"]]
    restored = {shop.pk for shop in shops} - kept
    assert {pk for pk in after[Business] if pk in restored} == restored
    gone = {shop.pk for shop in fresh} - kept
    assert set(Business.objects.in_ledgers().values_list("pk", flat=True)) == (
        restored | kept
    )
    assert not Standing.objects.filter(business__in=gone).exists()
    untouched = [row for row in stood if row[0][1] in restored]
    assert [row for row in standings() if row[0][1] in restored] == untouched
    assert sums.renew() == 0, "they followed there and back"

    listed = batch.rows.filter(undone="left").order_by("pk")
    assert {row.target for row in listed} == kept
    for row in listed:
        assert row.touched[0]["by"] == "staff"
        assert row.touched[0]["fields"] == ["备注"]
        assert row.touched[0]["at"]
    entry = Entry.objects.get(verb="import.undone")
    assert entry.data == {"back": 995, "left": 5}


def test_what_an_import_made_is_in_no_ledger_figure_or_search_afterwards(
    taken, client_of, clerk
):
    batch = taken(workbook(line("闽南茶行", code=code(1), room="1")))
    shop = Business.objects.get()
    browser = client_of(clerk)
    assert "闽南茶行" in browser.get("/businesses/").content.decode()

    undone(batch)

    for url in ("/businesses/", "/businesses/?q=mnch", "/search/?q=闽南茶行"):
        text = browser.get(url).content.decode()
        assert shop.get_absolute_url() not in text
    assert browser.get(shop.get_absolute_url()).status_code == 404
    assert not Standing.objects.exists()
    assert [e.pgh_label for e in shop.events.order_by("pgh_id")] == ["insert", "update"]
    for day in (LIVE_ON, TODAY, TODAY + dt.timedelta(1)):
        assert not Occupancy.objects.in_force(day).exists()
        assert not Operation.objects.in_force(day).exists()


def test_the_same_file_can_be_imported_again_after_it_was_taken_back(taken):
    content = workbook(line("闽南茶行", code=code(1), room="1"))
    undone(taken(content))
    again = taken(content)
    assert again.summary["new"] == 1
    assert Business.objects.in_ledgers().get().code == code(1)


def test_who_was_visited_since_stays_and_is_named(taken):
    batch = taken(workbook(line("甲店", room="1"), line("乙店", room="2")))
    VisitFactory(business=Business.objects.get(name="甲店"))

    assert undone(batch) == (1, 1)

    assert Business.objects.in_ledgers().get().name == "甲店"
    row = batch.rows.get(undone="left")
    assert row.touched[0]["fields"] == ["已有走访"]


def test_a_visit_to_who_was_only_changed_does_not_keep_the_change(taken, grid):
    shop = BusinessFactory(grid=grid, name="甲店", room="1", staff_count=3)
    batch = taken(workbook(line("甲店", room="1", staff=9)))
    VisitFactory(business=shop)
    assert undone(batch) == (1, 0)
    shop.refresh_from_db()
    assert (shop.staff_count, shop.version) == (3, 1)


def test_of_two_imports_the_first_does_not_undo_the_second(taken, grid):
    shop = BusinessFactory(grid=grid, name="甲店", room="1", staff_count=3)
    first = taken(workbook(line("甲店", room="1", staff=4)))
    second = taken(workbook(line("甲店", room="1", staff=5)))

    assert undone(first) == (0, 1)
    shop.refresh_from_db()
    assert shop.staff_count == 5

    assert undone(second) == (1, 0)
    shop.refresh_from_db()
    assert shop.staff_count == 4


def test_a_code_that_another_has_by_now_is_not_given_back(taken, grid):
    shop = BusinessFactory(grid=grid, name="甲店", room="1")
    Business.objects.filter(pk=shop.pk).update(code=code(1))
    # The licence was changed: found by name and place once the code is gone.
    Business.objects.filter(pk=shop.pk).update(code=None)
    batch = taken(workbook(line("甲店", code=code(2), room="1")))
    assert undone(batch) == (1, 0)
    shop.refresh_from_db()
    assert shop.code is None


def test_a_building_that_the_file_made_goes_and_a_changed_one_is_as_before(taken, grid):
    market = BuildingFactory(grid=grid, name="天山茶城", aliases=["茶城"])
    buildings = [
        ["楼宇名称", "地址", "俗称"],
        ["天山茶城", "中山西路520号", "天山茶市"],
        ["新楼", "茅台路1号", None],
    ]
    content = workbook(
        line("甲店", building="新楼", room="1"), more={"楼宇": buildings}
    )
    before = everything()[Building][market.pk]

    batch = taken(content)
    undone(batch)

    assert Building.objects.in_ledgers().get() == market
    assert everything()[Building][market.pk] == before


def test_a_building_into_which_another_moved_since_stays(taken, grid):
    buildings = [["楼宇名称", "地址", "俗称"], ["新楼", "茅台路1号", None]]
    batch = taken(workbook(line("甲店", room="1"), more={"楼宇": buildings}))
    BusinessFactory(grid=grid, building=Building.objects.get())
    undone(batch)
    assert Building.objects.in_ledgers().exists()
    assert batch.rows.get(model="building").undone == "left"


def test_taking_back_twice_is_refused(taken):
    batch = taken(workbook(line("甲店", room="1")))
    undone(batch)
    with pytest.raises(imports.Refused, match="已撤回"):
        imports.start_undoing(batch, by=batch.by, at=NOON)
    with pytest.raises(imports.Refused):
        imports.undo(batch, at=NOON)


def test_taking_back_belongs_to_who_may_import_there(taken, staff, stranger):
    batch = taken(workbook(line("甲店", room="1")))
    for user in (staff, stranger):
        with pytest.raises(PermissionDenied):
            imports.start_undoing(batch, by=user, at=NOON)
    assert ImportBatch.objects.get().state == "applied"


def test_the_page_takes_a_batch_back_and_lists_what_it_left(
    taken, clerk, client_of, grid, django_capture_on_commit_callbacks
):
    batch = taken(workbook(line("甲店", room="1"), line("乙店", room="2")))
    with pghistory.context(user=clerk.pk):
        actions.edit(
            Business.objects.get(name="甲店"),
            changes={"trade": "茶叶零售"},
            seen={},
            by=clerk,
            at=NOON,
        )
    browser = client_of(clerk)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("enterprises:import_undo", args=[batch.pk]))

    text = browser.get(batch.get_absolute_url()).content.decode()
    assert "已撤回 1 行" in text
    assert "1 行后来有人动过" in text
    text = browser.get(batch.get_absolute_url(), {"show": "left"}).content.decode()
    assert "行业" in text
    assert "clerk" in text
