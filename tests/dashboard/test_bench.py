"""The measurement runs, measures every item, and holds the numbers of queries."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from dashboard.bench import exports, items, measure, world
from dashboard.management.commands import bench
from dashboard.management.commands.bench import Command, as_text
from enterprises.models import Business

KEYS = [
    *("list", "filter", "filter_mode", "deep"),
    *("search_common", "search_rare", "search_none", "search_pinyin"),
    *("visits", "visits_deep", "demands", "search_page", "search_other"),
    *("detail", "edit", "dashboard", "figures", "map"),
    *("list_changed", "deep_changed", "search_changed", "dashboard_changed"),
    *("save", "visit"),
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
    monkeypatch.setattr(bench, "become", lambda role: None)  # rows of this transaction
    made = world.build(200, today=dt.date.today())
    yield Command()._measure(made.clerk, 200, 1, worker=made.worker, seconds=0)
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


def test_without_static_files_it_says_what_to_do(settings, tmp_path):
    storage = {"BACKEND": "tianshan.web.storage.PortalStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    settings.STATIC_ROOT = tmp_path

    with pytest.raises(CommandError, match="collectstatic"):
        call_command("bench", "--scale", "street")


def test_an_item_that_fails_is_told_and_the_others_are_measured():
    class Browser:
        def get_stored(self, content):
            return answer(200)

    def answer(status):
        counted = measure.Counted()
        counted.queries, counted.ms = 1, 1.0
        return measure.Answer(status, {}, b"x", 2.0, 1.0, counted)

    found = measure.compare(
        Browser(), {"a": lambda n: answer(503), "b": lambda n: answer(200)}, rounds=2
    )

    assert found["a"].failed == 503
    assert not found["b"].failed
    assert len(found["b"].ms) == 2
    item = items.Item("a", "甲", None, 4)
    assert "503" in as_text(bench.page_line(item, found["a"], None))


def test_what_takes_long_is_asked_three_times():
    asked = []

    class Browser:
        def get_stored(self, content):
            return measure.Answer(200, {}, b"x", 1.0, 1.0)

    def slow(turn):
        asked.append(turn)
        counted = None
        if measure.Browser.counts:
            counted = measure.Counted()
            counted.queries, counted.ms = 1, 1.0
        return measure.Answer(200, {}, b"x", 900.0, 1.0, counted)

    found = measure.compare(Browser(), {"a": slow}, rounds=30, patience=1000)

    assert len(found["a"].ms) == 3
    assert len(asked) == 3 + 2
