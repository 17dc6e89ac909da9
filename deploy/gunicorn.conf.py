"""How gunicorn runs the portal on two cores, behind a proxy that ends TLS."""

import os
from pathlib import Path

from prometheus_client import multiprocess

bind = os.environ.get("BIND", "127.0.0.1:8000")  # a socket of systemd comes before it
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# Some of them work, the others wait for their turn, two refuse (tianshan/web/busy.py).
# Each has a connection to PostgreSQL: together fewer than its max_connections.
threads = 2 + sum(
    int(os.environ.get(name, number))
    for name, number in (("REQUESTS_AT_ONCE", 4), ("REQUESTS_WAITING", 14))
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


def child_exit(server, worker):
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
