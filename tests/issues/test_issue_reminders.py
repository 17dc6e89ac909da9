"""Whom the room of issues reminds, of what, and when."""

import datetime as dt

import pytest

from issues import fixing, ladder, parts, reminders, terms, todo
from issues.models import MeasurePart
from tests.factories import NOON, TODAY, UnitFactory

pytestmark = pytest.mark.django_db
DUE = NOON.date().replace(day=29)


@pytest.fixture
def part(proposed, decide):
    decide(proposed)
    return MeasurePart.objects.get()


def said(day):
    return {
        (user.username, one.words) for one in reminders.read(day) for user in one.users
    }


def test_who_is_asked_to_confirm(part, officer):
    words = "等市容部门确认分工：每天 8 点以前清运"
    assert (officer.username, words) in said(TODAY)


def test_a_unit_without_an_account_is_reminded_through_the_clerk(
    proposed, decide, grid, clerk
):
    decide(proposed, lead=UnitFactory(name="城运中心", grid=grid))
    assert {name for name, _ in said(TODAY)} == {clerk.username}


def test_what_falls_due_and_what_is_late(part, officer, secretary):
    parts.confirm(part, by=officer, at=NOON)
    assert said(DUE - dt.timedelta(2)) == set()
    tomorrow = said(DUE - dt.timedelta(1))
    assert tomorrow == {(officer.username, "分工10-29 到期：每天 8 点以前清运")}
    assert said(DUE) == {(officer.username, "分工今天到期：每天 8 点以前清运")}
    assert said(DUE + dt.timedelta(1)) == {
        (officer.username, "分工已超期：每天 8 点以前清运"),
        (secretary.username, "市容部门的分工已超期：每天 8 点以前清运"),
    }


def test_a_refusal_and_an_extension_wait_for_the_chair(part, officer, secretary):
    parts.refuse(part, reason="不归我", instead="物业", by=officer, at=NOON)
    assert {name for name, _ in said(TODAY)} == {secretary.username}
    parts.reassign(part, holder=part.unit, reason="归它", by=secretary, at=NOON)
    parts.confirm(part, by=officer, at=NOON)
    later = DUE + dt.timedelta(3)
    terms.ask(part, until=later, reason="等车", by=officer, at=NOON)
    words = "市容部门申请延期：每天 8 点以前清运"
    assert (secretary.username, words) in said(TODAY)


def test_what_came_up_the_ladder_is_told_to_its_new_chair_for_a_week(
    proposed, conference, chief, secretary
):
    ladder.escalate(proposed, reason="跨部门", tried="谈过", by=secretary, at=NOON)
    told = {(name, words) for name, words in said(TODAY) if proposed.title in words}
    assert {name for name, _ in told} == {chief.username}
    assert not [w for _, w in said(TODAY + reminders.AFTER) if proposed.title in w]


def test_what_is_supervised_waits_for_body_or_lead(
    part, proposed, officer, secretary, leader
):
    ladder.supervise(proposed, words="快", by=leader, at=NOON)
    ladder.supervise(part.measure, words="快", by=leader, at=NOON)
    told = {(name, words) for name, words in said(TODAY) if "督办" in words}
    assert told == {
        (secretary.username, f"督办等您答复：{proposed}"),
        (officer.username, f"督办等您答复：{part.measure}"),
    }


def test_a_meeting_is_told_to_all_who_sit_in_it(in_session, officer, secretary):
    told = {name for name, words in said(in_session.on) if in_session.title in words}
    assert told == {officer.username, secretary.username}
    later = in_session.on + dt.timedelta(1)
    assert not [w for _, w in said(later) if in_session.title in w]


def test_a_group_reads_totals_and_titles(part, grid):
    lines = list(reminders.lines(grid.code, DUE + dt.timedelta(1)))
    assert lines == [
        "措施分工超期 1 项",
        "- 市容部门：每天 8 点以前清运",
        "措施分工等确认 1 项",
        "- 市容部门：每天 8 点以前清运",
    ]
    assert list(reminders.lines("310105006999", DUE)) == []


def test_what_each_has_to_do(part, officer, secretary, stranger):
    assert [one.words for one in todo.to_confirm(officer, TODAY)] == [part.content]
    assert todo.to_confirm(secretary, TODAY) == []
    parts.confirm(part, by=officer, at=NOON)
    assert todo.to_confirm(officer, TODAY) == []
    assert [one.words for one in todo.to_do(officer, TODAY)] == [part.content]
    later = DUE + dt.timedelta(3)
    terms.ask(part, until=later, reason="等车", by=officer, at=NOON)
    assert [one.words for one in todo.to_settle(secretary, TODAY)] == [part.content]
    for read in (todo.to_confirm, todo.to_do, todo.to_settle, todo.to_deliberate):
        assert read(stranger, TODAY) == []


def test_the_clerk_has_to_do_what_a_unit_without_an_account_holds(
    part, officer, grid, secretary, clerk
):
    without = fixing.add_part(
        part.measure,
        holder=UnitFactory(name="城运中心", grid=grid),
        content="接入巡查",
        due_on=DUE,
        by=secretary,
        at=NOON,
    )

    assert [one.words for one in todo.to_confirm(clerk, TODAY)] == ["接入巡查"]
    parts.confirm(without, by=clerk, how="phone", at=NOON)
    assert todo.to_confirm(clerk, TODAY) == []
    assert [one.words for one in todo.to_do(clerk, TODAY)] == ["接入巡查"]
