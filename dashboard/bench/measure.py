"""Timing of whole requests, in this process and without a network.

A request goes through the WSGI handler of the portal with all its middleware, as a
server would call it: from the first byte in to the last byte out. L2s is a view that
answers the same bytes from memory behind session, login and CSRF alone, called the
same way in the same round, so that a busy neighbour slows both.
"""

import contextlib
import gc
import io
import statistics
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpResponse
from django.middleware.csrf import _get_new_csrf_string
from django.test.utils import override_settings
from django.urls import path

# What L2s stands behind; the portal itself has more.
BARE = [
    "dashboard.bench.measure.from_memory",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
]
HOST = "127.0.0.1"


def from_memory(get_response):
    """Answer by the addresses of this module alone."""

    def middleware(request):
        request.urlconf = __name__
        return get_response(request)

    return middleware


class Memory(dict):
    """The bytes that L2s answers: `{"content": …}`."""


MEMORY = Memory(content=b"")


def stored(request, rest=""):
    return HttpResponse(MEMORY["content"])


urlpatterns = [path("", stored), path("<path:rest>", stored)]


@dataclass
class Answer:
    status: int
    headers: dict
    content: bytes
    ms: float
    cpu_ms: float
    counted: object = None  # Counted, while the browser counts


@dataclass
class Sample:
    """What an item cost, time after time, and L2s of the same bytes beside it."""

    ms: list = field(default_factory=list)
    cpu_ms: list = field(default_factory=list)  # of this process
    bare_ms: list = field(default_factory=list)
    bare_cpu_ms: list = field(default_factory=list)
    queries: int = 0
    sql_ms: float = 0.0
    size: int = 0
    failed: int = 0  # the status that was answered instead of a page
    content: bytes = b""

    @property
    def median(self):
        return statistics.median(self.ms)

    @property
    def p95(self):
        return sorted(self.ms)[min(len(self.ms) - 1, int(len(self.ms) * 0.95))]

    @property
    def cpu(self):
        return statistics.median(self.cpu_ms)

    @property
    def bare(self):
        return statistics.median(self.bare_ms)

    @property
    def ratio(self):
        return self.median / self.bare

    @property
    def of_sql(self):
        """Times what its statements take alone; None of one without any."""
        return self.median / self.sql_ms if self.sql_ms else None


class Browser:
    """A signed-in caller of the portal, and of L2s."""

    counts = False  # whether statements are counted, by all of them

    def __init__(self, session_key):
        self.token = _get_new_csrf_string()
        self.cookie = (
            f"{settings.SESSION_COOKIE_NAME}={session_key};"
            f" {settings.CSRF_COOKIE_NAME}={self.token}"
        )
        self.portal = WSGIHandler()
        with override_settings(MIDDLEWARE=BARE):
            self.bare = WSGIHandler()

    def get(self, url, **headers):
        return self._call(self.portal, "GET", url, headers=headers)

    def post(self, url, data):
        body = urlencode({**data, "csrfmiddlewaretoken": self.token}, doseq=True)
        return self._call(self.portal, "POST", url, body=body.encode())

    def get_stored(self, content):
        MEMORY["content"] = content
        return self._call(self.bare, "GET", "/")

    def drain(self, url):
        """Take an answer piece by piece, as a browser does; how many bytes it had."""
        size = 0
        response = self.portal(self._environ("GET", url), lambda *line: None)
        for chunk in response:
            size += len(chunk)
        response.close()
        return size

    def _environ(self, method, url, *, body=b"", headers=()):
        address = urlsplit(url)
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": quote(address.path),
            "QUERY_STRING": quote(address.query, safe="=&%+"),
            "SERVER_NAME": HOST,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": HOST,
            "HTTP_HOST": HOST,
            "HTTP_COOKIE": self.cookie,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            **{f"HTTP_{name}": value for name, value in dict(headers).items()},
        }

    def _call(self, handler, method, url, *, body=b"", headers=()):
        environ = self._environ(method, url, body=body, headers=headers)
        said = []
        counted = Counted() if self.counts else None
        start, worked = time.perf_counter(), time.process_time()
        with counted or contextlib.nullcontext():
            response = handler(environ, lambda *line: said.append(line))
            content = b"".join(response)
            response.close()
        ms = 1000 * (time.perf_counter() - start)
        cpu_ms = 1000 * (time.process_time() - worked)
        status, fields = said[0][:2]
        return Answer(int(status[:3]), dict(fields), content, ms, cpu_ms, counted)


class Counted:
    """Counts the statements of a block and the time that they take."""

    def __enter__(self):
        self.queries, self.ms, self.statements = 0, 0.0, []
        self.wrapper = connection.execute_wrapper(self)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *error):
        self.wrapper.__exit__(*error)

    def __call__(self, execute, sql, parameters, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            ms = 1000 * (time.perf_counter() - start)
            self.queries += 1
            self.ms += ms
            self.statements.append((round(ms, 2), sql))


def compare(browser, items, *, rounds, warm=3, patience=20_000):
    """`{name: Sample}` of `{name: function of the round that answers an Answer}`.

    In each round every item is called once, and L2s of its bytes right after it. An
    item that took `patience` ms in all is not asked again: three times are enough.
    """
    samples = {name: Sample() for name in items}
    for name, ask in items.items():
        _warm(samples[name], ask, warm, patience)
    items = {name: ask for name, ask in items.items() if not samples[name].failed}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            for name, ask in items.items():
                sample = samples[name]
                if number >= 3 and sum(sample.ms) > patience:
                    continue
                answer = ask(number)
                bare = browser.get_stored(sample.content)
                sample.ms.append(answer.ms)
                sample.cpu_ms.append(answer.cpu_ms)
                sample.bare_ms.append(bare.ms)
                sample.bare_cpu_ms.append(bare.cpu_ms)
            gc.collect()
    finally:
        gc.enable()
    return samples


def _warm(sample, ask, warm, patience):
    """What comes first is not timed; it tells queries, their time, and the bytes."""
    counted, slow = [], False
    for turn in range(2 * warm):
        Browser.counts = slow or turn >= warm
        answer = ask(-1 - turn)
        Browser.counts = False
        if answer.status >= 400:
            sample.failed = answer.status
            return
        if answer.counted:
            counted.append(answer.counted)
            if slow:
                break
        slow = answer.ms > patience / 10
    sample.content, sample.size = answer.content, len(answer.content)
    sample.queries = counted[-1].queries
    sample.sql_ms = statistics.median(each.ms for each in counted)


class Clock:
    """`with Clock() as clock:` the seconds that a block takes."""

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.seconds = time.perf_counter() - self.start
