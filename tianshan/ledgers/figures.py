"""Figures: each defined once, and each is the count of the rows behind it.

Tile, ledger, export, report and JSON all come here, so that a number and the list it
opens cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Unit(StrEnum):
    """Units are types: 家 and 家次 are never added (the seed counts both)."""

    BUSINESSES = "家"
    VISITS = "家次"
    DEMANDS = "件"
    MATTERS = "条"
    ISSUES = "个"
    MEASURES = "项"
    PERCENT = "%"


@dataclass(frozen=True)
class Figure:
    """A number that is its rows: `rows(scope)` is a queryset of the ledger's model."""

    key: str
    label: str
    unit: Unit
    definition: str
    ledger: str
    rows: Callable
    # A condition that is switched off shows as such, never as a mere 0.
    off: Callable | None = None

    def count(self, scope):
        return self.rows(scope).count()

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


def percent(numerator, denominator):
    """One decimal; None when there is nothing to divide by ("no data", not 0)."""
    return round(100 * numerator / denominator, 1) if denominator else None


class Registry(dict):
    """Figures and rates by key, in the order in which the rooms gave them."""

    def add(self, *figures):
        for figure in figures:
            if self.get(figure.key, figure) != figure:
                raise ValueError(f"two figures are called {figure.key}")
            self[figure.key] = figure

    def values_for(self, scope, keys=None):
        """`{key: number}` of the plain figures asked for, each counted once."""
        return {
            key: figure.count(scope)
            for key, figure in self.items()
            if isinstance(figure, Figure) and (keys is None or key in keys)
        }


FIGURES = Registry()
