"""A small run of the proof, so that the proof itself cannot rot; the full one is
`make prove-replica`."""

import json
import os
import subprocess
import sys

from django.conf import settings


def test_pages_from_a_real_replica_are_right_whatever_it_does():
    """In a process of its own, against two servers of its own."""
    own = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIANSHAN_HOME", "TIANSHAN_MODE"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.proofs.replica", "--json", "--saves", "12"],
        cwd=settings.BASE_DIR,
        env={k: v for k, v in os.environ.items() if k not in own},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.stdout, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert {name: found[name] for name in found["must_be_zero"]} == dict.fromkeys(
        found["must_be_zero"], 0
    )
    assert found["read_from_replica"] > 30
    assert found["stale_pages_within_the_limit"]
    assert run.returncode == 0
