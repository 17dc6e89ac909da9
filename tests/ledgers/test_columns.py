"""Columns: chosen, put in order, remembered for each user and ledger, in the address."""

import csv
import io

import pytest

from tests.factories import BusinessFactory

COLUMNS = "/ledgers/merchants/columns/"


@pytest.fixture(autouse=True)
def shop(grid):
    return BusinessFactory(grid=grid, name="闽南茶行", room="B08")


def labels(response):
    return [column.label for column in response.context["columns"]]


def test_chosen_columns_show_in_order_and_are_remembered(client_of, staff, leader):
    client = client_of(staff)

    response = client.post(
        COLUMNS,
        {
            "next": "/merchants/?q=茶",
            "column": ["trade", "room"],
            "place_trade": "3",
            "place_room": "2",
        },
    )

    assert "columns=name%2Croom%2Ctrade" in response.url
    assert "q=" in response.url
    wanted = ["单位名称", "室号铺位", "行业类别"]
    assert labels(client.get(response.url)) == wanted
    assert labels(client.get("/merchants/")) == wanted
    assert labels(client.get("/enterprises/")) != wanted  # each ledger its own
    assert labels(client_of(leader).get("/merchants/")) != wanted  # each user their own
    assert labels(client_of(leader).get(response.url)) == wanted  # a copied link


def test_back_to_the_ledgers_own(client_of, staff):
    client = client_of(staff)
    before = labels(client.get("/merchants/"))
    client.post(COLUMNS, {"next": "/merchants/", "column": ["room"]})

    response = client.post(COLUMNS, {"next": "/merchants/", "default": "1"})

    assert labels(client.get(response.url)) == before


@pytest.mark.parametrize("text", ["nothing", ",,,", "name,'; drop"])
def test_unknown_columns_change_nothing(client_of, staff, text):
    response = client_of(staff).get("/merchants/", {"columns": text})
    assert labels(response)[0] == "单位名称"


def test_the_column_that_opens_the_row_always_stands_first(client_of, staff):
    response = client_of(staff).get("/merchants/", {"columns": "room"})
    assert labels(response) == ["单位名称", "室号铺位"]


def headings_of(client, query):
    response = client.get("/merchants/", {**query, "format": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return next(csv.reader(io.StringIO(text)))[:-1]


def test_an_export_holds_the_columns_that_it_is_asked_for(client_of, staff):
    client = client_of(staff)
    assert headings_of(client, {"columns": "name,trade"}) == ["单位名称", "行业类别"]
    everything = headings_of(client, {"columns": "all"})
    assert "统一社会信用代码" in everything
    assert headings_of(client, {}) == everything


def test_what_an_export_holds_is_said_before_it_starts(client_of, staff):
    page = client_of(staff).get(
        "/ledgers/merchants/export/", {"q": "茶", "columns": "name,trade"}
    )
    assert "<b>1 家</b>" in page.text
    assert "搜索：茶" in page.text
    assert "联系电话只写前三位和后四位" in page.text
    assert "列表上的 2 列" in page.text
    assert 'name="q" value="茶"' in page.text


def test_a_file_says_who_when_and_by_which_filter(client_of, staff):
    response = client_of(staff).get("/merchants/", {"q": "茶", "format": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text))
    assert heading[-1].startswith("注：staff 于 ")
    assert "共 1 家；筛选：搜索：茶。" in heading[-1]
    assert len(rows) == 1  # the line is no row


def test_print_says_the_filter_and_its_limit(client_of, staff, grid, monkeypatch):
    BusinessFactory(grid=grid, name="安溪茶行")
    client = client_of(staff)
    page = client.get("/merchants/", {"q": "茶", "format": "print"})
    assert "筛选：搜索：茶。" in page.text
    assert "闽南茶行" in page.text
    assert "没有印出" not in page.text

    monkeypatch.setattr("tianshan.ledgers.views.PRINTED", 1)
    page = client.get("/merchants/", {"q": "茶", "format": "print"})
    assert "还有 1 家没有印出" in page.text


def test_a_row_at_a_glance_says_all_that_the_ledger_knows(client_of, staff, shop):
    page = client_of(staff).get(f"/ledgers/merchants/{shop.pk}/")
    assert "闽南茶行" in page.text
    assert "B08" in page.text
    assert f"/businesses/{shop.pk}/" in page.text


def test_no_glance_at_a_row_out_of_sight(client_of, stranger, shop):
    page = client_of(stranger).get(f"/ledgers/merchants/{shop.pk}/")
    assert page.status_code == 404
