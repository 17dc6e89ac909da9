"""Wrong passwords: how many, how long the pause, and whom it does not touch."""

import datetime as dt
import threading

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.utils import timezone

from accounts import guard, passwords
from accounts.models import SignInPause
from accounts.rights import Role
from tests.factories import NOON, PostFactory, UserFactory
from tianshan.audit.models import Entry

MINUTE = dt.timedelta(minutes=1)
GOOD = "Shan-road-2026"


@pytest.fixture
def person(db):
    user = UserFactory(username="person")
    passwords.change(user, GOOD, at=timezone.now())
    return user


def enter(client, password, *, name="person", **headers):
    return client.post("/login/", {"login": name, "password": password}, **headers)


def wrong(number, *, name="person", address="192.0.2.1", browser="", at=NOON):
    for _ in range(number):
        guard.take(name, address=address, browser=browser, at=at)


def is_paused(*, name="person", address="192.0.2.1", browser="", at=NOON):
    try:
        rows = guard.take(name, address=address, browser=browser, at=at)
    except guard.Paused:
        return True
    guard.give_back(rows)
    return False


def test_four_wrong_are_borne_and_five_are_not(person):
    wrong(4)
    assert not is_paused()
    wrong(5)
    assert is_paused(at=NOON + 4 * MINUTE)
    assert not is_paused(at=NOON + 5 * MINUTE)


def test_five_in_more_than_a_quarter_of_an_hour_are_borne(person):
    wrong(4)
    wrong(1, at=NOON + 15 * MINUTE)
    assert not is_paused(at=NOON + 15 * MINUTE)


def test_each_series_has_a_longer_pause_until_a_day_without_one(person):
    at, pauses = NOON, []
    for _ in range(8):
        wrong(5, at=at)
        until = SignInPause.objects.get(kind="account").until
        pauses.append((until - at) // MINUTE)
        at = until
    assert pauses == [5, 10, 20, 40, 80, 160, 240, 240]
    at += 24 * 60 * MINUTE
    wrong(5, at=at)
    assert SignInPause.objects.get(kind="account").until == at + 5 * MINUTE


def test_the_right_password_begins_anew(person):
    wrong(4)
    assert not is_paused()
    wrong(4)
    assert not is_paused()


def test_twenty_wrong_from_one_address_stop_strangers_there_alone(person):
    for number in range(20):
        wrong(1, name=f"nobody{number}")
    assert is_paused(name="somebody")
    assert not is_paused(name="somebody", address="192.0.2.2")
    assert not is_paused(browser="known.browser")


def test_who_signs_in_between_lends_an_address_no_more_tries(person):
    for number in range(19):
        wrong(1, name=f"nobody{number}")
        assert not is_paused(name="person")
    wrong(1, name="nobody19")
    assert is_paused(name="person")


def test_wrong_ones_in_a_known_browser_count_for_it_alone(person):
    wrong(5, browser="known.one")
    assert is_paused(browser="known.one")
    assert not is_paused(browser="known.two")
    assert not is_paused()
    kinds = set(SignInPause.objects.values_list("kind", flat=True))
    assert kinds == {"browser", "account", "address"}


def test_neither_name_nor_address_is_kept(person):
    wrong(1, name="Passw0rd-typed-too-early")
    for row in SignInPause.objects.values():
        assert "Passw0rd" not in str(row)
        assert "192.0.2.1" not in str(row)


def test_what_is_a_day_old_is_gone(person):
    wrong(1, name="nobody", address="192.0.2.9")
    wrong(1, at=NOON + 25 * 60 * MINUTE)
    assert SignInPause.objects.filter(last_at=NOON).count() == 0


def test_the_pause_is_said_in_minutes_and_opens_nothing(client, person):
    for _ in range(5):
        assert "不正确" in enter(client, "wrong").text
    page = enter(client, GOOD)
    assert "输错次数过多，请过 5 分钟再试" in page.text
    assert client.get("/me/").status_code == 302
    verbs = list(Entry.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["account.sign_in_failed"] * 5 + ["account.paused"]


def test_a_name_in_other_letters_is_the_same_name(client, person):
    for name in ("person", "Person", "PERSON", "pErson", " person"):
        enter(client, "wrong", name=name)
    assert "输错次数过多" in enter(client, GOOD).text


def test_a_stranger_locks_nobody_out_of_a_known_browser(client, person):
    assert enter(client, GOOD).status_code == 302
    client.post("/logout/")
    stranger = type(client)()
    for _ in range(6):
        enter(stranger, "wrong")
    assert "输错次数过多" in enter(stranger, GOOD).text
    assert enter(client, GOOD).status_code == 302


def test_a_browser_known_for_one_account_is_not_for_another(client, person):
    other = UserFactory(username="other")
    passwords.change(other, GOOD, at=timezone.now())
    enter(client, GOOD)
    client.post("/logout/")
    for _ in range(5):
        enter(client, "wrong", name="other")
    stranger = type(client)()
    assert "输错次数过多" in enter(stranger, GOOD, name="other").text


@pytest.mark.parametrize("forged", ["a.b", "a.b:c", ""])
def test_a_forged_cookie_makes_no_browser_known(client, person, forged):
    client.cookies["known"] = forged
    for _ in range(5):
        enter(client, "wrong")
    assert SignInPause.objects.get(kind="account").wrong == 5


def test_asking_for_the_password_again_counts_too(client, person):
    enter(client, GOOD)
    for _ in range(5):
        client.post("/password/again/", {"password": "wrong"})
    page = client.post("/password/again/", {"password": GOOD, "next": "/me/"})
    assert page.status_code == 200
    assert "输错次数过多" in page.text


def test_an_unknown_name_gets_the_same_answers(client, person):
    known = [enter(client, "wrong").text for _ in range(6)]
    unknown = [enter(client, "wrong", name="nobody").text for _ in range(6)]

    def said(pages):
        return [page.split('role="alert"')[1].split("</div>")[0] for page in pages]

    assert said(known) == said(unknown)
    assert "过多" in said(known)[5]


def test_an_unknown_name_costs_as_much_work(client, person, monkeypatch):
    """What is slow on purpose is done once for either, so neither is told by the time."""
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: (
            hashed.append(password) or encode(self, password, salt)
        ),
    )
    for name in ("person", "nobody"):
        enter(client, "wrong", name=name)
        assert hashed == ["wrong"], name
        hashed.clear()


def test_behind_a_proxy_its_word_on_the_client_counts(client, settings, person):
    """Two clients of one proxy: what one of them mistypes does not stop the other."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(20):
        enter(
            client,
            "wrong",
            name=f"nobody{number}",
            headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.1"},
        )
    said = enter(client, GOOD, headers={"X-Forwarded-For": "192.0.2.1"})
    assert "输错次数过多" in said.text
    said = enter(client, GOOD, headers={"X-Forwarded-For": "192.0.2.2"})
    assert said.status_code == 302


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_together():
    """Twelve tries at the same moment, by as many connections: five are looked at."""
    UserFactory(username="person")
    start, looked_at = threading.Barrier(12), []

    def attempt():
        start.wait()
        try:
            guard.take("person", address="192.0.2.1", browser="", at=NOON)
            looked_at.append(1)
        except guard.Paused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == 5


@pytest.fixture
def admin(street):
    return PostFactory(role=Role.SECURITY_ADMIN, grid=street).user


def test_the_administrator_sees_who_waits_and_lifts_it(client_of, admin, person):
    wrong(5, at=timezone.now())
    client = client_of(admin)
    assert "登录暂停到" in client.get("/accounts/").text
    url = f"/accounts/{person.pk}/unlock/"
    assert client.post(url).status_code == 302
    assert "登录暂停到" not in client.get("/accounts/").text
    assert not is_paused(at=timezone.now())
    entry = Entry.objects.get(verb="account.unlocked")
    assert (entry.by, entry.subject_id) == (admin, person.pk)


def test_nobody_else_lifts_a_pause(client_of, staff, person):
    wrong(5)
    assert client_of(staff).post(f"/accounts/{person.pk}/unlock/").status_code == 403
    assert is_paused()
