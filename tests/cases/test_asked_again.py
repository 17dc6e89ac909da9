"""A help case is unsealed for whoever lately said who they are, and for nobody else."""

import ast
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import passwords
from accounts.models import Subject
from accounts.rights import Role
from tests.accounts.test_second_factor import code_of
from tests.accounts.test_sign_on import go, provider
from tests.cases.conftest import FACTS
from tests.conftest import gave_password
from tests.factories import PostFactory

__all__ = ["provider"]

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"
MINUTES = 60


@pytest.fixture
def helper(helper):
    passwords.change(helper, PASSWORD, at=timezone.now())
    return helper


@pytest.fixture
def browser(helper):
    """The helper's, in which the password was given too long ago."""
    client = Client()
    client.force_login(helper)
    return gave_password(client, helper, ago=16 * MINUTES)


def asked_at(answer):
    """`(address of the question, the page to which it leads back)`"""
    assert answer.status_code == 302
    parts = urlsplit(answer.url)
    return parts.path, parse_qs(parts.query)["next"][0]


def test_it_opens_within_the_minutes_after_signing_in(client, helper, case):
    url = case.get_absolute_url()
    client.post("/login/", {"login": "helper", "password": PASSWORD})
    assert FACTS["name"] in client.get(url).text
    gave_password(client, helper, ago=14 * MINUTES)
    assert FACTS["name"] in client.get(url).text
    gave_password(client, helper, ago=16 * MINUTES)
    assert asked_at(client.get(url)) == ("/password/again/", url)


def test_the_minutes_are_a_setting(browser, case, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 20 * MINUTES
    assert FACTS["name"] in browser.get(case.get_absolute_url()).text


@pytest.mark.parametrize("path", ["", "edit/"])
def test_the_way_back_leads_to_the_page_asked_for(browser, case, path):
    url = case.get_absolute_url() + path
    question = browser.get(url)
    assert asked_at(question) == ("/password/again/", url)
    assert case.readings().count() == 0
    page = browser.get(question.url).text
    assert "刚才那一步还没有办" not in page
    wrong = browser.post("/password/again/", {"password": "no", "next": url})
    assert wrong.status_code == 200
    assert browser.get(url).status_code == 302
    right = browser.post("/password/again/", {"password": PASSWORD, "next": url})
    assert right.url == url
    assert FACTS["name"] in browser.get(url).text


def test_a_press_leads_back_to_the_case_which_says_so(browser, case):
    """Nothing was shown, and the press is made again there."""
    url = case.get_absolute_url()
    question = browser.post(f"{url}show/", {"field": "phone"})
    assert asked_at(question) == ("/password/again/", url)
    assert "请再点一次" in browser.get(question.url).text
    browser.post("/password/again/", {"password": PASSWORD, "next": url})
    assert case.readings().count() == 0
    assert FACTS["phone"] in browser.post(f"{url}show/", {"field": "phone"}).text


def test_what_was_typed_is_saved_without_a_question_and_shows_nothing(browser, case):
    url = f"{case.get_absolute_url()}edit/"
    page = browser.post(url, {"name": ""}).text
    assert "必填" in page
    assert not any(FACTS[field] in page for field in ("phone", "address"))
    answer = browser.post(url, FACTS | {"name": "李阿姨", "expires_on": ""})
    assert answer.url == case.get_absolute_url()
    case.identity.refresh_from_db()
    assert case.identity.opened()["name"] == "李阿姨"
    assert case.readings().count() == 0
    assert not any(text in str(dict(browser.session)) for text in FACTS.values())


def test_another_account_s_password_does_not_count(browser, case, second):
    gave_password(browser, second)
    assert browser.get(case.get_absolute_url()).status_code == 302


def test_who_sees_no_content_is_not_asked(coordinator, case):
    client = Client()
    client.force_login(coordinator)
    assert "只有帮办员能看" in client.get(case.get_absolute_url()).text
    assert client.get("/cases/").status_code == 200


def test_the_second_factor_does_as_well(browser, helper, case):
    secret = generate_totp_secret()
    TOTP.activate(helper, secret)
    url = case.get_absolute_url()
    page = browser.get(browser.get(url).url).text
    assert "用验证器的数字" in page
    form = {"code": code_of(secret), "next": url}
    assert browser.post("/security/again/", form).url == url
    assert FACTS["name"] in browser.get(url).text


# --- by single sign-on -----------------------------------------------------------------


@pytest.fixture
def came_by_city(client, provider, helper):
    Subject.objects.create(user=helper, provider="city", subject="city-42")
    assert go(client, provider)[1].url == "/"
    return client


def anew(client, provider, url, **claims):
    """Out from the question, and back from the provider, which says this."""
    out = client.post("/login/by/city/again/", {"next": url})
    asked = {k: v[0] for k, v in parse_qs(urlsplit(out.url).query).items()}
    provider.claims = {"nonce": asked["nonce"]} | claims
    back = {"state": asked["state"], "code": "abc"}
    return asked, client.get("/login/by/city/back/", back)


def now():
    return int(timezone.now().timestamp())


def test_who_came_by_single_sign_on_goes_there_anew(came_by_city, provider, case):
    url = case.get_absolute_url()
    assert asked_at(came_by_city.get(url)) == ("/login/by/city/again/", url)
    page = came_by_city.get(f"/login/by/city/again/?next={url}").text
    assert "到市统一登录再登录一次" in page
    assert "用密码" in page
    asked, answer = anew(came_by_city, provider, url, auth_time=now())
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert answer.url == url
    assert FACTS["name"] in came_by_city.get(url).text


@pytest.mark.parametrize(
    "claims",
    [{}, {"auth_time": 1}, {"auth_time": "now"}, {"auth_time": True}],
    ids=["unsaid", "long ago", "words", "no number"],
)
def test_an_old_sign_in_there_does_not_count(came_by_city, provider, case, claims):
    url = case.get_absolute_url()
    assert anew(came_by_city, provider, url, **claims)[1].status_code == 403
    assert came_by_city.get(url).status_code == 302


def test_another_one_who_signs_in_there_opens_nothing(
    came_by_city, provider, case, second
):
    Subject.objects.create(user=second, provider="city", subject="city-43")
    url = case.get_absolute_url()
    _, answer = anew(came_by_city, provider, url, auth_time=now(), sub="city-43")
    assert answer.status_code == 403
    assert came_by_city.get(url).status_code == 302
    assert came_by_city.get("/me/").status_code == 200


def test_the_way_back_leads_nowhere_else(came_by_city, provider):
    out = anew(came_by_city, provider, "https://example.org/", auth_time=now())
    assert out[1].url == "/"


def test_a_second_factor_is_asked_first_of_who_came_by_single_sign_on(
    came_by_city, helper, case
):
    TOTP.activate(helper, generate_totp_secret())
    url = case.get_absolute_url()
    assert asked_at(came_by_city.get(url)) == ("/security/again/", url)
    assert "到市统一登录再登录一次" in came_by_city.get("/security/again/").text


def test_setting_up_what_is_due_is_open_to_who_came_by_single_sign_on(
    client, provider, street, settings
):
    settings.MFA_REQUIRED_ROLES = {"helper"}
    user = PostFactory(role=Role.HELPER, grid=street).user
    Subject.objects.create(user=user, provider="city", subject="city-42")
    go(client, provider)
    question = client.get("/security/app/new/")
    if user.has_usable_password():
        assert asked_at(question)[0] == "/login/by/city/again/"
    assert client.get("/login/by/city/again/").status_code == 200
    assert client.get("/cases/").url == "/security/"


# --- every door -------------------------------------------------------------------------


def functions_that_call(name):
    for path in Path(settings.BASE_DIR).glob("*/**/*.py"):
        inside = path.relative_to(settings.BASE_DIR)
        if inside.parts[0] in ("tests", ".venv", "node_modules", "var"):
            continue
        if inside.parts[:2] == ("dashboard", "demo"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                called = {
                    getattr(each.func, "attr", getattr(each.func, "id", ""))
                    for each in ast.walk(node)
                    if isinstance(each, ast.Call)
                }
                if name in called:
                    yield f"{inside}:{node.name}", called


def test_whatever_opens_content_asks_before():
    """Pages, and exports if there are ever any: none but these open what is sealed."""
    doors = dict(functions_that_call("open_content"))
    assert set(doors) == {
        f"cases/views.py:{name}" for name in ("_detail", "case_copy", "case_edit")
    }
    assert all("lately" in called for called in doors.values())
    assert {name for name, _ in functions_that_call("opened")} == {
        "cases/actions.py:open_content",
        "cases/actions.py:edit",
    }
