"""What is counted of orders."""

from django.db.models import F

from services.models import Order
from services.models.order import GIVEN
from tianshan.database.arrays import among
from tianshan.ledgers import FIGURES, Figure, Rate, Unit

CONTENT = (Order.Verdict.SATISFIED, Order.Verdict.MOSTLY)


def orders(scope):
    return Order.objects.visible_to(scope.user).filter(
        grid__path__startswith=scope.grid.path
    )


def answer_due(scope):
    """First dispatched so that an answer was due in the period; not taken back before."""
    due = orders(scope).filter(first_answer_by__date__range=scope.period)
    return due.filter(first_answer_by__date__lte=scope.day).exclude(
        state__in=[Order.State.WITHDRAWN, Order.State.DECLINED], accepted_at=None
    )


def finished(scope):
    return orders(scope).filter(finished_on__range=scope.period)


def rated(scope):
    return orders(scope).filter(rated_on__range=scope.period)


def register():
    FIGURES.add(
        Figure(
            "orders_placed",
            "点单",
            Unit.ORDERS,
            "时段内点的单，不论来源和现在的状态。",
            "orders",
            lambda scope: orders(scope).filter(placed_at__date__range=scope.period),
        ),
        Figure(
            "orders_answer_due",
            "应接单",
            Unit.ORDERS,
            "首次派单后，答复时间落在时段内的点单；接单前撤回或不予受理的不计。",
            "orders",
            answer_due,
        ),
        Figure(
            "orders_accepted_in_time",
            "按时接单",
            Unit.ORDERS,
            "应接单中，在首次派单的答复时间内有阵地接下的。",
            "orders",
            lambda scope: answer_due(scope).filter(
                accepted_at__lte=F("first_answer_by")
            ),
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
            finished,
        ),
        Figure(
            "orders_rated",
            "已评价点单",
            Unit.ORDERS,
            "时段内点单人自己评过的点单。",
            "orders",
            rated,
        ),
        Figure(
            "orders_satisfied",
            "满意点单",
            Unit.ORDERS,
            "已评价点单中，评满意或基本满意的。",
            "orders",
            lambda scope: rated(scope).filter(verdict__in=CONTENT),
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
            lambda scope: orders(scope).filter(
                state=Order.State.FINISHED,
                rate_by__range=scope.period,
                rate_by__lt=scope.day,
            ),
        ),
        Figure(
            "orders_open",
            "在办点单",
            Unit.ORDERS,
            "现在还没有完成，也没有撤回或不予受理的点单。",
            "orders",
            lambda scope: orders(scope).open(),
        ),
    )


def taking_part(business_ids):
    """Being served is taking part: `(business id, day)` of each order that was given."""
    given = Order.objects.filter(state__in=GIVEN, business__in=among(business_ids))
    return given.values_list("business", "finished_on")
