"""Plain error pages. None of them reads the request's body, a user or the database.

Django's own 400 and CSRF pages read the body again, which ends in a second error
when the body is what was wrong.
"""

import sys

from django.http import HttpResponse
from django.template.loader import render_to_string

from tianshan.web.middleware import (
    come_back_later,
    current_request_id,
    database_problem,
)


def _page(template, status):
    html = render_to_string(f"web/{template}.html", {"event_id": current_request_id()})
    return HttpResponse(html, status=status)


def bad_request(request, exception=None):
    if why := database_problem(exception):
        return come_back_later(why)
    return _page("400", 400)


def forbidden(request, exception=None):
    return _page("403", 403)


def not_found(request, exception=None):
    return _page("404", 404)


def server_error(request):
    if why := database_problem(sys.exception()):
        return come_back_later(why)
    return _page("500", 500)


def csrf_failure(request, reason=""):
    return _page("csrf", 403)
