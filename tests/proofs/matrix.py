"""Ask every cell of the matrix: accounts, addresses, territories (tests/matrix).

    python -m tests.proofs.matrix [--share N] [--seed N] [--json]

With `--share 4` every fourth cell, drawn by the seed. docs/security.md holds the numbers
of full runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KINDS = {"nobody_sees": "get_cells", "nobody_changes": "post_cells"}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        told = Path(home) / "told.xml"
        run = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-n", asked.workers, "--show-capture=no", f"--junitxml={told}"),
                *("-o", "junit_family=xunit1", "tests/matrix"),
            ],
            cwd=ROOT,
            env=os.environ
            | {
                "TIANSHAN_MODE": "test",
                "MATRIX_SHARE": str(asked.share),
                "MATRIX_SEED": str(asked.seed),
            },
            check=False,
            stdout=sys.stderr,
        )
        found = counted(told)
    found |= {"seconds": round(time.monotonic() - began), "share": asked.share}
    print(json.dumps(found) if asked.json else found)
    return run.returncode


def counted(told):
    """Cells by method, tests, and those that failed."""
    found = {"get_cells": 0, "post_cells": 0, "tests": 0, "failed": 0}
    for case in ET.parse(told).iter("testcase"):
        found["tests"] += 1
        found["failed"] += any(child.tag in ("failure", "error") for child in case)
        for value in case.iter("property"):
            for start, kind in KINDS.items():
                if case.get("name").startswith("test_" + start):
                    found[kind] += int(value.get("value"))
    return found


if __name__ == "__main__":
    sys.exit(main())
