"""Reports: the list, a new one, how far it is, what it says, its files."""

from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from dashboard.reports import actions, papers, periods, reading
from dashboard.reports.forms import ReportForm
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused, Rule, Span
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.documents import CONTENT_TYPE as DOCX
from tianshan.web import render_part

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONTENT_TYPES = {"docx": DOCX, "xlsx": XLSX}


def file_response(content, name, kind):
    response = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@needs(Right.SEE_REPORTS)
@require_safe
def report_list(request):
    reports = Report.objects.visible_to(request.user).for_list()
    page = Paginator(reports, 50).get_page(request.GET.get("page"))
    return render(request, "dashboard/report_list.html", {"page": page})


@needs(Right.SEE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def report_new(request):
    """Ask for one; the last month that is over, unless the address says otherwise."""
    today = timezone.localdate()
    if request.method == "POST":
        form = ReportForm(request.POST, user=request.user)
    else:
        form = ReportForm(user=request.user, initial=_proposed(request, today))
    if form.is_valid():
        try:
            report = actions.ask_report(
                **form.asked,
                origin=request.build_absolute_uri("/"),
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect(report)
    status = 400 if form.errors else 200
    return render(request, "dashboard/report_new.html", {"form": form}, status=status)


def _proposed(request, today):
    """From the dashboard the days that it shows; else last month."""
    start, _ = periods.ended_before(Span.MONTH, Rule.CALENDAR, today)
    proposed = {
        "span": Span.MONTH,
        "rule": Rule.CALENDAR,
        "year": start.year,
        "month": start.month,
        "quarter": (start.month + 2) // 3,
    }
    if request.GET.get("start"):
        proposed["span"] = Span.FREE
    return proposed | {
        name: request.GET[name]
        for name in ("grid", "start", "end")
        if name in request.GET
    }


@needs(Right.SEE_REPORTS)
@require_safe
@never_cache
def report_detail(request, pk):
    """How far it is; then its own numbers, and which of them read differently now."""
    seen = Report.objects.visible_to(request.user).select_related("grid", "by")
    report = get_object_or_404(seen, pk=pk)
    now = timezone.now()
    context = {
        "report": report,
        "steps": report.open_steps(now),
        "abandoned": report.is_abandoned(now),
        "stages": len(Report.STAGES),
    }
    if report.state == Report.State.DONE:
        context |= _told(report, reading.corrected(report, request.user))
    return render_part(request, "dashboard/report_detail.html", context, part="report")


def _told(report, differ):
    own, *others = report.figures
    lines = [
        {
            "heading": heading,
            "entries": [
                {
                    "entry": entry,
                    "said": papers.number_in_words(entry),
                    "href": papers.address(entry),
                    "now": _now(differ.get((own["code"], entry["key"]))),
                }
                for _, _, entries in sections
                for entry in entries
            ],
        }
        for heading, sections in papers.chapters(own["figures"])
    ]
    beside = [
        {
            "name": grid["name"],
            "entries": [
                (
                    papers.number_in_words(entry),
                    _now(differ.get((grid["code"], entry["key"]))),
                )
                for entry in papers.of_grid(grid)
            ],
        }
        for grid in report.figures
    ]
    return {
        "chapters": lines,
        "beside": beside if others else [],
        "beside_heads": papers.of_grid(own),
        "differ": len(differ),
        "empty": papers.is_empty(own["figures"]),
    }


def _now(entry):
    return papers.number_in_words(entry) if entry else ""


@needs(Right.SEE_REPORTS)
@require_POST
def report_retry(request, pk):
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    try:
        actions.retry(report, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(report)


@needs(Right.SEE_REPORTS)
@require_safe
def report_docx(request, pk):
    return _file(request, pk, "docx")


@needs(Right.SEE_REPORTS)
@require_safe
def report_xlsx(request, pk):
    return _file(request, pk, "xlsx")


def _file(request, pk, kind):
    """The kept file, byte for byte."""
    done = Report.objects.visible_to(request.user).filter(state=Report.State.DONE)
    report = get_object_or_404(done.select_related("grid"), pk=pk)
    try:
        content = actions.content_of(report, kind)
    except FileProblem as problem:
        messages.error(request, str(problem))
        return redirect(report)
    record("report.taken", report, by=request.user, at=timezone.now(), format=kind)
    return file_response(content, f"{report}.{kind}", kind)
