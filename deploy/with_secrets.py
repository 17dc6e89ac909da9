"""Run a command with the secrets that stand in files: NAME_FILE=/run/secrets/name.

Each becomes NAME in the command's environment, which no one sees in `docker inspect`.
"""

import os
import sys
from pathlib import Path

SUFFIX = "_FILE"


def read(environment):
    """The environment with what the files say in place of their names."""
    told = dict(environment)
    for name, path in environment.items():
        if name.endswith(SUFFIX) and path.startswith("/run/secrets/"):
            try:
                told[name.removesuffix(SUFFIX)] = Path(path).read_text().strip()
            except OSError as error:
                raise SystemExit(f"{name}: {error.strerror}: {path}") from None
            del told[name]
    return told


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], read(os.environ))  # noqa: S606
