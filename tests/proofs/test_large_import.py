"""A small run of the proof, so that the proof itself cannot rot; the full one is
`make prove-large-import`."""

import json
import os
import subprocess
import sys

from django.conf import settings


def test_a_workbook_comes_in_whole_and_is_taken_back():
    """In a process of its own, against a database of its own."""
    own = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIANSHAN_HOME", "TIANSHAN_MODE"}
    run = subprocess.run(
        [
            *[sys.executable, "-m", "tests.proofs.large_import", "--json"],
            *["--rows", "300"],
        ],
        cwd=settings.BASE_DIR,
        env={k: v for k, v in os.environ.items() if k not in own},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.stdout, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["new"] > 270
    assert found["rejected"] > 0
    assert found["results"]["duplicate"] > 0
    assert {name: found[name] for name in found["must_be_zero"]} == dict.fromkeys(
        found["must_be_zero"], 0
    )
    assert run.returncode == 0
