"""A batch: a file kept with its preview, then written whole or not at all."""

import datetime as dt
import hashlib
import io

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises.imports.plan import COMPARED, plan
from enterprises.models import Business, ImportBatch, ImportRow, Occupancy, Operation
from grids.models import Grid
from tianshan.audit import record
from tianshan.files import read_workbook
from tianshan.files.cells import shown
from tianshan.ledgers import touched

Result = ImportRow.Result
ONE_AT_A_TIME = 310_105_006  # key of the lock under which imports are written

# Facts that a new business takes from its row as they stand.
COPIED = set(COMPARED) - {"room", "contact_phone", "state"}


class Refused(Exception):
    """A step of a batch that cannot be now; the message is for the user."""


@transaction.atomic
def upload(*, name, content, grid, known_since, by, at):
    """Keep a file as a batch with its preview; nothing of the ledger is written.

    Raises FileProblem for what is no ledger.
    """
    if by is not None and not _governs(by, grid):
        raise PermissionDenied
    workbook = read_workbook(io.BytesIO(content))
    made = plan(workbook, grid=grid, today=timezone.localdate(at))
    batch = ImportBatch.objects.create(
        grid=grid,
        file_name=name[-200:],
        file=content,
        sha256=hashlib.sha256(content).hexdigest(),
        by=by,
        uploaded_at=at,
        summary={**made.summary(), "known_since": known_since.isoformat()},
    )
    _keep_rows(batch, made)
    record("import.uploaded", batch, by=by, at=at, rows=batch.summary["rows"])
    return batch


def _governs(user, grid):
    return Grid.objects.governed_by(user, Right.IMPORT).filter(pk=grid.pk).exists()


def _keep_rows(batch, made):
    batch.rows.all().delete()
    ImportRow.objects.bulk_create(
        [
            ImportRow(
                batch=batch,
                sheet=row.table.name[:60],
                number=row.number,
                result=row.result,
                model=row.table.model,
                target=row.target.pk if row.target is not None else None,
                name=row.name,
                changes={
                    name: [_plainly(before), _plainly(after)]
                    for name, (before, after) in row.changes.items()
                },
                problems=row.problems,
                cells=[shown(cell) for cell in row.cells],
            )
            for row in made.rows
        ],
        batch_size=2000,
    )


def _plainly(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def _take(batch, step, *, by=None):
    """Lock the batch, then ask whether this step, by this person, is open."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if step not in batch.open_steps:
        raise Refused(f"这批导入现在是“{batch.get_state_display()}”，请刷新后再看。")
    if by is not None and not _governs(by, batch.grid):
        raise PermissionDenied
    return batch


@transaction.atomic
def start(batch, *, by, at):
    """Hand a batch to the worker; the second of two presses is refused."""
    batch = _take(batch, "start", by=by)
    batch.state, batch.failure = ImportBatch.State.APPLYING, ""
    batch.save(update_fields=["state", "failure"])
    record("import.started", batch, by=by, at=at)
    return batch


@transaction.atomic
def drop(batch, *, by, at):
    """Give a batch up; nothing was written, and its file goes."""
    batch = _take(batch, "drop", by=by)
    batch.state, batch.file = ImportBatch.State.DROPPED, b""
    batch.save(update_fields=["state", "file"])
    record("import.dropped", batch, by=by, at=at)
    return batch


@transaction.atomic
def fail(batch, *, reason, at):
    """Say that nothing of a batch was written, and why; it may be started again."""
    batch = _take(batch, "fail")
    batch.state, batch.failure = ImportBatch.State.FAILED, reason[:200]
    batch.save(update_fields=["state", "failure"])
    record("import.failed", batch, by=None, at=at, reason=batch.failure)
    return batch


@transaction.atomic
def finish(batch, *, at):
    """Write a batch, planned anew on what is stored by now; returns that Plan.

    Two files at once wait for each other here, whatever their grids, so that both
    cannot make the same business.
    """
    batch = _take(batch, "finish")
    workbook = read_workbook(io.BytesIO(bytes(batch.file)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    today = timezone.localdate(at)
    made = plan(workbook, grid=batch.grid, today=today, lock=True)

    _write_buildings(made)
    since = dt.date.fromisoformat(batch.summary["known_since"])
    ids = _write_businesses(made, grid=batch.grid, since=since, today=today, at=at)
    _keep_rows(batch, made)

    batch.state, batch.applied_at = ImportBatch.State.APPLIED, at
    batch.file = b""  # what it said stays in the rows
    batch.summary = {**made.summary(), "known_since": since.isoformat()}
    batch.save(update_fields=["state", "applied_at", "file", "summary"])
    touched(ids)
    record(
        "import.applied",
        batch,
        by=batch.by,
        at=at,
        new=batch.summary["new"],
        changed=batch.summary["changed"],
    )
    return made


def _write_buildings(made):
    for row in made.of("building", Result.NEW):
        row.target.save()
    for row in made.of("building", Result.CHANGED):
        for name, (_, after) in row.changes.items():
            setattr(row.target, name, after)
        row.target.save()


def _write_businesses(made, *, grid, since, today, at):
    """Write in bulk what `enterprises.actions` writes one by one; returns the ids."""
    new, changed = made.of("business", Result.NEW), made.of("business", Result.CHANGED)
    for row in new:
        row.target = _newcomer(row, grid=grid, since=since, today=today, at=at)
    Business.objects.bulk_create([row.target for row in new], batch_size=2000)
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
    Occupancy.objects.bulk_create(
        [
            *(_occupancy(row.target, since=row.target.discovered_on) for row in new),
            *(_occupancy(business, since=today) for business in (*moved, *back)),
        ],
        batch_size=2000,
    )
    _put_right(put_right)
    Occupancy.objects.filter(business__in=leavers, until=None).update(until=today)

    Operation.objects.filter(business__in=restated, until=None).update(until=today)
    Operation.objects.bulk_create(
        [
            *(_operation(row.target, since=row.target.discovered_on) for row in new),
            *(_operation(business, since=today) for business in restated),
        ],
        batch_size=2000,
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
    )
    business.index()
    return business


def _change(row, *, at):
    business = row.target
    for name, (_, after) in row.changes.items():
        if name == "building":
            business.building = row.values["building"]
            business.grid = business.building.grid
        else:
            setattr(business, name, after)
    business.version += 1
    business.updated_at = at
    business.index()


def _save(changed):
    """Write the columns that changed, and what is computed from them.

    As an insert that turns into an update: several times faster than bulk_update.
    """
    written = {name for row in changed for name in row.changes}
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
    return Occupancy(
        business=business,
        building=business.building,
        room=business.room,
        grid=business.grid,
        since=since,
        until=since if business.state in Business.LEFT else None,
    )


def _operation(business, *, since):
    return Operation(business=business, state=business.state, since=since)


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
