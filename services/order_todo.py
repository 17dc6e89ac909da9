"""What orders have for a person to do: to dispatch, to answer, to arrange and serve."""

from django.utils import timezone

from accounts.rights import Right
from services.models import Dispatch, Order
from tianshan.notices.todo import Source, Todo, register


def _todo(order, now, note):
    return Todo(
        f"{order.item}：{order.business.name}",
        order.get_absolute_url(),
        light=order.light(now),
        note=note,
    )


def to_dispatch(user, day):
    """New ones, and those that no station took, first those due first."""
    now = timezone.now()
    rows = Order.objects.visible_to(user, Right.DISPATCH).to_dispatch(now)
    return [
        _todo(
            order,
            now,
            "没有阵地接，请重新派单" if order.first_answer_by else "等您派单",
        )
        for order in rows.for_list().order_by("dispatch_by", "pk")
    ]


def to_answer(user, day):
    now = timezone.now()
    given = Dispatch.objects.answered_by(user).waiting().filter(answer_by__gte=now)
    rows = Order.objects.filter(pk__in=given.values("order"))
    return [
        _todo(order, now, f"{timezone.localtime(order.answer_by):%m-%d %H:%M} 前答复")
        for order in rows.for_list().order_by("answer_by", "pk")
    ]


def to_serve(user, day):
    now = timezone.now()
    rows = Order.objects.served_by(user).filter(
        state__in=[Order.State.ACCEPTED, Order.State.SERVING]
    )
    return [
        _todo(order, now, "，".join(_what_next(order, now)))
        for order in rows.for_list().order_by("serve_on", "arrange_by", "pk")
    ]


def to_revisit(user, day):
    """Rated 不满意: those whose orderer is to be asked, first those due first."""
    now = timezone.now()
    rows = Order.objects.visible_to(user, Right.DISPATCH).to_revisit()
    return [
        _todo(order, now, f"点单人不满意，{order.revisit_by:%m-%d} 前回访")
        for order in rows.for_list().order_by("revisit_by", "pk")
    ]


def _what_next(order, now):
    what, _, _, due = order.next_step(now)
    yield what
    yield f"{due:%Y-%m-%d} 前"


def load():
    for source in (
        Source(
            "dispatch",
            "等您派单",
            "send",
            to_dispatch,
            "services:order_list",
            "?waits=dispatch",
        ),
        Source(
            "answer_orders",
            "等您接单",
            "bell-ringing",
            to_answer,
            "services:order_list",
            "?waits=answer",
        ),
        Source(
            "serve",
            "您承接的点单",
            "calendar-event",
            to_serve,
            "services:order_list",
            "?state=accepted&state=serving",
        ),
        Source(
            "revisit",
            "等您回访",
            "mood-sad",
            to_revisit,
            "services:order_list",
            "?waits=revisit",
        ),
    ):
        register(source)
