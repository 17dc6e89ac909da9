"""Demands that end without an outcome: withdrawn by the asker, recorded by mistake.

Nothing is deleted: the row stays with its reason and can be put back. A withdrawn one
was asked for and counts as raised; one recorded by mistake counts as nothing.
"""

from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from tianshan.audit import record
from tianshan.ledgers import touched
from visits import actions
from visits.models import Demand

DROPPING = ["state", "dropped_on", "dropped_by", "dropped_why", "dropped_from"]

# What a room above does first, with `(demand, by=, at=)`; it fills this in its
# AppConfig.ready. It may refuse.
BEFORE_DROPPING = []


@transaction.atomic
def withdraw(demand, *, reason, by, at):
    """The asker took the demand back; nobody owes him anything more."""
    return _drop(demand, "withdraw", Demand.State.WITHDRAWN, reason, by=by, at=at)


@transaction.atomic
def mistake(demand, *, reason, by, at, having=Right.ANSWER_DEMANDS):
    """It was recorded by mistake: nobody asked, or it stands here already."""
    return _drop(
        demand, "mistake", Demand.State.MISTAKEN, reason, by=by, at=at, having=having
    )


def _drop(demand, step, state, reason, *, by, at, having=Right.ANSWER_DEMANDS):
    actions.lock_above([demand.pk])
    demand = actions.take_step(demand, step, by=by, having=having)
    if not reason.strip():
        raise actions.Refused("请写明原因，会一直留着。")
    for before in BEFORE_DROPPING:
        before(demand, by=by, at=at)
    # What left its matter, its order or need comes back, if it does, as unsorted.
    inside = demand.state in (Demand.State.JOINED, Demand.State.TURNED)
    demand.dropped_from = Demand.State.NEW if inside else demand.state
    demand.state = state
    demand.dropped_on, demand.dropped_by = timezone.localdate(at), by
    demand.dropped_why = reason.strip()
    demand.unreached_on = None
    demand.save(update_fields=[*DROPPING, "unreached_on"])
    verb = "demand.withdrawn" if step == "withdraw" else "demand.mistaken"
    record(verb, demand, by=by, at=at, reason=demand.dropped_why)
    _settled(demand, by=by, at=at)
    return demand


@transaction.atomic
def restore(demand, *, by, at):
    """Put a demand back that was dropped; it goes on where it was."""
    actions.lock_above([demand.pk])
    demand = actions.take_step(demand, "restore", by=by, having=Right.ANSWER_DEMANDS)
    demand.state, demand.dropped_from = demand.dropped_from, ""
    demand.dropped_on = demand.dropped_by = None
    demand.dropped_why = ""
    demand.save(update_fields=DROPPING)
    record("demand.restored", demand, by=by, at=at)
    _settled(demand, by=by, at=at)
    return demand


def _settled(demand, *, by, at):
    touched([demand.business_id])
    for after in actions.AFTER_TELLING:
        after(demand, by=by, at=at)
