"""Demands written down, told and drawn, in real Chromium."""

import time

import pytest
from django.utils import timezone

from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    DemandFactory,
)
from visits import actions
from visits.models import Demand

WORDS = "垃圾清运车太晚，九点开市正好来。"


@pytest.fixture
def shop(seeded, grid, branch):
    tower = BuildingFactory(grid=grid, name="天山茶城")
    shop = BusinessFactory(
        grid=grid,
        building=tower,
        room="B08",
        name="闽南茶行",
        contact_name="沈女士",
        contact_phone="19912345678",
    )
    CoverageFactory(business=shop, organization=branch)
    for number in range(3):
        BusinessFactory(grid=grid, building=tower, name=f"闽台小铺{number}")
    other = BusinessFactory(grid=grid, building=tower, name="长风咖啡")
    DemandFactory(
        business=other, words="清运车太晚，味道大", category=CategoryFactory()
    )
    return shop


@pytest.fixture
def answered(shop, clerk):
    raised = DemandFactory(business=shop, words=WORDS, raised_on=timezone.localdate())
    return actions.answer(raised, words="改到七点半清运", by=clerk, at=timezone.now())


def test_a_call_is_written_down_by_keyboard_alone_in_ten_seconds(visitor, shop, staff):
    page = visitor(staff, DESK)
    page.goto("/demands/")
    start = time.monotonic()
    page.keyboard.press("n")
    page.wait_for_url("**/demands/new/")
    page.keyboard.type("mnch", delay=60)
    page.get_by_role("link", name="闽南茶行").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**business=*")
    assert page.evaluate("document.activeElement.name") == "words"
    page.keyboard.insert_text(WORDS)
    page.get_by_text("可能已经有人提过").wait_for()
    page.get_by_text("环境清运", exact=True).click()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/demands/*/")
    took = time.monotonic() - start

    demand = Demand.objects.get(business=shop)
    assert (demand.words, demand.source, demand.said_by) == (WORDS, "call", "沈女士")
    assert took < 10, f"{took:.1f} s"
    assert page.problems == []


def test_words_typed_are_kept_in_this_browser_but_no_name_and_no_secret(
    visitor, shop, staff, clerk
):
    page = visitor(staff, DESK)
    page.goto(f"/demands/new/?business={shop.pk}")
    page.fill("[name=words]", WORDS)
    page.fill("[name=said_by]", "店员小方")
    page.wait_for_function(
        "Object.keys(localStorage).some(k => k.startsWith('draft:'))"
    )
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "清运车" in kept
    assert "小方" not in kept
    page.get_by_text("保密，或改日期").click()
    page.locator("[name=confidential]").check()
    page.wait_for_function("!JSON.stringify(localStorage).includes('清运车')")
    page.fill("[name=words]", f"{WORDS}别告诉别人")
    page.locator("[name=words]").blur()
    assert "清运车" not in page.evaluate("JSON.stringify(localStorage)")


def test_told_in_vain_then_told_on_a_phone(visitor, answered, staff):
    page = visitor(staff, PHONE)
    page.goto(f"/demands/{answered.pk}/tell/")
    page.get_by_role("button", name="记下没联系上").click()
    page.wait_for_url(f"**/demands/{answered.pk}/")
    assert page.get_by_text("没联系上：").first.is_visible()
    page.get_by_role("link", name="回告").first.click()
    page.get_by_text("电话告知", exact=True).click()
    page.get_by_role("button", name="记下回告").click()
    page.wait_for_url(f"**/demands/{answered.pk}/")
    answered.refresh_from_db()
    assert answered.state == Demand.State.TOLD
    page.get_by_role("button", name="撤销回告").click()
    page.get_by_text("已撤销回告").wait_for()
    assert page.problems == []


def test_every_page_of_it_is_free_of_violations_and_fits(
    visitor, shop, answered, clerk, looked_at
):
    hidden = actions.raise_demand(
        shop,
        category=CategoryFactory(name="保密类"),
        words="别告诉别人",
        source="call",
        raised_on=timezone.localdate(),
        handler=clerk,
        by=clerk,
        at=timezone.now(),
    )
    page = visitor(clerk)
    for path in (
        "/demands/new/",
        "/demands/new/?q=闽",
        f"/demands/new/?business={shop.pk}",
        f"/demands/{answered.pk}/",
        f"/demands/{answered.pk}/tell/",
        f"/demands/{answered.pk}/withdraw/",
        f"/demands/{answered.pk}/mistake/",
        f"/demands/{answered.pk}/confidential/",
        f"/demands/{hidden.pk}/",
        f"/demands/{hidden.pk}/hand-over/",
        f"/demands/{hidden.pk}/open/",
        "/demands/telling/",
        f"/demands/telling/texts/?ids={answered.pk}",
        f"/demands/telling/slips/?ids={answered.pk}",
        "/demands/",
        "/work/",
    ):
        looked_at(page, path, PHONE, DESK)
    assert page.problems == []
