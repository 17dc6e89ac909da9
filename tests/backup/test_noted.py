"""A night without a backup is seen: on the page of the jobs, by machines, in a notice."""

import datetime as dt

import pytest
from django.core.management import call_command
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dashboard import jobs
from dashboard.metrics import state_of_things
from tests.factories import NOON
from tianshan.audit import record
from tianshan.audit.models import Entry
from tianshan.backup import noted
from tianshan.backup.management.commands import backup

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
NIGHT = NOON.replace(hour=17) - dt.timedelta(days=1)  # 01:30 and a bit, as UTC says it


def made(at):
    return noted.note(at=at, rows=9, files=1)


def measured(now):
    text = generate_latest(state_of_things(now)).decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_the_command_made_is_noted(tmp_path, monkeypatch, settings):
    settings.BACKUP_KEY = "k" * 43 + "="

    def write(path, **more):
        path.write_bytes(b"x")
        return {"tables": {"a": (7, ""), "b": (2, "")}, "files": {"c": ""}}

    monkeypatch.setattr(backup, "key_of", lambda text: b"key")
    monkeypatch.setattr(backup.archive, "write", write)
    call_command("backup", to=tmp_path)
    entry = Entry.objects.get(verb=noted.MADE)
    assert (entry.by, entry.data) == (None, {"rows": 9, "files": 1})
    assert noted.last_made() == entry.at


def test_one_that_failed_is_not_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "key_of", lambda text: b"key")

    def fails(path, **more):
        raise OSError

    monkeypatch.setattr(backup.archive, "write", fails)
    with pytest.raises(OSError):
        call_command("backup", to=tmp_path)
    assert noted.last_made() is None


@pytest.mark.parametrize(
    ("hours", "alarm"), [(1, False), (24, False), (26, False), (26.1, True), (99, True)]
)
def test_the_age_of_the_last_one_decides(hours, alarm):
    made(NOON - 200 * HOUR)
    last = NOON - hours * HOUR
    made(last)
    skipped = noted.skipped(NOON)
    assert bool(skipped) is alarm
    if alarm:
        assert skipped.last == last
    told = measured(NOON)
    assert told["tianshan_backup_skipped"] == alarm
    assert told["tianshan_backup_age_seconds"] == hours * 3600


def test_a_portal_that_never_had_one_is_told_after_its_first_night(staff):
    assert noted.skipped(NOON) is None
    record("account.signed_in", staff, by=staff, at=NOON)
    assert noted.skipped(NOON + 20 * HOUR) is None
    skipped = noted.skipped(NOON + 30 * HOUR)
    assert skipped.words == "还没有备份过"
    assert "tianshan_backup_age_seconds" not in measured(NOON)


def test_the_page_of_the_jobs_is_red_until_there_is_one(client_of, system_admin):
    made(dt.datetime(2026, 3, 4, 17, 30, tzinfo=dt.UTC))
    client = client_of(system_admin)
    page = client.get("/jobs/").text
    assert "最近一次备份是 2026-03-05 01:30，昨夜没有备份" in page
    assert 'class="note note-bad" role="alert"' in page
    from django.utils import timezone

    made(timezone.now())
    assert "没有备份" not in client.get("/jobs/").text


def test_the_system_administrator_is_told_once_a_day_and_nobody_else(
    system_admin, clerk, leader
):
    day = NOON.date()
    made(NIGHT)
    assert list(jobs.remind(day)) == []
    (one,) = jobs.remind(day + dt.timedelta(days=1))
    (again,) = jobs.remind(day + dt.timedelta(days=2))
    assert one.users == (system_admin,)
    assert "没有备份" in one.words
    assert one.url == "/jobs/"
    assert one.key != again.key
