"""A second factor: set up, asked for, required of some roles, and given up."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils import timezone

from accounts import actions, passwords
from accounts.rights import Role
from tests.factories import PostFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"


@pytest.fixture
def auditor(street):
    user = PostFactory(role=Role.AUDITOR, grid=street, user__username="person").user
    passwords.change(user, PASSWORD, at=timezone.now())
    return user


def enter(client):
    return client.post("/login/", {"login": "person", "password": PASSWORD})


def again(client):
    client.post("/password/again/", {"password": PASSWORD, "next": "/security/"})


def code_of(secret, later=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def set_up(client, callbacks):
    """As the page has it: password, code of the shown secret, codes to write down."""
    enter(client)
    again(client)
    client.get("/security/app/new/")
    secret = client.session["mfa.totp.secret"]
    with callbacks(execute=True):
        answer = client.post("/security/app/new/", {"code": code_of(secret)})
    assert answer.url == "/security/codes/"
    return secret


@pytest.fixture
def codes(client, auditor, django_capture_on_commit_callbacks):
    """The account has a second factor: its secret and recovery codes."""
    secret = set_up(client, django_capture_on_commit_callbacks)
    page = client.get("/security/codes/").text
    shown = re.findall(r"<li>(\d{8})</li>", page)
    client.post("/logout/")
    return secret, shown


def test_without_a_second_factor_the_password_suffices(client, auditor):
    assert enter(client).url == "/"
    assert client.get("/audit/").status_code == 200


def test_a_role_of_which_it_is_asked_sets_it_up_first(client, auditor, settings):
    settings.MFA_REQUIRED_ROLES = {"auditor"}
    enter(client)
    for url in ("/", "/audit/", "/me/", "/sessions/"):
        assert client.get(url).url == "/security/"
    shown = {
        "hx-request": "true",
        "hx-current-url": "http://testserver/password/again/",
    }
    part = client.get("/notices/unread/", headers=shown)
    assert "HX-Redirect" not in part.headers
    assert "您的岗位登录要有第二因素" in client.get("/security/").text
    assert client.get("/security/app/new/").url.startswith("/password/again/")
    assert client.post("/logout/").url == "/login/"


def test_who_has_set_it_up_goes_on(
    client, auditor, settings, django_capture_on_commit_callbacks
):
    settings.MFA_REQUIRED_ROLES = {"auditor"}
    set_up(client, django_capture_on_commit_callbacks)
    assert client.get("/audit/").status_code == 200


def test_nobody_else_is_asked(client_of, staff, settings):
    settings.MFA_REQUIRED_ROLES = {"auditor"}
    assert client_of(staff).get("/me/").status_code == 200


def test_the_password_alone_opens_nothing_any_more(client, codes):
    assert enter(client).url == "/login/code/"
    assert client.get("/audit/").url.startswith("/login/")
    page = client.post("/login/code/", {"code": "000000"})
    assert page.status_code == 200
    assert "请输验证器上现在的 6 位数字" in page.text
    assert client.get("/audit/").url.startswith("/login/")


def test_the_code_of_the_app_opens_and_none_serves_twice(client, codes):
    secret, _ = codes
    enter(client)
    code = code_of(secret, later=1)
    assert client.post("/login/code/", {"code": code}).url == "/"
    assert client.get("/audit/").status_code == 200
    client.post("/logout/")
    enter(client)
    assert client.post("/login/code/", {"code": code}).status_code == 200


def test_a_recovery_code_opens_once(client, codes):
    code = codes[1][0]
    enter(client)
    assert client.post("/login/code/", {"code": code}).url == "/"
    client.post("/logout/")
    enter(client)
    assert client.post("/login/code/", {"code": code}).status_code == 200


def test_recovery_codes_are_shown_once(client, codes):
    secret, shown = codes
    assert len(shown) == 10
    enter(client)
    client.post("/login/code/", {"code": code_of(secret, later=1)})
    page = client.get("/security/codes/").text
    assert not any(code in page for code in shown)


def test_what_is_stored_opens_nothing(codes, auditor):
    secret, shown = codes
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in shown)


def test_setting_it_up_is_written_down(codes, auditor):
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert "second_factor.app_added" in verbs


def test_setting_it_up_asks_for_the_password_once_more(client, auditor):
    enter(client)
    for url in ("/security/app/new/", "/security/keys/new/", "/security/codes/new/"):
        assert client.get(url).url.startswith("/password/again/")


def test_the_pages_hold_no_script_of_their_own(client, auditor):
    enter(client)
    again(client)
    page = client.get("/security/keys/new/").text
    assert 'data-passkey="create"' in page
    assert '<script id="passkey-data" type="application/json">' in page
    assert "onclick" not in page
    assert "allauth" not in page


def test_a_passkey_that_nobody_made_is_refused(client, auditor):
    enter(client)
    again(client)
    page = client.post("/security/keys/new/", {"name": "x", "credential": "{}"})
    assert page.status_code == 200
    assert not Authenticator.objects.exists()


def test_the_administrator_clears_what_was_lost(client, codes, auditor, street):
    admin = PostFactory(role=Role.SECURITY_ADMIN, grid=street).user
    now = timezone.now()
    actions.drop_second_factor(auditor, reason="手机丢了", by=admin, at=now)
    assert enter(client).url == "/"
    entry = Entry.objects.get(verb="second_factor.dropped")
    assert (entry.by, entry.data) == (admin, {"reason": "手机丢了"})
    with pytest.raises(actions.Refused):
        actions.drop_second_factor(admin, reason="自己", by=admin, at=now)
