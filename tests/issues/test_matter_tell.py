import datetime as dt
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions, fixing, ladder
from issues.models import Issue, Matter, MatterDemand
from tests.factories import NOON, TODAY, DemandFactory
from tianshan.audit.models import Entry
from visits import actions as visits
from visits import dropping
from visits.models import Demand

pytestmark = pytest.mark.django_db

ENDED = {
    "state": "ended",
    "outcome": "已解决",
    "outcome_on": TODAY,
    "tell_by": TODAY + dt.timedelta(5),
}


@pytest.fixture
def tell(ended, secretary):
    def told(*demands, **changes):
        facts = {"how": "notice", "on": TODAY, "by": secretary, "at": NOON, **changes}
        return actions.tell(ended.matters.get(), list(demands), **facts)

    return told


@pytest.fixture
def hers(ended, sibling):
    """A demand of the matter whose asker belongs to another branch."""
    demand = DemandFactory(
        business__name="金虹桥咖啡",
        business__grid=sibling.building.grid,
        business__building=sibling.building,
        **ENDED,
    )
    MatterDemand.objects.create(
        matter=ended.matters.get(), demand=demand, joined_at=NOON
    )
    return demand


def test_telling_the_last_one_closes_the_issue(ended, demand, tell):
    tell(demand)

    demand.refresh_from_db()
    ended.refresh_from_db()
    assert (demand.state, demand.told_how) == (Demand.State.TOLD, "notice")
    assert (ended.state, ended.closed_on) == (Issue.State.CLOSED, TODAY)
    assert Entry.objects.filter(verb__in=["matter.told", "issue.closed"]).count() == 2


def test_one_notice_tells_all(ended, demand, hers, tell):
    assert tell(demand, hers) == 2

    ended.refresh_from_db()
    assert ended.state == Issue.State.CLOSED


def test_the_issue_waits_for_those_who_are_left(ended, demand, hers, tell):
    tell(demand)

    ended.refresh_from_db()
    assert ended.state == Issue.State.FEEDBACK


def test_another_branch_tells_its_own_asker_and_may_be_the_last(
    ended, demand, hers, tell, sibling
):
    tell(demand)

    tell(hers, how="visit", by=sibling)

    ended.refresh_from_db()
    assert ended.state == Issue.State.CLOSED


def test_another_branch_does_not_tell_ours(ended, demand, hers, tell, sibling):
    with pytest.raises(PermissionDenied):
        tell(demand, by=sibling)


@pytest.mark.parametrize("who", ["staff", "leader", "officer"])
def test_tell_belongs_to_those_who_answer(request, demand, tell, who):
    with pytest.raises(PermissionDenied):
        tell(demand, by=request.getfixturevalue(who))


def test_tell_is_refused_for_a_demand_of_another_matter(shop, tell):
    with pytest.raises(actions.Refused):
        tell(DemandFactory(business=shop(), **ENDED))


def test_tell_is_refused_for_nobody_and_twice(ended, demand, hers, tell):
    with pytest.raises(actions.Refused):
        tell()
    tell(demand)
    with pytest.raises(actions.Refused):
        tell(demand)


def test_tell_is_refused_before_the_end(proposed, demand, secretary):
    with pytest.raises(actions.Refused):
        actions.tell(
            proposed.matters.get(),
            [demand],
            how="visit",
            on=TODAY,
            by=secretary,
            at=NOON,
        )


def test_tell_is_refused_on_a_day_to_come(demand, tell):
    with pytest.raises(actions.Refused):
        tell(demand, on=TODAY + dt.timedelta(1))


def test_the_page_names_ones_own_askers_and_counts_the_others(
    ended, demand, hers, secretary, client_of
):
    page = client_of(secretary).get(
        reverse("issues:matter_tell", args=[ended.matters.get().pk])
    )

    assert len(page.context["rows"]) == 2
    assert "春和茶行" in page.text
    assert "金虹桥咖啡" not in page.text


def test_the_page_asks_for_at_least_one(ended, secretary, client_of):
    page = client_of(secretary).post(
        reverse("issues:matter_tell", args=[ended.matters.get().pk]),
        {"how": "visit", "on": TODAY.isoformat()},
    )

    assert "请至少选一户" in page.text


# --- closing by hand, when the last asker was told on the demand's own page -----------


def test_close_is_refused_while_somebody_has_not_been_told(ended, secretary):
    with pytest.raises(actions.Refused, match="还有 1 件诉求没有回告"):
        actions.close(ended, by=secretary, at=NOON)


def test_close_when_the_demand_was_told_elsewhere(ended, demand, secretary, client_of):
    Demand.objects.filter(pk=demand.pk).update(
        state="told", told_on=TODAY, told_how="visit"
    )

    client_of(secretary).post(reverse("issues:issue_close", args=[ended.pk]))

    ended.refresh_from_db()
    assert ended.state == Issue.State.CLOSED
    assert Entry.objects.filter(verb="issue.closed").count() == 1


@pytest.mark.parametrize("state", sorted(set(Issue.State) - Issue.STEPS["close"]))
def test_close_is_refused_from_any_other_state(ended, put, secretary, state):
    put(ended, state)

    with pytest.raises(actions.Refused):
        actions.close(ended, by=secretary, at=NOON)


@pytest.mark.parametrize("who", ["staff", "sibling", "chief", "leader", "officer"])
def test_close_belongs_to_the_body(request, ended, who):
    with pytest.raises(PermissionDenied):
        actions.close(ended, by=request.getfixturevalue(who), at=NOON)


def test_close_does_not_answer_to_a_link(ended, secretary, client_of):
    page = client_of(secretary).get(reverse("issues:issue_close", args=[ended.pk]))

    assert page.status_code == 405


def test_the_last_asker_told_elsewhere_closes_the_issue_too(ended, demand, secretary):
    visits.tell(demand, how="phone", on=TODAY, by=secretary, at=NOON)

    ended.refresh_from_db()
    assert (ended.state, ended.closed_on) == (Issue.State.CLOSED, TODAY)


def test_an_asker_who_left_after_the_end_is_told_nothing_of_the_next(
    ended, demand, tell, secretary
):
    """Taken up again, the matter ends a second time without him."""
    hers = DemandFactory(business=demand.business)
    dropping.withdraw(demand, reason="店关了", by=secretary, at=NOON)
    ended.refresh_from_db()
    ladder.reopen(ended, reason="又来了", by=secretary, at=NOON)
    matter = ended.matters.get()
    actions.join(matter, hers, by=secretary, at=NOON)
    actions.decide(
        ended,
        opinion="再改",
        matter=matter,
        content="再改线",
        lead=ended.body.organization,
        due_on=TODAY,
        by=secretary,
        at=NOON,
    )
    fixing.finish_measure(matter.measures.last(), result="好了", by=secretary, at=NOON)

    actions.end_matter(
        Matter.objects.get(pk=matter.pk),
        ending="explained",
        before="",
        after="办不到",
        benefited=None,
        by=secretary,
        at=NOON,
    )

    states = Demand.objects.filter(pk__in=(demand.pk, hers.pk)).order_by("pk")
    assert [each.state for each in states] == ["withdrawn", "ended"]


def test_a_telling_that_is_taken_back_opens_the_issue_again(ended, demand, secretary):
    visit, _ = visits.log_visit(
        demand.business,
        client_key=uuid.uuid4(),
        outcome="normal",
        people_met="owner",
        visited_on=TODAY,
        filled_at=NOON,
        told=[demand],
        by=secretary,
        at=NOON,
    )
    ended.refresh_from_db()
    assert ended.state == Issue.State.CLOSED

    visits.void_visit(visit, reason="记错了店", by=secretary, at=NOON)

    ended.refresh_from_db()
    assert (ended.state, ended.closed_on) == (Issue.State.FEEDBACK, None)
    assert Entry.objects.filter(verb="issue.unsettled").count() == 1
