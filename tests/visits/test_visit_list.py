"""The ledger of visits, one visit's page, and what one business shows of both."""

import datetime as dt

import pytest
from django.urls import reverse

from tests.factories import (
    TODAY,
    BuildingFactory,
    BusinessFactory,
    DemandFactory,
    VisitFactory,
)
from visits.models import Visit


@pytest.fixture
def visit(shop, staff):
    return VisitFactory(
        business=shop,
        visitor=staff,
        note="生意平稳",
        facts_changed={"contact_phone": ["19912345678", "19900000001"]},
    )


def rows(client, query=""):
    page = client.get(f"/visits/{query}")
    assert page.status_code == 200
    return [row.pk for row in page.context["page"].object_list]


def test_mine_and_not_theirs(client_of, staff, stranger, secretary, visit):
    detail = visit.get_absolute_url()
    assert rows(client_of(staff)) == [visit.pk]
    assert client_of(staff).get(detail).status_code == 200
    for somebody in (stranger, secretary):
        client = client_of(somebody)
        assert rows(client) == []
        assert client.get(detail).status_code == 404
        void = client.post(reverse("visits:visit_void", args=[visit.pk]))
        assert void.status_code == 404
        of_shop = reverse("visits:for_business", args=[visit.business_id])
        assert client.get(of_shop).status_code == 404


def test_filters(client_of, staff, grid, visit):
    tower = BuildingFactory(grid=grid, name="缤谷大厦")
    other = VisitFactory(
        business=BusinessFactory(grid=grid, name="长风咖啡", building=tower),
        outcome=Visit.Outcome.ABSENT,
        method=Visit.Method.PHONE,
        visited_on=TODAY - dt.timedelta(40),
    )
    client = client_of(staff)
    assert rows(client) == [visit.pk, other.pk]
    assert rows(client, "?outcome=absent") == [other.pk]
    assert rows(client, "?outcome=absent&outcome=normal") == [visit.pk, other.pk]
    assert rows(client, "?method=on_spot") == [visit.pk]
    assert rows(client, f"?visited_after={TODAY.isoformat()}") == [visit.pk]
    assert rows(client, f"?building={tower.pk}") == [other.pk]
    assert rows(client, "?q=mnch") == [visit.pk]
    assert rows(client, "?q=长风") == [other.pk]


def test_a_void_visit_is_shown_as_such(client_of, staff, visit):
    client = client_of(staff)
    response = client.post(
        reverse("visits:visit_void", args=[visit.pk]), {"reason": "记错了店"}
    )
    assert response.status_code == 302
    assert rows(client) == [visit.pk]
    assert rows(client, "?void=true") == [visit.pk]
    assert rows(client, "?void=false") == []
    assert "已作废" in client.get("/visits/").content.decode()
    assert "记错了店" in client.get(visit.get_absolute_url()).content.decode()


def test_voiding_without_a_reason_or_over_demands_says_why(client_of, staff, visit):
    client = client_of(staff)
    address = reverse("visits:visit_void", args=[visit.pk])
    assert client.post(address, {}).status_code == 422
    DemandFactory(business=visit.business, visit=visit)
    response = client.post(address, {"reason": "记错了店"})
    assert response.status_code == 422
    assert "还记了 1 件诉求" in response.content.decode()
    visit.refresh_from_db()
    assert visit.voided_at is None


def test_a_leader_reads_and_voids_nothing(client_of, leader, visit):
    client = client_of(leader)
    page = client.get(visit.get_absolute_url())
    assert page.status_code == 200
    assert "作废这条走访" not in page.content.decode()
    address = reverse("visits:visit_void", args=[visit.pk])
    assert client.post(address, {"reason": "记错了店"}).status_code == 403


def test_corrected_numbers_are_masked(client_of, staff, visit):
    page = client_of(staff).get(visit.get_absolute_url()).content.decode()
    assert "199****5678" in page
    assert "199****0001" in page
    assert "19912345678" not in page
    assert "19900000001" not in page


def test_one_business_shows_its_visits_and_demands(client_of, staff, grid, visit):
    DemandFactory(business=visit.business, words="雨棚漏水")
    VisitFactory(business=BusinessFactory(grid=grid), note="别家")
    address = reverse("visits:for_business", args=[visit.business_id])
    client = client_of(staff)
    page = client.get(address).content.decode()
    assert "生意平稳" in page
    assert "雨棚漏水" in page
    assert "别家" not in page
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "雨棚漏水" in part
    assert "<html" not in part


def test_the_ledger_of_businesses_says_when_and_what_is_open(
    client_of, staff, grid, visit
):
    VisitFactory(
        business=visit.business,
        outcome=Visit.Outcome.ABSENT,
        visited_on=TODAY + dt.timedelta(1),
    )
    VisitFactory(
        business=visit.business,
        method=Visit.Method.PHONE,
        visited_on=TODAY + dt.timedelta(2),
    )
    DemandFactory(business=visit.business)
    DemandFactory(business=visit.business)
    DemandFactory(
        business=visit.business, state="answered", outcome_on=TODAY, tell_by=TODAY
    )
    page = client_of(staff).get("/merchants/").content.decode()
    assert f'data-label="上次走访">{TODAY.isoformat()}</td>' in page
    assert 'data-label="在办诉求">2</td>' in page


@pytest.mark.parametrize("url", ["/visits/", "/merchants/"])
def test_costs_the_same_for_one_row_and_for_many(
    client_of, staff, grid, visit, url, django_assert_max_num_queries
):
    client = client_of(staff)
    client.get(url)
    with django_assert_max_num_queries(50) as one:
        client.get(url)
    for number in range(4):
        building = BuildingFactory(grid=grid)
        business = BusinessFactory(grid=grid, building=building, name=f"店{number}")
        VisitFactory(business=business)
    client.get(url)  # counts anew, once
    with django_assert_max_num_queries(50) as many:
        page = client.get(url)
    assert len(page.context["page"].object_list) == 5
    assert len(many) == len(one) <= 8
