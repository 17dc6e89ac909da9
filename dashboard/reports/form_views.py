"""对上报表: the list, a form with its places, its issues and their steps."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from dashboard.reports import actions
from dashboard.reports.forms import (
    CellForm,
    MapForm,
    PeriodForm,
    ReasonForm,
    UpwardFormForm,
)
from dashboard.reports.owed import owed
from dashboard.reports.periods import Refused
from dashboard.reports.upward import Filing, FilingCell, UpwardForm
from dashboard.reports.views import file_response
from grids.models import Grid
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.pouring import MOST_BYTES
from tianshan.web import render_part

DONE = {
    "recount": "正在重新取数。",
    "submit": "已报审核。",
    "check": "审核通过，等待签发。",
    "send_back": "已退回填报。",
    "sign": "已签发，数字和文件从此不变。",
    "void": "已作废，可以重新开始报这一期。",
}
WITH_REASON = ("send_back", "void")


def _form(request, pk, having=Right.SEE_REPORTS):
    seen = UpwardForm.objects.visible_to(request.user, having)
    return get_object_or_404(seen.for_list(), pk=pk)


def _filing(request, pk):
    return get_object_or_404(Filing.objects.visible_to(request.user).for_list(), pk=pk)


def governs(user, right, grid):
    return Grid.objects.governed_by(user, right).filter(pk=grid.pk).exists()


@needs(Right.SEE_REPORTS)
@require_safe
def form_list(request):
    """Every form, what waits of it, for whom, until when."""
    day = timezone.localdate()
    seen = UpwardForm.objects.visible_to(request.user)
    waiting = [(one, one.light(day)) for one in owed(seen, day)]
    signed = Filing.objects.filter(form__in=seen, state=Filing.State.SIGNED)
    last = {filing.form_id: filing for filing in signed.for_list().reverse()}
    context = {
        "waiting": waiting,
        "lines": [(form, last.get(form.pk)) for form in seen.for_list()],
        "may_keep": request.user.may(Right.FILL_FORMS),
    }
    return render(request, "dashboard/form_list.html", context)


@needs(Right.FILL_FORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def form_new(request):
    return _edit(request, None)


@needs(Right.FILL_FORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def form_edit(request, pk):
    return _edit(request, _form(request, pk, Right.FILL_FORMS))


def _edit(request, form):
    more = {"instance": form} if form else {}
    if request.method == "POST":
        page = UpwardFormForm(request.POST, request.FILES, user=request.user, **more)
    else:
        page = UpwardFormForm(user=request.user, **more)
    if page.is_valid():
        file = page.cleaned_data.get("file")
        try:
            if file and file.size > MOST_BYTES:
                raise FileProblem("模板太大，最多 5 MB。请删去图片和无关的内容再上传。")
            kept = actions.keep_form(
                form,
                file_name=file.name if file else "",
                content=file.read() if file else None,
                by=request.user,
                at=timezone.now(),
                **page.rules,
            )
        except FileProblem as problem:
            page.add_error("file", str(problem))
        except Refused as refused:
            page.add_error(None, str(refused))
        else:
            messages.success(request, "报表已存，请看每一处填什么。")
            return redirect(kept)
    context = {"form": page, "report": form}
    status = 400 if page.errors else 200
    return render(request, "dashboard/form_edit.html", context, status=status)


@needs(Right.SEE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def form_detail(request, pk):
    """What each place is filled from, and the issues so far."""
    form = _form(request, pk)
    keeps = governs(request.user, Right.FILL_FORMS, form.grid)
    today = timezone.localdate()
    page = None
    if keeps:
        data = request.POST if request.method == "POST" else None
        page = MapForm(data, form=form, user=request.user)
    elif request.method == "POST":
        raise PermissionDenied
    if page and page.is_valid():
        try:
            actions.map_form(
                form, fields=page.chosen, by=request.user, at=timezone.now()
            )
        except FileProblem as problem:
            page.add_error("place", str(problem))
        except Refused as refused:
            page.add_error(None, str(refused))
        else:
            messages.success(request, "每一处填什么，已存。")
            return redirect(form)
    begin = PeriodForm(form=form, today=today) if keeps and not form.ended_on else None
    context = {
        "report": form,
        "form": page,
        "begin": begin if begin and begin.fields["period"].choices else None,
        "filings": [(f, f.light(today)) for f in form.filings.for_list()],
        "requests": form.requests.for_list(),
    }
    status = 400 if page and page.errors else 200
    return render(request, "dashboard/form_detail.html", context, status=status)


@needs(Right.SEE_REPORTS)
@require_safe
def form_file(request, pk):
    """The empty template, as it was uploaded."""
    form = _form(request, pk)
    return file_response(
        bytes(form.file), f"{form.name}（空表）.{form.kind}", form.kind
    )


@needs(Right.FILL_FORMS)
@require_POST
def form_end(request, pk):
    form = _form(request, pk, Right.FILL_FORMS)
    now = timezone.now()
    try:
        actions.end_form(form, on=timezone.localdate(now), by=request.user, at=now)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已停报，报过的各期都在。")
    return redirect(form)


# --- one issue -----------------------------------------------------------------------


@needs(Right.FILL_FORMS)
@require_POST
def filing_new(request, pk):
    form = _form(request, pk, Right.FILL_FORMS)
    page = PeriodForm(request.POST, form=form, today=timezone.localdate())
    if not page.is_valid():
        messages.warning(request, " ".join(page.errors.get("period", ["请选一期。"])))
        return redirect(form)
    start, end = page.days
    try:
        filing = actions.start_filing(
            form, start=start, end=end, by=request.user, at=timezone.now()
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(form)
    return redirect(filing)


@needs(Right.SEE_REPORTS)
@require_safe
@never_cache
def filing_detail(request, pk):
    """Every place: what was counted, what stands, what the last issue had."""
    filing = _filing(request, pk)
    now = timezone.now()
    steps = _mine(filing, request.user, now)
    last = filing.last()
    before = {cell.place: cell for cell in last.cells.all()} if last else {}
    cells = [
        {
            "cell": cell,
            "last": before[cell.place].shown if cell.place in before else None,
            "changed": cell.place in before
            and before[cell.place].compared != cell.compared,
        }
        for cell in filing.cells.select_related("said_by")
    ]
    context = {
        "filing": filing,
        "steps": steps,
        "blocked": _blocked(filing, request.user),
        "abandoned": filing.is_abandoned(now),
        "light": filing.light(timezone.localdate(now)),
        "last": last,
        "lines": cells,
        "changed": sum(line["changed"] for line in cells),
        "reason": ReasonForm(),
    }
    return render_part(request, "dashboard/filing_detail.html", context, part="filing")


def _mine(filing, user, now):
    """The open steps that the user may take."""
    may = {
        step
        for step in filing.open_steps(now)
        if (right := actions.FILING_RIGHTS.get(step))
        and governs(user, right, filing.form.grid)
    }
    for state, right in (
        ("checking", Right.CHECK_FORMS),
        ("signing", Right.SIGN_FORMS),
    ):
        if filing.state == state and governs(user, right, filing.form.grid):
            may.add("send_back")
    return may - ({"check", "sign"} if _blocked(filing, user) else set())


def _blocked(filing, user):
    """Why the next step must be another's, in words."""
    if filing.state == "checking" and filing.submitted_by_id == user.pk:
        return "这一期是您填报的，要由另一个人审核。"
    if filing.state == "signing" and user.pk in (
        filing.submitted_by_id,
        filing.checked_by_id,
    ):
        return "这一期您已经填报或审核过，要由另一个人签发。"
    return ""


@needs(Right.FILL_FORMS, Right.CHECK_FORMS, Right.SIGN_FORMS)
@require_POST
def filing_step(request, pk, step):
    filing = _filing(request, pk)
    if step not in DONE:
        raise Http404
    more = {"reason": request.POST.get("reason", "")} if step in WITH_REASON else {}
    try:
        getattr(actions, step)(filing, by=request.user, at=timezone.now(), **more)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, DONE[step])
    return redirect(filing)


@needs(Right.FILL_FORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def cell_edit(request, pk):
    """Another value for one place, and why."""
    seen = FilingCell.objects.filter(filing__in=Filing.objects.visible_to(request.user))
    cell = get_object_or_404(seen.select_related("filing__form__grid"), pk=pk)
    initial = {"value": cell.said, "reason": cell.reason}
    page = CellForm(request.POST if request.method == "POST" else None, initial=initial)
    if cell.source == "typed":
        page.fields["value"].label = "填写"
        del page.fields["reason"]
    if page.is_valid():
        try:
            actions.correct(
                cell,
                value=page.cleaned_data["value"],
                reason=page.cleaned_data.get("reason", ""),
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            page.add_error(None, str(refused))
        else:
            messages.success(request, f"“{cell.label}”已存。")
            return redirect(cell.filing)
    context = {"cell": cell, "filing": cell.filing, "form": page}
    status = 400 if page.errors else 200
    return render(request, "dashboard/cell_edit.html", context, status=status)


@needs(Right.SEE_REPORTS)
@require_safe
def filing_file(request, pk):
    """The authority's file with the numbers in it: the kept one once it is signed."""
    filing = _filing(request, pk)
    if filing.state in (Filing.State.COUNTING, Filing.State.FAILED):
        raise Http404
    try:
        content = actions.filed(filing)
    except FileProblem as problem:
        messages.error(request, str(problem))
        return redirect(filing)
    record("filing.taken", filing, by=request.user, at=timezone.now())
    draft = "" if filing.state == Filing.State.SIGNED else "（草稿）"
    kind = filing.form.kind
    name = f"{filing.form.name}{filing.period_name}{draft}.{kind}"
    return file_response(content, name, kind)
