"""Who was erased stays erased, though an older backup is brought back.

What was erased is listed in a file outside the database and outside the backups, by
numbers alone: a line for each, written once the erasing is committed. Whoever misses
some (a full disk) finds them in the database at the next backup. After a restore each
is done again.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime


@dataclass(frozen=True)
class Erased:
    """One erasure. `made_at` tells the row from another that has its number later."""

    kind: str
    pk: int
    made_at: str
    at: str
    why: str = ""


@dataclass(frozen=True)
class Kind:
    """What is erased in a room: all that were, and how one is erased again."""

    all: Callable[[], Iterable[Erased]]
    again: Callable[[Erased], bool]  # False where there is nothing to erase


KINDS: dict[str, Kind] = {}


def register(name, kind):
    KINDS[name] = kind


def note(erased):
    """List an erasure once it is committed."""
    transaction.on_commit(lambda: _append([erased]), robust=True)


def listed():
    try:
        lines = settings.ERASURES.read_text().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Erased(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # half a line, of a disk that was full; see `complete`
    return found


def complete():
    """List what the database knows and the file does not; how many that were."""
    known = set(listed())
    missing = [
        erased
        for kind in KINDS.values()
        for erased in kind.all()
        if erased not in known
    ]
    _append(missing)
    return len(missing)


def again(since):
    """Erase again what was erased after that moment; how many were."""
    done = 0
    for erased in sorted(set(listed()), key=lambda erased: erased.at):
        if parse_datetime(erased.at) >= since and erased.kind in KINDS:
            done += KINDS[erased.kind].again(erased)
    return done


def _append(many):
    if not many:
        return
    lines = "".join(json.dumps(vars(erased)) + "\n" for erased in many)
    settings.ERASURES.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    descriptor = os.open(settings.ERASURES, flags, 0o600)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            lines = "\n" + lines  # after half a line
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
