"""The page of a business: its parts, its history in words, and what it costs."""

import datetime as dt

import pytest
from django.urls import reverse

from enterprises import actions
from tests.enterprises.test_business_edit import form_of
from tests.factories import (
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    MatterDemandFactory,
    VisitFactory,
)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def business(grid, branch):
    business = BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        room="B08",
        name="闽南茶行",
        staff_count=4,
        contact_phone="19912345678",
        members_count=1,
    )
    CoverageFactory(business=business, organization=branch)
    return business


def page(client, business, name="business_detail", **more):
    return client.get(reverse(f"enterprises:{name}", args=[business.pk]), **more)


def test_it_says_why_each_step_of_the_cascade_holds_or_not(client_of, staff, business):
    text = page(client_of(staff), business).content.decode()
    assert "天山茶市党支部" in text
    assert "党员 1 名，未满 3 名" in text


def test_every_room_tells_its_part_of_the_timeline(client_of, staff, business):
    VisitFactory(business=business, note="装修中")
    demand = MatterDemandFactory(
        demand__business=business, matter__title="茶城减负", matter__grid=business.grid
    ).demand
    actions.note(business, kind="note", words="月底回来", by=staff, at=NOON)
    client = client_of(staff)

    text = page(client, business, "business_timeline", headers=HTMX).content.decode()

    for words in (
        "装修中",
        demand.words,
        "茶城减负",
        "月底回来",
        "入驻",
        "天山茶市党支部",
    ):
        assert words in text
    address = reverse("enterprises:business_timeline", args=[business.pk])
    visits = client.get(f"{address}?kind=visits", headers=HTMX).content.decode()
    assert "装修中" in visits
    assert "月底回来" not in visits


def test_the_timeline_is_paged(client_of, staff, business):
    for days in range(25):
        VisitFactory(business=business, visited_on=TODAY - dt.timedelta(days))
    client = client_of(staff)
    address = reverse("enterprises:business_timeline", args=[business.pk])
    first = client.get(f"{address}?kind=visits").context["page"]
    second = client.get(f"{address}?kind=visits&page=2").context["page"]
    assert (len(first), len(second)) == (20, 5)
    assert first[0].day == TODAY


def test_history_says_who_changed_what_from_what_to_what_and_why(
    client_of, staff, chief, business
):
    client = client_of(staff)
    address = reverse("enterprises:business_edit", args=[business.pk])
    data = form_of(client.get(address))
    client.post(address, {**data, "staff_count": "6", "contact_phone": "19900000002"})
    priority = reverse("enterprises:business_priority", args=[business.pk])
    client_of(chief).post(priority, {"since": "2026-01-05", "reason": "消防重点"})

    groups = page(client, business, "business_history").context["page"].object_list

    marked, edited = groups[0], groups[1]
    assert (marked.who, marked.act, marked.why) == ("chief", "列为重点", "消防重点")
    assert (edited.who, edited.act) == ("staff", "改企业商户资料")
    lines = {line["label"]: (line["before"], line["after"]) for line in edited.lines}
    assert lines == {
        "从业人数": ("4", "6"),
        "联系电话": ("199****5678", "199****0002"),
    }
    text = page(client, business, "business_history").content.decode()
    assert "19912345678" not in text
    assert "19900000002" not in text


def test_the_history_of_others_is_not_found(client_of, stranger, business):
    for name in ("business_history", "business_timeline", "business_journal"):
        assert page(client_of(stranger), business, name).status_code == 404


def busy(business, count):
    for number in range(count):
        VisitFactory(business=business, visited_on=TODAY - dt.timedelta(number))
        DemandFactory(business=business)
        business.journal.create(words="话", by=VisitFactory().visitor, at=NOON)
        business.priorities.create(
            reason="消防", since=TODAY, until=TODAY + dt.timedelta(number)
        )


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("business_detail", 9),
        ("business_timeline", 15),  # one of them reads its orders
        ("business_history", 17),
        ("business_journal", 6),
    ],
)
def test_pages_cost_the_same_for_any_past(
    client_of, staff, business, count, name, queries, django_assert_num_queries
):
    busy(business, count)
    client = client_of(staff)
    page(client, business, name, headers=HTMX)
    with django_assert_num_queries(queries):
        page(client, business, name, headers=HTMX)
