"""A phone is enrolled, lies idle, and goes on with six digits."""

import pytest

from accounts import middleware
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.django_db(transaction=True)


def test_enrol_lie_idle_unlock_and_go_on(staff, visitor, axe, monkeypatch):
    page = visitor(staff, PHONE)
    page.context.clear_cookies()  # what begins at the sign-in page is watched
    page.goto("/login/?next=/work/")
    page.fill("input[name=login]", staff.username)
    page.fill("input[name=password]", "Correct-horse-7")
    page.click("form button.btn-primary")
    page.click("details.menu summary")
    page.click("text=我的手机")
    assert axe(page) == []
    page.click("text=登记这部手机")
    page.fill("input[name=password]", "Correct-horse-7")
    page.click("button:text-is('确认')")
    page.wait_for_url("**/phones/new/")
    assert axe(page) == []
    page.fill("[name=label]", "工作手机")
    page.fill("[name=pin]", "271828")
    page.fill("[name=again]", "271828")
    page.click("button:text-is('登记')")
    page.wait_for_selector("text=这一部")
    assert axe(page) == []

    now = middleware._now
    monkeypatch.setattr(middleware, "_now", lambda: now() + 2 * 60 * 60)
    page.goto("/businesses/?q=x")
    page.wait_for_url("**/unlock/**")
    assert axe(page) == []
    page.fill("[name=pin]", "000000")
    page.click("button:text-is('解锁')")
    page.wait_for_selector("text=还可以试 4 次")
    assert axe(page) == []
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= PHONE["width"]
    page.fill("[name=pin]", "271828")
    page.click("button:text-is('解锁')")
    page.wait_for_url("**/businesses/?q=x")
    assert [said for said in page.problems if "422" not in said] == []
