"""What is counted of visits and demands."""

import datetime as dt

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from enterprises.models import Business
from tianshan.ledgers import FIGURES, Figure, Rate, Unit
from tianshan.workdays import Calendar
from visits.models import Demand, DemandDue, Visit

DAY = dt.timedelta(days=1)


# --- visits ------------------------------------------------------------------------


def visits(scope):
    """All visits of the period whose grid, on the day of the visit, is in scope."""
    return Visit.objects.visible_to(scope.user).filter(
        grid__path__startswith=scope.grid.path, visited_on__range=scope.period
    )


def visits_to(kind):
    return lambda scope: visits(scope).met().filter(business__kind=kind)


def visited(kind):
    """The businesses behind those visits, each once."""
    return lambda scope: Business.objects.visible_to(scope.user).filter(
        pk__in=visits_to(kind)(scope).values("business")
    )


# --- demands -----------------------------------------------------------------------


def demands(scope):
    """Without those recorded by mistake, which nobody asked for."""
    return (
        Demand.objects.visible_to(scope.user)
        .counted()
        .filter(grid__path__startswith=scope.grid.path)
    )


def not_dropped(scope):
    """Not withdrawn by the asker by the period's last day."""
    return Q(dropped_on=None) | Q(dropped_on__gt=scope.day)


def raised(scope):
    return demands(scope).filter(raised_on__range=scope.period)


def raised_now(*states):
    """Raised in the period, and in one of the states now."""
    return lambda scope: raised(scope).filter(state__in=states)


def open_on(scope):
    """Raised by the period's last day, and nothing had come of them by then."""
    return demands(scope).filter(
        Q(outcome_on=None) | Q(outcome_on__gt=scope.day),
        not_dropped(scope),
        raised_on__lte=scope.day,
    )


def overdue_on(scope):
    """Open, and past the deadline that they had on that day."""
    then = DemandDue.objects.filter(demand=OuterRef("pk"), since__lte=scope.day)
    latest = then.order_by("-since", "-pk").values("due_on")[:1]
    return (
        open_on(scope)
        .alias(due_then=Coalesce(Subquery(latest), F("due_on")))
        .filter(due_then__lt=scope.day)
    )


def untold_on(scope):
    """Something had come of them by that day, and the asker did not know yet."""
    return demands(scope).filter(
        Q(told_on=None) | Q(told_on__gt=scope.day),
        not_dropped(scope),
        outcome_on__lte=scope.day,
    )


def unreached_on(scope):
    """Of those, the ones whose asker had been sought in vain twice; as known now."""
    return untold_on(scope).filter(unreached_on__lte=scope.day)


def to_tell_on(scope):
    """Of those, the ones that still wait for somebody to tell the asker."""
    return untold_on(scope).exclude(pk__in=unreached_on(scope).values("pk"))


def tell_late_on(scope):
    """Of those that wait, the ones past the day by which to tell."""
    return to_tell_on(scope).filter(tell_by__lt=scope.day)


def withdrawn(scope):
    """Taken back by their askers within the period."""
    return demands(scope).filter(
        state=Demand.State.WITHDRAWN, dropped_on__range=scope.period
    )


def mistaken(scope):
    """Found within the period to have been recorded by mistake."""
    return Demand.objects.visible_to(scope.user).filter(
        grid__path__startswith=scope.grid.path,
        state=Demand.State.MISTAKEN,
        dropped_on__range=scope.period,
    )


def first_word_due(scope):
    """Raised in the period, and by its last day answered a first time or late."""
    calendar = Calendar.load()
    last = scope.day
    while calendar.add(last, 1) >= scope.day:
        last -= DAY
    return raised(scope).filter(
        Q(first_word_on__lte=scope.day) | Q(raised_on__lte=last)
    )


def first_word_in_time(scope):
    """Of those, the ones that had their first word within one working day."""
    calendar = Calendar.load()
    # Most days are followed by a working day; the others are listed by how far it is.
    further = {}
    day = scope.start
    while day <= scope.day:
        distance = (calendar.add(day, 1) - day).days
        if distance > 1:
            further.setdefault(distance, []).append(day)
        day += DAY
    in_time = Q(first_word_on__lte=F("raised_on") + DAY)
    for distance, days in further.items():
        by = F("raised_on") + dt.timedelta(days=distance)
        in_time |= Q(raised_on__in=days, first_word_on__lte=by)
    return first_word_due(scope).filter(in_time, first_word_on__lte=scope.day)


def register():
    for kind, name, label in (
        (Business.Kind.ENTERPRISE, "enterprise", "企业"),
        (Business.Kind.MERCHANT, "merchant", "商户"),
    ):
        FIGURES.add(
            Figure(
                f"visits_{name}",
                f"走访{label}",
                Unit.VISITS,
                f"时段内上门走访{label}并见到人的次数，作废的不计；"
                "同一家来几次算几家次。",
                "visits",
                visits_to(kind),
            ),
            Figure(
                f"visits_{name}_distinct",
                f"走访到的{label}",
                Unit.BUSINESSES,
                f"时段内至少上门走访到一次的{label}，每家只算一家。",
                f"{name}s",
                visited(kind),
            ),
        )
    FIGURES.add(
        Figure(
            "attempts",
            "上门无人",
            Unit.VISITS,
            "时段内上门但没有遇到人的次数，单独记，不算走访，也不更新走访周期。",
            "visits",
            lambda scope: visits(scope).attempts(),
        ),
        Figure(
            "calls",
            "电话联系",
            Unit.VISITS,
            "时段内电话联系的次数，单独记，不算走访，也不更新走访周期。",
            "visits",
            lambda scope: visits(scope).calls(),
        ),
        Figure(
            "demands_raised",
            "提出诉求",
            Unit.DEMANDS,
            "时段内提出的诉求，不论来源和现在的状态。",
            "demands",
            raised,
        ),
        *(
            Figure(
                f"demands_{name}",
                label,
                Unit.DEMANDS,
                f"时段内提出、现在{words}的诉求。",
                "demands",
                raised_now(state),
            )
            for name, state, label, words in (
                ("new", Demand.State.NEW, "待处理", "还没有处理"),
                ("joined", Demand.State.JOINED, "已并入事项", "并在事项里办理"),
                ("answered", Demand.State.ANSWERED, "已答复待回告", "已答复、等回告"),
                (
                    "declined",
                    Demand.State.DECLINED,
                    "不予受理待回告",
                    "不予受理、等回告",
                ),
                ("ended", Demand.State.ENDED, "已办结待回告", "随事项办结、等回告"),
                ("told", Demand.State.TOLD, "已回告", "已把结果告诉提出人"),
            )
        ),
        Figure(
            "demands_open",
            "诉求在办",
            Unit.DEMANDS,
            "到时段最后一天还没有结果的诉求，不论哪天提出。",
            "demands",
            open_on,
        ),
        Figure(
            "demands_overdue",
            "诉求超期",
            Unit.DEMANDS,
            "到时段最后一天还没有结果、且已过当时期限的诉求。",
            "demands",
            overdue_on,
        ),
        Figure(
            "demands_untold",
            "未告知结果的诉求",
            Unit.DEMANDS,
            "到时段最后一天已有结果、还没有告诉提出人的诉求："
            "等着回告的和两次未联系上的。",
            "demands",
            untold_on,
        ),
        Figure(
            "demands_to_tell",
            "等着回告",
            Unit.DEMANDS,
            "到时段最后一天已有结果、等着告诉提出人的诉求；两次未联系上的不在内。",
            "demands",
            to_tell_on,
        ),
        Figure(
            "demands_tell_late",
            "回告超期",
            Unit.DEMANDS,
            "等着回告的诉求中，到时段最后一天已过应回告日期的。",
            "demands",
            tell_late_on,
        ),
        Figure(
            "demands_unreached",
            "两次未联系上",
            Unit.DEMANDS,
            "到时段最后一天已有结果、在不同的日子或时段两次没联系上提出人的诉求；"
            "不算已回告，下次见到时再告诉。",
            "demands",
            unreached_on,
        ),
        Figure(
            "demands_withdrawn",
            "本人撤回",
            Unit.DEMANDS,
            "时段内由提出人自己撤回的诉求；仍算提出过。",
            "demands",
            withdrawn,
        ),
        Figure(
            "demands_mistaken",
            "误记",
            Unit.DEMANDS,
            "时段内查明是记错的诉求；别的指标都不计。",
            "demands",
            mistaken,
        ),
        Figure(
            "demands_first_word_due",
            "应答话诉求",
            Unit.DEMANDS,
            "时段内提出、到最后一天已答话或已过一个工作日的诉求。",
            "demands",
            first_word_due,
        ),
        Figure(
            "demands_first_word_in_time",
            "按时答话诉求",
            Unit.DEMANDS,
            "应答话诉求中，一个工作日内有人答话的；上门当面提出的当场即算答话。",
            "demands",
            first_word_in_time,
        ),
        Rate(
            "response_rate",
            "诉求响应率",
            "按时答话诉求 ÷ 应答话诉求；没有到时限的不进分母。",
            "demands_first_word_in_time",
            "demands_first_word_due",
        ),
    )
