"""A name for each request, text without unseen characters, and honest answers when
the database is away or an address takes no such request."""

import contextvars
import logging
import re
import secrets

from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from psycopg.errors import LockNotAvailable, QueryCanceled

TOOK_TOO_LONG = (QueryCanceled, LockNotAvailable)

_request_id = contextvars.ContextVar("request_id", default="-")


def current_request_id():
    """The id of the request in hand, `-` outside one."""
    return _request_id.get()


class RequestIdFilter(logging.Filter):
    """Puts the request's id on every log line."""

    def filter(self, record):
        record.request_id = current_request_id()
        return True


def request_id(get_response):
    """Give each request an id: logs, history and the error page all show it."""

    def middleware(request):
        request.request_id = secrets.token_hex(6)
        token = _request_id.set(request.request_id)
        try:
            response = get_response(request)
        finally:
            _request_id.reset(token)
        response.headers["X-Request-Id"] = request.request_id
        return response

    return middleware


def database_away(get_response):
    """Answer 503 with Retry-After while PostgreSQL is away.

    Never a 4xx: a phone's queue may drop what it believes can never succeed. This sees
    what views raise; what other middleware raises, the error pages see to.
    """

    def middleware(request):
        response = get_response(request)
        if getattr(request, "database_is_away", False):
            response = come_back_later(request.database_is_away)
        return response

    def process_exception(request, exception):
        request.database_is_away = database_problem(exception)

    middleware.process_exception = process_exception
    return middleware


AWAY = "后台正在恢复，通常一两分钟就好。"
SLOW = "这一页查得太久，已经停下来了，请缩小范围再查。"
CROWDED = "现在同时用的人太多，请过几秒再试。"


def database_problem(exception):
    """What to say if the exception, or one on which it followed, tells that PostgreSQL is
    away or has stopped a statement that took too long; else None.

    Saving a session turns such an error into "the session is gone", which would be 400.
    """
    while exception is not None:
        if isinstance(exception, OperationalError | InterfaceError):
            slow = isinstance(exception.__cause__, TOOK_TOO_LONG)
            name = type(exception.__cause__ or exception).__name__
            state = "slow" if slow else "away"
            logging.getLogger("tianshan.database").error("database %s: %s", state, name)
            connection.close()
            return SLOW if slow else AWAY
        exception = exception.__cause__ or exception.__context__
    return None


def come_back_later(why=AWAY, *, seconds=10):
    page = render_to_string(
        "web/503.html", {"event_id": current_request_id(), "why": why}
    )
    return HttpResponse(page, status=503, headers={"Retry-After": str(seconds)})


# What PostgreSQL cannot store and no keyboard makes: NUL, and halves of a character.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(get_response):
    """Take what cannot be stored out of addresses and forms, before anything reads it."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if UNSTORABLE.search(request.path):
            raise Http404
        request.GET = _cleaned(request.GET)
        if request.method == "POST":
            request.POST = _cleaned(request.POST)

    middleware.process_view = process_view
    return middleware


def _cleaned(query):
    """The same query when nothing is wrong with it."""
    pairs = list(query.lists())
    texts = [text for key, values in pairs for text in (key, *values)]
    if not any(UNSTORABLE.search(text) for text in texts):
        return query
    clean = query.copy()
    clean.clear()
    for key, values in pairs:
        values = [UNSTORABLE.sub("", value) for value in values]
        clean.setlist(UNSTORABLE.sub("", key), values)
    return clean


class Compressed(GZipMiddleware):
    """Pages and figures travel compressed, with as much noise in their length as Django
    puts there (BREACH). Exports and pictures are what they are: most are compressed."""

    TEXT = ("text/html", "application/json")

    def process_response(self, request, response):
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not kind.startswith(self.TEXT):
            return response
        return super().process_response(request, response)


def not_allowed(get_response):
    """A page of our own where an address takes no such request."""

    def middleware(request):
        response = get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string(
                "web/405.html", {"event_id": request.request_id}
            )
            response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response

    return middleware


def kept_by_nobody(get_response):
    """No browser and no proxy keeps a page: on a shared computer the next one to press
    back would read it. A view that says otherwise means it."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware
