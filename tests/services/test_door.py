"""The door: ticked off once whatever came how often, walk-ins, what cannot be."""

import datetime as dt
import json
import re
import uuid

import pytest
from django.urls import reverse

from services.models import Attendance
from tests.factories import NOON, ActivityFactory, BusinessFactory, SignupFactory

HALF_AN_HOUR = dt.timedelta(minutes=30)


@pytest.fixture
def talk(grid, station, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    return ActivityFactory(grid=grid, station=station, starts=NOON - HALF_AN_HOUR)


@pytest.fixture
def send(talk, worker, client_of):
    """`send(key, …)`: what a phone at the door sends; its status."""
    client = client_of(worker)
    url = reverse("services:door_sync", args=[talk.pk])

    def post(key, at=NOON, **said):
        body = {
            "key": str(key),
            "author": worker.pk,
            "filled_at": at.isoformat(),
            "sent_at": NOON.isoformat(),
            **said,
        }
        answer = client.post(url, json.dumps(body), content_type="application/json")
        return answer.status_code

    return post


def test_what_is_sent_again_counts_once(send, talk):
    row = SignupFactory(activity=talk, persons=3)
    key = uuid.uuid4()
    assert send(key, signup=row.pk, persons=2) == 201
    assert send(key, signup=row.pk, persons=2) == 200
    assert send(key, signup=row.pk, persons=3) == 409
    assert Attendance.objects.get().persons == 2


def test_two_doors_tick_off_the_same_signup_once(send, talk):
    """Offline at one door, online at the other."""
    row = SignupFactory(activity=talk, business=BusinessFactory(grid=talk.grid))
    assert send(uuid.uuid4(), signup=row.pk) == 201
    assert send(uuid.uuid4(), signup=row.pk, at=NOON - HALF_AN_HOUR) == 200
    assert Attendance.objects.get().business == row.business


def test_what_was_ticked_off_offline_keeps_its_moment(send, talk):
    earlier = NOON - dt.timedelta(minutes=10)
    assert send(uuid.uuid4(), at=earlier, title="王先生", employer="暖新巢") == 201
    row = Attendance.objects.get()
    assert (row.at, row.how, row.title) == (earlier, "door", "王先生")


@pytest.mark.parametrize("state", ["withdrawn", "lapsed", "waiting"])
def test_a_cancelled_signup_is_not_ticked_off(send, talk, state):
    row = SignupFactory(activity=talk, state=state)
    assert send(uuid.uuid4(), signup=row.pk) == 422
    assert not Attendance.objects.exists()


def test_what_can_never_be_stored_is_said_so(send, talk, stranger, client_of):
    assert send("no key", title="王先生") == 422
    assert send(uuid.uuid4()) == 422
    assert send(uuid.uuid4(), title="王先生", persons=-1) == 422
    assert send(uuid.uuid4(), title="王先生", signup="1; DROP") == 422
    assert send(uuid.uuid4(), signup=SignupFactory().pk) == 422
    assert send(uuid.uuid4(), title="王先生", author=0) == 403
    url = reverse("services:door_sync", args=[talk.pk])
    assert client_of(stranger).get(url).status_code == 404
    assert not Attendance.objects.exists()


def test_the_page_works_without_script_and_masks_who_comes(talk, worker, client_of):
    SignupFactory(activity=talk, employer="闽南茶行", title="沈国华", phone="1390000")
    client = client_of(worker)
    url = reverse("services:door", args=[talk.pk])
    page = client.get(url)
    assert "沈*华" in page.text
    assert "沈国华" not in page.text
    assert "1390000" not in page.text
    [row] = page.context["rows"]
    client.post(url, {"key": str(row.key), "signup": row.pk, "persons": "2"})
    client.post(url, {"key": str(uuid.uuid4()), "title": "王先生", "employer": ""})
    client.post(url, {"key": "none"})
    assert sum(Attendance.objects.values_list("persons", flat=True)) == 3


@pytest.mark.parametrize(
    "said",
    [
        {"persons": [1]},
        {"persons": 1e999},
        {"persons": {"a": 1}},
        {"signup": [1]},
        {"signup": 10**30},
        {"persons": "9" * 5000},
    ],
)
def test_what_is_no_record_is_refused_for_good(send, talk, said):
    assert send(uuid.uuid4(), title="王先生", **said) == 422
    assert not Attendance.objects.exists()


@pytest.mark.parametrize(
    "said", [{"key": "x"}, {"persons": "abc"}, {"signup": "abc"}, {}]
)
def test_a_page_sent_broken_is_answered_in_chinese(talk, worker, client_of, said):
    client = client_of(worker)
    form = {"key": str(uuid.uuid4()), "title": "王先生"} | said if said else {}
    page = client.post(reverse("services:door", args=[talk.pk]), form, follow=True)
    assert "重新点一次" in page.text
    assert not re.search("invalid|badly|hexadecimal", page.text)
