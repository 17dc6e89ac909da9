"""How long requests take, for Prometheus: by the name of the view, never by address.

With PROMETHEUS_MULTIPROC_DIR set, a folder that is emptied before the server starts, the
numbers of all its processes are added up; without it each process tells its own.
"""

import os
import time

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

_requests = CollectorRegistry()
SECONDS = Histogram(
    "tianshan_request_seconds",
    "From the first middleware to the answer",
    ["view", "method", "status"],
    buckets=BUCKETS,
    registry=_requests,
)
METHODS = {"GET", "HEAD", "POST", "PUT"}


def measured(get_response):
    """Note how long each request took, what it asked for, and how it ended."""

    def middleware(request):
        began = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        SECONDS.labels(
            view=match.view_name if match else "none",
            method=request.method if request.method in METHODS else "other",
            status=f"{response.status_code // 100}xx",
        ).observe(time.perf_counter() - began)
        return response

    return middleware


def told():
    """What was noted, in the format of Prometheus."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(_requests)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
