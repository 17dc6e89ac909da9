"""What an address asks of a ledger: which rows, in which order, as of which day."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404
from django_filters.widgets import SuffixedMultiWidget

from tianshan.ledgers.figures import FIGURES, Figure
from tianshan.ledgers.ledger import Ledger
from tianshan.ledgers.scopes import BadScope, Scope, read_day, read_scope

SCOPE_KEYS = ("figure", "grid", "start", "end")
MOST_IDS = 1000  # rows picked by hand, in one address


@dataclass
class Asked:
    """The rows that an address asks for, and why they are these."""

    ledger: Ledger
    query: object  # QueryDict
    figure: Figure | None
    scope: Scope | None
    on: dt.date | None  # the day that is looked back to
    day: dt.date  # the day whose states show: `on`, the period's last, or today
    search: object  # FilterSet
    rows: object  # QuerySet, in order
    sort: str
    ids: list | None  # picked by hand

    @property
    def sum(self):
        """What the listed rows add up to, where the figure that opened them is a sum."""
        if self.figure is None or not self.figure.adds:
            return None
        listed = self.rows.order_by().values("pk")
        return self.figure.sum_of(self.figure.rows(self.scope).filter(pk__in=listed))

    @property
    def chips(self):
        """What narrows the list, each with the address that takes it away."""
        return [*self._chips()]

    @property
    def in_words(self):
        """The filter as a sentence, for exports, prints and the audit log."""
        return "；".join(f"{chip['label']}：{chip['value']}" for chip in self.chips)

    @property
    def beside_the_form(self):
        """What the filter form must carry along: order, figure, columns and so on."""
        form = self.search.form
        inputs = {"page", "format"}
        for name, field in form.fields.items():
            if field.widget.is_hidden:  # set by a link alone, so it is carried along
                continue
            inputs.add(name)
            for suffix in getattr(field.widget, "suffixes", ()):
                inputs.add(f"{name}_{suffix}")
        return [
            (key, value)
            for key, values in self.query.lists()
            if key not in inputs
            for value in values
        ]

    def _chips(self):
        if self.figure:
            yield {
                "label": self.figure.label,
                "value": self.scope.in_words,
                "title": self.figure.definition,
                "url": without(self.query, **dict.fromkeys(SCOPE_KEYS)),
            }
        if self.ids is not None:
            yield {
                "label": "所选",
                "value": f"{len(self.ids)} {self.ledger.unit}",
                "url": without(self.query, ids=None),
            }
        form = self.search.form
        for name, field in form.fields.items():
            if name in form.errors:
                yield from self._unknown(name, field)
                continue
            if isinstance(field.widget, SuffixedMultiWidget):
                yield from self._range(name, field)
                continue
            values = [value for value in self.query.getlist(name) if value]
            for value in values:
                rest = [other for other in values if other != value]
                yield {
                    "label": field.label,
                    "value": self._said(name, field, value),
                    "url": without(self.query, **{name: rest or None}),
                }

    def _unknown(self, name, field):
        """What the ledger cannot make out: no row answers to it."""
        names = [
            name,
            *(f"{name}_{end}" for end in getattr(field.widget, "suffixes", ())),
        ]
        texts = [text for key in names for text in self.query.getlist(key) if text]
        yield {
            "label": field.label,
            "value": f"{'、'.join(texts)[:20]}（不认识）",
            "url": without(self.query, **dict.fromkeys(names)),
        }

    def _range(self, name, field):
        names = [f"{name}_{suffix}" for suffix in field.widget.suffixes]
        first, last = (self.query.get(key, "") for key in names)
        earliest, latest = getattr(field.widget, "open_ends", ("最早", "最近"))
        if first or last:
            yield {
                "label": field.label,
                "value": f"{first or earliest} 至 {last or latest}",
                "url": without(self.query, **dict.fromkeys(names)),
            }

    def _said(self, name, field, value):
        if hasattr(field, "queryset"):
            return str(self.search.form.cleaned_data[name])
        return {str(k): v for k, v in getattr(field.widget, "choices", [])}.get(
            value, value
        )


def ask(request, ledger, *, today, query=None):
    """What the query (the request's own, by default) asks of the ledger.

    Raises BadScope, with a sentence for the user, on a period or day that cannot be.
    """
    query = request.GET if query is None else query
    figure, scope = _figure(request.user, ledger, query, today)
    on = _on(ledger, query, figure, today)
    rows = ledger.rows(request.user)
    if figure:
        rows = rows.filter(pk__in=figure.rows(scope).values("pk"))
    if on:
        rows = ledger.past.known(rows, on)
    ids = _ids(query.get("ids"))
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    search = ledger.filterset(query, rows, request=request, on=on)
    # A condition that cannot be made out must not show, or export, more than was meant.
    found = search.qs.none() if search.form.errors else search.qs
    sort = query.get("sort", "")
    return Asked(
        ledger=ledger,
        query=query,
        figure=figure,
        scope=scope,
        on=on,
        day=on or (scope.day if scope else today),
        search=search,
        rows=ledger.ordered(found, sort, past=on is not None),
        sort=sort,
        ids=ids,
    )


def _figure(user, ledger, query, today):
    key = query.get("figure")
    if not key:
        return None, None
    figure = FIGURES.get(key)
    if not isinstance(figure, Figure) or figure.ledger != ledger.key:
        raise Http404
    return figure, read_scope(user, query, today=today)


def _on(ledger, query, figure, today):
    on = read_day(query.get("on"), None, "截至日期")
    if on is None:
        return None
    if ledger.past is None:
        raise BadScope(f"{ledger.title}没有按日期的记录，不能看截至某一天的样子。")
    if figure:
        raise BadScope("从指标打开的名单自带统计期，不能再选截至日期。")
    if on > today:
        raise BadScope(f"截至日期 {on} 还没到，只能看今天和以前。")
    return on


def _ids(text):
    """`1.2.3`; what is no number is no row."""
    if text is None:
        return None
    parts = text.split(".")[:MOST_IDS]
    return [int(part) for part in parts if part.isdecimal() and len(part) < 19]


def without(query, **dropped):
    """The query string with keys dropped (None), values taken out, or set."""
    kept = [
        (key, value)
        for key, values in query.lists()
        if key != "page" and key not in dropped
        for value in values
    ]
    for key, value in dropped.items():
        if value is not None:
            values = value if isinstance(value, list) else [value]
            kept += [(key, each) for each in values]
    return "?" + urlencode(kept)
