"""Visits on a phone without a network, in real Chromium."""

import datetime as dt
import json
import re

import pytest
from django.utils import timezone

from enterprises.models import Coverage
from tests.browser.conftest import PHONE
from tests.factories import BuildingFactory, BusinessFactory, CoverageFactory
from visits.models import DoorReport, Visit

SHELL = "/work/field/"
KEPT = """() => new Promise((resolve, reject) => {
  const asked = indexedDB.open("field");
  asked.onerror = () => reject(asked.error);
  asked.onsuccess = () => {
    const db = asked.result, names = [...db.objectStoreNames], found = {};
    if (!names.length) return resolve(found);
    const work = db.transaction(names);
    for (const name of names) {
      work.objectStore(name).getAll().onsuccess = (e) => (found[name] = e.target.result);
    }
    work.oncomplete = () => { db.close(); resolve(found); };
  };
})"""


@pytest.fixture
def shop(seeded, grid, branch):
    return make_shop(grid, branch, "闽南茶行", "B08")


def make_shop(grid, branch, name, room):
    building, _ = type(BuildingFactory.build()).objects.get_or_create(
        grid=grid, name="天山茶城", defaults={"kind": "building"}
    )
    shop = BusinessFactory(
        grid=grid,
        building=building,
        room=room,
        name=name,
        staff_count=4,
        contact_name="沈女士",
        contact_phone="19912345678",
        discovered_on=timezone.localdate() - dt.timedelta(days=3),
    )
    CoverageFactory(
        business=shop,
        organization=branch,
        mode=Coverage.Mode.PLACE,
        since=timezone.localdate() - dt.timedelta(days=3),
    )
    return shop


@pytest.fixture
def phone(visitor, staff, shop):
    """A phone that has opened the day's work once, so that it keeps the route."""
    page = visitor(staff, PHONE, has_touch=True, is_mobile=True)
    ready(page)
    return page


def ready(page):
    page.goto("/work/")
    page.evaluate("navigator.serviceWorker.ready")
    page.goto(SHELL)
    page.wait_for_selector(".stop")


def kept(page):
    return page.evaluate(KEPT)


def plain_visit(page, name="闽南茶行"):
    """The touches of a plain visit; returns how many."""
    touches = [
        page.locator(".stop", has_text=name),
        page.get_by_text("情况正常", exact=True),
        page.get_by_text("负责人", exact=True),
        page.get_by_text("无变化", exact=True),
        page.get_by_role("button", name="保存走访"),
    ]
    for touch in touches:
        touch.first.tap()
    page.wait_for_selector("#said .toast-ts")
    return len(touches)


def emptied(page):
    """Wait until the phone holds no record."""
    page.evaluate(
        "async () => { let left; do { await new Promise(requestAnimationFrame);"
        f" left = (await ({KEPT})()).records.length; }} while (left); }}"
    )


def sent(page):
    """Wait until nothing is left, and nothing is said to be unsent."""
    emptied(page)
    page.locator("#unsent .note").wait_for(state="detached")


def test_a_plain_visit_from_a_cold_start_in_a_basement(phone, shop, staff):
    """360 px, slow processor, no network: six touches and 30 seconds at the most."""
    context = phone.context
    phone.close()
    context.set_offline(True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    before = dt.datetime.now(dt.UTC)

    page.goto(SHELL)
    touches = plain_visit(page)

    took = (dt.datetime.now(dt.UTC) - before).total_seconds()
    assert touches <= 6
    assert took <= 30
    assert "1 条已存在本机，还没上传" in page.inner_text("#unsent")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not Visit.objects.exists()

    context.set_offline(False)
    sent(page)
    visit = Visit.objects.get()
    assert (visit.business, visit.visitor, visit.outcome) == (shop, staff, "normal")
    assert visit.facts_confirmed
    assert page.locator("#unsent .note").count() == 0
    assert [row["number"] for row in kept(page)["receipts"]] == [visit.pk]
    print(f"plain visit: {touches} touches, {took:.1f} s, processor slowed 6 times")


def test_every_page_says_what_is_unsent_until_it_is_sent(phone, shop):
    phone.context.set_offline(True)
    plain_visit(phone)
    phone.context.route("**/visits/sync/", lambda route: route.abort())
    phone.context.set_offline(False)
    phone.goto("/visits/")
    line = phone.locator(".unsent")
    line.get_by_text("1 条已存在本机，还没上传").wait_for()
    assert re.search(r"最早 今天 \d\d:\d\d", line.inner_text())
    phone.wait_for_function(
        "() => /再试/.test(document.querySelector('.unsent').innerText)"
    )
    phone.context.unroute("**/visits/sync/")
    line.get_by_role("button", name="现在上传").tap()
    emptied(phone)
    phone.locator(".unsent .note").wait_for(state="detached")
    assert Visit.objects.count() == 1
    assert json.dumps(kept(phone)["records"]) == "[]"


def test_what_is_seen_at_doors_is_kept_without_a_network(phone, shop, staff, axe):
    """A new shop and one that is gone, each once, with the author's words."""
    phone.context.set_offline(True)
    phone.goto(SHELL)
    phone.get_by_role("link", name="这里新开一家").tap()
    phone.get_by_role("button", name="报给台账员").tap()
    phone.get_by_text("请选楼宇，不在楼里的选网格。").wait_for()
    assert axe(phone) == []
    phone.select_option("[name=building]", label="天山茶城")
    phone.fill("[name=room]", "B09")
    phone.fill("[name=name]", "武夷岩茶")
    # A battery may die: what was filled in is there again.
    phone.evaluate(
        "async () => { let name; do { await new Promise(requestAnimationFrame);"
        f" name = (await ({KEPT})()).records[0]?.fields.name; }} while (!name); }}"
    )
    phone.reload()
    phone.get_by_text("接着上次没填完的。").wait_for()
    assert phone.input_value("[name=name]") == "武夷岩茶"
    phone.get_by_role("button", name="报给台账员").tap()
    phone.get_by_text("武夷岩茶的门口情况已存在本机。").wait_for()

    phone.locator(".stop", has_text=shop.name).tap()
    phone.get_by_role("link", name="换人了、搬走了").tap()
    phone.get_by_text("搬走了", exact=True).tap()
    phone.fill("[name=words]", "卷帘门上贴了转让")
    assert axe(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.get_by_role("button", name="报给台账员").tap()
    phone.locator("#unsent").get_by_text("2 条已存在本机").wait_for()
    assert not DoorReport.objects.exists()

    phone.context.set_offline(False)
    sent(phone)
    opened, gone = DoorReport.objects.order_by("pk")
    assert (opened.kind, opened.business, opened.by) == ("opened", None, staff)
    assert (opened.building, opened.room) == (shop.building, "B09")
    assert opened.name == "武夷岩茶"
    assert (gone.kind, gone.business, gone.words) == ("gone", shop, "卷帘门上贴了转让")
