"""Cards and links in the browsers that merchants have, without script or worker."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from public import cards, need_links
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    ActivityFactory,
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    NeedAskerFactory,
    NeedFactory,
    OfferFactory,
    VisitFactory,
)
from visits.models import Demand, Rating

WORDS = "上午九点开市，清运车正好来，味道很大。🍵"
AGENTS = {
    "wechat": "Mozilla/5.0 (Linux; Android 13; V2055A Build/TP1A; wv)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile"
    " Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600"
    " WeChat/arm64 Weixin NetType/4G Language/zh_CN ABI/arm64",
    "huawei": "Mozilla/5.0 (Linux; Android 10; HarmonyOS; ELS-AN00)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196"
    " HuaweiBrowser/15.0.4.312 Mobile Safari/537.36",
    "uc": "Mozilla/5.0 (Linux; U; Android 9; zh-CN; PBEM00) AppleWebKit/537.36"
    " (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 UCBrowser/13.4.0.1306"
    " Mobile Safari/537.36",
}


@pytest.fixture
def shop(seeded, grid, branch):
    building = BuildingFactory(grid=grid, name="天山茶城")
    shop = BusinessFactory(grid=grid, building=building, room="B08", name="闽南茶行")
    CoverageFactory(business=shop, organization=branch, since=timezone.localdate())
    VisitFactory(business=shop)
    return shop


@pytest.fixture
def scanned(chromium, live_server):
    """`scanned(agent, script=True)`: a phone of somebody without an account."""
    contexts = []

    def open_with(agent, script=True):
        context = chromium.new_context(
            viewport=PHONE,
            locale="zh-CN",
            user_agent=AGENTS[agent],
            java_script_enabled=script,
            service_workers="block",
            base_url=live_server.url,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        return page

    yield open_with
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("agent", "script"), [("wechat", False), ("wechat", True), ("huawei", False)]
)
def test_from_the_printed_card_to_the_rating(
    visitor, scanned, shop, secretary, agent, script
):
    CategoryFactory(name="环境清运")
    # The secretary prints the card out of the ledger.
    office = visitor(secretary, DESK)
    office.goto("/merchants/")
    office.locator("tr[data-id] input[type=checkbox]").first.check()
    office.get_by_role("button", name="打印诉求码").click()
    office.get_by_role("button", name="生成并打印").click()
    office.locator("article.qcard").wait_for()  # the only one
    assert office.get_by_text("闽南茶行").is_visible()
    _, token = cards.print_cards([shop], by=secretary, at=timezone.now())[0]

    # The merchant scans it, chooses, writes, sends.
    phone = scanned(agent, script)
    phone.goto(f"/q/{token}/")
    phone.get_by_role("radio", name="环境清运").check()
    phone.locator("[name=words]").fill(WORDS)
    phone.get_by_role("button", name="提交").click()
    phone.wait_for_url(re.compile(r"/q/d/"))
    assert phone.get_by_role("heading", name="收到了").first.is_visible()
    demand = Demand.objects.get()
    assert (demand.words, demand.source) == (WORDS, "card")
    link = phone.url

    # Back and once more: the same demand.
    phone.go_back()
    phone.go_forward()
    assert Demand.objects.count() == 1

    # The secretary answers and tells.
    office.goto("/demands/?source=card")
    office.get_by_role("link", name=WORDS[:6]).first.click()
    office.get_by_role("link", name="答复").first.click()
    office.locator("textarea").first.fill("改为每天上午 8 点以前清运。")
    office.locator("main form button.btn-primary").last.click()
    office.wait_for_url(f"**/demands/{demand.pk}/")

    # The merchant sees it and rates.
    phone.goto(link)
    assert phone.get_by_text("改为每天上午 8 点以前清运。").is_visible()
    phone.get_by_role("radio", name="基本满意").check()
    phone.locator("[name=words]").fill("比原来好")
    phone.get_by_role("button", name="提交评价").click()
    phone.wait_for_load_state("load")
    assert phone.get_by_role("heading", name="您评过").is_visible()
    assert Rating.objects.get().verdict == "mostly"
    demand.refresh_from_db()
    assert (demand.state, demand.told_how) == ("rated", "link")
    assert office.problems == []


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_the_card_fits_and_axe_finds_nothing(scanned, axe, shop, secretary, agent):
    _, token = cards.print_cards([shop], by=secretary, at=timezone.now())[0]
    phone = scanned(agent)
    for address in (f"/q/{token}/", f"/q/{token}/?type=large", "/q/" + "A" * 32 + "/"):
        phone.goto(address)
        assert axe(phone) == [], address
        wide = phone.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], address
    assert phone.locator("body.pub-large").count() == 1


def test_a_lone_half_of_a_character_and_the_keyboard(scanned, axe, shop, secretary):
    _, token = cards.print_cards([shop], by=secretary, at=timezone.now())[0]
    phone = scanned("wechat")
    phone.goto(f"/q/{token}/")
    phone.evaluate("document.querySelector('[name=words]').value = '半\\ud83d个字'")
    phone.locator("[name=category]").first.focus()
    phone.keyboard.press("Space")
    phone.get_by_role("button", name="提交").focus()
    phone.keyboard.press("Enter")
    phone.wait_for_url(re.compile(r"/q/d/"))
    assert Demand.objects.get().words.startswith("半")
    assert axe(phone) == []
    wide = phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]


@pytest.mark.parametrize("size", ["normal", "large"])
def test_a_shop_signs_up_on_a_small_screen(scanned, shop, clerk, grid, axe, size):
    [(_, token)] = cards.print_cards([shop], by=clerk, at=timezone.now())
    talk = ActivityFactory(
        grid=grid, on_card=True, starts=timezone.now() + dt.timedelta(days=3)
    )
    page = scanned("wechat")
    page.goto(f"/q/{token}/activities/{talk.pk}/?type={size}")
    agreed = page.get_by_role("checkbox")
    assert agreed.bounding_box()["width"] <= 30
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe(page) == []
    page.get_by_role("textbox", name="称呼").fill("林女士")
    page.get_by_role("textbox", name="手机号").fill("19912345678")
    agreed.check()
    page.get_by_role("button", name="报名").click()
    page.get_by_text("报上了").wait_for()


def test_a_shop_compares_and_chooses_on_a_small_screen(scanned, shop, clerk, grid, axe):
    need = NeedFactory(grid=grid, raised_by=clerk, compares=["怎么申请"])
    asker = NeedAskerFactory(need=need, business=shop)
    for way in ("手机上", "网点"):
        OfferFactory(need=need, terms={"怎么申请": way}, words="很长的补充说明" * 12)
    token = need_links.give(asker, by=clerk, at=timezone.now())
    page = scanned("uc")
    page.goto(f"/q/n/{token}/")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe(page) == []
    page.get_by_role("radio", name="办了").first.check()
    page.get_by_role("button", name="就这样，提交").click()
    page.get_by_text("记下了").wait_for()
    assert asker.matches.get().choice == "done"
