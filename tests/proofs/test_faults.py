"""A small run of the proof, so that the proof itself cannot rot; the full one is
`make prove-faults`."""

import json
import os
import subprocess
import sys

from django.conf import settings

from tests.proofs.faults import MUST_BE_ZERO


def test_what_breaks_is_survived():
    """In a process of its own, against a database of its own."""
    own = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIANSHAN_HOME", "TIANSHAN_MODE"}
    run = subprocess.run(
        [
            *[sys.executable, "-m", "tests.proofs.faults", "--json"],
            *["--rows", "500", "--kills", "2"],
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
    assert found["workers_killed"] >= 2
    assert run.returncode == 0
