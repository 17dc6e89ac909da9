"""Coverage in figures: from formal to effective, and what lies between."""

from django.db.models import Q

from dashboard.models import (
    COVERED,
    EFFECTIVE,
    IS_NOT_DUE,
    NOT_EFFECTIVE,
    UNCOVERED,
    Condition,
    Standing,
    StandingSum,
    failing,
    first_failing,
)
from enterprises.models import Business, Coverage
from tianshan.ledgers import FIGURES, Figure, Rate, Unit


def standings(scope):
    """The rows that hold on the scope's day, of the businesses that count."""
    return Standing.objects.on(scope.day).in_scope(scope.grid)


def businesses(condition):
    """The businesses of a class, as far as one may see them."""

    def rows(scope):
        left = standings(scope).classed(scope.day).filter(condition)
        return Business.objects.visible_to(scope.user).filter(
            pk__in=left.values("business")
        )

    return rows


def classes(scope):
    """What those are counted by: the sums, for who sees by grid alone all they hold."""
    if Business.objects.seen_by_grid_alone(scope.user):
        sums = StandingSum.objects.visible_to(scope.user)
        return sums.in_scope(scope.grid).up_to(scope.day), "change"
    return standings(scope).visible_to(scope.user).classed(scope.day), ""


def figure(key, label, definition, condition):
    return Figure(
        key,
        label,
        Unit.BUSINESSES,
        definition,
        "businesses",
        businesses(condition),
        family=classes,
        condition=lambda scope: condition,
    )


GAPS = (
    (
        Condition.UNVISITED,
        "未按期走访",
        "已过走访期限还没有走访到人（新发现 5 个工作日，重点 30 天，其他 90 天，"
        "以网格设置为准）",
    ),
    (Condition.OVERDUE, "诉求超期", "有诉求过了期限还没有结果"),
    (Condition.UNTOLD, "未告知结果", "诉求有了结果，过了回告期限还没有告诉提出的人"),
    (
        Condition.ABSENT,
        "未参与服务",
        "365 天内没有参加过活动（企业要算，商户按网格规则）",
    ),
)


def register():
    FIGURES.add(
        figure(
            "in_scope",
            "在册",
            "时段最后一天在营的企业、商户、社会组织和新就业群体站点。",
            Q(),
        ),
        figure(
            "covered",
            "有形覆盖",
            "在册且有党组织负责的：单独组建、联合组建、楼宇·市场·街区党组织覆盖"
            "或区域性党组织兜底。",
            COVERED,
        ),
        figure(
            "effective",
            "有效覆盖",
            "有形覆盖、走访已到期，且按期走访、诉求不超期、结果已告知、参加过服务活动都做到的。",
            EFFECTIVE,
        ),
        figure(
            "not_effective",
            "有形未有效",
            "有形覆盖而不是有效覆盖的：四项差距和未到期相加，正好是这个数。",
            NOT_EFFECTIVE,
        ),
        figure(
            "not_due",
            "未到期",
            "有形覆盖、还没有走访过、首次走访期限也还没有到的，单独算一类。",
            IS_NOT_DUE,
        ),
        figure(
            "visits_due",
            "走访已到期",
            "有形覆盖而不是未到期的：走访过，或首次走访期限已经到了。",
            COVERED & ~IS_NOT_DUE,
        ),
        figure(
            "visited_in_time",
            "按期走访",
            "走访已到期的当中，还没有过走访期限的。",
            COVERED & ~IS_NOT_DUE & ~failing(Condition.UNVISITED),
        ),
        Rate(
            "visited_in_time_rate",
            "走访按期率",
            "按期走访 ÷ 走访已到期。",
            "visited_in_time",
            "visits_due",
        ),
        figure(
            "gap_uncovered",
            "尚未覆盖",
            "在册但还没有党组织负责的。",
            UNCOVERED,
        ),
        Rate(
            "formal_coverage",
            "有形覆盖率",
            "有形覆盖 ÷ 在册。",
            "covered",
            "in_scope",
        ),
        Rate(
            "effective_coverage",
            "有效覆盖率",
            "有效覆盖 ÷ 在册；未到期的在分母里，不在分子里。",
            "effective",
            "in_scope",
        ),
        *(
            figure(
                f"gap_{condition}",
                label,
                f"有形覆盖、走访已到期，按先后次序头一项没做到的是：{words}。"
                "每家只记一处。",
                first_failing(condition),
            )
            for condition, label, words in GAPS
        ),
        *(
            figure(
                f"fails_{condition}",
                f"{label}（全部）",
                f"有形覆盖、走访已到期，{words}。一家有几项没做到，每项都记。",
                failing(condition),
            )
            for condition, label, words in GAPS
        ),
        *(
            figure(
                f"covered_{mode}",
                mode.label,
                f"有形覆盖中，排在最前的方式是{mode.label}的。",
                Q(mode=mode),
            )
            for mode in Coverage.Mode
        ),
    )
