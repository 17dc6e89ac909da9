"""后台任务: what waits, what failed and why, and once more."""

import datetime as dt

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from dashboard import jobs
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
REMIND = "tianshan.notices.tasks.send_reminders"
REPORT = "dashboard.reports.tasks.make_report"


@pytest.fixture(autouse=True)
def kept_for_a_worker(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


def job(status="READY", path=REMIND, *, ago=dt.timedelta(), args=(), error=""):
    at = timezone.now() - ago
    made = DBTaskResult.objects.create(
        status=status,
        task_path=path,
        args_kwargs={"args": list(args), "kwargs": {}},
        backend_name="default",
        run_after=at,
        started_at=None if status == "READY" else at,
        finished_at=at if status in {"FAILED", "SUCCESSFUL"} else None,
        exception_class_path=error,
        traceback="Traceback: 13900007351",
    )
    DBTaskResult.objects.filter(pk=made.pk).update(enqueued_at=at)
    return made


HOUR = dt.timedelta(hours=1)


def test_the_page_says_kind_state_and_reason_in_words(client_of, system_admin):
    job("FAILED", error="django.db.utils.OperationalError")
    job("FAILED", REPORT, error="builtins.ValueError")
    job("RUNNING")
    job("RUNNING", ago=HOUR)
    page = client_of(system_admin).get("/jobs/").text
    for words in ("提醒和到时办理", "正在做", "中断了", "没做成", "数据库连不上"):
        assert words in page
    assert "请要的人在报告页上重做" in page
    assert "13900007351" not in page
    assert "Traceback" not in page
    assert page.count(">重做</button>") == 2


def test_others_do_not_see_it(client_of, clerk):
    failed = job("FAILED")
    client = client_of(clerk)
    assert client.get("/jobs/").status_code == 403
    assert client.post(f"/jobs/{failed.pk}/retry/").status_code == 403
    assert DBTaskResult.objects.get() == failed


def test_what_failed_is_done_again_once(client_of, system_admin):
    failed = job("FAILED")
    client = client_of(system_admin)
    client.post(f"/jobs/{failed.pk}/retry/")
    again = DBTaskResult.objects.get()
    assert (again.status, again.task_path) == ("READY", REMIND)
    assert again.pk != failed.pk
    line = Entry.objects.get(verb="job.retried")
    assert (line.by, line.data["kind"]) == (system_admin, "提醒和到时办理")

    page = client.post(f"/jobs/{failed.pk}/retry/", follow=True).text
    assert "已经重做过" in page
    assert DBTaskResult.objects.get() == again


@pytest.mark.parametrize(
    ("status", "path", "ago"),
    [
        ("READY", REMIND, HOUR),
        ("SUCCESSFUL", REMIND, HOUR),
        ("RUNNING", REMIND, dt.timedelta()),
        ("FAILED", REPORT, HOUR),
        ("FAILED", "tianshan.notices.tasks.an_older_release_had", HOUR),
    ],
)
def test_what_needs_no_retry_is_refused(system_admin, status, path, ago):
    one = job(status, path, ago=ago)
    with pytest.raises(jobs.Refused):
        jobs.retry(one.pk, by=system_admin, at=timezone.now())
    assert DBTaskResult.objects.get() == one


def test_a_missing_worker_is_said(client_of, system_admin):
    client = client_of(system_admin)
    one = job(ago=HOUR)
    assert "后台没有在工作" in client.get("/jobs/").text
    working = job("RUNNING")
    assert "后台没有在工作" not in client.get("/jobs/").text
    working.delete()
    DBTaskResult.objects.filter(pk=one.pk).update(enqueued_at=timezone.now())
    assert "后台没有在工作" not in client.get("/jobs/").text


def test_old_ones_are_taken_away():
    day = dt.timedelta(days=1)
    kept = [
        job("SUCCESSFUL", ago=13 * day),
        job("FAILED", ago=60 * day),
        job(ago=100 * day),
    ]
    job("SUCCESSFUL", ago=15 * day)
    job("FAILED", ago=91 * day)
    assert jobs.tidy() == 2
    assert set(DBTaskResult.objects.all()) == set(kept)
