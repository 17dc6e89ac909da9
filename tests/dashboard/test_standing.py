"""Standing against the source rows, asked again for single days in another way."""

import datetime as dt
import random

import pytest

from accounts.rights import Role
from dashboard import standing
from dashboard.models import Standing
from enterprises.models import Business, Coverage, Occupancy, Operation
from grids.models import GridRules
from tests.dashboard.world import TODAY, a_random_world
from tianshan.ledgers import FIGURES, Scope
from tianshan.workdays import Calendar
from visits.models import Demand, Visit

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def holds(row, day):
    return row.since <= day and not (row.until and row.until <= day)


def rule(grid, name, day):
    """The grid's own latest word by then, else that of the grid above it."""
    rows = grid.rules.filter(since__lte=day).order_by("since")
    own = getattr(rows.last(), name, None)
    if own is not None:
        return own
    return rule(grid.parent, name, day) if grid.parent else GridRules.DEFAULTS[name]


def the_answer(business, day, parts):
    """What is true of a business on one day: its class and all that it fails."""
    places = [o for o in Occupancy.objects.filter(business=business) if holds(o, day)]
    operating = [
        o.state for o in Operation.objects.filter(business=business) if holds(o, day)
    ] == [Business.State.OPERATING]
    if not places or not operating or business.kind == Business.Kind.PROPERTY:
        return None
    grid = places[0].grid
    modes = {
        c.mode for c in Coverage.objects.filter(business=business) if holds(c, day)
    }
    if not modes:
        return (grid.pk, "", "uncovered", [])
    mode = next(mode for mode in ("own", "joint", "place", "regional") if mode in modes)

    marked = any(holds(row, day) for row in business.priorities.all())
    days = rule(grid, "priority_every" if marked else "others_every", day)
    met = [
        visit.visited_on
        for visit in Visit.objects.filter(business=business, voided_at=None)
        if visit.method == "on_spot"
        and visit.outcome != "absent"
        and visit.visited_on <= day
    ]
    if met:
        in_time = (day - max(met)).days <= days
    elif business.discovered_on <= grid.live_on:
        in_time = (day - grid.live_on).days <= days
    else:
        gone, passing = 0, business.discovered_on
        while passing < day:
            passing += DAY
            gone += Calendar.load().is_workday(passing)
        # On a day off after the last working day the time is up as well.
        worked_today = Calendar.load().is_workday(day)
        within = rule(grid, "new_within", day)
        in_time = gone < within or (gone == within and worked_today)
    if not met and in_time:
        return (grid.pk, mode, "not_due", [])

    failed = [] if in_time else ["unvisited"]
    asked = Demand.objects.filter(business=business, raised_on__lte=day)
    asked = [demand for demand in asked if not _is_dropped(demand, day)]
    if any(_is_overdue(demand, day) for demand in asked):
        failed.append("overdue")
    if any(_is_untold(demand, day) for demand in asked):
        failed.append("untold")
    name = {"enterprise": "enterprises_take_part", "merchant": "merchants_take_part"}
    if business.kind in name and rule(grid, name[business.kind], day):
        taken = [on for key, on in parts if key == business.pk and on <= day]
        last = max(taken, default=max(business.discovered_on, grid.live_on))
        if (day - last).days > 365:
            failed.append("absent")
    return (grid.pk, mode, failed[0] if failed else "effective", failed)


def _is_dropped(demand, day):
    """Recorded by mistake, or withdrawn by the day."""
    mistaken = demand.state == Demand.State.MISTAKEN
    return mistaken or bool(demand.dropped_on and demand.dropped_on <= day)


def _is_overdue(demand, day):
    if demand.first_outcome_on and demand.first_outcome_on <= day:
        return False
    due_on = None
    for due in demand.dues.order_by("since", "pk"):
        if due_on is None or due.since <= day:
            due_on = due.due_on
    return due_on < day


def _is_untold(demand, day):
    """Told too late or not yet; or found wanting, and nothing said since."""
    answers = list(demand.ratings.by_askers().filter(verdict="not").order_by("round"))
    wanting = {answer.pk for answer in answers}
    if demand.outcome_on and demand.state not in ("reopened", "at_body"):
        answers.append(demand)
    given = [answer for answer in answers if answer.outcome_on <= day]
    if not given:
        return False
    last = given[-1]
    if not (last.told_on and last.told_on <= day):
        return last.tell_by < day
    return last is not demand and last.pk in wanting and last.on <= day


def what_standing_says(business, day):
    row = Standing.objects.on(day).filter(business=business).first()
    if row is None or not row.operating or business.kind == Business.Kind.PROPERTY:
        return None
    of = Standing.objects.on(day).filter(business=business)
    classes = {
        "uncovered": of.uncovered(),
        "not_due": of.not_due(day),
        "effective": of.effective(day),
        **{c.value: of.first_failing(c, day) for c in Standing.Condition},
    }
    found = [name for name, rows in classes.items() if rows.exists()]
    assert len(found) == 1, f"{business} is {found} on {day}"
    fails = [c.value for c in Standing.Condition if of.failing(c, day).exists()]
    if found[0] not in ("uncovered", "not_due"):
        assert fails == row.failures(day)
    return (row.grid_id, row.mode, found[0], fails)


@pytest.fixture
def parts(monkeypatch):
    """Who took part when, as a room that keeps activities would say."""
    parts = []

    def source(ids):
        return [(key, day) for key, day in parts if key in ids]

    monkeypatch.setattr(standing, "TAKING_PART", [source])
    return parts


@pytest.mark.parametrize("seed", range(4))
def test_standing_agrees_with_the_source_rows_on_random_days(seed, parts):
    """On days with other rules in between, too."""
    a_random_world(seed, businesses=40, parts=parts)
    chance = random.Random(seed)
    seen = set()
    for business in Business.objects.order_by("pk"):
        for _ in range(12):
            day = TODAY - dt.timedelta(days=chance.randrange(400))
            expected = the_answer(business, day, parts)
            assert what_standing_says(business, day) == expected, (business, day)
            seen.add(expected and expected[2])
    assert len(seen) >= 5, "the random world shows too little"


@pytest.mark.parametrize("seed", range(4))
def test_the_gaps_add_up_to_what_lies_between_formal_and_effective(seed):
    world = a_random_world(seed, businesses=60)
    for _ in range(8):
        end = TODAY - dt.timedelta(days=random.Random(seed).randrange(300))
        scope = Scope(
            user=world.user(Role.STREET_LEADER),
            grid=world.street,
            start=end - dt.timedelta(days=30),
            end=end,
            today=TODAY,
        )
        n = FIGURES.values_for(scope)
        gaps = [n[f"gap_{condition}"] for condition in Standing.Condition]
        assert n["covered"] - n["effective"] - n["not_due"] == sum(gaps)
        assert n["not_effective"] == sum(gaps) + n["not_due"]
        assert n["covered"] + n["gap_uncovered"] == n["in_scope"]
        modes = [n[f"covered_{mode}"] for mode in Coverage.Mode.values]
        assert sum(modes) == n["covered"]


def test_each_row_ends_where_the_next_begins():
    a_random_world(7, businesses=30)
    for business in Business.objects.order_by("pk"):
        rows = list(business.standings.order_by("since"))
        assert [row.until for row in rows[:-1]] == [row.since for row in rows[1:]]
        assert rows[-1].until is None


def test_time_alone_makes_a_visit_lapse():
    world = a_random_world(0, businesses=0)
    business = world.business(covered=True)
    world.visit(business, TODAY - dt.timedelta(days=90))

    def effective(day):
        return Standing.objects.on(day).effective(day).filter(business=business)

    assert effective(TODAY).exists()
    assert not effective(TODAY + DAY).exists()
