"""What somebody attempted without the right stands in the audit log, and cannot fill it."""

import csv
import datetime as dt
import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import refusals
from accounts.models import Refusal
from accounts.rights import Role
from tests.factories import NOON, BusinessFactory, PostFactory
from tianshan.audit.models import Entry, Seal
from tianshan.audit.seals import seal_all, verify

pytestmark = pytest.mark.django_db


def lines():
    return Entry.objects.filter(verb="act.refused").order_by("pk")


@pytest.fixture
def auditor(grid):
    return PostFactory(role=Role.AUDITOR, grid=grid).user


def test_an_address_without_the_right_is_one_line(client_of, staff):
    assert client_of(staff).get("/accounts/new/?q=秘密").status_code == 403
    (line,) = lines()
    assert (line.by, line.subject_id) == (staff, staff.pk)
    assert line.data == {
        "act": "accounts:account_new",
        "address": "/accounts/new/",
        "needs": ["manage_accounts"],
        "why": "right",
        "times": 1,
    }
    assert line.request not in {"", "-"}


def test_what_is_allowed_is_none(client_of, staff, grid):
    shop = BusinessFactory(grid=grid)
    client = client_of(staff)
    assert client.get(shop.get_absolute_url()).status_code == 200
    assert client.get("/me/").status_code == 200
    assert not lines().exists()


def test_a_form_to_a_row_that_is_hidden_is_one_line_and_a_look_is_none(
    client_of, stranger, grid
):
    shop = BusinessFactory(grid=grid)
    url = reverse("enterprises:business_edit", args=[shop.pk])
    client = client_of(stranger)
    assert client.get(url).status_code == 404
    assert not lines().exists()
    answer = client.post(url, {"name": "改掉", "contact_phone": "19900001234"})
    assert answer.status_code == 404
    (line,) = lines()
    assert line.data == {
        "act": "enterprises:business_edit",
        "address": "/businesses/…/edit/",
        "number": shop.pk,
        "why": "row",
        "times": 1,
    }


def test_an_address_that_is_none_is_no_line(client_of, staff):
    assert client_of(staff).post("/no/such/address/").status_code == 404
    assert not lines().exists()


def test_a_script_that_is_refused_is_a_line(client_of, leader):
    url = reverse("visits:record_sync")
    answer = client_of(leader).post(url, "{}", content_type="application/json")
    assert answer.status_code == 403
    assert lines().get().data["act"] == "visits:record_sync"


def test_what_does_not_reach_its_view_is_none(client, staff):
    assert client.post("/accounts/new/").status_code == 302
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(staff)
    assert forged.post("/accounts/new/").status_code == 403
    assert not lines().exists()


def test_a_flood_at_one_address_is_four_lines(staff):
    for _ in range(1_200):
        refusals.note(staff, "a:b", at=NOON, address="/a/", why="right")
    assert [line.data["times"] for line in lines()] == [1, 10, 100, 1_000]


def test_a_flood_over_all_addresses_is_bounded_too(staff, stranger):
    for number in range(refusals.MOST * 3):
        refusals.note(staff, f"a:{number}", at=NOON, address="/a/", why="right")
    told = list(lines().values_list("data", flat=True))
    named = [data for data in told if "act" in data]
    assert len(named) == refusals.MOST
    assert [data for data in told if "act" not in data] == [
        {"times": 1},
        {"times": 10},
        {"times": 100},
    ]
    refusals.note(stranger, "a:999", at=NOON, address="/a/", why="right")
    assert lines().last().by == stranger


def test_the_next_hour_counts_anew_and_forgets_those_before(staff):
    for hours in (0, 1, 2):
        at = NOON + dt.timedelta(hours=hours)
        for _ in range(2):
            refusals.note(staff, "a:b", at=at, address="/a/", why="right")
    assert [line.data["times"] for line in lines()] == [1, 1, 1]
    assert Refusal.objects.count() == 2


def test_the_auditor_finds_them_by_their_kind_and_reads_them_in_words(
    client_of, auditor, staff
):
    client_of(staff).get("/accounts/new/")
    client = client_of(auditor)
    page = client.get("/audit/?kind=refused").text
    assert 'data-total="1"' in page
    assert "被拒绝的操作" in page
    assert (
        "地址：/accounts/new/；原因：岗位没有这项权限；要的权限：管账号和岗位；"
        "这一小时第几次：1"
    ) in page
    assert "account_new" not in page
    assert "manage_accounts" not in page
    assert 'data-total="0"' in client.get("/audit/?kind=taken").text


def test_they_are_in_the_file_of_the_month(client_of, auditor, staff):
    client_of(staff).get("/accounts/new/")
    today = timezone.localdate()
    query = {"format": "csv", "kind": "refused", "start": today.replace(day=1)}
    answer = client_of(auditor).get("/audit/", query)
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row[3] for row in rows] == ["动作", "被拒绝的操作"]
    assert rows[1][2] == staff.display_name
    taken = Entry.objects.get(verb="audit.exported")
    assert taken.data["kind"] == "被拒绝的操作"


def test_they_are_sealed_like_others(client_of, staff):
    client_of(staff).get("/accounts/new/")
    last = lines().get()
    seal_all(timezone.now())
    seal = Seal.objects.get(ledger=Seal.Ledger.ENTRIES)
    assert seal.upto >= last.pk
    assert not verify(Seal.Ledger.ENTRIES).problems
    Entry.objects.filter(pk=last.pk).update(data=last.data | {"act": "nothing"})
    assert verify(Seal.Ledger.ENTRIES).problems
