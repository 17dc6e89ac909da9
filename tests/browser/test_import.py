"""An import with one wrong row that is put right in the page, in real Chromium."""

import re

import pytest

from enterprises.models import Business, ImportBatch
from tests.browser.conftest import DESK, PHONE
from tests.enterprises.files import code, line, workbook
from tests.factories import BuildingFactory, BusinessFactory

WRONG_CODE = code(7)[:-1] + ("0" if code(7)[-1] != "0" else "1")


@pytest.fixture
def market(seeded, grid):
    market = BuildingFactory(grid=grid, name="天山茶城")
    BusinessFactory(
        grid=grid, building=market, name="静庐茶器", room="2", staff_count=3
    )
    BusinessFactory(grid=grid, building=market, name="闽南茶行", room="3")
    return market


def ledger():
    return workbook(
        line("武夷山货", code=WRONG_CODE, building="天山茶城", room="1"),
        line("静庐茶器", building="天山茶城", room="2", staff=5),
    )


def upload(page, content):
    page.goto("/imports/new/")
    page.set_input_files(
        "input[type=file]",
        {
            "name": "台账.xlsx",
            "mimeType": "application/octet-stream",
            "buffer": content,
        },
    )
    page.get_by_role("button", name="上传并预览").click()


def tile(page, words):
    text = page.locator(".imp-n a", has_text=words).locator("b").inner_text()
    return int(text)


def test_a_wrong_row_is_put_right_in_the_page_and_written(visitor, market, clerk, axe):
    page = visitor(clerk, DESK)
    upload(page, ledger())
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    assert [tile(page, w) for w in ("新增", "变更", "缺少", "有问题")] == [1, 1, 1, 1]
    assert axe(page) == []

    row = page.locator("tr", has_text="武夷山货")
    row.get_by_role("link", name="就地改").click()
    field = page.get_by_label("统一社会信用代码").first
    assert field.input_value() == WRONG_CODE
    field.fill(code(7))
    page.get_by_role("button", name="改好").click()
    page.locator(".imp-n a", has_text="有问题").locator("b", has_text="0").wait_for()
    assert page.url.endswith(f"/imports/{ImportBatch.objects.get().pk}/")

    page.get_by_role("button", name="写入：新增 1，变更 1").click()
    page.get_by_text("已写入：新增 1，变更 1").wait_for()
    assert Business.objects.get(name="武夷山货").code == code(7)
    assert Business.objects.get(name="静庐茶器").staff_count == 5

    page.get_by_role("link", name="新增的").click()
    page.locator("[data-total='1']").wait_for()
    assert page.problems == []


def test_columns_are_put_right_on_a_phone(visitor, market, clerk, axe):
    page = visitor(clerk, PHONE)
    content = workbook(
        ["武夷山货", code(1), code(2), "1"],
        heading=["单位名称", "统一社会信用代码", "信用代码", "室号"],
    )
    upload(page, content)
    page.get_by_text("不止一列像").first.wait_for()
    assert axe(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0

    page.get_by_label("B 列读成").select_option("")
    page.get_by_label("C 列读成").select_option("code")
    page.get_by_role("button", name="确认对列，看预览").click()
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    assert ImportBatch.objects.get().rows.get().code == code(2)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.problems == []
