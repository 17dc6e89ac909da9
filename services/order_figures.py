"""What is counted of orders."""

from django.db.models import F, Q

from services.models import Order
from services.models.order import GIVEN, OPEN
from tianshan.database.arrays import among
from tianshan.ledgers import FIGURES, Figure, Rate, Unit, part

CONTENT = (Order.Verdict.SATISFIED, Order.Verdict.MOSTLY)


def orders(scope):
    return Order.objects.visible_to(scope.user).filter(grid__among=scope.grid.subtree)


def placed(scope):
    return Q(placed_at__date__range=scope.period)


def answer_due(scope):
    """First dispatched so that an answer was due in the period; not taken back before."""
    due = Q(first_answer_by__date__range=scope.period)
    ended = [Order.State.WITHDRAWN, Order.State.DECLINED]
    return (
        due
        & Q(first_answer_by__date__lte=scope.day)
        & ~Q(state__in=ended, accepted_at=None)
    )


def accepted_in_time(scope):
    return answer_due(scope) & Q(accepted_at__lte=F("first_answer_by"))


def finished(scope):
    return Q(finished_on__range=scope.period)


def rated(scope):
    return Q(rated_on__range=scope.period)


def satisfied(scope):
    return rated(scope) & Q(verdict__in=CONTENT)


def unrated(scope):
    """The time for rating ended in the period, and nothing was said."""
    ended = Q(rate_by__range=scope.period, rate_by__lt=scope.day)
    return ended & Q(state=Order.State.FINISHED)


def is_open(scope):
    return Q(state__in=OPEN)


def register():
    FIGURES.add(
        Figure(
            "orders_placed",
            "点单",
            Unit.ORDERS,
            "时段内点的单，不论来源和现在的状态。",
            "orders",
            **part(orders, placed),
        ),
        Figure(
            "orders_answer_due",
            "应接单",
            Unit.ORDERS,
            "首次派单后，答复时间落在时段内的点单；接单前撤回或不予受理的不计。",
            "orders",
            **part(orders, answer_due),
        ),
        Figure(
            "orders_accepted_in_time",
            "按时接单",
            Unit.ORDERS,
            "应接单中，在首次派单的答复时间内有阵地接下的。",
            "orders",
            **part(orders, accepted_in_time),
        ),
        Rate(
            "orders_accepted_rate",
            "按时接单率",
            "按时接单 ÷ 应接单。",
            "orders_accepted_in_time",
            "orders_answer_due",
        ),
        Figure(
            "orders_finished",
            "完成点单",
            Unit.ORDERS,
            "服务日期在时段内、已登记完成的点单。",
            "orders",
            **part(orders, finished),
        ),
        Figure(
            "orders_rated",
            "已评价点单",
            Unit.ORDERS,
            "时段内点单人自己评过的点单。",
            "orders",
            **part(orders, rated),
        ),
        Figure(
            "orders_satisfied",
            "满意点单",
            Unit.ORDERS,
            "已评价点单中，评满意或基本满意的。",
            "orders",
            **part(orders, satisfied),
        ),
        Rate(
            "orders_satisfaction_rate",
            "点单满意率",
            "满意点单 ÷ 已评价点单；没有评的不算满意，另列在未评价里。",
            "orders_satisfied",
            "orders_rated",
        ),
        Figure(
            "orders_unrated",
            "未评价点单",
            Unit.ORDERS,
            "评价期限落在时段内、过了期限点单人没有评的点单。",
            "orders",
            **part(orders, unrated),
        ),
        Figure(
            "orders_open",
            "在办点单",
            Unit.ORDERS,
            "现在还没有完成，也没有撤回或不予受理的点单。",
            "orders",
            **part(orders, is_open),
        ),
    )


def taking_part(business_ids):
    """Being served is taking part: `(business id, day)` of each order that was given."""
    given = Order.objects.filter(state__in=GIVEN, business__in=among(business_ids))
    return given.values_list("business", "finished_on")
