"""What waits for a meeting: the agenda as a function of the rows and a day.

Nothing is stored before a meeting takes it up, and any day may be asked for: facts are
dated, and an issue's state on a day is that of its last step by then. `day` may be an
expression too (`OuterRef`), which is how a slot asks whether anything waited for it.

    weekly     unsorted demands, proposals, measures due within 7 days
    ten-day    issues at level 3, measures in yellow or refused twice
    monthly    measures in red, issues carried over or sent back twice, supervised ones,
               the month's figures
    regular    of a quarter or committee: what waits at its level

What two answers did not satisfy is on all of them but the monthly ones.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from issues import fixing
from issues.models import (
    AgendaItem,
    Issue,
    IssueStep,
    Level,
    MatterDemand,
    Measure,
    Meeting,
    PartAct,
    Supervision,
)
from issues.models.part import PartStep
from issues.models.rules import OPEN, TALKED, Step
from issues.place import first_body
from tianshan.workdays.lights import RED, YELLOW, light
from visits.models import Demand, Rating

SOON = dt.timedelta(days=7)
TWICE = 2
MANY = 4  # demands that an agenda tells as one
TWICE_REFUSED = "两次退回"
NOT_SATISFIED = "两次答复都不满意"
Kind = Meeting.Kind


@dataclass
class Entry:
    """One thing for the table: what it is, and why it is there."""

    title: str
    reason: str
    issue: Issue | None = None
    measure: Measure | None = None
    demand: Demand | None = None
    light: object = None
    supervised: bool = False
    before: list = field(default_factory=list)  # its items at earlier meetings

    @property
    def key(self):
        return (
            self.issue.pk if self.issue else None,
            self.measure.pk if self.measure else None,
            self.demand.pk if self.demand else None,
        )

    @property
    def times(self):
        """How often it was on a table already."""
        return len(self.before)

    @property
    def promised(self):
        """What the last meeting said of it."""
        return said_of(self.before[-1]) if self.before else ""


def said_of(item):
    """What came of an item, in one line."""
    words = item.resolution or item.get_outcome_display()
    return f"{item.meeting.on:%Y-%m-%d} {item.meeting.get_kind_display()}：{words}"


# --- what waits, in rows -------------------------------------------------------------


def _inner(day):
    return OuterRef(day) if isinstance(day, (OuterRef, F)) else day


def demands_unsorted(path, day):
    """Raised in the grid by the day, and not sorted yet at its end."""
    joined = MatterDemand.objects.filter(
        Q(left_at=None) | Q(left_at__date__gt=_inner(day)),
        demand=OuterRef("pk"),
        joined_at__date__lte=_inner(day),
    )
    return (
        Demand.objects.in_ledgers()
        .counted()
        .filter(
            Q(first_outcome_on=None) | Q(first_outcome_on__gt=day),
            Q(dropped_on=None) | Q(dropped_on__gt=day),
            ~Exists(joined),
            raised_on__lte=day,
            grid__path__startswith=path,
        )
    )


def not_satisfied(day):
    """Twice not satisfied by the day, and at its end neither explained nor in a matter."""
    ratings = Rating.objects.by_askers().filter(demand=OuterRef("pk"))
    twice = Rating.objects.twice_not_satisfied().filter(demand=OuterRef("pk"))
    inside = MatterDemand.objects.filter(
        Q(left_at=None) | Q(left_at__date__gt=day),
        Q(matter__ended_on=None) | Q(matter__ended_on__gt=day),
        demand=OuterRef("pk"),
        joined_at__date__lte=day,
    )
    still = Q(state=Demand.State.AT_BODY) & ~Exists(ratings.filter(on__gt=day))
    then = Q(outcome_on__gt=day) & Exists(twice.filter(on__lte=day))
    return (
        Demand.objects.in_ledgers()
        .filter(still | then, Q(dropped_on=None) | Q(dropped_on__gt=day))
        .exclude(Exists(inside))
    )


def with_body(demands):
    """Each with the lowest body of its place, to which it goes: `[(demand, body)]`.

    The body of a place is found one by one and not in SQL: such demands are few.
    """
    rows = demands.select_related("category", "business__grid")
    return [
        (row, first_body([row.business], Level.BRANCH)[0])
        for row in rows.order_by("raised_on", "pk")
    ]


def issues_then(states, day):
    """Issues that were in one of the states at the end of the day."""
    by_then = IssueStep.objects.filter(
        issue=OuterRef("pk"), at__date__lte=_inner(day)
    ).order_by("-pk")
    return Issue.objects.annotate(
        state_then=Subquery(by_then.values("to_state")[:1]),
        body_then=Subquery(by_then.values("to_body")[:1]),
    ).filter(state_then__in=states)


def waiting_at(body, day):
    """Issues that wait for a word of the body."""
    return issues_then(TALKED, day).filter(body_then=body)


def measures_open(day):
    return Measure.objects.filter(
        Q(done_on=None) | Q(done_on__gt=day), decided_on__lte=day
    )


def measures_soon(day):
    return measures_open(day).filter(due_on__gte=day, due_on__lte=day + SOON)


def measures_red(day):
    return measures_open(day).filter(due_on__lt=day)


def measures_refused(path, day):
    """Those a part of which was refused twice by the day, and nobody has taken on yet.

    In an issue or dealt with directly.
    """
    later = PartAct.objects.filter(
        part__measure=OuterRef("pk"), step=PartStep.REFUSE, at__date__gt=_inner(day)
    )
    return measures_open(day).filter(
        ~Exists(later),
        pk__in=fixing.refused_twice().values("pk"),
        matter__grid__path__startswith=path,
    )


def stuck(day):
    """Open issues carried over at two ten-day meetings, or sent back twice."""
    carried = (
        AgendaItem.objects.on_the_table()
        .filter(
            issue=OuterRef("pk"),
            outcome=AgendaItem.Outcome.CARRIED,
            meeting__kind=Kind.TEN_DAY,
            meeting__on__lte=_inner(day),
        )
        .order_by()
        .values("issue")
        .annotate(n=Count("pk"))
        .filter(n__gte=TWICE)
    )
    back = (
        IssueStep.objects.filter(
            issue=OuterRef("pk"), step=Step.SEND_BACK, at__date__lte=_inner(day)
        )
        .order_by()
        .values("issue")
        .annotate(n=Count("pk"))
        .filter(n__gte=TWICE)
    )
    return issues_then(OPEN, day).filter(Q(Exists(carried)) | Q(Exists(back)))


def supervised(day):
    """Open issues on which a leader's word (督办) has not been answered."""
    return issues_then(OPEN, day).filter(
        Exists(
            Supervision.objects.filter(
                Q(answered_at=None) | Q(answered_at__date__gt=_inner(day)),
                issue=OuterRef("pk"),
                at__date__lte=_inner(day),
            )
        )
    )


def _under(path):
    return {"issue__grid__path__startswith": path}


def in_rows(cadence, path, body, day):
    """The rows that one cadence takes up, without what the light of a measure says.

    Querysets, of which any may be empty: a slot asks whether all of them are.
    """
    if cadence == Kind.WEEK:
        return [
            demands_unsorted(path, day),
            waiting_at(body, day),
            measures_soon(day).filter(**_under(path)),
        ]
    if cadence == Kind.TEN_DAY:
        return [waiting_at(body, day), measures_refused(path, day)]
    return [
        measures_red(day).filter(**_under(path)),
        stuck(day).filter(grid__path__startswith=path),
        supervised(day).filter(grid__path__startswith=path),
    ]


# --- the agenda ----------------------------------------------------------------------


def for_meeting(body, kind, day):
    """The entries that the rules put before a meeting of the body on the day."""
    entries = BY_KIND.get(kind, lambda body, day: [])(body, day)
    unique = {entry.key: entry for entry in reversed(entries)}
    found = [entry for entry in entries if unique.get(entry.key) is entry]
    _recall(found, day)
    lead = {entry.key for entry in found if entry.supervised}
    return sorted(found, key=lambda entry: entry.key not in lead)


def _week(body, day):
    path = body.grid.path
    rows = demands_unsorted(path, day).select_related("category").order_by("raised_on")
    return [
        *_not_satisfied(body, day),
        *(_unsorted(demand) for demand in rows),
        *_issues(waiting_at(body, day), "待研商的议题"),
        *_measures(measures_soon(day).filter(**_under(path)), day, "七天内到期"),
    ]


def _ten_day(body, day):
    path = body.grid.path
    return [
        *_not_satisfied(body, day),
        *_issues(waiting_at(body, day), "需几家单位一起商量"),
        *_measures(measures_refused(path, day), day, TWICE_REFUSED),
        *_lit(measures_open(day).filter(**_under(path)), day, YELLOW, "黄灯"),
    ]


def _month(body, day):
    path = body.grid.path
    return [
        *_issues(
            supervised(day).filter(grid__path__startswith=path),
            "督办未答复",
            supervised=True,
        ),
        *_measures(measures_red(day).filter(**_under(path)), day, "红灯"),
        *_issues(
            stuck(day).filter(grid__path__startswith=path),
            "两次旬研商没有结果，或两次退回",
        ),
    ]


def _regular(body, day):
    """Of any body: what waits at its level; its own measures that press."""
    mine = measures_open(day).filter(issue__body=body)
    refused = measures_refused(body.grid.path, day)
    if body.level != Level.CONFERENCE:
        refused = refused.none()
    pressing = [
        *_measures(refused, day, TWICE_REFUSED),
        *_lit(mine, day, RED, "红灯"),
        *_lit(mine, day, YELLOW, "黄灯"),
        *_measures(measures_soon(day).filter(issue__body=body), day, "七天内到期"),
    ]
    return [
        *_not_satisfied(body, day),
        *_issues(waiting_at(body, day), "待本级研商"),
        *pressing,
    ]


BY_KIND = {
    Kind.WEEK: _week,
    Kind.TEN_DAY: _ten_day,
    Kind.MONTH: _month,
    Kind.REGULAR: _regular,
}


def _unsorted(demand):
    return _of_demand(demand, f"{demand.raised_on:%m-%d} 提出，还没有梳理")


def _not_satisfied(body, day):
    return [
        _of_demand(row, NOT_SATISFIED)
        for row, its in with_body(not_satisfied(day))
        if its == body
    ]


def _of_demand(demand, reason):
    words = "保密诉求，内容不显示" if demand.confidential else demand.words
    return Entry(
        title=f"{demand.category}：{words}"[:200], reason=reason, demand=demand
    )


def _issues(rows, reason, **more):
    rows = rows.select_related("body", "grid").order_by("raised_on", "pk")
    return [
        Entry(title=issue.title, reason=reason, issue=issue, **more) for issue in rows
    ]


def _measures(rows, day, reason):
    rows = rows.select_related(
        "issue__body", "matter", "lead_unit", "lead_organization"
    )
    return [
        Entry(
            title=f"{measure.issue or measure.matter}：{measure.content}"[:200],
            reason=f"{reason}，{measure.lead}主办，{measure.due_on:%m-%d} 到期",
            issue=measure.issue,
            measure=measure,
            light=light(measure.decided_on, measure.due_on, day),
        )
        for measure in rows.order_by("due_on", "pk")
    ]


def _lit(rows, day, colour, reason):
    return [
        entry for entry in _measures(rows, day, reason) if entry.light.colour == colour
    ]


def _recall(entries, day):
    """Put on each entry the items by which it was on a table before the day."""
    by_key = earlier([entry.key for entry in entries], day)
    for entry in entries:
        entry.before = by_key[entry.key]


def earlier(keys, day, but=None):
    """`{key: items}` of meetings that took place by the day, oldest first.

    A key is (issue, measure, demand); `but` is a meeting that is left out.
    """
    past = (
        AgendaItem.objects.on_the_table()
        .filter(
            Q(issue__in={issue for issue, _, _ in keys} - {None})
            | Q(measure__in={measure for _, measure, _ in keys} - {None})
            | Q(demand__in={demand for _, _, demand in keys} - {None}),
            meeting__in=Meeting.objects.took_place(),
            meeting__on__lte=day,
        )
        .select_related("meeting")
        .order_by("meeting__on", "pk")
    )
    if but is not None:
        past = past.exclude(meeting=but)
    by_key = defaultdict(list)
    for item in past:
        by_key[item.issue_id, item.measure_id, item.demand_id].append(item)
    return by_key


# --- demands together ----------------------------------------------------------------


@dataclass
class Asked:
    """Demands on one agenda: so many that they are told as one thing, gone through."""

    items: list

    @property
    def title(self):
        return f"待梳理的诉求 {len(self.items)} 件"

    @property
    def left(self):
        return [item for item in self.items if not item.outcome]


def gathered(items):
    """The items in their order, many demands as one `Asked` where the first of them is."""
    demands = [item for item in items if is_unsorted(item)]
    if len(demands) < MANY:
        return list(items)
    rest = [item for item in items if not is_unsorted(item) or item is demands[0]]
    return [Asked(demands) if item is demands[0] else item for item in rest]


def is_unsorted(item):
    """A demand to go through, not one that has to be talked about."""
    return item.demand_id is not None and item.reason != NOT_SATISFIED


# --- the backlog ---------------------------------------------------------------------


def backlog(body, day):
    """Open issues of the body that are on no coming agenda, each with why.

    With the agendas of its coming meetings it holds everything open: nothing is lost
    between two tables.
    """
    coming = AgendaItem.objects.on_the_table().filter(
        meeting__state__in=[Meeting.State.DRAFT, Meeting.State.NOTIFIED],
        measure=None,
        issue=OuterRef("pk"),
    )
    rows = (
        Issue.objects.filter(body=body, state__in=OPEN)
        .exclude(Exists(coming))
        .for_list()
        .order_by("raised_on", "pk")
    )
    waiting = [Entry(issue.title, _why(issue, day), issue=issue) for issue in rows]
    _recall(waiting, day)
    return waiting


def _why(issue, day):
    if issue.state == Issue.State.SUSPENDED:
        return "暂缓中"
    if issue.state == Issue.State.FEEDBACK:
        return "等着回告提出的人"
    if issue.state in TALKED:
        return "等下次会议研商"
    shown = issue.light(day)
    return f"措施办理中，{shown.words}" if shown else "措施已完成，等着办结"
