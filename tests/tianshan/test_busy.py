"""Too many at once, and statements that take too long: 503 that says when to come back."""

import threading

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory

from tianshan.database.patience import unhurried
from tianshan.web.busy import Room, not_too_many
from tianshan.web.middleware import AWAY, SLOW, database_problem


class Held:
    """A view that stays at work until it is let go."""

    def __init__(self, room, patience):
        self.inside, self.go_on = threading.Semaphore(0), threading.Event()
        self.ask = not_too_many(self.view, room=room, patience=patience)

    def view(self, request):
        self.inside.release()
        assert self.go_on.wait(30)
        return HttpResponse("ok")

    def come(self, answers, path="/visits/"):
        request = RequestFactory().get(path)
        thread = threading.Thread(target=lambda: answers.append(self.ask(request)))
        thread.start()
        return thread


def test_who_finds_work_and_queue_full_is_told_at_once_and_the_queue_is_served():
    room, answers = Room(at_work=1, waiting=1), []
    held = Held(room, patience=30)
    first = held.come(answers)
    assert held.inside.acquire(timeout=30)
    second = held.come(answers)
    while room._queue._value:  # until it waits
        pass
    refused = held.ask(RequestFactory().post("/visits/sync/"))
    assert refused.status_code == 503
    assert 3 <= int(refused.headers["Retry-After"]) <= 9
    assert "同时用的人太多" in refused.text
    assert "没有保存" in refused.text

    watched = held.come(answers, "/readyz")
    assert held.inside.acquire(timeout=30)
    held.go_on.set()
    for thread in (first, second, watched):
        thread.join(30)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    # All places are free again.
    assert held.ask(RequestFactory().get("/visits/")).status_code == 200


def test_who_waited_for_long_is_told():
    room, answers = Room(at_work=1, waiting=1), []
    held = Held(room, patience=0)
    first = held.come(answers)
    assert held.inside.acquire(timeout=30)
    assert held.ask(RequestFactory().get("/visits/")).status_code == 503
    held.go_on.set()
    first.join(30)
    assert [answer.status_code for answer in answers] == [200]


def test_a_view_that_fails_gives_its_place_back():
    def broken(request):
        raise ValueError

    ask = not_too_many(broken, room=Room(1, 1), patience=0)
    for _ in range(3):
        with pytest.raises(ValueError):
            ask(RequestFactory().get("/"))


# --- statements ------------------------------------------------------------------------


@pytest.fixture
def short(transactional_db, settings):
    """A connection as the server makes it, with less patience."""
    settings.STATEMENT_SECONDS, settings.POOLED = 5, False
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '50ms'")
    yield
    with connection.cursor() as cursor:  # behind a pooler it would be left to the next
        cursor.execute("RESET statement_timeout")
    connection.close()


def sleep(seconds):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_a_statement_that_takes_too_long_is_stopped_and_said(
    short, client_of, staff, monkeypatch
):
    monkeypatch.setattr("visits.views.ledger_page", lambda *a, **k: sleep(30))
    client = client_of(staff)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '500ms'")
    answer = client.get("/visits/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert SLOW in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_what_went_wrong_is_told_apart(short):
    with pytest.raises(OperationalError) as caught:
        sleep(30)
    assert database_problem(caught.value) == SLOW
    assert database_problem(OperationalError("gone")) == AWAY
    assert database_problem(ValueError()) is None


def test_an_export_may_take_longer_and_what_follows_may_not(short):
    with unhurried():
        sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)  # the connection's own, of the tests
