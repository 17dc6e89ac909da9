"""S9: 张阿姨's certificate runs out, she hardly sees, her children live elsewhere.

Helped at home from the phone, by keyboard alone too, and nothing of her stays on it.
"""

import datetime as dt
import re

import pytest
from django.utils import timezone

from accounts.rights import Role
from cases import actions
from cases.models import HelpCase
from tests.browser.conftest import DESK, DESK_ZOOMED, PHONE, ZOOMED
from tests.browser.test_field import SHELL
from tests.browser.test_field_access import walk_to
from tests.cases.conftest import (
    FACTS,
    agreed,
    coordinator,
    finished,
    helper,
    maotai,
    register,
    renewal,
    second,
)
from tests.factories import PostFactory

__all__ = [
    "agreed",
    "coordinator",
    "finished",
    "helper",
    "maotai",
    "register",
    "renewal",
    "second",
]

# Everything that a browser keeps for a site, as one text.
KEPT = """async () => {
  const kept = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})];
  kept.push(document.cookie);
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      kept.push(request.url, await (await cache.match(request)).text());
    }
  }
  for (const { name } of await indexedDB.databases()) {
    const base = await new Promise((done, fail) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    });
    for (const store of base.objectStoreNames) {
      kept.push(JSON.stringify(await new Promise((done, fail) => {
        const asked = base.transaction(store).objectStore(store).getAll();
        asked.onsuccess = () => done(asked.result);
        asked.onerror = () => fail(asked.error);
      })));
    }
    base.close();
  }
  return kept.join("\\n");
}"""


def nothing_kept(page):
    kept = page.evaluate(KEPT)
    found = [text for text in FACTS.values() if text in kept]
    assert found == []
    assert "/cases/" not in "".join(
        line for line in kept.splitlines() if line.startswith("http")
    )


def test_aunt_zhang_is_helped_at_home(
    visitor, seeded, coordinator, helper, maotai, axe
):
    # The coordinator writes her down and gives her to a helper.
    desk = visitor(coordinator)
    desk.goto("/cases/new/")
    assert axe(desk) == []
    desk.select_option("[name=item]", label="残疾证换证")
    desk.select_option("[name=neighborhood]", label="茅台居委会")
    soon = timezone.localdate() + dt.timedelta(days=20)
    desk.fill("[name=expires_on]", soon.isoformat())
    for field, text in FACTS.items():
        desk.fill(f"[name={field}]", text)
    desk.select_option("[name=helper]", label="helper")
    desk.get_by_role("button", name="登记", exact=True).click()
    desk.get_by_text("只有帮办员能看").first.wait_for()
    assert not any(text in desk.content() for text in FACTS.values())
    desk.goto("/cases/?within=30")
    assert desk.get_by_text("还有 20 天").count() == 1
    assert FACTS["name"] not in desk.content()

    # The helper finds her by the notice, and calls.
    phone = visitor(helper, PHONE)
    phone.goto("/notices/")
    phone.get_by_text("有一件帮办分派给您").first.click()
    case = HelpCase.objects.get()
    phone.wait_for_url(f"**{case.get_absolute_url()}")
    phone.get_by_text(FACTS["name"]).first.wait_for()
    assert FACTS["phone"] not in phone.content()
    phone.get_by_role("button", name="显示电话").click()
    phone.get_by_text(FACTS["phone"]).wait_for()
    assert axe(phone) == []

    # At her door: asked one by one, read step by step, her own finger.
    phone.goto(case.get_absolute_url())
    phone.get_by_role("button", name="开始办理").click()
    phone.get_by_role("link", name="办结").click()
    assert axe(phone) == []
    phone.get_by_label("本人按的").check()
    phone.get_by_label("当场通过").check()
    began = timezone.localtime() - dt.timedelta(minutes=9)
    phone.fill("[name=began_at]", began.strftime("%Y-%m-%dT%H:%M"))
    phone.get_by_label("已把结果读给本人听").check()
    phone.get_by_role("button", name="办结").click()
    phone.get_by_text("还没有同意：记下联系方式").first.wait_for()
    phone.get_by_role("link", name="返回").click()

    phone.get_by_role("link", name="征询同意").click()
    assert axe(phone) == []
    for group in phone.locator("fieldset").all():
        group.get_by_label("同意", exact=True).check()
    phone.get_by_role("button", name="记下").click()
    phone.get_by_role("link", name="逐步读、逐步办").click()
    assert axe(phone) == []
    for group in phone.locator("fieldset").all():
        group.get_by_label("读了，一起做了").check()
    phone.get_by_role("button", name="记下").click()
    phone.get_by_text("都读过了").wait_for()

    phone.get_by_role("link", name="办结").click()
    phone.get_by_label("本人按的").check()
    phone.get_by_label("当场通过").check()
    phone.fill("[name=began_at]", began.strftime("%Y-%m-%dT%H:%M"))
    phone.get_by_label("已把结果读给本人听").check()
    phone.get_by_role("button", name="办结").click()
    phone.get_by_text("已读给本人听").first.wait_for()
    case.refresh_from_db()
    assert case.state == HelpCase.State.FINISHED
    assert case.minutes < 10
    assert case.pressed_by == HelpCase.Pressed.SELF

    # She asks who looked, and takes it along in large print.
    phone.get_by_role("link", name="大字清单").click()
    phone.get_by_text("谁看过这件事的资料").wait_for()
    assert phone.get_by_text("看了电话").count() == 1
    size = phone.evaluate(
        "() => getComputedStyle(document.querySelector('main')).fontSize"
    )
    assert float(size.removesuffix("px")) >= 24
    assert axe(phone) == []
    nothing_kept(phone)
    assert phone.problems == desk.problems == []


def test_nothing_of_a_case_stays_on_the_phone_nor_opens_without_a_network(
    visitor, seeded, register, helper, grid
):
    """Of one who also visits shops, so that the phone keeps the visits' page."""
    PostFactory(user=helper, role=Role.GRID_STAFF, grid=grid)
    case = register(helper)
    phone = visitor(helper, PHONE, has_touch=True, is_mobile=True)
    phone.goto("/work/")
    phone.evaluate("navigator.serviceWorker.ready")
    phone.goto(SHELL)
    phone.wait_for_selector("#page > *")
    for path in ("", "edit/", "readings/", "step/end/"):
        phone.goto(case.get_absolute_url() + path)
    phone.goto(f"{case.get_absolute_url()}edit/")
    phone.fill("[name=note]", f"{FACTS['note']}，下午去")
    nothing_kept(phone)
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.context.set_offline(True)
    phone.goto(case.get_absolute_url())
    phone.wait_for_selector("#page > *")
    assert phone.url.partition("#")[0].endswith(SHELL)
    assert not any(text in phone.content() for text in FACTS.values())
    nothing_kept(phone)


@pytest.fixture
def world(register, helper, coordinator, second, finished):
    at = timezone.now()
    begun = actions.start(register(helper), by=helper, at=at)
    lent = register(helper)
    actions.let_stand_in(lent, user=second, why="away", hours=3, by=coordinator, at=at)
    return {"begun": begun, "lent": lent, "done": finished(register(helper))}


def test_the_pages_are_free_of_violations_and_fit_at_200_percent(
    visitor, seeded, world, helper, coordinator, looked_at
):
    begun, lent, done = (world[name].get_absolute_url() for name in world)
    for user, paths in (
        (
            helper,
            [
                *("/cases/", "/cases/new/", "/cases/find/", "/cases/tally/"),
                *("/cases/items/", begun, lent, done, f"{begun}edit/"),
                *(f"{begun}step/{step}/" for step in ("ask_consent", "read_steps")),
                *(f"{begun}step/finish/", f"{begun}step/end/", f"{done}step/erase/"),
                f"{done}readings/",
            ],
        ),
        (
            coordinator,
            [
                *("/cases/", "/cases/new/", "/cases/helpers/", "/cases/counts/"),
                *("/cases/items/", "/cases/items/new/", lent, done),
                *(f"{begun}step/{step}/" for step in ("assign", "let_stand_in")),
            ],
        ),
    ):
        page = visitor(user)
        for path in paths:
            looked_at(page, path, PHONE, ZOOMED, DESK, DESK_ZOOMED)
        assert page.problems == []


def test_a_whole_help_by_keyboard_alone_is_heard_step_by_step(
    visitor, seeded, register, helper
):
    """Each control has a name, each question its words; what came of it is announced."""
    case = register(helper)
    page = visitor(helper)
    page.goto(case.get_absolute_url())
    walk_to(page, "开始办理")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert "征询同意" in page.get_by_role("status").first.inner_text()
    walk_to(page, "征询同意")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ask_consent/")
    groups = page.locator("fieldset").all()
    assert len(groups) == 5
    assert "您同意吗" in groups[0].inner_text()
    for group in groups:
        group.get_by_label("同意", exact=True).focus()
        page.keyboard.press("Space")
    walk_to(page, "记下")
    page.keyboard.press("Enter")
    page.get_by_text("答复已记下").wait_for()
    page.goto(f"{case.get_absolute_url()}step/finish/")
    page.get_by_role("button", name="办结").focus()
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    # The focus goes to the first field that is wrong, and the list of errors names it.
    assert page.evaluate("() => document.activeElement.name") == "pressed_by"
    assert re.search("提交是谁按的", page.get_by_role("alert").inner_text())
