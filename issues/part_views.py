"""Parts of measures: the list of each unit, one part, and its steps."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from issues import fixing, parts, terms
from issues import part_forms as forms
from issues.ledgers import PART_STATES, PARTS
from issues.models import Evidence, Measure, MeasurePart
from issues.models.part import PartStep
from issues.taking import Refused, acts_for_body
from issues.views import taken
from tianshan.files.keeping import picture_response
from tianshan.ledgers.views import ledger_page
from tianshan.workdays.calendar import Calendar

DECIDE = (
    Right.DECIDE_IN_BRANCH,
    Right.DECIDE_IN_COMMITTEE,
    Right.DECIDE_IN_CONFERENCE,
    Right.ACT_ON_BEHALF,
)
HOLD = (Right.DO_PARTS, Right.ACT_ON_BEHALF)


@dataclass(frozen=True)
class Page:
    """The page of one step: its form, what it does, its words."""

    step: PartStep
    form: Any
    act: Any
    title: str
    button: str
    done: str
    icon: str
    hint: str
    initial: dict = field(default_factory=dict)


PAGES = {
    page.step: page
    for page in (
        Page(
            PartStep.CONFIRM,
            forms.ConfirmForm,
            parts.confirm,
            "确认分工",
            "确认，由我们办",
            "已确认。",
            "circle-check",
            "由我们办，按期限完成",
        ),
        Page(
            PartStep.REFUSE,
            forms.RefuseForm,
            parts.refuse,
            "退回分工",
            "退回",
            "已退回，由议事主体改派。",
            "arrow-back-up",
            "写明原因，和应当由谁办",
        ),
        Page(
            PartStep.STUDY,
            forms.StudyForm,
            parts.study,
            "带回研究",
            "带回研究",
            "已带回研究，到期前请确认或退回。",
            "clock-hour-4",
            "先研究几天，只能一次",
        ),
        Page(
            PartStep.REPORT,
            forms.ReportForm,
            parts.report,
            "报进展",
            "报进展",
            "进展已记下。",
            "message-plus",
            "办到哪一步，可附照片",
        ),
        Page(
            PartStep.FINISH,
            forms.FinishForm,
            parts.finish,
            "登记完成",
            "登记完成",
            "分工已登记完成。",
            "checkbox",
            "写明做了什么",
        ),
        Page(
            PartStep.ASK_EXTENSION,
            forms.ExtensionForm,
            terms.ask,
            "申请延期",
            "申请延期",
            "已申请，由议事主体答复。答复前按原期限算。",
            "calendar-plus",
            "到期前才能申请，由议事主体答复",
        ),
        Page(
            PartStep.GRANT_EXTENSION,
            forms.AnswerForm,
            terms.answer,
            "答复延期申请",
            "答复",
            "延期申请已答复。",
            "calendar-check",
            "同意或不同意，都写明理由",
        ),
        Page(
            PartStep.PAUSE,
            forms.PauseForm,
            terms.pause,
            "暂停计时",
            "暂停计时",
            "计时已暂停，到期自动恢复。",
            "player-pause",
            f"要写明理由，一共最多 {parts.PAUSE_MOST} 个工作日",
        ),
        Page(
            PartStep.RESUME,
            forms.ResumeForm,
            terms.resume,
            "提前恢复计时",
            "恢复计时",
            "计时已恢复。",
            "player-play",
            "不等暂停到期",
        ),
        Page(
            PartStep.REASSIGN,
            forms.ReassignForm,
            parts.reassign,
            "改派",
            "改派",
            "已改派，等对方确认。",
            "replace",
            "给另一个单位，由它确认",
        ),
        Page(
            PartStep.EXCUSE,
            forms.ExcuseForm,
            parts.excuse,
            "会议定免办",
            "记为免办",
            "已记为免办，主办可以办结措施了。",
            "circle-off",
            "只凭会议的决定",
        ),
    )
}


@needs(Right.SEE_ISSUES)
@require_safe
def part_list(request):
    return ledger_page(request, PARTS)


def _part(request, pk):
    return get_object_or_404(
        MeasurePart.objects.visible_to(request.user).for_list(), pk=pk
    )


# --- one part ------------------------------------------------------------------------


def next_steps(part, user, today):
    """`[{"page", "url", "for_whom"}]` of what the user may do now, and who else may."""
    open_now = part.open_steps
    asked = part.extensions.undecided().exists()
    paused = part.pause_on(today) is not None
    fits = {
        PartStep.FINISH: not part.lead,
        PartStep.EXCUSE: not part.lead,
        PartStep.ASK_EXTENSION: not asked and today <= part.due_on,
        PartStep.GRANT_EXTENSION: asked,
        PartStep.PAUSE: not paused and today <= part.due_on,
        PartStep.RESUME: paused,
    }
    found = []
    for step, page in PAGES.items():
        if step not in open_now or not fits.get(step, True):
            continue
        for_whom = parts.acts_for(part, step, user)
        if for_whom is not None:
            url = reverse(f"issues:part_{step}", args=[part.pk])
            found.append({"page": page, "url": url, "for_whom": for_whom})
    return found


def reckoned(part, calendar):
    """Every day from the assignment to the date, with its why; pauses do not count."""
    pauses = list(part.pauses.all())
    lines = []
    for line in calendar.days(part.assigned_on, part.due_on):
        paused = any(one.covers(line.date) for one in pauses)
        lines.append(line._replace(counts=False, why="暂停计时") if paused else line)
    return lines


@needs(Right.SEE_ISSUES)
@require_safe
def part_detail(request, pk):
    part = _part(request, pk)
    today, calendar = timezone.localdate(), Calendar.load()
    log = list(part.log.select_related("by").prefetch_related("photos"))
    partners = list(MeasurePart.objects.filter(measure=part.measure_id).for_list())
    for one in partners:
        one.lamp = one.light(today)
        one.drawn = PART_STATES[one.state]
    lines = reckoned(part, calendar)
    pauses = list(part.pauses.all())
    for pause in pauses:
        pause.days = terms.days_of(pause, calendar)
    extensions = list(part.extensions.all())
    for extension in extensions:
        extension.days = calendar.between(extension.due_before, extension.until)
    times = parts.time_by_holder(part, now=timezone.now())
    context = {
        "part": part,
        "state": PART_STATES[part.state],
        "lamp": part.light(today),
        "steps": next_steps(part, request.user, today),
        "stuck": stuck_at(part, today),
        "partners": sorted(
            partners, key=lambda one: (not one.lead, one.due_on, one.pk)
        ),
        "log": reversed(log),
        "lines": lines,
        "days": sum(line.counts for line in lines),
        "provisional": any(line.provisional for line in lines),
        "extensions": extensions,
        "pauses": pauses,
        "times": [(who, in_words(time)) for who, time in times.items()],
        "total": in_words(sum(times.values(), timedelta())),
        "finish_url": reverse("issues:measure_finish", args=[part.measure_id])
        if part.lead
        and PartStep.FINISH in part.open_steps
        and acts_for_body(part.measure.matter.owner, request.user) is not None
        else "",
        "held_back": fixing.held_back(partners),
    }
    return render(request, "issues/part_detail.html", context)


def in_words(time):
    """`3 天 4 小时`: calendar time, not working time."""
    hours = int(time.total_seconds()) // 3600
    days, hours = divmod(hours, 24)
    if not days and not hours:
        return "不到 1 小时"
    return " ".join(
        f"{number} {unit}" for number, unit in ((days, "天"), (hours, "小时")) if number
    )


def stuck_at(part, today):
    """卡点: where a part is stuck and what comes next; "" while it runs in time."""
    body = part.measure.matter.owner
    if part.state == MeasurePart.State.REFUSED:
        if parts.refusals_of(part) >= parts.REFUSALS:
            return (
                f"两次退回，列入下一次联席会，由联席会定由谁办（原议事主体：{body}）。"
            )
        return f"{part.holder}退回了，等{body}改派。"
    if part.extensions.undecided().exists():
        return f"{part.holder}申请延期，等{body}答复。"
    if part.state in (MeasurePart.State.WAITING, MeasurePart.State.STUDYING):
        return f"等{part.holder}确认或退回。"
    if part.is_open and today > part.due_on:
        return f"{part.holder}超期没有完成。下一步：报进展，由{body}督促或改定。"
    return ""


@needs(Right.SEE_ISSUES)
@require_safe
def evidence(request, pk):
    """A photo of a report; `?small=1` the small one."""
    photo = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    return picture_response(parts.FOLDER, photo.name, small="small" in request.GET)


# --- steps ---------------------------------------------------------------------------


def _step(request, pk, *, page):
    """One step of one part: its form, and what is refused said on the form."""
    part = _part(request, pk)
    for_whom = parts.acts_for(part, page.step, request.user)
    if for_whom is None:
        raise PermissionDenied
    if request.method != "POST" and page.step not in part.open_steps:
        messages.warning(request, parts.overtaken(part))
        return redirect(part)
    form = page.form(
        request.POST or None,
        request.FILES or None,
        part=part,
        user=request.user,
        for_whom=for_whom,
    )
    # A step without fields is taken by its button alone.
    sent = form.is_valid() if form.fields else request.method == "POST"
    if sent:
        data = dict(getattr(form, "cleaned_data", {}))
        if "photos" in data:
            data["pictures"] = form.pictures()
            del data["photos"]
        if form.is_valid() or not form.fields:
            try:
                page.act(part, **data, by=request.user, at=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, page.done)
                return redirect(part)
    asked = part.extensions.undecided().first()
    context = {
        "part": part,
        "page": page,
        "form": form,
        "for_whom": for_whom,
        "asked": asked if page.step == PartStep.GRANT_EXTENSION else None,
        "lamp": part.light(timezone.localdate()),
    }
    return render(request, "issues/part_step.html", context)


def step_view(step):
    """The view of a step, under the rule of those who may take it."""
    rule = HOLD if step in parts.HOLDERS else DECIDE
    view = require_http_methods(["GET", "HEAD", "POST"])(
        partial(_step, page=PAGES[step])
    )
    view.__name__, view.__module__ = f"part_{step}", __name__
    view.__doc__ = PAGES[step].title
    return needs(*rule)(view)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def part_add(request, pk):
    """One more unit supports a measure."""
    measure = get_object_or_404(
        Measure.objects.visible_to(request.user).for_list(), pk=pk
    )
    if acts_for_body(measure.matter.owner, request.user) is None:
        raise PermissionDenied
    form = forms.AddPartForm(
        request.POST or None, user=request.user, initial={"due_on": measure.due_on}
    )
    if form.is_valid() and (
        part := taken(request, form, fixing.add_part, measure, **form.cleaned_data)
    ):
        messages.success(request, f"已加协办，等{part.holder}确认。")
        return redirect(part)
    return render(request, "issues/part_add.html", {"measure": measure, "form": form})
