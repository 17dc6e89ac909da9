"""What is counted of matters, issues and measures."""

from django.db.models import Count, Q

from issues.models import Issue, Level, Matter, MatterDemand, Measure
from tianshan.ledgers import FIGURES, Figure, Unit, part
from tianshan.workdays.lights import YELLOW, light


def matters(scope):
    return (
        Matter.objects.visible_to(scope.user)
        .standing()
        .filter(grid__among=scope.grid.subtree, raised_on__range=scope.period)
    )


def common(scope):
    """Three or more distinct askers ask for the same."""
    shared = (
        MatterDemand.objects.in_force()
        .values("matter")
        .annotate(askers=Count("demand__business", distinct=True))
        .filter(askers__gte=3)
    )
    return matters(scope).filter(pk__in=shared.values("matter"))


def issues(scope):
    return Issue.objects.visible_to(scope.user).filter(grid__among=scope.grid.subtree)


def raised(scope):
    return Q(raised_on__range=scope.period)


def open_on(scope):
    return (Q(closed_on=None) | Q(closed_on__gt=scope.day)) & Q(
        raised_on__lte=scope.day
    )


def open_at(level):
    return lambda scope: open_on(scope) & Q(level=level)


def closed(scope):
    return Q(closed_on__range=scope.period)


def measures(scope):
    return Measure.objects.visible_to(scope.user).filter(
        matter__grid__among=scope.grid.subtree
    )


def under_way_on(scope):
    return (Q(done_on=None) | Q(done_on__gt=scope.day)) & Q(decided_on__lte=scope.day)


def red_on(scope):
    return under_way_on(scope) & Q(due_on__lt=scope.day)


def yellow_on(scope):
    """Not late, and 80 % of the working days have gone by.

    Working days are counted here and not in SQL: open measures are few.
    """
    rows = measures(scope).filter(under_way_on(scope))
    spans = rows.values_list("pk", "decided_on", "due_on")
    yellow = [
        pk for pk, start, due in spans if light(start, due, scope.day).colour == YELLOW
    ]
    return Q(pk__in=yellow)


def done(scope):
    return Q(done_on__range=scope.period)


def register():
    FIGURES.add(
        Figure(
            "common_demands",
            "共性诉求",
            Unit.MATTERS,
            "时段内提出、有三家或三家以上共同反映的事项。",
            "matters",
            common,
        ),
        Figure(
            "matters_raised",
            "提出事项",
            Unit.MATTERS,
            "时段内提出的事项，并掉的和撤回的不计。",
            "matters",
            matters,
        ),
        Figure(
            "issues_raised",
            "提出议题",
            Unit.ISSUES,
            "时段内提出的议题，不论现在的状态。",
            "issues",
            **part(issues, raised),
        ),
        Figure(
            "issues_open",
            "在议议题",
            Unit.ISSUES,
            "到时段最后一天还没有办结的议题。",
            "issues",
            **part(issues, open_on),
        ),
        *(
            Figure(
                f"issues_level_{level.value}",
                f"{level.label}在议",
                Unit.ISSUES,
                f"到时段最后一天还没有办结、由{level.label}负责的议题。",
                "issues",
                **part(issues, open_at(level)),
            )
            for level in Level
        ),
        Figure(
            "issues_closed",
            "办结议题",
            Unit.ISSUES,
            "时段内办结的议题：事项都办结，提出的人都已回告。",
            "issues",
            **part(issues, closed),
        ),
        Figure(
            "measures_open",
            "措施在办",
            Unit.MEASURES,
            "到时段最后一天还没有完成的措施。",
            "measures",
            **part(measures, under_way_on),
        ),
        Figure(
            "measures_overdue",
            "措施红灯",
            Unit.MEASURES,
            "到时段最后一天还没有完成、且已过期限的措施。",
            "measures",
            **part(measures, red_on),
            grid="matter__grid",
        ),
        Figure(
            "measures_yellow",
            "措施黄灯",
            Unit.MEASURES,
            "到时段最后一天还没有完成、没有过期、工作日已用去八成的措施。",
            "measures",
            **part(measures, yellow_on),
        ),
        Figure(
            "measures_decided",
            "定下措施",
            Unit.MEASURES,
            "时段内定下的措施，不论现在完成没有。",
            "measures",
            lambda scope: measures(scope).filter(decided_on__range=scope.period),
        ),
        Figure(
            "measures_done",
            "措施完成",
            Unit.MEASURES,
            "时段内完成的措施。",
            "measures",
            **part(measures, done),
        ),
    )
