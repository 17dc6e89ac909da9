"""A street with everything at random, from a seed: sources first, Standing after."""

import datetime as dt
import random
import uuid

from accounts.rights import Role
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Coverage,
    Occupancy,
    OfficialFacts,
    Operation,
)
from grids.models import GridRules
from issues.models import Issue, Level, Measure
from tests import factories as make
from tests.factories import NOON, TODAY
from tianshan.ledgers import gathering, touched
from tianshan.workdays import Calendar
from visits.models import Demand, DemandDue, Rating, Visit

__all__ = ["TODAY", "World", "a_random_world"]

DAY = dt.timedelta(days=1)
LIVE_ON = TODAY - dt.timedelta(days=360)


class World:
    """A street of two grids and what the random numbers put into it."""

    def __init__(self, chance):
        self.chance = chance
        self.aside = random.Random(7)  # what is drawn here moves no other number
        self.street = make.StreetFactory(live_on=LIVE_ON)
        self.grids = [
            make.GridFactory(code=code, parent=self.street, live_on=LIVE_ON)
            for code in ("310105006602", "310105006603")
        ]
        self.buildings = [make.BuildingFactory(grid=g) for g in self.grids * 2]
        self.branch = make.OrganizationFactory(grid=self.grids[1])
        self.category = make.CategoryFactory()
        self.adviser = Adviser.objects.create(
            title="指导员甲", employment="full", level="street", grid=self.grids[1]
        )
        self.visitor = make.UserFactory()
        self.bodies = [
            make.BodyFactory(level=level, grid=grid)
            for level in Level
            for grid in self.grids
        ]
        self.calendar = Calendar.load()

    def user(self, role, grid=None):
        return make.PostFactory(
            role=role, grid=grid or self.street, since=LIVE_ON - DAY
        ).user

    def secretary(self):
        return make.OfficerFactory(
            post__role=Role.BRANCH_SECRETARY,
            post__grid=self.grids[1],
            organization=self.branch,
        ).post.user

    def day(self, since=None):
        since = since or TODAY - dt.timedelta(days=400)
        return since + self.chance.randrange(max((TODAY - since).days, 0) + 1) * DAY

    def business(self, *, covered=False, **fields):
        building = self.chance.choice(self.buildings)
        business = make.BusinessFactory(
            **{
                "grid": building.grid,
                "building": building,
                "discovered_on": LIVE_ON,
                **fields,
            }
        )
        if covered:
            self.cover(business, LIVE_ON)
        return business

    def cover(self, business, since, until=None):
        Coverage.objects.create(
            business=business,
            organization=self.branch,
            mode=self.chance.choice(Coverage.Mode.values),
            rank=1,
            since=since,
            until=until,
        )
        touched([business.pk])

    def visit(self, business, day, **fields):
        Visit.objects.create(
            business=business,
            grid=business.grid,
            building=business.building,
            visitor=self.visitor,
            visited_on=day,
            filled_at=NOON,
            arrived_at=NOON,
            client_key=uuid.UUID(int=self.chance.getrandbits(128)),
            digest="0" * 64,
            **{"outcome": "normal", "people_met": "owner", **fields},
        )
        touched([business.pk])


def a_random_world(seed, businesses, parts=None):
    """`parts`: a list to fill with (business id, day) of having taken part."""
    world = World(random.Random(seed))
    world.parts = parts
    with gathering():
        if businesses:
            _random_rules(world)
        for _ in range(businesses):
            _random_business(world)
        _random_issues(world)
        _random_activities(world)
        touched(Business.objects.values_list("pk", flat=True))
    return world


def _random_activities(world):
    """Held or not, counted by heads, by names, or by nobody."""
    chance = random.Random(11)
    for number in range(8):
        starts = NOON - chance.randrange(300) * DAY
        heads = chance.choice([None, None, 40])
        activity = make.ActivityFactory(
            grid=chance.choice(world.grids),
            starts=starts,
            state=["held", "held", "held", "announced"][number % 4],
            head_count=heads,
            head_basis="eye" if heads else "",
            households=chance.choice([None, 12]) if heads else None,
            rule=chance.choice(["", "严禁现场交易"]),
            rule_confirmed_at=starts,
        )
        for _ in range(chance.randrange(3)):
            make.AttendanceFactory(activity=activity, persons=chance.randint(1, 5))


def _random_rules(world):
    """Cycles that change in between, here for the street and there for one grid."""
    chance = world.aside
    for grid in (world.street, *world.grids):
        for since in {LIVE_ON + chance.randrange(360) * DAY for _ in range(3)}:
            GridRules.objects.create(
                grid=grid,
                since=since,
                set_at=NOON,
                new_within=chance.choice([None, 2, 20]),
                priority_every=chance.choice([None, 10, 45]),
                others_every=chance.choice([None, 60, 300]),
                merchants_take_part=chance.choice([None, True, False]),
            )


def _random_business(world):
    chance = world.chance
    found = world.day() if chance.random() < 0.5 else LIVE_ON - DAY
    business = world.business(
        kind=chance.choice(["enterprise", "merchant", "merchant", "property"]),
        discovered_on=found,
        placed=False,
    )
    _place(world, business, found)
    if chance.random() < 0.3:
        since = world.day(found)
        until = world.day(since) if chance.random() < 0.5 else None
        business.priorities.create(reason="安全", since=since, until=until)
    for _ in range(chance.randrange(3)):
        since = world.day(found)
        until = world.day(since) if chance.random() < 0.4 else None
        open_ended = business.coverages.filter(until=None)
        if until or not open_ended.exists():
            world.cover(business, since, until)
    if world.aside.random() < 0.5:
        OfficialFacts.objects.create(
            business=business,
            members_full=world.aside.choice([None, 0, 2, 3, 9]),
            has_union=world.aside.choice([None, True, False]),
        )
    if world.aside.random() < 0.2:
        AdviserAssignment.objects.create(
            adviser=world.adviser,
            business=business,
            since=found,
        )
    for _ in range(chance.randrange(5)):
        outcome = chance.choice(["normal", "normal", "absent"])
        voided = chance.random() < 0.1
        world.visit(
            business,
            world.day(found),
            outcome=outcome,
            people_met="" if outcome == "absent" else "owner",
            method=chance.choice(["on_spot", "on_spot", "on_spot", "phone"]),
            voided_at=NOON if voided else None,
            voided_by=world.visitor if voided else None,
            void_reason="录错" if voided else "",
        )
    for _ in range(chance.randrange(3)):
        _random_demand(world, business, found)
    if world.parts is not None:
        for _ in range(world.aside.randrange(3)):
            day = found + world.aside.randrange((TODAY - found).days + 1) * DAY
            world.parts.append((business.pk, day))


def _place(world, business, found):
    """Where it is and whether it operates, with a move and a rest now and then."""
    chance = world.chance
    moved = world.day(found) if chance.random() < 0.3 else None
    Occupancy.objects.create(
        business=business,
        building=business.building,
        grid=business.grid,
        since=found,
        until=moved,
    )
    if moved:
        building = chance.choice(world.buildings)
        Occupancy.objects.create(
            business=business, building=building, grid=building.grid, since=moved
        )
        business.building, business.grid = building, building.grid
        business.save()
    rests = world.day(found) if chance.random() < 0.2 else None
    Operation.objects.create(
        business=business, state="operating", since=found, until=rests
    )
    if rests:
        Operation.objects.create(business=business, state="suspended", since=rests)


def _random_demand(world, business, found):
    chance = world.chance
    raised = world.day(found)
    state = chance.choice(Demand.State.values)
    outcome = tell_by = told = None
    wanting = []  # answers that the asker found wanting: outcome, tell_by, told, on
    needed = {Demand.State.REOPENED: 1, Demand.State.AT_BODY: 2}
    answers = needed.get(state, chance.choice([0, 0, 1, 2]))
    first, day = None, raised
    if state not in Demand.OPEN:
        for _ in range(answers):
            outcome = day = world.day(day)
            tell_by = world.calendar.add(outcome, 3)
            told = day = world.day(day)
            day = world.day(day)
            first = first or outcome
            wanting.append((outcome, tell_by, told, day))
        if state not in Demand.UNSATISFIED:
            outcome = world.day(day)
            tell_by = world.calendar.add(outcome, 3)
            told = world.day(outcome) if state in Demand.DONE else None
            first = first or outcome
    dropped, unreached = {}, None
    if state in Demand.DROPPED:
        dropped = {
            "dropped_on": world.day(outcome),
            "dropped_by": world.visitor,
            "dropped_why": "不用办了",
            "dropped_from": Demand.State.ANSWERED,
        }
    elif state in Demand.TO_TELL and chance.random() < 0.3:
        unreached = world.day(outcome)
    word = world.day(raised) if chance.random() < 0.7 else None
    demand = Demand.objects.create(
        business=business,
        grid=business.grid,
        category=world.category,
        words="清运时间太晚。",
        source="visit",
        recorded_by=world.visitor,
        raised_on=raised,
        first_word_on=chance.choice([raised, word]),
        state=state,
        due_on=world.calendar.add(raised, 5),
        owed_by="党支部",
        outcome="已答复" if outcome else "",
        outcome_on=outcome,
        first_outcome_on=first,
        tell_by=tell_by,
        told_on=told,
        unreached_on=unreached,
        **dropped,
    )
    for number, (outcome_on, by, told_on, on) in enumerate(wanting, 1):
        Rating.objects.create(
            demand=demand,
            came_by=Rating.CameBy.LINK,
            round=number,
            verdict=Rating.Verdict.NOT,
            on=on,
            outcome="已答复",
            outcome_on=outcome_on,
            tell_by=by,
            told_on=told_on,
        )
    dues = [(raised, demand.due_on)]
    if chance.random() < 0.4:
        since = world.day(raised)
        dues.append((since, since + chance.randrange(40) * DAY))
    for since, due_on in dues:
        DemandDue.objects.create(
            demand=demand,
            due_on=due_on,
            owed_by="党支部",
            since=since,
            reason="期限",
            by=world.visitor,
        )
    demand.due_on = dues[-1][1]
    demand.save()


def _random_issues(world):
    """Issues with a matter, measures, and as many of the open demands as fall in."""
    chance = world.chance
    joined = list(Demand.objects.filter(state=Demand.State.JOINED).order_by("pk"))
    for _ in range(8):
        raised = world.day()
        closed = world.day(raised) if chance.random() < 0.3 else None
        issue = make.IssueFactory(
            body=chance.choice(world.bodies),
            raised_on=raised,
            closed_on=closed,
            state=Issue.State.CLOSED if closed else Issue.State.DECIDED,
        )
        matter = make.MatterFactory(issue=issue, raised_on=raised)
        for _ in range(chance.randrange(5)):
            if joined:
                make.MatterDemandFactory(matter=matter, demand=joined.pop())
        for _ in range(chance.randrange(3)):
            done = world.day(raised) if chance.random() < 0.4 else None
            make.MeasureFactory(
                matter=matter,
                decided_on=raised,
                due_on=raised + chance.randrange(1, 60) * DAY,
                state=Measure.State.DONE if done else Measure.State.OPEN,
                done_on=done,
            )
