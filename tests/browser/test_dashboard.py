"""The dashboard in a browser: what a number means, and it as a sentence."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.factories import BusinessFactory, VisitFactory

URL = "/dashboard/"
VISITS = "#counts [data-figure=visits_merchant]"


@pytest.fixture
def shops(grid):
    for shop in BusinessFactory.create_batch(3, grid=grid):
        VisitFactory(business=shop)


def said(page):
    """The sentence that stands in the box, of a browser that lends no clipboard."""
    return page.get_by_label("这个数写成的一句话").input_value()


def test_a_number_says_what_it_means_and_copies_as_a_sentence(
    visitor, chief, grid, shops, looked_at
):
    page = visitor(chief)
    page.add_init_script("delete Navigator.prototype.clipboard")
    looked_at(page, URL, DESK, PHONE)
    page.set_viewport_size(DESK)
    box = page.get_by_role("group", name="走访商户的口径")
    number = page.locator(VISITS)
    number.hover()
    expect(box).to_contain_text("同一家来几次算几家次")
    page.mouse.move(5, 5)
    expect(box).to_be_hidden()

    number.focus()
    expect(box).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="复制成一句话")).to_be_focused()
    page.keyboard.press("Enter")
    sentence = said(page)
    count = re.search(r"走访商户 (\d+) 家次。口径：时段内上门走访商户", sentence)[1]
    assert sentence.startswith("截至")
    assert f"，{grid.name} {grid.live_on.year}年" in sentence
    page.keyboard.press("Escape")
    expect(number).to_be_focused()
    expect(box).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/visits/**")
    assert page.locator("[data-total]").first.get_attribute("data-total") == count
    assert page.problems == []


def test_the_first_tap_explains_the_second_opens(visitor, chief, shops):
    page = visitor(chief, PHONE, has_touch=True)
    page.goto(URL)
    page.locator(VISITS).tap()
    box = page.get_by_role("group", name="走访商户的口径")
    expect(box).to_be_visible()
    page.touchscreen.tap(5, 300)
    expect(box).to_be_hidden()
    page.locator(VISITS).tap()
    page.get_by_role("link", name="看这些记录").tap()
    page.wait_for_url("**/visits/**")
    page.go_back()
    page.locator(VISITS).tap()
    page.locator(VISITS).tap()
    page.wait_for_url("**/visits/**")
