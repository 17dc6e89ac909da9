"""What is counted of visits and demands."""

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from enterprises.models import Business
from tianshan.ledgers import FIGURES, Figure, Rate, Unit, part
from tianshan.workdays import Calendar
from visits.models import Demand, DemandDue, Rating, Visit
from visits.models.visit import VisitQuerySet

DAY = dt.timedelta(days=1)


# --- visits ------------------------------------------------------------------------


def visits(scope):
    """All visits of the period whose grid, on the day of the visit, is in scope."""
    return Visit.objects.visible_to(scope.user).filter(
        grid__among=scope.grid.subtree, visited_on__range=scope.period
    )


def attempts(scope):
    return VisitQuerySet.is_attempt()


def calls(scope):
    return VisitQuerySet.is_call()


def met(kind):
    return lambda scope: VisitQuerySet.is_met() & Q(business__kind=kind)


def visited(kind):
    """The businesses behind those visits, each once."""
    return lambda scope: Business.objects.visible_to(scope.user).filter(
        pk__in=visits(scope).filter(met(kind)(scope)).values("business")
    )


# --- demands: all, and which of them -----------------------------------------------


def demands(scope):
    """Without those recorded by mistake, which nobody asked for; with what was due
    and what askers, and third persons, had said last by the period's end."""
    dues = DemandDue.objects.filter(demand=OuterRef("pk"), since__lte=scope.day)
    own = Rating.objects.by_askers().filter(demand=OuterRef("pk"))
    others = Rating.objects.call_backs().filter(demand=OuterRef("pk"))
    wanting = own.filter(verdict=Rating.Verdict.NOT, on__lte=scope.day)
    return (
        Demand.objects.visible_to(scope.user)
        .counted()
        .filter(grid__among=scope.grid.subtree)
        .alias(
            due_then=Coalesce(_last(dues, "since", "due_on"), F("due_on")),
            said=_last(own.filter(on__range=scope.period), "on", "verdict"),
            called=_last(others.filter(on__range=scope.period), "on", "verdict"),
            wanting_on=_last(wanting, "on", "on"),
        )
    )


def _last(rows, by, what):
    return Subquery(rows.order_by(f"-{by}", "-pk").values(what)[:1])


def not_dropped(scope):
    """Not withdrawn by the asker by the period's last day."""
    return Q(dropped_on=None) | Q(dropped_on__gt=scope.day)


def raised(scope):
    return Q(raised_on__range=scope.period)


def raised_now(*states):
    """Raised in the period, and in one of the states now."""
    return lambda scope: raised(scope) & Q(state__in=states)


def urgent(scope):
    return raised(scope) & Q(urgent=True)


def open_on(scope):
    """Raised by the period's last day, and nothing had come of them by then."""
    nothing = Q(first_outcome_on=None) | Q(first_outcome_on__gt=scope.day)
    return Q(raised_on__lte=scope.day) & nothing & not_dropped(scope)


def overdue_on(scope):
    """Open, and past the deadline that they had on that day."""
    return open_on(scope) & Q(due_then__lt=scope.day)


def untold_on(scope):
    """Something had come of them by that day, and the asker did not know yet."""
    untold = Q(told_on=None) | Q(told_on__gt=scope.day)
    # An answer that another one has replaced since stands with its rating.
    earlier = Rating.objects.by_askers().filter(
        demand=OuterRef("pk"), outcome_on__lte=scope.day, told_on__gt=scope.day
    )
    came = (Q(outcome_on__lte=scope.day) & untold) | Q(Exists(earlier))
    return came & not_dropped(scope)


def unreached_on(scope):
    """Of those, the ones whose asker had been sought in vain twice; as known now."""
    return untold_on(scope) & Q(unreached_on__lte=scope.day)


def to_tell_on(scope):
    """Of those, the ones that still wait for somebody to tell the asker."""
    return untold_on(scope) & ~Q(unreached_on__lte=scope.day)


def tell_late_on(scope):
    """Of those that wait, the ones past the day by which to tell."""
    return to_tell_on(scope) & Q(tell_by__lt=scope.day)


def withdrawn(scope):
    """Taken back by their askers within the period."""
    return Q(state=Demand.State.WITHDRAWN, dropped_on__range=scope.period)


def mistaken(scope):
    """Found within the period to have been recorded by mistake."""
    return Demand.objects.visible_to(scope.user).filter(
        grid__among=scope.grid.subtree,
        state=Demand.State.MISTAKEN,
        dropped_on__range=scope.period,
    )


def first_word_due(scope):
    """Raised in the period, and by its last day answered a first time or late."""
    calendar = Calendar.load()
    last = scope.day
    while calendar.add(last, 1) >= scope.day:
        last -= DAY
    return raised(scope) & (Q(first_word_on__lte=scope.day) | Q(raised_on__lte=last))


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
    return first_word_due(scope) & Q(first_word_on__lte=scope.day) & in_time


# --- what came of them, as askers say -------------------------------------------------


def with_outcome(scope):
    """Raised in the period, and something had come of them by its last day."""
    return raised(scope) & Q(first_outcome_on__lte=scope.day)


def resolved(scope):
    return with_outcome(scope) & Q(resolved=True)


def unresolved(scope):
    """Of those with an outcome, the others: declined, explained, found wanting."""
    return with_outcome(scope) & ~Q(resolved=True)


def rated(scope):
    """Whom the period heard of, by the last of the askers' own ratings in it."""
    return Q(said__isnull=False)


def rated_so(*verdicts):
    return lambda scope: Q(said__in=verdicts)


def unrated(scope):
    """The time for rating ran out in the period, and the asker had said nothing."""
    return Q(
        state=Demand.State.TOLD, rate_by__gte=scope.start - DAY, rate_by__lt=scope.day
    )


def rating_due(scope):
    """Rated in the period, or the time for it ran out: silence is in the denominator."""
    return unrated(scope) | rated(scope)


def unsatisfied_on(scope):
    """Found wanting by the period's last day, and no further answer by then."""
    still = Q(state__in=Demand.UNSATISFIED) | Q(outcome_on__gt=scope.day)
    return still & Q(wanting_on__isnull=False)


def at_body_on(scope):
    """Of those, the ones that two answers did not satisfy."""
    twice = Rating.objects.by_askers().filter(
        demand=OuterRef("pk"),
        verdict=Rating.Verdict.NOT,
        round=Rating.MOST,
        on__lte=scope.day,
    )
    return unsatisfied_on(scope) & Q(Exists(twice))


def called_back(scope):
    """Those of whom a third person heard in the period, by what was heard last."""
    return Q(called__isnull=False)


def called_back_content(scope):
    return Q(called__in=Rating.CONTENT)


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
                **part(visits, met(kind)),
            ),
            Figure(
                f"visits_{name}_distinct",
                f"走访到的{label}",
                Unit.BUSINESSES,
                f"时段内至少上门走访到一次的{label}，每家只算一家。",
                f"{name}s",
                **part(visits, met(kind)) | {"rows": visited(kind)},
                once="business",
            ),
        )
    FIGURES.add(
        Figure(
            "attempts",
            "上门无人",
            Unit.VISITS,
            "时段内上门但没有遇到人的次数，单独记，不算走访，也不更新走访周期。",
            "visits",
            **part(visits, attempts),
        ),
        Figure(
            "calls",
            "电话联系",
            Unit.VISITS,
            "时段内电话联系的次数，单独记，不算走访，也不更新走访周期。",
            "visits",
            **part(visits, calls),
        ),
        Figure(
            "demands_raised",
            "提出诉求",
            Unit.DEMANDS,
            "时段内提出的诉求，不论来源和现在的状态。",
            "demands",
            **part(demands, raised),
        ),
        *(
            Figure(
                f"demands_{name}",
                label,
                Unit.DEMANDS,
                f"时段内提出、现在{words}的诉求。",
                "demands",
                **part(demands, raised_now(state)),
            )
            for name, state, label, words in (
                ("new", Demand.State.NEW, "待处理", "还没有处理"),
                ("joined", Demand.State.JOINED, "已并入事项", "并在事项里办理"),
                ("turned", Demand.State.TURNED, "已转办", "转为点单或需求在办"),
                ("answered", Demand.State.ANSWERED, "已答复待回告", "已答复、等回告"),
                (
                    "declined",
                    Demand.State.DECLINED,
                    "不予受理待回告",
                    "不予受理、等回告",
                ),
                (
                    "ended",
                    Demand.State.ENDED,
                    "已办结待回告",
                    "随事项或转办办结、等回告",
                ),
            )
        ),
        Figure(
            "demands_told",
            "已回告",
            Unit.DEMANDS,
            "时段内提出、现在已把结果告诉提出的人的诉求，评价过的也算。",
            "demands",
            **part(demands, raised_now(*Demand.HEARD)),
        ),
        Figure(
            "demands_urgent",
            "紧急安全诉求",
            Unit.DEMANDS,
            "时段内提出、标为紧急安全的诉求，不论现在的状态。",
            "demands",
            **part(demands, urgent),
        ),
        Figure(
            "demands_open",
            "诉求在办",
            Unit.DEMANDS,
            "到时段最后一天还没有结果的诉求，不论哪天提出。",
            "demands",
            **part(demands, open_on),
        ),
        Figure(
            "demands_overdue",
            "诉求超期",
            Unit.DEMANDS,
            "到时段最后一天还没有结果、且已过当时期限的诉求。",
            "demands",
            **part(demands, overdue_on),
        ),
        Figure(
            "demands_untold",
            "未告知结果的诉求",
            Unit.DEMANDS,
            "到时段最后一天已有结果、还没有告诉提出的人的诉求："
            "等着回告的和两次未联系上的。",
            "demands",
            **part(demands, untold_on),
        ),
        Figure(
            "demands_to_tell",
            "等着回告",
            Unit.DEMANDS,
            "到时段最后一天已有结果、等着告诉提出的人的诉求；两次未联系上的不在内。",
            "demands",
            **part(demands, to_tell_on),
        ),
        Figure(
            "demands_tell_late",
            "回告超期",
            Unit.DEMANDS,
            "等着回告的诉求中，到时段最后一天已过应回告日期的。",
            "demands",
            **part(demands, tell_late_on),
        ),
        Figure(
            "demands_unreached",
            "两次未联系上",
            Unit.DEMANDS,
            "到时段最后一天已有结果、在不同的日子或时段两次没联系上提出的人的诉求；"
            "不算已回告，下次见到时再告诉。",
            "demands",
            **part(demands, unreached_on),
        ),
        Figure(
            "demands_withdrawn",
            "本人撤回",
            Unit.DEMANDS,
            "时段内由提出的人自己撤回的诉求；仍算提出过。",
            "demands",
            **part(demands, withdrawn),
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
            **part(demands, first_word_due),
        ),
        Figure(
            "demands_first_word_in_time",
            "按时答话诉求",
            Unit.DEMANDS,
            "应答话诉求中，一个工作日内有人答话的；上门当面提出的当场即算答话。",
            "demands",
            **part(demands, first_word_in_time),
        ),
        Rate(
            "response_rate",
            "诉求响应率",
            "按时答话诉求 ÷ 应答话诉求；没有到时限的不进分母。",
            "demands_first_word_in_time",
            "demands_first_word_due",
        ),
        Figure(
            "demands_with_outcome",
            "有结果诉求",
            Unit.DEMANDS,
            "时段内提出、到最后一天已有结果的诉求，不予受理的也算有结果。",
            "demands",
            **part(demands, with_outcome),
        ),
        Figure(
            "demands_resolved",
            "解决诉求",
            Unit.DEMANDS,
            "有结果诉求中，已答复办好或随事项解决、部分解决的；不予受理、办不到已说明、"
            "上报、移交和提出的人不满意的不算。",
            "demands",
            **part(demands, resolved),
        ),
        Figure(
            "demands_unresolved",
            "未解决诉求",
            Unit.DEMANDS,
            "有结果诉求中没有解决的：不予受理、办不到已说明、上报、移交和提出的人不满意的；"
            "和解决诉求相加等于有结果诉求。",
            "demands",
            **part(demands, unresolved),
        ),
        Rate(
            "resolution_rate",
            "诉求解决率",
            "解决诉求 ÷ 有结果诉求；还没有结果的不进分母。",
            "demands_resolved",
            "demands_with_outcome",
        ),
        Figure(
            "demands_rated",
            "已评价诉求",
            Unit.DEMANDS,
            "时段内由提出的人自己评价过的诉求，每件看最后一次。",
            "demands",
            **part(demands, rated),
        ),
        Figure(
            "demands_satisfied",
            "满意诉求",
            Unit.DEMANDS,
            "已评价诉求中，最后一次评满意或基本满意的。",
            "demands",
            **part(demands, rated_so(*Rating.CONTENT)),
        ),
        Figure(
            "demands_rated_not",
            "不满意诉求",
            Unit.DEMANDS,
            "已评价诉求中，最后一次评不满意的。",
            "demands",
            **part(demands, rated_so(Rating.Verdict.NOT)),
        ),
        Rate(
            "satisfaction_rate",
            "诉求满意率",
            "满意诉求 ÷ 已评价诉求；没有评的不算满意，另列在未评价里。",
            "demands_satisfied",
            "demands_rated",
        ),
        Figure(
            "demands_unrated",
            "未评价诉求",
            Unit.DEMANDS,
            "时段内过了评价期限（回告后 10 个工作日）、提出的人没有评的诉求。",
            "demands",
            **part(demands, unrated),
        ),
        Figure(
            "demands_rating_due",
            "应评价诉求",
            Unit.DEMANDS,
            "时段内评价过的，加上时段内过了评价期限没有评的诉求。",
            "demands",
            **part(demands, rating_due),
        ),
        Rate(
            "rated_rate",
            "诉求参评率",
            "已评价诉求 ÷ 应评价诉求。",
            "demands_rated",
            "demands_rating_due",
        ),
        Figure(
            "demands_unsatisfied",
            "不满意待再答",
            Unit.DEMANDS,
            "到时段最后一天提出的人评了不满意、还没有再答复的诉求。",
            "demands",
            **part(demands, unsatisfied_on),
        ),
        Figure(
            "demands_at_body",
            "两次不满意",
            Unit.DEMANDS,
            "不满意待再答的诉求中，提出的人已两次评不满意、要由议事主体研商的。",
            "demands",
            **part(demands, at_body_on),
        ),
        Figure(
            "demands_called_back",
            "回访诉求",
            Unit.DEMANDS,
            "时段内由没有经办的第三人回访过的诉求，和提出的人自己的评价分开列。",
            "demands",
            **part(demands, called_back),
        ),
        Figure(
            "demands_called_back_satisfied",
            "回访满意诉求",
            Unit.DEMANDS,
            "回访诉求中，最后一次回访说满意或基本满意的。",
            "demands",
            **part(demands, called_back_content),
        ),
        Rate(
            "call_back_rate",
            "回访满意率",
            "回访满意诉求 ÷ 回访诉求；只作对照，不并入诉求满意率。",
            "demands_called_back_satisfied",
            "demands_called_back",
        ),
    )
