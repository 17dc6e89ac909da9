"""Meetings: the ledger, one meeting from its agenda to its minutes, what is printed."""

import datetime as dt
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from issues import agenda, cadence, ics, ladder, meetings, minutes
from issues.meeting_forms import (
    AddItemForm,
    AttendanceForm,
    CallForm,
    ChangeForm,
    ConfirmForm,
    DemandsForm,
    InviteForm,
    IssueMinutesForm,
    ItemForm,
    MeetingForm,
    OpinionForm,
    ReasonForm,
    SpotMeasureForm,
    VoteForm,
)
from issues.meeting_ledgers import MEETING_STATES, MEETINGS, SLOTS
from issues.models import (
    AgendaItem,
    Attendance,
    DeliberationBody,
    Issue,
    ItemMeasure,
    Meeting,
    Minutes,
    Opinion,
)
from issues.models.rules import OPEN, Step
from issues.taking import Refused, acting_in
from issues.views import taken
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.documents import CONTENT_TYPE
from tianshan.ledgers.views import ledger_page
from tianshan.web import render_part

OUTCOMES = {
    AgendaItem.Outcome.DECIDED: ("ok", "clipboard-check"),
    AgendaItem.Outcome.CARRIED: ("warn", "calendar-repeat"),
    AgendaItem.Outcome.ESCALATED: ("info", "arrow-up"),
    AgendaItem.Outcome.RETURNED: ("info", "arrow-down"),
    AgendaItem.Outcome.EXPLAINED: ("mute", "message-2"),
    AgendaItem.Outcome.ENFORCEMENT: ("mute", "shield-check"),
    AgendaItem.Outcome.CLOSED: ("ok", "circle-check"),
    AgendaItem.Outcome.HEARD: ("line", "message-circle"),
}
HOUR = dt.time(14, 0)


@needs(Right.SEE_ISSUES)
@require_safe
def meeting_list(request):
    return ledger_page(request, MEETINGS)


@needs(Right.SEE_ISSUES)
@require_safe
def slot_list(request):
    return ledger_page(request, SLOTS)


# --- finding, and doing --------------------------------------------------------------


def _seen(user, pk):
    rows = Meeting.objects.visible_to(user).select_related("body__grid", "slot")
    return get_object_or_404(rows, pk=pk)


def _kept(user, pk):
    rows = Meeting.objects.kept_by(user).select_related("body__grid", "slot")
    return get_object_or_404(rows, pk=pk)


def _item(user, pk):
    rows = AgendaItem.objects.filter(meeting__in=Meeting.objects.kept_by(user))
    return get_object_or_404(rows.select_related("meeting__body", "issue__body"), pk=pk)


def _do(request, act, *args, done="", **data):
    """Do it and say so; what is refused is said as well."""
    try:
        result = act(*args, by=request.user, at=timezone.now(), **data)
    except Refused as refused:
        messages.error(request, str(refused))
        return None
    if done:
        messages.success(request, done)
    return result


# --- before it -----------------------------------------------------------------------


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request):
    bodies = DeliberationBody.objects.spoken_for_by(request.user, Right.KEEP_MEETINGS)
    today = timezone.localdate()
    form = MeetingForm(
        request.POST or None,
        bodies=bodies.order_by("-level", "pk"),
        initial={
            "body": request.GET.get("body"),
            "kind": request.GET.get("kind", Meeting.Kind.REGULAR),
            "on": request.GET.get("on", today),
            "at_time": HOUR,
        },
    )
    if form.is_valid():
        meeting = taken(request, form, meetings.arrange, **form.cleaned_data)
        if meeting:
            messages.success(request, "会议已拟好，议程按规则排出，核对后发通知。")
            return redirect(meeting)
    return render(request, "issues/meeting_new.html", {"form": form})


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_change(request, pk):
    meeting = _kept(request.user, pk)
    form = ChangeForm(
        request.POST or None,
        initial={
            "on": meeting.on,
            "at_time": meeting.at,
            "place": meeting.place,
            "papers": meeting.papers,
        },
    )
    if form.is_valid() and taken(
        request, form, meetings.change, meeting, **form.cleaned_data
    ):
        told = meeting.state == Meeting.State.NOTIFIED and form.has_changed()
        messages.success(request, f"已改。{'已在站内再通知一次。' if told else ''}")
        return redirect(meeting)
    context = {"meeting": meeting, "form": form}
    return render(request, "issues/meeting_change.html", context)


@needs(Right.KEEP_MEETINGS)
@require_POST
def meeting_refresh(request, pk):
    meeting = _kept(request.user, pk)
    found = _do(request, meetings.refresh, meeting)
    if found is not None:
        messages.success(
            request, f"又排入 {found} 项。" if found else "没有新的要排进来。"
        )
    return redirect(meeting)


@needs(Right.KEEP_MEETINGS)
@require_POST
def meeting_notify(request, pk):
    meeting = _kept(request.user, pk)
    _do(
        request,
        meetings.notify,
        meeting,
        done="通知已发到各人站内，议题已列入会议。通知全文可以复制出去。",
    )
    return redirect(meeting)


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_cancel(request, pk):
    meeting = _kept(request.user, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, meetings.cancel, meeting, **form.cleaned_data
    ):
        messages.success(request, "会议已取消，议题等下次会议。")
        return redirect(meeting)
    context = {
        "meeting": meeting,
        "form": form,
        "what": "取消会议",
        "lead": f"{meeting}，{meeting.body}。议程上的议题回到待研商。",
        "button": "取消会议",
        "back": meeting.get_absolute_url(),
    }
    return render(request, "issues/meeting_reason.html", context)


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def item_add(request, pk):
    meeting = _kept(request.user, pk)
    issues = (
        Issue.objects.visible_to(request.user)
        .filter(state__in=OPEN)
        .exclude(items__meeting=meeting, items__dropped_at=None)
        .order_by("-raised_on", "-pk")
    )
    form = AddItemForm(request.POST or None, issues=issues)
    if form.is_valid() and taken(
        request, form, meetings.add_item, meeting, **form.cleaned_data
    ):
        messages.success(request, "已加入议程。")
        return redirect(meeting)
    return render(request, "issues/item_add.html", {"meeting": meeting, "form": form})


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def item_drop(request, pk):
    item = _item(request.user, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, meetings.drop_item, item, **form.cleaned_data
    ):
        messages.success(request, "已移出议程，原因留在这里。")
        return redirect(item.meeting)
    context = {
        "meeting": item.meeting,
        "form": form,
        "what": "移出议程",
        "lead": item.title,
        "button": "移出议程",
        "back": item.meeting.get_absolute_url(),
    }
    return render(request, "issues/meeting_reason.html", context)


@needs(Right.KEEP_MEETINGS)
@require_POST
def item_move(request, pk):
    item = _item(request.user, pk)
    _do(request, meetings.move_item, item, up=request.POST.get("up") == "1")
    return redirect(f"{item.meeting.get_absolute_url()}#item-{item.pk}")


@needs(Right.CALL_TOGETHER)
@require_http_methods(["GET", "HEAD", "POST"])
def issue_call(request, pk):
    """召集: a leader has a body meet over an issue."""
    issue = get_object_or_404(
        Issue.objects.visible_to(request.user, Right.CALL_TOGETHER).select_related(
            "body"
        ),
        pk=pk,
    )
    pks = [body.pk for body in ladder.bodies_for(issue)]
    form = CallForm(
        request.POST or None,
        bodies=DeliberationBody.objects.filter(pk__in=pks),
        initial={"body": issue.body_id, "at_time": HOUR},
    )
    if form.is_valid():
        meeting = taken(
            request, form, meetings.call_together, issue, **form.cleaned_data
        )
        if meeting:
            messages.success(request, f"已召集{meeting.body}，由记录人发通知。")
            return redirect(meeting)
    context = {
        "issue": issue,
        "form": form,
        "open": Step.CALL_TOGETHER in issue.open_steps,
    }
    return render(request, "issues/issue_call.html", context)


# --- one meeting ---------------------------------------------------------------------


def _items(meeting, user, *, dropped=False):
    """The items that the user sees, with what stands beside each."""
    rows = (
        meeting.items.visible_to(user)
        .for_list()
        .prefetch_related(
            Prefetch("opinions", Opinion.objects.filter(voided_at=None), "said"),
            Prefetch(
                "decided",
                ItemMeasure.objects.select_related(
                    "measure__lead_unit", "measure__lead_organization"
                ),
                "measures",
            ),
        )
    )
    rows = rows.exclude(dropped_at=None) if dropped else rows.on_the_table()
    items = list(rows)
    past = _past(meeting, items)
    for place, item in enumerate(items):
        item.is_first, item.is_last = place == 0, place == len(items) - 1
        item.drawn = OUTCOMES.get(item.outcome)
        item.before = past[item.issue_id, item.measure_id, item.demand_id]
        item.promised = agenda.said_of(item.before[-1]) if item.before else ""
    return items


def _past(meeting, items):
    """Each item's earlier turns on a table, by what it is about."""
    return agenda.earlier(
        [(item.issue_id, item.measure_id, item.demand_id) for item in items],
        meeting.on,
        but=meeting,
    )


@needs(Right.SEE_ISSUES)
@require_safe
def meeting_detail(request, pk):
    meeting = _seen(request.user, pk)
    user = request.user
    kept = Meeting.objects.kept_by(user).filter(pk=meeting.pk).exists()
    whole = Meeting.objects.seen_whole_by(user).filter(pk=meeting.pk).exists()
    items = _items(meeting, user)
    attendances = list(meeting.attendances.all()) if whole else []
    papers = list(meeting.minutes.select_related("confirmed_by", "meeting"))
    context = {
        "meeting": meeting,
        "state": MEETING_STATES[meeting.state],
        "items": items,
        "rows": agenda.gathered(items),
        "demands_form": DemandsForm(),
        "dropped": _items(meeting, user, dropped=True) if whole else [],
        "left": sum(not item.outcome for item in items),
        "attendances": attendances,
        "present": sum(row.state == Attendance.State.PRESENT for row in attendances),
        "unmarked": sum(row.state == Attendance.State.INVITED for row in attendances),
        "papers": papers if whole else [],
        "kept": kept,
        "whole": whole,
        "steps": meeting.open_steps if kept else set(),
        "may_hold": meeting.on <= timezone.localdate(),
        "may_confirm": "confirm" in meeting.open_steps
        and minutes.may_confirm(meeting, user),
        "on_behalf": not minutes.chairs(meeting.body, user),
        "confirm_form": ConfirmForm(),
        "today": timezone.localdate(),
        "slot_state": _slot_state(meeting),
    }
    return render(request, "issues/meeting_detail.html", context)


def _slot_state(meeting):
    if meeting.slot is None:
        return ""
    today = timezone.localdate()
    state = cadence.state_of(meeting.slot, set(), today)
    return dict(cadence.STATES)[state]


# --- in it ---------------------------------------------------------------------------


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def item_detail(request, pk):
    """What was said on an item and what came of it, in one form with two buttons."""
    item = _item(request.user, pk)
    form = _item_form(request, item, request.POST or None)
    stored = None
    if form.is_valid():
        try:
            _save_item(request, item, form.cleaned_data)
        except meetings.Stale as stale:
            stored = stale.item
            form.data = form.data.copy()
            form.data["version"] = stored.version
            form.add_error(None, str(stale))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _after_item(request, item)
    return _item_page(request, item, form, stored=stored)


def _item_page(request, item, form=None, *, stored=None, measure_form=None):
    """One item with its forms; `measure_form` where the one sent was not in order."""
    meeting = item.meeting
    if form is None:
        form = _item_form(request, item)
    decided = item.outcome == AgendaItem.Outcome.DECIDED
    if measure_form is None and decided and "conclude" in meeting.open_steps:
        measure_form = SpotMeasureForm(issue=item.issue, user=request.user)
    may_conclude = "conclude" in meeting.open_steps and not item.outcome
    too_early = meeting.on > timezone.localdate()
    context = {
        "item": item,
        "meeting": meeting,
        "form": form,
        "stored": stored,
        "said": item.opinions.filter(voided_at=None),
        "measures": item.decided.select_related(
            "measure__lead_unit", "measure__lead_organization"
        ),
        "opinion_form": OpinionForm(),
        "vote_form": VoteForm(
            initial={
                "in_favour": item.votes_for,
                "against": item.votes_against or 0,
                "abstained": item.votes_abstained or 0,
            }
        ),
        "measure_form": measure_form,
        "before": _past(meeting, [item])[
            item.issue_id, item.measure_id, item.demand_id
        ],
        "surveys": item.issue.surveys.prefetch_related("photos") if item.issue else [],
        "may_note": "note" in meeting.open_steps,
        "may_conclude": may_conclude and not too_early,
        "too_early": may_conclude and too_early,
        "acts_for": _acts_for(item, request.user),
    }
    return render(request, "issues/item_detail.html", context)


def _item_form(request, item, data=None):
    return ItemForm(
        data,
        item=item,
        user=request.user,
        outcomes=[] if item.outcome else meetings.outcomes_of(item, item.meeting),
        initial={"version": item.version, "discussion": item.discussion},
    )


def _acts_for(item, user):
    """For whom the user takes the steps of the issue, where it is not for himself."""
    if item.issue is None:
        return ""
    acting = acting_in(item.issue, Step.CARRY_OVER, user)
    return acting.for_whom if acting else ""


def _save_item(request, item, data):
    told = {"by": request.user, "at": timezone.now()}
    if request.POST.get("do") == "conclude":
        if not data.get("outcome"):
            raise Refused("请选结果。")
        asked = {
            name: data[name]
            for name in ("matter", "content", "lead", "due_on", "supporting")
            if data.get(name)
        }
        meetings.conclude(
            item,
            outcome=data["outcome"],
            resolution=data["resolution"],
            discussion=data["discussion"],
            tried=data.get("tried", ""),
            outside_number=data.get("outside_number", ""),
            version=data["version"],
            **asked,
            **told,
        )
        messages.success(request, "结果已登记。")
    else:
        meetings.note(
            item, discussion=data["discussion"], version=data["version"], **told
        )
        messages.success(request, "讨论已保存。")


def _after_item(request, item):
    """After a result on to the next that has none; after a note to the same."""
    if request.POST.get("do") != "conclude":
        return redirect("issues:item_detail", item.pk)
    rest = item.meeting.items.on_the_table().filter(outcome="")
    after = rest.filter(position__gt=item.position).first() or rest.first()
    if after is None:
        return redirect(item.meeting)
    return redirect("issues:item_detail", after.pk)


@needs(Right.KEEP_MEETINGS)
@require_POST
def item_opinion(request, pk):
    item = _item(request.user, pk)
    form = OpinionForm(request.POST)
    if form.is_valid():
        _do(
            request,
            meetings.add_opinion,
            item,
            done="意见已记下。",
            **form.cleaned_data,
        )
    else:
        messages.error(request, "请写是谁的意见，和怎么说的。")
    return redirect("issues:item_detail", pk)


@needs(Right.KEEP_MEETINGS)
@require_POST
def item_vote(request, pk):
    item, form = _item(request.user, pk), VoteForm(request.POST)
    if form.is_valid():
        _do(request, meetings.vote, item, done="表决已登记。", **form.cleaned_data)
    else:
        messages.error(request, "请写同意、反对、弃权各几票。")
    return redirect("issues:item_detail", pk)


@needs(Right.KEEP_MEETINGS)
@require_POST
def opinion_void(request, pk):
    rows = Opinion.objects.filter(
        item__meeting__in=Meeting.objects.kept_by(request.user)
    )
    opinion = get_object_or_404(rows.select_related("item__meeting"), pk=pk)
    _do(request, meetings.void_opinion, opinion, done="已划去。")
    return redirect("issues:item_detail", opinion.item_id)


@needs(Right.KEEP_MEETINGS)
@require_POST
def item_measure(request, pk):
    item = _item(request.user, pk)
    if item.issue is None:
        raise Http404
    form = SpotMeasureForm(request.POST, issue=item.issue, user=request.user)
    if form.is_valid() and taken(
        request, form, meetings.add_measure, item, **form.cleaned_data
    ):
        messages.success(request, "措施已增加。")
        return redirect("issues:item_detail", pk)
    return _item_page(request, item, measure_form=form)


@needs(Right.KEEP_MEETINGS)
@require_POST
def meeting_demands(request, pk):
    """The demands that were gone through, in one press."""
    meeting = _kept(request.user, pk)
    form = DemandsForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请选结果，写议定的话（500 字以内）。")
    elif done := _do(request, meetings.conclude_demands, meeting, **form.cleaned_data):
        messages.success(request, f"{done} 件诉求的结果已登记。")
    return redirect(meeting)


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def attendance(request, pk):
    """Who came: a row each, ticked in the meeting."""
    meeting = _kept(request.user, pk)
    rows = list(meeting.attendances.select_related("unit", "organization"))
    forms = [
        AttendanceForm(request.POST or None, instance=row, prefix=f"a{row.pk}")
        for row in rows
    ]
    invite_form = InviteForm(prefix="new")
    if request.method == "POST":
        if request.POST.get("do") == "invite":
            invite_form = InviteForm(request.POST, prefix="new")
            if invite_form.is_valid() and taken(
                request,
                invite_form,
                meetings.invite,
                meeting,
                **invite_form.cleaned_data,
            ):
                return redirect("issues:attendance", pk)
        elif all(form.is_valid() for form in forms):
            states = {
                form.instance.pk: (
                    form.cleaned_data["state"],
                    form.cleaned_data["note"].strip(),
                )
                for form in forms
            }
            if _do(
                request, meetings.mark, meeting, states=states, done="到会情况已登记。"
            ):
                return redirect(meeting)
    context = {
        "meeting": meeting,
        "forms": forms,
        "invite_form": invite_form,
        "open": "mark" in meeting.open_steps,
        "states": [
            state for state in Attendance.State if state != Attendance.State.INVITED
        ],
    }
    return render(request, "issues/attendance.html", context)


@needs(Right.KEEP_MEETINGS)
@require_POST
def meeting_hold(request, pk):
    meeting = _kept(request.user, pk)
    _do(request, meetings.hold, meeting, done="会议已登记结束，请核对纪要。")
    return redirect(meeting)


# --- in a calendar ---------------------------------------------------------------------


def _calendar_file(request, rows, name):
    def address(meeting):
        return request.build_absolute_uri(meeting.get_absolute_url())

    content = ics.calendar_of(rows, now=timezone.now(), address=address)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@needs(Right.SEE_ISSUES)
@require_safe
def meeting_calendar(request, pk):
    """One meeting, to take into one's own calendar."""
    rows = Meeting.objects.seen_whole_by(request.user).select_related("body")
    meeting = get_object_or_404(rows, pk=pk)
    return _calendar_file(request, [meeting], f"meeting-{pk}.ics")


@needs(Right.SEE_ISSUES)
@require_safe
def calendar(request):
    """All that is to come, once it was notified."""
    rows = Meeting.objects.seen_whole_by(request.user).filter(
        state=Meeting.State.NOTIFIED, on__gte=timezone.localdate()
    )
    rows = rows.select_related("body").order_by("on", "at", "pk")
    return _calendar_file(request, rows, "meetings.ics")


# --- on paper ------------------------------------------------------------------------


@needs(Right.SEE_ISSUES)
@require_safe
def meeting_notice(request, pk):
    """The notice as text to paste into a message."""
    meeting = get_object_or_404(
        Meeting.objects.seen_whole_by(request.user).select_related("body"), pk=pk
    )
    context = {
        "meeting": meeting,
        "items": agenda.gathered(_items(meeting, request.user)),
        "invited": meeting.attendances.all()
        or meeting.body.members.in_force(meeting.on),
    }
    return render(request, "issues/meeting_notice.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def sign_in_sheet(request, pk):
    """签到表, to print: a line for each invited, some blank ones."""
    meeting = get_object_or_404(
        Meeting.objects.seen_whole_by(request.user).select_related("body"), pk=pk
    )
    context = {
        "meeting": meeting,
        "invited": meeting.attendances.all()
        or meeting.body.members.in_force(meeting.on),
        "blank": range(4),
    }
    return render(request, "issues/sign_in_sheet.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def meeting_pack(request, pk):
    """The meeting's file set, to print: notice, agenda with its papers, who, results."""
    meeting = get_object_or_404(
        Meeting.objects.seen_whole_by(request.user).select_related("body"), pk=pk
    )
    items = _items(meeting, request.user)
    for item in items:
        if item.issue:
            item.matters = item.issue.matters.with_askers().order_by("pk")
            item.running = item.issue.measures.for_list()
            item.surveys = item.issue.surveys.prefetch_related("photos")
    context = {
        "meeting": meeting,
        "items": agenda.gathered(items),
        "invited": meeting.attendances.all()
        or meeting.body.members.in_force(meeting.on),
    }
    return render(request, "issues/meeting_pack.html", context)


def _file(content, name):
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "private, no-store"
    return response


@needs(Right.SEE_ISSUES)
@require_safe
def minutes_draft(request, pk):
    """The minutes as the record stands, marked as a draft."""
    meeting = get_object_or_404(
        Meeting.objects.seen_whole_by(request.user).select_related("body__grid"), pk=pk
    )
    try:
        content = minutes.draft_of(meeting)
    except FileProblem as problem:
        messages.error(request, str(problem))
        return redirect(meeting)
    record("minutes.drafted", meeting, by=request.user, at=timezone.now())
    return _file(content, f"{meeting.body}{meeting}纪要（草稿）.docx")


@needs(Right.SEE_ISSUES)
@require_safe
def minutes_file(request, pk):
    """The confirmed file, byte for byte."""
    paper = get_object_or_404(
        Minutes.objects.visible_to(request.user).select_related("meeting__body"), pk=pk
    )
    try:
        content = minutes.content_of(paper)
    except (FileProblem, FileNotFoundError) as problem:
        said = str(problem) if isinstance(problem, FileProblem) else "文件不在了。"
        messages.error(request, said)
        return redirect(paper.meeting)
    record("minutes.taken", paper, by=request.user, at=timezone.now())
    again = f"（第{paper.version}版）" if paper.version > 1 else ""
    return _file(content, f"{paper.meeting.body}{paper.meeting}纪要{again}.docx")


@needs(Right.SEE_ISSUES)
@require_POST
def minutes_confirm(request, pk):
    meeting = _seen(request.user, pk)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        _do(
            request,
            minutes.confirm,
            meeting,
            done="纪要已确认并锁定，文件已存。",
            **form.cleaned_data,
        )
    else:
        messages.error(request, "确认方式太长，请在 100 字以内。")
    return redirect(meeting)


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def minutes_amend(request, pk):
    meeting = _kept(request.user, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, minutes.amend, meeting, **form.cleaned_data
    ):
        messages.success(request, "可以更正了；改好后请主持人再确认，成为新的一版。")
        return redirect(meeting)
    context = {
        "meeting": meeting,
        "form": form,
        "what": "更正纪要",
        "lead": "已确认的那一份照原样保留；更正后再确认，是新的一份。",
        "button": "开始更正",
        "back": meeting.get_absolute_url(),
    }
    return render(request, "issues/meeting_reason.html", context)


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def minutes_issue(request, pk):
    rows = Minutes.objects.filter(meeting__in=Meeting.objects.kept_by(request.user))
    paper = get_object_or_404(rows.select_related("meeting__body"), pk=pk)
    form = IssueMinutesForm(
        request.POST or None,
        initial={"on": timezone.localdate(), "title": paper.meeting.chair_title},
    )
    if form.is_valid() and taken(
        request, form, minutes.issue, paper, **form.cleaned_data
    ):
        messages.success(request, "签发已登记。")
        return redirect(paper.meeting)
    context = {
        "meeting": paper.meeting,
        "form": form,
        "what": "登记签发",
        "lead": f"{paper.meeting}纪要{paper.reference}",
        "button": "登记签发",
        "back": paper.meeting.get_absolute_url(),
    }
    return render(request, "issues/meeting_reason.html", context)


# --- a part of an issue's page -------------------------------------------------------


@needs(Right.SEE_ISSUES)
@require_safe
def meetings_of(request, pk):
    """The meetings of an issue, past and coming, and its surveys; loaded in place."""
    issue = get_object_or_404(Issue.objects.visible_to(request.user), pk=pk)
    items = list(
        issue.items.on_the_table()
        .filter(meeting__in=Meeting.objects.standing().visible_to(request.user))
        .select_related("meeting__body", "measure")
        .order_by("-meeting__on", "-pk")
    )
    for item in items:
        item.drawn = OUTCOMES.get(item.outcome)
    context = {
        "issue": issue,
        "items": items,
        "surveys": issue.surveys.prefetch_related("photos"),
        "may_survey": request.user.may(Right.KEEP_MEETINGS),
    }
    return render_part(request, "issues/meetings_of.html", context, part="meetings")
