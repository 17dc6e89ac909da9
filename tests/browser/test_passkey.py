"""A passkey, from setting it up to giving it up, with Chromium's own authenticator."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts import passwords
from accounts.rights import Role
from tests.browser.conftest import DESK, PHONE
from tests.factories import PostFactory
from tianshan.audit.models import Entry

PASSWORD = "Shan-road-2026"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def admin(seeded, street):
    return PostFactory(
        role=Role.SECURITY_ADMIN, grid=street, user__username="person"
    ).user


@pytest.fixture
def page(visitor, admin):
    """Nobody is signed in, and the device has an authenticator that says yes."""
    page = visitor(admin)
    page.context.clear_cookies()
    passwords.change(admin, PASSWORD, at=timezone.now())
    page.device = page.context.new_cdp_session(page)
    page.device.send("WebAuthn.enable")
    made = page.device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.authenticator = made["authenticatorId"]
    return page


def enter(page):
    page.goto("/login/")
    page.fill("[name=login]", "person")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def held(page):
    asked = {"authenticatorId": page.authenticator}
    return page.device.send("WebAuthn.getCredentials", asked)["credentials"]


def asked_again(page):
    page.wait_for_url("**/password/again/**")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="确认").click()


def test_an_administrator_sets_up_uses_and_removes_a_passkey(
    page, admin, settings, looked_at
):
    settings.MFA_REQUIRED_ROLES = {"security_admin"}
    enter(page)
    page.wait_for_url("**/security/")
    page.get_by_role("link", name="加通行密钥").click()
    asked_again(page)
    page.wait_for_url("**/security/keys/new/")
    looked_at(page, "/security/keys/new/", PHONE, DESK)
    page.fill("[name=name]", "办公室电脑")
    page.get_by_role("button", name="加通行密钥").click()
    page.wait_for_url("**/security/codes/")
    assert len(held(page)) == 1
    assert Authenticator.objects.filter(type="webauthn", user=admin).count() == 1
    page.goto("/accounts/")
    assert page.get_by_role("heading", name="账号", exact=True).count() == 1

    page.goto("/logout/")
    page.locator("main").get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login/")
    enter(page)
    page.wait_for_url("**/login/code/")
    page.goto("/accounts/")
    assert page.url.endswith("/login/code/")  # the password alone opens nothing
    page.get_by_role("button", name="用通行密钥").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/accounts/")
    assert page.url.endswith("/accounts/")

    page.goto("/security/")
    page.get_by_text("办公室电脑").wait_for()
    page.get_by_role("link", name="去掉", exact=True).click()
    asked_again(page)
    page.get_by_role("button", name="去掉“办公室电脑”").click()
    page.wait_for_url("**/security/")
    assert not Authenticator.objects.filter(user=admin).exists()
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"second_factor.key_added", "second_factor.key_removed"} <= verbs
    assert page.problems == []


def test_a_device_that_does_not_know_the_person_opens_nothing(page, admin):
    """Another device of the same make, with none of the keys."""
    enter(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/security/keys/new/")
    asked_again(page)
    page.get_by_role("button", name="加通行密钥").click()
    page.wait_for_url("**/security/codes/")
    page.context.clear_cookies()
    asked = {"authenticatorId": page.authenticator}
    page.device.send("WebAuthn.removeVirtualAuthenticator", asked)
    page.device.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": DEVICE | {"isUserVerified": False}},
    )
    enter(page)
    page.wait_for_url("**/login/code/")
    page.get_by_role("button", name="用通行密钥").click()
    page.get_by_text("没有成功：设备没有认出您").wait_for()
    page.goto("/accounts/")
    assert "/login/" in page.url
