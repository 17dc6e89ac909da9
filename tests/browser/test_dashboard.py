"""The dashboard in a browser: what a number means, and it as a sentence."""

import re

import brotli
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


def test_charts_come_last_and_open_the_rows_of_the_table(
    visitor, leader, grid, other_grid, looked_at
):
    BusinessFactory.create_batch(2, grid=grid)
    BusinessFactory(grid=other_grid)
    page = visitor(leader, reduced_motion="reduce")
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/")[-1]))
    page.goto(URL)
    chart = page.locator("#grids .chart.drawn")
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator("#trend .chart.drawn canvas")).to_be_visible()
    assert asked.index("echarts.js") > asked.index("charts.js")
    looked_at(page, URL, PHONE, DESK)
    assert "echarts.js" not in page.goto("/merchants/").text()

    page.goto(URL)
    expect(chart.locator("canvas")).to_be_visible()
    chart.scroll_into_view_if_needed()
    cell = page.locator("#trend tbody tr").last.locator("a").last.get_attribute("href")
    drawn = page.locator("#trend .chart canvas")
    drawn.scroll_into_view_if_needed()
    at = drawn.bounding_box()
    # The last point, at the right end of the line of nought per cent.
    drawn.click(position={"x": at["width"] - 44, "y": at["height"] - 24})
    page.wait_for_url(f"**{cell}")
    assert page.problems == []


def test_the_brief_fits_a_phone_and_one_sheet(visitor, chief, shops, looked_at):
    page = visitor(chief)
    page.goto(URL)
    page.get_by_role("link", name="简报").click()
    page.wait_for_url("**/dashboard/brief/**")
    looked_at(page, page.url, PHONE, DESK)
    sheet = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    page.get_by_role("link", name="一屏统览").last.click()
    page.wait_for_url("**/dashboard/?grid=**")


# kB that may travel at the first visit, and at the next ones.
MOST = {"/dashboard/": 450, "/merchants/": 200, "/dashboard/brief/": 200}
AGAIN = 30


@pytest.mark.parametrize("address", MOST)
def test_little_travels(address, visitor, leader, grid, other_grid, shops):
    """Static files count as they are served: compressed once, kept by the browser."""
    page = visitor(leader, extra_http_headers={"Accept-Encoding": "gzip"})
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if address == URL:
        expect(page.locator("#trend .chart canvas")).to_be_visible()
    files = {each.url: each for each in answers if "/static/" in each.url}
    once = sum(len(brotli.compress(each.body())) for each in files.values())
    pages = [each for each in answers if "/static/" not in each.url]
    each_time = sum(each.request.sizes()["responseBodySize"] for each in pages)
    assert any("tabler" in url for url in files)
    assert 1000 < each_time < AGAIN * 1000
    assert once + each_time < MOST[address] * 1000
