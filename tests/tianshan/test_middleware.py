"""What is cleaned or answered before a view has its say."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.http import HttpResponse
from django.urls import reverse

from accounts.rights import Role
from tests.factories import BusinessFactory, PostFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/audit/?q=%00", "/audit/readings/?q=a%00b"])
def test_nul_in_a_query_is_taken_out(address, client_of, grid):
    auditor = PostFactory(role=Role.AUDITOR, grid=grid).user
    assert client_of(auditor).get(address).status_code == 200


def test_an_address_with_nul_is_no_address(client_of, clerk):
    assert client_of(clerk).get("/grids/%00/").status_code == 404


def test_nul_in_a_form_is_taken_out_and_the_rest_kept(client_of, staff, grid):
    shop = BusinessFactory(grid=grid)
    url = reverse("enterprises:business_edit", args=[shop.pk])
    client = client_of(staff)
    seen = client.get(url).context["seen"]
    answer = client.post(url, {"name": "春\x00和茶行", "seen": seen})
    assert answer.status_code == 302
    shop.refresh_from_db()
    assert shop.name == "春和茶行"


def test_an_address_for_buttons_alone_answers_with_a_page_of_our_own(client_of, clerk):
    answer = client_of(clerk).get(reverse("enterprises:import_drop", args=[1]))
    assert answer.status_code == 405
    assert "这个地址不能直接打开" in answer.text


def test_a_form_sent_without_a_session_leads_back_to_its_page(client):
    answer = client.post(
        "/imports/5/drop/", headers={"Referer": "http://testserver/imports/5/?show=all"}
    )
    assert answer.status_code == 302
    assert answer.url == "/login/?next=%2Fimports%2F5%2F%3Fshow%3Dall&unsaved=1"
    assert "没有保存" in client.get(answer.url).text


def test_a_referrer_of_another_site_is_not_followed(client):
    answer = client.post(
        "/imports/5/drop/", headers={"Referer": "http://elsewhere.example/imports/"}
    )
    assert answer.url == "/login/?next=%2F&unsaved=1"


def away(*_, **__):
    raise OperationalError("the connection is lost")


@pytest.fixture
def patient_client(client_of, staff):
    """Gets the answer that a browser would get where a test would get the exception."""
    client = client_of(staff)
    client.raise_request_exception = False
    return client


def test_a_view_without_database_says_come_back_later(patient_client, monkeypatch):
    monkeypatch.setattr("visits.views.ledger_page", away)
    answer = patient_client.get("/visits/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_a_session_that_cannot_be_read_is_no_error_of_ours(patient_client, monkeypatch):
    """What middleware raises passes by the middleware that sees what views raise."""
    monkeypatch.setattr(SessionStore, "load", away)
    answer = patient_client.get("/visits/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_a_session_that_cannot_be_saved_is_not_called_a_bad_request(
    patient_client, monkeypatch
):
    """Django makes 400 of it, and a phone may drop what was answered with 4xx."""

    def lose(store, *_, **__):
        try:
            away()
        except OperationalError:
            raise UpdateError  # noqa: B904 - as django.contrib.sessions does

    monkeypatch.setattr(SessionStore, "save", lose)
    monkeypatch.setattr(
        "visits.views.ledger_page",
        lambda request, _: request.session.update({"seen": 1}) or HttpResponse("ok"),
    )
    answer = patient_client.get("/visits/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_an_error_of_ours_stays_one(patient_client, monkeypatch):
    monkeypatch.setattr("visits.views.ledger_page", lambda *_: 1 / 0)
    assert patient_client.get("/visits/").status_code == 500
