"""A unit's officer answers for its part on a phone; the secretary sees where it is."""

import pytest

from issues import actions
from issues.models import MeasurePart
from tests.browser.conftest import PHONE
from tests.factories import (
    NOON,
    BodyFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    UnitFactory,
    UnitOfficerFactory,
)


@pytest.fixture
def part(seeded, grid, branch, secretary, tower):
    body = BodyFactory(name="金虹桥临时党支部会议", grid=grid, organization=branch)
    body.buildings.add(tower)
    shop = BusinessFactory(grid=grid, building=tower, name="春和茶行")
    CoverageFactory(business=shop, organization=branch)
    unit = UnitFactory(name="城运中心", grid=grid)
    UnitOfficerFactory(post__grid=grid, post__user__username="officer", unit=unit)
    issue = actions.propose(
        DemandFactory(business=shop),
        title="高峰时段电梯拥堵",
        wish="高峰时段少等电梯",
        by=secretary,
        at=NOON,
    )
    actions.decide(
        issue,
        opinion="分时段停层。",
        matter=issue.matters.get(),
        content="高峰时段分层停靠",
        lead=UnitFactory(name="物业服务中心", grid=grid),
        due_on=NOON.date().replace(month=12, day=30),
        supporting=[(unit, "接入电梯运行数据", NOON.date().replace(month=12, day=21))],
        by=secretary,
        at=NOON,
    )
    return MeasurePart.objects.get(lead=False)


def test_an_officer_refuses_and_the_secretary_gives_it_to_another(
    visitor, part, secretary, axe
):
    officer = part.unit.officers.get().post.user
    phone = visitor(officer, PHONE)
    phone.goto("/notices/")
    phone.get_by_role("link", name="接入电梯运行数据").click()
    phone.get_by_role("link", name="退回分工").wait_for()
    assert "春和茶行" not in phone.content()
    assert axe(phone) == []
    phone.get_by_role("link", name="退回分工").click()
    phone.fill("[name=reason]", "数据由物业掌握")
    phone.fill("[name=instead]", "物业服务中心")
    phone.get_by_role("button", name="退回").click()
    phone.get_by_text("城运中心退回了，等金虹桥临时党支部会议改派").wait_for()
    assert axe(phone) == []

    desk = visitor(secretary)
    desk.goto("/notices/")
    desk.get_by_role("link", name="接入电梯运行数据").click()
    desk.get_by_text("逐日推算").click()
    assert axe(desk) == []
    desk.get_by_role("link", name="改派").click()
    desk.select_option("[name=holder]", label="物业服务中心")
    desk.fill("[name=reason]", "数据归物业")
    desk.get_by_role("button", name="改派").click()
    desk.get_by_text("等物业服务中心确认或退回").wait_for()
    desk.goto("/measures/parts/")
    assert axe(desk) == []
    assert phone.problems == desk.problems == []


def test_a_unit_without_an_account_confirms_by_its_link(
    visitor, part, clerk, chromium, live_server, axe
):
    desk = visitor(clerk)
    desk.goto(part.get_absolute_url())
    desk.get_by_role("button", name="发专用链接").click()
    address = desk.locator("#address").input_value()
    assert axe(desk) == []
    context = chromium.new_context(viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    assert axe(page) == []
    page.get_by_role("button", name="确认，由我们办").click()
    page.get_by_text("记下了").wait_for()
    page.get_by_text("已确认").first.wait_for()
    context.close()
    part.refresh_from_db()
    assert part.log.last().who == "城运中心（专用链接）"
