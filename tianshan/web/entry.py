"""The way in, for whoever has no session."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.shortcuts import redirect, resolve_url


class SignInFirst(LoginRequiredMiddleware):
    """To the sign-in page, and from there back to where one was.

    A form that was sent without a session is not stored: the way back leads to the
    page on which it was filled in, and the sign-in page says so.
    """

    def handle_no_permission(self, request, view_func):
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        came_from = urlsplit(request.headers.get("Referer", ""))
        back = "/"
        if came_from.netloc == request.get_host():
            back = came_from.path + (f"?{came_from.query}" if came_from.query else "")
        query = urlencode({"next": back, "unsaved": "1"})
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
