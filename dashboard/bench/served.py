"""The portal as `crowd` has it served, and L2s beside it in the same processes.

    python -m gunicorn dashboard.bench.served:application

A request that names stored bytes is answered with them, as L2s does.
"""

import os
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")
django.setup()

from dashboard.bench import measure  # noqa: E402  only now are there settings

_browser = measure.Browser("")
_stored = {}


def application(environ, start_response):
    name = environ.get("HTTP_X_BENCH_STORED")
    if name is None:
        return _browser.portal(environ, start_response)
    if name not in _stored:
        _stored[name] = Path(os.environ["BENCH_STORED"], name).read_bytes()
    measure.MEMORY["content"] = _stored[name]
    return _browser.bare({**environ, "PATH_INFO": "/"}, start_response)
