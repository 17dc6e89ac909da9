"""Real Chromium, against a live server on a free port of 127.0.0.1."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.conftest import gave_password
from tests.factories import tell_now

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
# A window of Chromium makes a second page beside ours, for what its address bar drops
# down: half the time of opening one. Of two such lists the last one holds, so what
# Playwright has switched off stands here again.
OFF = [
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay"),
    *("MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
]
ZOOMED = {"width": 180, "height": 370}  # the phone at 200 %
DESK_ZOOMED = {"width": 720, "height": 450}


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
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                f"--disable-features={','.join(OFF)}",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def seeded(transactional_db):
    """What is made is committed, so that the live server sees it."""


@pytest.fixture
def visitor(chromium, live_server, seeded):
    """`visitor(user, size)`: an empty page of a browser in which the user is signed in."""
    contexts = []

    def open_as(user, size=DESK, **device):
        tell_now()
        user.set_password("Correct-horse-7")
        user.save()
        context = chromium.new_context(
            viewport=size, locale="zh-CN", base_url=live_server.url, **device
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.problems = []
        page.on(
            "console",
            lambda said: (
                page.problems.append(said.text) if said.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        client = Client()
        client.force_login(user)
        gave_password(client, user)
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        return page

    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def axe():
    """`axe(page)`: the violations of WCAG 2.2 A and AA on the page, as sentences."""

    def run(page):
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        # What passed is neither described nor sent over, which took most of the time.
        return page.evaluate(
            """async () => {
              const { violations } = await axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
                resultTypes: ["violations"],
                selectors: false,
              });
              return violations.flatMap(({ id, nodes }) =>
                nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
            }"""
        )

    return run


def sideways(page):
    """What makes the page scroll sideways; nothing, as it should be."""
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return [...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > wide + 1)
            .map((each) => `${each.tagName}.${each.className} ${each.textContent.slice(0, 20)}`)
            .slice(0, 12);
        }"""
    )


@pytest.fixture
def looked_at(axe):
    """`looked_at(page, address, *sizes)`: opened once, it is free of violations at each
    size, and nothing scrolls sideways."""

    def look(page, address, *sizes):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        for size in sizes:
            page.set_viewport_size(size)
            assert axe(page) == [], (address, size)
            assert sideways(page) == [], (address, size)

    return look
