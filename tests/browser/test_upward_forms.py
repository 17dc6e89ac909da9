"""A month's form from the empty file to the signed one, by three people; a report."""

import datetime as dt
import io
import re

import openpyxl
import pytest

from dashboard.demo.upward import workbook as template
from tests.browser.conftest import DESK, PHONE
from tests.factories import BusinessFactory, CoverageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def opened(page, download):
    with page.expect_download() as got:
        download.click()
    return openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes()))


def fits(page, axe, *sizes):
    for size in sizes:
        page.set_viewport_size(size)
        assert axe(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"]
    page.set_viewport_size(DESK)


def test_a_form_goes_its_whole_way_by_three_people(
    visitor, axe, grid, clerk, chief, leader, tmp_path
):
    shops = BusinessFactory.create_batch(
        3, grid=grid, kind="merchant", discovered_on=dt.date(2026, 1, 5)
    )
    CoverageFactory(business=shops[0], since=dt.date(2026, 1, 5))
    file = tmp_path / "月报.xlsx"
    file.write_bytes(template())

    page = visitor(clerk, DESK)
    page.goto("/reports/")
    fits(page, axe, DESK, PHONE)
    page.get_by_role("link", name="对上报表").click()
    page.get_by_role("link", name="添加报表").click()
    page.get_by_label("报表名称").fill("两新党建月报")
    page.get_by_label("报给哪个单位").fill("区委社会工作部")
    page.get_by_label("模板文件").set_input_files(file)
    page.get_by_text("月报", exact=True).click()
    page.get_by_text("自然月：1 日至月末").click()
    page.get_by_label("从哪天起的统计期开始报").fill("2026-01-01")
    page.get_by_label("几日前报").fill("5")
    page.get_by_label("填报").select_option(str(clerk.posts.get().pk))
    page.get_by_label("审核").select_option(str(chief.posts.get().pk))
    page.get_by_label("签发").select_option(str(leader.posts.get().pk))
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="保存").click()
    page.get_by_role("heading", name="每一处填什么").wait_for()
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="取数开始填").click()

    page.get_by_role("button", name="填好了，报审核").click()
    assert "没有填：党员志愿者" in page.inner_text("body")
    page.get_by_role("link", name=re.compile("^填 ?党员志愿者$")).click()
    page.get_by_label("填写").fill("46")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("link", name=re.compile("^改 ?在册$")).click()
    page.get_by_label("改为").fill("4")
    page.get_by_role("button", name="保存").click()
    assert "改系统取的数要写原因" in page.inner_text("body")
    page.get_by_label("为什么改").fill("月底一家还没有录入")
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="保存").click()
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="填好了，报审核").click()
    filing = page.url

    second = visitor(chief, DESK)
    second.goto("/work/")
    second.get_by_role("link", name="审核：两新党建月报").first.click()
    second.locator("summary", has_text="退回").click()
    second.get_by_label("退回的原因").fill("志愿者数请再核")
    second.get_by_role("button", name="退回填报").click()
    page.goto(filing)
    assert "退回：志愿者数请再核" in page.inner_text("body")
    page.get_by_role("button", name="填好了，报审核").click()
    second.goto(filing)
    second.get_by_role("button", name="审核通过").click()
    assert second.get_by_role("button", name="签发").count() == 0

    third = visitor(leader, DESK)
    third.goto(filing)
    fits(third, axe, DESK, PHONE)
    third.get_by_role("button", name="签发").click()
    third.get_by_text("数字和文件不再变").wait_for()
    sheet = opened(third, third.get_by_role("link", name="下载"))["月报"]
    values = {row[0].value: row[1].value for row in sheet.iter_rows(min_row=4)}
    assert values["在册企业商户"] == 4
    assert values["其中：有形覆盖"] == 1
    assert values["党员志愿者（人）"] == 46
    assert "签发：leader" in str(sheet["C17"].value)
    page.goto("/reports/forms/")
    fits(page, axe, DESK, PHONE)
    assert second.problems == third.problems == []
    # The number without its reason was refused, once.
    assert [said for said in page.problems if "400" not in said] == []
    assert len(page.problems) == 1


def test_a_report_is_asked_for_and_opened(visitor, axe, grid, street, leader):
    BusinessFactory.create_batch(2, grid=grid, discovered_on=dt.date(2026, 1, 5))
    page = visitor(leader, DESK)
    page.set_default_timeout(90_000)  # here the worker's part is done at once
    page.goto("/reports/new/")
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="开始做").click()
    page.get_by_role("link", name="下载 Word").wait_for()
    fits(page, axe, DESK, PHONE)
    book = opened(page, page.get_by_role("link", name="下载 Excel"))
    assert book.sheetnames == ["指标", "各网格对比"]
    assert page.problems == []


def test_a_request_says_what_was_reported(visitor, axe, grid, clerk):
    page = visitor(clerk, DESK)
    page.goto("/reports/asked/new/")
    page.get_by_label("要表单位").fill("区商务委")
    page.get_by_label("要什么表").fill("商户情况统计表")
    page.get_by_label("依据").fill("电话")
    page.get_by_label("要哪些数").fill("在册\n从业人数")
    fits(page, axe, DESK, PHONE)
    page.get_by_role("button", name="登记", exact=True).click()
    page.get_by_role("heading", name="要了什么").wait_for()
    fits(page, axe, DESK, PHONE)
    page.goto("/reports/asked/")
    fits(page, axe, DESK, PHONE)
    assert page.problems == []
