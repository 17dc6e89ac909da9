"""What a password may be, when it has to be changed, and what changing it ends."""

import datetime as dt

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import passwords
from accounts.models import User
from accounts.rights import Role
from tests.factories import NOON, PostFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def word(number):
    return f"Shan-road-{number:02}"


@pytest.fixture
def person():
    user = UserFactory(username="person")
    passwords.change(user, word(1), at=timezone.now())
    return user


FIRST = word(1)


def sign_in(client, password=FIRST):
    answer = client.post("/login/", {"login": "person", "password": password})
    assert answer.status_code == 302
    return client


def change(client, old, new):
    form = {"oldpassword": old, "password1": new, "password2": new}
    return client.post("/password/", form)


def test_none_of_the_last_five_is_taken_again(client, person):
    sign_in(client)
    for number in range(2, 7):
        assert change(client, word(number - 1), word(number)).status_code == 302
    for number in range(2, 7):
        page = change(client, word(6), word(number))
        assert "最近用过的 5 个密码不能再用" in page.text
    assert change(client, word(6), word(1)).status_code == 302


def test_no_hash_leaves_the_server_or_enters_history(client, person):
    sign_in(client)
    change(client, word(1), word(2))
    person.refresh_from_db()
    assert len(person.used_passwords) == 1
    columns = {field.name for field in person.events.model._meta.fields}
    assert not columns & {"password", "used_passwords"}


@pytest.mark.parametrize(
    "weak", ["My-person-77", "Tianshan-2026", "Wg-天山-2026x", "DangJian-2026"]
)
def test_the_accounts_name_and_the_places_words_are_refused(person, weak):
    with pytest.raises(ValidationError):
        validate_password(weak, person)


def test_a_long_password_with_blanks_is_taken_as_it_is(client, person):
    sign_in(client)
    long = " Four Words Of 7 and more " * 4
    assert change(client, word(1), long).status_code == 302
    client.post("/logout/")
    sign_in(client, long)


def test_a_password_set_by_another_leads_every_page_to_its_change(client, person):
    passwords.change(person, word(2), at=timezone.now(), first=True)
    sign_in(client, word(2))
    for url in ("/", "/phones/", "/me/", "/work/", "/businesses/?format=csv"):
        answer = client.get(url)
        assert (answer.status_code, answer.url) == (302, "/password/")
    assert client.post("/phones/new/", {}).url == "/password/"
    part = client.get("/me/", headers={"hx-request": "true"})
    assert part.headers["HX-Redirect"] == "/password/"
    shown = {"hx-request": "true", "hx-current-url": "http://testserver/password/"}
    part = client.get("/notices/unread/", headers=shown)
    assert part.status_code == 204
    assert "HX-Redirect" not in part.headers
    asked = client.get("/me/", headers={"accept": "application/json"})
    assert asked.status_code == 401
    page = client.get("/password/")
    assert "现在的密码是别人设的" in page.text
    assert "不改了" not in page.text

    assert change(client, word(2), word(3)).url == "/"
    assert client.get("/me/").status_code == 200
    assert not User.objects.get(pk=person.pk).password_is_first


def test_a_queue_of_a_phone_keeps_what_it_has(client, person, grid):
    PostFactory(user=person, role=Role.GRID_STAFF, grid=grid)
    passwords.change(person, word(2), at=timezone.now(), first=True)
    sign_in(client, word(2))
    answer = client.post("/visits/sync/", "{}", content_type="application/json")
    assert answer.status_code == 401
    assert "登录安全" in answer.json()["reason"]


def test_who_has_to_change_the_password_may_leave(client, person):
    passwords.change(person, word(2), at=timezone.now(), first=True)
    sign_in(client, word(2))
    assert client.post("/logout/").url == "/login/"
    assert client.get("/me/").url.startswith("/login/")


@pytest.mark.parametrize(
    ("age", "left"),
    [(0 * DAY, 89), (82 * DAY, 7), (89 * DAY, 0), (90 * DAY, -1), (95 * DAY, -6)],
)
def test_days_left_of_a_password(person, settings, age, left):
    settings.PASSWORD_DAYS = 90
    person.password_set_at = NOON
    assert passwords.days_left(person, NOON + age) == left


def test_nobody_asks_for_regular_change_unless_it_is_set(person):
    assert passwords.days_left(person, NOON + 9000 * DAY) is None


def test_of_a_password_without_a_date_the_account_is_the_oldest(person, settings):
    settings.PASSWORD_DAYS = 90
    person.password_set_at, person.date_joined = None, NOON
    assert passwords.days_left(person, NOON + 90 * DAY) == -1


def test_a_week_before_it_is_said_and_then_it_is_due(client, person, settings):
    settings.PASSWORD_DAYS = 90
    sign_in(client)
    assert "到期" not in client.get("/me/").text
    now = timezone.now()
    User.objects.filter(pk=person.pk).update(password_set_at=now - 85 * DAY)
    assert "密码再过 4 天到期" in client.get("/me/").text
    User.objects.filter(pk=person.pk).update(password_set_at=now - 91 * DAY)
    assert client.get("/me/").url == "/password/"
    assert "密码用满期限了" in client.get("/password/").text


def test_changing_the_password_ends_all_other_sessions(client, person, client_of):
    other = sign_in(type(client)())
    sign_in(client)
    assert other.get("/me/").status_code == 200
    change(client, word(1), word(2))
    assert other.get("/me/").url.startswith("/login/")
    assert client.get("/me/").status_code == 200


def test_a_first_password_that_nobody_used_for_a_week_opens_nothing(client, person):
    passwords.change(person, word(2), at=timezone.now() - 8 * DAY, first=True)
    form = {"login": "person", "password": word(2)}
    assert "第一个密码过期了" in client.post("/login/", form).text
    assert client.get("/me/").url.startswith("/login/")


def test_the_pages_call_everybody_by_the_same_polite_word(client, staff):
    """Hints and refusals of Django and allauth too."""
    passwords.change(staff, "Shan-road-2026", at=timezone.now())
    client.post("/login/", {"login": "staff", "password": "Shan-road-2026"})
    pages = [client.get("/password/")]
    for new in ("a", "password", "12345678", "Shan-road-2026", "Tianshan-1", ""):
        form = {"oldpassword": "wrong", "password1": new, "password2": "other"}
        pages.append(client.post("/password/", form))
    pages += [
        client.get("/password/again/"),
        client.post("/password/again/", {"password": "wrong"}),
        client.get("/security/"),
        client.get("/sessions/"),
        client.get("/phones/"),
    ]
    assert all(page.status_code == 200 for page in pages)
    assert [page.request["PATH_INFO"] for page in pages if "你" in page.text] == []
    assert "密码至少要 8 个字符" in pages[0].text
