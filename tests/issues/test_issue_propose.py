import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions
from issues.models import Issue, Level, MatterDemand
from tests.factories import NOON, DemandFactory, fields_of
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db


def test_propose_carries_the_demand_into_an_issue_of_its_body(demand, body, secretary):
    issue = actions.propose(
        demand, title="茶城减负", wish="避开开市清运", by=secretary, at=NOON
    )

    demand.refresh_from_db()
    assert (issue.body, issue.level, issue.state) == (
        body,
        Level.BRANCH,
        Issue.State.PROPOSED,
    )
    assert demand.state == Demand.State.JOINED
    assert demand.owed_by == body.name
    assert MatterDemand.objects.in_force().get().demand == demand
    assert set(Entry.objects.values_list("verb", flat=True)) >= {
        "issue.proposed",
        "matter.joined",
        "demand.joined",
    }


@pytest.mark.parametrize("state", sorted(set(Demand.State) - Demand.STEPS["join"]))
def test_propose_is_refused_from_any_other_state(shop, body, secretary, state):
    demand = DemandFactory(business=shop(), state=state, **fields_of(state))

    with pytest.raises(actions.Refused):
        actions.propose(demand, title="甲", wish="乙", by=secretary, at=NOON)

    assert not Issue.objects.exists()


def test_propose_is_refused_where_nobody_meets(demand, secretary):
    with pytest.raises(actions.Refused, match="天山茶城还没有"):
        actions.propose(demand, title="甲", wish="乙", by=secretary, at=NOON)

    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_propose_belongs_to_those_who_answer_for_the_asker(request, demand, body, who):
    with pytest.raises(PermissionDenied):
        actions.propose(
            demand, title="甲", wish="乙", by=request.getfixturevalue(who), at=NOON
        )


def test_the_page_offers_the_level_that_is_ones_own(
    demand, body, conference, chief, client_of
):
    page = client_of(chief).get(reverse("issues:issue_propose", args=[demand.pk]))

    assert list(page.context["form"].fields["level"].choices) == [
        (3, "网格党建联席会（第三网格党建联席会）")
    ]


def test_a_level_that_was_not_offered_is_not_taken(
    demand, body, conference, secretary, client_of
):
    page = client_of(secretary).post(
        reverse("issues:issue_propose", args=[demand.pk]),
        {"title": "甲", "wish": "乙", "level": 3},
    )

    assert page.status_code == 200
    assert not Issue.objects.exists()


def test_the_page_of_a_demand_out_of_sight_does_not_exist(
    demand, body, sibling, client_of
):
    page = client_of(sibling).get(reverse("issues:issue_propose", args=[demand.pk]))

    assert page.status_code == 404
