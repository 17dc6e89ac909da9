"""Tells the history triggers who is acting, in which request."""

import pghistory

SAFE = {"GET", "HEAD", "OPTIONS"}


def history_context(get_response):
    """Attach user id and request id to every history row of a writing request."""

    def middleware(request):
        if request.method in SAFE:
            return get_response(request)
        who = request.user.pk if request.user.is_authenticated else None
        with pghistory.context(user=who, request=request.request_id):
            return get_response(request)

    return middleware
