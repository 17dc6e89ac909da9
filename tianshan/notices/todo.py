"""What a person has to do, as the rooms see it: asked anew each time, never stored."""

from dataclasses import dataclass
from typing import Any

SHOWN = 8  # of each source


@dataclass(frozen=True)
class Todo:
    """One thing that waits. `light` is a `tianshan.workdays.lights.Light` or None."""

    words: str
    url: str
    light: Any = None
    note: str = ""
    supervised: bool = False  # 督办: stands before all others


@dataclass(frozen=True)
class Source:
    """A kind of thing to do. `read(user, day)` gives a list of `Todo`, first things first.

    Whoever has not the right for it gets an empty list. `more` names the page that
    holds all of them, `query` narrows it.
    """

    key: str
    label: str
    icon: str
    read: Any
    more: str
    query: str = ""


SOURCES = {}


def register(source):
    """Called by a room in `AppConfig.ready`; the order of the rooms is that of the page."""
    if source.key in SOURCES:
        raise ValueError(f"There is a source {source.key} already.")
    SOURCES[source.key] = source


def todo_of(user, day):
    """`[(source, first ones, how many)]` of what waits for the user."""
    found = [(source, source.read(user, day)) for source in SOURCES.values()]
    return [(source, rows[:SHOWN], len(rows)) for source, rows in found if rows]
