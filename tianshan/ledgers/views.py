"""The ledger page, and its export: the same rows, order and masks."""

import tempfile
from itertools import batched
from urllib.parse import quote

from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from tianshan.audit import record
from tianshan.database.patience import unhurriedly
from tianshan.database.replica import from_replica
from tianshan.files.writing import Column as CsvColumn
from tianshan.files.writing import csv_chunks, write_xlsx
from tianshan.ledgers import in_sql, kept
from tianshan.ledgers.asked import ask, without
from tianshan.ledgers.bar import asked_extra, draw_filters
from tianshan.ledgers.bulk_views import marked_rows
from tianshan.ledgers.columns import chosen, everything, named, restricted_among
from tianshan.ledgers.desk import desk_of
from tianshan.ledgers.drawing import draw_rows
from tianshan.ledgers.pages import LedgerPaginator
from tianshan.ledgers.scopes import BadScope
from tianshan.web import render_part
from tianshan.web.masks import phone_tail

PAGE_SIZES = (20, 50, 100, 200)
PRINTED = 1000  # rows on paper at once


@from_replica
def ledger_page(request, ledger):
    """One ledger: `?q=&…filters&figure=&grid=&start=&end=`, and how it is shown:
    `&on=&sort=&columns=&page=&size=&view=&format=`.
    """
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

    desk = desk_of(request.user, ledger, request.GET)
    available = ledger.columns_for(request.user)
    columns = chosen(available, request.GET, desk.laid_out)
    if request.GET.get("format") == "print":
        return _print(request, asked, columns)

    if restricted := restricted_among(columns):
        record(
            "ledger.restricted_seen",
            request.user,
            by=request.user,
            at=timezone.now(),
            ledger=ledger.key,
            columns=restricted,
            filters=sorted(set(request.GET) - {"page", "size"}),
        )
    size = _size(request.GET.get("size"))
    paginator = LedgerPaginator(asked.rows, size)
    page = paginator.get_page(request.GET.get("page"))
    marked = marked_rows(request, ledger, page)
    edits = [] if asked.on else [e for e in ledger.edits if request.user.may(e.right)]
    context = {
        "ledger": ledger,
        "desk": desk,
        "available": available,
        "marked": marked,
        "edits": edits,
        "papers": [paper for paper in ledger.papers if request.user.may(paper[4])],
        "here": request.get_full_path(),
        "address": request.GET.urlencode(),
        "now": timezone.now(),
        "search": asked.search,
        "filters": draw_filters(ledger, request),
        "chips": (chips := asked.chips),
        "page": page,
        "total": paginator.count,
        "sum": asked.sum,
        "figure": asked.figure,
        "columns": columns,
        "table": _table(request, asked, page, columns, edits, marked),
        "hidden": asked.beside_the_form,
        "filter_count": len(chips),
        "actions": [
            {"label": label, "icon": icon, "url": reverse(page_name)}
            for label, icon, page_name, right in ledger.actions
            if request.user.may(right)
        ],
        "today": today,
    }
    return render_part(request, "ledgers/ledger.html", context, part="list")


def _table(request, asked, page, columns, edits, marked):
    """The page of rows with its heading and foot, as drawn; kept, unless it looks back
    or some rows are marked just now."""
    ledger, paginator = asked.ledger, page.paginator

    def draw():
        total = kept.count(asked.rows)  # none, too, hangs on the tables asked
        rows = ledger.annotated(
            page.object_list.all(), columns, user=request.user, day=asked.day
        )
        if asked.on:
            rows = ledger.past.recall(list(rows), asked.on)
        pks = marked.pks if marked else ()
        context = {
            "request": request,  # whose address the links of the foot go on from
            "ledger": ledger,
            "peek_url": peek_url(ledger, asked),
            "headings": [_heading(request, column, asked.sort) for column in columns],
            "rows": draw_rows(
                rows,
                columns,
                picks=True,
                marked=pks,
                group=None if asked.sort else ledger.group,
            ),
            "page": page,
            "total": total,
            "sizes": PAGE_SIZES,
            "size": paginator.per_page,
            "edits": edits,
        }
        return render_to_string("ledgers/table.html", context)

    if marked or asked.on:
        return draw()
    key = (
        "table",
        request.get_full_path(),
        *(column.key for column in columns),
        kept.who(request.user),
        asked.day,
        asked_extra(ledger),
    )
    return kept.keep(key, draw)


def peek_url(ledger, asked):
    """Where a row's panel is, with 0 for its key and the day that is looked back to."""
    url = reverse("ledgers:peek", args=[ledger.key, 0])
    return f"{url}?on={asked.on}" if asked.on else url


def _print(request, asked, columns):
    """All rows of the list on paper, up to a limit that is said."""
    ledger = asked.ledger
    total = asked.rows.count()
    rows = ledger.annotated(
        asked.rows[:PRINTED], columns, user=request.user, day=asked.day
    )
    if asked.on:
        rows = ledger.past.recall(list(rows), asked.on)
    now = timezone.now()
    record(
        "ledger.printed",
        request.user,
        by=request.user,
        at=now,
        ledger=ledger.key,
        rows=min(total, PRINTED),
        filters=sorted(set(request.GET) - {"format", "page", "size"}),
        restricted=restricted_among(columns),
    )
    context = {
        "ledger": ledger,
        "chips": asked.chips,
        "columns": columns,
        "body": draw_rows(rows, columns),
        "total": total,
        "most": PRINTED,
        "left_out": max(total - PRINTED, 0),
        "now": now,
        "list_url": ledger.url + without(request.GET, format=None),
    }
    return render(request, "ledgers/print.html", context)


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
    available = ledger.columns_for(request.user)
    shown = named(available, request.GET.get("columns")) or everything(available)
    columns = [column for column in shown if column.exported]
    now = timezone.now()
    total = asked.rows.count()
    record(
        "ledger.exported",
        request.user,
        by=request.user,
        at=now,
        ledger=ledger.key,
        format=kind,
        rows=total,
        filters=sorted(set(request.GET) - {"format", "page", "size"}),
        restricted=restricted_among(columns),
    )
    stamp = timezone.localtime(now)
    note = (
        f"{request.user.display_name} 于 {stamp:%Y-%m-%d %H:%M} 导出，"
        f"共 {total} {ledger.unit}；筛选：{asked.in_words or '无'}。"
    )
    content_type, write = EXPORTS[kind]
    response = StreamingHttpResponse(
        unhurriedly(write(request.user, asked, columns, note)),
        content_type=content_type,
    )
    name = f"{ledger.title}_{stamp:%Y%m%d_%H%M}.{kind}"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ledger.key}.{kind}\"; filename*=UTF-8''{quote(name)}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _by_database(user, asked, columns):
    """The rows as the database can say them itself, or None."""
    if asked.on:
        return None
    return in_sql.read(asked.ledger, asked.rows, columns, user=user, day=asked.day)


def row_by_row(user, asked, columns):
    """What the columns hold, of each row."""
    rows = asked.ledger.annotated(asked.rows, columns, user=user, day=asked.day)
    found = rows.iterator(2000)
    if asked.on:
        found = recalled(asked.ledger, found, asked.on)
    return ([column.value(row) for column in columns] for row in found)


def recalled(ledger, rows, day):
    """The rows with what held on the day, some hundreds at a time."""
    for some in batched(rows, 500):
        yield from ledger.past.recall(list(some), day)


def _xlsx(user, asked, columns, note):
    told = _by_database(user, asked, columns)
    rows = in_sql.values(told, columns) if told is not None else None
    with tempfile.TemporaryFile() as file:
        write_xlsx(
            file,
            title=asked.ledger.title,
            columns=columns,
            rows=rows or row_by_row(user, asked, columns),
            note_lines=[note],
        )
        file.seek(0)
        while chunk := file.read(64 * 1024):
            yield chunk


def _csv(user, asked, columns, note):
    # In the heading's last cell: no row is added, and an import passes over it.
    headings = [*columns, CsvColumn(f"注：{note}")]
    told = _by_database(user, asked, columns)
    if told is not None:
        yield from csv_chunks(columns=headings, rows=())
        yield from in_sql.csv_lines(told)
        return
    rows = row_by_row(user, asked, columns)
    yield from csv_chunks(columns=headings, rows=([*row, None] for row in rows))


EXPORTS = {
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
    ),
    "csv": ("text/csv; charset=utf-8", _csv),
}
