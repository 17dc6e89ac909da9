"""Correcting a building: who may, two people at once, honours."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from grids import actions
from grids.forms import BuildingForm
from tests.factories import NOON, TODAY, BuildingFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def building(tower):
    return tower


def filled(building, **changes):
    """What a browser sends of the form as it was drawn, with some changes."""
    form = BuildingForm(instance=building)
    values = {name: form[name].value() or "" for name in form.fields}
    values["seen"] = BuildingForm.seen_text(building)
    return values | changes


def edit(client, building, data):
    return client.post(reverse("grids:building_edit", args=[building.pk]), data)


def test_facts_are_corrected_and_leave_their_line(client_of, clerk, building):
    response = edit(
        client_of(clerk),
        building,
        filled(building, aliases="金虹桥、 金虹桥中心", area="120000", units="240"),
    )

    assert response.status_code == 302
    building.refresh_from_db()
    assert building.aliases == ["金虹桥", "金虹桥中心"]
    assert (building.area, building.units, building.floors) == (120000, 240, 36)
    line = Entry.objects.get(verb="building.edited")
    assert line.data["fields"] == ["aliases", "area", "units"]


def test_the_secretary_keeps_the_buildings_that_her_organisation_holds(
    client_of, building_secretary, building, grid
):
    client = client_of(building_secretary)
    assert edit(client, building, filled(building, area="1")).status_code == 302
    other = BuildingFactory(grid=grid)
    assert edit(client, other, filled(other, area="1")).status_code == 404
    with pytest.raises(PermissionDenied):
        actions.edit_building(
            other, changes={}, seen={}, by=building_secretary, at=NOON
        )


@pytest.mark.parametrize("who", ["staff", "leader", "secretary"])
def test_others_may_not(request, client_of, building, who):
    client = client_of(request.getfixturevalue(who))
    assert edit(client, building, filled(building, area="1")).status_code == 403
    page = client.get(building.get_absolute_url()).content.decode()
    assert "修改资料" not in page


def test_facts_that_nobody_touched_meanwhile_merge(client_of, clerk, chief, building):
    first, second = filled(building, area="100"), filled(building, floors="35")
    edit(client_of(chief), building, second)
    assert edit(client_of(clerk), building, first).status_code == 302
    building.refresh_from_db()
    assert (building.area, building.floors) == (100, 35)


def test_two_who_change_the_same_fact_choose_field_by_field(
    client_of, clerk, chief, building
):
    mine = filled(building, floors="34", address="茅台路179号", area="5")
    edit(client_of(chief), building, filled(building, floors="35", address="甲"))

    clash = edit(client_of(clerk), building, mine)

    assert clash.status_code == 409
    page = clash.content.decode()
    assert "用我填的：34" in page
    assert "用现在的：35" in page
    building.refresh_from_db()
    assert (building.floors, building.area) == (35, None)

    again = mine | {"seen": clash.context["seen"], "take-floors": "theirs"}
    assert edit(client_of(clerk), building, again).status_code == 302
    building.refresh_from_db()
    assert (building.floors, building.address, building.area) == (35, "茅台路179号", 5)


def test_a_page_of_another_building_is_not_believed(client_of, clerk, building):
    data = filled(building, seen=BuildingForm.seen_text(BuildingFactory()))
    response = edit(client_of(clerk), building, data)
    assert response.status_code == 400
    assert "放得太久" in response.content.decode()


def test_a_name_taken_in_the_grid_is_refused(client_of, clerk, grid, building):
    BuildingFactory(grid=grid, name="天山茶城")
    response = edit(client_of(clerk), building, filled(building, name="天山茶城"))
    assert response.status_code == 400
    assert "已有" in response.content.decode()


# --- honours -----------------------------------------------------------------------


def test_an_honour_says_by_whom_and_when(client_of, clerk, building):
    client = client_of(clerk)
    new = reverse("grids:honour_new", args=[building.pk])
    data = {"name": "诚信单位", "given_by": "区市场监管局", "given_on": "2026-03-15"}
    client.post(new, data)
    page = client.get(building.get_absolute_url()).content.decode()
    for words in ("诚信单位", "区市场监管局", "2026年3月15日"):
        assert words in page
    assert client.post(new, data).status_code == 400
    assert "诚信单位" in client.get("/buildings/").content.decode()


def test_an_honour_is_taken_down_with_a_reason_and_stays_on_record(
    client_of, clerk, staff, building
):
    honour = actions.give_honour(
        building, name="诚信单位", given_by="", given_on=None, by=clerk, at=NOON
    )
    url = reverse("grids:honour_withdraw", args=[honour.pk])
    assert client_of(staff).post(url, {"why": "登记错了"}).status_code == 403
    assert client_of(clerk).post(url, {"why": " "}).status_code == 400
    assert client_of(clerk).post(url, {"why": "登记错了"}).status_code == 302
    honour.refresh_from_db()
    assert honour.withdrawn_why == "登记错了"
    page = client_of(clerk).get(building.get_absolute_url()).content.decode()
    assert "诚信单位" not in page
    with pytest.raises(actions.Refused):
        actions.withdraw_honour(honour, why="再撤", on=TODAY, by=clerk, at=NOON)


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    client_of, staff, grid, django_assert_max_num_queries, count
):
    for place in range(count):
        building = BuildingFactory(grid=grid)
        building.honours.create(name=f"荣誉{place}", given_on=dt.date(2026, 1, 1))
    client = client_of(staff)
    client.get("/buildings/")  # the filters are drawn once and kept
    with django_assert_max_num_queries(8):
        page = client.get("/buildings/")
    assert page.context["total"] == count
