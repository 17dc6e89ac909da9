"""What can happen to a building: its facts and its honours."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from grids.models import Building, BuildingHonour
from tianshan.audit import record
from tianshan.values.actions import put

FACTS = (
    "name",
    "aliases",
    "kind",
    "address",
    "floors",
    "area",
    "units",
    "ownership",
    "property_manager",
)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody saved the same facts in the meantime: `fields` {name: stored value}."""

    def __init__(self, building, fields):
        labels = "、".join(
            str(Building._meta.get_field(name).verbose_name) for name in fields
        )
        super().__init__(f"您打开之后，别人改过：{labels}。请选定再保存。")
        self.building = building
        self.fields = fields


def _locked(building, *, by):
    """Lock the row, then ask whether it is this person's to write."""
    building = Building.objects.select_for_update().get(pk=building.pk)
    mine = Building.objects.visible_to(by, Right.EDIT_BUILDINGS)
    if not mine.filter(pk=building.pk).exists():
        raise PermissionDenied
    return building


@transaction.atomic
def edit_building(building, *, changes, seen, by, at):
    """Correct facts of a building; facts that nobody touched meanwhile merge.

    `changes` is `{field: new value}`, `seen` `{field: value when the form was drawn}`.
    Raises Conflict when a field to be changed now holds neither of the two. Returns
    the names of the fields that changed.
    """
    building = _locked(building, by=by)
    wanted = {
        name: value
        for name, value in changes.items()
        if name in FACTS and value != seen[name]
    }
    stored = {name: getattr(building, name) for name in wanted}
    clashes = {
        name: stored[name]
        for name, value in wanted.items()
        if stored[name] not in (seen[name], value)
    }
    if clashes:
        raise Conflict(building, clashes)
    changed = sorted(name for name, value in wanted.items() if value != stored[name])
    if "name" in changed:
        namesakes = Building.objects.filter(grid=building.grid, name=wanted["name"])
        if namesakes.exclude(pk=building.pk).exists():
            raise Refused(f"本网格已有“{wanted['name']}”，请换一个名称。")
    if changed:
        for name in changed:
            setattr(building, name, wanted[name])
        building.updated_at = at
        building.save(update_fields=[*changed, "updated_at"])
        record("building.edited", building, by=by, at=at, fields=changed)
    return changed


@transaction.atomic
def give_honour(building, *, name, given_by, given_on, by, at):
    """Record an honour of a building, and who gave it when."""
    building = _locked(building, by=by)
    if building.honours.held().filter(name=name).exists():
        raise Refused(f"“{name}”已经登记。")
    honour = building.honours.create(name=name, given_by=given_by, given_on=given_on)
    record("building.honoured", building, by=by, at=at, honour=honour.pk)
    return honour


@transaction.atomic
def withdraw_honour(honour, *, why, by, on, at):
    """Take an honour down: it was withdrawn, or entered by mistake. It stays on record."""
    _locked(honour.building, by=by)
    honour = BuildingHonour.objects.select_for_update().get(pk=honour.pk)
    if honour.withdrawn_on:
        raise Refused("这项荣誉已经撤下。")
    honour.withdrawn_on, honour.withdrawn_why = on, why
    honour.save(update_fields=["withdrawn_on", "withdrawn_why"])
    record("building.honour_withdrawn", honour, by=by, at=at)
    return honour


@transaction.atomic
def answer_extra(building, *, fields, answers, unseen, by, at):
    """Put answers to extra fields; returns the labels of those that changed."""
    building = _locked(building, by=by)
    changed = put(building, fields=fields, answers=answers, unseen=unseen(building))
    if changed:
        building.updated_at = at
        building.save(update_fields=["extra", "updated_at"])
        record("building.answered", building, by=by, at=at, fields=changed)
    return changed
