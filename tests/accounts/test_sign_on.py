"""Single sign-on, against a small provider of our own on this machine."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from accounts import passwords
from accounts.models import Subject, User
from accounts.rights import Role
from tests.factories import PostFactory, UserFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
BACK = "/login/by/city/back/"


class Provider:
    """Says who somebody is by a signed token; a test changes what it says."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signs_with = self.key
        self.claims, self.asked = {}, {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(provider):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/keys":
                    public = provider.key.public_key()
                    key = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
                    return self.say({"keys": [key | {"kid": "one", "use": "sig"}]})
                return self.say(
                    {
                        "issuer": provider.issuer,
                        "authorization_endpoint": provider.issuer + "/authorize",
                        "token_endpoint": provider.issuer + "/token",
                        "jwks_uri": provider.issuer + "/keys",
                    }
                )

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.asked = {k: v[0] for k, v in parse_qs(body).items()}
                self.say({"access_token": "x", "id_token": provider.token()})

            def say(self, words):
                body = json.dumps(words).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler

    def token(self):
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": "portal",
            "sub": "city-42",
            "iat": now,
            "exp": now + 60,
        }
        claims = {k: v for k, v in (usual | self.claims).items() if v is not None}
        return jwt.encode(claims, self.signs_with, "RS256", headers={"kid": "one"})


@pytest.fixture
def provider(settings):
    made = Provider()
    settings.OIDC_PROVIDERS = {
        "city": {
            "name": "市统一登录",
            "issuer": made.issuer,
            "client_id": "portal",
            "client_secret": "made-in-the-test",
        }
    }
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def person(grid):
    user = PostFactory(role=Role.GRID_STAFF, grid=grid, user__username="person").user
    Subject.objects.create(user=user, provider="city", subject="city-42")
    return user


def go(client, provider, **claims):
    """Out to the provider and back, which says this."""
    asked = parse_qs(urlsplit(client.post("/login/by/city/").url).query)
    provider.claims = {"nonce": asked["nonce"][0]} | claims
    form = {"state": asked["state"][0], "code": "abc"}
    return asked, client.get(BACK, form)


def is_in(client):
    return client.get("/me/").status_code == 200


def test_who_the_provider_knows_is_signed_in(client, provider, person):
    assert "用市统一登录登录" in client.get("/login/").text
    asked, answer = go(client, provider)
    assert answer.url == "/"
    assert is_in(client)
    assert Entry.objects.get().verb == "account.signed_in"
    assert asked["redirect_uri"] == ["http://testserver" + BACK]
    digest = hashlib.sha256(provider.asked["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["code_challenge"] == [challenge]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["portal", "another"]},
        {"aud": ["portal", "another"], "azp": "another"},
        {"iss": "https://example.org"},
        {"nonce": "of another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": "nobody-here"},
    ],
)
def test_what_does_not_hold_is_refused(client, provider, person, claims):
    _, answer = go(client, provider, **claims)
    assert answer.status_code == 403
    assert "没有登录成功" in answer.text
    assert not is_in(client)


def test_a_token_signed_by_another_is_refused(client, provider, person):
    provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert go(client, provider)[1].status_code == 403
    assert not is_in(client)


def test_an_unsigned_token_is_refused(client, provider, person, monkeypatch):
    claims = {"iss": provider.issuer, "aud": "portal", "sub": "city-42"}
    monkeypatch.setattr(provider, "token", lambda: jwt.encode(claims, None, "none"))
    assert go(client, provider)[1].status_code == 403


@pytest.mark.parametrize("form", [{"state": "x", "code": "a"}, {"code": "a"}, {}])
def test_another_state_is_refused(client, provider, person, form):
    client.post("/login/by/city/")
    assert client.get(BACK, form).status_code == 403
    assert not is_in(client)
    assert not provider.asked


def test_a_way_back_serves_once_and_nobody_without_a_way_out(client, provider, person):
    asked, _ = go(client, provider)
    form = {"state": asked["state"][0], "code": "abc"}
    client.post("/logout/")
    assert client.get(BACK, form).status_code == 403
    assert type(client)().get(BACK, form).status_code == 403


def test_nobody_signs_up_by_it(client, provider):
    assert go(client, provider)[1].status_code == 403
    assert not User.objects.exists()


def test_a_disabled_account_stays_out(client, provider, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert go(client, provider)[1].url == "/inactive/"
    assert not is_in(client)


def test_a_provider_that_is_away_is_said(client, provider, person):
    provider.server.shutdown()
    provider.server.server_close()
    assert "没有登录成功" in client.post("/login/by/city/").text


def test_without_a_provider_there_is_no_such_way(client, db):
    assert client.post("/login/by/city/").status_code == 404
    assert "统一登录" not in client.get("/login/").text


def test_the_administrator_says_whose_subject_it_is(client, provider, street):
    admin = PostFactory(role=Role.SECURITY_ADMIN, grid=street).user
    passwords.change(admin, "Shan-road-2026", at=timezone.now())
    client.force_login(admin)
    client.post("/password/again/", {"password": "Shan-road-2026", "next": "/me/"})
    first, second = UserFactory(), UserFactory()
    form = {"provider": "city", "subject": "city-42"}
    assert client.post(f"/accounts/{first.pk}/subject/", form).status_code == 302
    page = client.post(f"/accounts/{second.pk}/subject/", form)
    assert "已经对着另一个账号" in page.text
    assert Subject.objects.get().user == first
    assert Entry.objects.filter(verb="account.subject_set").count() == 1


@pytest.fixture
def admin(client, street):
    """Signed in, and the password given once more."""
    admin = PostFactory(role=Role.SECURITY_ADMIN, grid=street).user
    passwords.change(admin, "Shan-road-2026", at=timezone.now())
    client.force_login(admin)
    client.post("/password/again/", {"password": "Shan-road-2026", "next": "/me/"})
    return admin


def test_the_administrator_takes_a_subject_away(client, provider, person, admin):
    browser = type(client)()
    go(browser, provider)
    assert is_in(browser)
    linked = person.subjects.get()
    url = f"/accounts/{person.pk}/subject/{linked.pk}/remove/"
    assert url in client.get(f"/accounts/{person.pk}/").text
    page = client.get(url).text
    assert "市统一登录" in page
    assert "city-42" in page
    assert "原因" in client.post(url, {"reason": ""}).text
    assert Subject.objects.exists()
    assert client.post(url, {"reason": "换了工号"}).url == f"/accounts/{person.pk}/"
    assert not Subject.objects.exists()
    assert not is_in(browser)
    assert go(browser, provider)[1].status_code == 403
    entry = Entry.objects.get(verb="account.subject_removed")
    assert (entry.by, entry.subject_id) == (admin, person.pk)
    assert entry.data == {"kind": "city", "reason": "换了工号"}
    assert client.get(url).status_code == 404


def test_a_subject_is_taken_away_by_nobody_else(client_of, provider, person, staff):
    linked = person.subjects.get()
    url = f"/accounts/{person.pk}/subject/{linked.pk}/remove/"
    for user in (person, staff):
        assert client_of(user).post(url, {"reason": "x"}).status_code == 403
    assert Subject.objects.exists()


def test_taking_it_away_asks_for_the_password_and_is_not_for_oneself(
    client, client_of, provider, person, admin
):
    own = Subject.objects.create(user=admin, provider="city", subject="city-1")
    url = f"/accounts/{admin.pk}/subject/{own.pk}/remove/"
    assert client_of(admin).get(url).url.startswith("/password/again/")
    assert "另一位安全管理员" in client.post(url, {"reason": "x"}).text
    other = f"/accounts/{person.pk}/subject/{own.pk}/remove/"
    assert client.get(other).status_code == 404
    assert Subject.objects.filter(pk=own.pk).exists()
