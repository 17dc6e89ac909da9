"""Likely twins: found by code, phone, place and name; told apart once and for all."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from enterprises import merging, twins
from enterprises.models import Business, NotTwins
from tests.factories import NOON, BuildingFactory, BusinessFactory
from tianshan.audit.models import Entry

CODE = "91310105MA1FW0000D"
DIGIT_OFF = "91310105MA1FW0100D"


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"code": CODE}, {"code": DIGIT_OFF}, "只差一位"),
        ({"name": "闽南茶行", "here": 1}, {"name": "闽楠茶行", "here": 1}, "读音相同"),
        (
            {"name": "闽南茶行", "here": 1},
            {"name": "闽南茶叶行", "here": 1},
            "名称相近",
        ),
        (
            {"name": "闽南茶业有限公司", "here": 1},
            {"name": "上海闽南茶业有限公司", "here": 1},
            "读音相同",
        ),
        (
            {"name": "闽南茶行", "phone": "19900000001"},
            {"name": "闽南茶庄", "phone": "19900000001"},
            "电话相同",
        ),
        (
            {"name": "闽南茶行", "here": 1, "room": "B-08"},
            {"name": "老闽南茶", "here": 1, "room": "B08室"},
            "同一铺位",
        ),
    ],
)
def test_what_speaks_for_a_pair_is_said(grid, market, one, other, why):
    rows = [_make(grid, market, **facts) for facts in (one, other)]
    [(_, first, second, reasons)] = twins.pairs(Business.objects.in_ledgers())
    assert {first, second} == {row.pk for row in rows}
    assert why in "".join(reasons)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "闽南茶行"}, {"name": "云南普洱", "here": 1}),
        ({"name": "闽南茶行", "here": 1}, {"name": "闽南茶行", "here": 2}),
        ({"name": "大益茶行", "here": 1}, {"name": "八马茶行", "here": 1}),
        (
            {"name": "沈记", "phone": "19900000001"},
            {"name": "茶香阁", "phone": "19900000001"},
        ),
        (  # two licences at one place: one came after the other
            {"name": "闽南茶行", "here": 1, "room": "B08", "code": CODE},
            {
                "name": "闽南茶庄",
                "here": 1,
                "room": "B08",
                "code": "91310105MA1FL5555X",
            },
        ),
    ],
)
def test_what_is_plainly_two_is_not_listed(grid, market, one, other):
    for facts in (one, other):
        _make(grid, market, **facts)
    assert twins.pairs(Business.objects.in_ledgers()) == []


def _make(grid, market, *, here=0, phone="", **facts):
    building = None
    if here:
        building = market if here == 1 else BuildingFactory(grid=grid)
    return BusinessFactory(
        grid=grid, building=building, contact_phone=phone, **{"name": "某某店"} | facts
    )


@pytest.fixture
def pair(grid, market):
    return [
        BusinessFactory(grid=grid, building=market, name=name)
        for name in ("闽南茶行", "闽南茶叶行")
    ]


def test_told_apart_once_they_are_listed_no_more(clerk, client_of, pair):
    one, other = pair
    client = client_of(clerk)
    page = reverse("enterprises:twin_list")
    assert "闽南茶叶行" in client.get(page).content.decode()
    address = reverse("enterprises:twins_apart", args=[other.pk, one.pk])
    client.post(address, {"reason": "两家执照"})
    client.post(address, {"reason": "两家执照"})
    client.get(page)  # says what was ruled
    assert "闽南茶叶行" not in client.get(page).content.decode()
    assert NotTwins.objects.get().first_id == min(one.pk, other.pk)
    assert Entry.objects.get(verb="business.told_apart").data["reason"] == "两家执照"


def test_telling_apart_belongs_to_the_clerk(staff, pair):
    with pytest.raises(PermissionDenied):
        merging.tell_apart(*pair, by=staff, at=NOON)


def test_the_list_shows_the_clerks_own_grids_alone(client_of, clerk, other_grid):
    market = BuildingFactory(grid=other_grid)
    for name in ("闽南茶行", "闽南茶叶行"):
        BusinessFactory(grid=other_grid, building=market, name=name)
    page = client_of(clerk).get(reverse("enterprises:twin_list"))
    assert "闽南" not in page.content.decode()


def test_the_page_merges_what_was_chosen_and_takes_it_back(client_of, clerk, pair):
    one, other = pair
    client = client_of(clerk)
    address = reverse("enterprises:business_merge", args=[one.pk, other.pk])
    assert "闽南茶叶行" in client.get(address).content.decode()
    assert client.post(address, {"name": "theirs"}).status_code == 422  # no reason
    done = client.post(address, {"name": "theirs", "reason": "录了两次"}, follow=True)
    one.refresh_from_db()
    assert one.name == "闽南茶叶行"
    merge = done.context["merge"]
    undo = client.post(reverse("enterprises:merge_undo", args=[merge.pk]), follow=True)
    assert "全部退回原样" in undo.content.decode()
    one.refresh_from_db()
    assert one.name == "闽南茶行"
    again = client.post(reverse("enterprises:merge_undo", args=[merge.pk]), follow=True)
    assert "已经撤销" in again.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_pairs(
    client_of, clerk, grid, count, django_assert_num_queries
):
    for number in range(count):
        market = BuildingFactory(grid=grid)
        for name in (f"闽南茶行{number}", f"闽南茶叶行{number}"):
            BusinessFactory(grid=grid, building=market, name=name)
    client = client_of(clerk)
    with django_assert_num_queries(QUERIES):
        page = client.get(reverse("enterprises:twin_list"))
    assert page.context["total"] == count


QUERIES = 8
