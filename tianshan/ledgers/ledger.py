"""A ledger: what one list shows, filters, sorts and exports, declared once."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import django_filters
from django import forms
from django.db.models import Expression
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.html import conditional_escape

from tianshan.pinyin import fold


@dataclass(frozen=True)
class Column:
    """One column of page, export and print.

    `value(row)` is what exports hold (text, number, date or None) and what the page
    shows, unless `draw(row)` says it otherwise (text, or HTML made by format_html).
    Personal fields are masked here already, so no export can forget to.
    """

    key: str
    label: str
    value: Callable
    draw: Callable | None = None
    sort: tuple = ()
    number: bool = False
    link: bool = False
    annotate: Callable | None = None  # annotate(queryset, user=, day=)
    shown: bool = True
    exported: bool = True
    extra: bool = False  # shown and exported where it is named, not among "all"
    right: str = ""  # for those alone who hold it; "" for all who see the ledger
    masked: str = ""  # what of the value is left out, for the word before an export
    # The value for exports of many rows: a path, an expression, or a function of the
    # day that gives one; and what it reads, where that is not what `annotate` adds.
    sql: str | Expression | Callable | None = None
    joins: Callable | None = None  # joins(queryset, user=, day=)
    read: Callable | None = None  # of the value as read so, for a workbook's cell

    def cell(self, row):
        if self.draw:
            return conditional_escape(self.draw(row))
        return conditional_escape(said(self.value(row)))


def said(value):
    """A value as the page says it."""
    if value is None or value == "":
        return "—"
    if value is True:
        return "是"
    if value is False:
        return "否"
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


class LedgerFilter(django_filters.FilterSet):
    """The filters that every ledger has: part of a name, pinyin, code, phone tail."""

    looks_at = None  # the day that is looked back to, where the ledger can

    q = django_filters.CharFilter(label="搜索", method="find")

    def find(self, queryset, name, value):
        for word in fold(value).split()[:5]:
            queryset = queryset.filter(search__found=word)
        return queryset


def _as_it_is(queryset, name, value):
    """The day is read before the filters are: see `asked.ask`."""
    return queryset


class Past:
    """How a ledger looks back to a day. What holds now on a row holds then on it.

    Only dated facts look back; the others show as they are known now.
    """

    sorts = {}  # column key -> what sorts it then, where that differs

    def known(self, queryset, day):
        """The rows known on the day, annotated with what held then."""
        raise NotImplementedError

    def recall(self, rows, day):
        """Put what held on the day on the rows (`known`), in memory."""
        return rows


def _asked(kind, data):
    """The names of the filters that a query speaks of."""
    return frozenset(
        name
        for name in kind.base_filters
        if name in data or any(key.startswith(f"{name}_") for key in data)
    )


_with_extras = {}  # a class made of another and of extra fields, as they are


def _extended(kind, asked):
    """The class with the filters of these extra fields beside its own."""
    from tianshan.ledgers import extras

    key = (kind, *((f.pk, f.label, f.visibility, *f.choices) for f in asked))
    if key not in _with_extras:
        made = type(kind.__name__, (kind,), extras.filters(asked))
        _with_extras[key] = made
    return _with_extras[key]


@lru_cache(maxsize=500)
def _narrowed(kind, names):
    """The class with these filters alone."""
    made = type(kind.__name__, (kind,), {})
    made.base_filters = {name: kind.base_filters[name] for name in sorted(names)}
    return made


@dataclass
class Ledger:
    """`rows(user)` is a `visible_to` queryset with `for_list`'s joins and order."""

    key: str
    title: str
    unit: str
    page: str  # URL name
    rows: Callable
    columns: list
    filters: type = LedgerFilter
    lead_text: str = ""  # a sentence under the title
    hint: str = "名称、拼音首字母"  # what the search box finds
    empty: str = "还没有记录。"
    actions: list = field(default_factory=list)  # [(label, icon, url name, right)]
    more_filters: dict = field(default_factory=dict)
    past: Past | None = None  # how it looks back, if it can
    edits: list = field(
        default_factory=list
    )  # classes of bulk.Edit, as the bar has them
    # Other ways out than a plain export: [(label, icon, url name, right)].
    ways_out: list = field(default_factory=list)
    # What is made of the ticked rows: [(key, label, icon, url name, right)]. The page
    # gets the list's own query, with the rows as `ids`.
    papers: list = field(default_factory=list)
    # The words above the first of the rows that belong together, in the ledger's own
    # order: `group(row)`. A page sorted otherwise has none.
    group: Callable | None = None
    peek: list = field(default_factory=list)  # URL names loaded into the side panel
    # Whose extra fields it shows: a carrier's key, and the kind of rows if it has one.
    carries: tuple = ()

    @property
    def url(self):
        return reverse(self.page)

    def opens_to(self, user):
        """Does the ledger's page let the user in? Its own view's rule says so."""
        rule = resolve(self.url).func.rule
        return rule == "signed_in" or any(user.may(right) for right in rule)

    def filterset(self, data, queryset, *, request, on=None):
        """The room's FilterSet, with what rooms above have added, bound to a query."""
        kind = self._filters
        if self.extra_fields:
            kind = _extended(kind, self.extra_fields)
        if data is not None:
            # The others, and their choices, cost most of what a list costs.
            kind = _narrowed(kind, _asked(kind, data))
        filters = kind(data, queryset, request=request)
        filters.looks_at = on
        if search := filters.form.fields.get("q"):
            search.widget.attrs.update(type="search", placeholder=self.hint)
        return filters

    @cached_property
    def _filters(self):
        """One class, made when all rooms have added theirs."""
        more = dict(self.more_filters)
        if self.past:
            more["on"] = django_filters.DateFilter(
                label="截至",
                method=_as_it_is,
                widget=forms.DateInput(attrs={"type": "date"}),
            )
        made = type(self.filters.__name__, (self.filters,), more)
        for each in made.base_filters.values():
            if "__" not in each.field_name:
                each.distinct = False  # a row's own column finds no row twice
        return made

    @property
    def extra_fields(self):
        """The extra fields in use; the same object of each until one is changed."""
        from tianshan.values.extra import fields_of

        return tuple(fields_of(*self.carries)) if self.carries else ()

    @property
    def all_columns(self):
        """The columns declared, and those of the extra fields."""
        if not self.extra_fields:
            return self.columns
        from tianshan.ledgers import extras

        return [*self.columns, *extras.columns(self.extra_fields)]

    def column(self, key):
        columns = self.all_columns
        return next((column for column in columns if column.key == key), None)

    def columns_for(self, user):
        """The columns that the user may see at all, shown, hidden and exported."""
        return [c for c in self.all_columns if not c.right or user.may(c.right)]

    def annotated(self, queryset, columns, *, user, day):
        for annotate in dict.fromkeys(column.annotate for column in columns):
            if annotate:
                queryset = annotate(queryset, user=user, day=day)
        return queryset

    def ordered(self, queryset, sort, *, past=False):
        """Sorted by a column's key, "-key" for downwards; unknown keys change nothing."""
        column = self.column(sort.removeprefix("-"))
        if column is None or not column.sort:
            return queryset
        fields = column.sort
        if past:
            fields = self.past.sorts.get(column.key, fields)
        if sort.startswith("-"):
            fields = tuple(
                name.removeprefix("-") if name.startswith("-") else f"-{name}"
                for name in fields
            )
        return queryset.order_by(*fields, "pk")


LEDGERS = {}


def register(ledger):
    LEDGERS[ledger.key] = ledger
    return ledger


def extend(*keys, columns=(), filters=None, ways_out=(), papers=()):
    """Rooms above add columns and filters to ledgers of rooms below, by key."""
    for key in keys:
        ledger = LEDGERS[key]
        known = {column.key for column in ledger.columns}
        ledger.columns += [column for column in columns if column.key not in known]
        ledger.more_filters.update(filters or {})
        ledger.ways_out += [way for way in ways_out if way not in ledger.ways_out]
        ledger.papers += [each for each in papers if each not in ledger.papers]
