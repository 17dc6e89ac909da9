"""What a place of a form is filled from: a figure, a kept view (how many rows it has,
or the rows themselves), a fact, or a person."""

import datetime as dt
import re
from decimal import Decimal
from types import SimpleNamespace

from django.http import QueryDict
from django.utils import timezone

from dashboard import screen
from dashboard.reports import papers, periods
from tianshan.files.pouring import Rows
from tianshan.ledgers import FIGURES, LEDGERS, BadScope, Scope, SmallCount
from tianshan.ledgers.asked import ask
from tianshan.ledgers.columns import chosen as chosen_columns
from tianshan.ledgers.models import SavedView
from tianshan.ledgers.views import row_by_row

TYPED = "typed"
VIEWS = ("view", "rows")
MOST_LISTED = 500  # rows that a form lists
FACTS = {
    "period": "统计期",
    "start": "统计期开始日期",
    "end": "统计期结束日期",
    "grid": "填报单位",
    "filler": "填报人",
    "checker": "审核人",
    "signer": "签发人",
    "signed_on": "签发日期",
}
AT_THE_END = ("filler", "checker", "signer", "signed_on")  # known when it is signed


def figures():
    """Those that a form may be filled from: help cases stay behind their wall."""
    return {
        key: figure
        for key, figure in FIGURES.items()
        if not isinstance(figure, SmallCount)
    }


def guess(name):
    """What a name in braces most likely means: `{label, source, key}`."""
    plain = "".join(name.split())
    for key, label in FACTS.items():
        if plain in (key, label):
            return {"label": label, "source": "fact", "key": key}
    for key, figure in figures().items():
        if plain in (key, figure.label):
            return {"label": str(figure.label), "source": "figure", "key": key}
    return {"label": name[:80], "source": TYPED, "key": ""}


def choices(user, fields=(), *, kind="docx"):
    """For a select, in groups; the views are those that the user may open. Rows go into
    workbooks alone."""
    views = [
        (f"view:{view.pk}", f"{LEDGERS[view.ledger].title}：{view.name}")
        for view in SavedView.objects.visible_to(user).exclude(name="").for_list()
    ]
    known = {value for value, _ in views}
    views += [
        (value, f"{field['words']}（已存进报表）")
        for field in fields
        if field["source"] in VIEWS and (value := f"view:{field['key']}") not in known
    ]
    told = [
        (f"figure:{key}", f"{figure.label}（{figure.unit}）")
        for key, figure in figures().items()
    ]
    return [
        (f"{TYPED}:", "人工填写"),
        ("指标", told),
        ("存下的台账视图（行数）", views),
        *([("存下的台账视图（逐行列出）", _by_row(views))] if kind == "xlsx" else []),
        ("这一期的情况", [(f"fact:{key}", label) for key, label in FACTS.items()]),
    ]


def _by_row(views):
    return [(value.replace("view:", "rows:", 1), words) for value, words in views]


def said(field):
    return f"{field['source']}:{field['key']}"


def chosen(value, user, before=None):
    """The part of a field that a choice means. A view's filter is kept as it is now:
    whoever changes the view later does not change the form."""
    if before and said(before) == value:
        return _beside(before)
    source, _, key = value.partition(":")
    if source not in VIEWS:
        return {"source": source, "key": key}
    if before and before["source"] in VIEWS and before["key"] == key:
        return {**_beside(before), "source": source}
    view = SavedView.objects.visible_to(user).get(pk=key)
    return {
        "source": source,
        "key": key,
        "ledger": view.ledger,
        "query": view.query,
        "columns": ",".join(view.columns),
        "words": f"{LEDGERS[view.ledger].title}：{view.name}",
    }


def _beside(field):
    """All of a field but where it is and what it is called."""
    return {k: v for k, v in field.items() if k not in ("place", "label")}


def count(filing, *, by, today):
    """`[(field, counted, origin)]` of all places of the filing's form."""
    scope = Scope(
        user=by,
        grid=filing.form.grid,
        start=filing.start,
        end=filing.end,
        today=today,
    )
    entries = {entry["key"]: entry for entry in screen.figures_as_json(scope)}
    counted = []
    for field in filing.form.fields:
        match field["source"]:
            case "figure" if field["key"] in entries:
                counted.append((field, *_figure(entries[field["key"]])))
            case "view":
                counted.append((field, *_view(field, scope)))
            case "rows":
                counted.append((field, *_rows(field, scope)))
            case "fact":
                known = _fact(field["key"], filing)
                counted.append((field, known, {"key": field["key"]}))
            case _:
                counted.append((field, "", {}))
    return counted


def _figure(entry):
    names = ("numerator", "denominator", "definition", "unit", "label", "key")
    origin = {name: entry[name] for name in names if name in entry}
    origin["unit"], origin["href"] = str(entry["unit"]), papers.address(entry)
    return "" if entry["value"] is None else str(entry["value"]), origin


def _view(field, scope):
    """How many rows of the grid the kept filter has, as of the period's last day where
    the ledger looks back."""
    asked = _asked(field, scope)
    if asked is None:
        return "", _not_now(field)
    return str(asked.rows.count()), _origin(field, asked)


def _rows(field, scope):
    """How many, and in its origin the rows: `heads` and `rows` of texts and numbers, in
    the columns that the view shows and masked as an export masks. Columns that need a
    right of their own are left out: whoever reads the form may not have it."""
    asked = _asked(field, scope)
    if asked is None:
        return "", _not_now(field)
    number, origin = asked.rows.count(), _origin(field, asked)
    if number > MOST_LISTED:
        words = f"有 {number} 行，最多列 {MOST_LISTED} 行，请把视图筛窄"
        return "", origin | {"problem": words}
    available = asked.ledger.columns_for(scope.user)
    shown = chosen_columns(available, asked.query, field.get("columns", ""))
    columns = [column for column in shown if column.exported and not column.right]
    rows = row_by_row(scope.user, asked, columns)
    return str(number), origin | {
        "heads": [str(column.label) for column in columns],
        "rows": [[_kept(value) for value in row] for row in rows],
    }


def _kept(value):
    """As JSON holds it and the form shows it."""
    match value:
        case None | str() | int() | float():
            return value
        case Decimal():
            return float(value)
        case dt.datetime():
            return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
        case dt.date():
            return value.isoformat()
    return str(value)


def _asked(field, scope):
    """The rows of the scope's grid, or None where the view cannot be opened now."""
    ledger = LEDGERS[field["ledger"]]
    query = QueryDict(field["query"], mutable=True)
    if ledger.past and "on" not in query and scope.day < scope.today:
        query["on"] = scope.day.isoformat()
    request = SimpleNamespace(user=scope.user, GET=query)
    try:
        asked = ask(request, ledger, today=scope.today, query=query)
    except BadScope:
        return None
    if "grid" in {one.name for one in asked.rows.model._meta.get_fields()}:
        asked.rows = asked.rows.filter(grid__path__startswith=scope.grid.path)
    return asked


def _not_now(field):
    return {"words": field["words"], "problem": "这个视图现在打不开"}


def _origin(field, asked):
    return {
        "unit": asked.ledger.unit,
        "definition": f"{field['words']}，{asked.in_words or '没有筛选'}",
        "href": f"{asked.ledger.url}?{asked.query.urlencode()}",
    }


def _fact(key, filing):
    match key:
        case "period":
            return filing.period_name
        case "start":
            return periods.in_words(filing.start)
        case "end":
            return periods.in_words(filing.end)
        case "grid":
            return filing.form.grid.name
    return ""


def signed_facts(filing):
    """The facts that the end brings; what is not yet known stays open."""
    signed = filing.signed_at
    return {
        "filler": _name(filing.submitted_by),
        "checker": _name(filing.checked_by),
        "signer": _name(filing.signed_by),
        "signed_on": periods.in_words(timezone.localdate(signed)) if signed else "　",
    }


def _name(user):
    return user.display_name if user else "　"


def value(cell, facts):
    """As it goes into the file: a number where it is one, None where nothing is known."""
    if "rows" in cell.origin:
        return Rows(cell.origin["rows"])
    if cell.source == "fact" and not cell.shown:
        return facts.get(cell.origin.get("key") or "", "　")
    if not cell.shown:
        return None
    return cell.shown if cell.source == "fact" else _number_in(cell.shown)


def _number_in(text):
    """12, 92.0 are numbers; 007, +1 and the like are text."""
    if not re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", text):
        return text
    return float(text) if "." in text else int(text)
