"""Importing a ledger: choose the file, see what it would change, write it."""

import tempfile

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
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
from tianshan.files import FileProblem
from tianshan.files.writing import Column, write_xlsx
from tianshan.web import render_part
from tianshan.web.masks import masked_phone

Result = ImportRow.Result
# What a tab of the preview shows; "wrong" are rows with something left out.
SHOWN = {
    "new": [Result.NEW],
    "changed": [Result.CHANGED],
    "same": [Result.SAME],
    "rejected": [Result.REJECTED],
    "duplicate": [Result.DUPLICATE],
}


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
            batch, _ = imports.upload(
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
    rows = batch.rows.all()
    show = request.GET.get("show") or "look"
    if show in SHOWN:
        rows = rows.filter(result__in=SHOWN[show])
    elif show == "wrong":
        rows = with_problems(rows)
    elif show == "look":
        rows = rows.exclude(result=Result.SAME) | with_problems(rows)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    earlier = (
        ImportBatch.objects.visible_to(request.user)
        .filter(sha256=batch.sha256, state=ImportBatch.State.APPLIED)
        .exclude(pk=batch.pk)
        .first()
    )
    context = {
        "batch": batch,
        "page": page,
        "rows": [_drawn(row) for row in page],
        "show": show,
        "wrong": with_problems(batch.rows.all()).count(),
        "earlier": earlier,
        "labels": FIELD_NAMES,
    }
    return render_part(request, "enterprises/import_detail.html", context, part="batch")


def with_problems(rows):
    return rows.exclude(problems=[])


def _batch(request, pk):
    batches = ImportBatch.objects.visible_to(request.user)
    return get_object_or_404(batches.select_related("grid", "by").defer("file"), pk=pk)


def _names(model, fields):
    return {
        name: str(model._meta.get_field(name).verbose_name).capitalize()
        for name in fields
    }


FIELD_NAMES = {
    **_names(Building, ("address", "floors", "aliases")),
    **_names(Business, (*imports.COMPARED, "building", "kind")),
}


def _said(name, value):
    """A changed value as people say it; phones masked."""
    if value in (None, "", []):
        return "空"
    if name == "contact_phone":
        return masked_phone(value)
    if isinstance(value, list):
        return "、".join(value)
    for words in (Business.State, Business.ReportedMode, Business.Precision):
        if name in ("state", "reported_mode", "founded_precision") and value in words:
            return words(value).label
    return value


def _drawn(row):
    return {
        "row": row,
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
    """A workbook of the rows with something wrong: as read, with what to do."""
    batch = _batch(request, pk)
    rows = list(with_problems(batch.rows.all()))
    width = max((len(row.cells) for row in rows), default=0)
    labels = ["工作表", "行", "结果", "问题和怎么改"]
    labels += [f"第{place}列" for place in range(1, width + 1)]
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    write_xlsx(
        file,
        title=f"{batch.file_name}：有问题的行",
        columns=[Column(label) for label in labels],
        rows=(
            [
                row.sheet,
                row.number,
                row.get_result_display(),
                "；".join(f"{p['column']}：{p['message']}" for p in row.problems),
                *row.cells,
            ]
            for row in rows
        ),
    )
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="有问题的行.xlsx")
