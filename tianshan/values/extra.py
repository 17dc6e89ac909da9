"""Which ledgers take extra fields, and which fields they have.

A room says at start-up which of its models carries them (`carry`). What is asked
for is read once and kept for seconds in each process, like the calendar: lists ask
for it on every page.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from tianshan.values.typed import MASK, in_full, told, value_of

_KEPT_SECONDS = 10
_KEY = re.compile(r"x[1-9]\d*")
_kept = None


@dataclass(frozen=True)
class Carrier:
    """A model whose rows have an `extra`."""

    key: str
    label: str
    model: type
    kinds: tuple = ()  # choices of the model's `kind` that fields may be limited to
    # Does its ledger or its import know a label already?
    taken: Callable = lambda label: False


CARRIERS = {}


def carry(carrier):
    CARRIERS[carrier.key] = carrier


def fields_of(of, kind=None):
    """The fields in use of a ledger, in order; of one kind of its rows, if given."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > _KEPT_SECONDS:
        _kept = (time.monotonic(), _read())
    fields = _kept[1].get(of, ())
    return [field for field in fields if kind is None or field.asks(kind)]


def _read():
    from tianshan.values.models import ExtraField

    by_ledger = {}
    # From the primary, whatever page asks first: for some seconds it is told to all,
    # those that write included.
    primary = ExtraField.objects.using(DEFAULT_DB_ALIAS)
    for field in primary.filter(active=True):
        by_ledger.setdefault(field.of, []).append(field)
    return by_ledger


def is_key(name):
    """Is it the name of an extra field?"""
    return bool(_KEY.fullmatch(name))


def field_named(of, key):
    """The field in use of that key, if there is one."""
    return next((field for field in fields_of(of) if field.key == key), None)


def is_personal(of, key):
    field = field_named(of, key)
    return field is not None and field.personal


def changed():
    """Fields were changed in this process: read them anew when next asked."""
    global _kept
    _kept = None


def lines(of, row, kind=None):
    """What a page shows: `[{field, words, hidden}]` of every field asked of the row."""
    return [
        {
            "field": field,
            "words": told(field, value_of(field, row.extra)),
            "hidden": field.personal and field.key in row.extra,
        }
        for field in fields_of(of, kind)
    ]


def search_words(of, extra, kind=None):
    """The answers that the search box finds: in words, and of no person."""
    return [
        str(extra[field.key])
        for field in fields_of(of, kind)
        if field.type in ("text", "choice")
        and not field.personal
        and field.key in extra
    ]


def differences(of, before, after):
    """`[(label, before, after)]` in words of two states of `extra`, masked."""
    before, after = before or {}, after or {}
    known = {field.key: field for field in _all(of)}
    lines = []
    for key in sorted(before.keys() | after.keys(), key=lambda key: (len(key), key)):
        if before.get(key) == after.get(key) or key not in known:
            continue
        field = known[key]
        had, has = (value_of(field, extra) for extra in (before, after))
        say = (
            (lambda f, v: MASK if v is not None else "") if field.personal else in_full
        )
        lines.append((field.label, say(field, had), say(field, has)))
    return lines


def _all(of):
    """Fields switched off too: what they held stays in history."""
    from tianshan.values.models import ExtraField

    return ExtraField.objects.filter(of=of)
