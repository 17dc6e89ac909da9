"""The elevation of a building: colours, months by slider, the same as a table."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from enterprises.models import Occupancy
from tests.browser.conftest import PHONE
from tests.factories import BusinessFactory, CoverageFactory

BLOCKS = "#elevation a.u[data-id]"


@pytest.fixture
def shops(seeded, tower, grid):
    """One that came long ago, one of this month."""
    today = timezone.localdate()
    old = BusinessFactory(grid=grid, building=tower, room="1801", name="启航贸易")
    CoverageFactory(business=old)
    BusinessFactory(
        grid=grid,
        building=tower,
        room="201",
        name="百川设计",
        discovered_on=today.replace(day=1),
    )
    assert Occupancy.objects.count() == 2


def test_the_slider_goes_back_in_time_and_the_table_says_the_same(
    shops, tower, staff, visitor, axe
):
    page = visitor(staff)
    page.goto(f"{tower.get_absolute_url()}")
    expect(page.locator(BLOCKS)).to_have_count(2)
    assert axe(page) == []

    slider = page.locator("input.el-slide")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(BLOCKS)).to_have_count(1)
    expect(page.locator(BLOCKS)).to_have_attribute("aria-label", re.compile("启航贸易"))
    last = timezone.localdate().replace(day=1) - dt.timedelta(days=1)
    expect(page.locator("#elevation .sub")).to_contain_text(
        f"{last.year}年{last.month}月{last.day}日"
    )

    page.select_option("#elevation select[name=view]", "table")
    rows = page.locator("#elevation .el-table tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("启航贸易")
    assert axe(page) == []

    page.select_option("#elevation select[name=by]", "mode")
    expect(page.locator("#elevation .el-table thead")).to_contain_text("覆盖方式")
    assert page.problems == []


def test_the_legend_of_a_past_month_opens_the_rows_of_that_day(
    shops, tower, staff, visitor
):
    page = visitor(staff)
    page.goto(tower.get_absolute_url())
    page.locator("input.el-slide").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(BLOCKS)).to_have_count(1)
    page.locator("#elevation .card-h .sub a").click()
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "1")
    assert "on=" in page.url


def test_the_elevation_fits_a_phone(shops, tower, staff, visitor, axe):
    page = visitor(staff, PHONE)
    page.goto(f"/buildings/{tower.pk}/elevation/")
    expect(page.locator(BLOCKS)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe(page) == []
