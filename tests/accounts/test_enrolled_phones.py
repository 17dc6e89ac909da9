"""A session ends when nobody is there; an enrolled phone asks for its PIN instead."""

import pytest
from django.utils import timezone

from accounts import middleware, phones
from accounts.models import EnrolledPhone
from tests.factories import UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"
PIN = "271828"
MINUTE, HOUR = 60, 60 * 60


class Clock:
    def __init__(self):
        self.now = int(timezone.now().timestamp())

    def goes_on(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(middleware, "_now", lambda: clock.now)
    return clock


@pytest.fixture
def person():
    user = UserFactory(username="person")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client):
    answer = client.post("/login/", {"login": "person", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def enrol(client, pin=PIN):
    """As the page has it: the password once more, then the form."""
    client.post("/password/again/", {"password": PASSWORD, "next": "/phones/new/"})
    form = {"label": "工作手机", "pin": pin, "again": pin}
    return client.post("/phones/new/", form)


@pytest.fixture
def enrolled(client, person, clock):
    assert enrol(sign_in(client)).status_code == 302
    return client


def signed_in(client):
    return client.get("/phones/").status_code == 200


def test_an_idle_session_ends_and_a_busy_one_goes_on(client, person, clock):
    sign_in(client)
    for _ in range(3):
        clock.goes_on(29 * MINUTE)
        assert signed_in(client)
    clock.goes_on(31 * MINUTE)
    answer = client.get("/phones/")
    assert answer.url == "/login/?next=/phones/"
    assert not signed_in(client)


def test_the_busiest_session_ends_after_twelve_hours(enrolled, clock):
    for _ in range(12 * HOUR // (20 * MINUTE)):
        clock.goes_on(20 * MINUTE)
        enrolled.get("/phones/")
    clock.goes_on(1)
    assert enrolled.get("/phones/").url == "/login/?next=/phones/"


def test_a_moment_of_another_session_vouches_for_nothing(client, person, clock):
    sign_in(client)
    seen = client.cookies["seen"].value
    client.post("/logout/")
    sign_in(client)
    client.cookies["seen"] = seen
    assert not signed_in(client)


def test_a_session_without_its_moment_has_been_idle(client, person, clock):
    sign_in(client)
    del client.cookies["seen"]
    assert not signed_in(client)


def test_a_new_password_does_not_end_the_session(client, person, clock):
    sign_in(client)
    new = "Another-road-7"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/password/", form).status_code == 302
    assert signed_in(client)


def test_an_idle_enrolled_phone_asks_for_its_pin_and_goes_on(enrolled, clock):
    clock.goes_on(2 * HOUR)
    answer = enrolled.get("/phones/?a=1")
    assert answer.url == "/unlock/?next=%2Fphones%2F%3Fa%3D1"
    page = enrolled.get(answer.url)
    assert "请输 PIN" in page.text
    # Looking at the page is not unlocking.
    assert enrolled.get("/phones/").status_code == 302
    answer = enrolled.post("/unlock/", {"pin": PIN, "next": "/phones/?a=1"})
    assert answer.url == "/phones/?a=1"
    assert signed_in(enrolled)


def test_a_form_sent_while_locked_is_not_stored_and_that_is_said(enrolled, clock):
    phone = EnrolledPhone.objects.get()
    clock.goes_on(2 * HOUR)
    answer = enrolled.post(f"/phones/{phone.pk}/remove/")
    assert answer.url == "/unlock/?next=%2F&unsaved=1"
    assert "没有保存" in enrolled.get(answer.url).text
    phone.refresh_from_db()
    assert phone.ended_at is None


def test_a_script_is_told_that_it_is_locked(enrolled, clock):
    clock.goes_on(2 * HOUR)
    answer = enrolled.get("/phones/", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json() == {"locked": True, "unlock": "/unlock/"}


def test_a_part_of_a_page_leads_the_page_to_the_pin(enrolled, clock):
    clock.goes_on(2 * HOUR)
    answer = enrolled.get("/phones/", headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"] == "/unlock/"


def test_five_wrong_pins_in_a_row_end_the_phone_and_the_session(enrolled, clock):
    clock.goes_on(2 * HOUR)
    for left in (4, 3, 2, 1):
        page = enrolled.post("/unlock/", {"pin": "000000"})
        assert f"还可以试 {left} 次" in page.text
    assert enrolled.post("/unlock/", {"pin": "000000"}).url == "/login/"
    phone = EnrolledPhone.objects.get()
    assert phone.ended_why == EnrolledPhone.Ended.WRONG_PIN
    assert "_auth_user_id" not in enrolled.session
    # The right one comes too late, on a new session too.
    assert phones.unlock(phone, pin=PIN, at=timezone.now()) is False
    sign_in(enrolled)
    clock.goes_on(2 * HOUR)
    assert enrolled.get("/phones/").url == "/login/?next=/phones/"


def test_a_right_pin_begins_the_count_anew(enrolled, clock):
    phone = EnrolledPhone.objects.get()
    at = timezone.now()
    for _ in range(3):
        for _ in range(4):
            assert not phones.unlock(phone, pin="000000", at=at)
        assert phones.unlock(phone, pin=PIN, at=at)


def test_the_pin_of_one_account_opens_no_other(enrolled, clock):
    other = UserFactory(username="other")
    other.set_password(PASSWORD)
    other.save()
    enrolled.post("/logout/")
    enrolled.post("/login/", {"login": "other", "password": PASSWORD})
    clock.goes_on(2 * HOUR)
    assert enrolled.get("/phones/").url == "/login/?next=/phones/"


def test_a_removed_phone_is_one_like_any_other(enrolled, clock):
    phone = EnrolledPhone.objects.get()
    assert enrolled.post(f"/phones/{phone.pk}/remove/").status_code == 302
    clock.goes_on(2 * HOUR)
    assert enrolled.get("/phones/").url == "/login/?next=/phones/"
    verbs = Entry.objects.filter(verb__startswith="phone.").values_list("verb")
    assert {verb for (verb,) in verbs} == {"phone.enrolled", "phone.ended"}


def test_nobody_removes_the_phone_of_another(enrolled, client_of):
    phone = EnrolledPhone.objects.get()
    answer = client_of(UserFactory()).post(f"/phones/{phone.pk}/remove/")
    assert answer.status_code == 404


def test_enrolling_asks_for_the_password_once_more(client, person, clock):
    sign_in(client)
    answer = client.get("/phones/new/")
    assert answer.url.startswith("/password/again/")
    form = {"label": "工作手机", "pin": PIN, "again": PIN}
    assert client.post("/phones/new/", form).url.startswith("/password/again/")
    assert not EnrolledPhone.objects.exists()


@pytest.mark.parametrize("pin", ["111111", "123456", "987654", "121212", "123123"])
def test_a_pin_that_everybody_guesses_is_refused(client, person, clock, pin):
    page = enrol(sign_in(client), pin)
    assert "太好猜" in page.text
    assert not EnrolledPhone.objects.exists()


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "２７１８２８"])
def test_a_pin_is_six_digits(client, person, clock, pin):
    assert "6 位数字" in enrol(sign_in(client), pin).text
    assert not EnrolledPhone.objects.exists()


def test_neither_pin_nor_token_is_stored_or_kept_in_history(enrolled):
    phone = EnrolledPhone.objects.get()
    assert PIN not in phone.pin
    assert enrolled.cookies["phone"].value != phone.token_hash
    columns = {field.name for field in phone.events.model._meta.fields}
    assert not columns & {"pin", "token_hash"}


def test_no_more_than_three_phones(enrolled):
    assert enrol(enrolled, "314159").status_code == 302
    assert enrol(enrolled, "161803").status_code == 302
    assert "先移除" in enrol(enrolled, "141421").text


def test_the_way_back_leads_to_no_other_host(enrolled, clock):
    clock.goes_on(2 * HOUR)
    answer = enrolled.post("/unlock/", {"pin": PIN, "next": "https://example.com/"})
    assert answer.url == "/"
