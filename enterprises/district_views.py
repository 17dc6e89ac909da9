"""What the district's file lacks, and why its total and ours differ."""

import tempfile
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import missing
from enterprises.actions import Refused
from enterprises.district_forms import MissingForm
from enterprises.ledgers import BUSINESSES
from enterprises.models import Business, ImportBatch
from enterprises.reconciliation import (
    CAUSES,
    FRESH,
    FRESH_WORDS,
    ONLY_THEIRS,
    reconcile,
)
from tianshan.audit import record
from tianshan.files.writing import Column, write_xlsx
from tianshan.web import render_part


def _batch(request, pk):
    batches = ImportBatch.objects.visible_to(request.user)
    return get_object_or_404(batches.select_related("grid", "by").defer("file"), pk=pk)


@needs(Right.IMPORT)
@require_POST
def import_declare(request, pk):
    """Say that a file is the district's whole ledger, or that it is not."""
    batch = _batch(request, pk)
    complete = request.POST.get("complete") == "yes"
    try:
        missing.declare_complete(
            batch, complete=complete, by=request.user, at=timezone.now()
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(batch)
    if complete:
        return redirect("enterprises:import_reconcile", batch.pk)
    return redirect(batch)


# --- missing -----------------------------------------------------------------------


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_missing(request, pk):
    """Ours that the file lacks: what became of each, several at a time."""
    batch = _batch(request, pk)
    open_ones = missing.unanswered(batch)
    form = MissingForm(request.POST or None, batch=batch, open_ones=open_ones)
    if form.is_valid():
        chosen = form.cleaned_data["chosen"]
        try:
            done = missing.answer(
                batch, chosen, **form.facts, by=request.user, at=timezone.now()
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已记下 {done} 家的情况。")
            return redirect("enterprises:import_missing", batch.pk)
    rows = open_ones.select_related("building", "grid")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    answers = batch.answers.select_related(
        "business", "business__building", "twin", "grid", "by"
    )
    context = {
        "batch": batch,
        "form": form,
        "page": page,
        "lines": _asked(batch, page, chosen=request.POST.getlist("chosen")),
        "answers": answers.order_by("-at", "-pk"),
        "may_merge": request.user.may(Right.MERGE),
    }
    return render(request, "enterprises/import_missing.html", context)


def _asked(batch, page, *, chosen):
    """Each business to be explained, with who it may really be."""
    hints = missing.hints(batch, page)
    return [
        {
            "business": business,
            "hint": hints.get(business.pk),
            "chosen": str(business.pk) in chosen,
        }
        for business in page
    ]


# --- reconciliation ----------------------------------------------------------------


@needs(Right.IMPORT)
@require_safe
def import_reconcile(request, pk):
    """Theirs and ours, kind by kind, with the causes that add up to the difference."""
    batch = _batch(request, pk)
    parts = reconcile(batch) if batch.complete else []
    if request.GET.get("format") == "xlsx" and batch.complete:
        return _as_workbook(request, batch, parts)
    context = {
        "batch": batch,
        "parts": parts,
        "theirs": sum(part.theirs for part in parts),
        "ours": sum(part.ours for part in parts),
        "both": sum(part.both for part in parts),
        "ours_url": _ours_url(batch),
        "unanswered": missing.unanswered(batch).count() if batch.complete else 0,
    }
    return render(request, "enterprises/import_reconcile.html", context)


def _ours_url(batch):
    """The ledger of what we count: in operation, in the file's grid and building."""
    query = {"state": Business.State.OPERATING, "area": batch.grid.code}
    if building := (batch.summary.get("scope") or {}).get("building"):
        query["building"] = building
    return f"{BUSINESSES.url}?{urlencode(query)}"


@needs(Right.IMPORT)
@require_safe
def import_cause(request, pk, cause):
    """The rows behind one cause of one kind."""
    batch = _batch(request, pk)
    kind = request.GET.get("kind", "")
    known = {**CAUSES, FRESH: FRESH_WORDS}
    if cause not in known or kind not in Business.Kind.values or not batch.complete:
        raise Http404
    part = next((part for part in reconcile(batch) if part.kind == kind), None)
    rows = part.rows_of(cause) if part else []
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    label, meaning = known[cause]
    theirs = cause in ONLY_THEIRS or cause == FRESH
    context = {
        "batch": batch,
        "label": label,
        "meaning": meaning,
        "kind": Business.Kind(kind).label,
        "theirs": theirs,
        "page": page,
        "lines": _drawn(batch, page) if theirs else [],
        "fresh": cause == FRESH,
    }
    return render_part(request, "enterprises/import_cause.html", context, part="rows")


def _drawn(batch, rows):
    """Rows of the file, each with the business that it means, if one may see it."""
    rows = _with_cells(batch, rows)
    known = Business.objects.select_related("building").in_bulk(
        {row.target for row in rows} - {None}
    )
    places = {s["name"][:60]: s["places"] for s in batch.summary["sheets"]}
    older = missing.hints(batch, missing.unanswered(batch).select_related("building"))
    replaces = {other.pk: pk for pk, other in older.items()}
    known_before = Business.objects.in_bulk(replaces.values())
    return [
        {
            "older": known_before.get(replaces.get(row.target)),
            "row": row,
            "place": _place(row, places.get(row.sheet, {})),
            "business": known.get(row.target),
        }
        for row in rows
    ]


def _with_cells(batch, rows):
    """The same rows with what the file says of them, which is much."""
    known = batch.rows.in_bulk([row.pk for row in rows])
    return [known[row.pk] for row in rows]


def _place(row, places):
    """Building and room as the file has them."""
    cells = [row.cells[places[n]] for n in ("building", "room") if n in places]
    return " ".join(str(cell) for cell in cells if cell not in (None, ""))


def _as_workbook(request, batch, parts):
    """Every row that differs, to be gone through or sent back to the district."""
    labels = [
        *(
            "类别",
            "原因",
            "说明",
            "哪一边多",
            "工作表",
            "行",
            "名称",
            "统一社会信用代码",
        ),
        "楼宇和室号铺位",
    ]
    now = timezone.now()
    total = sum(line.count for part in parts for line in part.lines)
    record(
        "import.reconciled", batch, by=request.user, at=now, rows=total, format="xlsx"
    )
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    write_xlsx(
        file,
        title="对账差异",
        columns=[Column(label) for label in labels],
        note_lines=[
            f"{batch.file_name}：区里 {sum(p.theirs for p in parts)}，"
            f"台账在营 {sum(p.ours for p in parts)}，两边都有的没有列出。",
            f"{request.user.display_name} 于 {timezone.localtime(now):%Y-%m-%d %H:%M}"
            " 导出。",
        ],
        rows=_differing(batch, parts),
    )
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="对账差异.xlsx")


def _differing(batch, parts):
    places = {s["name"][:60]: s["places"] for s in batch.summary["sheets"]}
    for part in parts:
        for line in part.lines:
            side = "区里" if line.is_theirs else "台账"
            rows = _with_cells(batch, line.rows) if line.is_theirs else line.rows
            for row in rows:
                where = (
                    [row.sheet, row.number, row.name, row.code]
                    if line.is_theirs
                    else ["", None, row.name, row.code or ""]
                )
                place = (
                    _place(row, places.get(row.sheet, {}))
                    if line.is_theirs
                    else row.place
                )
                yield [part.label, line.label, line.meaning, side, *where, place]
