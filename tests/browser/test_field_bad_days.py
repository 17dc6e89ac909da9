"""What goes wrong on a phone in the street: nothing is lost, nothing is doubled."""

import datetime as dt
import io
import json
from pathlib import Path

import pillow_heif
import pytest
from django.utils import timezone
from PIL import Image

from accounts.rights import Role
from enterprises import actions as enterprises
from enterprises.models import Business
from tests.browser.conftest import PHONE
from tests.browser.test_field import (
    KEPT,
    SHELL,
    emptied,
    in_reach,
    kept,
    phone,
    plain_visit,
    ready,
    sent,
    shop,
)
from tests.factories import DemandFactory, PostFactory
from visits.models import Demand, Photo, Visit

__all__ = ["phone", "shop"]
SYNC = "**/visits/sync/"


def save(page, name="闽南茶行"):
    """Log a plain visit and leave it on the phone."""
    page.context.set_offline(True)
    plain_visit(page, name)
    return kept(page)["records"][0]


def line(page, words):
    page.locator("#unsent").get_by_text(words).first.wait_for()


def send_now(page):
    page.locator("#unsent").get_by_role("button", name="现在上传").tap()


def in_reach_again(page):
    """Come into reach of a network again and again, until the phone holds no record."""
    page.evaluate(
        "async () => { let left; do { window.dispatchEvent(new Event('online'));"
        " await new Promise(requestAnimationFrame);"
        f" left = (await ({KEPT})()).records.length; }} while (left); }}"
    )


def answers(page, *statuses, reason="太长", store=False):
    """The next answers to what is sent; then the server's own."""
    left = list(statuses)

    def answer(route):
        if route.request.method != "POST" or not left:
            return route.continue_()
        status = left.pop(0)
        if status == "dropped":
            route.fetch()
            return route.abort()
        body = json.dumps({"reason": reason}) if status in (413, 422) else "<h1>x</h1>"
        return route.fulfill(status=status, body=body, headers={"Retry-After": "1"})

    page.context.route(SYNC, answer)


def test_a_battery_that_dies_loses_neither_the_draft_nor_the_record(phone, shop):
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.locator("[name=note]").fill("老板说生意平稳 🍵")
    phone.evaluate(
        "async () => { let note; do { await new Promise(requestAnimationFrame);"
        f" note = (await ({KEPT})()).records[0]?.fields.note; }} while (!note); }}"
    )
    context = phone.context
    phone.close()

    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(SHELL)
    page.locator(".stop", has_text="没有填完").wait_for()
    page.locator(".stop").first.tap()
    page.get_by_text("接着上次没填完的").wait_for()
    assert page.locator("[name=note]").input_value() == "老板说生意平稳 🍵"
    assert page.locator("[name=outcome][value=normal]").is_checked()
    page.get_by_text("负责人", exact=True).tap()
    page.get_by_role("button", name="保存走访").tap()
    line(page, "1 条已存在本机")
    page.reload()
    line(page, "1 条已存在本机")
    in_reach(page)
    sent(page)
    assert Visit.objects.get().note == "老板说生意平稳 🍵"


def test_a_session_that_ended_waits_for_its_author(phone, shop, staff):
    save(phone)
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    in_reach(phone)
    line(phone, "请先登录")
    assert not Visit.objects.exists()
    assert phone.locator("#unsent").get_by_role("link", name="登录").is_visible()
    phone.context.add_cookies(cookies)
    phone.reload()
    sent(phone)
    assert Visit.objects.get().visitor == staff


def test_another_who_signs_in_neither_sees_nor_sends_it(
    phone, shop, staff, grid, live_server
):
    save(phone)
    mine = phone.context.cookies()
    other = PostFactory(role=Role.GRID_STAFF, grid=grid, user__username="other").user
    other.set_password("Correct-horse-7")
    other.save()
    phone.context.clear_cookies()
    in_reach(phone)
    phone.goto("/login/")
    phone.fill("input[name=login]", "other")
    phone.fill("input[name=password]", "Correct-horse-7")
    phone.tap("form button.btn-primary")
    phone.wait_for_url(lambda url: "/login/" not in url)
    ready(phone)
    found = kept(phone)
    assert [row["author"] for row in found["records"]] == [staff.pk]
    assert {row["author"]["id"] for row in found["kept"]} == {other.pk}
    phone.goto(f"{SHELL}#/records")
    phone.get_by_text("这台手机上没有留下的记录").wait_for()
    assert not Visit.objects.exists()

    phone.context.clear_cookies()
    phone.context.add_cookies(mine)
    phone.goto("/work/")
    emptied(phone)
    assert Visit.objects.get().visitor == staff


@pytest.mark.parametrize("status", [500, 502, 503, 403, 429])
def test_a_server_in_trouble_gets_it_later(phone, shop, status):
    save(phone)
    answers(phone, status, status)
    in_reach(phone)
    line(phone, "1 条已存在本机")
    phone.locator("#unsent").get_by_role("button", name="现在上传").wait_for()
    in_reach_again(phone)
    sent(phone)
    assert Visit.objects.count() == 1


def test_an_answer_that_is_dropped_stores_one_visit(phone, shop):
    save(phone)
    answers(phone, "dropped", "dropped")
    in_reach(phone)
    line(phone, "再试")
    phone.goto(f"{SHELL}#/records")
    phone.get_by_text("可能已经传上去").wait_for()
    assert phone.get_by_role("button", name="删去").count() == 0
    send_now(phone)
    in_reach_again(phone)
    sent(phone)
    assert Visit.objects.count() == 1


def test_a_refused_one_stays_red_with_its_reason(phone, shop, other_grid):
    save(phone)
    Business.objects.filter(pk=shop.pk).update(grid=other_grid)
    in_reach(phone)
    line(phone, "1 条没有收下")
    phone.goto(f"{SHELL}#/records")
    record = phone.locator(".record")
    assert "不归您走访" in record.inner_text()
    assert record.get_attribute("data-state") == "refused"
    with phone.expect_download() as saved:
        record.get_by_role("button", name="存成文件").tap()
    told = json.loads(Path(saved.value.path()).read_text())
    assert told["records"][0]["stop"]["name"] == "闽南茶行"
    record.get_by_role("button", name="删去").tap()
    question = phone.get_by_role("dialog", name="删去闽南茶行的记录？")
    question.get_by_role("button", name="删去").tap()
    phone.get_by_text("这台手机上没有留下的记录").wait_for()
    assert not Visit.objects.exists()


def test_what_is_too_large_stays_with_its_reason(phone, shop):
    save(phone)
    answers(phone, 413)
    in_reach(phone)
    line(phone, "没有收下")
    assert kept(phone)["records"][0]["reason"] == "太长"
    assert kept(phone)["records"][0]["state"] == "refused"


def test_facts_that_another_changed_are_shown_and_chosen(phone, shop, clerk):
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.get_by_text("有变化", exact=True).tap()
    phone.locator("[name=staff_count]").fill("6")
    phone.get_by_role("button", name="保存走访").tap()
    line(phone, "1 条已存在本机")
    enterprises.edit(
        shop,
        changes={"staff_count": 9},
        seen={"staff_count": 4},
        by=clerk,
        at=timezone.now(),
    )
    in_reach(phone)
    line(phone, "没有收下")
    phone.goto(f"{SHELL}#/records")
    phone.get_by_text("从业人数：现在是“9”，您填的是“6”。").wait_for()
    phone.locator(".record").get_by_role("link", name="打开").tap()
    phone.get_by_role("button", name="保存走访").tap()
    sent(phone)
    shop.refresh_from_db()
    assert shop.staff_count == 6
    assert Visit.objects.count() == 1


def test_a_clock_wrong_by_a_year_loses_nothing(visitor, staff, shop):
    page = visitor(staff, PHONE, has_touch=True, is_mobile=True)
    page.add_init_script(
        """(() => { const Real = Date, off = -365 * 86400000;
        window.Date = class extends Real {
          constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
          static now() { return Real.now() + off; }
        }; })()"""
    )
    ready(page)
    save(page)
    in_reach(page)
    sent(page)
    visit = Visit.objects.get()
    assert visit.visited_on == timezone.localdate()
    assert visit.claimed_at < timezone.now() - dt.timedelta(days=360)


def test_demands_told_items_and_odd_characters_come_whole(phone, shop):
    today = timezone.localdate()
    done = DemandFactory(
        business=shop,
        words="想早点清运",
        state=Demand.State.ANSWERED,
        outcome="改到八点前",
        outcome_on=today,
        tell_by=today,
    )
    ready(phone)
    phone.locator(".stop", has_text="要告诉他").wait_for()
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("有诉求", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.get_by_text("这次告诉了他").tap()
    phone.get_by_role("button", name="保存走访").tap()
    phone.locator("[data-problems]", has_text="请写下类别和原话").wait_for()
    phone.get_by_text("环境清运", exact=True).first.tap()
    words = "门口积水😀\u0000" + "很长" * 400
    phone.locator("[name=demand-0-words]").evaluate(
        "(field, words) => { field.value = words;"
        "field.dispatchEvent(new Event('input', {bubbles: true})); }",
        words,
    )
    phone.get_by_role("button", name="保存走访").tap()
    line(phone, "1 条已存在本机")
    in_reach(phone)
    sent(phone)
    visit = Visit.objects.get()
    assert visit.demands.get().words == words.replace("\x00", "")
    done.refresh_from_db()
    assert (done.state, done.told_visit) == (Demand.State.TOLD, visit)


# --- photos ------------------------------------------------------------------------------


def jpeg(size, exif=b""):
    picture = Image.effect_noise(size, 90).convert("RGB")
    kept_in = io.BytesIO()
    picture.save(kept_in, "JPEG", quality=95, exif=exif)
    return kept_in.getvalue()


def with_place():
    """EXIF that names a place: 31.2 N, 121.4 E."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (31.0, 12.0, 0.0), 3: "E", 4: (121.0, 24.0, 0.0)}
    exif[0x010F] = "PLANTEDMAKER"
    return exif.tobytes()


def test_a_large_photo_is_made_small_and_resumes_in_the_middle(phone, shop, staff):
    content = jpeg((4000, 3000), with_place())
    assert len(content) > 5_000_000
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.set_input_files(
        "[name=photos]",
        [
            {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content},
            {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7 no photo"},
        ],
    )
    phone.get_by_text("这个文件不是照片").wait_for()
    phone.locator(".shots img").wait_for()
    phone.get_by_role("button", name="保存走访").tap()
    # The try without a network is over: the next one is that which is cut.
    line(phone, "1 张照片待传；现在没有网络")
    parts = []

    def cut(route):
        if route.request.method == "PUT":
            parts.append(route.request.headers["content-range"])
            if len(parts) == 2:
                return route.abort()
        return route.continue_()

    phone.context.route("**/visits/photos/**", cut)
    phone.context.set_offline(False)
    line(phone, "再试")
    send_now(phone)
    phone.locator("#unsent .note").wait_for(state="detached", timeout=30_000)
    photo = Photo.objects.get()
    visit = Visit.objects.get()
    assert (photo.state, photo.by, photo.record_key) == (
        Photo.State.KEPT,
        staff,
        visit.client_key,
    )
    assert max(photo.width, photo.height) == 1600
    assert parts[1].split("-")[0] == parts[2].split("-")[0]
    assert kept(phone)["photos"] == []


# --- signing out -------------------------------------------------------------------------


def sign_out(page):
    page.goto("/work/")
    page.locator("details.menu summary.me").tap()
    page.get_by_role("button", name="退出登录").tap()


def left_behind(page):
    """All that the browser still holds for the portal, as one text."""
    caches = page.evaluate(
        "async () => { const found = []; for (const name of await caches.keys()) {"
        "const cache = await caches.open(name); for (const request of await cache.keys())"
        "found.push(request.url, await (await cache.match(request)).text()); }"
        "return found.join(' '); }"
    )
    local = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    return json.dumps(kept(page), ensure_ascii=False, default=str) + caches + local


def test_signing_out_offers_three_ways_and_keeps_what_its_author_insists_on(
    phone, shop
):
    save(phone)
    phone.context.route(SYNC, lambda route: route.abort())
    in_reach(phone)
    sign_out(phone)
    dialog = phone.locator("dialog.leave")
    dialog.get_by_text("还有 1 条记录").wait_for()
    assert dialog.evaluate("box => box.scrollWidth <= box.clientWidth")
    dialog.get_by_role("button", name="先上传，再退出").tap()
    dialog.get_by_text("没有传完：现在没有网络。这台手机上还有 1 条记录").wait_for()
    dialog.get_by_role("button", name="不退出").tap()
    assert phone.url.endswith("/work/")
    sign_out(phone)
    with phone.expect_download():
        dialog.get_by_role("button", name="存成文件").tap()
    dialog.get_by_role("button", name="仍然退出").tap()
    phone.wait_for_url("**/login/**")
    found = kept(phone)
    assert len(found["records"]) == 1
    assert found["kept"] == []


def test_after_a_day_and_signing_out_nothing_of_it_is_left(visitor, staff, shop, clerk):
    secrets = ["机密茶行", "机密女士", "机密诉求", "5678", "机密情况"]
    Business.objects.filter(pk=shop.pk).update(name="机密茶行", contact_name="机密女士")
    DemandFactory(business=shop, words="机密诉求")
    page = visitor(staff, PHONE, has_touch=True, is_mobile=True)
    ready(page)
    held = left_behind(page)
    assert all(secret in held for secret in secrets[:4])
    page.context.set_offline(True)
    page.locator(".stop").first.tap()
    page.get_by_text("情况正常", exact=True).tap()
    page.get_by_text("负责人", exact=True).tap()
    page.locator("[name=note]").fill("机密情况")
    page.get_by_role("button", name="保存走访").tap()
    line(page, "1 条已存在本机")
    in_reach(page)
    sent(page)
    sign_out(page)
    page.wait_for_url("**/login/**")
    rest = left_behind(page)
    assert [secret for secret in secrets if secret in rest] == []
    assert kept(page).get("kept", []) == []


def heic_with_place():
    """What newer phones take: HEIC, with the place and the maker in it."""
    pillow_heif.register_heif_opener()
    picture = Image.effect_noise((800, 600), 90).convert("RGB")
    kept_in = io.BytesIO()
    picture.save(kept_in, "HEIF", exif=with_place())
    return kept_in.getvalue()


def test_a_heic_photo_arrives_without_its_place(phone, shop, settings):
    """The browser cannot read it, so it goes as it is; the server draws it anew."""
    content = heic_with_place()
    assert b"PLANTEDMAKER" in content
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.get_by_text("情况正常", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.set_input_files(
        "[name=photos]",
        [{"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": content}],
    )
    phone.locator(".shots img").wait_for(state="attached")
    phone.get_by_role("button", name="保存走访").tap()
    line(phone, "1 张照片待传")
    in_reach(phone)
    sent(phone)
    photo = Photo.objects.get()
    assert photo.state == Photo.State.KEPT
    assert photo.record_key == Visit.objects.get().client_key
    files = [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()]
    assert files
    for path in files:
        assert b"PLANTEDMAKER" not in path.read_bytes()
        with Image.open(path) as kept_picture:
            assert not kept_picture.getexif()
    # Nothing of it stays on the phone either.
    assert kept(phone)["photos"] == []
