"""A part of a measure, for a unit without an account: by its own link, and no more.

It may confirm, refuse, take back to study, and report. It sees no asker.
"""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from issues import parts
from issues.models import MeasurePart
from issues.models.part import PartStep
from issues.part_forms import ConfirmForm, RefuseForm, ReportForm, StudyForm
from issues.taking import Refused
from public import limits, part_links
from public.models import Attempt, PartLink
from public.qr import qr
from public.views import _draw, _found, unlisted
from tianshan.web import render_inside

ACTS = {
    PartStep.CONFIRM: (ConfirmForm, parts.confirm, "确认，由我们办"),
    PartStep.REPORT: (ReportForm, parts.report, "报进展"),
    PartStep.STUDY: (StudyForm, parts.study, "带回研究"),
    PartStep.REFUSE: (RefuseForm, parts.refuse, "退回"),
}
GIVE = (
    Right.ACT_ON_BEHALF,
    Right.DECIDE_IN_BRANCH,
    Right.DECIDE_IN_COMMITTEE,
    Right.DECIDE_IN_CONFERENCE,
)


def _form(step, part, *data):
    return ACTS[step][0](*data, part=part, user=None, for_whom="", prefix=step)


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def part(request, token):
    """What the unit is asked to do, and its answer."""
    link, answer = _found(request, part_links.link_of, token)
    if answer:
        return answer
    ours = link.part
    status, forms = 200, {}
    if request.method == "POST":
        step = request.POST.get("step", "")
        if step in ACTS:
            forms[step] = _form(step, ours, request.POST, request.FILES)
            status = _take(request, link, step, forms[step])
            if status == 302:
                return redirect(f"{request.path}?done=1")
    for step in ACTS:
        if step in ours.open_steps:
            forms.setdefault(step, _form(step, ours))
    context = {
        "part": ours,
        "lamp": ours.light(timezone.localdate()),
        "moved_on": link.holder != str(ours.holder),
        "acts": [(step, forms[step], ACTS[step][2]) for step in ACTS if step in forms],
        "log": reversed(ours.log.select_related("by")),
        "done": "done" in request.GET,
    }
    return _draw(request, "part", context, status=status)


def _take(request, link, step, form):
    """Take the step; the status of the answer, and the form says what was refused."""
    now, address = timezone.now(), limits.address_of(request)
    part = link.part
    if request.user.is_authenticated:
        form.add_error(None, "您登录着工作账号，请在平台里办理。")
        return 422
    if link.holder != str(part.holder):
        form.add_error(None, "这项分工已经改由别的单位办，这个链接不能再办理。")
        return 422
    if form.fields and not form.is_valid():
        return 422
    if not limits.take(Attempt.Kind.POST, address, at=now):
        form.add_error(None, "这一小时里提交得太多了，请过一会儿再办。")
        return 429
    data = dict(getattr(form, "cleaned_data", {}))
    if "photos" in data:
        data["pictures"] = form.pictures()
        del data["photos"]
        if not form.is_valid():
            return 422
    try:
        ACTS[step][1](part, **data, by=None, link=link.pk, at=now)
    except Refused as refused:
        form.add_error(None, str(refused))
        return 422
    return 302


# --- for staff -------------------------------------------------------------------------


def _part(request, pk):
    return get_object_or_404(
        MeasurePart.objects.visible_to(request.user).for_list(), pk=pk
    )


@needs(Right.SEE_ISSUES)
@require_safe
def for_part(request, pk):
    """The links of a part: in its page."""
    ours = _part(request, pk)
    links = PartLink.objects.in_force().filter(part=ours).select_related("made_by")
    context = {
        "part": ours,
        "links": links,
        "may_give": ours.is_open and part_links.may_give(ours, request.user),
    }
    return render_inside(request, "public/for_part.html", context)


@needs(*GIVE)
@never_cache
@require_POST
def part_link_give(request, pk):
    """The link, shown once, to hand to the unit."""
    ours = _part(request, pk)
    try:
        token = part_links.give(ours, by=request.user, at=timezone.now())
    except Refused as refused:
        context = {"part": ours, "problem": str(refused)}
        return render(request, "public/part_slip.html", context, status=422)
    address = request.build_absolute_uri(reverse("public:part", args=[token]))
    context = {"part": ours, "address": address, "qr": qr(address)}
    return render(request, "public/part_slip.html", context)


@needs(*GIVE)
@require_POST
def part_link_revoke(request, pk):
    ours = _part(request, pk)
    part_links.revoke_all(ours, by=request.user, at=timezone.now())
    return redirect(ours)
