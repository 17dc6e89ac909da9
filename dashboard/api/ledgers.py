"""A ledger as JSON: the rows, order and masks of its page."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone
from django_filters.widgets import SuffixedMultiWidget

from dashboard.api.doors import Bad
from tianshan.ledgers import FIGURES
from tianshan.ledgers.asked import MOST_IDS, SCOPE_KEYS, ask
from tianshan.ledgers.figures import Figure
from tianshan.ledgers.pages import LedgerPaginator
from tianshan.web.masks import phone_tail

SIZE, MOST = 100, 500  # rows of a page, and the most that one may ask for
DEEPEST = 10**6  # no page has a higher number
SHOWN_BY = ("columns", "sort", "page", "size", "ids", *SCOPE_KEYS)


def columns_of(ledger, user):
    """Those that any export has: without those that need a right of their own."""
    return [
        column
        for column in ledger.columns_for(user)
        if column.exported and not column.right
    ]


def filters_of(ledger, request):
    """`{parameter: (form field, suffix)}` of the ledger's filters."""
    rows = ledger.rows(request.user).none()
    fields = ledger.filterset(None, rows, request=request).form.fields
    found = {}
    for name, field in fields.items():
        if isinstance(field.widget, SuffixedMultiWidget):
            for suffix in field.widget.suffixes:
                found[f"{name}_{suffix}"] = field, suffix
        else:
            found[name] = field, ""
    return found


def answer(request, ledger):
    """What the query asks of the ledger; Bad or BadScope when it cannot be."""
    columns = _columns(request.GET, columns_of(ledger, request.user))
    _look_at(request, ledger)
    asked = ask(request, ledger, today=timezone.localdate())
    for name, errors in asked.search.form.errors.items():
        raise Bad(f"“{name}”：{errors[0]}", name)
    size = _whole(request.GET, "size", SIZE, MOST)
    number = _whole(request.GET, "page", 1, DEEPEST)
    pages = LedgerPaginator(asked.rows, size)
    rows = []
    if number <= pages.num_pages:
        found = ledger.annotated(
            pages.page(number).object_list.all(),
            columns,
            user=request.user,
            day=asked.day,
        )
        rows = ledger.past.recall(list(found), asked.on) if asked.on else list(found)
    following = request.GET.copy()
    following["page"] = number + 1
    more = number < pages.num_pages
    return {
        "ledger": ledger.key,
        "title": ledger.title,
        "unit": ledger.unit,
        "day": asked.day.isoformat(),
        "filter": asked.in_words,
        "total": pages.count,
        "sum": plain(asked.sum),
        "page": number,
        "pages": pages.num_pages,
        "size": size,
        "next": request.build_absolute_uri(f"{request.path}?{following.urlencode()}")
        if more
        else None,
        "columns": [{"key": c.key, "label": c.label} for c in columns],
        "rows": [
            {"id": row.pk, "cells": {c.key: plain(c.value(row)) for c in columns}}
            for row in rows
        ],
    }


def plain(value):
    """A cell as JSON has it: text, number, true or false; days and moments as texts of
    ISO 8601; null where the page shows a dash."""
    if value is None or value == "" or isinstance(value, bool | int | float):
        return None if value == "" else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def _look_at(request, ledger):
    """No parameter is passed over: a word mistyped would find more than was meant."""
    query, known = request.GET, filters_of(ledger, request)
    for name in query:
        if name not in known and name not in SHOWN_BY:
            raise Bad(f"没有“{name[:40]}”这个参数。", name[:40])
    if phone_tail(query.get("q")):
        raise Bad("地址里不放整个电话号码，请只用后四位查。", "q")
    sort = query.get("sort", "").removeprefix("-")
    if sort and not any(c.key == sort and c.sort for c in ledger.all_columns):
        raise Bad(f"不能按“{sort[:40]}”排序。", "sort")
    figure = FIGURES.get(query.get("figure"))
    if query.get("figure") and not (
        isinstance(figure, Figure) and figure.ledger == ledger.key
    ):
        raise Bad(f"{ledger.title}没有这个指标。", "figure")
    if not query.get("figure") and any(
        query.get(name) for name in SCOPE_KEYS if name not in known
    ):
        raise Bad("grid、start、end 要和 figure 一起用。", "figure")
    for part in query.get("ids", "").split(".") if query.get("ids") else ():
        if not (part.isascii() and part.isdecimal() and len(part) < 19):
            raise Bad("ids 是用点隔开的编号，如 12.15.30。", "ids")
    if query.get("ids", "").count(".") >= MOST_IDS:
        raise Bad(f"一次最多点名 {MOST_IDS} 条。", "ids")


def _columns(query, available):
    text = query.get("columns", "")
    if not text:
        return [column for column in available if not column.extra]
    known = {column.key: column for column in available}
    for key in (keys := dict.fromkeys(text.split(","))):
        if key not in known:
            raise Bad(f"没有“{key[:40]}”这一列。", "columns")
    return [known[key] for key in keys]


def _whole(query, name, otherwise, most):
    text = query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Bad(f"{name} 要是 1 到 {most} 的整数。", name)
    if not 1 <= int(text) <= most:
        raise Bad(f"{name} 要是 1 到 {most} 的整数。", name)
    return int(text)
