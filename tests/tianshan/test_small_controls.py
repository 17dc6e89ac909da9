"""Controls of ASVS 5.0 that need no more than a look each (docs/asvs.csv)."""

import datetime as dt
import html.parser
import json
import logging
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import passwords
from accounts.models import User
from enterprises.models import ExportTemplate
from tests.enterprises.files import line, workbook
from tests.factories import UserFactory
from tests.test_urls import addresses
from tests.tianshan.test_headers import manage
from tianshan.notices import groups
from tianshan.web.logs import JsonLine

ROOT = settings.BASE_DIR
WORD = "Shan-road-01"


class Inputs(html.parser.HTMLParser):
    """The inputs of a page, each as its attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "input":
            self.found.append(dict(attributes))


# --- passwords -------------------------------------------------------------------------


@pytest.fixture
def person(db):
    user = UserFactory(username="person")
    passwords.change(user, WORD, at=timezone.now())
    return user


@pytest.fixture
def signed_in(client, person):
    client.post("/login/", {"login": "person", "password": WORD})
    return client


def test_a_new_password_needs_the_old_one(signed_in, person):
    new = {"password1": "Shan-road-02", "password2": "Shan-road-02"}
    for old in ({}, {"oldpassword": ""}, {"oldpassword": "Shan-road-09"}):
        assert signed_in.post("/password/", {**old, **new}).status_code == 200
        person.refresh_from_db()
        assert person.check_password(WORD)
    signed_in.post("/password/", {"oldpassword": WORD, **new})
    person.refresh_from_db()
    assert person.check_password("Shan-road-02")


def test_what_is_typed_as_a_password_is_hidden_and_may_be_pasted(signed_in):
    """Pasting is for who keeps passwords elsewhere; no page and no script forbids it."""
    found = []
    for client, url in (
        (Client(), "/login/"),
        (signed_in, "/password/"),
        (signed_in, reverse("account_reauthenticate")),
    ):
        page = client.get(url).text
        fields = [i for i in Inputs(page).found if "password" in i.get("name", "")]
        assert fields, url
        found += fields
    for field in found:
        assert field["type"] == "password"
        assert not {"readonly", "onpaste", "maxlength"} & set(field)
        assert field.get("autocomplete", "").endswith("password")
    assert len(found) >= 5


def test_there_are_no_hints_and_no_secret_questions(client, db):
    asked = {i.get("name") for i in Inputs(client.get("/login/").text).found}
    assert asked <= {"login", "password", "next", "csrfmiddlewaretoken", "remember"}
    kept = {field.name for field in User._meta.get_fields()}
    assert not [name for name in kept if re.search("hint|question|answer|pet", name)]
    # Nor another way around the password: who forgot it asks a person.
    assert not [name for name, _ in addresses() if "reset_password" in name]


@pytest.fixture(scope="module")
def as_an_office():
    """The settings as an office has them, not as the tests do."""
    done = manage("diffsettings", "--all", "--output=unified")
    assert done.returncode == 0, done.stderr
    told = re.findall(r"^[ +] ?([A-Z_0-9]+) = (.*)$", done.stdout, re.M)
    return dict(told)


def test_passwords_are_kept_by_a_slow_hash(as_an_office):
    first, *_ = re.findall(r"hashers\.(\w+)", as_an_office["PASSWORD_HASHERS"])
    assert first == "PBKDF2PasswordHasher"
    assert PBKDF2PasswordHasher.iterations >= 600_000
    assert "MD5" not in as_an_office["PASSWORD_HASHERS"]


# --- what the server gives away ------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/.git/HEAD", "/.git/config", "/.env", "/.svn/entries", "/static/.git/HEAD"),
        *("/static/", "/static/field/", "/static/help/", "/media/", "/files/", "/var/"),
        *("/static/../manage.py", "/static/%2e%2e/manage.py", "/requirements/base.txt"),
    ],
)
def test_neither_sources_nor_folders_are_served(path, client_of, clerk):
    for asking in (Client(), client_of(clerk)):
        answer = asking.get(path, follow=True)
        assert answer.status_code == 404, path
        assert "base.txt" not in answer.text


def test_no_address_takes_trace(client_of, clerk):
    """The answer to TRACE would hold the cookie, for whichever script asked."""
    client, found = client_of(clerk), {}
    for name, url in addresses():
        answer = client.trace(url, headers={"X-Planted": "zq9planted"})
        if answer.status_code < 300 or "zq9planted" in answer.content.decode():
            found[name] = answer.status_code
    assert found == {}


EVIL = 'x"; filename=evil.exe\r\nX-Planted: 1\u202e长'


def test_names_of_files_are_encoded_in_the_header(client_of, clerk, grid):
    """The name of a template is typed by people, and becomes that of what is filled."""
    client = client_of(clerk)
    made = client.post(
        reverse("enterprises:template_new"),
        {"name": "x", "grid": grid.pk, "file": upload(workbook(line("茶行")))},
    )
    assert made.status_code == 302
    template = ExportTemplate.objects.get()
    ExportTemplate.objects.filter(pk=template.pk).update(name=EVIL)
    answer = client.get(reverse("enterprises:template_fill", args=[template.pk]))
    told = answer.headers["Content-Disposition"]
    assert answer.status_code == 200
    assert "X-Planted" not in answer.headers
    assert re.fullmatch(r"attachment; filename\*=utf-8''[\w%.~-]+\.xlsx", told)


def upload(content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("空表.xlsx", content)


def test_signing_out_empties_the_cache_and_leaves_what_a_phone_has_not_sent(
    client_of, clerk
):
    client = client_of(clerk)
    assert "Clear-Site-Data" not in client.get("/work/").headers
    answer = client.post("/logout/")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert not client.session.get("_auth_user_id")


# --- certificates ----------------------------------------------------------------------------


@pytest.fixture
def unknown_server(tmp_path):
    """An https server whose certificate nobody has signed but itself; what it was sent."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    got = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"errcode": 0}')

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}/", got, pem
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_whose_certificate_is_unknown_is_told_nothing(unknown_server):
    url, got, _ = unknown_server
    with pytest.raises(groups.NotPosted, match="URLError"):
        groups.post(url, "今日合计")
    assert got == []


def test_one_whose_certificate_is_known_is_told(unknown_server, monkeypatch):
    """The twin: it was the certificate."""
    import urllib.request

    url, got, pem = unknown_server
    knows = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=pem))
    monkeypatch.setattr(groups, "_opener", urllib.request.build_opener(knows))
    groups.post(url, "今日合计")
    assert "今日合计" in json.loads(got[0])["text"]["content"]


# --- what is on the server -------------------------------------------------------------------

FOR_TESTS = (
    "pytest hypothesis playwright factory-boy faker django-zeal ruff import-linter"
    " djade django-upgrade openapi-spec-validator"
)


def locked(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return set(re.findall(r"^([a-z0-9._-]+)==", text, re.M | re.I))


def test_the_server_holds_nothing_that_only_tests_need():
    assert set(FOR_TESTS.split()) <= locked("dev")
    assert not set(FOR_TESTS.split()) & locked("base")
    said = (ROOT / "deploy" / "Dockerfile").read_text()
    assert set(re.findall(r"requirements/(\w+)\.txt", said)) == {"base"}
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "tests", ".venv", "var"} <= set(left_out)


def test_every_component_is_listed_with_its_version_and_digest():
    """`make sbom` writes the list from these locks."""
    text = (ROOT / "requirements" / "base.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    without = [e for e in entries if not re.search(r"==\S+.*\\\n\s+--hash=sha256:", e)]
    assert without == []
    asked = (ROOT / "requirements" / "base.in").read_text()
    wanted = {n.lower() for n in re.findall(r"^([\w-]+)(?:\[.*?\])?==", asked, re.M)}
    assert wanted <= locked("base")
    done = subprocess.run(
        ["make", "-n", "sbom"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for words in ("requirements/base.txt", "var/sbom/python.json", "npm sbom"):
        assert words in done.stdout
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all(
        p.get("version") and p.get("integrity") for n, p in packages.items() if n
    )


# --- one clock -------------------------------------------------------------------------------


def test_database_log_and_audit_go_by_one_clock_with_its_zone(db, as_an_office):
    assert as_an_office["USE_TZ"] == "True"
    assert as_an_office["TIME_ZONE"] == "'Asia/Shanghai'"
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), current_setting('TimeZone')")
        there, zone = cursor.fetchone()
    here = timezone.now()
    assert zone == "UTC"
    assert abs(here - there) < dt.timedelta(minutes=1)
    record = logging.LogRecord("x", logging.INFO, "", 0, "said", (), None)
    told = dt.datetime.fromisoformat(json.loads(JsonLine().format(record))["at"])
    assert told.utcoffset() == dt.timedelta(0)
    assert abs(told - here) < dt.timedelta(minutes=1)
