"""Two people acting at the same moment, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from issues import actions, fixing, parts
from issues.models import Issue, Matter, MatterDemand, MeasurePart
from issues.models.part import How
from tests.factories import NOON, TODAY, DemandFactory
from visits.models import Demand

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the acts at the same moment; what each came to: "done" or its exception."""
    start = Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            act()
        except Exception as error:
            return error
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def won_and_refused(results):
    refused = [one for one in results if isinstance(one, actions.Refused)]
    return results.count("done"), len(refused)


def test_two_deciding_at_once_exactly_one_wins(proposed, decide):
    results = at_once(*[lambda: decide(proposed)] * 2)

    assert won_and_refused(results) == (1, 1)
    assert proposed.deliberations.count() == 1
    assert proposed.measures.count() == 1


def test_two_proposing_from_one_demand_make_one_issue(demand, body, secretary):
    def propose():
        actions.propose(demand, title="甲", wish="乙", by=secretary, at=NOON)

    results = at_once(*[propose] * 2)

    assert won_and_refused(results) == (1, 1)
    assert Issue.objects.count() == 1
    assert MatterDemand.objects.in_force().count() == 1


def test_two_confirming_one_part_leave_one_answer(proposed, decide, officer, clerk):
    decide(proposed)
    part = MeasurePart.objects.get()

    results = at_once(
        lambda: parts.confirm(part, by=officer, at=NOON),
        lambda: parts.confirm(part, by=clerk, at=NOON, how=How.PHONE),
    )

    assert won_and_refused(results) == (1, 1)
    assert [act.step for act in part.log.all()] == ["assign", "confirm"]


def test_two_finishing_one_measure_keep_one_result(proposed, decide, secretary):
    decide(proposed)
    measure = proposed.measures.get()

    def finish(result):
        return lambda: fixing.finish_measure(
            measure, result=result, by=secretary, at=NOON
        )

    results = at_once(finish("甲"), finish("乙"))

    assert won_and_refused(results) == (1, 1)


def test_two_taking_out_the_last_two_leave_one(proposed, demand, shop, secretary):
    second = DemandFactory(business=shop())
    actions.join(proposed.matters.get(), second, by=secretary, at=NOON)

    results = at_once(
        lambda: actions.take_out(demand, by=secretary, at=NOON),
        lambda: actions.take_out(second, by=secretary, at=NOON),
    )

    assert won_and_refused(results) == (1, 1)
    assert MatterDemand.objects.in_force().count() == 1


def test_ending_and_joining_at_once_leave_nobody_behind(
    proposed, decide, shop, secretary
):
    decide(proposed)
    fixing.finish_measure(
        proposed.measures.get(), result="已改线", by=secretary, at=NOON
    )
    late = DemandFactory(business=shop())
    matter = proposed.matters.get()

    at_once(
        lambda: actions.join(matter, late, by=secretary, at=NOON),
        lambda: actions.end_matter(
            matter,
            ending="solved",
            before="9 点",
            after="8 点",
            benefited=None,
            by=secretary,
            at=NOON,
        ),
    )

    late.refresh_from_db()
    inside = matter.links.in_force().filter(demand=late).exists()
    assert Matter.objects.get().state == Matter.State.ENDED
    assert (late.state, inside) in {
        (Demand.State.ENDED, True),
        (Demand.State.NEW, False),
    }


def test_two_telling_the_last_two_close_the_issue_once(
    proposed, demand, decide, shop, secretary
):
    second = DemandFactory(business=shop())
    matter = proposed.matters.get()
    actions.join(matter, second, by=secretary, at=NOON)
    decide(proposed)
    fixing.finish_measure(
        proposed.measures.get(), result="已改线", by=secretary, at=NOON
    )
    actions.end_matter(
        matter,
        ending="solved",
        before="9 点",
        after="8 点",
        benefited=None,
        by=secretary,
        at=NOON,
    )

    def tell(one):
        return lambda: actions.tell(
            matter, [one], how="visit", on=TODAY, by=secretary, at=NOON
        )

    results = at_once(tell(demand), tell(second))

    proposed.refresh_from_db()
    assert results == ["done", "done"]
    assert proposed.state == Issue.State.CLOSED
