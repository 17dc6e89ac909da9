"""What is counted of regular meetings: held in time, or rightly not needed, of those due."""

from django.db.models import Q

from issues import cadence
from issues.models import Slot
from tianshan.ledgers import FIGURES, Figure, Rate, Unit

PERIODS = {
    Slot.Cadence.WEEK: "每周",
    Slot.Cadence.TEN_DAY: "每旬",
    Slot.Cadence.MONTH: "每月",
}


def due(of):
    """Those whose last day lies in the period and is over, or was used already."""

    def rows(scope):
        slots = Slot.objects.visible_to(scope.user).filter(
            cadence=of, body__grid__among=scope.grid.subtree
        )
        # As in time, so on the last day itself: not owed before it is over.
        return cadence.over(slots, scope.today).filter(
            last_day__range=(scope.start, scope.day)
        )

    return rows


def kept(of):
    def rows(scope):
        slots = due(of)(scope)
        empty = cadence.not_needed(slots, scope.today, [of])
        return slots.filter(cadence.in_time() | Q(pk__in=empty))

    return rows


def register():
    for of, each in PERIODS.items():
        FIGURES.add(
            Figure(
                f"cadence_{of}_due",
                f"{of.label}应开",
                Unit.MEETINGS,
                f"{each}应开的{of.label}，最后一天在时段内、已经过了或已经开了的。",
                "slots",
                due(of),
            ),
            Figure(
                f"cadence_{of}_kept",
                f"{of.label}按期",
                Unit.MEETINGS,
                f"{of.label}应开中，按期开了，或到日子没有事等着议、无事不开的。"
                "补开的不算按期。",
                "slots",
                kept(of),
            ),
            Rate(
                f"cadence_{of}",
                f"{of.label}按期率",
                f"{of.label}按期（含无事不开）÷ {of.label}应开。",
                f"cadence_{of}_kept",
                f"cadence_{of}_due",
            ),
        )
