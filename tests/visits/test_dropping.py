"""Demands withdrawn by their askers, or found to be recorded by mistake."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from dashboard.models import Standing
from issues import actions as issues
from issues.models import Level
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    DemandFactory,
)
from tianshan.ledgers import FIGURES, Scope
from tianshan.workdays import changed
from tianshan.workdays.models import DayRule
from visits import actions, dropping
from visits.models import Demand

DAY = dt.timedelta(days=1)
ACTS = {"withdraw": dropping.withdraw, "mistake": dropping.mistake}


@pytest.fixture
def demand(shop, branch):
    CoverageFactory(business=shop, organization=branch)
    return DemandFactory(business=shop)


def figures(user, grid):
    scope = Scope(user, grid, TODAY - 30 * DAY, TODAY, TODAY)
    keys = ["raised", "open", "withdrawn", "mistaken", "untold"]
    return {key: FIGURES[f"demands_{key}"].count(scope) for key in keys}


@pytest.mark.parametrize(
    ("step", "counts"),
    [("withdraw", {"raised": 1, "withdrawn": 1}), ("mistake", {"mistaken": 1})],
)
def test_a_dropped_demand_stays_with_its_reason_and_owes_nothing(
    demand, clerk, leader, grid, step, counts
):
    dropped = ACTS[step](demand, reason="已经自己解决", by=clerk, at=NOON)

    dropped.refresh_from_db()
    assert (dropped.dropped_why, dropped.dropped_by) == ("已经自己解决", clerk)
    assert (dropped.dropped_on, dropped.next_due) == (TODAY, None)
    assert Demand.objects.visible_to(leader).get() == dropped
    nothing = dict.fromkeys(["raised", "open", "withdrawn", "mistaken", "untold"], 0)
    assert figures(leader, grid) == {**nothing, **counts}
    assert (
        Standing.objects.get(business=demand.business, until=None).overdue_from is None
    )


def test_what_was_withdrawn_was_open_before(demand, clerk):
    dropping.withdraw(demand, reason="已经自己解决", by=clerk, at=NOON + 9 * DAY)
    assert Demand.objects.open_on(TODAY + 8 * DAY).get() == demand
    assert not Demand.objects.open_on(TODAY + 9 * DAY).exists()
    rows = Standing.objects.filter(business=demand.business).order_by("since")
    assert rows.on(TODAY + 8 * DAY).get().overdue_from == demand.due_on + DAY
    assert rows.on(TODAY + 9 * DAY).get().overdue_from is None


@pytest.mark.parametrize("step", ACTS)
def test_an_outcome_that_waits_to_be_told_waits_no_more(demand, clerk, step):
    answered = actions.answer(demand, words="已报修", by=clerk, at=NOON)
    ACTS[step](answered, reason="已经自己解决", by=clerk, at=NOON)
    standing = Standing.objects.get(business=demand.business, until=None)
    assert standing.untold_from is None
    assert not Demand.objects.untold().exists()

    restored = dropping.restore(demand, by=clerk, at=NOON)
    assert (restored.state, restored.dropped_why) == (Demand.State.ANSWERED, "")
    standing = Standing.objects.get(business=demand.business, until=None)
    assert standing.untold_from == answered.tell_by + DAY


@pytest.mark.parametrize("step", ACTS)
def test_it_needs_a_reason_and_the_right(demand, clerk, staff, step):
    with pytest.raises(actions.Refused, match="原因"):
        ACTS[step](demand, reason=" ", by=clerk, at=NOON)
    with pytest.raises(PermissionDenied):
        ACTS[step](demand, reason="已经自己解决", by=staff, at=NOON)


@pytest.mark.parametrize("step", ACTS)
def test_what_was_told_or_dropped_is_not_dropped_again(demand, clerk, step):
    actions.answer(demand, words="已报修", by=clerk, at=NOON)
    told = actions.tell(demand, how="phone", on=TODAY, by=clerk, at=NOON)
    with pytest.raises(actions.Refused, match="已回告"):
        ACTS[step](told, reason="已经自己解决", by=clerk, at=NOON)
    with pytest.raises(actions.Refused, match="已回告"):
        dropping.restore(told, by=clerk, at=NOON)


@pytest.fixture
def matter(demand, secretary, branch, grid):
    BodyFactory(grid=grid, organization=branch, level=Level.BRANCH)
    issue = issues.propose(
        demand, title="清运", wish="避开开市时间", by=secretary, at=NOON
    )
    return issue.matters.get()


def test_it_leaves_its_matter_and_comes_back_unsorted(
    demand, matter, secretary, branch
):
    other = DemandFactory(business=BusinessFactory(grid=demand.grid))
    CoverageFactory(business=other.business, organization=branch)
    issues.join(matter, other, by=secretary, at=NOON)

    dropping.withdraw(other, reason="已经搬走", by=secretary, at=NOON)

    assert [link.demand for link in matter.links.in_force()] == [demand]
    assert dropping.restore(other, by=secretary, at=NOON).state == Demand.State.NEW


def test_the_only_demand_of_a_matter_is_ended_there(demand, matter, secretary):
    with pytest.raises(actions.Refused, match="唯一的诉求"):
        dropping.withdraw(demand, reason="已经搬走", by=secretary, at=NOON)
    demand.refresh_from_db()
    assert demand.state == Demand.State.JOINED


def test_a_change_of_holidays_moves_a_joined_demand_without_a_measure(
    demand, matter, secretary, clerk
):
    """Its deadline is still the one counted in working days, so it is counted anew."""
    demand = actions.raise_demand(
        demand.business,
        category=CategoryFactory(),
        words="清运太晚",
        source=Demand.Source.CALL,
        raised_on=TODAY,
        by=clerk,
        at=NOON,
    )
    issues.join(matter, demand, by=secretary, at=NOON)
    demand.refresh_from_db()
    assert demand.state == Demand.State.JOINED
    before = demand.due_on
    DayRule.objects.update_or_create(
        date=before, defaults={"kind": DayRule.Kind.HOLIDAY}
    )
    changed()
    try:
        assert actions.recount(date=before, by=clerk, at=NOON) >= 1
    finally:
        changed()
    demand.refresh_from_db()
    assert demand.due_on > before


# --- the pages -----------------------------------------------------------------------


def test_the_page_offers_it_and_says_why_for_good(client_of, clerk, demand):
    client = client_of(clerk)
    url = reverse("visits:demand_mistake", args=[demand.pk])
    assert client.get(url).status_code == 200
    client.post(url, {"reason": "记错了店，应是隔壁"})

    page = client.get(demand.get_absolute_url()).content.decode()
    assert "记错了店，应是隔壁" in page
    assert page.count("恢复") >= 1
    client.post(reverse("visits:demand_restore", args=[demand.pk]))
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_take_demand_again_after_a_mistake_is_a_new_one(demand, clerk, shop):
    said = {
        "category": CategoryFactory(),
        "words": "清运太晚",
        "source": Demand.Source.CALL,
        "raised_on": TODAY,
        "by": clerk,
        "at": NOON,
    }
    first, _ = actions.take_demand(shop, **said)
    dropping.mistake(first, reason="记重了", by=clerk, at=NOON)
    again, created = actions.take_demand(shop, **said)
    assert created
    assert again != first
