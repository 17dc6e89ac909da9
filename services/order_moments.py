"""What orders tell: of a demand's way, and on a business's timeline."""

from django.utils import timezone

from accounts.rights import Right, may
from services.models import Order
from services.order_ledger import STATES
from tianshan.ledgers.moments import MOST, Moment, tell
from visits.way import JOINED, MEASURE, Stop


def of_demand(user, demand):
    """The orders that the demand was turned into, as far as the user sees them."""
    rows = Order.objects.filter(demand=demand).select_related("item", "station")
    seen = set(Order.objects.visible_to(user).filter(demand=demand).values_list("pk"))
    for order in rows.order_by("pk"):
        url = order.get_absolute_url() if (order.pk,) in seen else ""
        yield Stop(
            timezone.localdate(order.placed_at),
            JOINED,
            f"转为点单 {order.number}：{order.item}",
            url=url,
            icon="bell-ringing",
            dot="key",
        )
        if order.accepted_at and order.station:
            yield Stop(
                timezone.localdate(order.accepted_at),
                MEASURE,
                f"{order.station}接单",
                url=url,
                icon="circle-check",
            )
        if order.finished_on:
            yield Stop(
                order.finished_on,
                MEASURE,
                f"{order.station}提供了服务，{order.came} 人次",
                words=order.given,
                url=url,
                icon="checkbox",
                dot="ok",
            )
        if order.ended_on:
            yield Stop(
                order.ended_on,
                MEASURE,
                f"点单{order.get_state_display()}",
                words=order.ended_why,
                url=url,
                icon="arrow-back-up",
            )


def on_timeline(user, business):
    if not may(user, Right.SEE_SERVICES):
        return []
    rows = Order.objects.visible_to(user).filter(business=business).for_list()
    return [
        Moment(
            day=order.finished_on or timezone.localdate(order.placed_at),
            title=f"点单：{order.item}",
            words=f"{order.station}提供，{order.came} 人次：{order.given}"
            if order.finished_on
            else order.words,
            url=order.get_absolute_url(),
            icon="bell-ringing",
            dot="ok" if order.finished_on else "key",
            tag=(STATES[order.state][0], order.get_state_display()),
        )
        for order in rows[:MOST]
    ]


def register():
    tell("orders", "点单", on_timeline)
