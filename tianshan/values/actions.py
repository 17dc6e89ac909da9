"""What can happen to extra fields, and to the answers in a row.

Rooms call `put` from an action of their own, which has locked the row and asked for
its own right; definitions are kept by whoever runs the system.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from tianshan.audit import record
from tianshan.values import extra, shift
from tianshan.values.extra import CARRIERS
from tianshan.values.models import ExtraField

KEPT = object()  # an answer that was shown as its mask and left alone
KEEPS_VALUES = "run_system"  # accounts.rights.Right.RUN_SYSTEM, a room above


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _may_keep(by):
    if not by.may(KEEPS_VALUES):
        raise PermissionDenied


def _locked(field, *, by):
    _may_keep(by)
    return ExtraField.objects.select_for_update().get(pk=field.pk)


def used(field):
    """How many rows hold an answer."""
    rows = CARRIERS[field.of].model._base_manager
    return rows.filter(extra__has_key=field.key).count()


def used_choices(field):
    """The choices that rows hold."""
    rows = CARRIERS[field.of].model._base_manager.filter(extra__has_key=field.key)
    name = f"extra__{field.key}"
    return set(rows.order_by().values_list(name, flat=True).distinct())


@transaction.atomic
def add_field(*, of, label, type, by, at, **facts):
    """Have a ledger hold one more field, last in its order."""
    _may_keep(by)
    last = ExtraField.objects.filter(of=of).aggregate(last=Max("position"))["last"] or 0
    field = ExtraField.objects.create(
        of=of, label=label, type=type, position=last + 10, **facts
    )
    record("extra_field.added", field, by=by, at=at, of=of, label=label, type=type)
    _tell()
    return field


@transaction.atomic
def edit_field(field, *, changes, by, at):
    """Change a definition: what is asked, of whom, who sees the answers, in use or not.

    The type of a field that was answered stays, and so do the choices that were made.
    """
    field = _locked(field, by=by)
    changed = {
        name: [getattr(field, name), value]
        for name, value in changes.items()
        if getattr(field, name) != value
    }
    if "type" in changed and used(field):
        raise Refused("已经填过的字段不能改类型；请停用它，另加一个。")
    if "choices" in changed:
        gone = used_choices(field) - set(changed["choices"][1])
        if gone:
            raise Refused(f"“{'、'.join(sorted(gone))}”已经有人选过，不能去掉。")
    if changed:
        for name, (_, after) in changed.items():
            setattr(field, name, after)
        field.save(update_fields=list(changed))
        record("extra_field.edited", field, by=by, at=at, changed=changed)
        _tell()
        if changed.keys() & {"visibility", "active", "kinds"}:
            _index_anew(field)
    return field


@transaction.atomic
def move_field(field, *, up, by, at):
    """Move a field one place up or down among those of its ledger."""
    field = _locked(field, by=by)
    if shift(ExtraField.objects.filter(of=field.of), field, up=up):
        record("extra_field.moved", field, by=by, at=at, up=up)
        _tell()


@transaction.atomic
def delete_field(field, *, by, at):
    """Delete a field that no row ever answered."""
    field = _locked(field, by=by)
    if used(field):
        raise Refused(f"“{field}”已经填过，不能删除；不再用的请停用。")
    record("extra_field.deleted", field, by=by, at=at, label=field.label)
    field.delete()
    _tell()


def _tell():
    """Now for this transaction, and once more when others can see it too."""
    extra.changed()
    transaction.on_commit(extra.changed)


def _index_anew(field):
    """What the search box finds follows what is in use, and is of no person."""
    rows = CARRIERS[field.of].model._base_manager.filter(extra__has_key=field.key)
    some = []
    for row in rows.select_for_update(no_key=True).iterator(2000):
        row.index()
        some.append(row)
    rows.model._base_manager.bulk_update(some, ["search"], batch_size=1000)


# --- answers -----------------------------------------------------------------------


class Conflict(Refused):
    """Somebody answered the same meanwhile: `fields`, those of the clash."""

    def __init__(self, fields):
        labels = "、".join(field.label for field in fields)
        super().__init__(f"您打开之后，别人改过：{labels}。请核对后再保存。")
        self.fields = fields


def put(row, *, fields, answers, unseen):
    """Put answers into a locked row, unsaved; returns the labels of those changed.

    `answers` is `{key: as stored, None for none}` of what somebody changed,
    `unseen(key)` says whether the stored answer is another one than the form showed.
    """
    wanted = {
        field: answers[field.key]
        for field in fields
        if field.key in answers and answers[field.key] != row.extra.get(field.key)
    }
    if clashes := [field for field in wanted if unseen(field.key)]:
        raise Conflict(clashes)
    kept = dict(row.extra)
    for field, value in wanted.items():
        if value is None:
            kept.pop(field.key, None)
        else:
            kept[field.key] = value
    row.extra = kept
    return [field.label for field in wanted]
