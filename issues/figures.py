"""What is counted of matters, issues and measures."""

from django.db.models import Count, Q

from issues.models import Issue, Level, Matter, MatterDemand, Measure
from tianshan.ledgers import FIGURES, Figure, Unit
from tianshan.workdays.lights import YELLOW, light


def matters(scope):
    return (
        Matter.objects.visible_to(scope.user)
        .standing()
        .filter(grid__path__startswith=scope.grid.path, raised_on__range=scope.period)
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
    return Issue.objects.visible_to(scope.user).filter(
        grid__path__startswith=scope.grid.path
    )


def issues_open_on(scope):
    return issues(scope).filter(
        Q(closed_on=None) | Q(closed_on__gt=scope.day), raised_on__lte=scope.day
    )


def open_at(level):
    return lambda scope: issues_open_on(scope).filter(level=level)


def measures(scope):
    return Measure.objects.visible_to(scope.user).filter(
        matter__grid__path__startswith=scope.grid.path
    )


def measures_open_on(scope):
    return measures(scope).filter(
        Q(done_on=None) | Q(done_on__gt=scope.day), decided_on__lte=scope.day
    )


def measures_yellow_on(scope):
    """Not late, and 80 % of the working days have gone by.

    Working days are counted here and not in SQL: open measures are few.
    """
    spans = measures_open_on(scope).values_list("pk", "decided_on", "due_on")
    return measures(scope).filter(
        pk__in=[
            pk
            for pk, start, due in spans
            if light(start, due, scope.day).colour == YELLOW
        ]
    )


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
            lambda scope: issues(scope).filter(raised_on__range=scope.period),
        ),
        Figure(
            "issues_open",
            "在议议题",
            Unit.ISSUES,
            "到时段最后一天还没有办结的议题。",
            "issues",
            issues_open_on,
        ),
        *(
            Figure(
                f"issues_level_{level.value}",
                f"{level.label}在议",
                Unit.ISSUES,
                f"到时段最后一天还没有办结、由{level.label}负责的议题。",
                "issues",
                open_at(level),
            )
            for level in Level
        ),
        Figure(
            "issues_closed",
            "办结议题",
            Unit.ISSUES,
            "时段内办结的议题：事项都办结，提出的人都已回告。",
            "issues",
            lambda scope: issues(scope).filter(closed_on__range=scope.period),
        ),
        Figure(
            "measures_open",
            "措施在办",
            Unit.MEASURES,
            "到时段最后一天还没有完成的措施。",
            "measures",
            measures_open_on,
        ),
        Figure(
            "measures_overdue",
            "措施红灯",
            Unit.MEASURES,
            "到时段最后一天还没有完成、且已过期限的措施。",
            "measures",
            lambda scope: measures_open_on(scope).filter(due_on__lt=scope.day),
        ),
        Figure(
            "measures_yellow",
            "措施黄灯",
            Unit.MEASURES,
            "到时段最后一天还没有完成、没有过期、工作日已用去八成的措施。",
            "measures",
            measures_yellow_on,
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
            lambda scope: measures(scope).filter(done_on__range=scope.period),
        ),
    )
