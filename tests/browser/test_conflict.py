"""Two people at one form: nobody overwrites anybody, nothing typed is lost."""

import pytest

from accounts.rights import Role
from tests.browser.conftest import PHONE
from tests.factories import BuildingFactory, BusinessFactory, GridFactory, PostFactory


@pytest.fixture
def business(seeded):
    grid = GridFactory(code="310105006603", name="第三综合网格")
    return BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        name="闽南茶行",
        staff_count=4,
        contact_phone="19912345678",
    )


@pytest.fixture
def two(business, visitor):
    """Two of the grid's staff, each with the form of the same business open."""
    pages = []
    for name, size in (("first", {"width": 1440, "height": 900}), ("second", PHONE)):
        user = PostFactory(
            role=Role.GRID_STAFF,
            grid=business.grid,
            user__username=name,
            user__display_name=f"网格员{name}",
        ).user
        page = visitor(user, size)
        page.goto(f"/businesses/{business.pk}/edit/")
        pages.append(page)
    return pages


def saved(page, business):
    page.wait_for_url(lambda url: url.endswith(business.get_absolute_url()))


def test_the_second_chooses_field_by_field(two, business, axe):
    first, second = two
    first.fill("[name=staff_count]", "5")
    first.fill("[name=trade]", "茶叶零售")
    first.keyboard.press("Control+Enter")
    saved(first, business)

    second.fill("[name=staff_count]", "6")
    second.fill("[name=trade]", "茶叶批发")
    second.fill("[name=note]", "月底装修")
    second.click("text=保存")
    second.wait_for_selector("text=网格员first改过下面几项")
    shown = second.inner_text(".clash")
    assert "打开时：4" in shown
    assert second.input_value("[name=note]") == "月底装修"
    assert axe(second) == []

    second.check("[name=keep_staff_count][value=mine]")
    second.check("[name=keep_trade][value=stored]")
    second.click("button:has-text('保存')")
    saved(second, business)

    business.refresh_from_db()
    assert (business.staff_count, business.trade) == (6, "茶叶零售")
    assert business.note == "月底装修"
    assert first.problems == []
    # A 409 is what the page was for; the browser notes it all the same.
    assert [words for words in second.problems if "409" not in words] == []


def test_different_fields_are_no_conflict(two, business):
    first, second = two
    first.fill("[name=staff_count]", "5")
    first.click("text=保存")
    saved(first, business)
    second.fill("[name=note]", "月底装修")
    second.click("text=保存")
    saved(second, business)
    business.refresh_from_db()
    assert (business.staff_count, business.note) == (5, "月底装修")


def test_what_was_typed_outlives_the_session_and_the_page(two, business):
    page, _ = two
    page.fill("[name=note]", "月底装修")
    page.fill("[name=contact_phone]", "19900000009")
    page.keyboard.press("Tab")
    page.wait_for_function("JSON.stringify(localStorage).includes('月底装修')")
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "月底装修" in kept
    assert "19900000009" not in kept

    page.context.clear_cookies(name="sessionid")
    page.click("text=保存")
    page.wait_for_url("**/login/**")
    page.fill("input[name=login]", "first")
    page.fill("input[name=password]", "Correct-horse-7")
    page.click("form button.btn-primary")
    page.wait_for_url("**/edit/")
    page.click("button:has-text('恢复')")
    assert page.input_value("[name=note]") == "月底装修"
    page.click("text=保存")
    saved(page, business)
    assert (
        page.evaluate(
            "Object.keys(localStorage).filter((k) => k.startsWith('draft:')).length"
        )
        == 0
    )
    business.refresh_from_db()
    assert business.note == "月底装修"
    assert business.contact_phone == "19912345678"


def test_escape_asks_only_when_something_changed(two, business):
    page, _ = two
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.focus("[name=note]")
    page.keyboard.press("Escape")
    saved(page, business)
    assert asked == []

    page.goto(f"/businesses/{business.pk}/edit/")
    page.fill("[name=note]", "月底装修")
    page.keyboard.press("Escape")
    saved(page, business)
    assert len(asked) == 1
    assert "还没保存" in asked[0]


def test_a_double_press_saves_once(two, business):
    page, _ = two
    posts = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    page.fill("[name=note]", "月底装修")
    page.dblclick("button:has-text('保存')")
    saved(page, business)
    assert len(posts) == 1
