"""Likely twins: found by code, phone, place and name; told apart once and for all."""

import itertools
import random

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.rights import Role
from enterprises import merging, twin_views, twins
from enterprises.models import Business, NotTwins
from tests.factories import (
    NOON,
    BuildingFactory,
    BusinessFactory,
    PostFactory,
    UserFactory,
)
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
            "同一室号铺位",
        ),
    ],
)
def test_what_speaks_for_a_pair_is_said(grid, market, one, other, why):
    rows = [_make(grid, market, **facts) for facts in (one, other)]
    assert twins.pairs(Business.objects.in_ledgers()) == [(rows[0].pk, rows[1].pk)]
    assert why in "".join(twins.in_words(*rows))


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


AROUND = ("", "上海", "上海市", "长宁区", "上海市长宁区")
HEART = ("闽南", "闽楠", "老闽南", "云南普洱", "静庐", "静庐茶", "Ｔea Ｈouse", "一")
LEGAL = ("", "茶行", "茶叶行", "有限公司", "股份有限公司", "（天山店）", "(茶)经营部")
ROOMS = ("", "B08", "B-08", "b08室", "Ａ01", "A01")


@pytest.mark.parametrize("seed", range(5))
def test_sql_finds_what_comparing_each_with_each_finds(grid, seed, monkeypatch):
    """The same pairs, the surest first, apart from what no bucket brings together."""
    monkeypatch.setattr(twins, "COMMON", 10_000)
    chance = random.Random(seed)
    buildings = [None, BuildingFactory(grid=grid), BuildingFactory(grid=grid)]
    codes = [None] * 8 + [CODE, DIGIT_OFF, "91310105MA1FL5555X"]
    chance.shuffle(codes)
    rows = [
        BusinessFactory(
            grid=grid,
            building=chance.choice(buildings),
            name="".join(map(chance.choice, (AROUND, HEART, LEGAL))),
            room=chance.choice(ROOMS),
            contact_phone=chance.choice(["", "", "19900000001", "19900000002"]),
            code=codes.pop() if codes else None,
        )
        for _ in range(60)
    ]
    NotTwins.objects.create(first=rows[0], second=rows[1], by=UserFactory(), at=NOON)
    facts = [
        twins.Facts(*(getattr(row, name) for name in twins.COLUMNS)) for row in rows
    ]
    expected = []
    for one, other in itertools.combinations(facts, 2):
        sure, why = twins.compare(one, other)
        together = one.building_id or why != ["名称读音相同"]
        if sure and together and (one.pk, other.pk) != (rows[0].pk, rows[1].pk):
            expected.append((-sure, one.pk, other.pk))
    expected = [(one, other) for _, one, other in sorted(expected)]
    assert twins.pairs(Business.objects.in_ledgers()) == expected
    assert len(expected) > 50


@pytest.mark.parametrize(
    ("fresh", "found"),
    [
        ({"name": "闽南茶行", "here": 2}, True),  # moved
        ({"name": "云南普洱", "here": 1, "room": "B08", "code": CODE}, True),
        ({"name": "闽楠茶行", "here": 1, "room": "C1"}, True),
        ({"name": "云南普洱", "here": 2, "room": "B08"}, False),
    ],
)
def test_what_a_file_brings_for_one_that_it_lacks(grid, market, fresh, found):
    code = "91310105MA1FL5555X"
    missed = _make(grid, market, name="闽南茶行", here=1, room="B08", code=code)
    other = _make(grid, market, **fresh)
    rows = Business.objects.filter(pk=other.pk)
    hint = twins.replacements([missed], rows)
    assert hint == ({missed.pk: other} if found else {})


def test_the_surest_is_hinted_at(grid, market):
    missed = _make(grid, market, name="闽南茶行", here=1, room="B08")
    _make(grid, market, name="云南普洱", here=1, room="B08")
    best = _make(grid, market, name="闽楠茶行", here=1, room="B08")
    rows = Business.objects.exclude(pk=missed.pk)
    assert twins.replacements([missed], rows) == {missed.pk: best}


def test_the_list_is_of_one_grid_when_asked_or_when_there_are_too_many(
    client_of, street, grid, other_grid, monkeypatch
):
    clerk = PostFactory(role=Role.GRID_CLERK, grid=street).user
    for place in (grid, other_grid):
        market = BuildingFactory(grid=place)
        for name in ("闽南茶行", "闽南茶叶行"):
            BusinessFactory(grid=place, building=market, name=name)
    client, page = client_of(clerk), reverse("enterprises:twin_list")
    assert client.get(page).context["total"] == 2
    assert client.get(page, {"grid": grid.code}).context["total"] == 1
    assert client.get(page, {"grid": "nowhere"}).context["total"] == 2

    monkeypatch.setattr(twin_views, "AT_ONCE", 3)
    answer = client.get(page)
    assert answer.context["total"] == 1
    assert (answer.context["grid"], street in answer.context["grids"]) == (
        other_grid,
        False,
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
