"""How gunicorn runs the portal on two cores, behind a proxy that ends TLS."""

import gc
import os
import sys
from pathlib import Path

from prometheus_client import multiprocess

bind = os.environ.get("BIND", "127.0.0.1:8000")  # a socket of systemd comes before it
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# Some of them work, the others wait for their turn, two refuse (tianshan/web/busy.py).
# Each has a connection to PostgreSQL: together fewer than its max_connections.
threads = 2 + sum(
    int(os.environ.get(name, number))
    for name, number in (("REQUESTS_AT_ONCE", 6), ("REQUESTS_WAITING", 12))
)
timeout = 60  # a statement ends sooner by itself
graceful_timeout = 30
max_requests, max_requests_jitter = 20_000, 2_000
control_socket_disable = True
accesslog = None  # addresses of pages may tell whom somebody looked at


def on_starting(server):
    """What processes of the last start had counted is not ours."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        for old in Path(folder).glob("*.db"):
            old.unlink()


def post_worker_init(worker):
    """What holds Python's lock for long keeps waiting those who have their answer from
    PostgreSQL: others get it sooner, and the portal itself is no more looked through for
    what can be thrown away."""
    from django.urls import get_resolver

    get_resolver().check()  # views and forms are read now, not by the first who asks
    sys.setswitchinterval(0.0005)  # seconds, instead of 0.005
    gc.collect()
    gc.freeze()


def child_exit(server, worker):
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
