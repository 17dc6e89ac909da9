"""The suite, or a part of it, on another server: through PgBouncer, on PostgreSQL 15.

    python -m tests.proofs.elsewhere pooler|postgres15 [PYTEST'S OWN ARGUMENTS]

Both come from Debian's packages `pgbouncer` and `postgresql-15`. The server is one of the
proof's own, below a folder of its own, on loopback. PgBouncer hands a connection on
after each transaction, so whatever a session is left with would be somebody else's.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OWNER, APPLICATION = "tianshan_owner", "tianshan_app"
TESTS = ["tests", "--ignore=tests/browser", "--ignore=tests/proofs"]
PATIENCE = 60
POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
POOLER = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = {folder}/users.txt
max_client_conn = 200
default_pool_size = 20
server_idle_timeout = 5
logfile = {folder}/pgbouncer.log
"""


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    where, words = arguments[0], arguments[1:]
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="tianshan-proof-")
        )
        os.chmod(home, 0o755)  # the server may run as another user than ours
        server = {"pooler": Pooled, "postgres15": Debians}[where]
        url = stack.enter_context(server(Path(home)))
        return pytest(words or TESTS, url, pooled=where == "pooler")


def pytest(words, url, *, pooled=False):
    """One worker: the lock under which databases are copied is a session's."""
    environment = os.environ | {
        "TIANSHAN_MODE": "test",
        "DATABASE_URL": url(APPLICATION),
        "DATABASE_OWNER_URL": url(OWNER),
        "DATABASE_POOLED": "1" if pooled else "0",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "1",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run([*command, *words], env=environment, check=False).returncode


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port, what):
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come up.")
        time.sleep(0.1)


def as_another(folder):
    """Neither program runs as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def Debians(home):
    """PostgreSQL 15 as Debian has it."""
    if not POSTGRES_15.exists():
        raise SystemExit("Debian's package postgresql-15 is not installed.")
    port, password = free_port(), secrets.token_urlsafe(24)
    folder = home / "postgres15"
    folder.mkdir()
    (folder / "password").write_text(password)
    own, data = as_another(folder), folder / "data"

    def run(program, *words):
        subprocess.run(
            [POSTGRES_15 / program, *words],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
            **own,
        )

    run(
        *("initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256"),
        *(f"--pwfile={folder / 'password'}", "--locale=C.UTF-8", "--encoding=UTF8"),
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    run("pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", options)
    try:
        environment = {"PGPASSWORD": password, "PATH": os.defpath}
        # As an office makes them: an owner who is no superuser, and the application.
        sql = (
            f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{password}';"
            f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{password}';"
            f"CREATE DATABASE tianshan OWNER {OWNER};"
        )
        for statement in sql.split(";")[:-1]:
            subprocess.run(
                [
                    *(POSTGRES_15 / "psql", "-X", "-q", "-h", "127.0.0.1"),
                    *("-p", str(port), "-U", "postgres", "-c", statement),
                ],
                env=environment,
                check=True,
            )
        yield lambda role: f"postgresql://{role}:{password}@127.0.0.1:{port}/tianshan"
    finally:
        run("pg_ctl", "stop", "-m", "immediate", "-D", data)


@contextlib.contextmanager
def Pooled(home):
    """The embedded PostgreSQL behind PgBouncer in transaction mode."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        raise SystemExit("Debian's package pgbouncer is not installed.")
    from tianshan.database import Server

    server = Server(home / "direct")
    (home / "direct").mkdir()
    server.acquire()
    try:
        direct = server.urls()
        # The template of the tests' databases, which nobody may be connected to.
        first = ["tests/tianshan/test_statistics.py"]
        urls = {
            OWNER: direct["DATABASE_OWNER_URL"],
            APPLICATION: direct["DATABASE_URL"],
        }
        if code := pytest(first, urls.get):
            raise SystemExit(code)
        folder, own = home / "pgbouncer", free_port()
        folder.mkdir()
        passwords = server._notes["passwords"]
        users = "".join(
            f'"{role}" "{passwords[role]}"\n' for role in (OWNER, APPLICATION)
        )
        (folder / "users.txt").write_text(users)
        (folder / "users.txt").chmod(0o600)
        text = POOLER.format(port=server._notes["port"], own=own, folder=folder)
        (folder / "pgbouncer.ini").write_text(text)
        pooler = subprocess.Popen(
            [program, "-q", folder / "pgbouncer.ini"], **as_another(folder)
        )
        try:
            wait_for(own, "PgBouncer")
            yield (
                lambda role: (
                    f"postgresql://{role}:{passwords[role]}@127.0.0.1:{own}/tianshan"
                )
            )
        finally:
            pooler.terminate()
            pooler.wait()
    finally:
        server.release()


if __name__ == "__main__":
    sys.exit(main())
