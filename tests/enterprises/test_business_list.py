"""The ledgers of businesses: mine and not theirs, found, sorted, narrowed, exported."""

import csv
import io

import openpyxl
import pytest
from django.urls import reverse

from enterprises.models import Business, Coverage
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    OrganizationFactory,
)

MERCHANTS = "/merchants/"


def names(response):
    return [row.name for row in response.context["page"]]


def total(response):
    page = response.content.decode()
    return int(page.split('data-total="')[1].split('"')[0])


def test_mine_and_not_theirs(client_of, staff, grid, other_grid):
    BusinessFactory(grid=grid, name="闽南茶行")
    BusinessFactory(grid=other_grid, name="他网格小铺")

    response = client_of(staff).get(MERCHANTS)

    assert names(response) == ["闽南茶行"]
    assert total(response) == 1


def test_each_kind_has_its_own_ledger(client_of, staff, grid):
    BusinessFactory(grid=grid, name="甲茶行")
    BusinessFactory(grid=grid, name="乙科技", kind=Business.Kind.ENTERPRISE)
    client = client_of(staff)

    assert names(client.get("/merchants/")) == ["甲茶行"]
    assert names(client.get("/enterprises/")) == ["乙科技"]
    assert len(names(client.get("/businesses/"))) == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("闽南", True),
        ("南茶", True),
        ("mnch", True),
        ("MNCH", True),
        ("2176", True),
        ("92310105MAX000015G"[-6:], True),
        ("B08", True),
        ("闽北", False),
        ("13812342176", True),  # by its tail, where the address leads
    ],
)
def test_search_finds_name_pinyin_code_room_and_phone_tail(
    client_of, staff, grid, query, found
):
    BusinessFactory(
        grid=grid,
        name="闽南茶行",
        room="B08",
        code="92310105MAX000015G",
        contact_phone="13812342176",
    )

    response = client_of(staff).get(MERCHANTS, {"q": query}, follow=True)

    assert names(response) == (["闽南茶行"] if found else [])


def test_sorts_by_pinyin_and_back(client_of, staff, grid):
    for name in ("闽南茶行", "安溪茶行", "长宁茶行"):
        BusinessFactory(grid=grid, name=name)
    client = client_of(staff)

    order = ["安溪茶行", "长宁茶行", "闽南茶行"]
    assert names(client.get(MERCHANTS, {"sort": "name"})) == order
    assert names(client.get(MERCHANTS, {"sort": "-name"})) == order[::-1]
    assert names(client.get(MERCHANTS, {"sort": "'; drop"})) == order


def test_filters_by_the_mode_that_ranks_first(client_of, staff, grid):
    covered = BusinessFactory(grid=grid, name="双覆盖")
    CoverageFactory(business=covered, mode=Coverage.Mode.REGIONAL)
    CoverageFactory(business=covered, mode=Coverage.Mode.OWN)
    BusinessFactory(grid=grid, name="未覆盖")
    client = client_of(staff)

    assert names(client.get(MERCHANTS, {"mode": "own"})) == ["双覆盖"]
    assert names(client.get(MERCHANTS, {"mode": "regional"})) == []
    assert names(client.get(MERCHANTS, {"mode": "none"})) == ["未覆盖"]


def test_what_narrows_the_list_shows_as_a_chip_that_can_be_taken_away(
    client_of, staff, grid
):
    building = BuildingFactory(grid=grid, name="天山茶城")
    BusinessFactory(grid=grid, building=building, name="甲")
    BusinessFactory(grid=grid, name="乙")

    response = client_of(staff).get(MERCHANTS, {"building": building.pk, "q": "甲"})

    chips = {chip["label"]: chip for chip in response.context["chips"]}
    assert chips["楼宇"]["value"] == "天山茶城"
    assert "building" not in chips["楼宇"]["url"]
    assert "q=" in chips["楼宇"]["url"]


def test_a_part_is_drawn_for_htmx_and_the_whole_page_else(client_of, staff, grid):
    BusinessFactory(grid=grid)
    client = client_of(staff)

    part = client.get(
        MERCHANTS, headers={"HX-Request": "true", "HX-Target": "div#list"}
    )
    assert part.content.decode().strip().startswith('<div id="list"')
    assert "HX-Target" in part.headers["Vary"]
    assert "<html" in client.get(MERCHANTS).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    client_of, staff, grid, count, django_assert_max_num_queries
):
    organization = OrganizationFactory(grid=grid)
    for _ in range(count):
        business = BusinessFactory(grid=grid, building=BuildingFactory(grid=grid))
        CoverageFactory(business=business, organization=organization)
    client = client_of(staff)

    with django_assert_max_num_queries(10):  # reads the choices of the filters
        client.get(MERCHANTS)
    with django_assert_max_num_queries(5):  # session, user, posts, what changed, rows
        response = client.get(MERCHANTS)
    assert total(response) == count


def test_export_holds_the_rows_and_masks_of_the_list(client_of, staff, grid):
    BusinessFactory(grid=grid, name="=1+1茶行", contact_phone="19912345678")
    BusinessFactory(grid=grid, name="乙", trade="药店")
    client = client_of(staff)

    response = client.get(MERCHANTS, {"q": "茶行", "format": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["联系电话"] for row in rows] == ["199****5678"]
    assert not rows[0]["单位名称"].startswith("=")

    response = client.get(MERCHANTS, {"format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    cells = [[cell.value for cell in row] for row in book.active.rows]
    flat = [value for row in cells for value in row]
    assert "=1+1茶行" in flat
    assert all(cell.data_type != "f" for row in book.active.rows for cell in row)
    assert "19912345678" not in flat
    assert "filename*=UTF-8''" in response.headers["Content-Disposition"]


def test_unknown_page_sizes_and_pages_change_nothing(client_of, staff, grid):
    BusinessFactory(grid=grid)
    client = client_of(staff)

    for query in ("size=9999", "size=x", "page=0", "page=abc", "page=99999"):
        assert total(client.get(f"{MERCHANTS}?{query}")) == 1


def test_detail_says_who_covers_and_why(client_of, staff, grid):
    business = BusinessFactory(
        grid=grid, name="闽南茶行", reported_mode="own", contact_phone="19912345678"
    )
    CoverageFactory(
        business=business, organization__name="天山茶市党支部", basis="市场党支部"
    )

    page = client_of(staff).get(
        reverse("enterprises:business_detail", args=[business.pk])
    )

    text = page.content.decode()
    assert "天山茶市党支部" in text
    assert "不计覆盖" in text  # what the ledger claims is no coverage
    assert "19912345678" not in text
