"""Templates of the authority's forms: kept, mapped, filled; and what went to and fro."""

import io
from urllib.parse import urlencode

from django.contrib import messages
from django.http import FileResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import exports
from enterprises.actions import Refused
from enterprises.district_forms import SheetForm, TemplateForm
from enterprises.models import ExportRun, ExportTemplate, ImportBatch
from tianshan.files import FileProblem, read_workbook
from tianshan.ledgers import LEDGERS
from tianshan.ledgers.asked import ask
from tianshan.ledgers.scopes import BadScope

LOGGED = 50
# Of a ledger's address, what is no filter.
NO_FILTER = {"page", "size", "format", "columns", "view", "ledger"}


def _templates(request):
    return ExportTemplate.objects.visible_to(request.user).for_list()


def _template(request, pk):
    return get_object_or_404(
        ExportTemplate.objects.visible_to(request.user).select_related("grid", "by"),
        pk=pk,
    )


@needs(Right.IMPORT)
@require_safe
def template_list(request):
    """The templates, and what went to and fro with the district, newest first.

    With `?ledger=` and a ledger's filters, the templates that these rows can fill.
    """
    ledger = LEDGERS.get(request.GET.get("ledger", ""))
    context = {
        "templates": _templates(request),
        "log": _log(request),
        "ledger": ledger,
    }
    if ledger:
        query = _filters(request.GET)
        asked = ask(request, ledger, today=timezone.localdate(), query=query)
        fitting = [
            template
            for template in context["templates"]
            if any(s["on"] and s["ledger"] == ledger.key for s in template.sheets)
        ]
        context |= {
            "asked": asked,
            "total": asked.rows.count(),
            "fitting": fitting,
            "query": urlencode({"ledger": ledger.key, "query": query.urlencode()}),
        }
    return render(request, "enterprises/template_list.html", context)


def _filters(query):
    """What of a ledger's address says which rows and in which order."""
    kept = QueryDict(mutable=True)
    for key, values in query.lists():
        if key not in NO_FILTER:
            kept.setlist(key, values)
    return kept


def _log(request):
    """Whole ledgers that came and forms that went, `{at, way, …}`, newest first."""
    came = ImportBatch.objects.visible_to(request.user).filter(complete=True)
    went = ExportRun.objects.visible_to(request.user).for_list()[:LOGGED]
    lines = [
        *(
            {"at": batch.uploaded_at, "batch": batch, "by": batch.by}
            for batch in came.for_list().defer("file")[:LOGGED]
        ),
        *({"at": run.at, "run": run, "by": run.by} for run in went),
    ]
    return sorted(lines, key=lambda line: line["at"], reverse=True)[:LOGGED]


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request):
    """Upload the authority's workbook; its sheets and headings are recognised."""
    return _keep(request, None)


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_file(request, pk):
    """Put a newer file in the place of a template's; its mapping stays."""
    return _keep(request, _template(request, pk))


def _keep(request, template):
    form = TemplateForm(
        request.POST or None,
        request.FILES or None,
        user=request.user,
        template=template,
    )
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            template = exports.keep_template(
                template,
                name=form.cleaned_data["name"],
                grid=form.cleaned_data["grid"],
                file_name=file.name,
                content=file.read(),
                by=request.user,
                at=timezone.now(),
            )
        except FileProblem as problem:
            form.add_error("file", str(problem))
        else:
            return redirect(template)
    context = {"form": form, "template": template}
    return render(request, "enterprises/template_new.html", context)


@needs(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_detail(request, pk):
    """The mapping, sheet by sheet, to be put right; and the filling of it."""
    template = _template(request, pk)
    forms = [
        SheetForm(
            request.POST or None, sheet=sheet, user=request.user, prefix=f"s{number}"
        )
        for number, sheet in enumerate(template.sheets)
    ]
    valid = [form.is_valid() for form in forms]  # of each, so that all errors show
    if request.method == "POST" and all(valid):
        sheets, again = _as_chosen(template, forms)
        exports.map_template(
            template, sheets=sheets, by=request.user, at=timezone.now()
        )
        messages.success(
            request,
            "换了台账或表头，各列重新认过，请再看一遍。" if again else "对列已保存。",
        )
        return redirect(template)
    runs = template.runs.select_related("by").order_by("-at")[:10]
    context = {
        "template": template,
        "forms": forms,
        "runs": runs,
        "queries": _queries(request, template),
    }
    return render(request, "enterprises/template_detail.html", context)


def _as_chosen(template, forms):
    """The sheets as the forms say; those whose ledger or heading moved, read anew."""
    sheets, again = [], False
    workbook = None
    for number, form in enumerate(forms):
        sheet = form.chosen
        if form.moved:
            again = True
            workbook = workbook or read_workbook(io.BytesIO(bytes(template.file)))
            data = form.cleaned_data
            rows = workbook.sheets[number].rows
            heading = [row for row in data["heading"] if row < len(rows)]
            if heading:
                sheet = {
                    "on": data["on"],
                    **exports.as_headed(
                        workbook.sheets[number], data["ledger"], heading
                    ),
                }
        sheets.append(sheet)
    return sheets, again


def _queries(request, template):
    """Of each sheet that is filled: its ledger, the filter in words, how many rows."""
    lines = []
    for sheet in template.sheets:
        if not sheet["on"]:
            continue
        asked = _asked(request, sheet, sheet["query"])
        lines.append(
            {
                "sheet": sheet,
                "ledger": asked.ledger,
                "words": asked.in_words,
                "total": asked.rows.count(),
                "url": f"{asked.ledger.url}?{sheet['query']}",
            }
        )
    return lines


def _asked(request, sheet, query):
    ledger = LEDGERS[sheet["ledger"]]
    today = timezone.localdate()
    try:
        return ask(request, ledger, today=today, query=QueryDict(query))
    except BadScope:
        return ask(request, ledger, today=today, query=QueryDict(""))


@needs(Right.IMPORT)
@require_POST
def template_query(request, pk):
    """Keep a ledger's filter with the template, for the sheets that it fills."""
    template = _template(request, pk)
    ledger, query = request.POST.get("ledger"), request.POST.get("query", "")
    sheets = [
        {**sheet, "query": query} if sheet["ledger"] == ledger else sheet
        for sheet in template.sheets
    ]
    exports.map_template(template, sheets=sheets, by=request.user, at=timezone.now())
    messages.success(request, "这个筛选已存进模板，以后导出都按它。")
    return redirect(template)


@needs(Right.IMPORT)
@require_safe
def template_fill(request, pk):
    """The template filled: by its own filters, or by `?ledger=&query=` for that one."""
    template = _template(request, pk)
    chosen = request.GET.get("ledger")
    asked = {
        sheet["name"]: _asked(
            request,
            sheet,
            request.GET.get("query", "")
            if sheet["ledger"] == chosen
            else sheet["query"],
        )
        for sheet in template.sheets
        if sheet["on"]
    }
    now = timezone.now()
    stamp = timezone.localtime(now)
    said = f"{request.user.display_name} 于 {stamp:%Y-%m-%d %H:%M} 从天山网格导出"
    try:
        file, _ = exports.fill_template(
            template, asked, by=request.user, at=now, said=said
        )
    except (FileProblem, Refused) as problem:
        messages.warning(request, str(problem))
        return redirect(template)
    response = FileResponse(
        file, as_attachment=True, filename=f"{template.name}_{stamp:%Y%m%d_%H%M}.xlsx"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
