"""Sixteen at once: a server of the portal's own kind, asked over the loopback network.

Who asks are threads of this process, each with a connection that it keeps, so that
asking takes from the same cores; page and L2s pay for it alike.
"""

import hashlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from dashboard.bench import items, measure
from dashboard.bench.database import url as database_url

MOST = 16
PATIENCE = 60  # seconds for the server to come up


class Caller(measure.Browser):
    """The same browser on a connection of its own to a server."""

    def __init__(self, session_key, port, folder):
        super().__init__(session_key)
        self.folder = folder
        self.line = http.client.HTTPConnection(measure.HOST, port, timeout=300)

    def get_stored(self, content):
        name = hashlib.sha256(content).hexdigest()
        path = self.folder / name
        if not path.exists():
            path.write_bytes(content)
        return self._call(None, "GET", "/", headers={"X-Bench-Stored": name})

    def _call(self, handler, method, url, *, body=b"", headers=()):
        headers = {"Cookie": self.cookie, "Host": measure.HOST, **dict(headers)}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.perf_counter()
        self.line.request(
            method, quote(url, safe="/?=&%+.-_~:"), body=body or None, headers=headers
        )
        answer = self.line.getresponse()
        content = answer.read()
        ms = 1000 * (time.perf_counter() - start)
        return measure.Answer(answer.status, dict(answer.getheaders()), content, ms, 0)


class Server:
    """gunicorn with two processes and eight threads each, on a free port."""

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind((measure.HOST, 0))
            self.port = probe.getsockname()[1]
        self.folder = Path(tempfile.mkdtemp(prefix="tianshan-bench-"))
        self.process = subprocess.Popen(
            [
                *[
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "dashboard.bench.served:application",
                ],
                *["--bind", f"{measure.HOST}:{self.port}", "--workers", "2"],
                *["--worker-class", "gthread", "--threads", "8", "--timeout", "600"],
                *["--keep-alive", "600"],
                *["--log-level", "critical", "--no-control-socket"],
            ],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DATABASE_ROLE": "application",
                "BENCH_STORED": str(self.folder),
            },
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((measure.HOST, self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise CommandError("The server of the bench did not come up.")

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()


def compare(session, worker, samples, *, seconds, too_slow=2000):
    """`{key: what sixteen at once got}` of the items whose sample tells that they may
    be asked so: one that takes seconds alone would take minutes."""
    found = {}
    with Server() as server:
        callers = [
            (
                Caller(session, server.port, server.folder),
                Caller(worker, server.port, server.folder),
            )
            for _ in range(MOST)
        ]
        asks = [
            {
                item.key: item.ask
                for part in items.pages(caller, of_worker)
                for item in part
            }
            for caller, of_worker in callers
        ]
        for key, sample in samples.items():
            if sample.failed or sample.median > too_slow:
                continue
            for ask in asks[:2]:  # each process has seen it once
                ask[key](-1)
            portal = _together([ask[key] for ask in asks], seconds)
            bare = _together(
                [
                    lambda _, c=caller, stored=sample.content: c.get_stored(stored)
                    for caller, _ in callers
                ],
                seconds,
            )
            found[key] = {
                **portal,
                "l2s_per_second": bare["per_second"],
                "share": round(portal["per_second"] / bare["per_second"], 3),
            }
    return found


def _together(asks, seconds):
    """Each of `asks` again and again in a thread of its own, for so long."""
    taken, errors = [[] for _ in asks], []
    barrier = threading.Barrier(len(asks) + 1)

    def work(place, ask):
        turn = place  # other rows than those of the others
        barrier.wait()
        try:
            while time.perf_counter() < until[0]:
                turn += MOST
                start = time.perf_counter()
                answer = ask(turn)
                if answer.status >= 400:
                    errors.append(answer.status)
                taken[place].append(1000 * (time.perf_counter() - start))
        except Exception as error:
            errors.append(repr(error)[:200])
        finally:
            connections.close_all()

    until = [float("inf")]
    threads = [
        threading.Thread(target=work, args=pair, daemon=True)
        for pair in enumerate(asks)
    ]
    for thread in threads:
        thread.start()
    start = time.perf_counter()
    until[0] = start + seconds
    barrier.wait()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - start
    times = sorted(ms for each in taken for ms in each)
    return {
        "per_second": round(len(times) / passed, 2),
        "ms_at_16": round(statistics.median(times), 1) if times else None,
        "p95_at_16": round(times[int(len(times) * 0.95)], 1) if times else None,
        "errors": len(errors),
        **({"first_error": errors[0]} if errors else {}),
    }
