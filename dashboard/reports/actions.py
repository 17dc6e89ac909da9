"""What can happen to reports, to upward forms and their issues, to who asked for them."""

import hashlib

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right, roles_with
from dashboard.reports import papers, periods, reading, sources
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused
from dashboard.reports.upward import Filing, FilingCell, FormRequest, UpwardForm
from grids.models import Grid
from tianshan.audit import record
from tianshan.files import FileProblem, pouring
from tianshan.files.keeping import keep_document, kept_document

FOLDER = "reports"
FILED = "filings"


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


# --- upward forms --------------------------------------------------------------------


def _over(user, right, grid):
    if not Grid.objects.governed_by(user, right).filter(pk=grid.pk).exists():
        raise PermissionDenied


def said(text, ask):
    """The words of a person, trimmed; refused when there are none."""
    text = " ".join(text.split())
    if not text:
        raise Refused(ask)
    return text[:200]


@transaction.atomic
def keep_form(form, *, file_name, content, by, at, **rules):
    """Keep a new form (`form` is None), or its newer file and rules.

    `content` None keeps the file. Places that are still there keep their sources.
    Raises FileProblem for a file that cannot be taken.
    """
    if form is None:
        form = UpwardForm(grid=rules["grid"])
    else:
        form = UpwardForm.objects.select_for_update().get(pk=form.pk)
    _over(by, Right.FILL_FORMS, form.grid)
    for name, value in rules.items():
        setattr(form, name, value)
    _check_people(form, at)
    if content is not None:
        found = pouring.examine(content)
        form.fields = _fields(found, content, form.fields)
        form.kind, form.notes = found.kind, found.notes
        form.file, form.file_name = content, file_name[-200:]
        form.sha256 = hashlib.sha256(content).hexdigest()
    form.by, form.at = by, at
    form.save()
    record("form.kept", form, by=by, at=at, sha256=form.sha256)
    return form


def _check_people(form, at):
    """Each step by a post over the form's grid that carries its right, none by two."""
    day = timezone.localdate(at)
    people = []
    for name, right in FORM_RIGHTS.items():
        post = getattr(form, name)
        label = UpwardForm._meta.get_field(name).verbose_name
        ours = type(post).objects.in_force(day).over(form.grid).filter(pk=post.pk)
        if not ours.filter(role__in=roles_with(right)).exists():
            raise Refused(f"{label}的岗位现在不管{form.grid.name}，请另选。")
        people.append(post.user_id)
    if len(set(people)) < len(people):
        raise Refused("填报、审核、签发要由三个不同的人。")


def _fields(found, content, before):
    """The names of the file, and the cells that were mapped and can still be filled."""
    known = {field["place"]: field for field in before}
    fields = [
        known.get(name) or {"place": name, **sources.guess(name)}
        for name in found.names
    ]
    for field in before:
        if "!" in field["place"] and found.kind == "xlsx":
            try:
                pouring.cell_of(content, field["place"])
            except FileProblem:
                continue
            fields.append(field)
    return fields


@transaction.atomic
def map_form(form, *, fields, by, at):
    """Say what each place is filled from. Raises FileProblem for a cell that cannot be."""
    form = UpwardForm.objects.select_for_update().get(pk=form.pk)
    _over(by, Right.FILL_FORMS, form.grid)
    known = {field["place"] for field in form.fields}
    kept = []
    for field in fields:
        place = field["place"]
        if place not in known:
            if form.kind != "xlsx":
                raise Refused("Word 模板只填双花括号里的名称，不能按单元格填。")
            place = pouring.cell_of(bytes(form.file), place)
        if field["source"] == "rows" and form.kind != "xlsx":
            raise Refused("逐行列出的名单只能填进 .xlsx 工作簿。")
        if place in {one["place"] for one in kept}:
            raise Refused(f"“{place}”对了两次，请删去一行。")
        kept.append({**field, "place": place})
    form.fields, form.by, form.at = kept, by, at
    form.save(update_fields=["fields", "by", "at"])
    record("form.mapped", form, by=by, at=at, fields=len(kept))
    return form


@transaction.atomic
def end_form(form, *, on, by, at):
    """It is no longer asked for; what was filed stays."""
    form = UpwardForm.objects.select_for_update().get(pk=form.pk)
    _over(by, Right.FILL_FORMS, form.grid)
    if form.ended_on:
        raise Refused("这张报表已经停报。")
    form.ended_on, form.by, form.at = on, by, at
    form.save(update_fields=["ended_on", "by", "at"])
    record("form.ended", form, by=by, at=at, on=on.isoformat())
    return form


# --- one issue of a form -------------------------------------------------------------

# Which right each step asks for; who takes the next is another person.
FILING_RIGHTS = {
    "recount": Right.FILL_FORMS,
    "correct": Right.FILL_FORMS,
    "submit": Right.FILL_FORMS,
    "void": Right.FILL_FORMS,
    "check": Right.CHECK_FORMS,
    "sign": Right.SIGN_FORMS,
}
FORM_RIGHTS = {
    "filler": Right.FILL_FORMS,
    "checker": Right.CHECK_FORMS,
    "signer": Right.SIGN_FORMS,
}


@transaction.atomic
def start_filing(form, *, start, end, by, at):
    """Begin an issue: the worker counts, then it can be filled in."""
    form = UpwardForm.objects.select_for_update().get(pk=form.pk)
    _over(by, Right.FILL_FORMS, form.grid)
    if form.ended_on and form.ended_on <= end:
        raise Refused(f"这张报表从 {form.ended_on} 起停报。")
    periods.check(form.grid, start, end, timezone.localdate(at))
    if end >= timezone.localdate(at):
        raise Refused(f"这一期到{periods.in_words(end)}才结束，结束以后再报。")
    if form.filings.counting().filter(start=start).exists():
        raise Refused("这一期已经开始报了，请在报表的页面上打开。")
    filing = Filing.objects.create(
        form=form,
        start=start,
        end=end,
        due_on=form.due_on(end),
        counted_by=by,
        told_at=at,
    )
    record("filing.started", filing, by=by, at=at)
    _have_counted(filing)
    return filing


def _have_counted(filing):
    from dashboard.reports.tasks import count_filing

    transaction.on_commit(lambda: count_filing.enqueue(filing.pk, filing.tries))


def _step(filing, step, *, by=None, at):
    """Lock the filing, then ask whether this step, by this person, is open."""
    rows = Filing.objects.select_for_update(of=["self"])
    filing = rows.select_related("form__grid").get(pk=filing.pk)
    if step not in filing.open_steps(at):
        raise Refused(f"这一期现在是“{filing.get_state_display()}”，请刷新后再办。")
    if step in FILING_RIGHTS:
        _over(by, FILING_RIGHTS[step], filing.form.grid)
    return filing


@transaction.atomic
def count(filing, *, tries, at):
    """The worker's step: read every place anew. What people put there stays."""
    filing = _step(filing, "count", at=at)
    if filing.tries != tries:
        raise Refused("这一期已经重新取数。")
    _over(filing.counted_by, Right.FILL_FORMS, filing.form.grid)
    counted = sources.count(filing, by=filing.counted_by, today=timezone.localdate(at))
    cells = {cell.place: cell for cell in filing.cells.all()}
    for order, (field, number, origin) in enumerate(counted):
        cell = cells.pop(field["place"], None) or FilingCell(
            filing=filing, place=field["place"]
        )
        cell.order, cell.label, cell.source = order, field["label"], field["source"]
        cell.counted, cell.origin = number[:200], origin
        if cell.said and cell.source != sources.TYPED and not cell.reason:
            cell.said, cell.said_by, cell.said_at = "", None, None
        cell.save()
    for cell in cells.values():  # no longer in the template
        cell.delete()
    filing.state, filing.as_of, filing.told_at = Filing.State.FILLING, at, at
    filing.save(update_fields=["state", "as_of", "told_at"])
    record("filing.counted", filing, by=filing.counted_by, at=at, fields=len(counted))
    return filing


@transaction.atomic
def fail_count(filing, *, tries, reason, at):
    filing = _step(filing, "fail", at=at)
    if filing.tries != tries:
        raise Refused("这一期已经重新取数。")
    filing.state, filing.failure, filing.told_at = Filing.State.FAILED, reason, at
    filing.save(update_fields=["state", "failure", "told_at"])
    record("filing.failed", filing, by=filing.counted_by, at=at, reason=reason)
    return filing


@transaction.atomic
def recount(filing, *, by, at):
    """Have the worker read the numbers again."""
    filing = _step(filing, "recount", by=by, at=at)
    filing.state, filing.tries = Filing.State.COUNTING, filing.tries + 1
    filing.counted_by, filing.told_at, filing.failure = by, at, ""
    filing.save(update_fields=["state", "tries", "counted_by", "told_at", "failure"])
    record("filing.recounted", filing, by=by, at=at)
    _have_counted(filing)
    return filing


@transaction.atomic
def correct(cell, *, value, reason, by, at):
    """Put something else in a place, with why; nothing: what was counted stands again."""
    filing = _step(cell.filing, "correct", by=by, at=at)
    cell = FilingCell.objects.select_for_update().get(pk=cell.pk)
    if cell.source == "rows":
        raise Refused("名单不在这里改：请改台账，再重新取数。")
    value = " ".join(value.split())[:200]
    typed = cell.source == sources.TYPED
    if value and not typed:
        reason = said(reason, "改系统取的数要写原因，原来的数会留着。")
        if value == cell.counted:
            raise Refused("和系统取的数一样，不用改。")
    cell.said, cell.reason = value, reason.strip()[:200] if value else ""
    cell.said_by, cell.said_at = (by, at) if value else (None, None)
    cell.save(update_fields=["said", "reason", "said_by", "said_at"])
    record(
        "filing.corrected",
        filing,
        by=by,
        at=at,
        fields=[cell.place],
        before=cell.counted,
        after=value,
        reason=cell.reason,
    )
    return cell


@transaction.atomic
def submit(filing, *, by, at):
    """填报: the numbers go to whoever checks them."""
    filing = _step(filing, "submit", by=by, at=at)
    cells = list(filing.cells.all())
    if not cells:
        raise Refused("这张报表还没有一处要填的，请先在模板里对好。")
    if missing := [cell.label for cell in cells if cell.is_missing]:
        raise Refused(f"还有要人工填写的没有填：{'、'.join(missing[:5])}。")
    if open_ := [cell.label for cell in cells if cell.is_unread]:
        raise Refused(f"名单没有取成：{'、'.join(open_[:5])}。")
    filing.state, filing.back = Filing.State.CHECKING, ""
    filing.submitted_by, filing.submitted_at = by, at
    filing.save(update_fields=["state", "back", "submitted_by", "submitted_at"])
    record("filing.submitted", filing, by=by, at=at)
    return filing


@transaction.atomic
def check(filing, *, by, at):
    """审核, by another than who filled it in."""
    filing = _step(filing, "check", by=by, at=at)
    if filing.submitted_by_id == by.pk:
        raise Refused("这一期是您填报的，要由另一个人审核。")
    filing.state = Filing.State.SIGNING
    filing.checked_by, filing.checked_at = by, at
    filing.save(update_fields=["state", "checked_by", "checked_at"])
    record("filing.checked", filing, by=by, at=at)
    return filing


@transaction.atomic
def send_back(filing, *, reason, by, at):
    """Back to be filled in again, by whoever would have checked or signed it."""
    filing = _step(filing, "send_back", at=at)
    signing = filing.state == Filing.State.SIGNING
    right = Right.SIGN_FORMS if signing else Right.CHECK_FORMS
    _over(by, right, filing.form.grid)
    filing.back = said(reason, "请写退回的原因，填报的人要照着改。")
    filing.state = Filing.State.FILLING
    filing.submitted_by = filing.submitted_at = None
    filing.checked_by = filing.checked_at = None
    filing.save()
    record("filing.sent_back", filing, by=by, at=at, reason=filing.back)
    return filing


@transaction.atomic
def sign(filing, *, by, at):
    """签发, by a third: the file is made, kept, and frozen with its numbers."""
    filing = _step(filing, "sign", by=by, at=at)
    if by.pk in (filing.submitted_by_id, filing.checked_by_id):
        raise Refused("这一期您已经填报或审核过，要由另一个人签发。")
    filing.signed_by, filing.signed_at = by, at
    try:
        content = poured(filing)
    except FileProblem as problem:
        raise Refused(str(problem)) from problem
    filing.sha256 = hashlib.sha256(content).hexdigest()
    filing.file = keep_document(FILED, content, filing.form.kind)
    filing.state = Filing.State.SIGNED
    filing.save()
    record("filing.signed", filing, by=by, at=at, sha256=filing.sha256)
    return filing


@transaction.atomic
def void(filing, *, reason, by, at):
    """Called off before it was signed, so that its period can be begun anew."""
    filing = _step(filing, "void", by=by, at=at)
    filing.void_reason = said(reason, "请写作废的原因。")
    filing.state = Filing.State.VOIDED
    filing.save(update_fields=["state", "void_reason"])
    record("filing.voided", filing, by=by, at=at, reason=filing.void_reason)
    return filing


def poured(filing):
    """The authority's file with the numbers in it, as they stand."""
    form, facts = filing.form, sources.signed_facts(filing)
    values = {cell.place: sources.value(cell, facts) for cell in filing.cells.all()}
    changed = [cell.label for cell in filing.cells.all() if cell.reason]
    note = (
        f"天山网格：{form.grid.name}，{filing.start} 至 {filing.end}；"
        f"人工改过：{'、'.join(changed) or '没有'}"
    )
    return pouring.pour(form.kind, bytes(form.file), values, note=note)


def filed(filing):
    """The signed file as it was kept; of others the file as it would be now."""
    if filing.state != Filing.State.SIGNED:
        return poured(filing)
    try:
        content = kept_document(FILED, filing.file, filing.form.kind)
    except FileNotFoundError:
        raise FileProblem("文件不在了，请告诉系统管理员。") from None
    if hashlib.sha256(content).hexdigest() != filing.sha256:
        raise FileProblem("这份文件和签发时的指纹不一致，请告诉系统管理员。")
    return content


# --- who asked for what --------------------------------------------------------------


@transaction.atomic
def register_request(*, by, at, **facts):
    """索表登记: write down that a unit asked for a form."""
    _over(by, Right.FILL_FORMS, facts["grid"])
    if facts["asked_on"] > timezone.localdate(at):
        raise Refused("要表的日期还没有到，请核对。")
    request = FormRequest.objects.create(by=by, at=at, **facts)
    record("form_request.registered", request, by=by, at=at)
    return request


@transaction.atomic
def answer_request(request, *, answer, by, at):
    """Say by which signed issue of a form it was answered."""
    request = FormRequest.objects.select_for_update().get(pk=request.pk)
    _over(by, Right.FILL_FORMS, request.grid)
    if answer.state != Filing.State.SIGNED:
        raise Refused("只能用已签发的一期答复。")
    if answer.form.grid_id != request.grid_id:
        raise Refused("这一期不是同一个街道、网格的。")
    request.form, request.answer = answer.form, answer
    request.answered_on = timezone.localdate(at)
    request.save(update_fields=["form", "answer", "answered_on"])
    record("form_request.answered", request, by=by, at=at)
    return request
