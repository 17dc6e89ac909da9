"""A portal of a proof's own, whose server and database can be killed and come back."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import launch
from tianshan.database import Server

PATIENCE = 90  # seconds for the server to come up on a busy machine


def prepared_home():
    """A folder with an empty portal at this state of the migrations, to be copied.

    Migrating takes a minute, so it is kept beside the data of this checkout.
    """
    sources = [
        "requirements/base.txt",
        "tianshan/settings.py",
        "tianshan/database/grants.py",
        *glob.glob("*/migrations/*.py"),
        *glob.glob("tianshan/*/migrations/*.py"),
        *filter(os.path.isfile, glob.glob("static/**", recursive=True)),
    ]
    state = launch.fingerprint(sources, [])[:16]
    folder = Path(launch.HOME, "proofs")
    prepared = folder / state
    if not prepared.exists():
        shutil.rmtree(folder, ignore_errors=True)
        draft = folder / "draft"
        draft.mkdir(parents=True)
        os.environ["TIANSHAN_HOME"] = str(draft)
        database = Server(draft)
        database.acquire()
        try:
            os.environ.update(database.urls())
            launch.manage("collectstatic", "--no-input", "--verbosity", "0")
            launch.manage("migrate", "--no-input", "--verbosity", "0")
        finally:
            database.release()
        if (draft / "postgres.place").exists():
            raise SystemExit(f"PostgreSQL's user cannot reach {draft}.")
        draft.rename(prepared)
    return prepared


class Portal:
    """gunicorn and PostgreSQL below a folder of their own, on free ports.

    Without `web` there is no gunicorn.
    """

    def __init__(self, home, *, web=True):
        self.home, self.needs_web = Path(home), web
        os.environ["TIANSHAN_MODE"] = "demo"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.web = None

    def __enter__(self):
        os.chmod(self.home, 0o755)  # PostgreSQL may run as another user than ours
        prepared = prepared_home()
        subprocess.run(["cp", "-a", f"{prepared}/.", self.home], check=True)
        os.environ["TIANSHAN_HOME"] = str(self.home)
        self.database = Server(self.home)
        self.database.acquire()
        self._urls = self.database.urls()
        os.environ.update(self._urls)
        if self.needs_web:
            self.start_web()
        return self

    def __exit__(self, *_):
        if self.web:
            launch.end(self.web)
        self.database.release()

    # --- the end, as a power cut makes it, and the beginning after it ----------------

    def start_web(self, *, as_in_an_office=False):
        """Quick to come up, or with the settings of `deploy/`."""
        bind = f"127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "gunicorn", "tianshan.wsgi:application"]
        if as_in_an_office:
            own = ["--config", "deploy/gunicorn.conf.py", "--bind", bind]
        else:
            own = [
                *["--bind", bind, "--workers", "2", "--worker-class", "gthread"],
                *["--threads", "4", "--preload", "--no-control-socket"],
            ]
        self.web = launch.begin([*command, *own, "--log-level", "critical"])
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.web.poll() is None:
            with suppress(OSError):
                address = f"http://127.0.0.1:{self.port}/healthz"
                urllib.request.urlopen(address, timeout=5).close()
                return
            time.sleep(0.05)
        raise SystemExit("The server of the proof did not come up.")

    def kill_web(self):
        """Master and workers at once; what they had in hand is gone."""
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()

    def kill_database(self):
        """The postmaster; its processes find out and end without a word."""
        pid_file = Path(self.database.data, "postmaster.pid")
        os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGKILL)

    def start_database(self):
        self.database.acquire()
        if self.database.urls() != self._urls:
            raise SystemExit("PostgreSQL came back at another address.")
