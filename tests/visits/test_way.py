"""The whole way of a demand, as its page tells it."""

import datetime as dt

import pytest

from issues import actions as issues
from issues import fixing
from issues.models import Level, Matter
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    UnitFactory,
)
from visits import actions, ratings, telling
from visits.way import way_of

DAY = dt.timedelta(days=1)


@pytest.fixture
def demand(shop, branch, staff):
    CoverageFactory(business=shop, organization=branch)
    return DemandFactory(business=shop, recorded_by=staff, raised_on=TODAY)


def titles(user, demand):
    demand.refresh_from_db()
    return [stop.title for stop in way_of(user, demand)]


def test_answered_sought_in_vain_and_told_in_order(demand, clerk, staff, leader):
    actions.answer(demand, words="已报修", by=clerk, at=NOON + DAY)
    how = {"how": "phone", "by": staff, "at": NOON + 3 * DAY}
    telling.try_telling(demand, on=TODAY + 2 * DAY, time="morning", **how)
    on = TODAY + 3 * DAY
    actions.tell(demand, how="visit", on=on, by=staff, at=NOON + 3 * DAY)

    assert titles(leader, demand) == [
        "提出：走访",
        "答复",
        "没联系上：上午电话",
        "回告：上门告知",
    ]
    stops = way_of(leader, demand)
    assert (stops[1].words, stops[1].who) == ("已报修", "clerk")
    assert stops[3].who == "staff"


@pytest.fixture
def ended(demand, secretary, branch, grid):
    BodyFactory(
        grid=grid, organization=branch, level=Level.BRANCH, name="茶市党支部会议"
    )
    issue = issues.propose(
        demand, title="清运", wish="避开开市时间", by=secretary, at=NOON + DAY
    )
    matter = issue.matters.get()
    issues.decide(
        issue,
        opinion="各方同意。",
        matter=matter,
        content="改为八点以前清运",
        lead=UnitFactory(grid=grid, name="市容所"),
        due_on=TODAY + 9 * DAY,
        by=secretary,
        at=NOON + 2 * DAY,
    )
    fixing.finish_measure(
        matter.measures.get(), result="已改", by=secretary, at=NOON + 4 * DAY
    )
    return issues.end_matter(
        matter,
        ending=Matter.Ending.SOLVED,
        before="九点清运",
        after="八点以前清运",
        benefited=3,
        by=secretary,
        at=NOON + 5 * DAY,
    )


def test_through_matter_body_and_measure_to_the_ending(ended, demand, secretary):
    assert titles(secretary, demand) == [
        "提出：走访",
        "首次答话",
        "并入事项“避开开市时间”",
        "列入议题“清运”",
        "临时党支部会议：茶市党支部会议",
        "定措施：改为八点以前清运",
        "措施完成：改为八点以前清运",
        "事项办结：已解决",
        "办结",
    ]


def test_a_second_answer_leaves_the_first_and_what_was_said_of_it(
    demand, clerk, leader
):
    actions.answer(demand, words="先登记", by=clerk, at=NOON)
    actions.tell(demand, how="phone", on=TODAY, by=clerk, at=NOON)
    ratings.rate(demand, verdict="not", words="还是没人来", at=NOON + DAY)
    demand.refresh_from_db()
    actions.answer(demand, words="当天修好", by=clerk, at=NOON + 2 * DAY)
    assert titles(leader, demand) == [
        "提出：走访",
        "先前的答复",
        "回告先前的答复",
        "提出的人评价：不满意",
        "答复",
    ]


def test_what_is_out_of_sight_is_not_named(ended, demand, stranger):
    """Only what the reader may see elsewhere stands on the way."""
    told = titles(stranger, demand)
    assert "避开开市时间" not in "".join(told)
    assert "清运" not in "".join(told)


def test_the_page_says_who_owes_the_next_step_and_by_when(
    client_of, leader, demand, branch, django_assert_max_num_queries
):
    client = client_of(leader)
    page = client.get(demand.get_absolute_url()).text
    assert f"现在：{demand.get_state_display()}" in page
    assert f"由<b>{demand.owed_by}</b>办" in page
    with django_assert_max_num_queries(30):
        client.get(demand.get_absolute_url())


def test_a_demand_taken_out_shows_both(ended, demand, secretary, branch):
    other = DemandFactory(business=BusinessFactory(grid=demand.grid))
    CoverageFactory(business=other.business, organization=branch)
    assert titles(secretary, other) == ["提出：走访"]
