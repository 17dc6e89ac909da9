"""The launcher: what it says when something is in the way, and what it leaves."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest

import launch
from tests.conftest import LONG
from tianshan.database import Server

REPOSITORY = Path(launch.__file__).parent

# The real launcher on a database of its own, with as few tables as the worker needs.
BARE_DEMO = """
import contextlib, sys, launch
launch.static_files = contextlib.nullcontext
launch.bring_up_to_date = lambda embedded: migrate()
manage, launch.manage = launch.manage, lambda *arguments: None
def migrate():
    manage("migrate", "django_tasks_database", "--no-input", "--verbosity", "0")
sys.exit(launch.main(["demo"]))
"""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "launch.py", *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_is_one_line_that_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("demo", PORT=str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Port {port} is taken: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_none_is_one_line(port):
    done = run("demo", PORT=port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"PORT is {port!r}; it must be a number from 1 to 65535.\n"


def test_a_missing_python_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(launch.sys, "version_info", (3, 11, 7))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(launch.Sorry, match=r"3\.12.* needed .* this is 3\.11\.$"):
        launch.find_python()


def test_an_old_python_finds_a_new_one(monkeypatch, tmp_path):
    (tmp_path / "python3.13").symlink_to(sys.executable)
    monkeypatch.setattr(launch.sys, "version_info", (3, 6, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch.find_python() == str(tmp_path / "python3.13")


def test_a_lost_network_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "LOGS", str(tmp_path))
    pip = [sys.executable, "-m", "pip", "install", "--retries=1", "--no-cache-dir"]
    nowhere = ["--index-url", "http://127.0.0.1:9/", "--isolated", "nothing-at-all"]
    with pytest.raises(launch.Sorry) as sorry, launch.Job("It", [*pip, *nowhere]):
        pass
    assert str(sorry.value) == (
        "It could not be had: the registry cannot be reached. Check the network or its "
        "proxy, then start again."
    )


def test_another_failure_shows_its_reason_and_where_to_read_on(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "LOGS", str(tmp_path))
    failing = ["sh", "-c", "echo fine; echo error: no luck; exit 3"]
    with (
        pytest.raises(
            launch.Sorry, match=r"It could not be had: error: no luck \(more"
        ),
        launch.Job("It", failing),
    ):
        pass


def test_an_interrupted_installation_is_done_over(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "stamp_path", lambda name, folder: tmp_path / name)
    asked = []

    def install(wanted, again):
        asked.append(again)
        if len(asked) == 1:
            raise launch.Stopped
        return True

    monkeypatch.setattr(launch, "installed_by_uv", install)
    with pytest.raises(launch.Stopped):
        launch.install_packages(["base"])
    launch.install_packages(["base"])
    launch.install_packages(["base"])

    assert asked == [False, True]


def test_a_job_ends_with_what_it_runs_beside(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "LOGS", str(tmp_path))
    with pytest.raises(launch.Stopped), launch.Job("It", ["sleep", "600"]) as job:
        raise launch.Stopped
    assert job.process.returncode == -signal.SIGKILL


def test_a_step_is_done_again_only_when_its_sources_changed(tmp_path):
    source = tmp_path / "lock.txt"
    source.write_text("one")
    folder = str(tmp_path)
    assert not launch.stamped("step", [str(source)], "a", folder=folder)

    launch.stamp("step", [str(source)], "a", folder=folder)

    assert launch.stamped("step", [str(source)], "a", folder=folder)
    assert not launch.stamped("step", [str(source)], "b", folder=folder)
    source.write_text("two")
    assert not launch.stamped("step", [str(source)], "a", folder=folder)

    # Begun anew and interrupted: what was done for the old sources is half undone.
    source.write_text("one")
    assert not launch.stamped("step", [str(source)], "a", folder=folder)


def test_an_environment_file_is_read(tmp_path):
    path = tmp_path / "example.env"
    path.write_text("# NOT=this\nSECRET_KEY=a=b\n\nALLOWED_HOSTS=portal.example\n")
    assert launch.read_environment(path) == {
        "SECRET_KEY": "a=b",
        "ALLOWED_HOSTS": "portal.example",
    }


def test_no_command_prints_the_commands():
    done = run()
    assert done.returncode == 0
    assert "demo" in done.stdout
    assert run("nonsense").returncode == 2


@pytest.mark.parametrize(
    ("words", "left_out"),
    [(["test"], True), (["test-all"], False), (["test", "tests/matrix"], False)],
)
def test_only_a_plain_test_leaves_the_long_ones_out(monkeypatch, words, left_out):
    asked = []
    monkeypatch.setattr(launch, "enter_environment", lambda arguments: None)
    monkeypatch.setattr(launch, "check", lambda: 0)
    monkeypatch.setattr(launch.signal, "signal", lambda *_: None)

    def run(command, **_):
        asked.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(launch.subprocess, "run", run)
    monkeypatch.chdir(REPOSITORY)
    assert launch.main(words) == 0
    (command,) = asked
    assert (command[-2:] == ["-m", "not long"]) == left_out
    assert "tests/matrix" in command or len(words) == 1


def test_what_is_long_is_there_and_continuous_integration_runs_it():
    assert [place for place in LONG if not (REPOSITORY / place).exists()] == []
    assert "make test-all" in (REPOSITORY / ".ci" / "run").read_text()


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tianshan-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


def test_ctrl_c_leaves_nothing_and_a_killed_database_comes_back_before_it(home):
    port = free_port()
    own = {"TIANSHAN_HOME": str(home), "TIANSHAN_MODE": "demo", "PORT": port}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "DJANGO_", "PYTEST_"))
    }
    demo = subprocess.Popen(
        [sys.executable, "-c", BARE_DEMO],
        cwd=REPOSITORY,
        env=inherited | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = read_until(demo, "Ready in")
    assert f"http://127.0.0.1:{port}/" in said
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200

    observer = Server(home)
    observer._settle()
    os.kill(observer._postmaster(), signal.SIGKILL)
    read_until(demo, "PostgreSQL had ended and was started again.")

    started = descendants(demo.pid)
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate()

    assert demo.returncode == 0
    assert rest.strip().endswith("Stopping.")
    assert started
    assert [pid for pid in started if is_alive(pid)] == []
    assert observer._processes() == set()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def read_until(process, words):
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return line
    raise AssertionError("".join(said))


def is_alive(pid):
    """Not yet ended; what has, may still wait for whoever adopted it to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid):
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(child)]
    return found
