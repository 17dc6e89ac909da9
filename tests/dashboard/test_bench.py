"""The measurement runs, measures every item, and holds the numbers of queries."""

import datetime as dt

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from dashboard.bench import exports, world
from dashboard.management.commands.bench import Command, as_text
from enterprises.models import Business

KEYS = [
    *("list", "filter", "filter_mode", "deep"),
    *("search_common", "search_rare", "search_none", "search_page", "search_other"),
    *("detail", "edit", "dashboard", "figures"),
    *("list_changed", "deep_changed", "search_changed", "dashboard_changed", "save"),
    *("import", "export_csv", "export_xlsx"),
]


@pytest.fixture
def report(db, settings, monkeypatch):
    """A small street in the tests' database; a process of its own would not see it."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    # Between requests a server may close its connection; here it holds the test.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    cost = {"rows": 200, "seconds": 1.0, "grown_mb": 1.0, "bytes": 9}
    monkeypatch.setattr(exports, "measured", lambda kind, session: cost)
    clerk = world.build(200, today=dt.date.today())
    yield Command()._measure(clerk, rows=200, rounds=1)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_every_item_is_measured_and_few_queries_make_a_list(report):
    lines = {line["key"]: line for line in report["items"]}

    assert list(lines) == KEYS
    assert all(as_text(line) for line in report["items"])
    for key in ("list", "filter", "filter_mode", "deep", "list_changed"):
        assert lines[key]["queries"] <= 6, key
    assert lines["import"]["rows_per_second"] > 0
    assert Business.objects.count() == 400
