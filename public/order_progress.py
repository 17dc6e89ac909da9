"""How far an order is, in the words of whoever ordered."""

from public.progress import AHEAD, DONE, NOW, Step
from services.models import Order


def progress(order, now):
    """The steps of the order's way, the one in hand marked."""
    state = order.state
    if state in (Order.State.DECLINED, Order.State.WITHDRAWN):
        said = "您撤回了" if state == Order.State.WITHDRAWN else "这次给不了"
        return [Step("收到了", DONE), Step(said, DONE, order.ended_why)]
    waiting = state in (Order.State.PLACED, Order.State.DISPATCHED)
    served = order.finished_on is not None
    taken = (
        f"{order.station}承接，电话 {order.station.phone}"
        if (order.station and order.station.phone)
        else f"{order.station}承接"
        if order.station
        else ""
    )
    agreed = ""
    if order.serve_on and order.place:
        day = order.serve_on
        agreed = f"{day.month}月{day.day}日，{order.place}"
    first = "正在找能提供的阵地"
    if order.placed_at and order.first_answer_by and state == Order.State.PLACED:
        first = "前面问的阵地这次排不开，正在另找"
    return [
        Step("收到了", DONE),
        Step("找到阵地", NOW if waiting else DONE, first if waiting else taken),
        Step(
            "约好时间",
            AHEAD if waiting else DONE if agreed else NOW,
            agreed
            or ("" if waiting else f"阵地最晚 {order.arrange_by:%m-%d} 前联系您"),
        ),
        Step(
            "办好了",
            DONE if served else NOW if agreed else AHEAD,
            f"{order.given}，{order.came} 人次" if served else "",
        ),
    ]
