"""No more requests at once than the machine can do: the others are told so at once.

Each process works on REQUESTS_AT_ONCE, and nearly as many wait a few seconds for their
turn. Whoever comes then gets 503 with Retry-After, which phones and people understand,
instead of an answer after a minute that nobody waits for any more. The server needs two
threads more than work and wait (deploy/gunicorn.conf.py): those that refuse.
"""

import random
import threading

from django.conf import settings

from tianshan.web.middleware import CROWDED, come_back_later

WAIT = 4  # seconds for one's turn
# Whoever watches must be told how it is just when it is too much.
ALWAYS = {"/healthz", "/readyz", "/metrics"}


class Room:
    """So many at work, so many that wait."""

    def __init__(self, at_work, waiting):
        self._work = threading.BoundedSemaphore(at_work)
        self._queue = threading.BoundedSemaphore(waiting)

    def enter(self, patience):
        """Is it one's turn within so many seconds?"""
        if self._work.acquire(blocking=False):
            return True
        if not self._queue.acquire(blocking=False):
            return False
        try:
            return self._work.acquire(timeout=patience)
        finally:
            self._queue.release()

    def leave(self):
        self._work.release()


def not_too_many(get_response, room=None, patience=WAIT):
    at_once = settings.REQUESTS_AT_ONCE
    room = room or Room(at_once, max(1, at_once - 2))

    def middleware(request):
        if request.path in ALWAYS:
            return get_response(request)
        if not room.enter(patience):
            # Not all of them again in the same second.
            return come_back_later(CROWDED, seconds=random.randint(3, 9))  # noqa: S311
        try:
            return get_response(request)
        finally:
            room.leave()

    return middleware
