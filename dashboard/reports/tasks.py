"""What the worker does for reports."""

import logging

from django.core.exceptions import PermissionDenied
from django.tasks import task
from django.utils import timezone

from dashboard.reports import actions
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused
from dashboard.reports.upward import Filing
from tianshan.files import FileProblem

log = logging.getLogger(__name__)
BROKE = "生成时出错。请再试一次；还不行请联系系统管理员。"
GONE = "取数的人已经不在这个网格的岗位上，请由在岗的人重新取数。"


@task
def make_report(pk, tries):
    """Make a report; whatever stops it is said on its page."""
    report = Report.objects.select_related("grid", "by").get(pk=pk)
    try:
        actions.begin(report, tries=tries, at=timezone.now())
        actions.make(report)
    except Refused:
        return  # another worker has it, or it was retried
    except FileProblem as problem:
        _fail(report, tries, str(problem))
    except Exception:
        log.exception("report %s failed", pk)
        _fail(report, tries, BROKE)


def _fail(report, tries, reason):
    try:
        actions.fail(report, tries=tries, reason=reason, at=timezone.now())
    except Refused:
        pass  # retried since: the other says how it went


@task
def count_filing(pk, tries):
    """Read the numbers of one issue of a form."""
    filing = Filing.objects.select_related("form__grid", "counted_by").get(pk=pk)
    try:
        actions.count(filing, tries=tries, at=timezone.now())
    except Refused:
        return  # another worker has it, or it is counted again
    except PermissionDenied:
        _fail_count(filing, tries, GONE)
    except Exception:
        log.exception("filing %s was not counted", pk)
        _fail_count(filing, tries, BROKE)


def _fail_count(filing, tries, reason):
    try:
        actions.fail_count(filing, tries=tries, reason=reason, at=timezone.now())
    except Refused:
        pass
