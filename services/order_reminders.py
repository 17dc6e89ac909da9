"""What orders remind of: waiting to be dispatched, to be answered, to be served."""

from django.utils import timezone

from services.models import Dispatch, Order
from services.orders import dispatchers_of, workers_of
from tianshan.notices.reminders import LINES, READERS, Reminder
from tianshan.workdays.lights import GREEN

TITLES = 5  # that a grid's group is told


def _who(order, now):
    """Whoever owes the next step of the order."""
    if order.stage(now) == Order.State.PLACED:
        return dispatchers_of(order.grid)
    if order.state == Order.State.DISPATCHED:
        given = Dispatch.objects.waiting().filter(order=order)
        return workers_of([row.station for row in given.select_related("station")])
    if order.waits_for_revisit:
        return dispatchers_of(order.grid)
    return workers_of([order.station])


def read(day):
    """Of each order whose light is yellow or red, once for a day that is due."""
    now = timezone.now()
    for order in Order.objects.owed().for_list():
        light = order.light(now)
        if light.colour == GREEN:
            continue
        what, _, _, due = order.next_step(now)
        yield Reminder(
            tuple(_who(order, now)),
            f"order-{order.pk}-{order.stage(now)}-{due.isoformat()}-{light.colour}",
            f"{light.words}，{what}：{order.number} {order.item}",
            order.get_absolute_url(),
        )


def lines(code, day):
    """What a grid's group is told: totals and services, nobody's name."""
    now = timezone.now()
    here = Order.objects.filter(grid__code__startswith=code)
    found = list(here.to_dispatch(now).for_list())
    if found:
        yield f"点单等派单 {len(found)} 单"
        for order in found[:TITLES]:
            yield f"- {order.number} {order.item}"


def load():
    READERS.append(read)
    LINES.append(lines)
