"""What an office installs: units that name what there is, a server that reloads."""

import configparser
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.db import connection

DEPLOY = Path(settings.BASE_DIR, "deploy")
UNITS = sorted(DEPLOY.joinpath("systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
CONFIG = str(DEPLOY / "gunicorn.conf.py")


class Repeated(dict):
    """A unit may say one name several times."""

    def __setitem__(self, key, value):
        if key in self and isinstance(value, list) and key == "EnvironmentFile":
            value = self[key] + value
        super().__setitem__(key, value)


def read(unit):
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, dict_type=Repeated
    )
    parser.optionxform = str
    parser.read(unit)
    return parser


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_runs_what_there_is_and_may_little(unit):
    service = read(unit)["Service"]
    program, *words = service["ExecStart"].split()
    if program.endswith("/python"):
        assert words[0] == "manage.py"
        assert words[1] in get_commands()
    else:
        assert program.endswith("/gunicorn")
        assert Path(settings.BASE_DIR, words[1]) == Path(CONFIG)
    assert service["User"] == "tianshan"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["IPAddressDeny"] == "any"
    assert service["IPAddressAllow"] == "localhost"
    # The owner's address and the key of archives are the backup's alone.
    secret = ["/etc/tianshan/owner.env", "/etc/tianshan/backup.env"]
    assert service["EnvironmentFile"].split() == [
        "/etc/tianshan/env",
        *(secret if words[1] == "backup" else []),
    ]


def test_each_timer_has_its_service():
    timers = [unit for unit in UNITS if unit.suffix == ".timer"]
    assert timers
    for timer in timers:
        assert timer.with_suffix(".service").exists()
        assert read(timer)["Timer"]["OnCalendar"]


def test_the_guide_names_every_unit_and_every_command_of_a_timer():
    guide = Path(settings.BASE_DIR, "docs", "operations.md").read_text()
    for unit in UNITS:
        assert f"`{unit.name}`" in guide, unit.name


@pytest.fixture
def server(tmp_path, transactional_db):
    """The portal's server as it is configured for an office, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The tests' own database, in the role that the tests have.
    database = urlsplit(os.environ["DATABASE_OWNER_URL"])
    database = database._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {
        "BIND": f"127.0.0.1:{port}",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "METRICS_TOKEN": "t",
        "WEB_CONCURRENCY": "1",
        "DATABASE_URL": database,
        "DATABASE_OWNER_URL": database,
    }
    command = ["-m", "gunicorn", "--config", CONFIG, "tianshan.wsgi:application"]
    running = subprocess.Popen(
        [sys.executable, *command, "--log-level", "info"],
        cwd=settings.BASE_DIR,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(running, "Booting worker")
        yield running, f"http://127.0.0.1:{port}"
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)


def wait_for(running, words):
    said = []
    for line in running.stderr:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def wait_until(holds):
    paused = threading.Event()
    while not holds():
        paused.wait(0.05)


def test_a_reload_loses_no_request_and_no_count(server):
    running, address = server
    ended = threading.Event()
    answers = []

    def ask():
        while not ended.is_set():
            try:
                with urllib.request.urlopen(
                    f"{address}/healthz", timeout=120
                ) as answer:
                    answers.append(answer.status)
            except OSError as error:
                answers.append(error)

    def answered(count):
        return len(answers) >= count or any(answer != 200 for answer in answers)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    wait_until(lambda: answered(20))
    running.send_signal(signal.SIGHUP)
    wait_for(running, "Booting worker")
    before = len(answers)
    wait_until(lambda: answered(before + 20))
    ended.set()
    for asker in askers:
        asker.join()
    assert set(answers) == {200}

    # Those of the process that has ended are still in the sum.
    ask = urllib.request.Request(
        f"{address}/metrics", headers={"Authorization": "Bearer t"}
    )
    with urllib.request.urlopen(ask) as answer:
        text = answer.read().decode()
    name = 'tianshan_request_seconds_count{method="GET",status="2xx"'
    assert f'{name},view="dashboard:healthz"}} {len(answers)}.0' in text
