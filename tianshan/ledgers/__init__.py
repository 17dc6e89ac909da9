"""The ledgers: columns, filters and figures, declared once and registered by rooms.

A lower room declares its ledger; rooms above it add columns, filters and figures here,
never by import downwards. `touched` tells whoever keeps something computed from the
source rows (Standing) that some businesses changed, inside the same transaction.
"""

import contextlib
import contextvars

from django.db import transaction

from tianshan.ledgers.figures import (
    FIGURES,
    Figure,
    Rate,
    SmallCount,
    Unit,
    count_all,
    count_by_grid,
    part,
    percent,
)
from tianshan.ledgers.ledger import LEDGERS, Column, Ledger, extend, register
from tianshan.ledgers.scopes import BadScope, Scope, read_scope

__all__ = [
    "FIGURES",
    "LEDGERS",
    "BadScope",
    "Column",
    "Figure",
    "Ledger",
    "Rate",
    "Scope",
    "SmallCount",
    "Unit",
    "count_all",
    "count_by_grid",
    "extend",
    "gathering",
    "on_touched",
    "part",
    "percent",
    "read_scope",
    "register",
    "touched",
]

_listeners = []
_gathered = contextvars.ContextVar("gathered", default=None)


def on_touched(listener):
    """Call `listener(business_ids)` after each act that touches businesses."""
    if listener not in _listeners:
        _listeners.append(listener)


def touched(business_ids):
    """Say, inside the act's transaction, that these businesses changed."""
    ids = sorted(set(business_ids))
    if not ids:
        return
    if (gathered := _gathered.get()) is not None:
        gathered.update(ids)
        return
    for listener in _listeners:
        listener(ids)


@contextlib.contextmanager
def gathering():
    """Tell once, at the end, of all that many acts touched; in one transaction.

    For loads of thousands of acts. Until the end, what is computed lags behind, so
    nobody else may read in between: the transaction sees to it.
    """
    ids = set()
    with transaction.atomic():
        token = _gathered.set(ids)
        try:
            yield
        finally:
            _gathered.reset(token)
        touched(ids)
