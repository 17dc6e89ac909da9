"""Parts of measures: who takes which step, from where, and what it leaves."""

import datetime as dt
from contextlib import contextmanager

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction

from issues import actions, fixing, parts
from issues.models import Measure, MeasurePart, PartAct
from issues.models.part import OPEN, STEPS, How, PartStep, State
from tests.factories import (
    NOON,
    TODAY,
    OrganizationFactory,
    UnitFactory,
    UnitOfficerFactory,
)
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db
DUE = NOON.date().replace(day=29)


@pytest.fixture
def helping(grid):
    """A unit that supports, with an officer of its own as `.user`."""
    office = UnitOfficerFactory(
        post__grid=grid, unit=UnitFactory(name="城运中心", grid=grid)
    )
    office.unit.user = office.post.user
    return office.unit


@pytest.fixture
def measure(proposed, decide, helping):
    decide(proposed, supporting=[(helping, "接入巡查", DUE)])
    return proposed.measures.get()


@pytest.fixture
def lead(measure):
    return measure.parts.get(lead=True)


@pytest.fixture
def part(measure):
    return measure.parts.get(lead=False)


def now(part):
    part.refresh_from_db()
    return part.state


def refuse(part, by, **changed):
    how = {"reason": "不属本单位职责", "instead": "市场监督所", "at": NOON} | changed
    return parts.refuse(part, by=by, **how)


def test_deciding_asks_each_to_confirm(measure, lead, part, unit, helping):
    assert [(one.holder, one.role, one.state) for one in measure.parts.all()] == [
        (unit, "主办", State.WAITING),
        (helping, "协办", State.WAITING),
    ]
    assert [act.step for act in part.log.all()] == [PartStep.ASSIGN]
    assert lead.content == measure.content
    assert lead.due_on == measure.due_on


def test_what_the_body_does_itself_is_confirmed(proposed, decide, branch, secretary):
    decide(proposed, lead=branch)
    part = proposed.measures.get().parts.get()
    assert part.state == State.CONFIRMED
    assert part.log.last().how == How.MEETING


def test_a_measure_without_a_lead_is_refused(proposed, decide):
    with pytest.raises(actions.Refused, match="主办"):
        decide(proposed, lead=None)
    assert not Measure.objects.exists()


def test_a_supporter_is_not_later_than_the_measure(proposed, decide, helping):
    late = DUE + dt.timedelta(1)
    with pytest.raises(actions.Refused, match="不能晚于措施"):
        decide(proposed, supporting=[(helping, "巡查", late)])


def test_confirm_by_the_units_officer(part, helping):
    parts.confirm(part, by=helping.user, at=NOON)
    assert now(part) == State.CONFIRMED
    act = part.log.last()
    assert (act.by, act.for_whom, act.how) == (helping.user, "", How.OWN)
    entry = Entry.objects.get(verb="part.confirmed")
    assert entry.data["measure"] == part.measure_id


def test_the_clerk_acts_for_it_and_says_how(part, clerk, helping):
    with pytest.raises(actions.Refused, match="怎么答复"):
        parts.confirm(part, by=clerk, at=NOON)
    parts.confirm(part, by=clerk, at=NOON, how=How.PHONE)
    act = part.log.last()
    assert act.who == f"{clerk}（代城运中心，电话）"
    assert Entry.objects.get(verb="part.confirmed").on_behalf_of == "城运中心"


def test_a_link_confirms_without_an_account(part):
    parts.confirm(part, by=None, at=NOON, link=7)
    act = part.log.last()
    assert (act.by, act.link, act.who) == (None, 7, "城运中心（专用链接）")


@contextmanager
def taken_back(subtests, **case):
    """One of many cases of one measure; what it writes, the next does not find."""
    with subtests.test(**case), transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


@pytest.mark.parametrize("who", ["secretary", "chief", "leader", "officer", "sibling"])
def test_what_is_the_holders_is_no_others(request, part, who, subtests):
    """`officer` is of the lead's unit, which is another."""
    user = request.getfixturevalue(who)
    for step in sorted(parts.HOLDERS):
        with taken_back(subtests, step=step):
            assert parts.acts_for(part, step, user) is None
            with pytest.raises(PermissionDenied):
                parts.take(part, step, by=user, how=How.PHONE, link=None)


@pytest.mark.parametrize("who", ["helping", "officer", "leader", "sibling", "staff"])
def test_what_is_the_bodys_is_no_others(request, part, who, subtests):
    user = request.getfixturevalue(who)
    user = getattr(user, "user", user)
    for step in sorted(set(STEPS) - parts.HOLDERS):
        with taken_back(subtests, step=step), pytest.raises(PermissionDenied):
            parts.take(part, step, by=user, how="", link=None)


def test_a_link_does_no_more_than_it_says(part, subtests):
    for step in sorted(set(STEPS) - parts.BY_LINK):
        with taken_back(subtests, step=step), pytest.raises(PermissionDenied):
            parts.take(part, step, by=None, how="", link=7)


def test_refusing_names_another_and_waits_for_the_body(part, helping, secretary, unit):
    refuse(part, helping.user)
    assert now(part) == State.REFUSED
    assert part.log.last().words == "不属本单位职责（建议由市场监督所办）"
    with pytest.raises(actions.Refused, match="请写明为什么"):
        parts.reassign(part, holder=unit, reason=" ", by=secretary, at=NOON)
    parts.reassign(part, holder=unit, reason="路面归它管", by=secretary, at=NOON)
    assert now(part) == State.WAITING
    assert part.holder == unit


@pytest.mark.parametrize("missing", ["reason", "instead"])
def test_refusing_needs_a_reason_and_another(part, helping, missing):
    with pytest.raises(actions.Refused):
        refuse(part, helping.user, **{missing: " "})
    assert now(part) == State.WAITING


def test_a_lead_that_changes_owes_the_demands(lead, officer, secretary, helping):
    refuse(lead, officer)
    parts.reassign(lead, holder=helping, reason="归它管", by=secretary, at=NOON)
    measure = Measure.objects.get()
    assert measure.lead == helping
    assert Demand.objects.get().owed_by == "城运中心"


def test_the_second_refusal_goes_to_the_joint_meeting(
    part, helping, secretary, unit, officer, conference, chief
):
    refuse(part, helping.user)
    assert list(fixing.refused_twice()) == []
    parts.reassign(part, holder=unit, reason="路面归它管", by=secretary, at=NOON)
    part.refresh_from_db()
    refuse(part, officer)
    assert list(fixing.refused_twice()) == [part.measure]
    with pytest.raises(PermissionDenied):
        parts.reassign(part, holder=helping, reason="还是它", by=secretary, at=NOON)
    part.refresh_from_db()
    parts.reassign(part, holder=helping, reason="联席会定", by=chief, at=NOON)
    assert list(fixing.refused_twice()) == []
    part.refresh_from_db()
    with pytest.raises(actions.Refused, match="不能再退回"):
        refuse(part, helping.user)


def test_studying_is_once_and_not_for_long(part, helping):
    def study(days):
        until = TODAY + dt.timedelta(days)
        return parts.study(
            part, until=until, reason="核对合同", by=helping.user, at=NOON
        )

    for days in (0, 60):
        with pytest.raises(actions.Refused, match="研究到哪天"):
            study(days)
    study(2)
    assert now(part) == State.STUDYING
    assert part.light(TODAY).colour != "red"
    assert "没有答复" in part.light(TODAY + dt.timedelta(3)).words
    with pytest.raises(actions.Refused, match="状态已变化"):
        study(2)
    parts.confirm(part, by=helping.user, at=NOON)
    assert now(part) == State.CONFIRMED


def test_what_was_studied_once_is_not_studied_again(part, helping, secretary):
    until = TODAY + dt.timedelta(2)
    how = {"until": until, "reason": "核对合同", "by": helping.user, "at": NOON}
    parts.study(part, **how)
    refuse(part, helping.user)
    parts.reassign(part, holder=helping, reason="还是它", by=secretary, at=NOON)
    with pytest.raises(actions.Refused, match="带回研究过一次"):
        parts.study(part, **how)


def test_a_part_is_somebodys_and_lies_ahead(proposed, decide, helping):
    yesterday = TODAY - dt.timedelta(1)
    for supporting, words in (
        ((helping, "巡查", yesterday), "不能早于今天"),
        ((None, "巡查", DUE), "由谁办"),
    ):
        with pytest.raises(actions.Refused, match=words):
            decide(proposed, supporting=[supporting])
    assert not MeasurePart.objects.exists()


def test_a_refusal_fits_its_line_and_leads_to_somebody(part, helping, secretary):
    with pytest.raises(actions.Refused, match="理由太长"):
        refuse(part, helping.user, reason="不" * 300)
    refuse(part, helping.user)
    with pytest.raises(actions.Refused, match="由谁办"):
        parts.reassign(part, holder=None, reason="再看", by=secretary, at=NOON)


def test_the_lead_is_not_excused_and_ends_only_what_it_took_on(
    lead, part, measure, officer, secretary
):
    with pytest.raises(actions.Refused, match="不能免办"):
        parts.excuse(lead, reason="会上定", by=secretary, at=NOON)
    refuse(lead, officer)
    parts.excuse(part, reason="10 月会上定免办", by=secretary, at=NOON)
    with pytest.raises(actions.Refused, match="请先改派"):
        fixing.finish_measure(measure, result="已改线", by=secretary, at=NOON)


def test_the_lead_waits_for_its_supporters(lead, part, measure, helping, secretary):
    def close():
        return fixing.finish_measure(measure, result="已改线", by=secretary, at=NOON)

    with pytest.raises(actions.Refused, match="城运中心的分工还没有完成"):
        close()
    with pytest.raises(actions.Refused, match="哪次会议"):
        parts.excuse(part, reason=" ", by=secretary, at=NOON)
    parts.excuse(part, reason="10 月会上定免办", by=secretary, at=NOON)
    close()
    assert now(part) == State.EXCUSED
    assert now(lead) == State.DONE
    measure.refresh_from_db()
    assert measure.state == Measure.State.DONE


def test_a_supporter_finishes_its_own(lead, part, helping, officer, secretary, measure):
    with pytest.raises(actions.Refused, match="完成情况"):
        parts.finish(part, result=" ", by=helping.user, at=NOON)
    parts.finish(part, result="已接入", by=helping.user, at=NOON)
    assert now(part) == State.DONE
    with pytest.raises(actions.Refused, match="随措施一起"):
        parts.finish(lead, result="已接入", by=officer, at=NOON)
    fixing.finish_measure(measure, result="已改线", by=secretary, at=NOON)
    assert now(lead) == State.DONE


def test_progress_is_written_once_confirmed(part, helping):
    with pytest.raises(actions.Refused, match="待确认"):
        parts.report(part, words="已装探头", by=helping.user, at=NOON)
    parts.confirm(part, by=helping.user, at=NOON)
    parts.report(part, words="已装探头", by=helping.user, at=NOON)
    assert part.log.last().words == "已装探头"


def test_a_further_supporter_joins(measure, secretary, sibling, grid):
    organization = OrganizationFactory(name="茶城二期党支部", grid=grid)
    facts = {"holder": organization, "content": "劝导", "due_on": DUE, "at": NOON}
    with pytest.raises(PermissionDenied):
        fixing.add_part(measure, **facts, by=sibling)
    part = fixing.add_part(measure, **facts, by=secretary)
    assert (part.state, part.holder) == (State.WAITING, organization)


# --- what was overtaken, and the database ---------------------------------------------


def test_nobody_joins_a_measure_that_is_done(measure, part, helping, secretary):
    parts.finish(part, result="已接入", by=helping.user, at=NOON)
    fixing.finish_measure(measure, result="已改线", by=secretary, at=NOON)
    with pytest.raises(actions.Refused, match="不能再加协办"):
        fixing.add_part(
            measure, holder=helping, content="再查", due_on=DUE, by=secretary, at=NOON
        )


def test_who_comes_second_is_told_what_happened(part, helping, clerk):
    parts.confirm(part, by=helping.user, at=NOON)
    with pytest.raises(actions.Refused, match="办了“确认”，现在是“已确认”"):
        refuse(part, clerk, how=How.PHONE)


@pytest.mark.parametrize("step", sorted(set(STEPS) - {PartStep.ASSIGN}))
def test_every_step_starts_where_the_table_says(part, helping, step, subtests):
    """In the action and in the database alike."""
    for state in sorted(State):
        with taken_back(subtests, state=state):
            with pgtrigger.ignore("issues.MeasurePart:part_moves_by_steps"):
                MeasurePart.objects.filter(pk=part.pk).update(**facts_of(state))
            part.refresh_from_db()
            allowed = state in STEPS[step][0]
            assert (step in part.open_steps) == allowed
            row = PartAct(
                part=part,
                step=step,
                from_state=state,
                to_state=STEPS[step][1] or state,
                holder=str(part.holder),
                by=helping.user,
                how=How.OWN,
                at=NOON,
            )
            if allowed:
                row.save()
            else:
                with pytest.raises(IntegrityError), transaction.atomic():
                    row.save()


def facts_of(state):
    return {
        "state": state,
        "study_until": TODAY if state == State.STUDYING else None,
        "ended_on": None if state in OPEN else TODAY,
    }


@pytest.mark.parametrize("state", sorted(set(State) - {State.WAITING}))
def test_the_database_refuses_a_state_without_its_step(part, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        MeasurePart.objects.filter(pk=part.pk).update(**facts_of(state))


def test_the_database_refuses_another_holder_without_its_step(part, unit):
    with pytest.raises(IntegrityError), transaction.atomic():
        MeasurePart.objects.filter(pk=part.pk).update(unit=unit)


def test_a_done_measure_stays_done(measure, part, secretary):
    parts.excuse(part, reason="会上定", by=secretary, at=NOON)
    fixing.finish_measure(measure, result="好了", by=secretary, at=NOON)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Measure.objects.filter(pk=measure.pk).update(state="open", done_on=None)


# --- time with whom -------------------------------------------------------------------


def test_the_whole_time_is_the_sum_over_units(part, helping, secretary, unit, officer):
    def later(hours):
        return NOON + dt.timedelta(hours=hours)

    refuse(part, helping.user, at=later(30))
    parts.reassign(part, holder=unit, reason="归它管", by=secretary, at=later(50))
    part.refresh_from_db()
    parts.confirm(part, by=officer, at=later(52))
    times = parts.time_by_holder(part, now=later(100))
    assert times == {
        "城运中心": dt.timedelta(hours=30),
        "天山茶市临时党支部会议": dt.timedelta(hours=20),
        "市容部门": dt.timedelta(hours=50),
    }
    parts.finish(part, result="好了", by=officer, at=later(60))
    part.refresh_from_db()
    ended = parts.time_by_holder(part, now=later(900))
    assert sum(ended.values(), dt.timedelta()) == dt.timedelta(hours=60)
