"""A batch taken back: what it changed is as before, what it made leaves the ledgers.

History says how each row stood before the batch and whether anybody went on with it
since. A row that was touched since is left as it is and listed: who, when, which
fields. Nothing is deleted of a business that the batch made: it is out of the ledgers
and was in operation on no day, and its row and its history stay.
"""

from collections import defaultdict

import pghistory.models
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from enterprises.imports.apply import chunks, one_at_a_time, take
from enterprises.imports.kinds import Job, others
from enterprises.imports.progress import SILENT
from enterprises.models import (
    Business,
    ImportBatch,
    ImportRow,
    Occupancy,
    OfficialFacts,
    Operation,
)
from grids.models import Building
from tianshan.audit import record
from tianshan.ledgers import touched

Result, Undone = ImportRow.Result, ImportRow.Undone
# Written with a business, in the same act.
DATED = (Occupancy, Operation)
OF_BUSINESS = (*DATED, OfficialFacts)
# Counted with every save; no fact that anybody entered.
BOOKKEEPING = {"version", "updated_at", "priority"}


@transaction.atomic
def undo(batch, *, at, progress=SILENT):
    """Take a written batch back, save what somebody touched since.

    Returns `(rows taken back, rows left)`.
    """
    batch = take(batch, "undo")
    one_at_a_time()
    rows = batch.rows.written().exclude(target=None)
    progress.stage("撤回", rows.count())
    job = Job(
        grid=batch.grid, today=timezone.localdate(at), by=batch.by, at=at, batch=batch
    )
    ids = []
    for kind in reversed(others()):
        for part in chunks(rows.filter(model=kind.key)):
            ids += _undo_others(kind, part, job)
            progress.add(len(part))
    for part in chunks(rows.filter(model="business")):
        ids += _undo_businesses(part, batch, at=at)
        progress.add(len(part))
    _undo_buildings(list(rows.filter(model="building")), batch, at=at)
    ids = sorted(set(ids))
    progress.stage("重算达标情况", len(ids))
    for part in chunks(ids):
        touched(part)
        progress.add(len(part))

    back = rows.filter(undone=Undone.BACK).count()
    left = rows.filter(undone=Undone.LEFT).count()
    batch.state, batch.undone_at = ImportBatch.State.UNDONE, at
    batch.summary = {**batch.summary, "undone": {"back": back, "left": left}}
    batch.save(update_fields=["state", "undone_at", "summary"])
    record("import.undone", batch, by=batch.by, at=at, back=back, left=left)
    return back, left


def _mark(rows, reasons):
    """Keep with each row whether it was taken back, and if not, why."""
    for row in rows:
        row.touched = reasons.get(row.target, [])
        row.undone = Undone.LEFT if row.touched else Undone.BACK
    ImportRow.objects.bulk_update(rows, ["undone", "touched"], batch_size=500)


def _undo_others(kind, rows, job):
    ids, reasons = kind.undo([row.target for row in rows], job)
    _mark(rows, reasons)
    return ids


# --- businesses --------------------------------------------------------------------


def _undo_businesses(rows, batch, *, at):
    new = {row.target for row in rows if row.result == Result.NEW}
    ids = [row.target for row in rows]
    held = Business.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(held.order_by("pk").values_list("pk"))
    reasons = later(Business, ids, batch)
    for model in OF_BUSINESS:
        for pk, said in later(model, ids, batch, of="business_id").items():
            reasons.setdefault(pk, said)
    for pk, said in hanging(
        Business, new - reasons.keys(), batch, apart=OF_BUSINESS
    ).items():
        reasons.setdefault(pk, said)

    changed = [pk for pk in ids if pk not in new and pk not in reasons]
    for pk, said in _codes_taken(changed, batch).items():
        reasons[pk] = said
    changed = [pk for pk in changed if pk not in reasons]
    for model in OF_BUSINESS:
        put_back(model, changed, batch.written_from, of="business_id")
    put_back(Business, changed, batch.written_from)
    _withdraw([pk for pk in new if pk not in reasons], at=at)
    _mark(rows, reasons)
    return [pk for pk in ids if pk not in reasons]


def _withdraw(ids, *, at):
    """Out of all ledgers, and never in operation nor in any place."""
    for model in DATED:
        model.objects.filter(business__in=ids).update(until=F("since"))
    Business.objects.filter(pk__in=ids).update(
        gone_at=at, version=F("version") + 1, updated_at=at
    )


def _codes_taken(ids, batch):
    """Businesses whose former code is by now that of another one."""
    events = _as_of(Business, ids, batch.written_from)
    codes = {event.code: event.pgh_obj_id for event in events if event.code}
    others_with = Business.objects.in_ledgers().filter(code__in=codes)
    return {
        codes[code]: [{"by": "", "at": "", "fields": ["统一代码已登记在另一家"]}]
        for pk, code in others_with.values_list("pk", "code")
        if pk not in set(ids)
    }


# --- buildings ---------------------------------------------------------------------


def _undo_buildings(rows, batch, *, at):
    new = {row.target for row in rows if row.result == Result.NEW}
    ids = [row.target for row in rows]
    list(Building.objects.select_for_update(no_key=True).filter(pk__in=ids))
    reasons = later(Building, ids, batch)
    for pk, said in hanging(
        Building, new - reasons.keys(), batch, apart=OF_BUSINESS
    ).items():
        reasons.setdefault(pk, said)
    changed = [pk for pk in ids if pk not in new and pk not in reasons]
    put_back(Building, changed, batch.written_from)
    Building.objects.filter(pk__in=[pk for pk in new if pk not in reasons]).update(
        gone_at=at
    )
    _mark(rows, reasons)


# --- history -----------------------------------------------------------------------


def _events(model):
    return model.events.rel.related_model.objects


def _as_of(model, ids, moment, of="pgh_obj_id"):
    """The history row of each row that held at the moment."""
    return list(
        _events(model)
        .filter(**{f"{of}__in": ids}, pgh_created_at__lte=moment)
        .order_by("pgh_obj_id", "-pgh_id")
        .distinct("pgh_obj_id")
    )


def put_back(model, ids, moment, of="pk"):
    """Give rows all their values of that moment; those made later on go.

    `of` is the column by which the ids mean rows of the model.
    """
    then = {
        event.pgh_obj_id: event
        for event in _as_of(model, ids, moment, "pgh_obj_id" if of == "pk" else of)
        if event.pgh_label != "delete"
    }
    model.objects.filter(**{f"{of}__in": ids}).exclude(pk__in=then).delete()
    event_model = _events(model).model
    kept = {field.name for field in event_model._meta.concrete_fields}
    names = [
        field.name
        for field in model._meta.concrete_fields
        if field.name in kept and not field.primary_key
    ]
    rows = list(model.objects.filter(pk__in=then))
    for row in rows:
        for name in names:
            column = model._meta.get_field(name).attname
            setattr(row, column, getattr(then[row.pk], column))
        if hasattr(row, "index"):
            row.index()
    written = [*names, *(("pinyin", "search") if hasattr(model, "index") else ())]
    model.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=written,
    )


def later(model, ids, batch, of="pgh_obj_id"):
    """`{id: [{by, at, fields}]}` of what was written to rows since the batch."""
    events = list(
        _events(model)
        .filter(**{f"{of}__in": ids}, pgh_created_at__gt=batch.written_until)
        .order_by("pgh_id")
    )
    if not events:
        return {}
    touched_rows = {event.pgh_obj_id for event in events}
    last = {
        event.pgh_obj_id: event
        for event in _as_of(model, touched_rows, batch.written_until)
    }
    who = _who(events)
    found = defaultdict(list)
    for event in events:
        fields = _differing(model, last.get(event.pgh_obj_id), event)
        last[event.pgh_obj_id] = event
        found[getattr(event, of)].append(
            {
                "by": who.get(event.pgh_context_id, ""),
                "at": event.pgh_created_at.isoformat(),
                "fields": fields,
            }
        )
    return dict(found)


def _differing(model, before, after):
    """The facts that differ between two history rows, in words."""
    if before is None or model in OF_BUSINESS:
        return [str(model._meta.verbose_name)]
    kept = {field.name for field in after._meta.concrete_fields}
    names = [
        str(field.verbose_name)
        for field in model._meta.concrete_fields
        if field.name in kept - BOOKKEEPING
        and getattr(before, field.attname) != getattr(after, field.attname)
    ]
    return names or ["资料"]


def _who(events):
    """`{id of a history context: how the person is called}`."""
    contexts = pghistory.models.Context.objects.in_bulk(
        {event.pgh_context_id for event in events} - {None}
    )
    users = {pk: context.metadata.get("user") for pk, context in contexts.items()}
    names = dict(
        User.objects.filter(pk__in=set(users.values()) - {None}).values_list(
            "pk", "display_name"
        )
    )
    return {pk: names.get(user, "") for pk, user in users.items()}


def hanging(model, ids, batch, apart=()):
    """`{id: [{by, at, fields}]}` of rows that others have tied something to since.

    Whatever refers to them and may not be lost, in any room, save the models `apart`;
    what the batch itself wrote, and what is out of the ledgers with it, does not count.
    """
    found = defaultdict(list)
    own = {kind.record: kind.key for kind in others()}
    for relation in model._meta.related_objects:
        rows = relation.related_model
        if relation.on_delete is not models.PROTECT or rows in apart:
            continue
        name = relation.field.name
        tied = rows._base_manager.filter(**{f"{name}__in": ids})
        if rows is Business:
            tied = tied.exclude(~Q(gone_at=None) & Q(merged_into=None))
        if key := own.get(rows):
            mine = batch.rows.filter(model=key).exclude(target=None)
            tied = tied.exclude(pk__in=mine.values("target"))
        for pk in set(tied.values_list(name, flat=True)):
            found[pk].append(
                {"by": "", "at": "", "fields": [f"已有{rows._meta.verbose_name}"]}
            )
    return dict(found)
