"""Telling an asker what came of a demand (回告): attempts in vain, taking back, texts.

**The rule.** An asker who was sought in vain twice, on different days or at different
times of a day, is "not reached": the demand leaves the lists of what waits to be told
and is counted apart, never among the told, and whoever meets the asker next tells him.
Effective coverage asks for told askers: a business that was not reached still fails
that condition from the day after the telling was due, until it is told. An attempt
costs its author nothing, so it must not buy the business into effective coverage.
"""

from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from tianshan.audit import record
from tianshan.ledgers import touched
from visits import actions
from visits.models import Demand, TellingAttempt, Visit

ENOUGH = 2  # attempts in vain that are a result too


def time_of(at):
    """The time of day of a moment, as attempts tell them apart."""
    hour = timezone.localtime(at).hour
    if hour < 12:
        return TellingAttempt.Time.MORNING
    if hour < 18:
        return TellingAttempt.Time.AFTERNOON
    return TellingAttempt.Time.EVENING


@transaction.atomic
def try_telling(demand, *, on, time, how, by, at, note="", visit=None):
    """Record an attempt to tell the asker that reached nobody.

    The second one at another time is the result "not reached".
    """
    actions.lock_above([demand.pk])
    demand = actions.take_step(demand, "try_telling", by=by, having=Right.LOG_VISITS)
    if on > timezone.localdate(at):
        raise actions.Refused("日期在将来，请核对。")
    if on < demand.outcome_on:
        raise actions.Refused(f"结果是 {demand.outcome_on} 才有的，日期不能更早。")
    standing = demand.attempts.standing()
    if standing.filter(on=on, time=time).exists():
        when = f"{on} {TellingAttempt.Time(time).label}"
        raise actions.Refused(
            f"{when}已经记过一次没联系上。换一天，或换上午、下午、晚上再联系。"
        )
    attempt = TellingAttempt.objects.create(
        demand=demand, on=on, time=time, how=how, note=note, visit=visit, by=by
    )
    record("demand.telling_tried", demand, by=by, at=at, how=how, on=on.isoformat())
    _settle(demand, by=by, at=at)
    return attempt


@transaction.atomic
def take_back_attempt(attempt, *, by, at):
    """Take back an attempt that was recorded by mistake; the row stays."""
    actions.lock_above([attempt.demand_id])
    demand = actions.take_step(
        attempt.demand, "try_telling", by=by, having=Right.LOG_VISITS
    )
    attempt = TellingAttempt.objects.select_for_update().get(pk=attempt.pk)
    if attempt.taken_back_at:
        raise actions.Refused("这一次已经撤销过了。")
    if attempt.visit_id:
        raise actions.Refused("这一次是走访“无人”记下的，要撤销请作废那条走访。")
    _take_back(attempt, demand, by=by, at=at)
    return demand


def _take_back(attempt, demand, *, by, at):
    attempt.taken_back_at = at
    attempt.save(update_fields=["taken_back_at"])
    record("demand.attempt_taken_back", demand, by=by, at=at, on=attempt.on.isoformat())
    _settle(demand, by=by, at=at)


def _settle(demand, *, by, at):
    """Two attempts that stand are the result "not reached"; fewer are none."""
    # Those of an outcome that another has replaced told of nothing that holds.
    since = demand.attempts.standing().filter(on__gte=demand.outcome_on)
    standing = list(since[:ENOUGH])
    unreached_on = standing[-1].on if len(standing) == ENOUGH else None
    if unreached_on == demand.unreached_on:
        return
    demand.unreached_on = unreached_on
    demand.save(update_fields=["unreached_on"])
    touched([demand.business_id])
    for after in actions.AFTER_TELLING:
        after(demand, by=by, at=at)


@transaction.atomic
def take_back(demand, *, by, at):
    """Take back that the asker was told: it waits to be told again."""
    actions.lock_above([demand.pk])
    demand = actions.take_step(demand, "untell", by=by, having=Right.LOG_VISITS)
    if demand.told_visit_id:
        raise actions.Refused("这件是走访时告诉的，要撤销请作废那条走访。")
    if not demand.told_from:
        raise actions.Refused("从旧表导入的回告不能撤销。")
    actions.untell(demand, by=by, at=at)
    return demand


# --- what visits say of it ---------------------------------------------------------


def count_absence(visit, *, by, at):
    """Nobody was there: an attempt to tell of each outcome that waits to be told."""
    how = (
        TellingAttempt.How.VISIT
        if visit.method == Visit.Method.ON_SPOT
        else TellingAttempt.How.PHONE
    )
    waiting = Demand.objects.visible_to(by, Right.LOG_VISITS).untold().handled_by(by)
    waiting = waiting.filter(
        business=visit.business_id, outcome_on__lte=visit.visited_on
    )
    time = time_of(visit.filled_at)
    for demand in waiting.order_by("pk"):
        standing = demand.attempts.standing()
        if not standing.filter(on=visit.visited_on, time=time).exists():
            try_telling(
                demand,
                on=visit.visited_on,
                time=time,
                how=how,
                visit=visit,
                by=by,
                at=at,
            )


def forget_absence(visit, *, by, at):
    """The visit is void: so are the attempts that it counted as."""
    attempts = visit.attempts_to_tell.standing().select_related("demand")
    for attempt in attempts.order_by("demand"):
        demand = Demand.objects.select_for_update().get(pk=attempt.demand_id)
        if "try_telling" in demand.open_steps:
            _take_back(attempt, demand, by=by, at=at)


# --- what one says or sends ------------------------------------------------------


def text_for(demand):
    """A short, polite text to send to the asker, in the asker's own words."""
    who = demand.said_by or demand.business.contact_name
    day = f"{demand.raised_on.month}月{demand.raised_on.day}日"
    if demand.state == Demand.State.DECLINED:
        came = f"这件事我们办不了，原因是：{_closed(demand.outcome)}"
    else:
        came = f"有结果了：{_closed(demand.outcome)}"
    return (
        f"{who or demand.business.name}，您好！您{day}说的“{_short(demand.words)}”，"
        f"{came}还有不清楚的，请随时找我们。{signature(demand)}"
    )


def text_for_all(demands):
    """One text for several askers, where the outcome is the same; "" where not."""
    outcomes = {(demand.state, demand.outcome) for demand in demands}
    if len(demands) < 2 or len(outcomes) != 1 or any(d.confidential for d in demands):
        return ""
    first = demands[0]
    came = (
        "我们办不了，原因是：" if first.state == Demand.State.DECLINED else "有结果了："
    )
    about = "、".join(dict.fromkeys(str(demand.category) for demand in demands))
    return (
        f"各位好！大家反映的{about}的事，{came}{_closed(first.outcome)}"
        f"还有不清楚的，请随时找我们。{signature(first)}"
    )


def signature(demand):
    return f"——{demand.grid.name}"


def _short(words, most=40):
    words = " ".join(words.split())
    words = words.rstrip("。！!.")
    return words if len(words) <= most else f"{words[:most]}…"


def _closed(sentence):
    """The sentence with one full stop at its end."""
    sentence = " ".join(sentence.split())
    return sentence if sentence[-1:] in "。！？!?" else f"{sentence}。"
