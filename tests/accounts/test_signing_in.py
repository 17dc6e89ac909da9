"""Signing in: what is refused, what is slowed down, what is written down."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError

from tests.factories import UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
GOOD = "Shan-road-2026"
LIMITS = {"login_failed": "100/15m/ip,5/15m/key"}


@pytest.fixture
def person():
    user = UserFactory(username="person")
    user.set_password(GOOD)
    user.save()
    return user


@pytest.fixture
def limited(settings):
    settings.ACCOUNT_RATE_LIMITS = LIMITS
    cache.clear()
    yield
    cache.clear()


def enter(client, password, *, name="person", **headers):
    return client.post("/login/", {"login": name, "password": password}, **headers)


@pytest.mark.parametrize(
    "weak", ["Short-1", "onlysmallletters", "small1234567", "password123", "12345678"]
)
def test_a_weak_password_is_refused(weak):
    with pytest.raises(ValidationError):
        validate_password(weak)


def test_three_kinds_of_characters_in_eight_suffice():
    validate_password("Shan2026")


def test_signing_in_and_out_and_failing_are_written_down(client, person):
    assert enter(client, "wrong").status_code == 200
    assert enter(client, GOOD).status_code == 302
    client.post("/logout/")
    verbs = list(Entry.objects.order_by("pk").values_list("verb", "by"))
    assert verbs == [
        ("account.sign_in_failed", None),
        ("account.signed_in", person.pk),
        ("account.signed_out", person.pk),
    ]


def test_a_name_that_nobody_has_is_not_written_down(client, person):
    enter(client, "wrong", name="Passw0rd-typed-too-early")
    assert not Entry.objects.exists()


def test_five_failures_lock_the_name_and_no_other(client, person, limited):
    for _ in range(5):
        enter(client, "wrong")
    assert enter(client, GOOD).status_code == 200
    other = UserFactory(username="other")
    other.set_password(GOOD)
    other.save()
    assert enter(client, GOOD, name="other").status_code == 302


def test_behind_a_proxy_its_word_on_the_client_counts(client, settings, limited):
    """Two clients of one proxy: what one of them mistypes does not lock the other."""
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/15m/ip"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    UserFactory(username="person")
    for number in range(4):
        enter(
            client,
            "wrong",
            name=f"nobody{number}",
            headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.1"},
        )
    said = enter(client, "wrong", headers={"X-Forwarded-For": "192.0.2.1"})
    assert "过多" in said.text or "稍后" in said.text
    said = enter(client, "wrong", headers={"X-Forwarded-For": "192.0.2.2"})
    assert "不正确" in said.text
