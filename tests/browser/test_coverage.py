"""One act covers a market, is looked at first, and is taken back with its reason."""

import pytest
from playwright.sync_api import expect

from enterprises.models import Coverage, CoverageAct
from party.models import PartyOrganization
from tests.factories import BuildingFactory, BusinessFactory, OrganizationFactory


@pytest.fixture
def shops(seeded, grid):
    market = BuildingFactory(grid=grid, name="天山茶城")
    return [BusinessFactory(grid=grid, building=market) for _ in range(3)]


def test_a_market_is_taken_in_and_the_act_is_voided(shops, grid, clerk, visitor, axe):
    branch = OrganizationFactory(
        name="天山茶市党支部", grid=grid, kind=PartyOrganization.Kind.QUARTER_BRANCH
    )
    page = visitor(clerk)
    page.goto(f"/party/{branch.pk}/")
    page.get_by_role("link", name="纳入楼宇、市场、街区").first.click()
    page.select_option("select[name=building]", label="天山茶城")
    page.fill("input[name=on]", "2026-01-05")
    page.click("text=先看会覆盖哪些")
    expect(page.locator(".sub-form")).to_contain_text("会覆盖 3 家")
    assert not Coverage.objects.exists()
    assert axe(page) == []
    page.click("text=纳入 3 家")

    act = CoverageAct.objects.get()
    page.wait_for_url(f"**{act.get_absolute_url()}")
    assert Coverage.objects.in_force().count() == 3
    page.click("a.num")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "3")

    page.goto(act.get_absolute_url())
    page.click("text=办错了，作废")
    page.fill("[name=reason]", "选错了党支部")
    assert axe(page) == []
    page.locator("form.form button.btn-bad").click()
    expect(page.locator("main")).to_contain_text("选错了党支部")
    assert not Coverage.objects.in_force().exists()
    page.goto(shops[0].get_absolute_url())
    expect(page.locator("main")).to_contain_text("未覆盖")
    assert page.problems == []
