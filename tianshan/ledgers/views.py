"""The ledger page, and its export: the same rows, order and masks."""

import tempfile
from urllib.parse import quote

from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from tianshan.audit import record
from tianshan.files.writing import csv_chunks, write_xlsx
from tianshan.ledgers.asked import ask, without
from tianshan.ledgers.bar import draw_filters
from tianshan.ledgers.drawing import draw_rows
from tianshan.ledgers.pages import LedgerPaginator
from tianshan.ledgers.scopes import BadScope
from tianshan.web import render_part
from tianshan.web.masks import phone_tail

PAGE_SIZES = (20, 50, 100, 200)


def ledger_page(request, ledger):
    """One ledger: `?q=&…filters&figure=&grid=&start=&end=&sort=&page=&size=&format=`."""
    today = timezone.localdate()
    if tail := phone_tail(request.GET.get("q")):
        return redirect(request.path + without(request.GET, q=tail))
    try:
        asked = ask(request, ledger, today=today)
    except BadScope as problem:
        context = {"ledger": ledger, "problem": str(problem)}
        return render(request, "ledgers/problem.html", context, status=400)
    if request.GET.get("format") in EXPORTS:
        return _export(request, asked)

    columns = [c for c in ledger.columns_for(request.user) if c.shown]
    size = _size(request.GET.get("size"))
    paginator = LedgerPaginator(asked.rows, size)
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = ledger.annotated(
        page.object_list, columns, user=request.user, day=asked.day
    )
    context = {
        "ledger": ledger,
        "search": asked.search,
        "filters": draw_filters(ledger, request),
        "chips": (chips := asked.chips),
        "page": page,
        "total": paginator.count,
        "columns": [_heading(request, column, asked.sort) for column in columns],
        "body": draw_rows(page.object_list, columns),
        "hidden": asked.beside_the_form,
        "filter_count": len(chips),
        "actions": [
            {"label": label, "icon": icon, "url": reverse(page_name)}
            for label, icon, page_name, right in ledger.actions
            if request.user.may(right)
        ],
        "sizes": PAGE_SIZES,
        "size": size,
        "today": today,
    }
    return render_part(request, "ledgers/ledger.html", context, part="list")


def _size(text):
    return int(text) if text in {str(size) for size in PAGE_SIZES} else 50


def _heading(request, column, sort):
    if not column.sort:
        return {"column": column, "url": None, "direction": None}
    up, down = column.key, f"-{column.key}"
    direction = {up: "ascending", down: "descending"}.get(sort)
    url = without(request.GET, sort=down if sort == up else up)
    return {"column": column, "url": url, "direction": direction}


# --- export ------------------------------------------------------------------------


def _export(request, asked):
    """xlsx or csv of exactly the rows of the list, masked as the list masks."""
    ledger, kind = asked.ledger, request.GET["format"]
    columns = [c for c in ledger.columns_for(request.user) if c.exported]
    rows = ledger.annotated(asked.rows, columns, user=request.user, day=asked.day)
    now = timezone.now()
    total = rows.count()
    record(
        "ledger.exported",
        request.user,
        by=request.user,
        at=now,
        ledger=ledger.key,
        format=kind,
        rows=total,
        filters=sorted(set(request.GET) - {"format", "page", "size"}),
    )
    stamp = timezone.localtime(now)
    note = (
        f"{request.user.display_name} 于 {stamp:%Y-%m-%d %H:%M} 导出，"
        f"共 {total} {ledger.unit}；筛选：{asked.in_words or '无'}。"
    )
    values = ([column.value(row) for column in columns] for row in rows.iterator(2000))
    content_type, write = EXPORTS[kind]
    response = StreamingHttpResponse(
        write(ledger.title, columns, values, note), content_type=content_type
    )
    name = f"{ledger.title}_{stamp:%Y%m%d_%H%M}.{kind}"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ledger.key}.{kind}\"; filename*=UTF-8''{quote(name)}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _xlsx(title, columns, values, note):
    with tempfile.TemporaryFile() as file:
        write_xlsx(file, title=title, columns=columns, rows=values, note_lines=[note])
        file.seek(0)
        while chunk := file.read(64 * 1024):
            yield chunk


def _csv(title, columns, values, note):
    yield from csv_chunks(columns=columns, rows=values)


EXPORTS = {
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
    ),
    "csv": ("text/csv; charset=utf-8", _csv),
}
