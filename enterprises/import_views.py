"""Importing a ledger: choose the file, say what its columns are, see what it would
change, put rows right, write it, take it back."""

import io
import tempfile

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Case, Count, Q, When
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import imports
from enterprises.import_forms import ImportForm, MappingForm, RowForm
from enterprises.imports import official
from enterprises.imports.apply import fixes_of
from enterprises.imports.kinds import IDENTITY, KINDS
from enterprises.imports.progress import is_abandoned
from enterprises.missing import declare_complete
from enterprises.models import (
    Business,
    HeadingMemory,
    ImportBatch,
    ImportRow,
    OfficialFacts,
)
from enterprises.tasks import hand_over
from grids.models import Building
from tianshan import audit
from tianshan.files import FileProblem, read_workbook
from tianshan.files.cells import shown
from tianshan.files.writing import Column, write_xlsx
from tianshan.values import typed
from tianshan.values.extra import field_named, is_personal
from tianshan.web import render_inside, render_part
from tianshan.web.masks import masked_phone

Result = ImportRow.Result
# What a tile of the preview shows.
SHOWN = {
    "new": Q(result=Result.NEW),
    "changed": Q(result=Result.CHANGED),
    "same": Q(result=Result.SAME),
    "wrong": Q(problems__contains=[{"level": "error"}])
    | Q(problems__contains=[{"level": "warning"}]),
    "look": ~Q(result=Result.SAME, problems=[]),
    "all": Q(),
    "left": Q(undone=ImportRow.Undone.LEFT),
}
MISSING = "missing"  # rows of the ledger, not of the file
AT_ONCE = 1024 * 1024  # bytes; larger files are read by the worker
# What wants an answer stands first.
URGENT_FIRST = Case(
    When(result=Result.REJECTED, then=0),
    When(SHOWN["wrong"], then=1),
    When(result=Result.CHANGED, then=2),
    When(result=Result.NEW, then=3),
    default=4,
)


@needs(Right.IMPORT)
@require_safe
def import_list(request):
    batches = ImportBatch.objects.visible_to(request.user).for_list().defer("file")
    page = Paginator(batches, 20).get_page(request.GET.get("page"))
    return render(request, "enterprises/import_list.html", {"page": page})


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request):
    """Upload a file or paste cells; they are read and previewed, nothing is written."""
    form = ImportForm(request.POST or None, request.FILES or None, user=request.user)
    if form.is_valid():
        name, content = form.content
        facts = {
            "name": name,
            "content": content,
            "grid": form.cleaned_data["grid"],
            "known_since": form.cleaned_data["known_since"],
            "by": request.user,
            "at": timezone.now(),
        }
        try:
            if len(content) > AT_ONCE:
                with transaction.atomic():
                    batch = imports.receive(**facts)
                    hand_over(batch)
            else:
                batch = imports.upload(**facts, ask=True)
        except FileProblem as problem:
            form.add_error("file", str(problem))
        else:
            if form.cleaned_data["complete"]:
                declare_complete(batch, complete=True, by=request.user, at=facts["at"])
            if batch.asks:
                return redirect("enterprises:import_map", batch.pk)
            return redirect(batch)
    context = {"form": form, "kinds": imports.KINDS.values()}
    return render(request, "enterprises/import_new.html", context)


@needs(Right.IMPORT)
@require_safe
def import_template(request):
    """An empty workbook with the headings that are recognised, of `?kind=`."""
    kind = imports.KINDS.get(request.GET.get("kind", "business"))
    if kind is None:
        raise Http404
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    write_xlsx(
        file,
        title=kind.label,
        columns=[Column(words[0]) for words in kind.headings.values()],
        rows=[],
    )
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{kind.label}模板.xlsx")


@needs(Right.IMPORT)
@require_safe
def import_detail(request, pk):
    """What the file would change, or what it changed, row by row."""
    batch = _batch(request, pk)
    return _detail(request, batch)


def _detail(request, batch, refused=""):
    show = request.GET.get("show")
    show = show if show in (*SHOWN, MISSING) else "look"
    context = {
        "batch": batch,
        "refused": refused,
        "show": show,
        "earlier": _earlier(request, batch),
        "counts": batch.rows.aggregate(
            **{key: Count("pk", filter=shown) for key, shown in SHOWN.items()},
            repeated=Count("pk", filter=Q(result=Result.DUPLICATE)),
        ),
        # Of businesses and buildings, or of the kinds that other rooms brought alone.
        "ledger": batch.summary.get("rows") or not batch.summary.get("others"),
        "missing": batch.missing().count(),
        "here": request.GET.urlencode(),
        "mends": "mend" in batch.open_steps and not batch.asks,
        "progress": getattr(batch, "progress", None),
        "abandoned": is_abandoned(batch),
    }
    if show == MISSING:
        found = batch.missing().select_related("building")
        context["page"] = Paginator(found, 50).get_page(request.GET.get("page"))
    else:
        rows = batch.rows.filter(SHOWN[show]).order_by(URGENT_FIRST, "pk")
        page = Paginator(rows, 50).get_page(request.GET.get("page"))
        context |= {"page": page, "rows": _drawn_rows(batch, page)}
    return render_part(request, "enterprises/import_detail.html", context, part="batch")


def _earlier(request, batch):
    """The last time that the same file was written, if it was."""
    return (
        ImportBatch.objects.visible_to(request.user)
        .filter(sha256=batch.sha256, state=ImportBatch.State.APPLIED)
        .exclude(pk=batch.pk)
        .defer("file")
        .order_by("-applied_at")
        .first()
    )


def _batch(request, pk):
    batches = ImportBatch.objects.visible_to(request.user)
    batches = batches.select_related("grid", "by", "progress")
    return get_object_or_404(batches.defer("file"), pk=pk)


def _names(model, fields):
    return {name: str(model._meta.get_field(name).verbose_name) for name in fields}


FIELD_NAMES = {
    **_names(Building, ("address", "floors", "aliases", "kind")),
    **_names(Business, (*imports.COMPARED, "building")),
    **official.LABELS,
    "code": "统一代码",
    "reported_mode": "组建形式",
    "founded_precision": "日期精度",
}
WORDS = {
    "state": Business.State,
    "reported_mode": Business.ReportedMode,
    "founded_precision": Business.Precision,
    "kind": Building.Kind,
    "principal_politics": OfficialFacts.Politics,
    "members_belong": OfficialFacts.Belonging,
    "rent_paid": OfficialFacts.RentPaid,
    "group_kind": OfficialFacts.GroupKind,
}


def _label(model, name):
    field = field_named(model, name)
    if field:
        return field.label
    return FIELD_NAMES.get(name) or KINDS[model].labels.get(name, name)


def _said(model, name, value):
    """A changed value as people say it; phones and personal answers masked."""
    if field := field_named(model, name):
        said = typed.told(field, typed.value_of(field, {name: value}))
        return "空" if said in (None, "") else said
    if value in (None, "", []) and value is not False:
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "contact_phone":
        return masked_phone(value)
    if isinstance(value, list):
        return "、".join(value)
    if name in WORDS:
        return WORDS[name](value).label
    return value


def _drawn_rows(batch, page):
    sheets = {sheet["name"][:60]: sheet for sheet in batch.summary.get("sheets", [])}
    fixes = fixes_of(batch)
    return [
        _drawn(row, sheets[row.sheet], fixes.get((row.sheet, row.number)))
        for row in page
    ]


def _drawn(row, sheet, fixes):
    """A row as the preview shows it: where, what differs, what a new one is."""
    wrong = {problem["column"] for problem in row.problems}
    cells = {name: shown(row.cells[place]) for name, place in sheet["places"].items()}
    mended = fixes.values if fixes else {}
    cells |= mended
    return {
        "row": row,
        "place": " ".join(filter(None, map(cells.get, ("building", "room", "place")))),
        "facts": "，".join(_facts(row, cells)) if not wrong else "",
        "mended": [_label(row.model, name) for name in mended],
        "changes": _differences(row.model, row.changes),
        "left": _differences(row.model, row.left),
    }


def _facts(row, cells):
    """What a new row says, in short."""
    if row.model == "business":
        staff = cells.get("staff_count")
        said = [
            cells.get("trade"),
            staff and f"从业 {staff} 人",
            cells.get("reported_mode"),
            cells.get("address"),
        ]
    else:
        labels = KINDS[row.model].labels.items()
        said = [
            f"{label} {cells[name]}"
            for name, label in labels
            if cells.get(name) and name not in (*IDENTITY, "place")
        ]
    return filter(None, said)


def _differences(model, changes):
    return [
        {
            "name": name,
            "label": _label(model, name),
            "before": _said(model, name, before),
            "after": _said(model, name, after),
        }
        for name, (before, after) in changes.items()
        if name != "founded_precision" or "founded_on" not in changes
    ]


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_map(request, pk):
    """What each sheet and column is, to be confirmed or put right, and remembered."""
    batch = _batch(request, pk)
    if "remap" not in batch.open_steps:
        messages.warning(request, "这批导入已经定了，不能再改对列。")
        return redirect(batch)
    try:
        workbook = read_workbook(io.BytesIO(bytes(batch.file)))
    except FileProblem as problem:
        messages.warning(request, str(problem))
        return redirect(batch)
    form = MappingForm(
        request.POST or None,
        workbook=workbook,
        mapping=batch.mapping,
        memory=list(HeadingMemory.objects.known_in(batch.grid)),
    )
    if form.is_valid() and not form.redrawn:
        try:
            with transaction.atomic():
                now = timezone.now()
                read = imports.remap(
                    batch, mapping=form.chosen(), by=request.user, at=now
                )
                if len(batch.file) > AT_ONCE:
                    hand_over(read)
                else:
                    imports.examine(read, at=now)
        except (imports.Refused, FileProblem) as refused:
            form.add_error(None, str(refused))
        else:
            return redirect(batch)
    context = {"batch": batch, "form": form, "earlier": _earlier(request, batch)}
    return render_part(request, "enterprises/import_map.html", context, part="mapping")


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_row(request, pk, row):
    """One row put right in its place: cells typed anew, skipped, differences left."""
    batch = _batch(request, pk)
    row = get_object_or_404(batch.rows, pk=row)
    row.batch = batch
    sheet = next(s for s in batch.summary["sheets"] if s["name"][:60] == row.sheet)
    fixes = fixes_of(batch).get((row.sheet, row.number))
    form = RowForm(
        request.POST or None,
        row=row,
        sheet=sheet,
        mended=fixes.values if fixes else {},
    )
    if request.method == "POST" and form.is_valid():
        try:
            batch = _decide(request, row, form)
        except imports.Refused as refused:
            if request.htmx:
                return _detail(request, _batch(request, pk), refused=str(refused))
            form.add_error(None, str(refused))
        else:
            if request.htmx:
                return _detail(request, _batch(request, pk))
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            return redirect(f"{batch.get_absolute_url()}{query}#row-{row.pk}")
    context = {
        "batch": batch,
        "form": form,
        "row": row,
        "here": request.GET.urlencode(),
    }
    return render_inside(request, "enterprises/import_row.html", context)


def _decide(request, row, form):
    """Do what the pressed button says: `mend`, `skip`, `take`, `leave:x`, `accept:x`."""
    what, _, field = request.POST.get("what", "mend").partition(":")
    who = {"by": request.user, "at": timezone.now()}
    if what in ("skip", "take"):
        return imports.skip(row, on=what == "skip", **who)
    if what in ("leave", "accept"):
        return imports.leave(row, field=field, on=what == "leave", **who)
    if what == "mend":
        return imports.mend(row, cells=form.cells, **who)
    raise Http404


@needs(Right.IMPORT)
@require_POST
def import_apply(request, pk):
    """Hand the batch to the worker, once."""
    return _hand_over(request, pk, imports.start)


@needs(Right.IMPORT)
@require_POST
def import_undo(request, pk):
    """Have a written batch taken back, once."""
    return _hand_over(request, pk, imports.start_undoing)


@needs(Right.IMPORT)
@require_POST
def import_recover(request, pk):
    """Have a batch done again whose worker died in the middle."""
    return _hand_over(request, pk, imports.recover)


def _hand_over(request, pk, step):
    batch = _batch(request, pk)
    try:
        with transaction.atomic():
            hand_over(step(batch, by=request.user, at=timezone.now()))
    except imports.Refused as refused:
        messages.warning(request, str(refused))
    else:
        awaited = request.session.get("imports_awaited", [])
        request.session["imports_awaited"] = [*awaited, batch.pk]
    return redirect(batch)


@needs(Right.IMPORT)
@require_POST
def import_drop(request, pk):
    batch = _batch(request, pk)
    try:
        imports.drop(batch, by=request.user, at=timezone.now())
    except imports.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已放弃这次导入，台账没有改动。")
    return redirect("enterprises:import_list")


@needs(Right.IMPORT)
@require_safe
def import_wrong(request, pk):
    """A workbook of the rows with something wrong, made to be mended and imported.

    Cells stand as they were read under the file's own headings. A number that is
    stored comes masked: the mask means that very number. Others come as the file gave
    them, since they stand nowhere else; so the download is recorded.
    """
    batch = _batch(request, pk)
    rows = list(batch.rows.filter(SHOWN["wrong"]).order_by("pk"))
    audit.record(
        "import.wrong_rows_taken",
        batch,
        by=request.user,
        at=timezone.now(),
        rows=len(rows),
    )
    is_applied = batch.state == ImportBatch.State.APPLIED
    sheets = {sheet["name"]: sheet for sheet in batch.summary["sheets"]}
    labels = {"kind": "类别"}
    for sheet in sheets.values():
        if sheet["model"] == "business":
            labels = {**sheet["columns"], **labels}
    names = sorted(labels, key=list(KINDS["business"].headings).index)
    headings = ["工作表", "行", "结果", *(labels[n] for n in names), "问题", "怎么改"]
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    write_xlsx(
        file,
        title="有问题的行",
        columns=[Column(label) for label in headings],
        note_lines=[
            f"来自 {batch.file_name}。改好后可以直接导入这个文件。",
            *(
                f"工作表“{row.sheet}”第 {row.number} 行 {row.name}：{_in_words(row)}"
                for row in rows
                if row.model == "building"
            ),
        ],
        rows=(
            [
                row.sheet,
                row.number,
                row.get_result_display(),
                *_cells(row, names, sheets[row.sheet], is_applied=is_applied),
                *_problem_and_remedy(row),
            ]
            for row in rows
            if row.model == "business"
        ),
    )
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="有问题的行.xlsx")


def _in_words(row):
    return _joined(f"{p['column']}“{p['value']}”{p['message']}" for p in row.problems)


def _joined(sentences):
    """Several in one: 甲；乙。"""
    text = "；".join(sentence.rstrip("。") for sentence in sentences if sentence)
    return f"{text}。" if text else ""


def _cells(row, names, sheet, *, is_applied):
    places = sheet["places"]
    cells = {name: shown(row.cells[place]) for name, place in places.items()}
    if not cells.get("kind") and sheet["kind"]:
        cells["kind"] = Business.Kind(sheet["kind"]).label
    wrong = {problem["column"] for problem in row.problems}
    stored = row.result == Result.SAME or (
        row.result == Result.CHANGED and "contact_phone" not in row.changes
    )
    if is_applied:
        stored = row.result != Result.REJECTED
    if stored and sheet["columns"].get("contact_phone") not in wrong:
        cells["contact_phone"] = masked_phone(cells.get("contact_phone"))
    for name in names:
        # Whoever wrote it has it in the file; what was taken needs no second copy.
        if cells.get(name) and stored and is_personal("business", name):
            cells[name] = typed.MASK
    return [cells.get(name, "") for name in names]


def _problem_and_remedy(row):
    """What is wrong and what to do; messages say the two in this order."""
    problems, remedies = [], []
    for problem in row.problems:
        what, _, how = problem["message"].partition("请")
        problems.append(f"{problem['column']}：{what.rstrip('，。')}")
        remedies.append(f"{problem['column']}：请{how}" if how else "")
    return "；".join(problems), _joined(remedies)
