"""Keys: bound, rotated, missing, wrong; nothing is lost and nothing written over."""

import secrets
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cases import rotating, sealing
from cases.models import Identity
from tests.cases.conftest import FACTS

pytestmark = pytest.mark.django_db


def key():
    return secrets.token_urlsafe(32)


def test_each_field_opens_as_it_was_sealed(case):
    assert case.identity.opened() == FACTS


def test_the_same_words_are_never_the_same_bytes(register, helper):
    one, two = (register(helper).identity for _ in range(2))
    assert bytes(one.name) != bytes(two.name)


@pytest.mark.parametrize("field", Identity.FIELDS)
def test_what_was_moved_to_another_field_or_case_does_not_open(register, helper, field):
    one, two = register(helper).identity, register(helper).identity
    other = next(name for name in Identity.FIELDS if name != field)
    setattr(one, field, getattr(one, other))
    with pytest.raises(sealing.KeyProblem):
        one.opened()
    one.refresh_from_db()
    # A whole row of another case, its key included.
    for name in ("data_key", "sealed_with", *Identity.FIELDS):
        setattr(one, name, getattr(two, name))
    with pytest.raises(sealing.KeyProblem):
        one.opened()


def test_a_changed_byte_is_found(case):
    identity = case.identity
    changed = bytearray(identity.note)
    changed[-1] ^= 1
    identity.note = bytes(changed)
    with pytest.raises(sealing.KeyProblem, match="改动过"):
        identity.opened()


# --- missing, malformed, another -------------------------------------------------------------

BAD = {
    "missing": [],
    "malformed": ["short"],
    "another": ["YW5vdGhlci1rZXktb2YtdGhlLXNhbWUtbGVuZ3RoISE"],
}


@pytest.mark.parametrize("kind", BAD)
def test_without_its_key_a_case_says_so_and_nothing_is_written_over(
    client_of, case, helper, coordinator, settings, kind
):
    before = Identity.objects.filter(pk=case.identity.pk).values().get()
    kept = settings.CASES_KEYS
    settings.CASES_KEYS = BAD[kind]
    client = client_of(helper)
    url = case.get_absolute_url()
    for answer in (
        client.get(url),
        client.post(f"{url}show/", {"field": "phone"}),
        client.get(f"{url}edit/"),
        client.post(f"{url}edit/", FACTS),
    ):
        assert answer.status_code == 503
        assert "帮办内容打不开" in answer.text
        assert "没有丢，也没有改动" in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
    # The portal goes on, the list and the coordinator's part of the case too.
    assert client.get("/cases/").status_code == 200
    assert client.get("/me/").status_code == 200
    assert client_of(coordinator).get(url).status_code == 200

    assert Identity.objects.filter(pk=case.identity.pk).values().get() == before
    settings.CASES_KEYS = kept
    assert FACTS["name"] in client.get(url).text


@pytest.mark.parametrize("name", ["CASES_KEYS", "CASES_LOOKUP_KEY"])
def test_without_a_key_no_case_is_written_down(
    client_of, coordinator, maotai, renewal, settings, name
):
    setattr(settings, name, type(getattr(settings, name))())
    form = {"item": renewal.pk, "place": "home", "neighborhood": maotai.pk, **FACTS}
    answer = client_of(coordinator).post("/cases/new/", form)
    assert answer.status_code == 503
    assert not Identity.objects.exists()


@pytest.mark.parametrize("keys", BAD.values(), ids=BAD)
def test_the_check_at_the_start_says_what_is_amiss(settings, keys):
    settings.CASES_KEYS = keys
    warned = [warning.id for warning in sealing.check_keys()]
    assert warned == ([] if keys and len(keys[0]) > 40 else ["cases.W001"])


# --- another key ---------------------------------------------------------------------------


def rotate():
    said = StringIO()
    call_command("rotate_case_keys", stdout=said)
    return said.getvalue()


def test_after_a_rotation_the_old_key_may_go(register, helper, settings):
    cases = [register(helper) for _ in range(3)]
    events = Identity.events.rel.related_model.objects.count()
    settings.CASES_KEYS = [key(), *settings.CASES_KEYS]
    assert "重新封存 3 件，还剩 0 件" in rotate()
    settings.CASES_KEYS = settings.CASES_KEYS[:1]
    assert [Identity.objects.get(case=case).opened() for case in cases] == [FACTS] * 3
    assert "重新封存 0 件" in rotate()
    # Wrapping anew leaves no history, and so no ciphertext under two keys.
    assert Identity.events.rel.related_model.objects.count() == events


def test_a_new_key_for_phones_finds_the_same_cases(register, helper, settings):
    case = register(helper)
    settings.CASES_LOOKUP_KEY = key()
    assert rotating.to_rotate().count() == 1
    rotate()
    sought = sealing.phone_hash(FACTS["phone"])
    assert Identity.objects.get(phone_hash=sought).case == case


def test_what_no_key_opens_stays_as_it_is_and_is_told(register, helper, settings):
    lost = register(helper)
    before = Identity.objects.filter(case=lost).values().get()
    settings.CASES_KEYS = [key()]
    kept = register(helper)
    settings.CASES_KEYS = [key(), *settings.CASES_KEYS]
    with pytest.raises(CommandError, match="有 1 件现有的密钥打不开"):
        rotate()
    assert Identity.objects.filter(case=lost).values().get() == before
    assert Identity.objects.get(case=kept).opened() == FACTS


def test_a_rotation_without_keys_changes_nothing(register, helper, settings):
    case = register(helper)
    before = Identity.objects.filter(case=case).values().get()
    settings.CASES_KEYS = []
    with pytest.raises(CommandError, match="什么也没有改"):
        rotate()
    assert Identity.objects.filter(case=case).values().get() == before


def test_a_rotation_that_stops_half_way_goes_on(register, helper, settings):
    cases = [register(helper) for _ in range(5)]
    settings.CASES_KEYS = [key(), *settings.CASES_KEYS]

    class Killed(BaseException):
        pass

    def kill(number):
        if number == 4:
            raise Killed

    with pytest.raises(Killed):
        rotating.rotate(batch=2, said=kill)
    assert rotating.to_rotate().count() == 1
    assert [Identity.objects.get(case=case).opened() for case in cases] == [FACTS] * 5
    assert rotating.rotate() == (1, 0)
    settings.CASES_KEYS = settings.CASES_KEYS[:1]
    assert [Identity.objects.get(case=case).opened() for case in cases] == [FACTS] * 5
