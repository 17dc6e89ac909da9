"""Signing in: what is refused, and what is written down."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.factories import UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
GOOD = "Shan-road-2026"


@pytest.fixture
def person():
    user = UserFactory(username="person")
    user.set_password(GOOD)
    user.save()
    return user


def enter(client, password, *, name="person"):
    return client.post("/login/", {"login": name, "password": password})


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
