"""Lines of the log: which request, and nothing of people."""

import json
import logging
import sys

import pytest

from tests.factories import BusinessFactory
from tianshan.web.logs import JsonLine
from tianshan.web.middleware import RequestIdFilter

PLANTED = "13900007351"


def line_of(record):
    RequestIdFilter().filter(record)
    return json.loads(JsonLine().format(record))


def test_a_line_is_an_object_with_the_request():
    record = logging.LogRecord("a.b", logging.ERROR, "", 1, "went %s", ("wrong",), None)
    line = line_of(record)
    assert (line["level"], line["logger"], line["message"]) == (
        "ERROR",
        "a.b",
        "went wrong",
    )
    assert line["request"] == "-"
    assert line["at"].endswith("+00:00")


def test_an_exception_is_told_without_its_words():
    try:
        int(PLANTED + "号")
    except ValueError:
        caught = sys.exc_info()
    record = logging.LogRecord("a", logging.ERROR, "", 1, "failed", (), caught)
    text = json.dumps(line_of(record))
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert PLANTED not in text


@pytest.mark.django_db
def test_what_people_ask_for_is_in_no_line(client_of, staff, grid, monkeypatch, caplog):
    """A page that fails while a phone number is in hand: form, filter and address."""

    def broken(*args, **kwargs):
        raise ValueError(f"cannot read {PLANTED}")

    shop = BusinessFactory(grid=grid)
    client = client_of(staff)
    client.raise_request_exception = False
    monkeypatch.setattr("visits.views.ledger_page", broken)
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            RequestIdFilter().filter(record)
            lines.append(JsonLine().format(record))

    kept = Kept()
    for name in ("", "django", "django.request"):
        logging.getLogger(name).addHandler(kept)
    try:
        answer = client.get("/visits/", {"q": PLANTED})
        assert answer.status_code == 500
        client.post(f"/businesses/{shop.pk}/edit/", {"contact_phone": PLANTED})
        client.get("/search/", {"q": PLANTED})
    finally:
        for name in ("", "django", "django.request"):
            logging.getLogger(name).removeHandler(kept)
    assert lines
    assert PLANTED not in "".join(lines)
    assert answer.headers["X-Request-Id"] in "".join(lines)
