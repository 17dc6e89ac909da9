"""Reading from a second server that follows the first (DATABASE_REPLICA_URL).

Views marked `from_replica` are read there: dashboards, ledgers, exports. All else, and
whatever writes, goes to the primary. A page comes from one server whole, and says how
old it is. It comes from the primary after all when the replica

- has not replayed what this browser wrote (the place in the log is in a cookie),
- is more than DATABASE_REPLICA_SECONDS behind, or is away, even half-way down the page.

How far it is, is asked at each page: of the primary how far its log goes, then of the
replica how far it has replayed and when that was written. What was committed last may
be old where little happens, or where what came since was no commit; so it is also known
when this process last saw the primary no further than the replica is now.
"""

import collections
import contextlib
import contextvars
import datetime as dt
import functools
import itertools
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.utils import timezone

log = logging.getLogger(__name__)

REPLICA = "replica"
WRITTEN = "written"  # cookie: how far the log went when this browser had written
SAFE = {"GET", "HEAD"}
RETRY = 10  # seconds in which a replica that was away is not asked again
# Seconds that one which seems behind is given: after an hour in which nothing happened,
# the newest that it has is an hour old while the first new row is on its way.
PATIENCE = 0.2
# Sessions and the cache are written while pages are read.
PRIMARY_ALONE = {"sessions", "django_cache"}
AWAY = (OperationalError, InterfaceError)

BEHIND = "备用数据库跟不上，这一页读的是主数据库，内容是最新的。"
DOWN = "备用数据库连不上，这一页读的是主数据库，内容是最新的。"

_reads = contextvars.ContextVar("reads", default=DEFAULT_DB_ALIAS)
_signer = signing.Signer(salt="written")
_away_until = _hurry_until = 0.0  # by the clock of this process
# `(when, place)` by that clock: how far the primary's log was seen to go, oldest first.
_primary_was = collections.deque(maxlen=1000)


def alias():
    """The server that is read from just now."""
    return _reads.get()


def reading():
    """The connection for statements of one's own that only read."""
    return connections[_reads.get()]


class Router:
    """Reads go where the page is read from, everything else to the primary."""

    def db_for_read(self, model, **hints):
        if model._meta.app_label in PRIMARY_ALONE:
            return DEFAULT_DB_ALIAS
        return _reads.get()

    def db_for_write(self, model, **hints):
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one, other, **hints):
        return True  # the rows are the same on both

    def allow_migrate(self, db, app_label, **hints):
        return db == DEFAULT_DB_ALIAS


@contextlib.contextmanager
def read_from(server):
    token = _reads.set(server)
    try:
        yield
    finally:
        _reads.reset(token)


# --- a page ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Where a page is read, how old what it shows is, and what is to be said of it."""

    server: str = DEFAULT_DB_ALIAS
    until: dt.datetime | None = None  # None: of now
    words: str = ""


def from_replica(view):
    """A view that may be read from the replica. It may write, to the primary."""

    @functools.wraps(view)
    def anywhere(request, *args, **kwargs):
        if request.method not in SAFE or REPLICA not in connections.settings:
            return view(request, *args, **kwargs)
        request.read_where = choose(request)
        if request.read_where.server == REPLICA:
            try:
                with read_from(REPLICA):
                    response = _begun(view(request, *args, **kwargs))
            except AWAY as error:
                _away(error)
                request.read_where = Choice(words=DOWN)
            else:
                response.headers["X-Data-Until"] = request.read_where.until.isoformat()
                return response
        return view(request, *args, **kwargs)

    return anywhere


def _begun(response):
    """An export with its first rows read: from here on it cannot change servers."""
    if response.streaming:
        chunks = iter(response.streaming_content)
        first = list(itertools.islice(chunks, 2))
        response.streaming_content = itertools.chain(first, _there(chunks))
    return response


def _there(chunks):
    """Each read from where the page was, long after its view has returned."""
    while True:
        with read_from(REPLICA):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def as_of(request):
    """The moment up to which a page knows what happened."""
    choice = getattr(request, "read_where", None)
    return (choice and choice.until) or timezone.now()


def told(request):
    """For templates: what is said of where a page was read from."""
    choice = getattr(request, "read_where", None)
    return {"data_words": choice.words if choice else ""}


# --- which server ---------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How far the replica is."""

    follows: bool  # False of one that became a primary itself
    replayed: int | None  # place in the log
    seconds: float | None  # behind at most; None: not known


def choose(request, now=None):
    """Where the page of this request is to be read."""
    if time.monotonic() < _away_until:
        return Choice(words=DOWN)
    written = log_place(connections[DEFAULT_DB_ALIAS])
    _primary_was.append((time.monotonic(), written))
    limits = {
        "primary": written,
        "own": _own(request),
        "most": settings.REPLICA_MOST_BEHIND,
        "now": now or timezone.now(),
    }
    try:
        return _after_a_moment(judge(_progress(), **limits), limits)
    except AWAY as error:
        _away(error)
        return Choice(words=DOWN)


def _after_a_moment(choice, limits):
    """Judged again if the replica is behind: what is on its way may be all.

    One that was truly behind a moment ago is not waited for.
    """
    global _hurry_until
    start = time.monotonic()
    while choice.words == BEHIND and start >= _hurry_until:
        if time.monotonic() > start + PATIENCE:
            _hurry_until = start + RETRY
            break
        time.sleep(PATIENCE / 20)
        choice = judge(_ask(), **limits)
    return choice


def judge(progress, *, primary, own, most, now):
    """`primary`: how far the primary's log goes; `own`: how far this browser wrote."""
    if not progress.follows or progress.replayed is None:
        return Choice(words=DOWN)
    if progress.replayed < own:
        return Choice()
    if progress.replayed >= primary:
        return Choice(REPLICA, until=now)
    if progress.seconds is None or progress.seconds > most:
        return Choice(words=BEHIND)
    until = now - dt.timedelta(seconds=max(progress.seconds, 0))
    words = (
        f"数据到 {timezone.localtime(until):%H:%M:%S}。" if _shows(until, now) else ""
    )
    return Choice(REPLICA, until=until, words=words)


def _shows(until, now):
    """Is it old enough to be said?"""
    return now - until >= dt.timedelta(seconds=2)


def log_place(connection):
    """How far the primary's log goes, as a number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


def _progress():
    try:
        return _ask()
    except AWAY:
        # It may have been started anew since this connection was last used.
        connections[REPLICA].close()
        return _ask()


def _ask():
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(
            "SELECT pg_is_in_recovery(),"
            " pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), EXTRACT(EPOCH FROM"
            " clock_timestamp() - pg_last_xact_replay_timestamp())"
        )
        follows, replayed, seconds = cursor.fetchone()
    return progress_of(follows, replayed, seconds)


def progress_of(follows, replayed, seconds):
    """Of what the replica says; `seconds` since the last commit that it replayed."""
    if replayed is None:
        return Progress(follows, None, None)
    now, ages = time.monotonic(), [] if seconds is None else [float(seconds)]
    ages += [now - when for when, place in tuple(_primary_was) if place <= replayed]
    return Progress(follows, int(replayed), min(ages, default=None))


def _away(error):
    """It is not asked for a while: each attempt may cost a page some seconds."""
    global _away_until
    log.error("replica away: %s", type(error).__name__)
    connections[REPLICA].close()
    _away_until = time.monotonic() + RETRY


# --- what one wrote, one reads --------------------------------------------------------


def remember_writes(get_response):
    """After a request that writes, note in a cookie how far the log went."""

    def middleware(request):
        response = get_response(request)
        if (
            REPLICA in connections.settings
            and request.method not in SAFE
            and response.status_code < 500
            and request.user.is_authenticated
        ):
            place = log_place(connections[DEFAULT_DB_ALIAS])
            response.set_cookie(
                WRITTEN,
                _signer.sign(str(place)),
                # Longer ago than a replica may be behind, it need not be known.
                max_age=max(600, 2 * settings.REPLICA_MOST_BEHIND),
                httponly=True,
                secure=settings.SESSION_COOKIE_SECURE,
                samesite="Lax",
            )
        return response

    return middleware


def _own(request):
    """How far the log went when this browser had last written; 0 if it never has."""
    try:
        return int(_signer.unsign(request.COOKIES.get(WRITTEN, "")))
    except (signing.BadSignature, ValueError):
        return 0
