"""Finished help by place: whole months of the whole street, and nothing small."""

import calendar
from collections import Counter

from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from cases.models import HelpCase, Place, Tally
from grids.models import Grid, Neighborhood
from tianshan.ledgers import FIGURES, SmallCount, Unit
from tianshan.ledgers.figures import FEWEST

RULE = f"只按全街道、整月合计，一个月不足 {FEWEST} 的不计入、不显示，没有名单可点开。"


def _months(scope):
    """The period in whole months: a day more or less tells nothing of that day."""
    last = calendar.monthrange(scope.end.year, scope.end.month)[1]
    return scope.start.replace(day=1), scope.end.replace(day=last)


def _per_month(rows, day, number, place, scope):
    around = Neighborhood.objects.filter(grids__path__startswith=scope.grid.path)
    rows = rows.filter(
        place=place,
        neighborhood__in=around.values("pk"),
        **{f"{day}__range": _months(scope)},
    )
    months = rows.order_by().annotate(month=TruncMonth(day)).values_list("month")
    return months.annotate(n=number)


def done(place):
    """How many in the scope, of the months that have enough; None if that is none."""

    def total(scope):
        if scope.grid.kind != Grid.Kind.STREET:
            return None  # what is left of the street would tell of the other grids
        finished = HelpCase.objects.filter(state=HelpCase.State.FINISHED)
        helped = _per_month(finished, "closed_on", Count("pk"), place, scope)
        shown = _per_month(Tally.objects.all(), "on", Sum("people"), place, scope)
        counts = Counter()
        for month, n in helped.union(shown, all=True):
            counts[month] += n
        return sum(n for n in counts.values() if n >= FEWEST) or None

    return total


def register():
    FIGURES.add(
        SmallCount(
            "helpcases_home",
            "上门帮办",
            Unit.PERSON_TIMES,
            f"在居民家里帮着办结的。{RULE}",
            done(Place.HOME),
        ),
        SmallCount(
            "helpcases_counter",
            "窗口帮办",
            Unit.PERSON_TIMES,
            f"在专窗帮着办结的，连同只记人次的。{RULE}",
            done(Place.COUNTER),
        ),
        SmallCount(
            "helpcases_stand",
            "摊位帮办",
            Unit.PERSON_TIMES,
            f"在摊位帮着办结的，连同只记人次的。{RULE}",
            done(Place.STAND),
        ),
    )
