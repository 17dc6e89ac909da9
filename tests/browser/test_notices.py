"""The bell on each page, and the page behind it."""

from tests.browser.conftest import PHONE
from tests.factories import NOON
from tianshan.notices import notify


def test_the_bell_shows_what_is_unread_and_leads_to_it(visitor, chief, axe):
    notify([chief], key="a", words="措施明天到期：换垃圾桶", url="/measures/", at=NOON)
    page = visitor(chief, PHONE)
    page.goto("/issues/")
    page.get_by_role("link", name="待办和通知 1 条没读").click()
    page.wait_for_url("**/notices/")
    assert axe(page) == []
    page.get_by_role("link", name="措施明天到期：换垃圾桶").click()
    page.wait_for_url("**/measures/")
    page.locator(".bell-place:not(.htmx-request)").wait_for(state="attached")
    assert page.locator(".bell-n").count() == 0
    assert page.problems == []
