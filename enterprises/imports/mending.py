"""What people decide on the page about a row: a cell typed anew, a row skipped, a
difference not taken.

The decision is kept, and the row is worked out again with those that it may touch: of
its name, its code or its business, before and after. The file itself stays as it came;
when it is written, all is planned anew with the decisions in it.
"""

from collections import Counter

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from enterprises.imports.apply import Refused, fixes_of, kept, take
from enterprises.imports.kinds import KINDS, Job
from enterprises.imports.plan import tally, work_out
from enterprises.imports.recognise import Row, Table
from enterprises.models import ImportFix, ImportRow
from tianshan.audit import record

ROUNDS = 3  # how often the circle of rows that touch each other may widen
What = ImportFix.What


@transaction.atomic
def mend(row, *, cells, by, at):
    """Type cells of a row anew: `{field: text}`; each is checked as the file's were."""
    batch = take(row.batch, "mend", by=by)
    places = _places(batch, row)
    if unknown := cells.keys() - places.keys():
        raise Refused(f"这张表里没有这一列：{'、'.join(sorted(unknown))}。")
    for name, text in cells.items():
        _decide(batch, row, What.VALUE, name, value=text[:1000], by=by, at=at)
    return _work_out_again(batch, row, "import.mended", by=by, at=at)


@transaction.atomic
def skip(row, *, on, by, at):
    """Leave a row out of the import, or take it in again."""
    batch = take(row.batch, "mend", by=by)
    _decide(batch, row, What.SKIP, "", on=on, by=by, at=at)
    return _work_out_again(batch, row, "import.skipped", by=by, at=at)


@transaction.atomic
def leave(row, *, field, on, by, at):
    """Let what the ledger says of one field stand, whatever the file says; or not."""
    batch = take(row.batch, "mend", by=by)
    _decide(batch, row, What.LEAVE, field, on=on, by=by, at=at)
    return _work_out_again(batch, row, "import.left", by=by, at=at)


def _decide(batch, row, what, field, *, by, at, value="", on=True):
    of_cell = {
        "sheet": row.sheet,
        "number": row.number,
        "what": what,
        "field": field,
    }
    if not on:
        batch.fixes.filter(**of_cell).delete()
        return
    ImportFix.objects.update_or_create(
        batch=batch, **of_cell, defaults={"value": value, "by": by, "at": at}
    )


def _places(batch, row):
    sheets = {sheet["name"][:60]: sheet for sheet in batch.summary["sheets"]}
    return sheets[row.sheet]["places"]


def _work_out_again(batch, row, verb, *, by, at):
    rows = _circle(batch, row, at=at)
    before = {r.pk: r for r in ImportRow.objects.filter(pk__in=[r.pk for r in rows])}
    after = []
    for worked_out in rows:
        stored = before[worked_out.pk]
        for name, value in kept(worked_out).items():
            setattr(stored, name, value)
        after.append(stored)
    differences = sum(
        len(r.changes) for r in batch.rows.filter(pk__in=before, model="business")
    )
    ImportRow.objects.bulk_update(
        after,
        [
            *("result", "kind", "code", "target", "name"),
            *("changes", "left", "problems"),
        ],
        batch_size=500,
    )
    differences -= sum(len(r.changes) for r in after if r.model == "business")
    counts = batch.rows.values_list("model", "kind", "result").annotate(n=Count("pk"))
    batch.summary = {
        **batch.summary,
        **tally(
            Counter({(model, kind, result): n for model, kind, result, n in counts})
        ),
        "differences": batch.summary["differences"] - differences,
    }
    batch.save(update_fields=["summary"])
    record(verb, batch, by=by, at=at, sheet=row.sheet, row=row.number)
    return batch


def _circle(batch, row, *, at):
    """The row and those that it may touch, worked out again in the file's order."""
    tables = _tables(batch)
    fixes = fixes_of(batch)
    if row.model == "building":
        return _worked_out(batch, batch.rows.all(), tables, fixes, at=at)
    of_kind = batch.rows.filter(model=row.model)
    keys, found = {row.pk}, []
    for _ in range(ROUNDS):
        found = _worked_out(batch, of_kind.filter(pk__in=keys), tables, fixes, at=at)
        stored = of_kind.filter(pk__in=keys)
        names = {r.name for r in (*stored, *found)} - {""}
        codes = {r.code for r in stored} | {r.values.get("code", "") for r in found}
        targets = {r.target for r in stored} | {
            r.target.pk for r in found if r.target is not None
        }
        wider = keys | set(
            of_kind.filter(
                Q(name__in=names) | Q(code__in=codes - {""}) | Q(target__in=targets)
            ).values_list("pk", flat=True)
        )
        if wider == keys:
            break
        keys = wider
    else:
        found = _worked_out(batch, of_kind.filter(pk__in=keys), tables, fixes, at=at)
    return found


def _worked_out(batch, stored, tables, fixes, *, at):
    job = Job(grid=batch.grid, today=timezone.localdate(at), by=batch.by, at=at)
    # The file's buildings are known to its rows, whichever of them are asked for.
    buildings = _rows(batch.rows.filter(model="building"), tables)
    rows = _rows(stored.exclude(model="building"), tables)
    work_out([*buildings, *rows], job, fixes)
    wanted = set(stored.values_list("pk", flat=True))
    return [row for row in (*buildings, *rows) if row.pk in wanted]


def _rows(stored, tables):
    return [
        Row(
            table=tables[row.sheet],
            number=row.number,
            cells=tuple(row.cells),
            pk=row.pk,
        )
        for row in stored.order_by("pk")
    ]


def _tables(batch):
    return {
        sheet["name"][:60]: Table(
            name=sheet["name"],
            model=sheet["model"],
            heading=sheet["heading"] - 1,
            columns=sheet["places"],
            labels=sheet["labels"],
            rows=[],
            kind=sheet["kind"],
        )
        for sheet in batch.summary["sheets"]
        if sheet["model"] in KINDS
    }
