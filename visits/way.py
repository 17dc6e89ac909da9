"""The whole way of a demand in order: what was done with it, by whom, and when.

Rooms above tell their part: they add to `TELLERS`, in their AppConfig.ready, a function
of (user, demand) that yields Stops of what the user may see.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import chain

from django.utils import timezone

from tianshan.audit.models import Entry
from visits.models import Demand, Rating

TELLERS = []

# On the same day: what comes first.
RAISED, WORD, JOINED, DELIBERATED, MEASURE, ENDED, OUTCOME, TOLD, AFTER = range(9)


@dataclass(frozen=True)
class Stop:
    """One thing that happened on the way."""

    day: dt.date
    order: int
    title: str
    words: str = ""
    who: str = ""
    url: str = ""
    icon: str = "circle-dashed"
    dot: str = ""  # ok, warn, key


def way_of(user, demand):
    """The stops that the user may see, the first one first."""
    told = chain(_own(demand), *(teller(user, demand) for teller in TELLERS))
    return sorted(told, key=lambda stop: (stop.day, stop.order))


OUTCOMES = {
    Demand.State.ANSWERED: ("答复", "message-2", "ok"),
    Demand.State.DECLINED: ("不予受理", "x", "warn"),
    Demand.State.ENDED: ("办结", "flag", "ok"),
}
# Acts that no field of the row remembers.
ACTS = {
    "demand.untold": lambda data: "撤销回告",
    "demand.answer_taken_back": lambda data: "撤销答复",
    "demand.urgent": lambda data: "标为紧急安全",
    "demand.turned_back": lambda data: "撤销转办，照旧待处理",
    "demand.came_back": lambda data: f"退回梳理：{data['why']}",
    "demand.restored": lambda data: "恢复，接着办",
    "demand.made_confidential": lambda data: f"改为保密，{data['handler']}经办",
    "demand.made_open": lambda data: "取消保密",
    "demand.handed_over": lambda data: f"移交给{data['handler']}",
}


def _own(demand):
    said = f"，{demand.said_by}说的" if demand.said_by else ""
    yield Stop(
        demand.raised_on,
        RAISED,
        f"提出：{demand.get_source_display()}{said}",
        who=demand.recorded_by.display_name if demand.recorded_by_id else "",
        url=demand.visit.get_absolute_url() if demand.visit_id else "",
        icon="message-plus",
        dot="key",
    )
    first = demand.first_word_on
    if first and first not in (demand.raised_on, demand.outcome_on):
        yield Stop(first, WORD, "首次答话", icon="message-2")
    entries = Entry.objects.about(demand).for_list()
    done = {}
    for entry in entries.filter(verb__in=[*ACTS, *DONE]):  # latest first
        done.setdefault(entry.verb, entry)
        if entry.verb in ACTS:
            yield Stop(
                timezone.localdate(entry.at),
                AFTER,
                ACTS[entry.verb](entry.data),
                who=_name(entry.by),
                icon="edit",
            )
    if demand.outcome_on:
        kind = _kind_of_outcome(demand)
        title, icon, dot = OUTCOMES[kind]
        entry = done.get(f"demand.{kind}")
        yield Stop(
            demand.outcome_on,
            OUTCOME,
            title,
            words=demand.outcome,
            who=_name(entry.by) if entry else "",
            icon=icon,
            dot=dot,
        )
    yield from _ratings(demand)
    for attempt in demand.attempts.standing().select_related("by", "visit"):
        yield Stop(
            attempt.on,
            TOLD,
            f"没联系上：{attempt.get_time_display()}{attempt.get_how_display()}",
            words=attempt.note,
            who=attempt.by.display_name,
            url=attempt.visit.get_absolute_url() if attempt.visit_id else "",
            icon="phone-off",
            dot="warn",
        )
    if demand.told_on:
        yield Stop(
            demand.told_on,
            TOLD,
            f"回告：{demand.get_told_how_display() or '从旧表导入'}",
            who=_name(demand.told_by),
            url=demand.told_visit.get_absolute_url() if demand.told_visit_id else "",
            icon="send",
            dot="ok",
        )
    if demand.dropped_on:
        yield Stop(
            demand.dropped_on,
            AFTER,
            demand.get_state_display(),
            words=demand.dropped_why,
            who=demand.dropped_by.display_name,
            icon="arrow-back-up",
        )


def _ratings(demand):
    """What the asker said of each answer, with the answers that others replaced."""
    for rating in demand.ratings.select_related("called_by"):
        if rating.came_by == Rating.CameBy.LINK:
            title = f"提出的人评价：{rating.get_verdict_display()}"
            if (rating.outcome_on, rating.outcome) != (
                demand.outcome_on,
                demand.outcome,
            ):
                yield Stop(
                    rating.outcome_on,
                    OUTCOME,
                    "先前的答复",
                    words=rating.outcome,
                    icon="message-2",
                )
                yield Stop(rating.told_on, TOLD, "回告先前的答复", icon="send")
        else:
            title = f"第三人回访：{rating.get_verdict_display()}（只作对照）"
        yield Stop(
            rating.on,
            AFTER,
            title,
            words="" if demand.confidential else rating.words,
            who=_name(rating.called_by),
            icon="star",
            dot="warn" if rating.verdict == Rating.Verdict.NOT else "ok",
        )


DONE = {f"demand.{state}" for state in OUTCOMES}


def _kind_of_outcome(demand):
    """Which outcome it was, whatever came after."""
    for state in (demand.state, demand.dropped_from, demand.told_from):
        if state in OUTCOMES:
            return state
    return Demand.State.ANSWERED


def _name(user):
    return user.display_name if user else ""
