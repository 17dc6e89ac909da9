"""Importing a ledger: choose the file, see what it would change, write it."""

import tempfile

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Case, Count, Q, When
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import imports
from enterprises.forms import ImportForm
from enterprises.models import Business, ImportBatch, ImportRow
from enterprises.tasks import apply_import
from grids.models import Building
from tianshan import audit
from tianshan.files import FileProblem
from tianshan.files.writing import Column, write_xlsx
from tianshan.web import render_part
from tianshan.web.masks import masked_phone

Result = ImportRow.Result
# What a tile of the preview shows.
SHOWN = {
    "new": Q(result=Result.NEW),
    "changed": Q(result=Result.CHANGED),
    "same": Q(result=Result.SAME),
    "wrong": Q(problems__contains=[{"level": "error"}])
    | Q(problems__contains=[{"level": "warning"}]),
    "look": ~Q(result=Result.SAME, problems=[]),
    "all": Q(),
}
# What wants an answer stands first.
URGENT_FIRST = Case(
    When(result=Result.REJECTED, then=0),
    When(SHOWN["wrong"], then=1),
    When(result=Result.CHANGED, then=2),
    When(result=Result.NEW, then=3),
    default=4,
)


@needs(Right.IMPORT)
@require_safe
def import_list(request):
    batches = ImportBatch.objects.visible_to(request.user).for_list().defer("file")
    page = Paginator(batches, 20).get_page(request.GET.get("page"))
    return render(request, "enterprises/import_list.html", {"page": page})


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request):
    """Upload a file; it is read and previewed, nothing is written."""
    form = ImportForm(request.POST or None, request.FILES or None, user=request.user)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = imports.upload(
                name=file.name,
                content=file.read(),
                grid=form.cleaned_data["grid"],
                known_since=form.cleaned_data["known_since"],
                by=request.user,
                at=timezone.now(),
            )
        except FileProblem as problem:
            form.add_error("file", str(problem))
        else:
            return redirect(batch)
    return render(request, "enterprises/import_new.html", {"form": form})


@needs(Right.IMPORT)
@require_safe
def import_detail(request, pk):
    """What the file would change, or what it changed, row by row."""
    batch = _batch(request, pk)
    show = request.GET.get("show")
    show = show if show in SHOWN else "look"
    rows = batch.rows.filter(SHOWN[show]).order_by(URGENT_FIRST, "pk")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    earlier = (
        ImportBatch.objects.visible_to(request.user)
        .filter(sha256=batch.sha256, state=ImportBatch.State.APPLIED)
        .exclude(pk=batch.pk)
        .defer("file")
        .order_by("-applied_at")
        .first()
    )
    counts = batch.rows.aggregate(
        **{key: Count("pk", filter=SHOWN[key]) for key in ("wrong", "look")},
        all=Count("pk"),
    )
    places = {sheet["name"]: sheet["places"] for sheet in batch.summary["sheets"]}
    context = {
        "batch": batch,
        "page": page,
        "rows": [_drawn(row, places.get(row.sheet, {})) for row in page],
        "show": show,
        "counts": counts,
        "earlier": earlier,
    }
    return render_part(request, "enterprises/import_detail.html", context, part="batch")


def _batch(request, pk):
    batches = ImportBatch.objects.visible_to(request.user)
    return get_object_or_404(batches.select_related("grid", "by").defer("file"), pk=pk)


def _names(model, fields):
    return {name: str(model._meta.get_field(name).verbose_name) for name in fields}


FIELD_NAMES = {
    **_names(Building, ("address", "floors", "aliases", "kind")),
    **_names(Business, (*imports.COMPARED, "building")),
    "code": "统一代码",
    "reported_mode": "组建形式",
    "founded_precision": "日期精度",
}
WORDS = {
    "state": Business.State,
    "reported_mode": Business.ReportedMode,
    "founded_precision": Business.Precision,
    "kind": Building.Kind,
}


def _said(name, value):
    """A changed value as people say it; phones masked."""
    if value in (None, "", []):
        return "空"
    if name == "contact_phone":
        return masked_phone(value)
    if isinstance(value, list):
        return "、".join(value)
    if name in WORDS:
        return WORDS[name](value).label
    return value


def _drawn(row, places):
    """A row as the preview shows it: where, what differs, what a new one is."""
    wrong = {problem["column"] for problem in row.problems}
    cells = {name: row.cells[place] for name, place in places.items()}
    facts = [
        cells.get("trade"),
        cells.get("staff_count") and f"从业 {cells['staff_count']} 人",
        cells.get("reported_mode"),
        cells.get("address"),
    ]
    return {
        "row": row,
        "place": " ".join(filter(None, [cells.get("building"), cells.get("room")])),
        "facts": "，".join(filter(None, facts)) if not wrong else "",
        "changes": [
            {
                "label": FIELD_NAMES.get(name, name),
                "before": _said(name, before),
                "after": _said(name, after),
            }
            for name, (before, after) in row.changes.items()
        ],
    }


@needs(Right.IMPORT)
@require_POST
def import_apply(request, pk):
    """Hand the batch to the worker, once."""
    batch = _batch(request, pk)
    try:
        with transaction.atomic():
            imports.start(batch, by=request.user, at=timezone.now())
            transaction.on_commit(lambda: apply_import.enqueue(batch.pk))
    except imports.Refused as refused:
        messages.warning(request, str(refused))
    return redirect(batch)


@needs(Right.IMPORT)
@require_POST
def import_drop(request, pk):
    batch = _batch(request, pk)
    try:
        imports.drop(batch, by=request.user, at=timezone.now())
    except imports.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已放弃这次导入，台账没有改动。")
    return redirect("enterprises:import_list")


@needs(Right.IMPORT)
@require_safe
def import_wrong(request, pk):
    """A workbook of the rows with something wrong, made to be mended and imported.

    Cells stand as they were read under the file's own headings. A number that is
    stored comes masked: the mask means that very number. Others come as the file gave
    them, since they stand nowhere else; so the download is recorded.
    """
    batch = _batch(request, pk)
    rows = list(batch.rows.filter(SHOWN["wrong"]).order_by("pk"))
    audit.record(
        "import.wrong_rows_taken",
        batch,
        by=request.user,
        at=timezone.now(),
        rows=len(rows),
    )
    is_applied = batch.state == ImportBatch.State.APPLIED
    sheets = {sheet["name"]: sheet for sheet in batch.summary["sheets"]}
    labels = {"kind": "类别"}
    for sheet in sheets.values():
        if sheet["model"] == "business":
            labels = {**sheet["columns"], **labels}
    names = sorted(labels, key=list(imports.BUSINESS_HEADINGS).index)
    headings = ["工作表", "行", "结果", *(labels[n] for n in names), "问题", "怎么改"]
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    write_xlsx(
        file,
        title="有问题的行",
        columns=[Column(label) for label in headings],
        note_lines=[
            f"来自 {batch.file_name}。改好后可以直接导入这个文件。",
            *(
                f"工作表“{row.sheet}”第 {row.number} 行 {row.name}：{_in_words(row)}"
                for row in rows
                if row.model == "building"
            ),
        ],
        rows=(
            [
                row.sheet,
                row.number,
                row.get_result_display(),
                *_cells(row, names, sheets[row.sheet], is_applied=is_applied),
                *_problem_and_remedy(row),
            ]
            for row in rows
            if row.model == "business"
        ),
    )
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="有问题的行.xlsx")


def _in_words(row):
    return "；".join(f"{p['column']}“{p['value']}”{p['message']}" for p in row.problems)


def _cells(row, names, sheet, *, is_applied):
    places = sheet["places"]
    cells = {name: row.cells[place] for name, place in places.items()}
    if not cells.get("kind") and sheet["kind"]:
        cells["kind"] = Business.Kind(sheet["kind"]).label
    wrong = {problem["column"] for problem in row.problems}
    stored = row.result == Result.SAME or (
        row.result == Result.CHANGED and "contact_phone" not in row.changes
    )
    if is_applied:
        stored = row.result != Result.REJECTED
    if stored and sheet["columns"].get("contact_phone") not in wrong:
        cells["contact_phone"] = masked_phone(cells.get("contact_phone"))
    return [cells.get(name, "") for name in names]


def _problem_and_remedy(row):
    """What is wrong and what to do; messages say the two in this order."""
    problems, remedies = [], []
    for problem in row.problems:
        what, _, how = problem["message"].partition("请")
        problems.append(f"{problem['column']}：{what.rstrip('，。')}")
        remedies.append(f"{problem['column']}：请{how}" if how else "")
    return "；".join(problems), "；".join(filter(None, remedies))
