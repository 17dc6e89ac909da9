"""The worker at a batch: how far it is, and what is left when it is killed."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.urls import reverse

from enterprises import imports, tasks
from enterprises.imports.progress import Progress, is_abandoned
from enterprises.models import Business, ImportBatch, ImportProgress, Occupancy
from tests.enterprises.files import code, line, workbook
from tests.factories import LIVE_ON, NOON, BusinessFactory

PATIENCE = 60  # seconds within which a process must come to a point


@pytest.fixture
def started(grid, clerk):
    def start(*rows):
        batch = imports.upload(
            name="台账.xlsx",
            content=workbook(*rows),
            grid=grid,
            known_since=LIVE_ON,
            by=clerk,
            at=NOON,
        )
        return imports.start(batch, by=clerk, at=NOON)

    return start


def database_url():
    """The address of the test's own database, for another process."""
    at = connection.settings_dict
    who = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}"
    host = f"{quote(at['HOST'], safe='')}:{at['PORT']}"
    return f"postgres://{who}@{host}/{at['NAME']}"


@pytest.fixture
def worker():
    """`worker(batch)`: a process of its own that writes the batch."""
    running = []

    def begin(batch):
        script = (
            "import django; django.setup();"
            "from enterprises import tasks;"
            f"tasks.apply_import.func({batch.pk})"
        )
        environment = {
            **os.environ,
            "TIANSHAN_MODE": "test",
            "DJANGO_SETTINGS_MODULE": "tianshan.settings",
            "DATABASE_URL": database_url(),
            "DATABASE_OWNER_URL": database_url(),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=settings.BASE_DIR, env=environment
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def until(true, process):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, "the worker ended before"
        assert time.monotonic() < deadline, "the worker did not come so far"


def somebody_waits_for(table):
    def asked():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted"
                " AND relation = %s::regclass)",
                [table],
            )
            return cursor.fetchone()[0]

    return asked


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_half_written(
    grid, started, worker, client_of, clerk, django_capture_on_commit_callbacks
):
    old = BusinessFactory(grid=grid, name="老店", code=code(0), staff_count=3)
    batch = started(
        line("老店", code=code(0), staff=9),
        *(line(f"店{n}", code=code(n), room=str(n)) for n in range(1, 51)),
    )
    # Its way is barred where businesses and places are written and states are not.
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE enterprises_operation IN EXCLUSIVE MODE")
        process = worker(batch)
        until(somebody_waits_for("enterprises_operation"), process)
        progress = ImportProgress.objects.get()
        assert progress.is_held
        assert progress.stage == "写入台账"
        assert not is_abandoned(ImportBatch.objects.get())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    assert Business.objects.get() == old
    assert Occupancy.objects.count() == 1
    old.refresh_from_db()
    assert old.staff_count == 3
    batch = ImportBatch.objects.get()
    assert batch.state == "applying"
    deadline = time.monotonic() + PATIENCE
    while not is_abandoned(batch):  # until the server notices that nobody is there
        assert time.monotonic() < deadline

    browser = client_of(clerk)
    text = browser.get(batch.get_absolute_url()).content.decode()
    assert "后台在途中断了，台账没有改动" in text
    assert "重新写入" in text

    browser.post(reverse("enterprises:import_recover", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == "applied"
    assert Business.objects.count() == 51
    old.refresh_from_db()
    assert old.staff_count == 9


@pytest.mark.django_db(transaction=True)
def test_the_page_sees_how_far_it_is_while_nothing_is_committed(
    started, client_of, clerk, monkeypatch
):
    batch = started(*(line(f"店{n}", room=str(n)) for n in range(30)))
    monkeypatch.setattr(imports.apply, "CHUNK", 10)
    monkeypatch.setattr("enterprises.imports.progress.OFTEN", 0)
    browser, seen = client_of(clerk), []
    add = Progress.add

    def add_and_look(self, many):
        add(self, many)
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute(
                    "SELECT stage, done, total, (SELECT COUNT(*) FROM"
                    " enterprises_business) FROM enterprises_importprogress"
                )
                seen.append(cursor.fetchone())
        finally:
            other.close()

    monkeypatch.setattr(Progress, "add", add_and_look)
    tasks.apply_import.func(batch.pk)

    assert [row for row in seen if row[0] == "写入台账"] == [
        ("写入台账", 10, 30, 0),
        ("写入台账", 20, 30, 0),
        ("写入台账", 30, 30, 0),
    ]
    assert "已写入" in browser.get(batch.get_absolute_url()).content.decode()


def test_the_page_shows_the_stage_and_the_bar(started, client_of, clerk):
    batch = started(line("甲店", room="1"))
    ImportProgress.objects.update(
        stage="写入台账", done=40, total=120, began_at=NOON, beat_at=NOON
    )
    with Progress(batch.pk):
        text = client_of(clerk).get(batch.get_absolute_url()).content.decode()
    assert "写入台账 40 / 120" in text
    assert '<progress max="120" value="40"' in text


def test_a_batch_that_waits_for_the_worker_is_not_taken_for_abandoned(
    started, clerk, client_of
):
    batch = started(line("甲店", room="1"))
    assert not is_abandoned(batch)
    text = client_of(clerk).get(batch.get_absolute_url()).content.decode()
    assert "等后台接手" in text
    with pytest.raises(imports.Refused, match="后台还在处理"):
        imports.recover(batch, by=clerk, at=NOON)


def test_a_batch_whose_worker_is_gone_is_found(started, clerk):
    batch = started(line("甲店", room="1"))
    ImportProgress.objects.update(began_at=NOON)
    assert is_abandoned(batch)
    imports.recover(batch, by=clerk, at=NOON)
    assert not is_abandoned(batch)


def test_who_left_is_told_on_the_next_page_and_once(
    grid, clerk, client_of, django_capture_on_commit_callbacks
):
    batch = imports.upload(
        name="台账.xlsx",
        content=workbook(line("甲店", room="1")),
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )
    browser = client_of(clerk)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("enterprises:import_apply", args=[batch.pk]))

    said = "导入“台账.xlsx”已写入：新增 1，变更 0。"
    assert said in browser.get("/merchants/").content.decode()
    assert said not in browser.get("/merchants/").content.decode()
    assert not list(get_messages(browser.get("/imports/").wsgi_request))


def test_a_large_file_is_read_by_the_worker(
    grid, clerk, client_of, monkeypatch, django_capture_on_commit_callbacks
):
    from django.core.files.uploadedfile import SimpleUploadedFile

    monkeypatch.setattr("enterprises.import_views.AT_ONCE", 10)
    browser = client_of(clerk)
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(
            reverse("enterprises:import_new"),
            {
                "file": SimpleUploadedFile("大.xlsx", workbook(line("甲店", room="1"))),
                "grid": grid.pk,
                "known_since": LIVE_ON.isoformat(),
            },
        )
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.summary["new"]) == ("read", 1)
    assert response.url == batch.get_absolute_url()


def test_a_large_file_that_is_no_ledger_says_so_on_its_page(
    grid, clerk, client_of, monkeypatch, django_capture_on_commit_callbacks
):
    batch = imports.receive(
        name="图.xlsx",
        content=b"\x89PNG\r\n\x1a\n" + bytes(50),
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )
    tasks.read_import.func(batch.pk)
    text = client_of(clerk).get(batch.get_absolute_url()).content.decode()
    assert "没有读成：这不是 Excel 工作簿" in text
