"""Visits on a phone without a network, in real Chromium."""

import datetime as dt
import io
import json
import re
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image

from enterprises.models import Coverage
from tests.browser.conftest import PHONE
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    VisitFactory,
)
from visits import promises
from visits.models import Demand, DoorReport, Photo, Visit

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
    # By name: what was said of the visit before may still stand there.
    page.locator("#said", has_text=f"{name}的走访已存在本机").wait_for()
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


def in_reach(page):
    """A network again; Chromium does not say so to a page that it loaded without one."""
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")


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
    page.locator("#unsent", has_text="1 条已存在本机，还没上传").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not Visit.objects.exists()

    in_reach(page)
    sent(page)
    visit = Visit.objects.get()
    assert (visit.business, visit.visitor, visit.outcome) == (shop, staff, "normal")
    assert visit.facts_confirmed
    assert page.locator("#unsent .note").count() == 0
    assert [row["number"] for row in kept(page)["receipts"]] == [visit.pk]
    print(f"plain visit: {touches} touches, {took:.1f} s, processor slowed 6 times")


def test_after_a_visit_one_goes_on_where_one_left_the_route(phone, grid, branch):
    for number in range(14):
        make_shop(grid, branch, f"第{number}茶行", f"C{number:02}")
    ready(phone)
    phone.context.set_offline(True)
    last = phone.locator(".stop").nth(11)
    last.scroll_into_view_if_needed()
    before = phone.evaluate("window.scrollY")
    assert before > 0
    plain_visit(phone, last.locator("b").inner_text())
    phone.wait_for_selector(".stop")
    assert phone.locator("#said .toast-ts").evaluate(
        "line => document.elementsFromPoint(...Object.values("
        "(({x, y}) => ({x: x + 9, y: y + 9}))(line.getBoundingClientRect()))).length > 0"
    )
    # The note of what is unsent has come above the route meanwhile.
    grown = phone.locator("#unsent").bounding_box()["height"] + 12
    phone.wait_for_function(
        "([before, grown]) => Math.abs(window.scrollY - before) <= grown",
        arg=[before, grown],
    )


def test_every_page_says_what_is_unsent_until_it_is_sent(phone, shop):
    phone.context.set_offline(True)
    plain_visit(phone)
    phone.context.route("**/visits/sync/", lambda route: route.abort())
    in_reach(phone)
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

    in_reach(phone)
    sent(phone)
    opened, gone = DoorReport.objects.order_by("pk")
    assert (opened.kind, opened.business, opened.by) == ("opened", None, staff)
    assert (opened.building, opened.room) == (shop.building, "B09")
    assert opened.name == "武夷岩茶"
    assert (gone.kind, gone.business, gone.words) == ("gone", shop, "卷帘门上贴了转让")


def test_a_joint_visit_keeps_a_promise_and_counts_once(phone, shop, staff, clerk):
    """Offline: what was promised is ticked off, who came along is chosen."""
    made = promises.promise(
        VisitFactory(business=shop, visitor=clerk),
        words="带停车单来",
        due_on=timezone.localdate(),
        by=clerk,
        at=timezone.now(),
    )
    before = Visit.objects.met().count()
    ready(phone)
    phone.evaluate(
        "async () => { let all; do { await new Promise(requestAnimationFrame);"
        f" all = (await ({KEPT})()).kept.find((row) => row.id === 'route')?.stops; }}"
        " while (!all?.[0]?.promises.length); }"
    )
    phone.context.set_offline(True)
    phone.reload()
    phone.locator(".stop", has_text=shop.name).tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.get_by_role("checkbox", name="办到了").check()
    phone.get_by_text("和谁一起去的").tap()
    phone.get_by_text("clerk", exact=True).tap()
    # What was chosen is there again, though the page was drawn anew.
    phone.evaluate(
        "async () => { let who; do { await new Promise(requestAnimationFrame);"
        f" who = (await ({KEPT})()).records[0]?.fields.colleagues; }} while (!who?.length); }}"
    )
    phone.reload()
    phone.get_by_text("接着上次没填完的。").wait_for()
    assert phone.get_by_role("checkbox", name="clerk").is_checked()
    phone.get_by_role("button", name="保存走访").tap()
    phone.wait_for_selector("#said .toast-ts")
    in_reach(phone)
    sent(phone)
    visit = Visit.objects.get(visitor=staff)
    made.refresh_from_db()
    assert (made.state, made.kept_visit) == ("kept", visit)
    assert [one.user for one in visit.companions.all()] == [clerk]
    assert Visit.objects.met().count() == before + 1


def test_a_call_and_a_message_are_kept_without_a_network(phone, shop, staff, axe):
    phone.context.set_offline(True)
    phone.goto(SHELL)
    phone.get_by_role("link", name="记诉求（电话、来访、微信）").tap()
    assert axe(phone) == []
    phone.locator(".stop", has_text=shop.name).tap()
    assert phone.input_value("[name=said_by]") == "沈女士"
    phone.get_by_role("button", name="保存诉求").tap()
    phone.get_by_text("请选类别。").wait_for()
    assert axe(phone) == []
    phone.get_by_text("微信消息", exact=True).tap()
    phone.get_by_text("环境清运", exact=True).tap()
    phone.fill("[name=words]", "夜里太吵")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.get_by_role("button", name="保存诉求").tap()
    phone.get_by_text("闽南茶行的诉求已存在本机。").wait_for()
    assert not Demand.objects.exists()
    in_reach(phone)
    sent(phone)
    demand = Demand.objects.get()
    assert (demand.business, demand.source, demand.words) == (
        shop,
        "message",
        "夜里太吵",
    )
    assert (demand.recorded_by, demand.visit) == (staff, None)


def test_a_photo_taken_at_once_is_kept(phone):
    """The camera's answer may be there before the form has read its photos."""
    phone.evaluate(
        """(bytes) => new MutationObserver((_, watch) => {
            const input = document.querySelector("[name=photos]");
            if (!input) return;
            watch.disconnect();
            const chosen = new DataTransfer();
            chosen.items.add(new File([new Uint8Array(bytes)], "a.jpg", { type: "image/jpeg" }));
            input.files = chosen.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
        }).observe(document.body, { childList: true, subtree: true })""",
        list(small_jpeg()),
    )
    phone.locator(".stop").first.tap()
    phone.wait_for_function(
        "() => document.querySelector('.shots img')?.naturalWidth > 0"
    )


def test_what_was_saved_as_a_file_is_read_back_by_its_author_alone(phone, shop, staff):
    """The phone was lost after saving: another one reads it, twice, and stores one."""
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.set_input_files(
        "[name=photos]",
        [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": small_jpeg()}],
    )
    phone.wait_for_function(
        "() => document.querySelector('.shots img')?.naturalWidth > 0"
    )
    phone.goto(SHELL)
    plain_visit(phone)
    phone.goto(f"{SHELL}#/records")
    with phone.expect_download() as saved:
        phone.get_by_role("button", name="全部存成文件").tap()
    content = Path(saved.value.path()).read_bytes()
    record = phone.locator(".record")
    record.get_by_role("button", name="删去").tap()
    phone.get_by_role("dialog").get_by_role("button", name="删去").tap()
    phone.get_by_text("这台手机上没有留下的记录").wait_for()

    def read(text):
        phone.set_input_files(
            "#read-back",
            [{"name": "a.json", "mimeType": "application/json", "buffer": text}],
        )

    told = json.loads(content)
    other = json.dumps(
        {**told, "records": [{**told["records"][0], "author": staff.pk + 1}]}
    )
    read(other.encode())
    phone.get_by_text("1 条不是您记的，没有读").wait_for()
    read(b"{}")
    phone.get_by_text("这个文件读不了").wait_for()
    assert kept(phone)["records"] == []
    read(content)
    phone.get_by_text("读回 1 条").wait_for()
    assert len(kept(phone)["photos"]) == 1
    read(content)
    phone.get_by_text("1 条这台手机上有").wait_for()
    in_reach(phone)
    sent(phone)
    read(content)
    phone.get_by_text("读回 0 条").wait_for()
    visit = Visit.objects.get()
    assert visit.visitor == staff
    assert Photo.objects.get().record_key == visit.client_key


def small_jpeg():
    kept_in = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(kept_in, "JPEG")
    return kept_in.getvalue()


def test_leaving_a_draft_asks_in_a_dialogue_of_ours(phone, shop, axe):
    """By keyboard: the safe way has the focus, Esc goes back to where one was."""
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.evaluate(
        "async () => { while (!(await (" + KEPT + ")()).records.length)"
        " await new Promise(requestAnimationFrame); }"
    )
    cancel = phone.get_by_role("button", name="取消")
    cancel.focus()
    phone.keyboard.press("Enter")
    question = phone.get_by_role("dialog", name="这一条还没填完")
    question.wait_for()
    assert axe(phone) == []
    assert phone.evaluate("document.activeElement.textContent") == "留着，下次接着填"
    phone.keyboard.press("Escape")
    question.wait_for(state="detached")
    assert phone.evaluate("document.activeElement.textContent") == "取消"
    assert "#/visit/" in phone.url
    phone.keyboard.press("Enter")
    phone.keyboard.press("Enter")
    phone.locator(".stop", has_text="没有填完").wait_for()
    phone.locator(".stop").first.tap()
    phone.get_by_role("button", name="取消").tap()
    question.get_by_role("button", name="丢掉").tap()
    phone.locator(".stop").first.wait_for()
    phone.evaluate(
        "async () => { while ((await (" + KEPT + ")()).records.length)"
        " await new Promise(requestAnimationFrame); }"
    )
