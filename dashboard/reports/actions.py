"""What can happen to a report: it is asked for, begun, finished, or fails and is retried."""

import hashlib

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from dashboard.reports import papers, periods, reading
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused
from grids.models import Grid
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.keeping import keep_document, kept_document

FOLDER = "reports"


@transaction.atomic
def ask_report(*, grid, span, rule, start, end, origin, by, at):
    """Have the worker make a report; raises Refused where the period cannot be."""
    if not Grid.objects.governed_by(by, Right.SEE_REPORTS).filter(pk=grid.pk).exists():
        raise PermissionDenied
    periods.check(grid, start, end, timezone.localdate(at))
    report = Report.objects.create(
        grid=grid,
        span=span,
        rule=rule,
        start=start,
        end=end,
        origin=origin.rstrip("/"),
        by=by,
        at=at,
        told_at=at,
    )
    record("report.asked", report, by=by, at=at)
    _hand_over(report)
    return report


def _hand_over(report):
    from dashboard.reports.tasks import make_report

    transaction.on_commit(lambda: make_report.enqueue(report.pk, report.tries))


def _take(report, step, at):
    report = Report.objects.select_for_update().get(pk=report.pk)
    if step not in report.open_steps(at):
        raise Refused(f"这份报告现在是“{report.get_state_display()}”，请刷新后看。")
    return report


@transaction.atomic
def begin(report, *, tries, at):
    """The worker takes it up; one that was retried since is left to the other."""
    report = _take(report, "begin", at)
    if report.tries != tries:
        raise Refused("这份报告已经重做。")
    report.state, report.stage, report.told_at = Report.State.RUNNING, 0, at
    report.save(update_fields=["state", "stage", "told_at"])
    return report


def tell(report, *, stage, at):
    """How far the worker is."""
    mine = Report.objects.filter(pk=report.pk, tries=report.tries)
    mine.filter(state=Report.State.RUNNING).update(stage=stage, told_at=at)


def make(report):
    """Read the figures and write both files, step by step."""
    if not Report.objects.visible_to(report.by).filter(pk=report.pk).exists():
        raise FileProblem(
            "要这份报告的人已经不在这个网格的岗位上，请由在岗的人重新做。"
        )
    at = timezone.now()
    today = timezone.localdate(at)
    scope = reading.scope_of(report, report.by, today)
    report.as_of, report.day = at, scope.day
    report.figures = reading.read(scope, reading.grids_of(report))
    tell(report, stage=1, at=timezone.now())
    document = papers.docx_of(report)
    tell(report, stage=2, at=timezone.now())
    finish(report, docx=document, xlsx=papers.xlsx_of(report), at=timezone.now())


@transaction.atomic
def finish(made, *, docx, xlsx, at):
    """Keep the figures and the files for good."""
    report = _take(made, "finish", at)
    if report.tries != made.tries:
        raise Refused("这份报告已经重做。")
    report.figures, report.as_of, report.day = made.figures, made.as_of, made.day
    report.docx_sha256 = hashlib.sha256(docx).hexdigest()
    report.xlsx_sha256 = hashlib.sha256(xlsx).hexdigest()
    report.docx = keep_document(FOLDER, docx)
    report.xlsx = keep_document(FOLDER, xlsx, "xlsx")
    report.state, report.stage, report.told_at = (
        Report.State.DONE,
        len(Report.STAGES),
        at,
    )
    report.save()
    record(
        "report.finished",
        report,
        by=report.by,
        at=at,
        sha256=[report.docx_sha256, report.xlsx_sha256],
    )
    return report


@transaction.atomic
def fail(report, *, tries, reason, at):
    report = _take(report, "fail", at)
    if report.tries != tries:
        raise Refused("这份报告已经重做。")
    report.state, report.failure, report.told_at = Report.State.FAILED, reason, at
    report.save(update_fields=["state", "failure", "told_at"])
    record("report.failed", report, by=report.by, at=at, reason=reason)
    return report


@transaction.atomic
def retry(report, *, by, at):
    """Once more, after it failed or its worker was lost."""
    if not Report.objects.visible_to(by).filter(pk=report.pk).exists():
        raise PermissionDenied
    report = _take(report, "retry", at)
    report.state, report.stage = Report.State.QUEUED, 0
    report.tries, report.failure, report.told_at = report.tries + 1, "", at
    report.save(update_fields=["state", "stage", "tries", "failure", "told_at"])
    record("report.retried", report, by=by, at=at)
    _hand_over(report)
    return report


def content_of(report, kind):
    """The kept file; FileProblem when it is not what was made."""
    try:
        content = kept_document(FOLDER, getattr(report, kind), kind)
    except FileNotFoundError:
        raise FileProblem("文件不在了，请告诉系统管理员。") from None
    if hashlib.sha256(content).hexdigest() != getattr(report, f"{kind}_sha256"):
        raise FileProblem("这份文件和生成时的指纹不一致，请告诉系统管理员。")
    return content
