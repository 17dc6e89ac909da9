"""Sessions: begun anew, seen by their owner, ended by whom it concerns, at once."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import actions, passwords, sessions
from accounts.models import EnrolledPhone, SignedIn
from accounts.rights import Role
from tests.factories import PostFactory, UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"
EDGE = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Safari/537 MicroMessenger/8.0"


@pytest.fixture
def person(grid):
    user = UserFactory(username="person")
    passwords.change(user, PASSWORD, at=timezone.now())
    PostFactory(user=user, role=Role.GRID_STAFF, grid=grid)
    return user


@pytest.fixture
def admin(street):
    return PostFactory(role=Role.SECURITY_ADMIN, grid=street).user


@pytest.fixture
def enter(client, person):
    """`enter()`: one more browser in which the person signs in."""

    def signed_in(agent=EDGE, browser=None, then=""):
        browser = browser or type(client)()
        form = {"login": "person", "password": PASSWORD, "next": then}
        answer = browser.post("/login/", form, headers={"user-agent": agent})
        assert answer.status_code == 302
        return browser

    return signed_in


def is_in(client):
    return client.get("/phones/").status_code == 200


def test_signing_in_gives_the_session_a_new_key(client, enter):
    client.get("/login/")
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    enter(browser=client)
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_key_that_a_stranger_chose_is_not_taken(client, enter):
    client.cookies["sessionid"] = "a" * 32
    enter(browser=client)
    assert client.cookies["sessionid"].value != "a" * 32


def test_the_key_is_long_and_in_a_cookie_that_no_script_reads(enter, settings):
    cookie = enter().cookies["sessionid"]
    assert len(cookie.value) >= 32
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["expires"]  # gone with the browser


def test_a_session_that_was_left_is_dead_on_the_server(enter):
    browser = enter()
    key = browser.cookies["sessionid"].value
    browser.post("/logout/")
    browser.cookies["sessionid"] = key
    assert not is_in(browser)
    assert not Session.objects.filter(session_key=key).exists()


def test_a_link_to_the_way_out_ends_nothing(enter):
    browser = enter()
    browser.get("/logout/")
    assert is_in(browser)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.com/",
        "//example.com/",
        "/\\example.com",
        "https:example.com",
        "javascript:alert(1)",
        "\thttps://example.com",
    ],
)
def test_the_way_back_leads_to_no_other_host(client, person, elsewhere):
    form = {"login": "person", "password": PASSWORD, "next": elsewhere}
    assert client.post("/login/", form).url == "/"


def test_a_disabled_account_is_out_at_its_next_request_everywhere(enter, admin, person):
    page, queue, part = enter(), enter(), enter()
    actions.disable(person, reason="调离", by=admin, at=timezone.now())
    assert page.get("/phones/").url.startswith("/login/")
    sent = queue.post("/visits/sync/", "{}", content_type="application/json")
    assert sent.status_code == 401
    answer = part.get("/phones/", headers={"hx-request": "true"})
    assert "/login/" in answer.headers.get("Location", "")
    form = {"login": "person", "password": PASSWORD}
    assert "账号已停用" in page.post("/login/", form, follow=True).text


def test_a_disabled_account_is_out_even_while_its_session_stands(enter, person):
    """Whatever path disabled it: the shell, an import, the database."""
    browser = enter()
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert not is_in(browser)


def test_an_enrolled_phone_of_a_disabled_account_is_none_any_more(enter, admin, person):
    browser = enter()
    browser.post("/password/again/", {"password": PASSWORD, "next": "/phones/new/"})
    form = {"label": "手机", "pin": "271828", "again": "271828"}
    assert browser.post("/phones/new/", form).status_code == 302
    actions.disable(person, reason="调离", by=admin, at=timezone.now())
    assert EnrolledPhone.objects.get().ended_why == EnrolledPhone.Ended.DISABLED
    answer = browser.post("/unlock/", {"pin": "271828"})
    assert answer.url.startswith("/login/")
    actions.enable(person, reason="调回", by=admin, at=timezone.now())
    assert not is_in(browser)


def test_the_owner_sees_where_and_since_when_and_which_is_this_one(enter):
    browser = enter(EDGE)
    enter(PHONE)
    page = browser.get("/sessions/").text
    assert "Windows 电脑上的 Edge" in page
    assert "安卓手机上的微信" in page
    assert page.count("这一个") == 1
    assert 'data-total="2"' in page
    assert not {"ip", "address"} & {f.name for f in SignedIn._meta.fields}


def test_the_last_act_is_known_to_the_minute(enter, monkeypatch):
    from accounts import middleware

    browser = enter()
    row = SignedIn.objects.get()
    SignedIn.objects.update(seen_at=row.seen_at - dt.timedelta(minutes=5))
    now = middleware._now() + 61
    monkeypatch.setattr(middleware, "_now", lambda: now)
    is_in(browser)
    row.refresh_from_db()
    assert timezone.now() - row.seen_at < dt.timedelta(minutes=1)


def test_one_of_ones_own_ends_and_the_others_go_on(enter):
    here, there, third = enter(), enter(PHONE), enter()
    row = SignedIn.objects.get(browser="安卓手机上的微信")
    assert here.post(f"/sessions/{row.pk}/end/").status_code == 302
    assert not is_in(there)
    assert is_in(third)
    assert is_in(here)
    assert Entry.objects.filter(verb="session.ended").count() == 1


def test_all_others_end_at_once(enter):
    here, there, third = enter(), enter(), enter()
    assert "别处的 2 个登录都已退出" in here.post("/sessions/end/", follow=True).text
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, False)


def test_nobody_ends_the_session_of_another(enter, client_of, staff, admin):
    browser = enter()
    row = SignedIn.objects.get()
    for user in (staff, admin):
        assert client_of(user).post(f"/sessions/{row.pk}/end/").status_code == 404
    url = f"/accounts/{row.user_id}/sessions/end/"
    assert client_of(staff).post(url).status_code == 403
    assert is_in(browser)


def test_the_administrator_ends_all_sessions_of_an_account(enter, client_of, admin):
    first, second = enter(), enter(PHONE)
    page = client_of(admin).get(f"/accounts/{SignedIn.objects.first().user_id}/")
    assert "安卓手机上的微信" in page.text
    url = f"/accounts/{SignedIn.objects.first().user_id}/sessions/end/"
    client_of(admin).post(url)
    assert not is_in(first)
    assert not is_in(second)
    assert Entry.objects.get(verb="session.ended").data == {"rows": 2}


def test_a_new_password_ends_the_others_on_the_list_too(enter):
    here, _ = enter(), enter()
    new = "Another-road-7"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    here.post("/password/", form)
    page = here.get("/sessions/").text
    assert 'data-total="1"' in page
    assert "这一个" in page


def test_what_went_by_itself_stands_on_no_list(enter):
    browser, gone = enter(), enter()
    gone.post("/logout/")
    assert 'data-total="1"' in browser.get("/sessions/").text
    SignedIn.objects.update(began_at=timezone.now() - dt.timedelta(hours=13))
    assert 'data-total="0"' in browser.get("/sessions/").text
    enter()
    assert SignedIn.objects.count() == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (EDGE, "Windows 电脑上的 Edge"),
        ("Mozilla/5.0 (iPhone; CPU) Version/18 Safari/604", "苹果手机上的 Safari"),
        ("Mozilla/5.0 (Windows NT 10.0) wxwork/4.1", "Windows 电脑上的企业微信"),
        ("curl/8", "认不出的设备"),
        ("", "认不出的设备"),
    ],
)
def test_a_browser_in_words(agent, words):
    assert sessions.browser_in_words(agent) == words
