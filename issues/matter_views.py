"""Two matters into one and apart again; a matter's number in a system outside."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from issues import actions, merging, outside
from issues.forms import CarryForm, OutsideForm
from issues.models import Matter, MatterMerge
from issues.taking import Refused
from issues.views import DECIDE, matters_with_all, taken

OFFERED = 50  # matters to merge into


@needs(Right.PROPOSE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_merge(request, pk):
    """Choose the matter that asks for the same, and put this one into it."""
    seen = Matter.objects.visible_to(request.user, Right.PROPOSE_ISSUES)
    matter = get_object_or_404(seen.for_list(), pk=pk)
    others = seen.open().for_list().exclude(pk=pk)
    problem = ""
    if request.method == "POST":
        chosen = request.POST.get("matter", "")
        into = get_object_or_404(
            seen, pk=chosen if chosen.isdecimal() and len(chosen) < 19 else 0
        )
        try:
            merging.merge(matter, into, by=request.user, at=timezone.now())
        except Refused as refused:
            problem = str(refused)
        else:
            messages.success(request, f"已合并到“{into.title}”，在那一页可以撤销。")
            return redirect(into)
    near = others.filter(issue=matter.issue_id) if matter.issue_id else others
    context = {"matter": matter, "matters": near[:OFFERED], "problem": problem}
    return render(request, "issues/matter_merge.html", context)


@needs(Right.PROPOSE_ISSUES)
@require_POST
def matter_unmerge(request, pk):
    """Undo a merge."""
    merge = get_object_or_404(
        MatterMerge.objects.visible_to(request.user).select_related("gone", "kept"),
        pk=pk,
    )
    try:
        gone = merging.undo(merge, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(merge.kept)
    messages.success(request, "合并已撤销。")
    return redirect(gone)


@needs(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_carry(request, pk):
    """What was dealt with directly needs deliberation after all."""
    matter = get_object_or_404(
        Matter.objects.visible_to(request.user).for_list(), pk=pk, issue=None
    )
    if not matter.may_be_decided_by(request.user):
        raise PermissionDenied
    first = matter.links.in_force().select_related("demand__business").first()
    levels = (
        actions.levels_to_start(first.demand.business, request.user) if first else []
    )
    form = CarryForm(
        request.POST or None, levels=levels, initial={"title": matter.title}
    )
    if form.is_valid() and (
        issue := taken(request, form, actions.carry, matter, **form.cleaned_data)
    ):
        messages.success(request, f"已列入议题，交{issue.body}研商。")
        return redirect(issue)
    context = {"matter": matter, "form": form, "levels": levels}
    return render(request, "issues/matter_carry.html", context)


@needs(Right.PROPOSE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def matter_outside(request, pk):
    """Its number in 城运 or 12345, and words to copy out."""
    matter = get_object_or_404(
        matters_with_all(
            Matter.objects.visible_to(request.user, Right.PROPOSE_ISSUES),
            request.user,
        ),
        pk=pk,
    )
    form = OutsideForm(
        request.POST or None,
        initial={"system": matter.outside_system, "number": matter.outside_number},
    )
    if form.is_valid() and taken(
        request, form, outside.note_case, matter, **form.cleaned_data
    ):
        messages.success(request, "案号已记。")
        return redirect(matter)
    words = outside.words_for_outside(matter, matter.links_now)
    context = {"matter": matter, "form": form, "words": words}
    return render(request, "issues/matter_outside.html", context)
