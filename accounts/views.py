"""The audit log, for the auditor alone (三员分立)."""

import datetime as dt
from urllib.parse import quote

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.lines import field_of, in_words, subject_of
from accounts.rights import Right, needs
from tianshan.audit import record
from tianshan.audit.models import Entry, Reading, Seal
from tianshan.audit.seals import LEDGERS
from tianshan.audit.verbs import KINDS, verbs_like
from tianshan.database.patience import unhurriedly
from tianshan.files.writing import Column, csv_chunks
from tianshan.ledgers.scopes import BadScope, read_day

ENTRIES = ("时间", "账号", "称呼", "动作", "对象", "内容", "代谁", "请求编号")
READINGS = ("时间", "账号", "称呼", "对象", "看了什么", "原因", "请求编号")


@needs(Right.READ_AUDIT)
@require_safe
def audit_list(request):
    """Who did what, newest first; `?q=` finds an act, an account or a request, `&kind=`
    acts of one kind and `&start=&end=` their days; `&format=csv` the same lines as a
    file."""
    entries = Entry.objects.visible_to(request.user).for_list()
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        entries = entries.filter(verb__in=KINDS[kind][1])

    def found(q):
        return _who(q) | Q(verb__in=verbs_like(q)) | Q(request=q)

    def told(entry):
        row = in_words(entry)
        data = "；".join(f"{key}：{value}" for key, value in row["data"])
        words = (row["act"], row["subject"], data, entry.on_behalf_of, entry.request)
        return [*_when_and_who(entry), *words]

    return _listed(
        request,
        "accounts/audit_list.html",
        entries,
        found=found,
        drawn=in_words,
        seals=Seal.Ledger.ENTRIES,
        file=(ENTRIES, told),
        kind=kind,
        kinds=[(key, label) for key, (label, _) in KINDS.items()],
    )


@needs(Right.READ_AUDIT)
@require_safe
def reading_list(request):
    """Who looked at a personal field in full, and why, newest first; as above."""
    readings = Reading.objects.visible_to(request.user).for_list()

    def found(q):
        return _who(q) | Q(request=q)

    def drawn(reading):
        told = {"subject": subject_of(reading), "field": field_of(reading)}
        return {"reading": reading, **told}

    def told(reading):
        words = (subject_of(reading), field_of(reading), reading.why, reading.request)
        return [*_when_and_who(reading), *words]

    return _listed(
        request,
        "accounts/reading_list.html",
        readings,
        found=found,
        drawn=drawn,
        seals=Seal.Ledger.READINGS,
        file=(READINGS, told),
    )


def _listed(request, template, lines, *, found, drawn, seals, file, **context):
    """A page of audit lines, or all of them as a file."""
    q = request.GET.get("q", "").strip()
    context |= {"q": q, "sealed": sealing(seals)}
    try:
        start = read_day(request.GET.get("start"), None, "开始日期")
        end = read_day(request.GET.get("end"), None, "结束日期")
        if start and end and end < start:
            raise BadScope("结束日期早于开始日期，请对调后再查。")
    except BadScope as problem:
        lines, context["problem"] = lines.none(), str(problem)
    else:
        context |= {"start": start, "end": end}
        if start:
            lines = lines.filter(at__gte=midnight(start))
        if end:
            lines = lines.filter(at__lt=midnight(end + dt.timedelta(days=1)))
    if q:
        lines = lines.filter(found(q))
    if request.GET.get("format") == "csv" and "problem" not in context:
        return _as_file(request, lines, *file)
    page = Paginator(lines, 50).get_page(request.GET.get("page"))
    context |= {"page": page, "rows": [drawn(line) for line in page]}
    status = 400 if "problem" in context else 200
    return render(request, template, context, status=status)


def _as_file(request, lines, headings, told):
    """The lines as csv, piece by piece; that they were taken is a line of its own."""
    now = timezone.now()
    asked = {
        name: request.GET[name] for name in ("start", "end") if request.GET.get(name)
    }
    if request.GET.get("kind") in KINDS:
        asked["kind"] = KINDS[request.GET["kind"]][0]
    record("audit.exported", request.user, by=request.user, at=now, **asked)
    rows = (told(line) for line in lines.iterator(chunk_size=2000))
    columns = [Column(heading) for heading in headings]
    response = StreamingHttpResponse(
        unhurriedly(csv_chunks(columns=columns, rows=rows)),
        content_type="text/csv; charset=utf-8",
    )
    name = f"审计_{timezone.localtime(now):%Y%m%d_%H%M}.csv"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "private, no-store"
    return response


def sealing(ledger):
    """How far a ledger is sealed: the last seal, and how many lines stand after it."""
    last = Seal.objects.filter(ledger=ledger).order_by("-pk").first()
    after = LEDGERS[ledger][0].objects.filter(pk__gt=last.upto if last else 0)
    return {"last": last, "after": after.count()}


def midnight(day):
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def _when_and_who(line):
    at = f"{timezone.localtime(line.at):%Y-%m-%d %H:%M:%S}"
    return [
        at,
        *((line.by.username, line.by.display_name) if line.by else ("", "系统")),
    ]


def _who(q):
    return Q(by__username=q) | Q(by__display_name=q)
