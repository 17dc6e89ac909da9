"""A name for each request, and an honest answer when the database is away."""

import contextvars
import logging
import secrets

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.template.loader import render_to_string

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

    Never a 4xx: a phone's queue may drop what it believes can never succeed.
    """
    log = logging.getLogger("tianshan.database")

    def middleware(request):
        response = get_response(request)
        if getattr(request, "database_is_away", False):
            page = render_to_string("web/503.html", {"event_id": request.request_id})
            response = HttpResponse(page, status=503)
            response.headers["Retry-After"] = "10"
        return response

    def process_exception(request, exception):
        if isinstance(exception, OperationalError | InterfaceError):
            log.error("database away: %s", type(exception).__name__)
            connection.close()
            request.database_is_away = True
        return

    middleware.process_exception = process_exception
    return middleware
