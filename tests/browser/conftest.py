"""Real Chromium, against a live server on a free port of 127.0.0.1."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import enter_migrated_rows

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = next(
    filter(
        None,
        (
            os.environ.get("CHROMIUM"),
            shutil.which("chromium"),
            shutil.which("chromium-browser"),
            shutil.which("google-chrome"),
        ),
    ),
    None,
)
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.fspath):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        message = "No Chromium found: install the package chromium."
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def seeded(transactional_db):
    """What migrations entered and the emptying of tables between tests took away."""
    enter_migrated_rows()


@pytest.fixture
def visitor(chromium, live_server, seeded):
    """`visitor(user, size)`: a page in which the user has signed in by the form."""
    contexts = []

    def open_as(user, size=DESK, **device):
        user.set_password("Correct-horse-7")
        user.save()
        context = chromium.new_context(
            viewport=size, locale="zh-CN", base_url=live_server.url, **device
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.problems = []
        page.on(
            "console",
            lambda said: (
                page.problems.append(said.text) if said.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto("/login/")
        page.fill("input[name=login]", user.username)
        page.fill("input[name=password]", "Correct-horse-7")
        page.click("form button.btn-primary")
        page.wait_for_url(lambda url: "/login/" not in url)
        return page

    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def axe():
    """`axe(page)`: the violations of WCAG 2.2 A and AA on the page, as sentences."""

    def run(page):
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',"
            " 'wcag21aa', 'wcag22aa']})"
        )
        return [
            f"{rule['id']}: {node['html'][:160]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    return run
