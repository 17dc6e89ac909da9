"""Twelve demands of ten askers in one matter, one taken out again: who is told?"""

import datetime as dt

import pytest

from issues import actions, fixing
from issues.models import Issue
from issues.telling import notice_for
from tests.factories import NOON, TODAY, DemandFactory
from visits import telling
from visits.models import Demand

pytestmark = pytest.mark.django_db
LATER = NOON + dt.timedelta(days=2)


@pytest.fixture
def twelve(shop, body):
    """Of ten shops; the first two asked twice."""
    shops = [shop() for _ in range(10)]
    return [DemandFactory(business=one) for one in [*shops, *shops[:2]]]


@pytest.fixture
def out(twelve):
    """The one that is taken out again: the third shop's only one."""
    return twelve[2]


@pytest.fixture
def issue(twelve, out, unit, secretary):
    """The issue of the other eleven, with its matter ended."""
    issue = actions.propose(
        twelve[0],
        title="茶城清运",
        wish="避开开市清运",
        others=twelve[1:],
        by=secretary,
        at=NOON,
    )
    actions.take_out(out, by=secretary, at=NOON)
    matter = issue.matters.get()
    actions.decide(
        issue,
        opinion="都同意。",
        matter=matter,
        content="八点前清运",
        lead=unit,
        due_on=TODAY + dt.timedelta(7),
        by=secretary,
        at=NOON,
    )
    measure = matter.measures.get()
    fixing.finish_measure(measure, result="已改", by=secretary, at=NOON)
    actions.end_matter(
        matter,
        ending="solved",
        before="九点清运",
        after="八点前清运完",
        benefited=10,
        by=secretary,
        at=NOON,
    )
    return Issue.objects.get(pk=issue.pk)


def told(issue):
    return set(Demand.objects.filter(state="told").values_list("pk", flat=True))


def test_one_notice_tells_exactly_the_nine_and_not_the_one_taken_out(
    issue, twelve, out, secretary
):
    matter = issue.matters.get()
    eleven = [demand for demand in twelve if demand != out]
    assert actions.untold(issue).count() == 11
    assert "原来九点清运，现在八点前清运完" in notice_for(matter)

    actions.tell(matter, eleven, how="notice", on=TODAY, by=secretary, at=NOON)

    assert told(issue) == {demand.pk for demand in eleven}
    assert (
        Demand.objects.filter(pk__in=told(issue)).values("business").distinct().count()
        == 9
    )
    out.refresh_from_db()
    assert (out.state, out.outcome) == (Demand.State.NEW, "")
    issue.refresh_from_db()
    assert issue.state == Issue.State.CLOSED


def test_it_is_refused_for_the_one_taken_out(issue, out, secretary):
    with pytest.raises(actions.Refused):
        actions.tell(
            issue.matters.get(), [out], how="notice", on=TODAY, by=secretary, at=NOON
        )


def test_the_issue_stays_open_until_everybody_is_on_record(
    issue, twelve, out, secretary
):
    """Told, or sought in vain twice: each is a record."""
    *most, one, last = [demand for demand in twelve if demand != out]
    actions.tell(
        issue.matters.get(), most, how="notice", on=TODAY, by=secretary, at=NOON
    )
    with pytest.raises(actions.Refused, match="还有 2 件"):
        actions.close(issue, by=secretary, at=NOON)

    actions.tell(
        issue.matters.get(), [one], how="visit", on=TODAY, by=secretary, at=NOON
    )
    for time in ("morning", "evening"):
        with pytest.raises(actions.Refused, match="还有 1 件"):
            actions.close(issue, by=secretary, at=LATER)
        telling.try_telling(
            last, on=TODAY, time=time, how="phone", by=secretary, at=LATER
        )

    issue.refresh_from_db()
    assert issue.state == Issue.State.CLOSED
    last.refresh_from_db()
    assert last.state == Demand.State.ENDED


@pytest.mark.parametrize("ending", ["explained", "passed_up", "enforcement"])
def test_the_notice_promises_nothing_that_was_not_done(issue, ending):
    matter = issue.matters.get()
    matter.ending, matter.before, matter.after = ending, "", "合同未到期"

    assert "办好" not in notice_for(matter)
    assert "合同未到期" in notice_for(matter)
