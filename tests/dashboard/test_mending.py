"""What a business lacks, who owes it by name, and one link that mends it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    VisitFactory,
)

DAY = dt.timedelta(days=1)


@pytest.fixture
def business(grid):
    business = BusinessFactory(grid=grid)
    CoverageFactory(business=business)
    return business


def lines(client, business):
    address = reverse("dashboard:for_business", args=[business.pk])
    return {line["label"]: line for line in client.get(address).context["conditions"]}


def test_who_cares_for_it_owes_the_visit_and_else_the_grids_staff(
    client_of, staff, business
):
    line = lines(client_of(staff), business)["按期走访"]
    assert (line["who"], line["act"]) == ("staff", "去走访")
    assert line["url"].endswith(f"?business={business.pk}")

    other = VisitFactory(business=BusinessFactory(grid=business.grid)).visitor
    business.caretakers.create(
        user=other, grid=business.grid, since=business.discovered_on
    )
    line = lines(client_of(staff), business)["按期走访"]
    assert line["who"] == other.display_name


def test_an_overdue_demand_is_named_with_whoever_owes_it(client_of, staff, business):
    today = timezone.localdate()
    VisitFactory(business=business, visited_on=today)
    demand = DemandFactory(
        business=business, raised_on=today - 30 * DAY, owed_by="天山茶市党支部"
    )
    found = lines(client_of(staff), business)
    assert found["按期走访"]["met"]
    assert "url" not in found["按期走访"]
    assert found["诉求不超期"]["who"] == "天山茶市党支部"
    assert found["诉求不超期"]["url"] == demand.get_absolute_url()


def test_who_may_not_visit_gets_no_link(client_of, leader, business):
    assert lines(client_of(leader), business)["按期走访"]["url"] == ""
