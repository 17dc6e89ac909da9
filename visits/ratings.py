"""What askers say of the answers they got, and what follows from it.

Told > rated; who says nothing within 10 working days counts as 未评价, which is no
satisfaction: `Demand.rate_by` is stored, so time passing needs no job. 不满意 reopens the
demand: it owes a second answer. A second 不满意 puts it before a deliberation body,
which may end it as explained; the rating stays. Nobody with an account rates; what a
third person hears on calling back is kept apart and moves nothing.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from grids.rules import Rules
from tianshan.audit import record
from tianshan.audit.models import Entry
from tianshan.ledgers import touched
from tianshan.workdays import Calendar
from visits import actions
from visits.actions import Refused
from visits.models import Demand, DemandDue, Rating

# Who did one of these has handled the demand and calls nobody back about it.
HANDLING = (
    "demand.raised",
    "demand.answered",
    "demand.declined",
    "demand.joined",
    "demand.ended",
    "demand.told",
    "demand.explained",
)


def may_rate(demand, today):
    """Does the demand wait for its asker's word on the day?"""
    return (
        "rate" in demand.open_steps
        and (demand.rate_by is None or today <= demand.rate_by)
        and demand.ratings.by_askers().count() < Rating.MOST
    )


@transaction.atomic
def rate(demand, *, verdict, words, at, link=None):
    """The asker's own rating, by the link that only the asker has.

    Rating an outcome says that one knows it: a demand that nobody had told yet counts
    as told by its link.
    """
    actions.lock_above([demand.pk])
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    today = timezone.localdate(at)
    if demand.ratings.by_askers().count() >= Rating.MOST:
        raise Refused("您已经评过两次，这件事已交到会上商量。")
    if "rate" not in demand.open_steps:
        raise Refused(
            "您已经评过了。"
            if demand.state == Demand.State.RATED
            else "这件事还没有结果，有了结果再请您评。"
        )
    if demand.rate_by and today > demand.rate_by:
        raise Refused("评价的时间已经过了。还有要说的，请扫店里的码再提一次。")
    words = words.strip()
    if verdict == Rating.Verdict.NOT and not words:
        raise Refused("请说一句哪里不满意，好让人接着办。")
    if demand.state in Demand.TO_TELL:
        demand = actions.told_now(
            demand, how=Demand.Told.LINK, on=today, by=None, at=at
        )
    rating = _keep(
        demand, Rating.CameBy.LINK, verdict=verdict, words=words, on=today, by=None
    )
    if verdict != Rating.Verdict.NOT:
        demand.state = Demand.State.RATED
        demand.save(update_fields=["state"])
    else:
        _reopen(demand, second=rating.round == Rating.MOST, on=today)
    record("demand.rated", demand, by=None, at=at, verdict=verdict, link=link)
    touched([demand.business_id])
    return rating


def _keep(demand, came_by, *, verdict, words, on, by):
    """The rating, beside what was rated: the demand itself may go on."""
    return Rating.objects.create(
        demand=demand,
        came_by=came_by,
        round=_round(demand),
        verdict=verdict,
        words=words,
        on=on,
        called_by=by,
        outcome=demand.outcome,
        outcome_on=demand.outcome_on,
        tell_by=demand.tell_by,
        told_on=demand.told_on,
    )


def _round(demand):
    """Which answer is in hand: one more than were found wanting before."""
    wanting = demand.ratings.by_askers().filter(verdict=Rating.Verdict.NOT)
    return wanting.count() + 1


def _reopen(demand, *, second, on):
    """Another answer is owed, within as many working days as the first one had."""
    demand.state = Demand.State.AT_BODY if second else Demand.State.REOPENED
    rules = Rules.load().on(demand.grid, on)
    days = rules.hard_within if demand.category.hard else rules.ordinary_within
    demand.due_on = Calendar.load().add(on, days)
    demand.owed_by = actions.who_answers(demand.business)
    demand.resolved = False
    demand.save(update_fields=["state", "due_on", "owed_by", "resolved"])
    DemandDue.objects.create(
        demand=demand,
        due_on=demand.due_on,
        owed_by=demand.owed_by,
        since=on,
        reason="两次不满意，交议事主体研商" if second else "提出的人不满意，再答复一次",
        by=None,
    )


@transaction.atomic
def explain(demand, *, words, by, at):
    """A body has talked about what satisfied nobody twice; what it says ends it."""
    actions.lock_above([demand.pk])
    demand = actions.take_step(demand, "explain", by=by, having=Right.PROPOSE_ISSUES)
    for before in actions.BEFORE_ANSWERING:
        before(demand, by=by, at=at)
    on = timezone.localdate(at)
    actions.come_to(demand, Demand.State.ENDED, words=words, on=on, resolved=False)
    record("demand.explained", demand, by=by, at=at)
    return demand


# --- called back by somebody else ----------------------------------------------------


def handled_by(demand, user):
    """Has the user had a hand in the demand?"""
    acts = Entry.objects.about(demand).filter(verb__in=HANDLING, by=user)
    return user.pk in (demand.recorded_by_id, demand.told_by_id) or acts.exists()


def may_be_called_back(demand, user):
    done = demand.ratings.call_backs().filter(round=_round(demand))
    if demand.confidential:  # nobody but its handler knows what to ask about
        return False
    return not handled_by(demand, user) and not done.exists()


@transaction.atomic
def call_back(demand, *, verdict, words, by, at):
    """What the asker told a third person on the phone; it stands apart.

    Only who had no hand in the demand may call, and nothing follows from it: the state,
    the asker's own rating and the satisfaction rate stay as they are.
    """
    demand = actions.take_step(demand, "call_back", by=by)
    if handled_by(demand, by):
        raise PermissionDenied
    if not may_be_called_back(demand, by):
        raise Refused("这次答复已经有人回访过。")
    rating = _keep(
        demand,
        Rating.CameBy.CALL_BACK,
        verdict=verdict,
        words=words.strip(),
        on=timezone.localdate(at),
        by=by,
    )
    record("demand.called_back", demand, by=by, at=at, verdict=verdict)
    return rating
