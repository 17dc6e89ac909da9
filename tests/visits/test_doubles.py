"""One call written down by two people counts once; both texts and names stay."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from dashboard.models import Standing
from tests.factories import BusinessFactory, PostFactory, VisitFactory
from visits import doubles
from visits.actions import Refused, void_visit
from visits.models import NotSameVisit, Visit

NOW = timezone.now()
TODAY = timezone.localdate(NOW)


@pytest.fixture
def colleague(grid):
    return PostFactory(grid=grid, user__display_name="周同事").user


@pytest.fixture
def two(shop, staff, colleague):
    facts = {"business": shop, "visited_on": TODAY}
    return (
        VisitFactory(visitor=staff, note="我写的", **facts),
        VisitFactory(visitor=colleague, note="他写的", **facts),
    )


def counted(client, ledger="merchant"):
    """Tile and rows of the visits to merchants; they are one number."""
    figures = client.get(
        f"/dashboard/figures.json?grid=310105006603&start={TODAY}&end={TODAY}"
    ).json()["figures"]
    tile = next(f for f in figures if f["key"] == f"visits_{ledger}")
    page = client.get(tile["href"]).content.decode()
    assert f'data-total="{tile["value"]}"' in page
    return tile["value"]


def test_two_people_on_one_day_are_offered(client_of, staff, two):
    assert doubles.likely(staff, TODAY) == [two]
    assert doubles.likely_of(two[1]) == [two[0]]
    page = client_of(staff).get(reverse("visits:double_list")).content.decode()
    assert "我写的" in page
    assert "他写的" in page
    assert (
        "可能重复" in client_of(staff).get(two[1].get_absolute_url()).content.decode()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"visited_on": TODAY - dt.timedelta(1)},
        {"method": "phone"},
        {"outcome": "absent"},
        {"voided": True},
        {"same_person": True},
        {"other_shop": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_another_call_is_not_offered(shop, staff, colleague, change):
    facts = {"business": shop, "visited_on": TODAY, "visitor": staff}
    VisitFactory(**facts)
    if change.pop("same_person", None) is None:
        facts["visitor"] = colleague
    if change.pop("other_shop", None):
        facts["business"] = BusinessFactory(grid=shop.grid)
    voided = change.pop("voided", None)
    other = VisitFactory(**facts | change)
    if voided:
        void_visit(other, reason="记错", by=colleague, at=NOW)
    assert doubles.likely(staff, TODAY) == []


def test_joined_they_count_once_and_both_texts_stay(client_of, chief, staff, two):
    client = client_of(chief)
    assert counted(client) == 2

    client_of(staff).post(reverse("visits:visit_join", args=[two[1].pk, two[0].pk]))

    assert counted(client) == 1
    assert doubles.likely(staff, TODAY) == []
    first = client.get(two[0].get_absolute_url()).content.decode()
    assert "我写的" in first
    assert "他写的" in first
    assert "周同事" in first
    assert "只计那一次" in client.get(two[1].get_absolute_url()).content.decode()


def test_joining_is_undone_and_offered_again(client_of, chief, staff, two):
    doubles.join(*two, by=staff, at=NOW)
    client_of(staff).post(reverse("visits:visit_separate", args=[two[1].pk]))
    assert counted(client_of(chief)) == 2
    assert doubles.likely(staff, TODAY) == [two]


def test_not_the_same_is_remembered(client_of, staff, two):
    address = reverse("visits:visit_apart", args=[two[1].pk, two[0].pk])
    client_of(staff).post(address)
    client_of(staff).post(address)
    assert NotSameVisit.objects.count() == 1
    assert doubles.likely(staff, TODAY) == []
    assert doubles.likely_of(two[0]) == []


def test_a_third_joins_the_same_call(shop, staff, clerk, two):
    third = VisitFactory(business=shop, visitor=clerk, visited_on=TODAY)
    doubles.join(*two, by=staff, at=NOW)
    doubles.join(third, two[0], by=clerk, at=NOW)
    assert Visit.objects.met().get() == two[0]
    with pytest.raises(Refused):
        doubles.join(two[1], third, by=clerk, at=NOW)


def test_what_is_void_or_another_call_is_not_joined(shop, staff, two):
    later = VisitFactory(
        business=shop, visitor=staff, visited_on=TODAY - dt.timedelta(1)
    )
    with pytest.raises(Refused, match="不是同一家"):
        doubles.join(two[0], later, by=staff, at=NOW)
    void_visit(two[0], reason="记错", by=staff, at=NOW)
    with pytest.raises(Refused, match="作废"):
        doubles.join(*two, by=staff, at=NOW)


def test_voiding_the_one_that_counts_gives_the_other_back(shop, staff, two):
    doubles.join(*two, by=staff, at=NOW)
    void_visit(two[0], reason="记错了店", by=staff, at=NOW)
    assert Visit.objects.met().get() == two[1]
    standing = Standing.objects.on(TODAY).get(business=shop)
    assert standing.visited


def test_only_those_who_visited_or_check_join(two, grid, clerk, stranger):
    for user in (PostFactory(grid=grid).user, stranger):
        for act in (doubles.join, doubles.tell_apart):
            with pytest.raises(PermissionDenied):
                act(*two, by=user, at=NOW)
    doubles.join(*two, by=clerk, at=NOW)
    with pytest.raises(PermissionDenied):
        doubles.separate(two[1], by=stranger, at=NOW)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    client_of, grid, staff, colleague, count, django_assert_max_num_queries
):
    for _ in range(count):
        shop = BusinessFactory(grid=grid)
        for visitor in (staff, colleague):
            VisitFactory(business=shop, visitor=visitor, visited_on=TODAY)
    client = client_of(staff)
    client.get(reverse("visits:double_list"))
    with django_assert_max_num_queries(10):
        page = client.get(reverse("visits:double_list")).content.decode()
    assert page.count("是同一次，并起来") == count
