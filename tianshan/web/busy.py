"""No more requests at once than the machine can do: the others are told so at once.

Each process works on REQUESTS_AT_ONCE, and REQUESTS_WAITING wait a few seconds for their
turn. Whoever comes then gets 503 with Retry-After, which phones and people understand,
instead of an answer after a minute that nobody waits for any more. The server needs two
threads more than work and wait (deploy/gunicorn.conf.py): those that refuse.

Before it comes to that, pages that cost much may say what was so a moment ago, if they
tell of when it is: `good_since`. What one has just written oneself, one always sees.
"""

import contextvars
import random
import threading
import time

from django.conf import settings

from tianshan.web.middleware import CROWDED, come_back_later

WAIT = 4  # seconds for one's turn
# Whoever watches must be told how it is just when it is too much.
ALWAYS = {"/healthz", "/readyz", "/metrics"}
ALONE = 1  # request at work: every page is read now
WROTE = "wrote"  # cookie: when this browser last wrote, by our clock
SAFE = {"GET", "HEAD"}

_since = contextvars.ContextVar("good_since", default=None)


def good_since():
    """`(since, least)`: what a costly page of this request said at the moment `since`
    (of `time.time`) is good enough; while somebody reads it anew, what it said at
    `least`. None: it is to be read now."""
    return _since.get()


class Room:
    """So many at work, so many that wait."""

    def __init__(self, at_work, waiting):
        self._work = threading.BoundedSemaphore(at_work)
        self._queue = threading.BoundedSemaphore(waiting)
        self._lock, self.inside = threading.Lock(), 0

    def enter(self, patience):
        """Is it one's turn within so many seconds?"""
        if not self._wait(patience):
            return False
        with self._lock:
            self.inside += 1
        return True

    def _wait(self, patience):
        if self._work.acquire(blocking=False):
            return True
        if not self._queue.acquire(blocking=False):
            return False
        try:
            return self._work.acquire(timeout=patience)
        finally:
            self._queue.release()

    def leave(self):
        with self._lock:
            self.inside -= 1
        self._work.release()


def not_too_many(get_response, room=None, patience=WAIT):
    room = room or Room(settings.REQUESTS_AT_ONCE, settings.REQUESTS_WAITING)

    def middleware(request):
        if request.path in ALWAYS:
            return get_response(request)
        if not room.enter(patience):
            # Not all of them again in the same second.
            return come_back_later(CROWDED, seconds=random.randint(3, 9))  # noqa: S311
        token = _since.set(_good_since(request, room))
        try:
            return _note_writing(request, get_response(request))
        finally:
            _since.reset(token)
            room.leave()

    return middleware


def _good_since(request, room):
    """A while ago, but not before this browser last wrote; None for who is alone."""
    if not settings.FIGURES_SECONDS or room.inside <= ALONE:
        return None
    try:
        wrote = float(request.COOKIES.get(WROTE, 0))
    except ValueError:
        wrote = 0.0
    now, seconds = time.time(), settings.FIGURES_SECONDS
    return max(now - seconds, wrote), max(now - 3 * seconds, wrote)


def _note_writing(request, response):
    signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
    wrote = request.method not in SAFE and response.status_code < 400
    if settings.FIGURES_SECONDS and wrote and signed_in:
        response.set_cookie(
            WROTE,
            f"{time.time():.3f}",
            max_age=3 * settings.FIGURES_SECONDS,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
    return response
