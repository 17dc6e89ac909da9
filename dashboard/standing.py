"""How Standing is computed: from the source rows, as known now, for all days at once.

A row holds from one day of change to the next. In it stand dates, not answers: a visit
suffices *until*, a demand is overdue *from*. So time passing changes nothing that would
need a job, and any past day can be asked for.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import transaction

from dashboard.models import Standing
from enterprises.models import Business, Coverage, Occupancy, Operation, Priority
from grids.models import Grid
from grids.rules import Rules
from tianshan.database.arrays import among
from tianshan.database.copying import copy_values
from tianshan.workdays import Calendar
from visits.models import Demand, DemandDue, Rating, Visit

CHUNK = 2000
DATED = ("business", "since", "until")
STORED = [field.attname for field in Standing._meta.concrete_fields]
DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=365)

# What counts as taking part, from the rooms that know of it, which fill it when they
# are ready: `source(business ids)` yields (business id, day). Without any nobody could
# take part, and nobody is asked to.
TAKING_PART = []


@dataclass
class Facts:
    """The source rows of one business, as plain values."""

    business: int
    kind: str
    home: int  # the key of the grid that it is in now
    discovered_on: dt.date
    grid: object  # the last one, where no occupancy says otherwise
    places: list = field(default_factory=list)  # (since, until, grid)
    operations: list = field(default_factory=list)  # (since, until, state)
    coverages: list = field(default_factory=list)  # (since, until, rank, mode)
    priorities: list = field(default_factory=list)  # (since, until)
    visits: list = field(default_factory=list)  # days on which somebody was met
    parts: list = field(default_factory=list)  # days on which it took part
    demands: list = field(default_factory=list)  # Asked


@dataclass
class Asked:
    raised_on: dt.date
    # Each answer: outcome_on, tell_by, told_on, and when it was rated 不满意, if it was.
    answers: list = field(default_factory=list)
    dropped_on: dt.date | None = None  # withdrawn by the asker: nothing is owed
    dues: list = field(default_factory=list)  # (since, due_on)

    def untold_from(self, day):
        """From when on the asker is owed a word, as it looks on the day; or None.

        That is 3 working days after an answer nobody told him, and at once after one
        that he found wanting, until the next is given.
        """
        given = [answer for answer in self.answers if answer[0] <= day]
        if not given:
            return None
        _, tell_by, told_on, wanting_on = given[-1]
        if told_on is None or day < told_on:
            return tell_by + DAY
        return wanting_on if wanting_on and wanting_on <= day else None


def gather(business_ids):
    """`{business id: Facts}`, in a fixed number of queries."""
    counted = Business.objects.in_ledgers().filter(pk__in=among(business_ids))
    counted = list(counted.values_list("pk", "kind", "discovered_on", "grid"))
    of = {"business__in": among(key for key, *_ in counted)}
    places = Occupancy.objects.filter(**of, main=True)
    places = list(places.values_list(*DATED, "grid"))
    # Theirs alone: a city has thousands, and most acts touch one business.
    grids = Grid.objects.in_bulk({row[-1] for row in (*counted, *places)})
    facts = {
        key: Facts(key, kind, grid, discovered_on=day, grid=grids[grid])
        for key, kind, day, grid in counted
    }
    for key, since, until, grid in places:
        facts[key].places.append((since, until, grids[grid]))
    for key, *row in Operation.objects.filter(**of).values_list(*DATED, "state"):
        facts[key].operations.append(row)
    for key, *row in Coverage.objects.filter(**of).values_list(*DATED, "rank", "mode"):
        facts[key].coverages.append(row)
    for key, *row in Priority.objects.filter(**of).values_list(*DATED):
        facts[key].priorities.append(row)
    met = Visit.objects.filter(**of).met().values_list("business_id", "visited_on")
    for business_id, day in met:
        facts[business_id].visits.append(day)
    for source in TAKING_PART:
        for business_id, day in source(facts):
            facts[business_id].parts.append(day)
    demands = Demand.objects.in_ledgers().counted().filter(**of)
    demands = list(demands.defer("words", "outcome", "search"))
    dues, wanting = defaultdict(list), defaultdict(list)
    if demands:  # few businesses ask for anything, and none that is new
        asked = {"demand__in": among(row.pk for row in demands)}
        promised = DemandDue.objects.filter(**asked)
        for demand, *row in promised.values_list("demand", "since", "due_on"):
            dues[demand].append(tuple(row))
        rated = Rating.objects.by_askers().filter(**asked)
        rated = rated.filter(verdict=Rating.Verdict.NOT).order_by("round")
        answer = ("outcome_on", "tell_by", "told_on")
        for demand, *row in rated.values_list("demand", *answer, "on"):
            wanting[demand].append(tuple(row))
    for row in demands:
        answers = wanting[row.pk]
        if row.outcome_on and row.state not in Demand.UNSATISFIED:
            answers = [*answers, (row.outcome_on, row.tell_by, row.told_on, None)]
        facts[row.business_id].demands.append(
            Asked(row.raised_on, answers, row.dropped_on, dues[row.pk])
        )
    return facts


def first_visit_due(facts, grid, day, rules, calendar):
    """The last day for the first visit.

    Known when the office went live: one cycle from that day. Found later: so many
    working days from discovery.
    """
    if facts.discovered_on <= grid.live_on:
        return grid.live_on + cycle(facts, day, rules)
    return calendar.add(facts.discovered_on, rules.new_within)


def cycle(facts, day, rules):
    """How long a visit suffices: shorter while a marking as priority is in force."""
    marked = _at(facts.priorities, day) is not None
    days = rules.priority_every if marked else rules.others_every
    return dt.timedelta(days=days)


def absent_from(facts, grid, day, rules):
    """The day from which taking part lies more than a year back, None if not asked.

    Who never took part has a year from discovery, or from the go-live day.
    """
    asked = {
        Business.Kind.ENTERPRISE: rules.enterprises_take_part,
        Business.Kind.MERCHANT: rules.merchants_take_part,
    }
    if not TAKING_PART or not asked.get(facts.kind):
        return None
    began = max(facts.discovered_on, grid.live_on)
    return (
        max([part for part in facts.parts if part <= day], default=began) + YEAR + DAY
    )


def _at(rows, day):
    """The row of (since, until, …) that holds on the day, the latest if several do."""
    holding = [r for r in rows if r[0] <= day and (r[1] is None or day < r[1])]
    return max(holding, key=lambda row: row[0], default=None)


def _days_of_change(facts, rules):
    days = {facts.discovered_on}
    for grid in {facts.grid, *(grid for _, _, grid in facts.places)}:
        changes = rules.days_of_change(grid)
        days.update(day for day in changes if day > facts.discovered_on)
    dated = (facts.places, facts.operations, facts.coverages, facts.priorities)
    for rows in dated:
        for since, until, *_ in rows:
            days.update(filter(None, (since, until)))
    days.update(facts.visits + facts.parts)
    for asked in facts.demands:
        days.update(filter(None, (asked.raised_on, asked.dropped_on)))
        for outcome_on, _, told_on, wanting_on in asked.answers:
            days.update(filter(None, (outcome_on, told_on, wanting_on)))
        days.update(since for since, _ in asked.dues)
    return sorted(days)


def _standing_from(facts, day, rules, calendar):
    """The fields of the row that begins on the day."""
    place = _at(facts.places, day)
    grid = place[2] if place else facts.grid
    operation = _at(facts.operations, day)
    coverages = [
        c for c in facts.coverages if c[0] <= day and (c[1] is None or day < c[1])
    ]
    visits = [v for v in facts.visits if v <= day]
    rules = rules.on(grid, day)
    overdue, untold = [], []
    for asked in facts.demands:
        if asked.raised_on > day or (asked.dropped_on and asked.dropped_on <= day):
            continue
        if not asked.answers or day < asked.answers[0][0]:
            dues = [d for d in asked.dues if d[0] <= day] or asked.dues[:1]
            if dues:
                overdue.append(dues[-1][1] + DAY)
        elif owed := asked.untold_from(day):
            untold.append(owed)
    return {
        "grid_id": grid.pk,
        "operating": bool(
            place and operation and operation[2] == Business.State.OPERATING
        ),
        "mode": min(coverages, key=lambda c: c[2])[3] if coverages else "",
        "visited": bool(visits),
        "visited_until": max(visits) + cycle(facts, day, rules)
        if visits
        else first_visit_due(facts, grid, day, rules, calendar),
        "overdue_from": min(overdue, default=None),
        "untold_from": min(untold, default=None),
        "absent_from": absent_from(facts, grid, day, rules),
    }


def timeline(facts, rules, calendar):
    """The rows of one business, `[{since, until, …}]`, without gaps or repeats."""
    rows = []
    for day in _days_of_change(facts, rules):
        state = _standing_from(facts, day, rules, calendar)
        if rows and rows[-1]["state"] == state:
            continue
        if rows:
            rows[-1]["until"] = day
        rows.append({"since": day, "until": None, "state": state})
    return [
        {"since": row["since"], "until": row["until"], **row["state"]} for row in rows
    ]


def rewrite(business_ids):
    """Compute the rows of these businesses anew, in the transaction of the act."""
    calendar = Calendar.load()
    ids = list(business_ids)
    for start in range(0, len(ids), CHUNK):
        _rewrite(ids[start : start + CHUNK], calendar)


@transaction.atomic
def _rewrite(ids, calendar):
    # Whoever comes second waits here and then reads what the first one wrote.
    list(
        Business.objects.select_for_update()
        .filter(pk__in=among(ids))
        .order_by("pk")
        .values_list("pk")
    )
    rules = Rules.load()  # after the lock, as all that is read here
    fresh = {
        (business_id, row["since"]): {
            "business_id": business_id,
            "kind": facts.kind,
            "home_id": facts.home,
            **row,
        }
        for business_id, facts in gather(ids).items()
        for row in timeline(facts, rules, calendar)
    }
    # What stays as it was is not written again: most of a history does.
    outdated = []
    for row in Standing.objects.filter(business__in=among(ids)).values(*STORED):
        key = row.pop("id")
        place = (row["business_id"], row["since"])
        if fresh.get(place) == row:
            del fresh[place]
        else:
            outdated.append(key)
    if outdated:
        Standing.objects.filter(pk__in=among(outdated)).delete()
    copy_values(Standing, fresh.values())
