"""Accounts as the security administrator makes, resets and disables them."""

import re

import pytest
from django.utils import timezone

from accounts import actions, passwords
from accounts.models import User
from accounts.rights import Role
from tests.factories import PostFactory, UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"


@pytest.fixture
def admin(street):
    user = PostFactory(
        role=Role.SECURITY_ADMIN, grid=street, user__username="admin1"
    ).user
    passwords.change(user, PASSWORD, at=timezone.now())
    return user


@pytest.fixture
def at_desk(client, admin):
    """The administrator, who has just given the password once more."""
    client.post("/login/", {"login": "admin1", "password": PASSWORD})
    client.post("/password/again/", {"password": PASSWORD, "next": "/accounts/"})
    return client


@pytest.fixture
def person():
    user = UserFactory(username="person")
    passwords.change(user, PASSWORD, at=timezone.now())
    return user


def password_on(page):
    return re.search(r"<output[^>]*>([^<]+)</output>", page.text).group(1)


def test_an_account_begins_with_a_password_of_its_own_shown_once(at_desk, admin):
    form = {"username": "wang.fang", "display_name": "王芳"}
    page = at_desk.post("/accounts/new/", form)
    first = password_on(page)
    assert "no-store" in page.headers["Cache-Control"]
    user = User.objects.get(username="wang.fang")
    assert user.check_password(first)
    assert user.password_is_first
    assert first not in at_desk.get(f"/accounts/{user.pk}/").text
    entry = Entry.objects.get(verb="account.made")
    assert entry.by == admin
    assert first not in str(entry.data)

    browser = type(at_desk)()
    browser.post("/login/", {"login": "wang.fang", "password": first})
    assert browser.get("/me/").url == "/password/"


def test_no_two_accounts_begin_with_the_same_password(admin):
    made = [
        actions.make(username=f"u{n}", display_name="某", by=admin, at=timezone.now())[
            1
        ]
        for n in range(5)
    ]
    assert len(set(made)) == 5
    assert all(len(password) >= 16 for password in made)


@pytest.mark.parametrize("name", ["Person", "王芳", "a b", ""])
def test_a_name_that_is_taken_or_no_name_is_refused(at_desk, person, name):
    form = {"username": name, "display_name": "某"}
    page = at_desk.post("/accounts/new/", form)
    assert "<output" not in page.text
    assert User.objects.count() == 2


def test_a_reset_ends_what_the_old_password_opened(at_desk, person):
    browser = type(at_desk)()
    form = {"login": "person", "password": PASSWORD}
    browser.post("/login/", form)
    first = password_on(at_desk.post(f"/accounts/{person.pk}/password/"))
    assert browser.get("/me/").url.startswith("/login/")
    assert "不正确" in browser.post("/login/", form).text
    browser.post("/login/", {"login": "person", "password": first})
    assert browser.get("/me/").url == "/password/"
    assert Entry.objects.filter(verb="account.password_reset").count() == 1


def test_disabling_asks_for_a_reason_and_says_who_and_why(at_desk, admin, person):
    url = f"/accounts/{person.pk}/disable/"
    assert at_desk.post(url, {"reason": ""}).status_code == 200
    person.refresh_from_db()
    assert person.is_active
    at_desk.post(url, {"reason": "调离街道"})
    person.refresh_from_db()
    assert not person.is_active
    entry = Entry.objects.get(verb="account.disabled")
    assert (entry.by, entry.data) == (admin, {"reason": "调离街道"})
    assert "已停用" in at_desk.get("/accounts/?state=disabled").text
    at_desk.post(f"/accounts/{person.pk}/enable/", {"reason": "调回"})
    person.refresh_from_db()
    assert person.is_active


def test_nobody_disables_or_resets_the_own_account(at_desk, admin):
    at_desk.post(f"/accounts/{admin.pk}/disable/", {"reason": "误点"})
    page = at_desk.post(f"/accounts/{admin.pk}/password/")
    assert "请在“改密码”里换" in page.text
    admin.refresh_from_db()
    assert admin.is_active
    assert not admin.password_is_first


@pytest.mark.parametrize("act", ["password", "disable", "enable"])
def test_acts_on_accounts_ask_for_the_password_once_more(client, admin, person, act):
    client.post("/login/", {"login": "admin1", "password": PASSWORD})
    answer = client.post(f"/accounts/{person.pk}/{act}/", {"reason": "某"})
    assert answer.url.startswith("/password/again/")
    person.refresh_from_db()
    assert person.is_active
    assert person.check_password(PASSWORD)


def test_a_confirmation_lasts_a_quarter_of_an_hour(at_desk, person, monkeypatch):
    from allauth.account.internal.flows import reauthentication

    now = reauthentication.time.time()
    url = f"/accounts/{person.pk}/disable/"
    for later, status in ((14 * 60, 200), (16 * 60, 302)):
        monkeypatch.setattr(reauthentication.time, "time", lambda t=later: now + t)
        assert at_desk.get(url).status_code == status


@pytest.mark.parametrize(
    "act",
    ["", "password/", "disable/", "enable/", "unlock/", "sessions/end/", "../new/"],
)
def test_accounts_are_the_security_administrators_alone(
    client_of, system_admin, leader, person, act
):
    for user in (system_admin, leader, person):
        client = client_of(user)
        url = "/accounts/new/" if act == "../new/" else f"/accounts/{person.pk}/{act}"
        assert 403 in {client.get(url).status_code, client.post(url).status_code}
    person.refresh_from_db()
    assert person.is_active
    assert person.check_password(PASSWORD)


def test_accounts_are_found_by_name_and_state(at_desk, person, grid):
    PostFactory(user=person, role=Role.GRID_STAFF, grid=grid)
    UserFactory(username="postless", display_name="没岗位的")
    assert 'data-total="1"' in at_desk.get("/accounts/?q=PERSON").text
    page = at_desk.get("/accounts/?state=postless").text
    assert "没岗位的" in page
    assert 'data-total="1"' in page
