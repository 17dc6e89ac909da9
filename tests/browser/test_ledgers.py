"""Ledgers by hand and by key: filter, chip, view; ticked rows changed and put back."""

import re

import pytest
from playwright.sync_api import expect

from enterprises.models import Business
from tests.browser.conftest import PHONE
from tests.factories import BuildingFactory, BusinessFactory

ROWS = "#list tbody tr"


@pytest.fixture
def shops(live_server, seeded, grid):
    """Thirty tea shops in the market, one pharmacy elsewhere; all invented."""
    market = BuildingFactory(grid=grid, name="天山茶城")
    for n in range(30):
        BusinessFactory(
            grid=grid,
            building=market,
            room=f"B{n:02}",
            name=f"茗香{n:02}茶行",
            trade="茶叶",
            contact_phone=f"199000000{n:02}",
        )
    BusinessFactory(grid=grid, name="大药房", trade="药店")


def test_filter_chip_saved_view_reload(shops, clerk, visitor, axe):
    page = visitor(clerk)
    page.goto("/merchants/")
    page.fill(".find.inpage input", "茶行")
    page.click("form.facets > button.btn-primary")
    expect(page.locator("#list .chip")).to_contain_text("搜索：茶行")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "30")

    page.click("text=存为视图")
    expect(page.locator("#peek h2")).to_be_focused()
    page.fill("#peek input[name=name]", "茶行")
    page.click("#peek button.btn-primary")
    expect(page.locator(".views a[aria-current]")).to_contain_text("茶行")

    page.reload()
    expect(page.locator("#list .chip")).to_contain_text("搜索：茶行")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "30")
    assert axe(page) == []

    page.click("#list .chip")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "31")
    expect(page.locator("text=更新“茶行”")).to_be_visible()
    assert page.problems == []


def test_bulk_edit_and_undo(shops, clerk, visitor, axe):
    page = visitor(clerk)
    address = "/merchants/?q=%E8%8C%B6%E8%A1%8C&sort=-name&size=20"
    page.goto(address)
    bar = page.locator(".bulk")
    expect(bar).to_be_hidden()

    boxes = page.locator("#list tbody input[name=pick]")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(bar).to_contain_text("已选 4 家")
    page.check("[data-pick-all]")
    expect(bar).to_contain_text("已选 20 家")
    page.check("text=选择全部 30 家（符合筛选）")
    expect(bar).to_contain_text("已选全部 30 家")
    assert axe(page) == []

    page.click(".bulk >> text=改行业")
    page.fill("input[name=trade]", "茶叶零售")
    page.click("text=预览")
    expect(page.locator(".counts3")).to_contain_text("30 家会改")
    assert axe(page) == []
    page.click("text=确认改 30 家")

    page.wait_for_url(re.compile(re.escape(address)))
    expect(page.locator("tr.marked")).to_have_count(20)
    assert Business.objects.filter(trade="茶叶零售").count() == 30

    page.click(".undo >> text=撤销")
    page.wait_for_url(re.compile(re.escape(address)))
    expect(page.locator("#toasts")).to_contain_text("30 家恢复原样")
    assert not Business.objects.filter(trade="茶叶零售").exists()
    assert page.problems == []


def test_a_row_beside_the_list_and_back_to_it(shops, staff, visitor, axe):
    page = visitor(staff)
    page.goto("/merchants/?q=%E8%8C%B6%E8%A1%8C")
    page.locator(ROWS).nth(2).locator("td").nth(3).click()
    panel = page.locator("#peek")
    expect(panel.locator("h2")).to_contain_text("茗香02茶行")
    expect(panel).to_contain_text("199****0002")
    assert axe(page) == []

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(ROWS).nth(2).locator("a.nm")).to_be_focused()

    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/businesses/\d+/"))
    page.go_back()
    expect(page.locator("#list .chip")).to_contain_text("茶行")
    assert page.problems == []


def test_saving_a_row_leads_back_to_its_place_in_the_list(shops, clerk, visitor):
    page = visitor(clerk, {"width": 1440, "height": 500})
    page.goto("/merchants/?q=%E8%8C%B6%E8%A1%8C&sort=-name")
    link = page.locator(ROWS).nth(20).locator("a.nm")
    link.click()
    page.wait_for_url(re.compile(r"/businesses/\d+/"))
    top = page.evaluate("JSON.parse(sessionStorage.list).top")
    assert top > 0
    page.click("a:has-text('修改资料')")
    page.fill("[name=note]", "月底装修")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("已保存")

    page.click(".crumb a:has-text('商户台账')")
    expect(page.locator("#list .chip")).to_contain_text("茶行")
    expect(page.locator(ROWS).nth(20).locator("a.nm")).to_be_focused()
    # The page may still be on its way there.
    page.wait_for_function("top => Math.abs(scrollY - top) <= 2", arg=top)
    assert page.problems == []


def test_a_middle_click_opens_a_row_in_a_tab_of_its_own(shops, staff, visitor):
    page = visitor(staff)
    page.goto("/merchants/")
    with page.context.expect_page() as opened:
        page.locator(ROWS).nth(1).locator("a.nm").click(button="middle")
    opened.value.wait_for_load_state()
    assert re.search(r"/businesses/\d+/$", opened.value.url)
    assert page.url.endswith("/merchants/")
    expect(page.locator("#peek")).to_be_hidden()


def test_rows_by_key(shops, staff, visitor):
    page = visitor(staff)
    page.goto("/merchants/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator(ROWS).nth(1)
    expect(row.locator("a.nm")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator(".bulk")).to_contain_text("已选 1 家")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("p")
    expect(page.locator("#peek h2")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.uncheck("[data-keys-on]")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator(".bulk")).to_contain_text("已选 1 家")  # switched off

    page.keyboard.press("/")
    page.keyboard.type("jk?x")
    expect(page.locator(".top .find input")).to_have_value("jk?x")
    assert page.problems == []


def test_columns_are_put_in_order_and_remembered(shops, staff, visitor):
    page = visitor(staff)
    page.goto("/merchants/")
    page.click("a:has-text('列 ')")
    page.click("[aria-label='上移：室号铺位']")
    page.uncheck("#peek input[value=staff]")
    page.click("#peek >> text=应用")
    headings = page.locator("#list thead th:not(.ck)")
    expect(headings.nth(1)).to_contain_text("室号铺位")
    assert "columns=name" in page.url
    page.goto("/merchants/")
    expect(headings.nth(1)).to_contain_text("室号铺位")
    expect(page.locator("#list thead")).not_to_contain_text("从业人员数")


def test_an_export_says_first_what_it_holds(shops, staff, visitor):
    page = visitor(staff)
    page.goto("/merchants/?q=%E8%8C%B6%E8%A1%8C")
    page.click("a:has-text('导出')")
    expect(page.locator("#peek")).to_contain_text("30 家，搜索：茶行")
    page.check("#peek input[value=csv]")
    with page.expect_download() as download:
        page.click("#peek >> text=开始导出")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 31
    assert "注：staff 于 " in text.splitlines()[0]


def test_on_a_phone_rows_are_cards_that_open_their_page(shops, staff, visitor, axe):
    page = visitor(staff, PHONE)
    page.goto("/merchants/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe(page) == []

    page.click(".facet-more > summary")
    page.get_by_label("楼宇", exact=True).select_option("天山茶城")
    page.click("form.facets > button.btn-primary")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "30")
    expect(page.locator(".facet-more")).not_to_have_attribute("open", "")

    page.locator(ROWS).first.click()
    page.wait_for_url(re.compile(r"/businesses/\d+/"))
