"""Figures: each defined once, and each is the count of the rows behind it.

Tile, ledger, export, report and JSON all come here, so that a number and the list it
opens cannot disagree.
"""

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, Sum, Value, When

from tianshan.database.replica import reading
from tianshan.ledgers import kept


class Unit(StrEnum):
    """Units are types: 家 and 家次 are never added (the seed counts both)."""

    BUSINESSES = "家"
    VISITS = "家次"
    DEMANDS = "件"
    MATTERS = "条"
    ISSUES = "个"
    MEASURES = "项"
    MEETINGS = "次"
    EVENTS = "场"
    PERSON_TIMES = "人次"
    HOUSEHOLDS = "户次"
    ORDERS = "单"
    PERCENT = "%"


@dataclass(frozen=True)
class Figure:
    """A number that is its rows: `rows(scope)` is a queryset of the ledger's model.

    With `adds`, a number that each row carries, it is the sum over the rows instead of
    their count; the ledger says that sum above the rows that make it up.

    Figures of one `family` are counted in one pass over `family(scope)`: a queryset,
    and the column to add up, or "" where each row is one. `condition(scope)` says, on
    that queryset, which rows are this figure's: as many as `rows` has, or, with `once`,
    with as many different values in that column, one and the same in a family.
    """

    key: str
    label: str
    unit: Unit
    definition: str
    ledger: str
    rows: Callable
    adds: str = ""
    family: Callable | None = None
    condition: Callable | None = None
    once: str = ""
    grid: str = "grid"  # the way from a row to its grid, for `count_by_grid`

    def count(self, scope):
        return self.sum_of(self.rows(scope)) if self.adds else self.rows(scope).count()

    def sum_of(self, rows):
        return rows.order_by().aggregate(n=Sum(self.adds))["n"] or 0

    def href(self, scope):
        from tianshan.ledgers.ledger import LEDGERS

        return f"{LEDGERS[self.ledger].url}?figure={self.key}&{scope.query}"


@functools.cache
def _each_row(rows):
    return lambda scope: (rows(scope), "")


def part(rows, condition):
    """Those of `rows(scope)` that meet `condition(scope)`: for a Figure, which is then
    counted together with the other parts of the same rows."""
    return {
        "rows": lambda scope: rows(scope).filter(condition(scope)),
        "family": _each_row(rows),
        "condition": condition,
    }


@dataclass(frozen=True)
class Rate:
    """A share of two figures, in percent with one decimal; None over nothing."""

    key: str
    label: str
    definition: str
    numerator: str
    denominator: str
    unit: Unit = field(default=Unit.PERCENT, init=False)


# Numbers of one statement, more than a scope has. PostgreSQL keeps what it has put in
# order for each until all are counted: of a city's 240 streets at once, all its memory.
AT_ONCE = 60
FEWEST = 5  # people; of fewer no number is told


@dataclass(frozen=True)
class SmallCount:
    """How many, where a small number might tell who: no rows are opened by it.

    `total(scope)` is None where there are fewer than FEWEST.
    """

    key: str
    label: str
    unit: Unit
    definition: str
    total: Callable


def percent(numerator, denominator):
    """One decimal; None when there is nothing to divide by ("no data", not 0)."""
    return round(100 * numerator / denominator, 1) if denominator else None


def count_all(asked):
    """The counts of `[(figure, scope)]`; kept in memory while nothing that they are
    read from changes, and the others read in one statement.

    One statement sees one state of the data, so that parts add up to their whole
    even while others write; and forty numbers cost one journey to the database.
    """
    keys = [("figure", figure.key, *scope.key) for figure, scope in asked]
    by_key = dict(zip(keys, asked, strict=True))
    counts = kept.keep_many(by_key, lambda keys: _count({k: by_key[k] for k in keys}))
    return [counts[key] for key in keys]


def _count(asked):
    """`{key: (tables, number)}` of `{key: (figure, scope)}`, in one statement.

    Of two people who see the same the database is asked once.
    """
    groups = _groups(asked)
    statements = [
        _statement([asked[key][0] for key in keys], scope)
        for (_, scope), keys in groups.items()
    ]
    names = [("numbers", sql, repr(parameters)) for sql, parameters, _ in statements]
    named = dict(zip(names, statements, strict=True))
    numbers = kept.keep_many(named, lambda new: _ask({n: named[n] for n in new}))
    return {
        key: (named[name][2], number)
        for keys, name in zip(groups.values(), names, strict=True)
        for key, number in zip(keys, numbers[name], strict=True)
    }


def _ask(named):
    """`{name: (tables, numbers)}` of statements by name."""
    found = {}
    with reading().cursor() as cursor:
        for some in itertools.batched(named.items(), AT_ONCE):
            cursor.execute(
                f"SELECT {', '.join(sql for _, (sql, _, _) in some)}",
                [value for _, (_, parameters, _) in some for value in parameters],
            )
            for (name, (_, _, tables)), numbers in zip(
                some, cursor.fetchone(), strict=True
            ):
                found[name] = tables, numbers
    return found


def count_by_grid(figures, scope):
    """`{(figure's key, grid's key): number}` of the grids in the scope that have any; of
    figures without `once`, whose conditions ask for no grid.

    One pass over all of a scope's rows, however many grids it has; kept like a figure.
    """
    keys = tuple(figure.key for figure in figures)
    return kept.keep(
        ("by grid", keys, *scope.key), lambda: _count_by_grid(figures, scope)
    )


def _count_by_grid(figures, scope):
    asked = {figure.key: (figure, scope) for figure in figures}
    families, parts, values = list(_groups(asked).values()), [], []
    for place, keys in enumerate(families):
        of = [asked[key][0] for key in keys]
        rows, adds, meets = _rows_of(of, scope)
        try:
            rows = rows.order_by().values_list(adds or "pk", of[0].grid, *meets)
            sql, parameters = rows.query.sql_with_params()
        except EmptyResultSet:  # a user who sees no such row at all
            continue
        flags = [f"is_{n}" for n, _ in enumerate(of)]
        numbers = ", ".join(_number(adds, flag) for flag in flags)
        parts.append(
            f"SELECT {place}, grid, ARRAY[{numbers}] FROM ({sql}) AS figure_rows"  # noqa: S608
            f" ({', '.join(['n', 'grid', *flags])}) GROUP BY grid"
        )
        values += parameters
    if not parts:
        return {}
    with reading().cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {
            (key, grid): number
            for place, grid, numbers in cursor.fetchall()
            for key, number in zip(families[place], numbers, strict=True)
        }


def _groups(asked):
    """`{(family, scope): keys}`, what is counted together."""
    groups = defaultdict(list)
    for key, (figure, scope) in asked.items():
        groups[(figure.family or figure), scope].append(key)
    return groups


def _statement(figures, scope):
    """`(expression, parameters, tables)`, which is put together once: what it says
    depends on who asks for which grid and period, seldom on a row."""

    def put_together():
        with kept.seen() as tables:
            sql, parameters = _together(figures, scope)
        return sql, parameters, tables | kept.tables_of(sql)

    names = [figure.key for figure in figures]
    key = ("statement", *names, *scope.key)
    return kept.keep(key, put_together, also={"grids_post"})


def _together(figures, scope):
    """The expression, and its parameters, that is the array of their numbers: of one
    figure, or of several of one family."""
    rows, adds, meets = _rows_of(figures, scope)
    once = sorted({figure.once for figure in figures if figure.once})
    try:
        rows = rows.order_by().values_list(adds or "pk", *once, *meets)
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # a user who sees no such row at all
        return f"ARRAY[{', '.join('0' for _ in figures)}]", ()
    flags = [f"is_{place}" for place, _ in enumerate(figures)]
    counts = [_number(adds, flag) for flag in flags]
    rows_of = f"({sql}) AS figure_rows"
    if once:
        # By value first: every different value of millions is not put in order then.
        (_,) = once
        by_value = ", ".join(
            f"{count} AS {flag}" for count, flag in zip(counts, flags, strict=True)
        )
        columns = ", ".join(["n", "once", *flags])
        rows_of = (
            f"(SELECT once, {by_value} FROM {rows_of} ({columns}) GROUP BY once)"  # noqa: S608
            " AS figure_values"
        )
        counts = [
            f"COUNT(once) FILTER (WHERE {flag} > 0)" if figure.once else f"SUM({flag})"
            for figure, flag in zip(figures, flags, strict=True)
        ]
    else:
        rows_of += f" ({', '.join(['n', *flags])})"
    numbers = ", ".join(f"COALESCE({count}, 0)::bigint" for count in counts)
    return f"(SELECT ARRAY[{numbers}] FROM {rows_of})", parameters  # noqa: S608


def _rows_of(figures, scope):
    """Of one figure or one family: the rows, the column to add up or "", and for each
    figure whether a row is its own."""
    first = figures[0]
    if first.family:
        rows, adds = first.family(scope)
        return rows, adds, [_flag(figure.condition(scope)) for figure in figures]
    return first.rows(scope), first.adds, [Value(True)]


def _number(adds, flag):
    number = "SUM(n)" if adds else "COUNT(*)"
    return f"COALESCE({number} FILTER (WHERE {flag}), 0)::bigint"


def _flag(condition):
    return Case(When(condition, then=True), default=False) if condition else Value(True)


class Registry(dict):
    """Figures and rates by key, in the order in which the rooms gave them."""

    def add(self, *figures):
        for figure in figures:
            if self.get(figure.key, figure) != figure:
                raise ValueError(f"two figures are called {figure.key}")
            self[figure.key] = figure

    def plain(self, keys=None):
        """The figures that are rows, of the keys asked for or all."""
        return [
            figure
            for key, figure in self.items()
            if isinstance(figure, Figure) and (keys is None or key in keys)
        ]

    def values_for(self, scope, keys=None):
        """`{key: number}` of the plain figures asked for."""
        figures = self.plain(keys)
        counts = count_all([(figure, scope) for figure in figures])
        return {figure.key: n for figure, n in zip(figures, counts, strict=True)}


FIGURES = Registry()
