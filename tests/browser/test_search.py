"""The one search box, by hand and by key: pinyin, room, the tail of a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import BuildingFactory, BusinessFactory

BOX = "#find"
SUGGESTED = "#suggested .hits a"


@pytest.fixture
def shop(seeded, grid):
    market = BuildingFactory(grid=grid, name="天山茶城")
    BusinessFactory(grid=grid, building=market, room="C10", name="静庐茶器")
    return BusinessFactory(
        grid=grid,
        building=market,
        room="B08",
        name="闽南茶行",
        contact_phone="19912345678",
    )


@pytest.mark.parametrize("typed", ["mnch", "闽南", "B08", "5678"])
def test_typing_finds_and_enter_opens(shop, staff, visitor, typed):
    page = visitor(staff)
    page.goto("/work/")
    page.keyboard.press("/")
    expect(page.locator(BOX)).to_be_focused()
    page.keyboard.type(typed)
    expect(page.locator(SUGGESTED)).to_have_count(1)
    expect(page.locator(SUGGESTED)).to_contain_text("闽南茶行")
    page.keyboard.press("ArrowDown")
    expect(page.locator(SUGGESTED)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{shop.get_absolute_url()}")
    assert page.problems == []


def test_escape_closes_what_was_found_and_enter_shows_all_of_it(
    shop, staff, visitor, axe
):
    page = visitor(staff)
    page.goto("/work/")
    page.click(BOX)
    page.keyboard.type("茶城")
    expect(page.locator(SUGGESTED).first).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(SUGGESTED)).to_have_count(0)
    page.fill(BOX, "tscc")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=tscc"))
    expect(page.locator("#found")).to_contain_text("天山茶城")
    assert axe(page) == []
    assert page.problems == []


def test_a_phone_number_never_reaches_the_address(shop, staff, visitor):
    page = visitor(staff)
    page.goto("/work/")
    page.fill(BOX, "19912345678")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=5678$"))
    expect(page.locator("#found")).to_contain_text("闽南茶行")
