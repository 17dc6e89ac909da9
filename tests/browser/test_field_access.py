"""Who uses the phone's and the public pages without a mouse, or with everything large."""

import re

import pytest
from django.utils import timezone

from public import cards
from tests.browser.conftest import DESK, DESK_ZOOMED, PHONE, ZOOMED, sideways
from tests.browser.test_field import SHELL, in_reach, phone, ready, sent, shop
from tests.factories import CategoryFactory, DemandFactory, VisitFactory
from visits import actions, doors, promises
from visits.models import Demand, DoorReport, Visit

__all__ = ["phone", "shop"]
# 360 px at 200 %, and a desk at 200 %.


@pytest.fixture
def world(shop, staff, clerk):
    """A shop with a visit told twice, a promise, a door report and an answered demand."""
    now, today = timezone.now(), timezone.localdate()
    visit = VisitFactory(business=shop, visitor=clerk, visited_on=today)
    VisitFactory(business=shop, visitor=staff, visited_on=today)
    made = promises.promise(visit, words="带单子来", due_on=today, by=clerk, at=now)
    seen, _ = doors.report(
        kind=DoorReport.Kind.GONE,
        business=shop,
        client_key="11111111-1111-4111-8111-111111111111",
        seen_on=today,
        filled_at=now,
        words="门上贴了转让",
        by=staff,
        at=now,
    )
    asked = DemandFactory(business=shop, raised_on=today, visit=visit)
    answered = DemandFactory(business=shop, words="太吵", raised_on=today)
    answered = actions.answer(answered, words="已处理", by=clerk, at=now)
    [(card, token)] = cards.print_cards([shop], by=clerk, at=now)
    return {
        "visit": visit,
        "promise": made,
        "door": seen,
        "asked": asked,
        "answered": answered,
        "card": card,
        "token": token,
    }


def test_pages_around_visits_are_free_of_violations_and_fit(
    visitor, world, clerk, looked_at
):
    page = visitor(clerk)
    shop = world["visit"].business_id
    for path in (
        "/work/",
        f"/visits/new/?business={shop}",
        "/visits/doors/",
        "/visits/doors/new/",
        f"/visits/doors/{world['door'].pk}/",
        "/visits/double/",
        f"/visits/{world['visit'].pk}/",
        f"/visits/{world['visit'].pk}/correct/",
        f"/promises/{world['promise'].pk}/take-back/",
        f"/demands/new/?business={shop}",
        f"/demands/{world['answered'].pk}/",
        f"/demands/{world['answered'].pk}/tell/",
        f"/cards/print/?ids={shop}",
        f"/cards/{world['card'].pk}/revoke/",
        f"/businesses/{shop}/cards/",
    ):
        looked_at(page, path, PHONE, ZOOMED, DESK, DESK_ZOOMED)
    assert page.problems == []


@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=str)
def test_the_phones_own_pages_are_free_of_violations_and_fit(
    visitor, world, staff, axe, size
):
    page = visitor(staff, size, has_touch=True, is_mobile=True)
    ready(page)
    page.context.set_offline(True)
    shop = world["visit"].business_id
    for path in ("", f"#/visit/{shop}", f"#/door/{shop}", "#/door/new"):
        page.goto(f"{SHELL}{path}")
        page.wait_for_selector("#page > *")
        assert axe(page) == [], path
        assert sideways(page) == [], path
    for path in ("#/demand/which", f"#/demand/{shop}", "#/records"):
        page.goto(f"{SHELL}{path}")
        page.wait_for_selector("#page > *")
        assert axe(page) == [], path
        assert sideways(page) == [], path


# A record of each state, put where the phone keeps them.
STATES = """async ([author, stop]) => {
  const { put, SHAPE } = await import("/static/field/store.js");
  let made = Date.now() - 4 * 86400000;
  for (const [state, reason] of [["draft", ""], ["waiting", ""], ["sending", ""],
                                 ["refused", "这家现在不归您走访"]]) {
    await put("records", {
      key: crypto.randomUUID(), shape: SHAPE, kind: "visit", author, business: 1,
      stop: {name: `店 ${state}`, facts: {}}, state, reason, made: made++,
      maybe: state === "sending", filled_at: new Date(made).toISOString(),
      fields: {outcome: "normal"},
    });
  }
}"""


@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=str)
def test_each_state_of_a_record_and_signing_out_are_readable(
    visitor, shop, staff, axe, size
):
    page = visitor(staff, size, has_touch=True, is_mobile=True)
    ready(page)
    page.context.route("**/visits/sync/", lambda route: route.abort())
    page.evaluate(STATES, [staff.pk, {}])
    page.goto(f"{SHELL}#/records")
    page.reload()
    page.get_by_text("最早的一条已放了").wait_for()
    assert page.locator(".record").count() == 4
    assert axe(page) == []
    assert sideways(page) == []
    page.goto("/work/")
    page.locator("details.menu summary.me").tap()
    page.get_by_role("button", name="退出登录").tap()
    question = page.get_by_role("dialog", name="还有没上传的记录")
    question.get_by_text("还有 4 条").wait_for()
    assert axe(page) == []
    assert sideways(page) == []
    # By keyboard: Esc stays, and nothing is lost.
    page.keyboard.press("Escape")
    question.wait_for(state="detached")
    assert page.url.endswith("/work/")


@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=str)
def test_public_pages_are_free_of_violations_and_fit(
    visitor, chromium, live_server, world, clerk, axe, size
):
    page = visitor(clerk, size)
    page.goto(f"/demands/{world['answered'].pk}/")
    page.get_by_role("button", name="链接").first.click()
    page.locator("article.qslip").wait_for()
    assert axe(page) == []
    assert sideways(page) == []
    page.goto(f"/cards/print/?ids={world['visit'].business_id}")
    page.get_by_role("button", name="生成并打印").click()
    page.locator("article.qcard").wait_for()
    assert axe(page) == []

    context = chromium.new_context(
        viewport=size, locale="zh-CN", base_url=live_server.url
    )
    merchant = context.new_page()
    merchant.set_default_timeout(30_000)
    merchant.goto(f"/q/{world['token']}/")
    merchant.get_by_role("radio").first.check()
    merchant.locator("[name=words]").fill("门口积水")
    merchant.get_by_role("button", name="提交").click()
    merchant.wait_for_url(re.compile(r"/q/d/"))
    link = merchant.url.partition("?")[0]
    demand = Demand.objects.get(source="card")
    actions.answer(demand, words="已疏通", by=clerk, at=timezone.now())
    card = f"/q/{world['token']}/"
    for path in (card, f"{card}?type=large", link, f"{link}?type=large"):
        merchant.goto(path)
        assert axe(merchant) == [], path
        assert sideways(merchant) == [], path
    context.close()


# --- by keyboard alone -----------------------------------------------------------------


def walk_to(page, words, most=40):
    """Tab until the focus is on what says so; the focus must be seen there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if words in here["words"]:
            assert here["seen"], f"the focus on {words} is not seen"
            return
    raise AssertionError(f"no way by keyboard to {words}")


FOCUSED = """() => {
  const here = document.activeElement, label = here.closest("label") || here.labels?.[0];
  const fieldset = here.closest("fieldset");
  const shown = [here, label, here.nextElementSibling].filter(Boolean);
  const seen = shown.some((each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== "none" && style.outlineWidth !== "0px"
      || style.boxShadow !== "none";
  });
  return {words: [label, fieldset?.querySelector("legend"), here].filter(Boolean)
    .map((each) => each.textContent).join(" ") + (here.getAttribute("aria-label") || ""),
    seen};
}"""


def choose(page, group, words):
    """Tab to a group of radios and go by arrow to the one that says so."""
    walk_to(page, group)
    page.keyboard.press("Space")
    for _ in range(12):
        chosen = page.evaluate(
            "document.activeElement.closest('label')?.textContent.trim()"
        )
        if chosen == words:
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"no way by keyboard to {words}")


def test_a_plain_visit_by_keyboard_alone(phone, shop, staff):
    phone.context.set_offline(True)
    phone.goto(SHELL)
    phone.locator(".stop").first.wait_for()
    walk_to(phone, "闽南茶行")
    phone.keyboard.press("Enter")
    phone.locator(".visit-form").wait_for()
    # The page has scrolled to its beginning once it has the focus.
    phone.wait_for_function("() => document.activeElement.id === 'main'")
    choose(phone, "结果", "情况正常")
    choose(phone, "见到谁", "负责人")
    choose(phone, "资料", "无变化")
    walk_to(phone, "保存走访")
    phone.keyboard.press("Enter")
    phone.wait_for_selector("#said .toast-ts")
    in_reach(phone)
    sent(phone)
    assert Visit.objects.get().visitor == staff


def test_the_public_card_by_keyboard_alone(chromium, live_server, seeded, shop, clerk):
    CategoryFactory(name="环境清运")
    [(_, token)] = cards.print_cards([shop], by=clerk, at=timezone.now())
    context = chromium.new_context(
        viewport=PHONE, locale="zh-CN", base_url=live_server.url
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"/q/{token}/")
    choose(page, "哪方面的事", "环境清运")
    walk_to(page, "说说情况")
    page.keyboard.type("hello")
    walk_to(page, "提交")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/q/d/"))
    assert Demand.objects.get().source == "card"
    context.close()


def test_the_focus_stays_on_a_shop_while_the_route_is_drawn_anew(phone):
    walk_to(phone, "闽南茶行")
    phone.evaluate("document.querySelector('.stop').dataset.old = 'yes'")
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.locator(".stop:not([data-old])").wait_for()
    phone.keyboard.press("Enter")
    phone.locator(".visit-form").wait_for()
