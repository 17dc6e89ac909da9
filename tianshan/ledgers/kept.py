"""What was read from noted tables, kept in memory until one of them changes.

Which tables a reading depends on is seen from the statements that it makes; in which
state they are (`tianshan.audit.changes`) is asked of the database once for each
request. So a count is exact at every visit, and most visits count nothing.
"""

import contextlib
import contextvars
import re
import threading
from collections import OrderedDict

from django.core.exceptions import EmptyResultSet
from django.db import connection

from tianshan.audit import changes

MOST = 2000  # readings kept by a process; the one not asked for longest goes first

_kept = OrderedDict()  # key -> (tables, their states, value)
_lock = threading.Lock()
_states = contextvars.ContextVar("states", default=None)
_TABLE = re.compile(r'(?:FROM|JOIN) "(\w+)"')


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


def states():
    """`{table: state}`, asked once in a reading request, elsewhere at every call."""
    known = _states.get()
    if known is None:
        return changes.states()
    if not known:
        known.update(changes.states())
    return known


def keep(key, read):
    """`read()`, or what it answered while its tables were as they are now.

    The key names all that the answer depends on beside the tables.
    """
    now = states()
    with _lock:
        tables, state, value = _kept.get(key, (None, None, None))
        if tables is not None and state == _state(now, tables):
            _kept.move_to_end(key)
            return value
    with _seen() as tables:
        value = read()
    if changes.NOTED.issuperset(tables):
        with _lock:
            _kept[key] = (tables, _state(now, tables), value)
            _kept.move_to_end(key)
            while len(_kept) > MOST:
                _kept.popitem(last=False)
    return value


def count(queryset):
    """How many rows there are, exactly."""
    try:
        sql, parameters = queryset.order_by().query.sql_with_params()
    except EmptyResultSet:
        return 0
    return keep(("count", sql, repr(parameters)), queryset.count)


def _state(now, tables):
    return [now.get(table) for table in tables]


@contextlib.contextmanager
def _seen():
    """The tables that the statements of a block read."""
    tables = set()

    def look(execute, sql, parameters, many, context):
        tables.update(_TABLE.findall(sql))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(look):
        yield tables
