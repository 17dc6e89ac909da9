"""The bodies that deliberate: who chairs them, who sits there, what waits for them."""

import datetime as dt
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from issues import agenda, bodies, cadence, minutes
from issues.meeting_forms import BodyForm, CompilationForm, MemberForm
from issues.meeting_ledgers import MEETING_STATES, SLOT_STATES
from issues.models import BodyMember, DeliberationBody, Level, Meeting
from issues.taking import Refused
from issues.views import taken
from tianshan.files import FileProblem
from tianshan.files.documents import CONTENT_TYPE

SHOWN = 12  # slots, of the past and of what comes


@needs(Right.SEE_ISSUES)
@require_safe
def body_list(request):
    rows = list(DeliberationBody.objects.visible_to(request.user).for_list().distinct())
    context = {
        "levels": [
            {"level": level, "bodies": [body for body in rows if body.level == level]}
            for level in reversed(Level)
        ],
        "without": [body for body in rows if not body.with_chair],
        "may_keep": request.user.may(Right.KEEP_BODIES),
    }
    return render(request, "issues/body_list.html", context)


def _seen(user, pk):
    rows = DeliberationBody.objects.visible_to(user).for_list().distinct()
    return get_object_or_404(rows, pk=pk)


@needs(Right.SEE_ISSUES)
@require_safe
def body_detail(request, pk):
    body = _seen(request.user, pk)
    today = timezone.localdate()
    whole = DeliberationBody.objects.spoken_for_by(request.user, Right.SEE_ISSUES)
    inside = whole.filter(pk=body.pk).exists()
    context = {
        "body": body,
        "members": body.members.in_force(today).select_related("unit", "organization"),
        "buildings": body.buildings.all(),
        "inside": inside,
        "may_keep": bodies.may_keep(request.user, body),
        "may_meet": DeliberationBody.objects.spoken_for_by(
            request.user, Right.KEEP_MEETINGS
        )
        .filter(pk=body.pk)
        .exists(),
        "today": today,
    }
    if inside:
        context |= {
            "coming": _drawn(
                body.meetings.filter(state__in=["draft", "notified"]).order_by("on")
            ),
            "past": _drawn(body.meetings.took_place()[:6]),
            "agendas": _agendas(body, today),
            "backlog": agenda.backlog(body, today),
            "slots": _slots(body, today),
        }
    return render(request, "issues/body_detail.html", context)


def _drawn(rows):
    meetings = list(rows)
    for meeting in meetings:
        meeting.drawn = MEETING_STATES[meeting.state]
    return meetings


def _agendas(body, today):
    """What the rules would put on the table of each kind of meeting today."""
    kinds = [*cadence.owed_by(body)] or [Meeting.Kind.REGULAR]
    return [
        {
            "kind": Meeting.Kind(kind),
            "entries": agenda.for_meeting(body, kind, today),
        }
        for kind in kinds
    ]


def _slots(body, today):
    rows = body.slots.select_related("meeting")
    gone = list(rows.filter(planned_on__lt=today).order_by("-planned_on")[:SHOWN])
    coming = list(rows.filter(planned_on__gte=today).order_by("planned_on")[:SHOWN])
    empty = cadence.not_needed(
        body.slots.filter(pk__in=[slot.pk for slot in gone]), today
    )
    for slot in gone + coming:
        slot.is_in = cadence.state_of(slot, empty, today)
        slot.label = dict(cadence.STATES)[slot.is_in]
        slot.drawn = SLOT_STATES[slot.is_in]
    return {"gone": gone, "coming": coming}


@needs(Right.KEEP_BODIES)
@require_http_methods(["GET", "HEAD", "POST"])
def body_new(request):
    return _edit(request, None)


@needs(Right.KEEP_BODIES)
@require_http_methods(["GET", "HEAD", "POST"])
def body_edit(request, pk):
    rows = DeliberationBody.objects.spoken_for_by(request.user, Right.KEEP_BODIES)
    return _edit(request, get_object_or_404(rows, pk=pk))


def _edit(request, body):
    form = BodyForm(
        request.POST or None,
        instance=body,
        user=request.user,
        having=Right.KEEP_BODIES,
    )
    if form.is_valid():
        made = form.save(commit=False)
        try:
            bodies.save(
                made,
                buildings=form.cleaned_data["buildings"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect(made)
    return render(request, "issues/body_edit.html", {"form": form, "body": body})


@needs(Right.KEEP_BODIES)
@require_http_methods(["GET", "HEAD", "POST"])
def member_add(request, pk):
    rows = DeliberationBody.objects.spoken_for_by(request.user, Right.KEEP_BODIES)
    body = get_object_or_404(rows, pk=pk)
    form = MemberForm(request.POST or None, user=request.user)
    if form.is_valid() and taken(
        request, form, bodies.add_member, body, **form.cleaned_data
    ):
        messages.success(request, "已列入名单。")
        return redirect(body)
    return render(request, "issues/member_add.html", {"form": form, "body": body})


@needs(Right.KEEP_BODIES)
@require_POST
def member_end(request, pk):
    rows = DeliberationBody.objects.spoken_for_by(request.user, Right.KEEP_BODIES)
    member = get_object_or_404(
        BodyMember.objects.filter(body__in=rows).select_related("body"), pk=pk
    )
    try:
        bodies.end_member(member, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{member.title}不再列名，以前的会议照旧。")
    return redirect(member.body)


@needs(Right.SEE_ISSUES)
@require_safe
def compilation(request, pk):
    """A month's minutes of a body in one document."""
    rows = DeliberationBody.objects.spoken_for_by(request.user, Right.SEE_ISSUES)
    body = get_object_or_404(rows.select_related("grid"), pk=pk)
    form = CompilationForm(request.GET)
    if not form.is_valid():
        messages.error(request, "请选哪一年哪一月。")
        return redirect(body)
    first, last = cadence.period(
        cadence.Cadence.MONTH,
        dt.date(form.cleaned_data["year"], form.cleaned_data["month"], 1),
    )
    try:
        content = minutes.compiled(body, first, last)
    except FileProblem as problem:
        messages.error(request, str(problem))
        return redirect(body)
    name = f"{body}{first.year}年{first.month}月会议纪要汇编.docx"
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
