"""When a session ends, and when it waits behind a PIN.

The moment of the last act travels in a signed cookie of its own, bound to the session,
so that looking at a page writes no row but once a minute (`accounts.sessions`). A session that began otherwise than by the
sign-in page (`begin`) is not watched.
"""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.core import signing
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts import guard, phones, sessions

SEEN = "seen"  # cookie: the second of the last act
PHONE = "phone"  # cookie: what an enrolled phone is known by
BEGAN = "began"  # in the session: the second of the sign-in
PHONE_AGE = 180 * 24 * 60 * 60
FRESH = 60  # seconds in which the cookie is not written anew


def _now():
    return int(timezone.now().timestamp())


def begin(request):
    """A session begins now: from here on it is watched."""
    request.session[BEGAN] = _now()
    request.just_seen = request.just_begun = True
    sessions.begin(request, at=timezone.now())


def _signer(request):
    return signing.Signer(salt=f"seen:{request.session.session_key}")


def _seen(request):
    """The second of the last act in this session; None when nothing vouches for one."""
    try:
        return int(_signer(request).unsign(request.COOKIES.get(SEEN, "")))
    except (signing.BadSignature, ValueError):
        return None


def _write_seen(request, response):
    response.set_cookie(
        SEEN,
        _signer(request).sign(str(_now())),
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def remember_phone(response, token):
    response.set_cookie(
        PHONE,
        token,
        max_age=PHONE_AGE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def phone_of(request):
    """The enrolled phone in hand, of the account that is signed in; else None."""
    return phones.in_hand(request.COOKIES.get(PHONE), request.user)


def idle(request):
    """Has nobody done anything in this session for too long?"""
    seen = _seen(request)
    return seen is None or _now() - seen > settings.SESSION_IDLE


def end_or_lock(get_response):
    """End a session that is too old or idle; on an enrolled phone, ask for the PIN."""

    def middleware(request):
        request.just_seen = request.just_begun = False
        response = get_response(request)
        # A new password gives the session a new key.
        watched = getattr(request, "watched_as", None)
        renewed = watched and watched != request.session.session_key
        if request.session.session_key and (request.just_seen or renewed):
            _write_seen(request, response)
            sessions.seen(request, at=timezone.now())
            if request.just_begun:
                guard.remember(request, response, request.user.get_username())
        return response

    def process_view(request, view, args, kwargs):
        if not request.user.is_authenticated or BEGAN not in request.session:
            return None
        if _now() - request.session[BEGAN] > settings.SESSION_COOKIE_AGE:
            logout(request)
            return None
        if not idle(request):
            request.watched_as = request.session.session_key
            request.just_seen = _now() - _seen(request) > FRESH
            return None
        if phone_of(request) is None:
            logout(request)
            return None
        if _open_while_locked(request, view):
            return None
        return _locked(request)

    middleware.process_view = process_view
    return middleware


def leave_nothing(get_response):
    """Signing out empties the browser's cache, pages to go back to among it.

    Not its storage: what a phone has not sent yet is asked for before, by its own page.
    """

    def middleware(request):
        response = get_response(request)
        left = request.method == "POST" and request.path == reverse("account_logout")
        if left and response.status_code == 302:
            response.headers["Clear-Site-Data"] = '"cache"'
        return response

    return middleware


def _open_while_locked(request, view):
    """What needs no account, the way to unlock, and the way out."""
    ways = {reverse("accounts:unlock"), reverse("account_logout")}
    return request.path in ways or getattr(view, "rule", None) == "anyone"


def _locked(request):
    unlock = reverse("accounts:unlock")
    if request.headers.get("Accept", "").startswith("application/json"):
        response = JsonResponse({"locked": True, "unlock": unlock}, status=401)
    elif request.headers.get("HX-Request"):
        response = HttpResponse(status=401, headers={"HX-Redirect": unlock})
    else:
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
        unsaved = {} if request.method in {"GET", "HEAD"} else {"unsaved": "1"}
        response = redirect(f"{unlock}?{urlencode({'next': back, **unsaved})}")
    add_never_cache_headers(response)
    return response
