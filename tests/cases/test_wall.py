"""What is said of a person in a help case is nowhere but on its helper's own page."""

import io
import logging
import os
import zipfile

import pytest
from django.conf import settings
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from accounts.rights import BY_ORGANIZATION, BY_UNIT, Role
from cases import actions
from cases.models import HelpCase
from tests.conftest import gave_password
from tests.factories import (
    OfficerFactory,
    OrganizationFactory,
    PostFactory,
    UnitOfficerFactory,
    UserFactory,
)
from tests.test_urls import PARTS, PATTERNS
from tianshan.audit.models import Reading

pytestmark = pytest.mark.django_db

PLANTED = {
    "name": "欧阳暗香",
    "phone": "19900007351",
    "address": "紫藤弄八十八号",
    "birth_year": "1913",
    "note": "夜里怕黑灯笼",
}
SECRETS = [PLANTED[field] for field in ("name", "phone", "address", "note")]
# Signing in and out, and pages that a case's number cannot lead into.
LEAVES = {"account_logout", "account_login", "healthz"}


@pytest.fixture
def planted(register, helper, finished, client_of):
    """Written down, corrected, opened, agreed to and finished: all that leaves traces."""
    open_one = register(helper, facts=PLANTED)
    done = register(helper, facts=PLANTED)
    client = client_of(helper)
    for case in (open_one, done):
        assert PLANTED["name"] in client.get(case.get_absolute_url()).text
        client.post(reverse("cases:case_show", args=[case.pk]), {"field": "phone"})
        url = reverse("cases:case_edit", args=[case.pk])
        assert client.post(url, PLANTED | {"expires_on": ""}).status_code == 302
    finished(done)
    return open_one, done


def addresses(pk):
    """Every address of the portal, with the case's key wherever a key goes."""
    for name, pattern in PATTERNS:
        parts = {
            key: {"IntConverter": pk, "SlugConverter": "finish"}.get(
                type(converter).__name__,
                PARTS.get(type(converter).__name__, "310105006603"),
            )
            for key, converter in pattern.pattern.converters.items()
        }
        if name not in LEAVES:
            yield name, reverse(name, kwargs=parts)


def said(response):
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    return body.decode("utf-8", "replace")


def hits(response):
    # Read once: what streams is gone after that.
    words = said(response) + str(response.headers)
    return [secret for secret in SECRETS if secret in words]


def user_of(roles, street):
    """One account that holds all of these posts over the whole street."""
    user = UserFactory()
    for role in roles:
        post = PostFactory(user=user, role=role, grid=street)
        if role in BY_ORGANIZATION:
            OfficerFactory(post=post, organization=OrganizationFactory(grid=street))
        elif role in BY_UNIT:
            UnitOfficerFactory(post=post, unit__grid=street)
    return user


# All posts but a helper's in one hand see at once what any of them sees. Each by itself
# takes ten times as long: WALL=all, before a release.
HANDS = {"all posts": [role for role in Role if role != Role.HELPER]}
HANDS |= {"another helper": [Role.HELPER], "nobody": []}
if os.environ.get("WALL") == "all":
    HANDS |= {role.label: [role] for role in Role}


def test_a_workbook_is_read_too():
    """The proof of the crawl: what is planted in an xlsx, or streams, is found."""
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", " ".join(SECRETS))
    assert hits(StreamingHttpResponse([book.getvalue()])) == list(SECRETS)


def asked_of(client, name, url):
    """The page, its posts where it is of the room, what it finds, what it exports."""
    yield client.get(url)
    if name.startswith("cases:"):
        yield client.post(url, {"field": "phone", "phone": "13900000000"})
    if name.endswith("_list") or "search" in name or "json" in name:
        # A page repeats what was asked: by a part, only what is stored shows the whole.
        for part in ("欧阳", "7351", "紫藤") if "search" in name else ("欧阳",):
            yield client.get(url, {"q": part})
        for kind in ("csv", "xlsx"):
            yield client.get(url, {"format": kind})


@pytest.mark.parametrize("hands", HANDS)
def test_every_address_tells_nothing_to_any_other_role(hands, planted, street, caplog):
    caplog.set_level(logging.DEBUG)
    client = Client(raise_request_exception=False)
    if HANDS[hands]:
        user = user_of(HANDS[hands], street)
        client.force_login(user)
        gave_password(client, user)
    found, asked = [], 0
    for case in planted:
        for name, url in addresses(case.pk):
            if case == planted[0] or name.startswith("cases:"):
                for answer in asked_of(client, name, url):
                    found += [(url, hit) for hit in hits(answer)]
                    asked += 1
    assert found == []
    assert asked > 200
    assert not any(secret in caplog.text for secret in SECRETS)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.HELPER])
def test_no_role_reads_a_case(role, planted, street, client_of):
    client = client_of(user_of([role], street))
    before = Reading.objects.count()
    for name in ("case_copy", "case_detail", "case_edit", "case_readings"):
        answer = client.get(reverse(f"cases:{name}", args=[planted[0].pk]))
        assert hits(answer) == []
    url = reverse("cases:case_show", args=[planted[0].pk])
    assert client.post(url, {"field": "phone"}).status_code in (403, 404)
    assert Reading.objects.count() == before


def test_its_own_helper_finds_what_was_planted(client_of, helper, planted):
    """The twin of the crawl: the same words are there to be found."""
    page = client_of(helper).get(planted[0].get_absolute_url())
    assert PLANTED["name"] in page.text
    assert PLANTED["note"] in page.text
    assert "199****7351" in page.text
    assert PLANTED["phone"] not in page.text
    url = reverse("cases:case_show", args=[planted[0].pk])
    assert PLANTED["phone"] in client_of(helper).post(url, {"field": "phone"}).text


def tables():
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def dump(table):
    copied = f'COPY "{table}" TO STDOUT'
    with connection.cursor() as cursor, cursor.copy(copied) as copy:
        return b"".join(copy).decode()


def test_a_dump_of_the_database_holds_nothing_in_clear(planted, coordinator, helper):
    """Text, and bytes as the dump writes them: `\\x…`. History and sessions too."""
    dumps = {table: dump(table) for table in tables()}
    assert len(dumps["cases_identity"].splitlines()) == 2
    assert len(dumps["cases_identityevent"].splitlines()) >= 4
    for secret in SECRETS:
        for clear in (secret, secret.encode().hex(), secret.encode("utf-16").hex()):
            assert [table for table, text in dumps.items() if clear in text] == []
    born = PLANTED["birth_year"].encode().hex()
    assert "\\x" + born not in dumps["cases_identity"]


def test_no_file_is_left(planted):
    left = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert left == []


def test_an_error_of_ours_tells_nothing(
    client_of, helper, planted, monkeypatch, caplog
):
    """With the content in hand, on its helper's own page."""

    def broken(*args):
        raise ValueError("broken")

    monkeypatch.setattr("cases.views._steps", broken)
    caplog.set_level(logging.DEBUG)
    client = client_of(helper)
    client.raise_request_exception = False
    page = client.get(planted[0].get_absolute_url())
    assert page.status_code == 500
    assert hits(page) == []
    assert "broken" in caplog.text
    assert not any(secret in caplog.text for secret in SECRETS)


@pytest.mark.parametrize("who", ["helper", "coordinator", "clerk"])
def test_no_page_of_the_room_may_be_kept(client_of, planted, who, request):
    client = client_of(request.getfixturevalue(who))
    for name, url in addresses(planted[0].pk):
        if name.startswith("cases:"):
            for answer in (client.get(url), client.post(url, {})):
                assert "no-store" in answer.headers["Cache-Control"], url
    assert "no-store" in client.get("/cases/987654321/").headers["Cache-Control"]


def test_outside_the_wall_a_case_does_not_exist(client_of, planted, second, clerk):
    url = planted[0].get_absolute_url()
    assert client_of(second).get(url).status_code == 404
    assert client_of(clerk).get(url).status_code == 403


def test_the_coordinator_sees_the_row_without_its_content(
    client_of, coordinator, planted
):
    page = client_of(coordinator).get(planted[0].get_absolute_url()).text
    assert "只有帮办员能看" in page
    assert "茅台居委会" in page
    assert planted[0].readings().filter(by=coordinator).count() == 0


def test_the_phone_finds_the_number_and_opens_nothing(client_of, coordinator, planted):
    client = client_of(coordinator)
    for typed in ("19900007351", "199 0000 7351", "+86 19900007351"):
        page = client.post("/cases/find/", {"phone": typed}).text
        assert planted[0].number in page
        assert PLANTED["name"] not in page
    assert (
        planted[0].number
        not in client.post("/cases/find/", {"phone": "19900007352"}).text
    )
    assert planted[0].number not in client.post("/cases/find/", {"phone": "无"}).text


def test_who_looked_is_listed_without_what_they_saw(client_of, helper, planted):
    page = client_of(helper).get(reverse("cases:case_readings", args=[planted[0].pk]))
    assert "看了电话" in page.text
    assert "helper，为了办理" in page.text
    assert hits(page) == []


def test_who_is_helped_gets_a_copy_of_all_that_is_kept(
    client_of, helper, second, planted
):
    url = reverse("cases:case_copy", args=[planted[0].pk])
    before = Reading.objects.count()
    page = client_of(helper).get(url)
    for field in ("name", "phone", "address", "birth_year", "note"):
        assert PLANTED[field] in page.text
    assert "no-store" in page.headers["Cache-Control"]
    seen = Reading.objects.order_by("-pk")[:5]
    assert Reading.objects.count() == before + 5
    assert {line.why for line in seen} == {"本人要副本"}
    assert client_of(second).get(url).status_code == 404


def test_a_copy_is_given_to_who_lately_said_who_he_is(client, helper, planted):
    client.force_login(helper)
    answer = client.get(reverse("cases:case_copy", args=[planted[0].pk]))
    assert answer.status_code == 302
    assert hits(answer) == []
    assert not Reading.objects.filter(why="本人要副本").exists()


# --- gone for good ---------------------------------------------------------------------------


def test_erased_is_gone_from_rows_and_history_and_the_count_stays(
    client_of, planted, coordinator, helper
):
    """What history keeps is ciphertext whose key is nowhere."""
    done = planted[1]
    done.refresh_from_db()
    identity = done.identity
    wrapped = bytes(identity.data_key).hex()
    hashed = bytes(identity.phone_hash).hex()
    assert wrapped in dump("cases_identity")

    actions.erase(done, why=HelpCase.Erased.ASKED, by=coordinator, at=done.read_back_at)

    everything = "".join(dump(table) for table in tables())
    assert wrapped not in everything
    assert everything.count(hashed) == 1  # the other case's, of the same phone
    assert client_of(helper).get(done.get_absolute_url()).status_code == 404
    done.refresh_from_db()
    assert (done.item.name, done.place, done.minutes) == ("残疾证换证", "home", 9)
    assert (done.neighborhood.name, done.closed_on is None) == ("茅台居委会", False)
    assert done.expires_on is None
    assert done.readings().exists()
