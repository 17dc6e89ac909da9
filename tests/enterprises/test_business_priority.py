"""Marking a business as priority, from a day on and until a day."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from dashboard.models import Standing
from enterprises import actions
from tests.factories import NOON, TODAY, BusinessFactory, CoverageFactory, VisitFactory
from tianshan.audit.models import Entry

DAY = dt.timedelta(days=1)


@pytest.fixture
def business(grid):
    business = BusinessFactory(grid=grid)
    CoverageFactory(business=business)
    VisitFactory(business=business, visited_on=TODAY - 50 * DAY)
    return business


def failing(business, day):
    return Standing.objects.on(day).get(business=business).failures(day)


def test_a_marking_shortens_the_cycle_from_its_day_on_and_not_before(chief, business):
    since = TODAY - 10 * DAY
    actions.mark_priority(business, reason="消防", since=since, by=chief, at=NOON)

    business.refresh_from_db()
    assert business.priority
    assert failing(business, since) == ["unvisited"]
    assert failing(business, since - DAY) == []
    assert Entry.objects.get(verb="business.marked_priority").data == {
        "reason": "消防",
        "since": since.isoformat(),
    }


def test_taking_it_back_leaves_the_days_that_it_held(chief, business):
    since, until = TODAY - 10 * DAY, TODAY - 2 * DAY
    actions.mark_priority(business, reason="消防", since=since, by=chief, at=NOON)
    actions.unmark_priority(business, reason="已整改", until=until, by=chief, at=NOON)

    business.refresh_from_db()
    assert not business.priority
    assert failing(business, until - DAY) == ["unvisited"]
    assert failing(business, until) == []
    assert Entry.objects.filter(verb="business.unmarked_priority").count() == 1


def test_the_second_of_two_markings_is_refused(chief, business):
    actions.mark_priority(business, reason="消防", since=TODAY, by=chief, at=NOON)
    with pytest.raises(actions.Refused):
        actions.mark_priority(business, reason="又一次", since=TODAY, by=chief, at=NOON)
    actions.unmark_priority(business, reason="好", until=TODAY, by=chief, at=NOON)
    with pytest.raises(actions.Refused):
        actions.unmark_priority(business, reason="好", until=TODAY, by=chief, at=NOON)


@pytest.mark.parametrize("day", [TODAY + DAY, dt.date(2099, 1, 1)])
def test_a_day_to_come_is_refused(chief, business, day):
    with pytest.raises(actions.Refused):
        actions.mark_priority(business, reason="消防", since=day, by=chief, at=NOON)


def test_marking_belongs_to_chief_and_clerk(staff, leader, business):
    for user in (staff, leader):
        with pytest.raises(PermissionDenied):
            actions.mark_priority(
                business, reason="消防", since=TODAY, by=user, at=NOON
            )
