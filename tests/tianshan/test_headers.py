"""What every answer tells the browser (ASVS 5.0 3.4), and the settings of an office."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.rights import Role
from tests.factories import PostFactory
from tests.test_urls import addresses

# What the settings say in production and the middleware reads when it starts.
AS_IN_PRODUCTION = {
    "SECURE_HSTS_SECONDS": 365 * 24 * 60 * 60,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
}


@pytest.fixture
def over_tls(settings):
    for name, value in AS_IN_PRODUCTION.items():
        setattr(settings, name, value)


# The shell of the phone's page, which holds nothing of anybody: asked for anew each time.
SHELL = {"visits:field_shell", "visits:field_worker", "visits:field_manifest"}


def faults(response, name=""):
    """What is missing of the headers that every answer owes."""
    told = response.headers
    rules = {
        part.split()[0]: part.split()[1:]
        for part in told.get("Content-Security-Policy", "").split("; ")
        if part
    }
    years = re.search(r"max-age=(\d+)", told.get("Strict-Transport-Security", ""))
    sources = [source for listed in rules.values() for source in listed]
    missing = {
        "hsts": bool(years) and int(years[1]) >= 365 * 24 * 60 * 60,
        "csp": rules.get("default-src") == ["'self'"]
        and rules.get("object-src") == ["'none'"]
        and rules.get("base-uri") in (["'self'"], ["'none'"])
        and rules.get("frame-ancestors") == ["'none'"]
        and rules.get("form-action") == ["'self'"],
        "csp lets script in": not {"'unsafe-inline'", "'unsafe-eval'", "*"}
        & set(sources),
        "nosniff": told.get("X-Content-Type-Options") == "nosniff",
        "referrer": told.get("Referrer-Policy") in {"same-origin", "no-referrer"},
        "opener": told.get("Cross-Origin-Opener-Policy") == "same-origin",
        "frames": told.get("X-Frame-Options") == "DENY",
        "no stranger reads it": "Access-Control-Allow-Origin" not in told,
        "a type": not getattr(response, "content", b"x") or told.get("Content-Type"),
        "a character set": not told.get("Content-Type", "").startswith("text/")
        or "charset=utf-8" in told["Content-Type"].lower(),
        "not kept": "no-cache" in told.get("Cache-Control", "")
        if name in SHELL
        else "no-store" in told.get("Cache-Control", ""),
        "no version told": "Server" not in told and "X-Powered-By" not in told,
    }
    return [fault for fault, right in missing.items() if not right]


def lacks_the_way_out(response):
    """Is it a page of the portal, with its bar, on which one cannot sign out?"""
    page = "" if response.streaming else response.content.decode("utf-8", "replace")
    whole = response.status_code == 200 and "<html" in page
    return whole and "<header" in page and 'action="/logout/"' not in page


@pytest.mark.parametrize("who", ["nobody", "clerk", "auditor"])
def test_every_address_tells_the_browser_what_to_refuse(who, over_tls, clerk, street):
    client = Client(raise_request_exception=False)
    if who == "clerk":
        client.force_login(clerk)
    elif who == "auditor":
        client.force_login(PostFactory(role=Role.AUDITOR, grid=street).user)
    found, asked = {}, 0
    for name, url in addresses():
        if name != "account_logout":
            answer = client.get(url, secure=True)
            asked += 1
            wrong = faults(answer, name)
            if who != "nobody" and name not in SHELL and lacks_the_way_out(answer):
                wrong.append("no way out")
            if wrong:
                found[name] = wrong
    assert found == {}
    assert asked > 400


def test_a_missing_header_is_seen(client, over_tls, settings):
    settings.SECURE_CSP = {"default-src": ["'self'", "'unsafe-inline'"]}
    found = faults(client.get("/login/"))
    assert {"hsts", "csp", "csp lets script in"} <= set(found)


# --- the settings ----------------------------------------------------------------------


def office():
    """The environment that the example sets, as an office would copy it."""
    lines = Path(settings.BASE_DIR, "docs", "example.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def manage(*words, **changes):
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **office(), **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_of_an_office_passes_the_check_for_deployment(tmp_path):
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", TIANSHAN_HOME=str(tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_cookies_of_an_office_are_bound_to_its_host(tmp_path):
    words = "; ".join(
        [
            "from django.conf import settings as s",
            "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
            " s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
            " s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE, s.DEBUG,"
            " s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)",
        ]
    )
    done = manage("shell", "-v", "0", "-c", words, TIANSHAN_HOME=str(tmp_path))
    assert done.stdout.split() == (
        [
            "__Host-sessionid",
            "__Host-csrftoken",
            "True",
            "True",
            "True",
            "Lax",
            "Lax",
            "False",
            "None",
            "/",
        ]
    )
