"""The district's ledger: what it lacks is looked into, and every figure follows."""

import datetime as dt

import pytest
from django.utils import timezone

from enterprises import imports, missing
from enterprises.models import Business, Coverage, ImportBatch, MissingAnswer
from tests.browser.conftest import DESK, PHONE
from tests.enterprises.files import code, line, workbook
from tests.enterprises.test_templates import keep
from tests.factories import BuildingFactory, BusinessFactory, CoverageFactory


@pytest.fixture
def batch(seeded, grid, clerk, branch):
    """Five shops of ours, covered; the district's whole ledger has three of them."""
    now = timezone.now()
    since = timezone.localdate() - dt.timedelta(days=1)
    market = BuildingFactory(grid=grid, name="天山茶城")
    shops = [
        BusinessFactory(
            grid=grid,
            building=market,
            room=f"A{n}",
            name=f"茶行{n}",
            code=code(n),
            discovered_on=since,
        )
        for n in range(1, 6)
    ]
    for shop in shops:
        CoverageFactory(
            business=shop, organization=branch, mode=Coverage.Mode.PLACE, since=since
        )
    made = imports.upload(
        name="区级看板_10月.xlsx",
        content=workbook(
            *(
                line(s.name, code=s.code, building="天山茶城", room=s.room)
                for s in shops[:3]
            )
        ),
        grid=grid,
        known_since=since,
        by=clerk,
        at=now,
    )
    missing.declare_complete(made, complete=True, by=clerk, at=now)
    imports.start(made, by=clerk, at=now)
    imports.finish(made, at=now)
    return ImportBatch.objects.get(pk=made.pk)


def figures(page):
    answer = page.request.get("/dashboard/figures.json").json()
    return {figure["key"]: figure["value"] for figure in answer["figures"]}


def test_a_missing_shop_confirmed_closed_moves_the_figures_by_exactly_that(
    visitor, batch, clerk
):
    page = visitor(clerk, DESK)
    before = figures(page)
    page.goto(f"/imports/{batch.pk}/reconcile/")
    assert page.get_by_text("区里 3，台账 5，两边都有 3").is_visible()
    page.get_by_role("link", name="核实缺少的 2 家").click()
    page.get_by_role("checkbox", name="茶行4").check()
    page.get_by_text("已经注销", exact=True).click()
    assert not page.get_by_label("搬到哪处楼宇").is_visible(), (
        "not asked of a closed one"
    )
    page.get_by_label("说明").fill("市场管理方证实已清退")
    page.get_by_role("button", name="记下勾选的").click()
    page.get_by_text("已记下 1 家的情况。").wait_for()

    shop = Business.objects.get(name="茶行4")
    assert (shop.state, MissingAnswer.objects.get().business) == ("closed", shop)
    after = figures(page)
    moved = {
        key: after[key] - before[key] for key in after if after[key] != before[key]
    }
    names = ("in_scope", "covered", "covered_place", "not_effective", "not_due")
    assert moved == dict.fromkeys(names, -1)
    page.goto(f"/imports/{batch.pk}/reconcile/")
    assert page.get_by_text("区里 3，台账 4，两边都有 3").is_visible()
    assert page.problems == []


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    visitor, looked_at, batch, clerk
):
    template = keep(batch.grid, clerk)
    page = visitor(clerk)
    shop = Business.objects.first()
    for address in (
        f"/imports/{batch.pk}/reconcile/",
        f"/imports/{batch.pk}/reconcile/missing/?kind=merchant",
        f"/imports/{batch.pk}/missing/",
        "/district/",
        "/district/?ledger=merchants",
        "/district/new/",
        f"/district/{template.pk}/",
        f"/businesses/{shop.pk}/official/",
    ):
        looked_at(page, address, PHONE, DESK)
    assert page.problems == []
