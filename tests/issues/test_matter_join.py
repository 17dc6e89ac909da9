import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions, fixing
from issues.models import MatterDemand
from tests.factories import (
    NOON,
    TODAY,
    BuildingFactory,
    CategoryFactory,
    DemandFactory,
    MatterFactory,
)
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db


def test_a_joined_demand_follows_the_measure_and_keeps_its_old_deadlines(
    proposed, decide, shop, secretary
):
    decide(proposed, due_on=TODAY + dt.timedelta(14))
    late = DemandFactory(business=shop(), due_on=TODAY + dt.timedelta(5))

    actions.join(proposed.matters.get(), late, by=secretary, at=NOON)

    late.refresh_from_db()
    assert late.state == Demand.State.JOINED
    assert (late.due_on, late.owed_by) == (TODAY + dt.timedelta(14), "市容部门")
    assert [due.due_on for due in late.dues.all()] == [
        TODAY + dt.timedelta(5),
        TODAY + dt.timedelta(14),
    ]
    assert Entry.objects.filter(verb="matter.joined").count() == 2


def test_the_latest_open_measure_governs_all_that_are_joined(
    proposed, decide, demand, secretary, unit
):
    decide(proposed, due_on=TODAY + dt.timedelta(14))
    second = fixing.add_measure(
        proposed,
        matter=proposed.matters.get(),
        content="湿垃圾密闭暂存",
        lead=unit,
        due_on=TODAY + dt.timedelta(30),
        by=secretary,
        at=NOON,
    )
    demand.refresh_from_db()
    assert demand.due_on == TODAY + dt.timedelta(30)

    fixing.finish_measure(second, result="已配置", by=secretary, at=NOON)

    demand.refresh_from_db()
    assert demand.due_on == TODAY + dt.timedelta(14)


def test_join_is_refused_once_the_matter_has_ended(ended, shop, secretary):
    late = DemandFactory(business=shop())

    with pytest.raises(actions.Refused, match="已经办结"):
        actions.join(ended.matters.get(), late, by=secretary, at=NOON)


def test_join_is_refused_for_a_demand_that_is_in_a_matter(proposed, demand, secretary):
    other = MatterFactory(issue__body=proposed.body)

    with pytest.raises(actions.Refused):
        actions.join(other, demand, by=secretary, at=NOON)

    assert MatterDemand.objects.in_force().count() == 1


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_join_belongs_to_those_who_may_propose_for_the_asker(
    request, proposed, shop, who
):
    late = DemandFactory(business=shop())

    with pytest.raises(PermissionDenied):
        actions.join(
            proposed.matters.get(), late, by=request.getfixturevalue(who), at=NOON
        )


def test_join_needs_the_matter_in_sight_too(proposed, sibling):
    hers = DemandFactory(
        business__grid=sibling.building.grid, business__building=sibling.building
    )

    with pytest.raises(PermissionDenied):
        actions.join(proposed.matters.get(), hers, by=sibling, at=NOON)


def test_the_page_lists_open_matters_nearest_first_and_says_why(
    proposed, ended, demand, grid, market, body, shop, secretary, client_of
):
    cleaning = CategoryFactory(name="环境清运")
    elsewhere = MatterFactory(
        title="别处同类", issue__body=body, building=BuildingFactory(grid=grid)
    )
    joined = DemandFactory(business=shop(), category=cleaning, state="joined")
    MatterDemand.objects.create(matter=elsewhere, demand=joined, joined_at=NOON)
    near = MatterFactory(title="同处异类", issue__body=body, building=market)
    late = DemandFactory(business=shop(), category=cleaning)

    page = client_of(secretary).get(reverse("issues:matter_join", args=[late.pk]))

    assert [row.title for row in page.context["matters"]] == [
        near.title,
        elsewhere.title,
    ]
    assert "同一处" in page.text
    assert "同类诉求" in page.text


def test_the_page_joins(proposed, shop, secretary, client_of):
    late = DemandFactory(business=shop())
    matter = proposed.matters.get()

    page = client_of(secretary).post(
        reverse("issues:matter_join", args=[late.pk]), {"matter": matter.pk}
    )

    assert page.url == matter.get_absolute_url()
    assert matter.links.in_force().filter(demand=late).exists()


def test_the_page_does_not_know_matters_out_of_sight(
    shop, secretary, stranger, other_grid, client_of
):
    late = DemandFactory(business=shop())
    theirs = MatterFactory(issue__body__grid=other_grid)

    page = client_of(secretary).post(
        reverse("issues:matter_join", args=[late.pk]), {"matter": theirs.pk}
    )

    assert page.status_code == 404
