"""Up, back, aside, and what a leader may do; each step leaves its row."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from issues import actions, fixing, ladder
from issues.models import Issue, IssueStep, Level, Matter
from issues.models.rules import Step
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    DemandFactory,
    UnitFactory,
)
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db

S = Issue.State


@pytest.fixture
def committee(grid, market):
    """The market's governance committee, which has no organisation of its own."""
    body = BodyFactory(name="天山茶城治理委员会", level=Level.COMMITTEE, grid=grid)
    body.buildings.add(market)
    return body


def where(issue):
    issue.refresh_from_db()
    return issue.state, issue.level, issue.body


def last(issue):
    return issue.steps.last()


def test_an_issue_begins_with_a_step(proposed, body, secretary):
    step = proposed.steps.get()

    assert (step.step, step.from_state, step.to_state) == ("propose", "", S.PROPOSED)
    assert (step.from_level, step.to_level, step.to_body) == (None, 1, body)
    assert (step.by, step.role) == (secretary, Role.BRANCH_SECRETARY)


def test_on_the_table_and_carried_over(proposed, secretary):
    ladder.put_on_table(proposed, by=secretary, at=NOON)
    assert where(proposed)[0] == S.DELIBERATING

    ladder.carry_over(proposed, reason="业主方没有到", by=secretary, at=NOON)

    assert where(proposed)[0] == S.PROPOSED
    assert last(proposed).reason == "业主方没有到"


def test_escalating_takes_it_to_the_body_of_the_place(proposed, committee, secretary):
    ladder.escalate(
        proposed, reason="涉及业主方", tried="和物业谈过两次", by=secretary, at=NOON
    )

    assert where(proposed) == (S.PROPOSED, Level.COMMITTEE, committee)
    assert (last(proposed).tried, last(proposed).skipped) == ("和物业谈过两次", "")
    assert Demand.objects.get().owed_by == "天山茶城治理委员会"
    assert Entry.objects.filter(verb="issue.escalated").count() == 1


def test_a_level_without_a_body_is_passed_over_and_recorded(
    proposed, conference, secretary
):
    ladder.escalate(proposed, reason="跨部门", tried="谈过", by=secretary, at=NOON)

    assert where(proposed) == (S.PROPOSED, Level.CONFERENCE, conference)
    assert last(proposed).skipped == "楼宇党委例会"


def test_proposing_passes_over_a_level_without_a_body(demand, conference, secretary):
    issue = actions.propose(demand, title="甲", wish="乙", by=secretary, at=NOON)

    assert (issue.level, issue.body) == (Level.CONFERENCE, conference)
    assert issue.steps.get().skipped == "临时党支部会议、楼宇党委例会"


@pytest.mark.parametrize("field", ["reason", "tried"])
def test_escalating_says_why_and_what_was_tried(proposed, committee, secretary, field):
    words = {"reason": "为什么", "tried": "做过什么", field: "  "}

    with pytest.raises(actions.Refused, match="请写明"):
        ladder.escalate(proposed, **words, by=secretary, at=NOON)


def test_above_the_last_body_it_is_passed_up(proposed, secretary):
    with pytest.raises(actions.Refused, match="上报区级"):
        ladder.escalate(proposed, reason="甲", tried="乙", by=secretary, at=NOON)

    ladder.pass_up(
        proposed, to_whom="区商务委", reason="要区里定", by=secretary, at=NOON
    )

    matter = proposed.matters.get()
    assert where(proposed)[0] == S.FEEDBACK
    assert (matter.ending, matter.passed_to) == (
        Matter.Ending.PASSED_UP,
        "区商务委",
    )
    assert Demand.objects.get().state == Demand.State.ENDED


def test_nothing_is_passed_up_while_a_level_is_left(proposed, committee, secretary):
    with pytest.raises(actions.Refused, match="请先提级"):
        ladder.pass_up(proposed, to_whom="区里", reason="甲", by=secretary, at=NOON)


def test_sending_back_goes_to_the_body_below(
    proposed, body, committee, secretary, chief
):
    ladder.escalate(proposed, reason="甲", tried="乙", by=secretary, at=NOON)

    ladder.send_back(proposed, reason="支部能定", by=chief, at=NOON)

    assert where(proposed) == (S.PROPOSED, Level.BRANCH, body)
    assert Demand.objects.get().owed_by == body.name


def test_sending_back_from_the_lowest_is_refused(proposed, secretary):
    with pytest.raises(actions.Refused, match="下面没有"):
        ladder.send_back(proposed, reason="甲", by=secretary, at=NOON)


def test_what_runs_goes_on_while_a_higher_level_deliberates(
    proposed, decide, committee, secretary, chief
):
    decide(proposed)
    ladder.escalate(proposed, reason="甲", tried="乙", by=secretary, at=NOON)

    fixing.finish_measure(proposed.measures.get(), result="已改线", by=chief, at=NOON)

    assert where(proposed)[0] == S.PROPOSED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.PROPOSED, S.PROPOSED),
        (S.DELIBERATING, S.PROPOSED),
        (S.DECIDED, S.DECIDED),
        (S.IN_PROGRESS, S.IN_PROGRESS),
    ],
)
def test_what_was_put_aside_is_taken_up_where_it_was(
    proposed, put, secretary, before, after
):
    put(proposed, before)
    ladder.suspend(
        proposed, until=TODAY + dt.timedelta(30), reason="等租约", by=secretary, at=NOON
    )
    assert where(proposed)[0] == S.SUSPENDED

    ladder.resume(proposed, by=secretary, at=NOON)

    assert where(proposed)[0] == after


def test_nothing_is_put_aside_until_yesterday(proposed, secretary):
    with pytest.raises(actions.Refused, match="今天以后"):
        ladder.suspend(proposed, until=TODAY, reason="甲", by=secretary, at=NOON)


def test_withdrawing_lets_the_demands_wait_again(proposed, demand, secretary):
    ladder.withdraw(proposed, reason="店家自己谈妥了", by=secretary, at=NOON)

    demand.refresh_from_db()
    assert (demand.state, demand.due_on) == (
        Demand.State.NEW,
        demand.dues.first().due_on,
    )
    assert where(proposed)[0] == S.WITHDRAWN
    assert proposed.matters.get().state == Matter.State.WITHDRAWN
    assert not demand.links.in_force().exists()


def test_what_was_withdrawn_is_taken_up_with_what_still_waits(
    proposed, demand, shop, secretary
):
    second = DemandFactory(business=shop())
    actions.join(proposed.matters.get(), second, by=secretary, at=NOON)
    ladder.withdraw(proposed, reason="再看看", by=secretary, at=NOON)
    Demand.objects.filter(pk=second.pk).update(
        state="answered", outcome_on=TODAY, tell_by=TODAY
    )

    ladder.reopen(proposed, reason="还是要谈", by=secretary, at=NOON)

    demand.refresh_from_db()
    assert where(proposed)[0] == S.PROPOSED
    assert demand.state == Demand.State.JOINED
    assert [link.demand for link in fixing.links_of(proposed.matters.get())] == [demand]


def test_what_was_ended_is_taken_up_and_told_a_second_time(
    ended, demand, decide, secretary
):
    matter = ended.matters.get()
    actions.tell(matter, [demand], how="visit", on=TODAY, by=secretary, at=NOON)
    assert where(ended)[0] == S.CLOSED

    ladder.reopen(ended, reason="又回到老样子", by=secretary, at=NOON)

    assert where(ended)[0] == S.PROPOSED
    demand.refresh_from_db()
    assert demand.state == Demand.State.TOLD  # the first outcome stands meanwhile
    decide(ended, matter=matter)
    measure = ended.measures.open().get()
    fixing.finish_measure(measure, result="再改线", by=secretary, at=NOON)
    actions.end_matter(
        Matter.objects.get(),
        ending="solved",
        before="9 点",
        after="7 点",
        benefited=400,
        by=secretary,
        at=NOON,
    )
    demand.refresh_from_db()
    assert (demand.state, demand.told_on) == (Demand.State.ENDED, None)
    assert where(ended)[0] == S.FEEDBACK


def test_a_leader_calls_the_committee_together(proposed, committee, secretary, leader):
    day = TODAY + dt.timedelta(3)

    ladder.call_together(
        proposed, body=committee, on=day, reason="三类问题一起谈", by=leader, at=NOON
    )

    assert where(proposed) == (S.PROPOSED, Level.COMMITTEE, committee)
    assert (last(proposed).until, last(proposed).role) == (day, Role.STREET_LEADER)
    assert Demand.objects.get().owed_by == committee.name


def test_a_body_of_another_place_is_not_called(proposed, sibling, leader):
    other = BodyFactory(level=Level.COMMITTEE, grid=proposed.grid)
    other.buildings.add(sibling.building)

    with pytest.raises(actions.Refused, match="管不到"):
        ladder.call_together(
            proposed, body=other, on=TODAY, reason="甲", by=leader, at=NOON
        )


def test_a_leader_hands_a_measure_out(proposed, unit, leader):
    ladder.hand_out(
        proposed,
        matter=proposed.matters.get(),
        content="本周调整清运时间",
        lead=unit,
        due_on=TODAY + dt.timedelta(5),
        by=leader,
        at=NOON,
    )

    assert where(proposed)[0] == S.DECIDED
    assert proposed.measures.get().lead == unit


def test_supervision_leads_the_lists_until_it_is_answered(
    proposed, decide, body, secretary, leader
):
    decide(proposed)
    measure = proposed.measures.get()
    made = ladder.supervise(measure, words="月底前要见效", by=leader, at=NOON)
    assert Issue.objects.for_list().get().supervised
    assert measure._meta.model.objects.for_list().get().supervised

    with pytest.raises(actions.Refused, match="还没有答复"):
        ladder.supervise(measure, words="再督一次", by=leader, at=NOON)
    ladder.answer_supervision(made, answer="已改线", by=secretary, at=NOON)

    made.refresh_from_db()
    assert (made.answer, made.answered_by) == ("已改线", secretary)
    assert not Issue.objects.for_list().get().supervised
    with pytest.raises(actions.Refused, match="已经有了答复"):
        ladder.answer_supervision(made, answer="又一次", by=secretary, at=NOON)


def test_the_leads_officer_answers_for_the_measure_alone(
    proposed, decide, officer, leader, secretary
):
    decide(proposed)
    of_measure = ladder.supervise(
        proposed.measures.get(), words="快办", by=leader, at=NOON
    )
    of_issue = ladder.supervise(proposed, words="快办", by=leader, at=NOON)

    ladder.answer_supervision(of_measure, answer="周五前", by=officer, at=NOON)
    with pytest.raises(PermissionDenied):
        ladder.answer_supervision(of_issue, answer="周五前", by=officer, at=NOON)


def test_the_clerk_acts_for_the_chair_and_it_is_recorded(proposed, clerk):
    ladder.put_on_table(proposed, by=clerk, at=NOON)

    step = last(proposed)
    assert (step.by, step.role, step.for_whom) == (
        clerk,
        Role.GRID_CLERK,
        "书记",
    )


def test_who_comes_second_is_told_what_happened(proposed, decide, secretary, chief):
    decide(proposed)

    with pytest.raises(actions.Refused) as refused:
        ladder.put_on_table(proposed, by=secretary, at=NOON)

    assert "10-15 12:00 由secretary办了“研商定措施”" in str(refused.value)
    assert "临时党支部会议·已定措施" in str(refused.value)


def test_the_place_is_the_smallest_that_holds_all_askers(
    proposed, shop, other_grid, secretary, tower, market, street
):
    matter = proposed.matters.get()
    assert proposed.building == market
    beside = DemandFactory(business=shop(building=tower))

    actions.join(matter, beside, by=secretary, at=NOON)
    proposed.refresh_from_db()
    assert (proposed.building, proposed.grid) == (None, tower.grid)

    far = DemandFactory(business=shop(building=None, grid=other_grid))
    actions.join(matter, far, by=secretary, at=NOON)
    proposed.refresh_from_db()
    assert proposed.grid == street

    for demand in (far, beside):
        actions.take_out(demand, by=secretary, at=NOON)
    proposed.refresh_from_db()
    matter.refresh_from_db()
    assert (proposed.building, proposed.grid) == (market, market.grid)
    assert matter.building == market


def test_a_unit_of_another_measure_takes_no_step(proposed, decide, grid, officer):
    decide(proposed, lead=UnitFactory(grid=grid))

    with pytest.raises(PermissionDenied):
        fixing.finish_measure(proposed.measures.get(), result="甲", by=officer, at=NOON)
    assert not IssueStep.objects.filter(step=Step.FINISH_MEASURE).exists()
