"""What a demand may be turned into by a room above: an order, a need (转为点单、转为需求).

A room adds its Turner in its AppConfig.ready; the page behind it does the turning by
`turn` and lets what comes of it flow back by `visits.actions.end`. While there is none,
nothing is offered.
"""

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from tianshan.audit import record
from tianshan.ledgers import touched
from visits import actions
from visits.models import Demand

TURNERS = []


@dataclass(frozen=True)
class Turner:
    """One thing to turn into: `page` is the name of a URL that takes the demand's key."""

    key: str
    label: str
    icon: str
    page: str
    right: Right


def offered(user, demand):
    """`[{"label", "icon", "url"}]` of what the user may turn the demand into."""
    if demand.state != Demand.State.NEW or demand.confidential:
        return []
    return [
        {
            "label": turner.label,
            "icon": turner.icon,
            "url": reverse(turner.page, args=[demand.pk]),
        }
        for turner in TURNERS
        if Demand.objects.visible_to(user, turner.right).filter(pk=demand.pk).exists()
    ]


def _reason(into):
    return f"转为{into}"


@transaction.atomic
def turn(demand, *, into, owed_by, having, by, at):
    """The demand goes on as something else, `into` by name; its deadline stays.

    The room above keeps the link, and may set another deadline by `actions.owe`.
    """
    demand = actions.take_step(demand, "turn", by=by, having=having)
    if demand.confidential:
        raise actions.Refused("保密诉求由经办人单独办，不能转办。要转，先取消保密。")
    demand.state = Demand.State.TURNED
    demand.first_word_on = demand.first_word_on or timezone.localdate(at)
    demand.save(update_fields=["state", "first_word_on"])
    record("demand.turned", demand, by=by, at=at, into=into)
    return actions.owe(
        demand,
        due_on=demand.due_on,
        workdays=actions.workdays_of(demand),
        owed_by=owed_by,
        reason=_reason(into),
        by=by,
        at=at,
    )


@transaction.atomic
def turn_back(demand, *, into, having, by, at):
    """Undo a turning: the demand waits again, with the deadline that it had then."""
    demand = actions.take_step(demand, "turn_back", by=by, having=having)
    turned = demand.dues.filter(reason=_reason(into)).last()
    if (
        demand.source not in Demand.FACE_TO_FACE
        and demand.first_word_on == turned.since
    ):
        demand.first_word_on = None  # the turning was the first word
    record("demand.turned_back", demand, by=by, at=at)
    return _wait_again(demand, turned, f"撤销转为{into}，恢复原期限", by=by, at=at)


@transaction.atomic
def come_back(demand, *, into, why, by, at):
    """What it was turned into ended without it: it is to be sorted again, and why."""
    demand = actions.take_step(demand, "turn_back", by=by, having=None)
    turned = demand.dues.filter(reason=_reason(into)).last()
    record("demand.came_back", demand, by=by, at=at, why=why)
    return _wait_again(demand, turned, f"退回梳理：{why}"[:200], by=by, at=at)


def _wait_again(demand, turned, reason, *, by, at):
    demand.state = Demand.State.NEW
    demand.save(update_fields=["state", "first_word_on"])
    touched([demand.business_id])
    before = demand.dues.filter(pk__lt=turned.pk).last()
    return actions.owe_as(demand, before, reason, by=by, at=at)
