"""What the worker does for reports."""

import logging

from django.tasks import task
from django.utils import timezone

from dashboard.reports import actions
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused
from tianshan.files import FileProblem

log = logging.getLogger(__name__)
BROKE = "生成时出错。请再试一次；还不行请联系系统管理员。"


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
