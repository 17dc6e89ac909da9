"""Whatever is done to a part in whatever order: one holder, and steps that replay."""

import datetime as dt
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import actions, parts, terms
from issues.models import MeasurePart
from issues.models.part import OPEN, STEPS, PartStep, State
from tests.factories import NOON, UnitFactory, UnitOfficerFactory

pytestmark = pytest.mark.django_db
DUE = NOON.date() + dt.timedelta(60)
FEW = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MOVES = st.lists(st.sampled_from(sorted(STEPS)), min_size=4, max_size=10)


@pytest.fixture
def world(proposed, decide, grid, secretary, chief):
    """A supporting part with an officer of each of two units, and who chairs."""
    units = [UnitFactory(name=name, grid=grid) for name in ("城运中心", "物业中心")]
    officers = {
        unit: UnitOfficerFactory(post__grid=grid, unit=unit).post.user for unit in units
    }
    decide(proposed, due_on=DUE, supporting=[(units[0], "接入巡查", DUE)])
    part = MeasurePart.objects.get(lead=False)
    return {"part": part, "units": units, "officers": officers, "chair": secretary}


def acts(world, part, at):
    """What each step calls, by who may take it now."""
    holder = {"by": world["officers"][part.unit], "at": at}
    body = {"by": world["chair"], "at": at}
    other = next(unit for unit in world["units"] if unit != part.unit)
    soon = at.date() + dt.timedelta(3)
    return {
        PartStep.CONFIRM: lambda: parts.confirm(part, **holder),
        PartStep.REFUSE: lambda: parts.refuse(
            part, reason="不归我", instead=str(other), **holder
        ),
        PartStep.STUDY: lambda: parts.study(part, until=soon, reason="核对", **holder),
        PartStep.REASSIGN: lambda: parts.reassign(
            part, holder=other, reason="归它", **body
        ),
        PartStep.REPORT: lambda: parts.report(part, words="办了一半", **holder),
        PartStep.ASK_EXTENSION: lambda: terms.ask(
            part, until=part.due_on + dt.timedelta(7), reason="等车", **holder
        ),
        PartStep.GRANT_EXTENSION: lambda: terms.answer(
            part, granted=True, words="同意", **body
        ),
        PartStep.DENY_EXTENSION: lambda: terms.answer(
            part, granted=False, words="不同意", **body
        ),
        PartStep.PAUSE: lambda: terms.pause(part, until=soon, reason="等会", **body),
        PartStep.RESUME: lambda: terms.resume(part, reason="会开了", **body),
        PartStep.FINISH: lambda: parts.finish(part, result="办完", **holder),
        PartStep.EXCUSE: lambda: parts.excuse(part, reason="会上定的", **body),
    }


@given(moves=MOVES)
@FEW
def test_a_walk_of_a_part_keeps_one_holder_and_replays(world, moves):
    with transaction.atomic():
        part = MeasurePart.objects.get(pk=world["part"].pk)
        began = part.log.first().at
        for hours, step in enumerate(moves, start=1):
            act = acts(world, part, at := NOON + dt.timedelta(hours=hours)).get(step)
            before, taken = part.state, part.log.count()
            try:
                act and act()
            except actions.Refused:
                part = MeasurePart.objects.get(pk=part.pk)
                assert (part.state, part.log.count()) == (before, taken)
                continue
            part = MeasurePart.objects.get(pk=part.pk)
            log = list(part.log.all())

            # Replayed from its steps alone, it is where it is, with whom it is.
            assert [one.from_state for one in log[1:]] == [
                one.to_state for one in log[:-1]
            ]
            assert (log[-1].to_state, log[-1].holder) == (part.state, str(part.holder))
            assert (part.state in OPEN) == (part.ended_on is None)
            # With one at any time: no gap, no overlap, and together the whole time.
            spans = parts.spans(part, now=at)
            assert spans[0][1] == began
            assert all(a[2] == b[1] for a, b in pairwise(spans))
            total = sum(parts.time_by_holder(part, now=at).values(), dt.timedelta())
            assert total == (at if part.is_open else log[-1].at) - began
            # What supports is never owed later than the measure.
            assert part.due_on <= part.measure.due_on
        transaction.set_rollback(True)


def test_every_open_state_of_a_part_leads_to_its_end():
    for state in OPEN:
        reached, queue = {state}, [state]
        for now in queue:
            for starts, to in STEPS.values():
                if now in starts and to and to not in reached:
                    reached.add(to)
                    queue.append(to)
        assert {State.DONE, State.EXCUSED} <= reached
