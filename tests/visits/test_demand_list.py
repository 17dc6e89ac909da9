"""The ledger of demands."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    DemandFactory,
)
from tianshan.ledgers.ledger import LEDGERS
from visits.models import Demand

DAY = dt.timedelta(days=1)


def rows(client, query=""):
    page = client.get(f"/demands/{query}")
    assert page.status_code == 200
    return {row.pk for row in page.context["page"].object_list}


@pytest.fixture
def demand(shop):
    today = timezone.localdate()
    return DemandFactory(
        business=shop, words="垃圾车来得太早", raised_on=today, due_on=today + 14 * DAY
    )


def test_mine_and_not_theirs(client_of, staff, stranger, secretary, branch, demand):
    assert rows(client_of(staff)) == {demand.pk}
    assert rows(client_of(stranger)) == set()
    assert rows(client_of(secretary)) == set()
    CoverageFactory(business=demand.business, organization=branch)
    assert rows(client_of(secretary)) == {demand.pk}


def test_filters(client_of, staff, grid, demand):
    today = timezone.localdate()
    tower = BuildingFactory(grid=grid, name="缤谷大厦")
    late = DemandFactory(
        business=BusinessFactory(grid=grid, name="长风咖啡", building=tower),
        category=CategoryFactory(name="租金"),
        words="租金能不能三个月一缴",
        source=Demand.Source.CALL,
        raised_on=today - 40 * DAY,
        due_on=today - 30 * DAY,
    )
    untold = DemandFactory(
        business=BusinessFactory(grid=grid),
        words="想要路灯",
        raised_on=today - 40 * DAY,
        due_on=today - 30 * DAY,
        state=Demand.State.ANSWERED,
        outcome="已装",
        outcome_on=today,
        tell_by=today + 14 * DAY,
    )
    client = client_of(staff)
    assert rows(client) == {demand.pk, late.pk, untold.pk}
    assert rows(client, "?state=new") == {demand.pk, late.pk}
    assert rows(client, "?state=new&state=answered") == {demand.pk, late.pk, untold.pk}
    assert rows(client, "?light=red") == {late.pk}
    assert rows(client, "?light=green") == {demand.pk, untold.pk}
    assert rows(client, f"?category={late.category_id}") == {late.pk}
    assert rows(client, "?source=call") == {late.pk}
    assert rows(client, f"?building={tower.pk}") == {late.pk}
    assert rows(client, "?q=租金") == {late.pk}
    assert rows(client, "?q=cfkf") == {late.pk}
    assert rows(client, f"?raised_after={today.isoformat()}") == {demand.pk}


def test_the_light_runs_from_the_deadline_in_force(demand, staff):
    """A deadline set late in a long wait is not at once at its end."""
    today = timezone.localdate()
    demand.raised_on = today - 100 * DAY
    demand.due_on = today + 10 * DAY
    demand.save()
    demand.dues.update(since=today - 100 * DAY)
    assert Demand.objects.with_spans().get().light(today).colour == "yellow"
    demand.dues.create(
        due_on=demand.due_on,
        owed_by="楼宇党委",
        since=today,
        reason="措施期限",
        by=staff,
    )
    assert Demand.objects.with_spans().get().light(today).colour == "green"


def test_a_finished_demand_is_owed_by_nobody(client_of, staff, shop):
    DemandFactory(
        business=shop,
        owed_by="缤谷党支部",
        state="told",
        outcome_on=timezone.localdate(),
        tell_by=timezone.localdate(),
        told_on=timezone.localdate(),
    )
    client = client_of(staff)
    assert "缤谷党支部" not in client.get("/demands/").content.decode()
    Demand.objects.update(state="new", outcome_on=None, tell_by=None, told_on=None)
    assert "缤谷党支部" in client.get("/demands/").content.decode()


def test_the_list_shortens_and_the_export_does_not(client_of, staff, shop):
    words = "垃圾清运车每天九点来，正好是开门的时候，客人都绕着走，希望能早一点来。"
    DemandFactory(business=shop, words=words)
    client = client_of(staff)
    assert words not in client.get("/demands/").content.decode()
    export = client.get("/demands/?format=csv")
    assert words in b"".join(export.streaming_content).decode()


def test_costs_the_same_for_one_row_and_for_many(
    client_of, staff, grid, demand, django_assert_max_num_queries
):
    client = client_of(staff)
    client.get("/demands/")
    with django_assert_max_num_queries(50) as one:
        client.get("/demands/")
    for number in range(4):
        building = BuildingFactory(grid=grid)
        business = BusinessFactory(grid=grid, building=building)
        DemandFactory(business=business, category=CategoryFactory(name=f"类{number}"))
    client.get("/demands/")  # counts anew, once
    with django_assert_max_num_queries(50) as many:
        page = client.get("/demands/")
    assert len(page.context["page"].object_list) == 5
    assert len(many) == len(one) <= 8


def test_columns_have_their_own_headings():
    for key in ("visits", "demands"):
        labels = [column.label for column in LEDGERS[key].columns]
        assert len(labels) == len(set(labels))
