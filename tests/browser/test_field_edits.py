"""Records that are changed or deleted before they are sent, even while others are sent."""

import pytest

from tests.browser.test_field import (
    SHELL,
    in_reach,
    kept,
    make_shop,
    phone,
    plain_visit,
    sent,
    shop,
)
from tests.browser.test_field_bad_days import SYNC, line, save
from visits.models import Visit

__all__ = ["phone", "shop"]
# What a full disk does: the transaction that writes is aborted.
FULL = """() => {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...row) {
    const request = put.apply(this, row);
    this.transaction.abort();
    return request;
  };
  window.roomAgain = () => { IDBObjectStore.prototype.put = put; };
}"""


@pytest.fixture
def other(shop, grid, branch):
    return make_shop(grid, branch, "武夷茶行", "B09")


@pytest.fixture
def two(other, phone, shop):
    """A phone with a visit of each shop, the first of which is on its way for long."""
    save(phone)
    plain_visit(phone, "武夷茶行")
    held = []
    phone.context.route(SYNC, lambda route: hold(route, held))
    phone.goto(f"{SHELL}#/records")
    in_reach(phone)
    while not held:
        phone.wait_for_timeout(50)
    yield phone, held[0]
    phone.context.unroute(SYNC)


def hold(route, held):
    """Keep the first record back until the test lets it go."""
    if route.request.method == "POST" and not held:
        held.append(route)
    else:
        route.continue_()


def change(page, name):
    """Open a record that waits, and write something into it."""
    page.locator(".record", has_text=name).get_by_role("link", name="打开").tap()
    page.locator("[name=note]").fill("改过的话")


def notes():
    return dict(Visit.objects.values_list("business__name", "note"))


def test_what_is_changed_while_another_is_sent_is_sent_as_changed(two):
    phone, first = two
    change(phone, "武夷茶行")
    phone.get_by_role("button", name="保存走访").tap()
    phone.wait_for_url("**/#/")
    first.continue_()
    sent(phone)
    assert notes() == {"闽南茶行": "", "武夷茶行": "改过的话"}


def test_what_is_being_changed_is_not_sent_before_it_is_saved(two):
    phone, first = two
    change(phone, "武夷茶行")
    first.continue_()
    line(phone, "有一条正在改")
    assert notes() == {"闽南茶行": ""}
    second = phone.context.new_page()
    second.goto(f"{SHELL}#/records")
    second.locator(".record").get_by_role("link", name="打开").tap()
    second.wait_for_url("**/#/records")
    phone.get_by_role("button", name="保存走访").tap()
    sent(phone)
    assert notes() == {"闽南茶行": "", "武夷茶行": "改过的话"}


def test_leaving_a_change_lets_the_record_go(two):
    phone, first = two
    change(phone, "武夷茶行")
    first.continue_()
    line(phone, "有一条正在改")
    phone.get_by_role("button", name="取消").tap()
    sent(phone)
    assert notes() == {"闽南茶行": "", "武夷茶行": ""}


def test_what_is_on_its_way_is_not_deleted(two):
    """The list was drawn before it went; what the server may have, stays here."""
    phone, first = two
    phone.locator(".record", has_text="闽南茶行").get_by_role(
        "button", name="删去"
    ).tap()
    phone.get_by_role("dialog").get_by_role("button", name="删去").tap()
    phone.locator(".record[data-state=sending]").wait_for()
    phone.locator(".record", has_text="武夷茶行").get_by_role(
        "button", name="删去"
    ).tap()
    phone.get_by_role("dialog").get_by_role("button", name="删去").tap()
    first.continue_()
    sent(phone)
    assert notes() == {"闽南茶行": ""}
    assert len(kept(phone)["receipts"]) == 1


def test_a_full_phone_says_so_and_the_form_keeps_what_was_filled_in(phone, shop):
    phone.context.set_offline(True)
    phone.locator(".stop").first.tap()
    phone.evaluate(FULL)
    phone.get_by_text("情况正常", exact=True).tap()
    phone.get_by_text("负责人", exact=True).tap()
    phone.get_by_role("button", name="保存走访").tap()
    phone.get_by_text("空间可能满了").wait_for()
    assert phone.locator("[name=outcome][value=normal]").is_checked()
    assert kept(phone)["records"] == []
    phone.evaluate("window.roomAgain()")
    phone.get_by_role("button", name="保存走访").tap()
    line(phone, "1 条已存在本机")
    in_reach(phone)
    sent(phone)
    assert Visit.objects.count() == 1
