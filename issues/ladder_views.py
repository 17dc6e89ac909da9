"""The steps of the ladder, the board, and the one-page brief of an issue."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from issues import ladder
from issues.brief import brief_of
from issues.ladder_forms import FORMS, AnswerForm, SuperviseForm
from issues.models import DeliberationBody, Issue, Level, Measure, Supervision
from issues.models.rules import OPEN, State, Step
from issues.taking import acting_in, overtaken
from issues.views import taken

# Whoever sees issues may come to the form; who may take the step, the table says.
STEPPING = (Right.SEE_ISSUES,)
ON_A_CARD = 12  # issues of one level and state on the board


def _form_for(step, issue, request, acting):
    kind = FORMS[step][0]
    data = request.POST or None
    if step == Step.CALL_TOGETHER:
        bodies = [body.pk for body in ladder.bodies_for(issue)]
        return kind(
            data,
            bodies=DeliberationBody.objects.filter(pk__in=bodies),
            initial={"body": issue.body_id, "reason": ""},
        )
    if step == Step.HAND_OUT:
        return kind(data, among=issue.matters, user=request.user)
    if step == Step.SUPERVISE:
        return kind(data)
    return kind(data, acting=acting)


@needs(*STEPPING)
@require_http_methods(["GET", "HEAD", "POST"])
def issue_step(request, pk, step):
    """One step of the ladder: its form, and the act."""
    if step not in FORMS:
        raise Http404
    step = Step(step)
    issue = get_object_or_404(
        Issue.objects.visible_to(request.user).select_related("body", "grid"), pk=pk
    )
    acting = acting_in(issue, step, request.user)
    if acting is None:
        raise PermissionDenied
    if request.method != "POST" and step not in issue.open_steps:
        messages.warning(request, overtaken(issue))
        return redirect(issue)
    form = _form_for(step, issue, request, acting)
    if form.is_valid() and taken(
        request, form, getattr(ladder, step), issue, **form.cleaned_data
    ):
        messages.success(request, f"已办理：{step.label}。")
        return redirect(issue)
    context = {
        "issue": issue,
        "step": step,
        "icon": FORMS[step][1],
        "hint": FORMS[step][2],
        "form": form,
        "acting": acting,
    }
    return render(request, "issues/issue_step.html", context)


@needs(Right.SUPERVISE)
@require_http_methods(["GET", "HEAD", "POST"])
def measure_supervise(request, pk):
    """督办 one measure."""
    measure = get_object_or_404(
        Measure.objects.visible_to(request.user).for_list(),
        pk=pk,
        issue__isnull=False,
    )
    form = SuperviseForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, ladder.supervise, measure, **form.cleaned_data
    ):
        messages.success(request, "已督办，答复之前排在各个列表最前。")
        return redirect(measure)
    context = {
        "issue": measure.issue,
        "measure": measure,
        "step": Step.SUPERVISE,
        "icon": FORMS[Step.SUPERVISE][1],
        "hint": measure.content,
        "form": form,
    }
    return render(request, "issues/issue_step.html", context)


@needs(*STEPPING)
@require_http_methods(["GET", "HEAD", "POST"])
def supervision_answer(request, pk):
    """Answer a 督办: the body of the issue, or the lead of the measure."""
    supervision = get_object_or_404(
        Supervision.objects.visible_to(request.user).select_related(
            "issue__body", "issue__grid", "measure"
        ),
        pk=pk,
    )
    issue = supervision.issue
    acting = acting_in(
        issue, Step.ANSWER_SUPERVISION, request.user, measure=supervision.measure
    )
    if acting is None:
        raise PermissionDenied
    form = AnswerForm(request.POST or None)
    if form.is_valid() and taken(
        request, form, ladder.answer_supervision, supervision, **form.cleaned_data
    ):
        messages.success(request, "督办已答复。")
        return redirect(issue)
    context = {
        "issue": issue,
        "measure": supervision.measure,
        "step": Step.ANSWER_SUPERVISION,
        "icon": "message-2",
        "hint": supervision.words,
        "form": form,
        "acting": acting,
    }
    return render(request, "issues/issue_step.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def issue_board(request):
    """Open issues by level and state; each count opens the ledger with as many rows."""
    today = timezone.localdate()
    issues = Issue.objects.visible_to(request.user).open().for_list()
    cells = {}
    for issue in issues:
        issue.lamp = issue.light(today)
        cells.setdefault((issue.level, issue.state), []).append(issue)
    rows = [
        {
            "level": level,
            "total": sum(len(cells.get((level, state), [])) for state in OPEN),
            "cells": [
                {
                    "state": State(state),
                    "count": len(cells.get((level, state), [])),
                    "issues": cells.get((level, state), [])[:ON_A_CARD],
                    "more": max(0, len(cells.get((level, state), [])) - ON_A_CARD),
                }
                for state in OPEN
            ],
        }
        for level in reversed(Level)
    ]
    context = {
        "rows": rows,
        "states": [
            {
                "state": State(state),
                "count": sum(len(cells.get((level, state), [])) for level in Level),
            }
            for state in OPEN
        ],
        "total": sum(row["total"] for row in rows),
    }
    return render(request, "issues/issue_board.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def issue_brief(request, pk):
    """议题简报: one page of A4 for the meeting, and for a phone on the way there."""
    issue = get_object_or_404(
        Issue.objects.visible_to(request.user).select_related(
            "body", "grid", "building", "raised_by"
        ),
        pk=pk,
    )
    context = {"issue": issue, **brief_of(issue, now=timezone.now())}
    return render(request, "issues/issue_brief.html", context)
