"""Bulk edits: many rows changed as one, looked at first, and put back on request."""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from tianshan.audit import record
from tianshan.ledgers.actions import Refused
from tianshan.ledgers.models import BulkEdit
from tianshan.web.middleware import current_request_id

MOST = 5000  # rows in one edit
OUT_OF_REACH = "不在您能改的范围"


class Edit:
    """One kind of bulk edit, as the room that owns the rows declares it.

    The room says what a row holds, what it would hold, and writes many in a few
    statements; history comes by triggers. Here is what all have in common. Made anew
    for each use, so that what `prepare` read is of these rows.
    """

    key = ""
    label = ""
    icon = "edit"
    right = None
    model = None
    form = None  # form(data=None, user=user): the new value

    def reachable(self, user):
        """The rows that the user may change so, of all."""
        return self.model.objects.visible_to(user, self.right)

    def name(self, row):
        """What the row is called where it is looked at before the change."""
        return str(row)

    def lock_first(self, pks):
        """Lock what the room locks before these rows, wherever an act begins."""

    def words(self, values):
        """The change in words: 行业改为“茶叶零售”."""
        raise NotImplementedError

    def before(self, row):
        """What the row holds, in words."""
        raise NotImplementedError

    def after(self, row, values):
        """What it would hold, in words."""
        raise NotImplementedError

    def same(self, row, values):
        return self.before(row) == self.after(row, values)

    def prepare(self, rows, values):
        """Read what telling rows apart needs, for all of them at once."""

    def refused(self, row, values):
        """Why this row cannot be changed so, or ""."""
        return ""

    def write(self, rows, values, *, by, at):
        """Change the locked rows; `{pk: what it takes to put the row back}`."""
        raise NotImplementedError

    def restore(self, rows, changes, *, by, at):
        """Put locked rows back: `changes` as `write` gave them."""
        raise NotImplementedError

    def last_history(self, pks):
        """The number of the last history row of these rows."""
        events = self.model.pgh_event_model.objects
        return events.filter(pgh_obj__in=pks).aggregate(last=Max("pgh_id"))["last"] or 0

    def touched_since(self, edit, pks):
        """Those of the rows whose history went on after the edit, by any path."""
        events = self.model.pgh_event_model.objects
        later = events.filter(pgh_obj__in=pks, pgh_id__gt=edit.marker)
        return set(later.values_list("pgh_obj", flat=True))


class SetField(Edit):
    """Set one field that is a plain fact to one value."""

    field = ""

    def new(self, values):
        return values[self.field]

    def said(self, value):
        choices = dict(self.model._meta.get_field(self.field).flatchoices)
        return str(choices.get(value, value)) or "（空）"

    def words(self, values):
        label = self.model._meta.get_field(self.field).verbose_name
        return f"{label}改为“{self.said(self.new(values))}”"

    def before(self, row):
        return self.said(getattr(row, self.field))

    def after(self, row, values):
        return self.said(self.new(values))

    def same(self, row, values):
        return getattr(row, self.field) == self.new(values)

    def along(self, at):
        """Further fields to write, for versions and times of change."""
        return {}

    def stamp(self, row, at):
        """The same on a row in hand; answers the names of these fields."""
        return []

    def write(self, rows, values, *, by, at):
        changes = {row.pk: getattr(row, self.field) for row in rows}
        value = {self.field: self.new(values)}
        self.model.objects.filter(pk__in=changes).update(**value, **self.along(at))
        return changes

    def restore(self, rows, changes, *, by, at):
        fields = [self.field]
        for row in rows:
            setattr(row, self.field, changes[row.pk])
            fields = [self.field, *self.stamp(row, at)]
        self.model.objects.bulk_update(rows, fields, batch_size=500)


@dataclass
class Plan:
    """What an edit would do to the rows: each changes, is so already, or is refused."""

    change: list = field(default_factory=list)  # rows
    same: list = field(default_factory=list)
    refused: list = field(default_factory=list)  # (row, why)

    @property
    def seen(self):
        """What the user looked at, to notice when it is something else by now."""
        return f"{len(self.change)}.{len(self.same)}.{len(self.refused)}"

    @property
    def reasons(self):
        """Why rows are refused, each reason with its count."""
        counts = {}
        for _, why in self.refused:
            counts[why] = counts.get(why, 0) + 1
        return counts


def plan(edit, rows, values, *, user):
    """Sort the rows by what the edit would do; `rows` with a list's joins."""
    rows = list(rows[: MOST + 1])
    if len(rows) > MOST:
        raise Refused(f"一次最多改 {MOST} 条，请加筛选分几次改。")
    reachable = set(
        edit.reachable(user)
        .filter(pk__in=[row.pk for row in rows])
        .values_list("pk", flat=True)
    )
    edit.prepare(rows, values)
    planned = Plan()
    for row in rows:
        if row.pk not in reachable:
            planned.refused.append((row, OUT_OF_REACH))
        elif why := edit.refused(row, values):
            planned.refused.append((row, why))
        elif edit.same(row, values):
            planned.same.append(row)
        else:
            planned.change.append(row)
    return planned


def _locked(edit, pks):
    """The rows, each locked, in one order so that two edits wait and do not clash."""
    rows = edit.model.objects.for_list().filter(pk__in=pks)
    return rows.select_for_update(of=["self"]).order_by("pk")


@transaction.atomic
def apply(ledger, edit, rows, values, *, seen, by, at):
    """Change all rows of the plan as one, and keep what they held.

    The rows are locked and planned anew: when that is not what was `seen`, nothing
    is written. Returns the BulkEdit.
    """
    if not by.may(edit.right):
        raise PermissionDenied
    pks = list(rows.order_by().values_list("pk", flat=True)[: MOST + 1])
    edit.lock_first(pks)
    planned = plan(edit, _locked(edit, pks), values, user=by)
    if planned.seen != seen:
        raise Refused("您预览之后，这些记录有了变化。请看过新的预览再办。")
    if not planned.change:
        raise Refused("没有要改的记录。")

    changes = edit.write(planned.change, values, by=by, at=at)
    done = BulkEdit.objects.create(
        ledger=ledger.key,
        act=edit.key,
        words=edit.words(values)[:200],
        changes={str(pk): change for pk, change in changes.items()},
        rows=len(changes),
        by=by,
        at=at,
        request=current_request_id(),
        marker=edit.last_history(list(changes)),
    )
    record("rows.bulk_edited", done, by=by, at=at, ledger=ledger.key, act=edit.key)
    return done


@transaction.atomic
def undo(done, edit, *, by, at):
    """Put back each row that nobody touched since; the others stay and are listed."""
    done = BulkEdit.objects.select_for_update().get(pk=done.pk)
    if done.by_id != by.pk or not by.may(edit.right):
        raise PermissionDenied
    if done.undone_at is not None:
        raise Refused("这次修改已经撤销过。")
    changes = {int(pk): change for pk, change in done.changes.items()}
    edit.lock_first(list(changes))
    rows = list(_locked(edit, list(changes)))
    here = [row.pk for row in rows]
    reachable = set(edit.reachable(by).filter(pk__in=here).values_list("pk", flat=True))
    kept = edit.touched_since(done, here)
    back = [row for row in rows if row.pk in reachable and row.pk not in kept]
    if back:
        edit.restore(back, changes, by=by, at=at)
    done.undone_at = at
    done.left = sorted(set(changes) - {row.pk for row in back})
    done.save(update_fields=["undone_at", "left"])
    record("rows.bulk_undone", done, by=by, at=at, back=len(back), left=len(done.left))
    return done
