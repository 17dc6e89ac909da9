"""What was read from noted tables, kept in memory until one of them changes.

Which tables a reading depends on is seen from the statements that it makes; in which
state they are (`tianshan.audit.changes`) is asked of the database once for each
request. So a count is exact at every visit, and most visits count nothing.

A replica has states of its own, older ones: what was read there is kept apart, by the
states that it had there, and never passes for what the primary holds.
"""

import contextlib
import contextvars
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet

from tianshan.audit import changes
from tianshan.database.replica import alias, reading

# Readings that a process keeps, and characters in them; the one not asked for longest
# goes first.
MOST, MOST_TEXT = 10_000, 20_000_000
WAIT = 10  # seconds, for another thread that reads the same

_kept = OrderedDict()  # (server, key) -> Reading
_turns = {}  # (server, key) -> [lock, how many]: what is being read
_text = 0
_lock = threading.Lock()
_states = contextvars.ContextVar("states", default=None)
_outer = contextvars.ContextVar("outer", default=None)  # tables of a reading under way
_TABLE = re.compile(r'(?:FROM|JOIN) "(\w+)"')


@dataclass(slots=True)
class Reading:
    """What was read, and when it was last known to be so (by `time.time`)."""

    tables: set
    states: list
    value: object
    at: float


def once_a_request(get_response):
    """Ask for the states of the tables at most once in a request that only reads."""

    def middleware(request):
        if request.method not in {"GET", "HEAD"}:
            return get_response(request)
        token = _states.set({})
        try:
            return get_response(request)
        finally:
            _states.reset(token)

    return middleware


class States(dict):
    """`{table: state}`, as they were at the moment `at` (of `time.time`)."""

    at = 0.0


def states():
    """The States, asked once in a reading request, elsewhere at every call."""
    known = _states.get()
    if known is None:
        return _ask()
    if alias() not in known:
        known[alias()] = _ask()
    return known[alias()]


def _ask():
    at = time.time()
    answer = States(changes.states(reading()))
    answer.at = at
    return answer


def keep(key, read, also=()):
    """`read()`, or what it answered while its tables were as they are now.

    The key names all that the answer depends on beside the tables; `also` names tables
    that it depends on though it need not read them. Of several threads that miss the
    same, one reads and the others wait for it.
    """
    now = states()
    found = _find(key, now)
    if found is not MISSING:
        return found
    with _alone(key):
        found = _find(key, now)
        if found is not MISSING:
            return found
        with seen() as tables:
            value = read()
        _put(key, tables.union(also), now, value)
    return value


def keep_for_a_while(key, read, since, least):
    """`(value, moment)`: as `keep`, but what was so at the moment `since` or later will
    do; while somebody reads it anew, at `least`. Moments are of `time.time`."""
    place = alias(), key
    with _lock:
        since = least if place in _turns else since
        found = _kept.get(place)
        if found and found.at >= since:
            _kept.move_to_end(place)
            return found.value, found.at
    at = states().at
    return keep(key, read), at


@contextlib.contextmanager
def _alone(key):
    """Whoever reads the same meanwhile waits, at most WAIT seconds."""
    place = alias(), key
    with _lock:
        turn = _turns.setdefault(place, [threading.Lock(), 0])
        turn[1] += 1  # how many hold it or wait for it
    held = turn[0].acquire(timeout=WAIT)
    try:
        yield
    finally:
        if held:
            turn[0].release()
        with _lock:
            turn[1] -= 1
            if not turn[1]:
                _turns.pop(place, None)


def keep_many(keys, read):
    """`{key: value}` of several, of which `read(keys)` reads those that are not kept
    any more, at once: it answers `{key: (tables, value)}`."""
    now = states()
    values = {key: _find(key, now) for key in keys}
    missing = [key for key, value in values.items() if value is MISSING]
    if missing:
        for key, (tables, value) in read(missing).items():
            _put(key, tables, now, value)
            values[key] = value
    return values


MISSING = object()


def _find(key, now):
    place = alias(), key
    with _lock:
        found = _kept.get(place)
        if found is None or found.states != _state(now, found.tables):
            return MISSING
        found.at = max(found.at, now.at)
        _kept.move_to_end(place)
    _tell_outer(found.tables)
    return found.value


def _put(key, tables, now, value):
    _tell_outer(tables)
    # What asked nothing of the database may still depend on it: an empty list does.
    if tables and changes.NOTED.issuperset(tables):
        with _lock:
            reading = Reading(tables, _state(now, tables), value, now.at)
            _store((alias(), key), reading)


def _tell_outer(tables):
    """A reading within another is a part of it."""
    if (outer := _outer.get()) is not None:
        outer.update(tables)


def tables_of(sql):
    return set(_TABLE.findall(sql))


def _store(place, reading):
    global _text
    _text -= _length(_kept.pop(place, None))
    _kept[place] = reading
    _text += _length(reading)
    while len(_kept) > MOST or _text > MOST_TEXT:
        _text -= _length(_kept.popitem(last=False)[1])


def _length(reading):
    value = reading and reading.value
    if isinstance(value, tuple):
        return sum(len(part) for part in value if isinstance(part, str))
    return len(value) if isinstance(value, str) else 0


def who(user):
    """What a user sees by: for the keys of what depends on it."""
    return repr([user.pk, *((post.role, post.below) for post in user.posts_in_force)])


def count(queryset):
    """How many rows there are, exactly."""
    try:
        # Of the keys alone: what is counted, without the cost of saying what it shows.
        keys = queryset.order_by().values("pk")
        sql, parameters = keys.query.sql_with_params()
    except EmptyResultSet:
        return 0
    return keep(("count", sql, repr(parameters)), queryset.count)


def _state(now, tables):
    return [now.get(table) for table in tables]


@contextlib.contextmanager
def seen():
    """The tables that the statements of a block read."""
    tables = set()

    def look(execute, sql, parameters, many, context):
        tables.update(tables_of(sql))
        return execute(sql, parameters, many, context)

    token = _outer.set(tables)
    try:
        with reading().execute_wrapper(look):
            yield tables
    finally:
        _outer.reset(token)
        # What was found in memory within it made no statement that the outer one sees.
        _tell_outer(tables)
