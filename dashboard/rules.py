"""What can happen to the rules of a grid, and what was laid down so far."""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid, GridRules
from grids.rules import Rules
from tianshan.audit import record
from tianshan.ledgers import touched

# Of these Standing is computed; deadlines that run and figures ask for the others.
OF_STANDING = {
    "new_within",
    "priority_every",
    "others_every",
    "enterprises_take_part",
    "merchants_take_part",
}


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _locked(grid, *, by):
    """Lock the grid against other changes of its rules; visits there go on."""
    if not Grid.objects.visible_to(by, Right.RUN_SYSTEM).filter(pk=grid.pk).exists():
        raise PermissionDenied
    return Grid.objects.select_for_update(of=["self"], no_key=True).get(pk=grid.pk)


def tomorrow(at):
    """What is past or under way was promised by other rules: earliest tomorrow."""
    return timezone.localdate(at) + dt.timedelta(days=1)


def _touch(grid):
    """All that are, or ever were, in the grid or below it."""
    inside = Q(grid__path__startswith=grid.path) | Q(
        occupancies__grid__path__startswith=grid.path
    )
    # Businesses are locked last, by what is told here.
    touched(Business.objects.filter(inside).values_list("pk", flat=True))


@transaction.atomic
def set_rules(grid, *, since, values, by, at):
    """Lay down all rules of a grid from a day on; None leaves one to the grid above.

    A day that has rules already, and has not come yet, gets these instead.
    """
    grid = _locked(grid, by=by)
    if since < tomorrow(at):
        raise Refused("最早从明天起生效：今天和以前的期限、达标情况不能改。")
    last = grid.rules.filter(since__lte=since).order_by("since").last()
    before = last.values if last else dict.fromkeys(GridRules.DEFAULTS)
    changed = {name for name, value in values.items() if value != before[name]}
    if not changed:
        raise Refused("和这一天已有的规则一样，没有要改的。")
    row, _ = GridRules.objects.update_or_create(
        grid=grid, since=since, defaults={**values, "set_by": by, "set_at": at}
    )
    then = Rules.load().on(grid, since)
    if then.priority_every > then.others_every:
        raise Refused(
            f"重点走访周期（{then.priority_every} 天）不能比一般走访周期"
            f"（{then.others_every} 天）长。"
        )
    if then.ordinary_within > then.hard_within:
        raise Refused(
            f"一般诉求期限（{then.ordinary_within} 个工作日）不能比疑难诉求期限"
            f"（{then.hard_within} 个工作日）长。"
        )
    if then.urgent_within > then.ordinary_within:
        raise Refused(
            f"紧急安全诉求期限（{then.urgent_within} 个工作日）不能比一般诉求期限"
            f"（{then.ordinary_within} 个工作日）长。"
        )
    record(
        "grid.rules_set",
        row,
        by=by,
        at=at,
        since=since.isoformat(),
        changed={name: [before[name], values[name]] for name in sorted(changed)},
    )
    if changed & OF_STANDING:
        _touch(grid)
    return row


@transaction.atomic
def drop_rules(row, *, by, at):
    """Take rules back that have not come into force."""
    grid = _locked(row.grid, by=by)
    row = grid.rules.select_for_update(of=["self"]).get(pk=row.pk)
    if row.since < tomorrow(at):
        raise Refused("已经生效的不能取消；可以从明天起另定。")
    record("grid.rules_dropped", row, by=by, at=at, since=row.since.isoformat())
    row.delete()
    _touch(grid)


@transaction.atomic
def set_live(grid, *, on, by, at):
    """Say from which day a grid is in use; fixed once that day has come."""
    grid = _locked(grid, by=by)
    if grid.live_on < tomorrow(at):
        raise Refused(f"{grid.live_on} 已经启用，启用日不能再改。")
    if on < tomorrow(at):
        raise Refused("启用日最早是明天。")
    if on == grid.live_on:
        return grid
    before, grid.live_on = grid.live_on, on
    grid.save(update_fields=["live_on"])
    record(
        "grid.live_set",
        grid,
        by=by,
        at=at,
        before=before.isoformat(),
        after=on.isoformat(),
    )
    _touch(grid)
    return grid


# --- in words ----------------------------------------------------------------------

UNITS = {
    "new_within": " 个工作日",
    "priority_every": " 天",
    "others_every": " 天",
    "ordinary_within": " 个工作日",
    "hard_within": " 个工作日",
    "urgent_within": " 个工作日",
    "told_within": " 个工作日",
    "counted_from_staff": " 人",
    "must_build_at": " 名",
}


def label(name):
    """The name of a rule without its unit, which stands with the value."""
    return GridRules._meta.get_field(name).verbose_name.partition("（")[0]


def words(name, value):
    if value is None:
        return "随上级"
    if name == "counted_from_staff" and value == 0:
        return "不设"
    if isinstance(value, bool):
        return "计入达标" if value else "不计入达标"
    return f"{value}{UNITS[name]}"


@dataclass
class Laid:
    """One row as a line of history: what it changed, in words."""

    row: GridRules
    lines: list
    ahead: bool


def history(grid, today):
    """What was laid down for the grid, the latest first."""
    before, laid = dict.fromkeys(GridRules.DEFAULTS), []
    for row in grid.rules.select_related("set_by").order_by("since"):
        lines = [
            f"{label(name)}：{words(name, before[name])} → {words(name, value)}"
            for name, value in row.values.items()
            if value != before[name]
        ]
        laid.append(Laid(row, lines, row.since > today))
        before = row.values
    return laid[::-1]


def in_force(grid, day):
    """`[{name, label, words, own}]`: what holds in the grid, and if it is its own."""
    now = Rules.load().on(grid, day)
    last = grid.rules.filter(since__lte=day).order_by("since").last()
    own = last.values if last else {}
    return [
        {
            "name": name,
            "label": label(name),
            "words": words(name, getattr(now, name)),
            "own": own.get(name) is not None,
        }
        for name in GridRules.DEFAULTS
    ]
