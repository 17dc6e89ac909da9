"""The ledger page, and its export: the same rows, order and masks."""

import tempfile
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import mark_safe

from tianshan.audit import record
from tianshan.files.writing import csv_chunks, write_xlsx
from tianshan.ledgers.figures import FIGURES, Figure
from tianshan.ledgers.scopes import BadScope, read_scope
from tianshan.web import render_part

PAGE_SIZES = (20, 50, 100, 200)
SCOPE_KEYS = ("figure", "grid", "start", "end")


def ledger_page(request, ledger):
    """One ledger: `?q=&…filters&figure=&grid=&start=&end=&sort=&page=&size=&format=`."""
    today = timezone.localdate()
    try:
        figure, scope = _asked_figure(request, ledger, today)
    except BadScope as problem:
        context = {"ledger": ledger, "problem": str(problem)}
        return render(request, "ledgers/problem.html", context, status=400)

    queryset = ledger.rows(request.user)
    if figure:
        queryset = queryset.filter(pk__in=figure.rows(scope).values("pk"))
    search = ledger.filterset(request.GET, queryset, request=request)
    sort = request.GET.get("sort", "")
    rows = ledger.ordered(search.qs, sort)

    day = scope.day if scope else today
    if request.GET.get("format") in EXPORTS:
        return _export(request, ledger, rows, figure=figure, scope=scope, day=day)

    columns = [column for column in ledger.columns if column.shown]
    size = _size(request.GET.get("size"))
    paginator = Paginator(rows, size)
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = ledger.annotated(
        page.object_list, columns, user=request.user, day=day
    )
    context = {
        "ledger": ledger,
        "search": search,
        "figure": figure,
        "scope": scope,
        "chips": _chips(request, search, figure, scope),
        "page": page,
        "total": paginator.count,
        "columns": [_heading(request, column, sort) for column in columns],
        "body": draw_rows(page.object_list, columns),
        "hidden": [
            (k, v) for k, v in request.GET.items() if k in (*SCOPE_KEYS, "sort")
        ],
        "filter_count": sum(1 for name in search.form.fields if request.GET.get(name)),
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


def _asked_figure(request, ledger, today):
    key = request.GET.get("figure")
    if not key:
        return None, None
    figure = FIGURES.get(key)
    if not isinstance(figure, Figure) or figure.ledger != ledger.key:
        raise Http404
    return figure, read_scope(request.user, request.GET, today=today)


def _size(text):
    return int(text) if text in {str(size) for size in PAGE_SIZES} else 50


def draw_rows(rows, columns):
    """The table's body, cell by cell, each escaped.

    Drawn here and not by the template engine, which costs ten times as much for
    50 rows of 10 cells; `Column.cell` escapes whatever is not made by format_html.
    """
    drawn = []
    for row in rows:
        cells = []
        for place, column in enumerate(columns):
            text = column.cell(row)
            if column.link:
                text = (
                    f'<a class="nm" href="{escape(row.get_absolute_url())}">{text}</a>'
                )
            style = ' class="r"' if column.number else ""
            if place == 0:
                style = ' class="first"'
            cells.append(f'<td{style} data-label="{escape(column.label)}">{text}</td>')
        drawn.append(f'<tr data-id="{row.pk}">{"".join(cells)}</tr>')
    return mark_safe("\n".join(drawn))  # noqa: S308  every part is escaped above


def _without(request, **dropped):
    """The query string with keys dropped (None), values taken out, or set."""
    query = request.GET.copy()
    query.pop("page", None)
    for key, value in dropped.items():
        query.pop(key, None)
        if value is not None:
            query.setlist(key, value if isinstance(value, list) else [value])
    return "?" + query.urlencode()


def _heading(request, column, sort):
    if not column.sort:
        return {"column": column, "url": None, "direction": None}
    up, down = column.key, f"-{column.key}"
    direction = {up: "ascending", down: "descending"}.get(sort)
    url = _without(request, sort=down if sort == up else up)
    return {"column": column, "url": url, "direction": direction}


def _chips(request, search, figure, scope):
    """What narrows the list, each with the address that takes it away."""
    chips = []
    if figure:
        chips.append(
            {
                "label": figure.label,
                "value": f"{figure.unit} · {scope.in_words}",
                "title": figure.definition,
                "url": _without(request, **dict.fromkeys(SCOPE_KEYS)),
            }
        )
    for name, field in search.form.fields.items():
        values = [value for value in request.GET.getlist(name) if value]
        if not values or name in search.form.errors:
            continue
        choices = {str(k): v for k, v in getattr(field, "choices", [])}
        for value in values:
            rest = [other for other in values if other != value]
            chips.append(
                {
                    "label": field.label,
                    "value": choices.get(value, value),
                    "url": _without(request, **{name: rest or None}),
                }
            )
    return chips


# --- export ------------------------------------------------------------------------


def _export(request, ledger, rows, *, figure, scope, day):
    """xlsx or csv of exactly the rows of the list, masked as the list masks."""
    kind = request.GET["format"]
    columns = [column for column in ledger.columns if column.exported]
    rows = ledger.annotated(rows, columns, user=request.user, day=day)
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
    narrowed = "、".join(
        f"{chip['label']}：{chip['value']}"
        for chip in _chips(
            request,
            ledger.filterset(request.GET, rows, request=request),
            figure,
            scope,
        )
    )
    stamp = timezone.localtime(now)
    note = (
        f"{request.user.display_name} 于 {stamp:%Y-%m-%d %H:%M} 导出，"
        f"共 {total} {ledger.unit}；筛选：{narrowed or '无'}。"
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
