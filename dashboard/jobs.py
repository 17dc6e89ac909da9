"""What the worker has to do, is doing and has done, for whoever runs the system.

A job shows its kind, how far it is and why it failed in a plain sentence: neither its
arguments nor the words of an error, which may quote what was typed.
"""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.tasks.exceptions import InvalidTask
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.rights import Right, may, roles_with
from dashboard.reports.models import Report
from dashboard.reports.upward import Filing
from enterprises.models import ImportBatch, ImportProgress
from grids.models import Post
from tianshan.audit import record
from tianshan.backup import noted
from tianshan.notices import reminders
from visits.reminders import people

KINDS = {
    "enterprises.tasks.read_import": "读取导入的表",
    "enterprises.tasks.apply_import": "写入导入的表",
    "enterprises.tasks.undo_import": "撤回导入",
    "dashboard.reports.tasks.make_report": "生成报告",
    "dashboard.reports.tasks.count_filing": "填报取数",
    "tianshan.notices.tasks.send_reminders": "提醒和到时办理",
    "tianshan.notices.tasks.send_posting": "发到企业微信群",
}
# Who asked for these does them again on his own page, as himself.
BY_ITS_ASKER = {
    "dashboard.reports.tasks.make_report",
    "dashboard.reports.tasks.count_filing",
}
LONG = dt.timedelta(minutes=10)  # without a word: its worker is gone
UNTOUCHED = dt.timedelta(minutes=2)  # waiting, and nobody at work: there is no worker
KEPT, FAILED_KEPT = dt.timedelta(days=14), dt.timedelta(days=90)
AWAY = ("OperationalError", "InterfaceError")


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


@dataclass(frozen=True)
class Told:
    """A job as the page shows it."""

    pk: str
    kind: str
    state: str  # waiting, working, lost, failed, done
    since: dt.datetime
    progress: str = ""
    why: str = ""
    may_retry: bool = False


def tell(jobs, now):
    return [_tell(job, now) for job in jobs]


def _tell(job, now):
    state = _state(job, now)
    progress = _progress(job) if state in {"working", "lost"} else ""
    by_asker = job.task_path in BY_ITS_ASKER
    why = ""
    if state == "failed":
        why = _why(job)
    elif state == "lost":
        why = "后台在做的时候停了，没有做完的部分没有留下。"
    if why and by_asker:
        why += "请要的人在报告页上重做。"
    return Told(
        pk=str(job.pk),
        kind=KINDS.get(job.task_path, "其他任务"),
        state=state,
        since=job.finished_at or job.started_at or job.enqueued_at,
        progress=progress,
        why=why,
        may_retry=state in {"failed", "lost"} and not by_asker,
    )


def _state(job, now):
    if job.status == "RUNNING":
        return "lost" if _is_lost(job, now) else "working"
    return {"READY": "waiting", "SUCCESSFUL": "done"}.get(job.status, "failed")


def _is_lost(job, now):
    """Is its worker gone? What it works on knows best."""
    about = _about(job)
    if isinstance(about, ImportBatch):
        progress = ImportProgress.objects.filter(batch=about).first()
        begun = now - job.started_at > dt.timedelta(seconds=10)
        return begun and not (progress and progress.is_held)
    if isinstance(about, Report | Filing):
        return about.is_abandoned(now)
    return now - job.started_at > LONG


def _about(job):
    """The row that the job works on; None where there is none of its own."""
    model = {
        "enterprises.tasks": ImportBatch,
        "dashboard.reports.tasks": Report,
    }.get(job.task_path.rpartition(".")[0])
    if job.task_path.endswith("count_filing"):
        model = Filing
    arguments = job.args_kwargs.get("args") or []
    if model is None or not arguments:
        return None
    rows = model.objects.filter(pk=arguments[0])
    return (rows.defer("file") if model is ImportBatch else rows).first()


def _progress(job):
    about = _about(job)
    if isinstance(about, ImportBatch):
        row = ImportProgress.objects.filter(batch=about).first()
        if row and row.total:
            return f"{row.stage} {row.done}/{row.total}"
        return row.stage if row else ""
    return about.stage_name if isinstance(about, Report) else ""


def _why(job):
    if job.exception_class_path.rpartition(".")[2] in AWAY:
        return "当时数据库连不上，或者等得太久。"
    return "程序出错了。请把任务编号告诉技术支持，日志里按它查。"


def worker_is_missing(now):
    """Do jobs wait while nobody works? Says since when."""
    if any(not _is_lost(job, now) for job in DBTaskResult.objects.running()):
        return None
    first = DBTaskResult.objects.ready().order_by("enqueued_at").first()
    if first is None or now - first.enqueued_at < UNTOUCHED:
        return None
    return first.enqueued_at


@transaction.atomic
def retry(pk, *, by, at):
    """Once more, after it failed or its worker was lost; the old one goes."""
    if not may(by, Right.RUN_SYSTEM):
        raise PermissionDenied
    job = DBTaskResult.objects.select_for_update().filter(pk=pk).first()
    if job is None:
        raise Refused("这个任务已经重做过，或者已经清理了。")
    told = _tell(job, at)
    if not told.may_retry:
        raise Refused("这个任务现在不用重做，请刷新后看。")
    try:
        task = job.task
    except (ImportError, InvalidTask) as gone:
        raise Refused("这一版没有这种任务了，不能重做。") from gone
    arguments = job.args_kwargs
    task.enqueue(*arguments["args"], **arguments["kwargs"])
    job.delete()
    record("job.retried", by, by=by, at=at, kind=told.kind, job=told.pk)


def remind(day):
    """A system administrator is told of a night without a backup, once a day."""
    morning = timezone.make_aware(dt.datetime.combine(day, dt.time(reminders.FROM)))
    if skipped := noted.skipped(morning):
        posts = Post.objects.filter(role__in=roles_with(Right.RUN_SYSTEM))
        yield reminders.Reminder(
            people(posts),
            f"backup-{day.isoformat()}",
            f"{skipped.words}，请尽快备份",
            reverse("dashboard:job_list"),
        )


def tidy(now=None):
    """Take away what is long done; how many that were."""
    now = now or timezone.now()
    done = DBTaskResult.objects.successful().filter(finished_at__lt=now - KEPT)
    failed = DBTaskResult.objects.failed().filter(finished_at__lt=now - FAILED_KEPT)
    return done.delete()[0] + failed.delete()[0]
