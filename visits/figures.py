"""What is counted of visits and demands."""

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from enterprises.models import Business
from tianshan.ledgers import FIGURES, Figure, Rate, Unit
from tianshan.workdays import Calendar
from visits.models import Demand, DemandDue, Rating, Visit

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
        Q(first_outcome_on=None) | Q(first_outcome_on__gt=scope.day),
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
    untold = Q(told_on=None) | Q(told_on__gt=scope.day)
    # An answer that another one has replaced since stands with its rating.
    earlier = Rating.objects.by_askers().filter(
        demand=OuterRef("pk"), outcome_on__lte=scope.day, told_on__gt=scope.day
    )
    return demands(scope).filter(
        Q(untold, outcome_on__lte=scope.day) | Exists(earlier), not_dropped(scope)
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


# --- what came of them, as askers say -------------------------------------------------


def with_outcome(scope):
    """Raised in the period, and something had come of them by its last day."""
    return raised(scope).filter(first_outcome_on__lte=scope.day)


def resolved(scope):
    return with_outcome(scope).filter(resolved=True)


def unresolved(scope):
    """Of those with an outcome, the others: declined, explained, found wanting."""
    return with_outcome(scope).exclude(resolved=True)


def rated(scope, verdicts=None, *, by="by_askers"):
    """Whose last rating of the period is one of the verdicts; all that have any.

    `by` says whose: the askers' own, or what third persons heard.
    """
    ratings = getattr(Rating.objects, by)().filter(on__range=scope.period)
    latest = ratings.filter(demand=OuterRef("pk")).order_by("-on", "-pk")
    found = demands(scope).alias(said=Subquery(latest.values("verdict")[:1]))
    if verdicts is None:
        return found.exclude(said=None)
    return found.filter(said__in=verdicts)


def rated_so(*verdicts, by="by_askers"):
    return lambda scope: rated(scope, verdicts, by=by)


def unrated(scope):
    """The time for rating ran out in the period, and the asker had said nothing."""
    return demands(scope).filter(
        state=Demand.State.TOLD, rate_by__gte=scope.start - DAY, rate_by__lt=scope.day
    )


def rating_due(scope):
    """Rated in the period, or the time for it ran out: silence is in the denominator."""
    said = rated(scope).order_by().values("pk")
    return demands(scope).filter(
        Q(pk__in=said) | Q(pk__in=unrated(scope).order_by().values("pk"))
    )


def unsatisfied_on(scope):
    """Found wanting by the period's last day, and no further answer by then."""
    wanting = Rating.objects.by_askers().filter(
        demand=OuterRef("pk"), verdict=Rating.Verdict.NOT, on__lte=scope.day
    )
    last = wanting.order_by("-on", "-pk")
    return (
        demands(scope)
        .alias(wanting_on=Subquery(last.values("on")[:1]))
        .alias(wanted=Subquery(last.values("outcome_on")[:1]))
        .exclude(wanting_on=None)
        .filter(
            Q(state__in=Demand.UNSATISFIED) | Q(outcome_on__gt=scope.day),
        )
    )


def at_body_on(scope):
    """Of those, the ones that two answers did not satisfy."""
    twice = Rating.objects.by_askers().filter(
        demand=OuterRef("pk"),
        verdict=Rating.Verdict.NOT,
        round=Rating.MOST,
        on__lte=scope.day,
    )
    return unsatisfied_on(scope).filter(Exists(twice))


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
            raised_now(*Demand.HEARD),
        ),
        Figure(
            "demands_urgent",
            "紧急安全诉求",
            Unit.DEMANDS,
            "时段内提出、标为紧急安全的诉求，不论现在的状态。",
            "demands",
            lambda scope: raised(scope).filter(urgent=True),
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
            "到时段最后一天已有结果、还没有告诉提出的人的诉求："
            "等着回告的和两次未联系上的。",
            "demands",
            untold_on,
        ),
        Figure(
            "demands_to_tell",
            "等着回告",
            Unit.DEMANDS,
            "到时段最后一天已有结果、等着告诉提出的人的诉求；两次未联系上的不在内。",
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
            "到时段最后一天已有结果、在不同的日子或时段两次没联系上提出的人的诉求；"
            "不算已回告，下次见到时再告诉。",
            "demands",
            unreached_on,
        ),
        Figure(
            "demands_withdrawn",
            "本人撤回",
            Unit.DEMANDS,
            "时段内由提出的人自己撤回的诉求；仍算提出过。",
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
        Figure(
            "demands_with_outcome",
            "有结果诉求",
            Unit.DEMANDS,
            "时段内提出、到最后一天已有结果的诉求，不予受理的也算有结果。",
            "demands",
            with_outcome,
        ),
        Figure(
            "demands_resolved",
            "解决诉求",
            Unit.DEMANDS,
            "有结果诉求中，已答复办好或随事项解决、部分解决的；不予受理、办不到已说明、"
            "上报、移交和提出的人不满意的不算。",
            "demands",
            resolved,
        ),
        Figure(
            "demands_unresolved",
            "未解决诉求",
            Unit.DEMANDS,
            "有结果诉求中没有解决的：不予受理、办不到已说明、上报、移交和提出的人不满意的；"
            "和解决诉求相加等于有结果诉求。",
            "demands",
            unresolved,
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
            rated,
        ),
        Figure(
            "demands_satisfied",
            "满意诉求",
            Unit.DEMANDS,
            "已评价诉求中，最后一次评满意或基本满意的。",
            "demands",
            rated_so(*Rating.CONTENT),
        ),
        Figure(
            "demands_rated_not",
            "不满意诉求",
            Unit.DEMANDS,
            "已评价诉求中，最后一次评不满意的。",
            "demands",
            rated_so(Rating.Verdict.NOT),
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
            unrated,
        ),
        Figure(
            "demands_rating_due",
            "应评价诉求",
            Unit.DEMANDS,
            "时段内评价过的，加上时段内过了评价期限没有评的诉求。",
            "demands",
            rating_due,
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
            unsatisfied_on,
        ),
        Figure(
            "demands_at_body",
            "两次不满意",
            Unit.DEMANDS,
            "不满意待再答的诉求中，提出的人已两次评不满意、要由议事主体研商的。",
            "demands",
            at_body_on,
        ),
        Figure(
            "demands_called_back",
            "回访诉求",
            Unit.DEMANDS,
            "时段内由没有经办的第三人回访过的诉求，和提出的人自己的评价分开列。",
            "demands",
            lambda scope: rated(scope, by="call_backs"),
        ),
        Figure(
            "demands_called_back_satisfied",
            "回访满意诉求",
            Unit.DEMANDS,
            "回访诉求中，最后一次回访说满意或基本满意的。",
            "demands",
            rated_so(*Rating.CONTENT, by="call_backs"),
        ),
        Rate(
            "call_back_rate",
            "回访满意率",
            "回访满意诉求 ÷ 回访诉求；只作对照，不并入诉求满意率。",
            "demands_called_back_satisfied",
            "demands_called_back",
        ),
    )
