import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from issues import actions, fixing
from issues.models import Issue, Measure
from tests.factories import NOON, TODAY
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(proposed, unit, secretary):
    def added(**changes):
        facts = {
            "matter": proposed.matters.get(),
            "content": "湿垃圾密闭暂存",
            "lead": unit,
            "due_on": TODAY + dt.timedelta(30),
            "by": secretary,
            "at": NOON,
            **changes,
        }
        return fixing.add_measure(proposed, **facts)

    return added


def test_a_further_measure_stands_beside_the_first(proposed, decide, add):
    decide(proposed)

    add()

    assert proposed.measures.count() == 2
    assert Entry.objects.filter(verb="measure.decided").count() == 2


@pytest.mark.parametrize("state", sorted(set(Issue.State) - Issue.STEPS["add_measure"]))
def test_add_measure_is_refused_from_any_other_state(proposed, put, add, state):
    put(proposed, state)

    with pytest.raises(actions.Refused):
        add()


@pytest.mark.parametrize("who", ["staff", "sibling", "chief", "leader", "officer"])
def test_add_measure_belongs_to_the_body(request, proposed, decide, add, who):
    decide(proposed)

    with pytest.raises(PermissionDenied):
        add(by=request.getfixturevalue(who))


def test_finish_keeps_what_it_brought(proposed, decide, secretary):
    decide(proposed)
    measure = proposed.measures.get()

    fixing.finish_measure(measure, result="4 月 22 日起执行", by=secretary, at=NOON)

    measure.refresh_from_db()
    proposed.refresh_from_db()
    assert (measure.state, measure.done_on) == (Measure.State.DONE, TODAY)
    assert measure.result == "4 月 22 日起执行"
    assert proposed.state == Issue.State.IN_PROGRESS
    assert Entry.objects.filter(verb="measure.finished").count() == 1


def test_finish_is_refused_twice_and_without_a_result(proposed, decide, secretary):
    decide(proposed)
    measure = proposed.measures.get()

    with pytest.raises(actions.Refused, match="完成情况"):
        fixing.finish_measure(measure, result=" ", by=secretary, at=NOON)
    fixing.finish_measure(measure, result="好了", by=secretary, at=NOON)
    with pytest.raises(actions.Refused, match="已经完成"):
        fixing.finish_measure(measure, result="又好了", by=secretary, at=NOON)

    measure.refresh_from_db()
    assert measure.result == "好了"


@pytest.mark.parametrize(
    "state", sorted(set(Issue.State) - Issue.STEPS["finish_measure"])
)
def test_finish_is_refused_from_any_other_state(
    proposed, decide, put, secretary, state
):
    decide(proposed)
    measure = proposed.measures.get()
    put(proposed, state)

    with pytest.raises(actions.Refused):
        fixing.finish_measure(measure, result="好了", by=secretary, at=NOON)


@pytest.mark.parametrize("who", ["staff", "sibling", "chief", "leader", "officer"])
def test_finish_belongs_to_the_body(request, proposed, decide, who):
    decide(proposed)

    with pytest.raises(PermissionDenied):
        fixing.finish_measure(
            proposed.measures.get(),
            result="好了",
            by=request.getfixturevalue(who),
            at=NOON,
        )


@pytest.mark.parametrize(
    ("days", "colour"), [(1, "green"), (13, "yellow"), (15, "red")]
)
def test_the_light_of_an_open_measure(proposed, decide, days, colour):
    decide(proposed, due_on=TODAY + dt.timedelta(14))

    light = proposed.measures.get().light(TODAY + dt.timedelta(days))

    assert light.colour == colour


def test_a_finished_measure_has_no_light(ended):
    assert ended.measures.get().light(TODAY) is None
