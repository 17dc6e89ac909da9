"""An export in a process of its own, whose memory can be told from all else.

    python -m dashboard.bench.exports csv SESSION

prints what it cost as JSON. `measured` starts it on the database of the bench.
"""

import json
import os
import subprocess
import sys

from django.conf import settings

from dashboard.bench.database import url


def measured(kind, session):
    """`{rows, seconds, grown_mb, bytes}` of one export of all businesses."""
    run = subprocess.run(
        [sys.executable, "-m", "dashboard.bench.exports", kind, session],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url(), "DATABASE_ROLE": "application"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    return json.loads(run.stdout)


def main(kind, session):
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")
    django.setup()

    from dashboard.bench.measure import Browser, Clock
    from enterprises.models import Business

    browser = Browser(session)
    browser.get(f"/businesses/?building=0&q=qzqz&format={kind}")  # code is loaded
    before = _memory("VmRSS")
    with Clock() as clock:
        size = browser.drain(f"/businesses/?format={kind}")
    peak = _memory("VmHWM")
    result = {
        "rows": Business.objects.count(),
        "seconds": clock.seconds,
        "grown_mb": max(0.0, peak - before),
        "bytes": size,
    }
    print(json.dumps(result))


def _memory(which):
    """In MB: resident now (VmRSS), or at most since the process began (VmHWM)."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(which))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
