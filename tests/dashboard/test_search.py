"""One box over all ledgers: found by every name that people have for a thing."""

import pytest
from django.db import connection

from enterprises.models import Business
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    DemandFactory,
    OrganizationFactory,
)
from tianshan.pinyin import fold

URL = "/search/"


def found(client, q, **headers):
    """`{ledger: [names]}` of what the page shows."""
    context = client.get(URL, {"q": q}, headers=headers).context
    return {
        group["label"]: [row["name"] for row in group["rows"]]
        for group in context["groups"]
    }


@pytest.mark.parametrize(
    "q",
    [
        "长宁",
        "宁咖",
        "cnkf",
        "CNKF",
        "changning",
        "B08",
        "Ｂ０８",
        "2176",
        "MAX000015G",
    ],
)
def test_a_business_is_found_by_name_pinyin_room_code_and_tail(
    client_of, staff, grid, q
):
    BusinessFactory(
        grid=grid,
        name="长宁咖啡",
        room="B08",
        code="92310105MAX000015G",
        contact_phone="13812342176",
    )
    assert found(client_of(staff), q)["企业商户"] == ["长宁咖啡"]


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("长宁茶社", "cncs"),
        ("单记面馆", "sjmg"),
        ("曾氏牙科", "zsyk"),
        ("曾氏牙科", "zeng"),
    ],
)
def test_districts_and_surnames_are_read_as_people_read_them(
    client_of, staff, grid, name, q
):
    BusinessFactory(grid=grid, name=name)
    assert found(client_of(staff), q)["企业商户"] == [name]


def test_every_ledger_in_sight_is_looked_in(client_of, staff, grid):
    BuildingFactory(grid=grid, name="天山茶城", aliases=["茶叶市场"])
    OrganizationFactory(grid=grid, name="茶叶商户联合党支部")
    shop = BusinessFactory(grid=grid, name="武夷茶叶行")
    DemandFactory(business=shop, words="茶叶展销没有场地")

    groups = found(client_of(staff), "茶叶")

    assert groups == {
        "企业商户": ["武夷茶叶行"],
        "楼宇": ["天山茶城"],
        "党组织": ["茶叶商户联合党支部"],
        "诉求": ["茶叶展销没有场地"],
    }


def test_nothing_is_found_beyond_one_s_own_scope(client_of, stranger, grid):
    BusinessFactory(grid=grid, name="闽南茶行")
    OrganizationFactory(grid=grid, name="闽南商会党支部")

    client = client_of(stranger)
    assert found(client, "闽南") == {}
    assert "没有找到" in client.get(URL, {"q": "闽南"}).content.decode()


def test_each_group_says_how_many_there_are_and_leads_to_its_ledger(
    client_of, staff, grid
):
    for number in range(12):
        BusinessFactory(grid=grid, name=f"闽南茶行{number}号")
    client = client_of(staff)

    (group,) = client.get(URL, {"q": "闽南 茶行"}).context["groups"]

    assert (len(group["rows"]), group["total"], group["more"]) == (8, 12, True)
    page = client.get(group["url"]).content.decode()
    assert 'data-total="12"' in page


def test_more_than_a_thousand_are_not_counted(client_of, staff, grid, monkeypatch):
    monkeypatch.setattr("dashboard.finding.MOST", 10)
    for number in range(12):
        BusinessFactory(grid=grid, name=f"闽南茶行{number}号")

    (group,) = client_of(staff).get(URL, {"q": "闽南"}).context["groups"]
    assert group["total"] == "10+"


def test_suggestions_are_a_short_list_for_the_box_in_the_header(client_of, staff, grid):
    for number in range(12):
        BusinessFactory(grid=grid, name=f"闽南茶行{number}号")

    response = client_of(staff).get(
        URL,
        {"q": "mncx"[:3]},
        headers={"HX-Request": "true", "HX-Target": "div#suggested"},
    )
    page = response.content.decode().strip()
    assert page.startswith('<div id="suggested">')
    assert page.count("<li>") == 4


@pytest.mark.parametrize("q", ["", "  ", "\x00", "%", "_", "\\", "'", "茶" * 100, "😀"])
def test_what_cannot_be_found_is_no_error(client_of, staff, grid, q):
    BusinessFactory(grid=grid, name="闽南茶行")
    response = client_of(staff).get(URL, {"q": q})
    assert response.status_code == 200
    assert not response.context["groups"]


@pytest.mark.parametrize(
    "word", ["茶", "虹桥", "虹桥茶", "hq", "b08", "100%", "a_b", "桥虹", "行 虹"]
)
def test_the_index_finds_what_like_finds(grid, word):
    names = ["虹桥茶行", "桥虹茶行", "红桥", "100%棉", "a_b", "axb", "B08", "虹 桥"]
    for name in names:
        BusinessFactory(grid=grid, name=name)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    by_index = Business.objects.filter(search__found=fold(word))
    by_like = Business.objects.filter(search__contains=fold(word))

    assert set(by_index) == set(by_like)
