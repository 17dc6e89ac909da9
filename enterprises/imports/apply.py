"""A batch: a file kept with its preview, then written whole or not at all."""

import datetime as dt
import hashlib
import io
import math

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.rights import Right
from enterprises.imports import official, recognise
from enterprises.imports.fields import answers_of
from enterprises.imports.kinds import Job, others
from enterprises.imports.plan import COMPARED, Fixes, Plan, plan
from enterprises.imports.progress import SILENT, expect, is_abandoned
from enterprises.models import (
    Business,
    HeadingMemory,
    ImportBatch,
    ImportFix,
    ImportRow,
    Occupancy,
    Operation,
)
from grids.models import Grid
from tianshan.audit import record
from tianshan.database.copying import copy_in, copy_values
from tianshan.files import read_workbook
from tianshan.files.cells import shown
from tianshan.ledgers import touched
from tianshan.values.extra import is_key

Result = ImportRow.Result
ONE_AT_A_TIME = 310_105_006  # key of the lock under which imports are written
CHUNK = 2000  # rows after which progress is told

# Facts that a new business takes from its row as they stand.
COPIED = set(COMPARED) - {"room", "contact_phone", "state"}


class Refused(Exception):
    """A step of a batch that cannot be now; the message is for the user."""


# --- reading -----------------------------------------------------------------------


@transaction.atomic
def receive(*, name, content, grid, known_since, by, at):
    """Keep a file as a batch that is to be read."""
    if by is not None and not _governs(by, grid):
        raise PermissionDenied
    batch = ImportBatch.objects.create(
        grid=grid,
        file_name=name[-200:],
        file=content,
        sha256=hashlib.sha256(content).hexdigest(),
        by=by,
        uploaded_at=at,
        known_since=known_since,
        state=ImportBatch.State.READING,
    )
    expect(batch)
    record("import.uploaded", batch, by=by, at=at, bytes=len(content))
    return batch


@transaction.atomic
def examine(batch, *, at, ask=False, progress=SILENT):
    """Read a batch's file and keep its preview; nothing of the ledger is written.

    With `ask`, what is not certain is left to be answered on the page. Raises
    FileProblem for what is no ledger.
    """
    batch = take(batch, "examine")
    progress.stage("读取文件")
    workbook = read_workbook(io.BytesIO(bytes(batch.file)))
    mapping = batch.mapping
    if not mapping:
        memory = HeadingMemory.objects.known_in(batch.grid)
        mapping = recognise.guess(workbook, memory)
        batch.asks = ask and recognise.open_questions(mapping)
    batch.mapping = mapping
    _preview(batch, workbook, at=at, progress=progress)
    batch.state = ImportBatch.State.READ
    batch.save(update_fields=["state", "mapping", "asks", "summary"])
    return batch


def _preview(batch, workbook, *, at, progress=SILENT):
    today = timezone.localdate(at)
    nothing = not any(sheet["on"] for sheet in batch.mapping)
    progress.stage("逐行比对")
    if nothing and batch.asks and recognise.may_be_mapped(batch.mapping):
        made = Plan(tables=[], rows=[], notes=workbook.notes)
    else:
        made = plan(
            workbook,
            grid=batch.grid,
            today=today,
            mapping=batch.mapping,
            fixes=fixes_of(batch),
            job=Job(grid=batch.grid, today=today, by=batch.by, at=at),
        )
    batch.summary = {**made.summary(), "scope": _scope(made)}
    progress.stage("保存预览")
    _keep_rows(batch, made)
    return made


@transaction.atomic
def upload(*, name, content, grid, known_since, by, at, ask=False):
    """Keep a file as a batch with its preview; nothing of the ledger is written.

    Raises FileProblem for what is no ledger.
    """
    batch = receive(
        name=name,
        content=content,
        grid=grid,
        known_since=known_since,
        by=by,
        at=at,
    )
    return examine(batch, at=at, ask=ask)


@transaction.atomic
def remap(batch, *, mapping, by, at):
    """Read a batch anew as somebody said its columns are, and remember the headings.

    The batch is to be read again: `examine` does it, at once or in the worker.
    """
    batch = take(batch, "remap", by=by)
    _remember(batch, mapping, by=by, at=at)
    batch.mapping, batch.asks = mapping, False
    batch.state = ImportBatch.State.READING
    batch.save(update_fields=["mapping", "asks", "state"])
    expect(batch)
    record("import.mapped", batch, by=by, at=at)
    return batch


def _remember(batch, mapping, *, by, at):
    """Keep what each heading was said to mean, for the next file of this office."""
    rows = {}
    for sheet in mapping:
        if not sheet["on"]:
            continue
        by_place = {place: name for name, place in sheet["columns"].items()}
        for place, label in enumerate(sheet["labels"]):
            heading = recognise.plain(label)[:80]
            if heading and not recognise.says_nothing(label):
                key = (sheet["model"], heading)
                rows[key] = by_place.get(place, "") or rows.get(key, "")
    HeadingMemory.objects.bulk_create(
        [
            HeadingMemory(
                grid=batch.grid, model=model, heading=heading, field=name, by=by, at=at
            )
            for (model, heading), name in rows.items()
        ],
        update_conflicts=True,
        unique_fields=["grid", "model", "heading"],
        update_fields=["field", "by", "at"],
    )


def _scope(made):
    """Which part of the ledger the file is about, to say what it lacks."""
    left_out = (Result.REJECTED, Result.SKIPPED)
    rows = [row for row in made.of("business") if row.result not in left_out]
    # With a row that names no building, the file is about more than one.
    named = {(place := row.values.get("building")) and place.pk for row in rows}
    return {
        "kinds": sorted({row.values["kind"] for row in rows if "kind" in row.values}),
        "building": named.pop() if len(named) == 1 else None,
        "up_to": Business.objects.aggregate(last=Max("pk"))["last"] or 0,
    }


def _governs(user, grid):
    return Grid.objects.governed_by(user, Right.IMPORT).filter(pk=grid.pk).exists()


def _keep_rows(batch, made):
    batch.rows.all().delete()
    copy_values(
        ImportRow,
        (
            {
                "batch_id": batch.pk,
                "sheet": row.table.name[:60],
                "number": row.number,
                "cells": [_as_read(cell) for cell in row.cells],
                **kept(row),
            }
            for row in made.rows
        ),
    )


def kept(row):
    """What came of a row, as ImportRow keeps it."""
    is_business = row.table.model == "business"
    return {
        "result": row.result,
        "model": row.table.model,
        "kind": row.values.get("kind", "") if is_business else "",
        "code": row.values.get("code", ""),
        "target": row.target.pk if row.target is not None else None,
        "name": row.name,
        "changes": _plainly(row.changes),
        "left": _plainly(row.left),
        "problems": row.problems,
    }


def _plainly(changes):
    return {
        name: [
            value.isoformat() if isinstance(value, dt.date) else value for value in pair
        ]
        for name, pair in changes.items()
    }


def _as_read(cell):
    """A cell as JSON keeps it, so that reading it again says the same."""
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float) and not math.isfinite(cell):
        return shown(cell)
    return cell


def fixes_of(batch):
    """`{(sheet, row): Fixes}` as people decided on the page."""
    fixes = {}
    for fix in batch.fixes.all():
        of_row = fixes.setdefault((fix.sheet, fix.number), Fixes(values={}))
        if fix.what == ImportFix.What.SKIP:
            of_row.skip = True
        elif fix.what == ImportFix.What.LEAVE:
            of_row.left |= {fix.field}
        else:
            of_row.values[fix.field] = fix.value
    return fixes


# --- steps -------------------------------------------------------------------------


def take(batch, step, *, by=None):
    """Lock the batch, then ask whether this step, by this person, is open."""
    # The file is read by the steps that need it alone.
    batch = ImportBatch.objects.select_for_update().defer("file").get(pk=batch.pk)
    if step not in batch.open_steps:
        raise Refused(f"这批导入现在是“{batch.get_state_display()}”，请刷新后再看。")
    if by is not None and not _governs(by, batch.grid):
        raise PermissionDenied
    return batch


@transaction.atomic
def start(batch, *, by, at):
    """Hand a batch to the worker; the second of two presses is refused."""
    batch = take(batch, "start", by=by)
    if batch.asks:
        raise Refused("有的列还没有选定，请先在“对列”里确认。")
    batch.state, batch.failure = ImportBatch.State.APPLYING, ""
    batch.save(update_fields=["state", "failure"])
    expect(batch)
    record("import.started", batch, by=by, at=at)
    return batch


@transaction.atomic
def drop(batch, *, by, at):
    """Give a batch up; nothing was written, and its file goes."""
    batch = take(batch, "drop", by=by)
    batch.state, batch.file = ImportBatch.State.DROPPED, b""
    batch.save(update_fields=["state", "file"])
    record("import.dropped", batch, by=by, at=at)
    return batch


# Where a batch is again after a step of the worker failed: as before that step.
FALLS_BACK = {
    ImportBatch.State.READING: ImportBatch.State.DROPPED,
    ImportBatch.State.APPLYING: ImportBatch.State.FAILED,
    ImportBatch.State.UNDOING: ImportBatch.State.APPLIED,
}


@transaction.atomic
def fail(batch, *, reason, at):
    """Say that a step of the worker came to nothing, and why; it may be tried again.

    A file that could not be read goes.
    """
    batch = take(batch, "fail")
    batch.state, batch.failure = FALLS_BACK[batch.state], reason[:200]
    written = ["state", "failure"]
    if batch.state == ImportBatch.State.DROPPED:
        batch.file = b""
        written.append("file")
    batch.save(update_fields=written)
    record("import.failed", batch, by=None, at=at, reason=batch.failure)
    return batch


@transaction.atomic
def recover(batch, *, by, at):
    """Let a batch whose worker died be done again; nothing of it was written."""
    if batch.at_work and not is_abandoned(batch):
        raise Refused("后台还在处理这批导入，请稍后再看。")
    batch = take(batch, "recover", by=by)
    expect(batch)
    record("import.recovered", batch, by=by, at=at)
    return batch


@transaction.atomic
def start_undoing(batch, *, by, at):
    """Hand a written batch to the worker to be taken back; only once."""
    batch = take(batch, "start_undoing", by=by)
    batch.state, batch.failure = ImportBatch.State.UNDOING, ""
    batch.save(update_fields=["state", "failure"])
    expect(batch)
    record("import.undoing", batch, by=by, at=at)
    return batch


def one_at_a_time():
    """Imports write one after the other, whatever their grids."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])


def clock():
    """The time by which the database dates history."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@transaction.atomic
def finish(batch, *, at, progress=SILENT):
    """Write a batch, planned anew on what is stored by now; returns that Plan.

    Two files at once wait for each other here, whatever their grids, so that both
    cannot make the same business.
    """
    batch = take(batch, "finish")
    progress.stage("读取文件")
    workbook = read_workbook(io.BytesIO(bytes(batch.file)))
    one_at_a_time()
    today = timezone.localdate(at)
    job = Job(grid=batch.grid, today=today, by=batch.by, at=at, batch=batch)
    progress.stage("逐行比对")
    made = plan(
        workbook,
        grid=batch.grid,
        today=today,
        mapping=batch.mapping,
        fixes=fixes_of(batch),
        lock=True,
        job=job,
    )
    scope, batch.written_from = _scope(made), clock()

    ids = _write(made, job, progress=progress)
    progress.stage("保存结果")
    _keep_rows(batch, made)
    progress.stage("重算达标情况", len(ids))
    for part in chunks(ids):
        touched(part)
        progress.add(len(part))

    batch.state, batch.applied_at = ImportBatch.State.APPLIED, at
    batch.file = b""  # what it said stays in the rows
    batch.summary = {**made.summary(), "scope": scope}
    batch.written_until = clock()
    batch.save(
        update_fields=[
            *("state", "applied_at", "file", "summary"),
            *("written_from", "written_until"),
        ]
    )
    record(
        "import.applied",
        batch,
        by=batch.by,
        at=at,
        new=batch.summary["new"],
        changed=batch.summary["changed"],
    )
    return made


def chunks(rows):
    rows = list(rows)
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def _write(made, job, *, progress):
    """Write all kinds of rows, lower kinds first; the ids of businesses touched."""
    new, changed = made.of("business", Result.NEW), made.of("business", Result.CHANGED)
    of_others = {
        kind: made.of(kind.key, Result.NEW) + made.of(kind.key, Result.CHANGED)
        for kind in others()
    }
    total = len(new) + len(changed) + sum(map(len, of_others.values()))
    progress.stage("写入台账", total)
    _write_buildings(made)
    ids = []
    facts = {
        "grid": job.grid,
        "since": job.batch.known_since,
        "today": job.today,
        "at": job.at,
    }
    for part in chunks(new):
        ids += _write_businesses(part, [], **facts)
        progress.add(len(part))
    for part in chunks(changed):
        ids += _write_businesses([], part, **facts)
        progress.add(len(part))
    for kind, rows in of_others.items():
        for part in chunks(rows):
            ids += kind.write(part, job)
            progress.add(len(part))
    return sorted(set(ids))


def _write_buildings(made):
    for row in made.of("building", Result.NEW):
        row.target.save()
    for row in made.of("building", Result.CHANGED):
        for name, (_, after) in row.changes.items():
            _set(row.target, name, after)
        row.target.save()


def _write_businesses(new, changed, *, grid, since, today, at):
    """Write in bulk what `enterprises.actions` writes one by one; returns the ids."""
    for row in new:
        row.target = _newcomer(row, grid=grid, since=since, today=today, at=at)
    copy_in(row.target for row in new)
    moved, put_right, restated = [], [], []
    for row in changed:
        business, place = row.target, row.changes.keys() & {"building", "room"}
        if place:
            # A part that nobody had written down yet is no move.
            had = [before for name in place if (before := row.changes[name][0])]
            (moved if had else put_right).append(business)
        if "state" in row.changes:
            restated.append(business)
        _change(row, at=at)
    _save(changed)
    official.write(new, changed)

    leavers = [b for b in restated if b.state in Business.LEFT]
    back = [
        row.target
        for row in changed
        if row.changes.get("state", [""])[0] in Business.LEFT
        and row.target.state not in Business.LEFT
        and row.target not in moved
    ]
    Occupancy.objects.filter(business__in=moved, until=None, main=True).update(
        until=today
    )
    copy_values(
        Occupancy,
        [
            *(_occupancy(row.target, since=row.target.discovered_on) for row in new),
            *(_occupancy(business, since=today) for business in (*moved, *back)),
        ],
    )
    _put_right(put_right)
    Occupancy.objects.filter(business__in=leavers, until=None).update(until=today)

    Operation.objects.filter(business__in=restated, until=None).update(until=today)
    copy_values(
        Operation,
        [
            *(_operation(row.target, since=row.target.discovered_on) for row in new),
            *(_operation(business, since=today) for business in restated),
        ],
    )
    return [row.target.pk for row in (*new, *changed)]


def _newcomer(row, *, grid, since, today, at):
    """A new business: known since the day given, or since it was founded if later."""
    values = row.values
    building = values.get("building")
    known = max(since, values.get("founded_on", since))
    business = Business(
        kind=values["kind"],
        grid=building.grid if building else grid,
        building=building,
        room=values.get("room", ""),
        state=values.get("state", Business.State.OPERATING),
        contact_phone=values.get("contact_phone", ""),
        discovered_on=min(known, today),
        updated_at=at,
        **{name: values[name] for name in COPIED if name in values},
        extra=answers_of(row),
    )
    business.index()
    return business


def _set(target, name, value):
    """A fact, or the answer to an extra field."""
    if is_key(name):
        target.extra = {**target.extra, name: value}
    else:
        setattr(target, name, value)


def _change(row, *, at):
    business = row.target
    for name, (_, after) in row.changes.items():
        if name in official.NAMES:
            continue  # stands beside the business
        if name == "building":
            business.building = row.values["building"]
            business.grid = business.building.grid
        else:
            _set(business, name, after)
    business.version += 1
    business.updated_at = at
    business.index()


def _save(changed):
    """Write the columns that changed, and what is computed from them.

    As an insert that turns into an update: several times faster than bulk_update.
    """
    names = {name for row in changed for name in row.changes} - official.NAMES
    written = {"extra" if is_key(name) else name for name in names}
    if written:
        Business.objects.bulk_create(
            [row.target for row in changed],
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[
                *written,
                *("grid", "version", "updated_at", "pinyin", "search"),
            ],
        )


def _occupancy(business, *, since):
    """Its place from a day on; who has left already is there no longer."""
    return {
        "business_id": business.pk,
        "building_id": business.building_id,
        "room": business.room,
        "grid_id": business.grid_id,
        "since": since,
        "until": since if business.state in Business.LEFT else None,
    }


def _operation(business, *, since):
    return {"business_id": business.pk, "state": business.state, "since": since}


def _put_right(businesses):
    """Write down in the place in force what was not known of it before."""
    places = list(
        Occupancy.objects.filter(business__in=businesses, until=None, main=True)
    )
    known = {business.pk: business for business in businesses}
    for place in places:
        business = known[place.business_id]
        place.building, place.room, place.grid = (
            business.building,
            business.room,
            business.grid,
        )
    Occupancy.objects.bulk_update(places, ["building", "room", "grid"], batch_size=500)
