"""When a record is tried again, and what a phone does not take for an answer."""

import datetime as dt
import struct
import zlib

import pytest

from tests.browser.test_field import SHELL, kept, phone, sent, shop
from tests.browser.test_field_bad_days import SYNC, in_reach_again, line, save
from visits.models import Visit

__all__ = ["phone", "shop"]
MINUTE = 60_000


@pytest.fixture
def tries(phone, shop):
    """A phone with a record, its clock in hand: each try is put down, none succeeds."""
    save(phone)
    found = []

    def refuse(route):
        if route.request.method != "POST":
            return route.continue_()
        found.append(route)
        return route.fulfill(status=503, headers=refuse.headers)

    refuse.headers = {}
    phone.context.route(SYNC, refuse)
    phone.clock.install()
    phone.goto(SHELL)
    phone.context.set_offline(False)
    line(phone, "再试")
    assert len(found) == 1
    found.clear()
    return phone, found, refuse


def wait(page, seconds):
    """Let the page's clock run, and what it starts come to its end."""
    page.clock.run_for(seconds * 1000)
    page.wait_for_timeout(500)


def test_each_try_comes_later_than_the_one_before(tries):
    phone, found, _ = tries
    for soonest, latest in ((12, 18), (24, 36), (48, 72)):
        wait(phone, soonest - 2)
        assert found == []
        wait(phone, latest - soonest + 4)
        assert len(found) == 1
        found.clear()
        line(phone, "再试")


def test_no_try_comes_before_the_moment_that_the_server_named(tries):
    phone, found, refuse = tries
    refuse.headers = {"Retry-After": "300"}
    wait(phone, 20)
    found.clear()
    wait(phone, 290)
    assert found == []
    wait(phone, 20)
    assert len(found) == 1


@pytest.mark.parametrize("event", ["online", "visibilitychange"])
def test_the_network_or_being_shown_again_sends_at_once(tries, event):
    phone, found, _ = tries
    for seconds in (20, 40):  # from here the next try by itself is a minute away
        wait(phone, seconds)
    assert len(found) == 2
    phone.context.unroute(SYNC)
    target = "window" if event == "online" else "document"
    phone.evaluate(f"{target}.dispatchEvent(new Event('{event}'))")
    phone.locator("#unsent .note").wait_for(state="detached")
    assert Visit.objects.count() == 1


def test_the_page_of_a_hotel_s_network_is_no_answer(phone, shop):
    """It says 200 to whatever is asked, with a page of its own."""
    save(phone)

    def sign_in_here(route):
        route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>")

    phone.context.route(SYNC, sign_in_here)
    phone.context.set_offline(False)
    line(phone, "再试")

    def sign_in_to_post(route):
        if route.request.method == "POST":
            sign_in_here(route)
        else:
            route.continue_()

    # The later handler answers, so that at no moment the real one is reached.
    phone.context.route(SYNC, sign_in_to_post)
    phone.context.unroute(SYNC, sign_in_here)
    with phone.expect_response(lambda one: one.request.method == "POST"):
        phone.evaluate("window.dispatchEvent(new Event('online'))")
    line(phone, "再试")
    assert len(kept(phone)["records"]) == 1
    assert not Visit.objects.exists()
    phone.context.unroute(SYNC, sign_in_to_post)
    in_reach_again(phone)
    sent(phone)
    assert Visit.objects.count() == 1


def test_the_route_of_yesterday_is_gone_and_what_was_filled_in_is_not(phone, shop):
    save(phone)
    phone.clock.install(time=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    phone.goto(SHELL)
    phone.get_by_text("没有今天的路线").wait_for()
    found = kept(phone)
    assert [row["id"] for row in found["kept"]] == ["owner"]
    assert len(found["records"]) == 1
    assert "1 条已存在本机" in phone.inner_text("#unsent")


def bomb(side):
    """A PNG whose header names more pixels than any phone could hold."""

    def chunk(name, body):
        sum_ = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", sum_)

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [bomb(60_000), b"\xff\xd8" + bytes(16_000_000)],
    ids=["pixels", "bytes"],
)
def test_a_picture_too_large_is_said_before_it_is_opened(
    phone, shop, tmp_path, content
):
    picture = tmp_path / "a.png"
    picture.write_bytes(content)
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.set_input_files("[name=photos]", picture)
    phone.get_by_text("照片太大").wait_for()
    assert kept(phone)["photos"] == []


def test_a_network_that_returns_while_a_try_fails_is_not_missed(phone, shop):
    """The word that it is back comes before the answer that it was gone."""
    save(phone)
    held = []
    phone.context.route(
        SYNC, lambda route: route.continue_() if held else held.append(route)
    )
    with phone.expect_request(SYNC):
        phone.context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    with phone.expect_request(SYNC, timeout=5_000):
        held[0].abort("internetdisconnected")
    sent(phone)
    assert Visit.objects.count() == 1
