"""Figures: each defined once, and each is the count of the rows behind it.

Tile, ledger, export, report and JSON all come here, so that a number and the list it
opens cannot disagree.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, Q, Sum, Value, When


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
    and the column to add up, or "" where each row is one. `condition` says, on that
    queryset, which rows are this figure's: as many as `rows` has.
    """

    key: str
    label: str
    unit: Unit
    definition: str
    ledger: str
    rows: Callable
    adds: str = ""
    family: Callable | None = None
    condition: Q | None = None

    def count(self, scope):
        return self.sum_of(self.rows(scope)) if self.adds else self.rows(scope).count()

    def sum_of(self, rows):
        return rows.order_by().aggregate(n=Sum(self.adds))["n"] or 0

    def href(self, scope):
        from tianshan.ledgers.ledger import LEDGERS

        return f"{LEDGERS[self.ledger].url}?figure={self.key}&{scope.query}"


@dataclass(frozen=True)
class Rate:
    """A share of two figures, in percent with one decimal; None over nothing."""

    key: str
    label: str
    definition: str
    numerator: str
    denominator: str
    unit: Unit = field(default=Unit.PERCENT, init=False)


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
    """The counts of `[(figure, scope)]`, in one statement.

    One statement sees one state of the data, so that parts add up to their whole
    even while others write; and forty numbers cost one journey to the database.
    """
    families, alone = defaultdict(list), {}
    for place, (figure, scope) in enumerate(asked):
        if figure.family:
            families[figure.family, scope].append(place)
        else:
            alone[place] = _alone(figure, scope)
    together = [
        _together(family, scope, [asked[place][0].condition for place in places])
        for (family, scope), places in families.items()
    ]
    statements = [*alone.values(), *together]
    if not statements:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(sql for sql, _ in statements)}",
            [value for _, parameters in statements for value in parameters],
        )
        answer = cursor.fetchone()
    counts = dict(zip(alone, answer, strict=False))
    for places, several in zip(families.values(), answer[len(alone) :], strict=True):
        counts |= zip(places, several, strict=True)
    return [counts[place] for place in range(len(asked))]


def _alone(figure, scope):
    """The expression, and its parameters, that is the number of one figure."""
    try:
        rows = figure.rows(scope).order_by().values_list(figure.adds or "pk")
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # a user who sees no such row at all
        return "0", ()
    number = "COALESCE(SUM(figure_rows.n), 0)::bigint" if figure.adds else "COUNT(*)"
    return f"(SELECT {number} FROM ({sql}) AS figure_rows (n))", parameters  # noqa: S608


def _together(family, scope, conditions):
    """The same of several figures of one family: an array of their numbers."""
    rows, adds = family(scope)
    meets = [
        Case(When(condition, then=True), default=False) if condition else Value(True)
        for condition in conditions
    ]
    try:
        rows = rows.order_by().values_list(adds or Value(1), *meets)
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return f"ARRAY[{', '.join('0' for _ in conditions)}]::bigint[]", ()
    names = [f"is_{place}" for place in range(len(conditions))]
    numbers = [f"COALESCE(SUM(n) FILTER (WHERE {name}), 0)::bigint" for name in names]
    return (
        f"(SELECT ARRAY[{', '.join(numbers)}]"  # noqa: S608
        f" FROM ({sql}) AS figure_rows (n, {', '.join(names)}))",
        parameters,
    )


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
