"""The embedded server, tried on real servers that are really killed."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from tianshan.database import Failed, Server

REPOSITORY = Path(__file__).resolve().parents[2]

# Another process that uses the server until its standard input closes.
USER = """
import json, sys
from tianshan.database import Server
server = Server(sys.argv[1])
server.acquire()
print(json.dumps(server.urls()), flush=True)
sys.stdin.read()
server.release()
"""

# The same under an init that does not reap: killed servers stay as zombies.
CARELESS_INIT = """
import ctypes, os, signal, sys
from pathlib import Path
from tianshan.database import Server
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
server = Server(sys.argv[1])
server.acquire()
postmaster = server._postmaster()
os.kill(postmaster, signal.SIGKILL)
os.waitid(os.P_PID, postmaster, os.WEXITED | os.WNOWAIT)
server.acquire()
print(Path(f"/proc/{postmaster}/stat").read_text().split()[2], server._answers())
server.release()
"""

# One that forks: the child inherits the lease, and ends before its parent.
PARENT = """
import os, sys
from tianshan.database import Server
server = Server(sys.argv[1])
server.acquire()
child = os.fork()
if child == 0:
    server.release()
    os._exit(0)
os.waitpid(child, 0)
passer_by = Server(sys.argv[1])
passer_by.acquire()
passer_by.release()
print(bool(server._processes()))
server.release()
"""


@pytest.fixture
def new_home():
    """A data directory that the server's user reaches, whoever runs the tests."""
    with new_folder() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def home():
    """The same, made once: a cluster takes a second to make, a start far less."""
    with new_folder() as folder:
        yield folder / "home"


@contextmanager
def new_folder():
    folder = Path(tempfile.mkdtemp(prefix="tianshan-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(home):
    server = Server(home)
    server.acquire()
    server.recreate()
    yield server
    server.release()


def connect(server, name="DATABASE_OWNER_URL"):
    return closing(psycopg.connect(server.urls()[name], autocommit=True))


def write_a_row(server):
    with connect(server) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (words text)")
        connection.execute("INSERT INTO kept VALUES ('网格')")


def rows(server):
    with connect(server) as connection:
        return connection.execute("SELECT words FROM kept").fetchall()


def another_user(home, script=USER):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_9(server, *, whole=False):
    postmaster = server._postmaster()
    for victim in [postmaster, *(server._processes() - {postmaster} if whole else [])]:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def runs(server):
    return bool(server._processes())


# --- who may do what ----------------------------------------------------------------


def test_the_application_may_connect_but_make_nothing(server):
    with connect(server, "DATABASE_URL") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("tianshan_app",)
        for statement in (
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "CREATE ROLE mine",
            "CREATE DATABASE mine",
            "SET ROLE tianshan_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_owner_makes_tables_and_databases_but_is_no_superuser(server):
    with connect(server) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        connection.execute("CREATE DATABASE mine")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY mine FROM PROGRAM 'true'")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_comes_in_without_the_password(server, password):
    url = server.urls()["DATABASE_URL"]
    port = url.rpartition(":")[2].partition("/")[0]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            f"postgresql://tianshan_owner:{password}@127.0.0.1:{port}/tianshan"
        )


def test_order_of_characters_is_the_same_on_every_machine(server):
    with connect(server) as connection:
        provider, locale = connection.execute(
            "SELECT datlocprovider, datlocale FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
    assert (provider, locale) == ("b", "C.UTF-8")


# --- what a kill leaves ---------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True], ids=["postmaster", "all processes"])
def test_committed_rows_survive_kill_9(server, whole):
    write_a_row(server)
    kill_9(server, whole=whole)

    server.acquire()

    assert rows(server) == [("网格",)]


def test_a_server_that_is_recovering_is_waited_for(server):
    write_a_row(server)
    for child in server._processes() - {server._postmaster()}:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    server.acquire()

    assert rows(server) == [("网格",)]


def test_a_busy_orphan_does_not_keep_the_server_down(server):
    write_a_row(server)
    with connect(server) as busy, busy.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        orphan = cursor.fetchone()[0]
        # Stopped, it cannot notice that its postmaster has died.
        os.kill(orphan, signal.SIGSTOP)
        kill_9(server)

        server.acquire()

    assert rows(server) == [("网格",)]
    assert orphan not in server._processes()


def test_kill_9_leaves_no_shared_memory_behind(server):
    before = shared_memory(server)
    for _ in range(2):
        kill_9(server, whole=True)
        server.acquire()
    assert len(shared_memory(server)) == len(before)


def shared_memory(server):
    owner = server.directory.stat().st_uid
    table = Path("/proc/sysvipc/shm").read_text().splitlines()
    segments = [
        dict(zip(table[0].split(), row.split(), strict=True)) for row in table[1:]
    ]
    pid_file = server.data / "postmaster.pid"
    ours = pid_file.read_text().splitlines()[6].split()[1]
    return [
        segment
        for segment in segments
        if int(segment["uid"]) == owner
        and (segment["shmid"] == ours or segment["nattch"] == "0")
    ]


def test_a_zombie_postmaster_counts_as_dead(home):
    process = another_user(home, CARELESS_INIT)
    assert process.communicate() == ("Z True\n", None)


def test_a_pid_file_whose_number_is_somebody_elses_misleads_nobody(server):
    write_a_row(server)
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.release()
    owner = server.directory.stat().st_uid
    bystander = subprocess.Popen(
        ["sleep", "600"], user=owner if os.geteuid() == 0 else None
    )
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]))

    try:
        server.acquire()

        assert rows(server) == [("网格",)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_another_program_on_the_old_port_is_left_alone(server):
    write_a_row(server)
    old = server._notes["port"]
    server.release()
    with socket.create_server(("127.0.0.1", old)):
        server.acquire()

        assert server._notes["port"] != old
        assert rows(server) == [("网格",)]


def test_the_port_stays_the_same_after_a_restart(server):
    """Whoever kept the address finds the server again."""
    urls = server.urls()
    kill_9(server)
    server.acquire()
    assert server.urls() == urls


def test_lost_passwords_are_replaced_and_the_data_kept(server):
    write_a_row(server)
    before = server.urls()
    server.release()
    (server.directory / "connection.json").unlink()

    server.acquire()

    assert server.urls() != before
    assert rows(server) == [("网格",)]


def test_passwords_lost_under_a_running_server_are_not_guessed(server, monkeypatch):
    notes = server.directory / "connection.json"
    kept = notes.read_bytes()
    notes.unlink()
    monkeypatch.setattr("tianshan.database.server.PATIENCE", 0.1)
    try:
        with pytest.raises(Failed, match="end that process, then start again"):
            Server(server.home).acquire()
        assert runs(server)
    finally:
        notes.write_bytes(kept)


def test_a_server_that_cannot_start_says_why_in_one_line(server):
    server.release()
    control = server.data / "global" / "pg_control"
    kept = control.read_bytes()
    control.write_bytes(b"")
    try:
        with pytest.raises(Failed, match=r"did not start: .*pg_control") as no:
            server.acquire()
        assert "\n" not in str(no.value)
    finally:
        control.write_bytes(kept)
        server.acquire()


def test_half_a_cluster_is_made_anew(new_home):
    server = Server(new_home)
    server.acquire()
    server.release()
    server.data.rename(server.directory / "data.new")
    (server.directory / "data.new" / "global" / "pg_control").unlink()

    server.acquire()

    write_a_row(server)
    assert rows(server) == [("网格",)]
    server.release()


# --- together -------------------------------------------------------------------------


def test_four_that_start_at_once_share_one_server(new_home):
    users = [another_user(new_home) for _ in range(4)]
    urls = [json.loads(user.stdout.readline()) for user in users]
    observer = Server(new_home)
    observer.acquire()

    assert all(each == observer.urls() for each in urls)
    command = [b"bin/postgres" in cmdline(pid) for pid in observer._processes()]
    assert sum(command) == 1

    for user in users:
        user.communicate()
    assert runs(observer)
    observer.release()
    assert not runs(observer)


def cmdline(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_last_one_out_stops_the_server(home):
    first, second = another_user(home), another_user(home)
    first.stdout.readline(), second.stdout.readline()
    observer = Server(home)
    observer.acquire()
    observer.release()

    assert runs(observer)
    first.communicate()
    assert runs(observer)
    second.communicate()
    assert not runs(observer)


def test_a_killed_user_holds_nothing(home):
    victim = another_user(home)
    victim.stdout.readline()
    victim.kill()
    victim.communicate()
    server = Server(home)
    server.acquire()

    server.release()

    assert not runs(server)


def test_a_forked_child_that_ends_leaves_its_parents_lease(home):
    assert another_user(home, PARENT).communicate() == ("True\n", None)


def test_empty_means_empty(server):
    write_a_row(server)
    with connect(server):
        server.recreate()
    with pytest.raises(psycopg.errors.UndefinedTable):
        rows(server)


# --- what is ours ---------------------------------------------------------------------


def test_no_directory_above_is_touched(new_home):
    """Even where its user cannot pass: then root keeps the data elsewhere."""
    new_home.parent.chmod(0o700)
    above = [new_home.parent, *new_home.parent.parents]
    before = [facts(folder) for folder in above]
    server = Server(new_home)
    server.acquire()

    write_a_row(server)

    assert [facts(folder) for folder in above] == before
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    notes = server.directory / "connection.json"
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600

    server.release()
    again = Server(new_home)
    again.acquire()
    assert rows(again) == [("网格",)]
    again.release()
    if new_home not in again.directory.parents:
        shutil.rmtree(again.directory)


def facts(folder):
    found = folder.stat()
    return found.st_mode, found.st_uid, found.st_gid


def test_the_server_never_runs_as_root(server):
    for pid in server._processes():
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_programs_out_of_reach_are_copied(server, monkeypatch, tmp_path):
    """A checkout in root's own home holds programs that nobody else may run."""
    private = tmp_path / "site-packages"
    private.mkdir(mode=0o700)
    package = server._programs.parents[1]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            (private / folder.name).symlink_to(folder)
    server.release()
    origin = str(private / package.name / "__init__.py")
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: SimpleNamespace(origin=origin)
    )

    server.acquire()

    write_a_row(server)
    assert rows(server) == [("网格",)]


def test_another_users_database_is_refused_in_one_line(new_home, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    with pytest.raises(Failed, match="belongs to another user") as failed:
        Server(new_home).acquire()
    assert "\n" not in str(failed.value)


def test_a_home_that_cannot_be_made_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Failed, match="cannot be made"):
        Server(tmp_path / "file" / "home").acquire()
