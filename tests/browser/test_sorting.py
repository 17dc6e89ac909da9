"""The sorting page by key and by hand, in real Chromium."""

import pytest
from django.utils import timezone

from issues import actions
from issues.models import Matter
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    DemandFactory,
    HoldingFactory,
)
from visits.models import Demand

WORDS = [
    "上午九点开市，清运车正好来，味道很大。",
    "清运车九点堵在门口，客人绕着走。",
    "二楼走廊的灯坏了三盏，晚上看不清。",
]


@pytest.fixture
def market(seeded, grid, branch, secretary):
    """Three demands that wait, and one like the first two in an open matter."""
    building = BuildingFactory(grid=grid, name="天山茶城")
    HoldingFactory(organization=branch, building=building)
    body = BodyFactory(grid=grid, organization=branch, name="天山茶市党支部会议")
    body.buildings.add(building)
    shops = []
    for number, name in enumerate(["闽南茶行", "静庐茶器", "春和茶行", "陈香普洱"]):
        shop = BusinessFactory(
            grid=grid, building=building, room=f"A{number:02}", name=name
        )
        CoverageFactory(business=shop, organization=branch)
        shops.append(shop)
    category = CategoryFactory(name="环境清运")
    asked = [
        DemandFactory(business=shop, words=words, category=category)
        for shop, words in zip(shops, WORDS, strict=False)
    ]
    inside = DemandFactory(
        business=shops[3], words="垃圾清运车九点来，正好开门。", category=category
    )
    actions.propose(
        inside,
        title="茶城清运",
        wish="避开开市清运",
        by=secretary,
        at=timezone.now(),
    )
    return asked


def test_three_are_sorted_and_one_press_taken_back_without_a_mouse(
    visitor, market, secretary
):
    page = visitor(secretary, DESK)
    page.goto("/demands/triage/")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.locator("#keys").get_by_role("button", name="关闭").press("Enter")
    page.locator("#keys").wait_for(state="hidden")
    page.keyboard.press("j")
    assert page.locator("#queue a.q:focus").inner_text() == WORDS[0]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert page.locator("[data-act]").inner_text() == "办理这 2 件"
    page.keyboard.press("k")
    page.keyboard.press("2")
    page.get_by_role("radio", name="避开开市清运").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator("[data-undo]", has_text="并入事项 2 件：避开开市清运").wait_for()
    assert Matter.objects.get().links.in_force().count() == 3

    page.keyboard.press("u")
    page.get_by_text("已撤销，诉求恢复为原来的样子。").wait_for()
    assert Demand.objects.filter(state="new").count() == 3

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("#beside blockquote", has_text=WORDS[2]).wait_for()
    page.keyboard.press("1")
    page.keyboard.type("已报修，三天内修好。")
    page.keyboard.press("Control+Enter")
    page.locator("[data-undo]", has_text="当场答复 1 件").wait_for()
    assert Demand.objects.get(words=WORDS[2]).state == "answered"
    assert page.problems == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_on_the_sorting_page(visitor, axe, market, secretary, size):
    page = visitor(secretary, size)
    page.goto("/demands/triage/")
    for way in ("answer", "join", "direct", "issue", "decline", "urgent"):
        page.locator(f"label:has(#to-{way})").click()
        assert axe(page) == [], way
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], way
    Demand.objects.filter(state="new").update(state="joined")
    page.goto("/demands/triage/")
    assert axe(page) == []
    assert page.problems == []
