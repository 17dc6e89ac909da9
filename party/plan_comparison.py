"""What an edition of a plan changed against the one before."""

from dataclasses import dataclass

from party.models import BuildingPlan, PlanItem
from party.plans import TEXTS


@dataclass(frozen=True)
class Line:
    """One item in both editions, or in one of them alone."""

    before: PlanItem | None
    after: PlanItem | None
    words: str


def texts(plan):
    """`[{label, before, after}]` of the parts, as they read then and now."""
    return [
        {
            "label": BuildingPlan._meta.get_field(name).verbose_name,
            "before": getattr(plan.previous, name),
            "after": getattr(plan, name),
        }
        for name in TEXTS
    ]


def lines(plan):
    """Every item of the two editions once, what was carried over beside itself."""
    now = list(plan.items.select_related("organization", "unit"))
    then = list(plan.previous.items.select_related("organization", "unit"))
    carried = {item.carried_from_id: item for item in now}
    compared = [Line(item, carried.get(item.pk), "") for item in then]
    compared += [Line(None, item, "") for item in now if item.carried_from_id is None]
    return [Line(one.before, one.after, _said(one)) for one in compared]


def _said(line):
    before, after = line.before, line.after
    if before is None:
        return "新列入"
    if after is None:
        return before.get_state_display()
    changes = []
    if before.content != after.content:
        changes.append("改了写法")
    if before.owner != after.owner:
        changes.append(f"改由{after.owner}负责")
    if before.due_on != after.due_on:
        changes.append(f"期限 {before.due_on} → {after.due_on}")
    return "转入" + ("，" + "，".join(changes) if changes else "")
