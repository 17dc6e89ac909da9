"""What happened with a business, told by every room, put together by date.

A room says its part once, in `AppConfig.ready`: `tell("visits", "走访", of)`, where
`of(user, business)` gives Moments, latest first, at most `MOST` of them.
"""

import datetime as dt
import itertools
from dataclasses import dataclass

MOST = 200


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    day: dt.date
    title: str
    words: str = ""
    url: str = ""
    icon: str = "circle-dashed"
    dot: str = ""  # ok, warn or key
    tag: tuple = ()  # (kind, words)
    lamp: tuple = ()  # (colour, words)


@dataclass(frozen=True)
class Teller:
    key: str
    label: str
    of: object


TELLERS = {}


def tell(key, label, of):
    """Have a room tell its part of a business's timeline."""
    TELLERS[key] = Teller(key, label, of)


def moments_of(user, business, *, kind=""):
    """`(tabs, moments)`: how many each room tells, and those of one kind or of all."""
    told = {key: teller.of(user, business) for key, teller in TELLERS.items()}
    tabs = [
        {"key": key, "label": TELLERS[key].label, "count": len(moments)}
        for key, moments in told.items()
        if moments
    ]
    chosen = told.get(kind, itertools.chain.from_iterable(told.values()))
    return tabs, sorted(chosen, key=lambda moment: moment.day, reverse=True)
