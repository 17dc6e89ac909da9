"""A small run of the proof, so that the proof itself cannot rot; the full one is
`make prove-nothing-lost`."""

import json
import os
import subprocess
import sys

from django.conf import settings

# No 500, and no 400 either: a phone may take that for the last word on its record.
GOOD_ANSWERS = {"200", "201", "202", "302", "409", "422", "503", "none"}


def test_what_a_phone_was_given_a_number_for_is_there_once():
    """In a process of its own: its database is one that gets killed."""
    own = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIANSHAN_HOME", "TIANSHAN_MODE"}
    run = subprocess.run(
        [
            *[sys.executable, "-m", "tests.proofs.nothing_lost", "--json"],
            *["--records", "40", "--kills", "4"],
        ],
        cwd=settings.BASE_DIR,
        env={k: v for k, v in os.environ.items() if k not in own},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.stdout, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert (found["web_killed"], found["database_killed"]) == (2, 2)
    assert found["good"] > 30
    assert found["photos"] > 0
    assert found["stored"] == found["good"]
    assert {name: found[name] for name in found["must_be_zero"]} == dict.fromkeys(
        found["must_be_zero"], 0
    )
    assert set(found["answers"]) <= GOOD_ANSWERS
    assert run.returncode == 0
