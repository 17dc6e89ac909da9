"""A small run of the proof, so that the proof itself cannot rot; the full one is
`make prove-load`."""

import json
import os
import subprocess
import sys

from django.conf import settings

from tests.proofs.load import MUST_BE_ZERO


def test_people_at_work_and_a_crowd():
    """In a process of its own, against a database of its own."""
    own = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIANSHAN_HOME", "TIANSHAN_MODE"}
    run = subprocess.run(
        [
            *[sys.executable, "-m", "tests.proofs.load", "--json"],
            *["--people", "8", "--seconds", "8", "--visits", "300"],
            *["--crowd", "60", "--crowd-seconds", "4"],
            *["--patience", "60"],
        ],
        cwd=settings.BASE_DIR,
        env={k: v for k, v in os.environ.items() if k not in own},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.stdout, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert {name: found[name] for name in MUST_BE_ZERO} == dict.fromkeys(
        MUST_BE_ZERO, 0
    )
    assert found["requests"] > 10
    assert run.returncode == 0
