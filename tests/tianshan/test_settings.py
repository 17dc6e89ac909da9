"""Production assumes nothing: what is missing stops the start with a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

WHOLE = {
    "TIANSHAN_MODE": "production",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "portal.example.org",
    "DATABASE_URL": "postgres://app@127.0.0.1:1/none",
}


def start(environment):
    """Load the settings in a process that has this environment alone."""
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tianshan.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_whole_environment_starts():
    assert start(WHOLE).returncode == 0


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
def test_a_missing_value_stops_the_start_and_is_named(missing):
    done = start({name: value for name, value in WHOLE.items() if name != missing})
    assert done.returncode != 0
    assert f"{missing} is not set" in done.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"SECRET_KEY": "short"}, "50 or more"),
        ({"TIANSHAN_MODE": "prod"}, "must be production, demo or test"),
    ],
)
def test_an_unsafe_value_stops_the_start(change, words):
    done = start({**WHOLE, **change})
    assert done.returncode != 0
    assert words in done.stderr


def test_nothing_said_is_production():
    assert "SECRET_KEY is not set" in start({}).stderr


def test_the_example_asks_leaders_and_whoever_opens_cases_for_a_second_factor():
    """Besides the three administrators, of whom production always asks it."""
    example = Path(settings.BASE_DIR, "docs", "example.env").read_text()
    (said,) = re.findall(r"^MFA_REQUIRED_ROLES=(.*)$", example, re.MULTILINE)
    assert {"street_leader", "helper"} <= set(said.split(","))
    assert start({**WHOLE, "MFA_REQUIRED_ROLES": said}).returncode == 0
    wrong = start({**WHOLE, "MFA_REQUIRED_ROLES": "street_leader,nobody"})
    assert "MFA_REQUIRED_ROLES names no role: nobody" in wrong.stderr
