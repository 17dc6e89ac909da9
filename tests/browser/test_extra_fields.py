"""An extra field from its making to the form, the filter, the column and the export."""

import pytest
from playwright.sync_api import expect

from tests.factories import BuildingFactory, BusinessFactory


@pytest.fixture
def shops(seeded, grid):
    market = BuildingFactory(grid=grid, name="天山茶城")
    return [
        BusinessFactory(grid=grid, building=market, name=f"茗香{n}茶行")
        for n in range(3)
    ]


def test_made_filled_in_filtered_and_exported(shops, system_admin, clerk, visitor, axe):
    office = visitor(system_admin)
    office.goto("/values/extra/")
    office.select_option("select[name=of]", label="企业商户")
    office.fill("input[name=label]", "产权性质")
    office.select_option("select[name=type]", "choice")
    office.fill("textarea[name=choices]", "自有\n租赁")
    office.locator("form.form button.btn-primary").last.click()
    expect(office.locator("#toasts, .toast-ts").first).to_contain_text("产权性质")
    assert axe(office) == []

    page = visitor(clerk)
    page.goto(shops[0].get_absolute_url())
    page.locator("a[href$='/extra/']").first.click()
    page.get_by_label("产权性质").select_option("自有")
    page.locator("form.form button.btn-primary").click()
    page.wait_for_url(f"**{shops[0].get_absolute_url()}")
    expect(page.locator("main")).to_contain_text("产权性质")

    page.goto("/merchants/")
    page.click(".facet-more > summary")
    page.get_by_role("group", name="产权性质").get_by_text("自有").click()
    page.click("form.facets > button.btn-primary")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "1")
    expect(page.locator("#list .chip")).to_contain_text("产权性质")
    assert axe(page) == []

    page.click("a:has-text('列 ')")
    page.locator("#peek").get_by_label("产权性质", exact=True).check()
    page.click("#peek >> text=应用")
    expect(page.locator("#list tbody")).to_contain_text("自有")
    page.click("a:has-text('导出')")
    page.check("#peek input[value=csv]")
    with page.expect_download() as download:
        page.click("#peek >> text=开始导出")
    text = download.value.path().read_text(encoding="utf-8-sig")
    heading, row = text.splitlines()
    assert "产权性质" in heading
    assert "茗香0茶行" in row
    assert "自有" in row
    assert page.problems == []
