"""The door of an activity on a phone: one tap, walk-ins, no network, nothing twice."""

import datetime as dt

import pytest
from django.utils import timezone

from services.models import Attendance
from tests.browser.conftest import PHONE
from tests.browser.test_field_bad_days import left_behind
from tests.factories import (
    ActivityFactory,
    BusinessFactory,
    SignupFactory,
    StationFactory,
)

SYNC = "**/door/sync/"


@pytest.fixture
def talk(seeded, grid):
    talk = ActivityFactory(
        grid=grid,
        station=StationFactory(grid=grid, name="天山驿空间"),
        title="茶艺课",
        starts=timezone.now() - dt.timedelta(minutes=10),
    )
    for name in ("闽南茶行", "云雾茶庄", "启元科技"):
        SignupFactory(
            activity=talk,
            business=BusinessFactory(grid=grid, name=name),
            title="沈国华",
            phone="19912345678",
            persons=2,
        )
    return talk


@pytest.fixture
def door(visitor, staff, talk):
    """A phone at the door, which has opened its page and kept it."""
    page = visitor(staff, PHONE, has_touch=True, is_mobile=True)
    open_door(page, talk)
    return page


def open_door(page, talk):
    page.goto(f"/activities/{talk.pk}/door/")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function(
        "async () => { for (const name of await caches.keys()) { if"
        " (name.startsWith('doors-') && await (await caches.open(name))"
        ".match(location.pathname)) return true; } return false; }"
    )


def row(page, name):
    return page.locator(".door-l li", has_text=name)


def tick(page, name):
    row(page, name).get_by_role("button", name="签到").tap()
    row(page, name).locator(".door-ok", has_text="到 2 位").wait_for()


def walk_in(page, title, employer):
    form = page.locator("[data-walk-in]")
    form.get_by_label("称呼").fill(title)
    form.get_by_label("单位").fill(employer)
    form.get_by_role("button", name="签到").tap()


def says(page, words):
    page.locator(".door-n", has_text=words).wait_for()


def all_sent(page):
    page.wait_for_function("() => !document.querySelector('[data-unsent]').textContent")


def test_search_one_tap_and_a_walk_in_in_two_fields(door, talk, axe):
    find = door.get_by_role("searchbox", name="找报名的单位或称呼")
    for words, found in (("云雾", "云雾茶庄"), ("mnch", "闽南茶行"), ("QY KJ", "启元")):
        find.fill(words)
        [shown] = [
            line for line in door.locator(".door-l li").all() if line.is_visible()
        ]
        assert found in shown.inner_text()
    find.fill("")
    tick(door, "闽南茶行")
    walk_in(door, "王先生", "暖新巢")
    says(door, "到场 3 人次")
    all_sent(door)
    named, walked = Attendance.objects.order_by("pk")
    assert (named.business.name, named.persons, named.how) == ("闽南茶行", 2, "door")
    assert (walked.title, walked.employer, walked.signup) == ("王先生", "暖新巢", None)
    assert axe(door) == []
    assert door.evaluate("document.documentElement.scrollWidth") <= 360
    assert door.problems == []


def test_ticked_off_without_a_network_through_a_reload_and_sent_once(door, talk):
    door.context.set_offline(True)
    tick(door, "闽南茶行")
    walk_in(door, "王先生", "暖新巢")
    says(door, "2 条还没传")
    assert not Attendance.objects.exists()

    door.reload()  # the phone has thrown the page away meanwhile
    says(door, "到场 3 人次，2 条还没传")
    row(door, "闽南茶行").locator(".door-ok").wait_for()
    walk_in(door, "李女士", "")  # under a key of its own, though the page is the same
    tick(door, "云雾茶庄")
    says(door, "4 条还没传")
    moment = timezone.now()

    door.context.set_offline(False)
    all_sent(door)
    assert Attendance.objects.count() == 4
    assert {each.title for each in Attendance.objects.filter(signup=None)} == {
        "王先生",
        "李女士",
    }
    assert all(each.at <= moment for each in Attendance.objects.all())
    door.reload()
    says(door, "到场 6 人次")


def test_an_answer_that_is_lost_counts_once(door):
    lost = []

    def drop(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            return route.abort()
        return route.continue_()

    door.context.route(SYNC, drop)
    with door.expect_event("requestfailed"):
        tick(door, "闽南茶行")
    assert lost == [201]
    says(door, "1 条还没传")
    door.evaluate("window.dispatchEvent(new Event('online'))")
    all_sent(door)
    assert Attendance.objects.count() == 1


def test_what_cannot_be_stored_is_said_and_stays_until_it_is_read(door, talk):
    signup = talk.signups.get(business__name="闽南茶行")
    door.context.set_offline(True)
    tick(door, "闽南茶行")
    signup.state = "withdrawn"
    signup.ended_at = timezone.now()
    signup.save()
    door.context.set_offline(False)
    said = door.get_by_role("list", name="没有传上的")
    said.get_by_text("闽南茶行：这个报名是“已取消”").wait_for()
    says(door, "到场 0 人次")
    door.reload()
    said.get_by_text("人来了就按没报名的登记").wait_for()
    said.get_by_role("button", name="知道了").tap()
    said.wait_for(state="hidden")
    assert not Attendance.objects.exists()


def test_signing_out_asks_while_something_is_unsent_then_leaves_nothing(door):
    door.context.route(SYNC, lambda route: route.abort())
    tick(door, "闽南茶行")
    says(door, "1 条还没传")
    sign_out(door)
    box = door.get_by_role("dialog", name="还有没上传的签到")
    box.get_by_text("还有 1 条门口签到没上传").wait_for()
    box.get_by_role("button", name="不退出").tap()
    assert door.url.endswith("/work/")
    door.get_by_text("有 1 条门口签到还没上传").wait_for()
    door.context.unroute(SYNC)
    sign_out(door)
    box.get_by_role("button", name="去门口页上传").tap()
    door.wait_for_url("**/door/")
    all_sent(door)
    assert Attendance.objects.count() == 1
    assert "闽南茶行" in left_behind(door)

    sign_out(door)
    door.wait_for_url("**/login/**")
    rest = left_behind(door)
    assert [words for words in ("闽南茶行", "沈*", "茶艺课") if words in rest] == []


def test_the_page_that_is_kept_is_masked_and_goes_when_another_signs_in(door, clerk):
    held = left_behind(door)
    assert "沈*华" in held
    assert "沈国华" not in held
    assert "5678" not in held
    door.context.clear_cookies()  # the session ended by itself; nobody signed out
    clerk.set_password("Correct-horse-7")
    clerk.save()
    door.goto("/login/")
    door.fill("input[name=login]", clerk.username)
    door.fill("input[name=password]", "Correct-horse-7")
    door.click("form button.btn-primary")
    door.wait_for_url(lambda url: "/login/" not in url)
    door.wait_for_function(
        "async () => !(await caches.keys()).some((name) => name.startsWith('doors-'))"
    )
    # The shop itself may be there again: it is on the clerk's own route.
    rest = left_behind(door)
    assert [words for words in ("沈*华", "茶艺课") if words in rest] == []


def sign_out(page):
    page.goto("/work/")
    page.locator("details.menu summary.me").tap()
    page.get_by_role("button", name="退出登录").tap()
