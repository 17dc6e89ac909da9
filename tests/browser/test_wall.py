"""The wall in a browser: one screen without a scroll, kept up to date in place."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dashboard import wall as walls
from tests.factories import BusinessFactory, tell_now

WALL = {"width": 1920, "height": 1080}
ULTRA = {"width": 3840, "height": 1080}
LARGE = {"width": 3840, "height": 2160}


@pytest.fixture
def hall(chromium, live_server, seeded, leader, grid, other_grid):
    """`hall(size)`: a screen that shows the street, its link and its address."""
    contexts = []

    def hang(size=WALL):
        BusinessFactory(grid=grid)
        tell_now()
        now = timezone.now()
        link, token = walls.give(
            label="大厅",
            grid=leader.posts.get().grid,
            period="all",
            until=timezone.localdate(now) + dt.timedelta(days=1),
            by=leader,
            at=now,
        )
        context = chromium.new_context(
            viewport=size, locale="zh-CN", base_url=live_server.url
        )
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.clock.install()
        page.goto(f"/wall/?token={token}")
        return page, link

    yield hang
    for context in contexts:
        context.close()


def cut_off(page):
    """The cards whose content is larger than they are."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".w-card")]
          .filter((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
          .map((e) => e.className)"""
    )


def test_one_screen_without_a_scroll_at_each_size(hall, axe):
    page, _ = hall()
    for size in (WALL, ULTRA, LARGE):
        page.set_viewport_size(size)
        scroll = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert scroll == [size["width"], size["height"]]
        assert cut_off(page) == [], size
    page.set_viewport_size(WALL)
    assert axe(page) == []
    assert page.context.cookies() == []
    assert page.problems == []


def test_it_shows_what_changes_without_leaving_the_page(hall, grid):
    page, _ = hall()
    page.evaluate("window.mark = 'the same page'")
    number = page.locator("[data-figure=gap_uncovered]")
    expect(number).to_have_text("1家")
    BusinessFactory(grid=grid)
    tell_now()
    with page.expect_response("**/wall/**"):
        page.clock.run_for(61_000)
    expect(number).to_have_text("2家")
    assert page.evaluate("window.mark") == "the same page"


def test_while_the_server_is_away_it_keeps_its_numbers_and_says_their_age(hall):
    page, _ = hall()
    page.route("**/wall/**", lambda route: route.abort())
    page.clock.run_for(301_000)
    expect(page.get_by_role("status")).to_contain_text("下面是 5 分钟前的数")
    expect(page.locator("[data-figure=gap_uncovered]")).to_have_text("1家")
    page.unroute("**/wall/**")
    page.clock.run_for(61_000)
    expect(page.get_by_role("status")).to_be_hidden()


def test_a_link_revoked_meanwhile_shows_nothing_any_more(hall, leader):
    page, link = hall()
    walls.revoke(link, by=leader, at=timezone.now())
    page.clock.run_for(61_000)
    expect(page.get_by_role("heading", name="大屏没有打开")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 17, 15)")
    expect(page.locator("[data-figure]")).to_have_count(0)
