"""一楼一方案: the plan of a building, its editions, its items and their ledger."""

from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from grids.models import Building
from party import plan_comparison, plan_figures, plans
from party.models import BuildingPlan, PlanItem, PlanNote
from party.plan_document import document_of
from party.plan_forms import (
    CancelForm,
    DiscardForm,
    DraftForm,
    ExtendForm,
    FinishForm,
    ItemForm,
    PlanForm,
    ReportForm,
)
from party.plan_ledger import PLAN_ITEMS
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.documents import CONTENT_TYPE, docx
from tianshan.ledgers.views import ledger_page
from tianshan.web import render_inside

PAGE_TOO_OLD = "页面放得太久，方案可能已经变了。请核对下面的内容，再保存一次。"


@needs(Right.SEE_PLANS)
@require_safe
def plan_item_list(request):
    return ledger_page(request, PLAN_ITEMS)


# --- what a plan shows ---------------------------------------------------------------


def _seen(user, pk):
    plans_seen = BuildingPlan.objects.visible_to(user)
    joins = ("building__grid", "previous", "drafted_by", "confirmed_by")
    return get_object_or_404(plans_seen.select_related(*joins), pk=pk)


def _kept(user, pk):
    """A plan that the user keeps; for others it is not there."""
    mine = BuildingPlan.objects.visible_to(user, Right.KEEP_PLANS)
    return get_object_or_404(mine.select_related("building__grid"), pk=pk)


def _items(plan, today):
    """Each with its light, the reddest things not hidden below."""
    items = plan.items.select_related("organization", "unit", "plan", "carried_from")
    return [{"item": item, "light": item.light(today)} for item in items]


def _counts(lines):
    states = [line["item"].state for line in lines]
    running = [s for s in states if s != PlanItem.State.CANCELLED]
    return {
        "all": len(running),
        "done": states.count(PlanItem.State.DONE),
        "red": sum(1 for x in lines if x["light"] and x["light"].colour == "red"),
        "yellow": sum(1 for x in lines if x["light"] and x["light"].colour == "yellow"),
    }


def figures_of(plan, today):
    """Those frozen with it, or for a draft those of today."""
    if plan.confirmed_on is None:
        return {"rows": plan_figures.read(plan.building, today), "as_of": today}
    return {"rows": plan.figures, "as_of": plan.confirmed_on}


def plan_context(plan, today):
    lines = _items(plan, today)
    return {
        "plan": plan,
        "building": plan.building,
        "today": today,
        "lines": lines,
        "counts": _counts(lines),
        "figures": figures_of(plan, today),
    }


@needs(Right.SEE_PLANS)
@require_safe
def plan_detail(request, pk):
    """One edition: figures, words, items with their lights, and its neighbours."""
    plan = _seen(request.user, pk)
    context = plan_context(plan, timezone.localdate()) | {
        "editions": plan.building.plans.all(),
        "may_keep": plans.may_keep(request.user, plan.building),
    }
    return render(request, "party/plan_detail.html", context)


@needs(Right.SEE_PLANS)
@require_safe
def plan_for_building(request, pk):
    """The plan in force of a building, or its draft; its page loads this in place."""
    seen = Building.objects.visible_to(request.user, Right.SEE_PLANS)
    building = get_object_or_404(seen, pk=pk)
    editions = list(building.plans.select_related("building__grid"))
    states = BuildingPlan.State
    draft = next((p for p in editions if p.state == states.DRAFT), None)
    in_force = next((p for p in editions if p.state == states.CONFIRMED), None)
    context = {
        "building": building,
        "draft": draft,
        "in_force": in_force,
        "may_keep": plans.may_keep(request.user, building),
    }
    if shown := in_force or draft:
        context |= plan_context(shown, timezone.localdate())
    return render_inside(request, "party/plan_for_building.html", context)


@needs(Right.SEE_PLANS)
@require_safe
def plan_compare(request, pk):
    """What an edition changed against the one before."""
    plan = _seen(request.user, pk)
    context = {"plan": plan, "building": plan.building}
    if plan.previous:
        context |= {
            "texts": plan_comparison.texts(plan),
            "lines": plan_comparison.lines(plan),
        }
    return render(request, "party/plan_compare.html", context)


@needs(Right.SEE_PLANS)
@require_safe
def plan_print(request, pk):
    """The plan on A4, without the portal around it."""
    plan = _seen(request.user, pk)
    context = plan_context(plan, timezone.localdate())
    return render(request, "party/plan_print.html", context)


@needs(Right.SEE_PLANS)
@require_safe
def plan_docx(request, pk):
    """The same as a document for Word or WPS."""
    plan = _seen(request.user, pk)
    today = timezone.localdate()
    try:
        content = docx(document_of(plan, figures_of(plan, today), today))
    except FileProblem as problem:
        messages.error(request, str(problem))
        return redirect(plan)
    record(
        "plan.exported",
        plan,
        by=request.user,
        at=timezone.now(),
        items=len(_items(plan, today)),
    )
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    name = quote(f"{plan}.docx")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"plan.docx\"; filename*=UTF-8''{name}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


# --- editions ------------------------------------------------------------------------


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_new(request, pk):
    """Begin an edition; from the one in force, if there is one."""
    mine = Building.objects.visible_to(request.user, Right.KEEP_PLANS)
    building = get_object_or_404(mine, pk=pk)
    form = DraftForm(request.POST or None)
    if form.is_valid():
        try:
            plan = plans.draft_plan(
                building, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已起草 {plan.edition}。")
            return redirect(plan)
    last = building.plans.in_force().first()
    context = {
        "building": building,
        "form": form,
        "last": last,
        "unfinished": last.items.open().count() if last else 0,
    }
    status = 400 if form.errors else 200
    return render(request, "party/plan_new.html", context, status=status)


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_edit(request, pk):
    """Write the parts of a draft; two people at once are told of each other."""
    plan = _kept(request.user, pk)
    theirs, seen = {}, PlanForm.read_seen(request.POST.get("seen", ""), plan)
    form = PlanForm(request.POST or None, instance=plan)
    if form.is_bound and seen is None:
        form.add_error(None, PAGE_TOO_OLD)
    if form.is_valid():
        try:
            plans.edit_plan(
                plan,
                changes=form.cleaned_data,
                seen=seen,
                by=request.user,
                at=timezone.now(),
            )
        except plans.Conflict as conflict:
            form.add_error(None, str(conflict))
            theirs = conflict.texts
            plan.refresh_from_db()
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect(plan)
    context = {
        "plan": plan,
        "building": plan.building,
        "form": form,
        "figures": figures_of(plan, timezone.localdate()),
        "seen": PlanForm.seen_text(plan)
        if seen is None or theirs
        else request.POST["seen"],
        "theirs": [
            {"label": form.fields[name].label, "text": text}
            for name, text in theirs.items()
        ],
    }
    status = 409 if theirs else 400 if form.errors else 200
    return render(request, "party/plan_edit.html", context, status=status)


@needs(Right.KEEP_PLANS)
@require_POST
def plan_confirm(request, pk):
    plan = _kept(request.user, pk)
    try:
        plans.confirm_plan(plan, by=request.user, at=timezone.now())
    except plans.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{plan.edition} 已确认，内容和数据已锁定。")
    return redirect(plan)


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_discard(request, pk):
    plan = _kept(request.user, pk)
    form = DiscardForm(request.POST or None)
    if form.is_valid():
        try:
            plans.discard_plan(
                plan, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已放弃 {plan.edition}的草稿。")
            return redirect(plan)
    context = {"plan": plan, "form": form}
    status = 400 if form.errors else 200
    return render(request, "party/plan_discard.html", context, status=status)


# --- items ---------------------------------------------------------------------------


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_new(request, pk):
    plan = _kept(request.user, pk)
    form = ItemForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            plans.add_item(plan, **form.facts, by=request.user, at=timezone.now())
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已列入方案。")
            return redirect(plan)
    return _item_form(request, plan, form, "列入事项", "列入方案")


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_edit(request, pk):
    item = _kept_item(request.user, pk)
    initial = ItemForm.initial_of(item)
    form = ItemForm(request.POST or None, user=request.user, initial=initial)
    if form.is_valid():
        try:
            plans.edit_item(item, **form.facts, by=request.user, at=timezone.now())
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect(item.plan)
    return _item_form(request, item.plan, form, "修改事项", "保存")


def _item_form(request, plan, form, heading, button):
    context = {"plan": plan, "form": form, "heading": heading, "button": button}
    status = 400 if form.errors else 200
    return render(request, "party/plan_item_form.html", context, status=status)


@needs(Right.SEE_PLANS)
@require_safe
def plan_item(request, pk):
    """One item: who, until when, how far, and all that was noted, in any edition."""
    items = PlanItem.objects.visible_to(request.user)
    joins = ("plan__building", "organization", "unit")
    item = get_object_or_404(items.select_related(*joins), pk=pk)
    context = {
        "item": item,
        "light": item.light(timezone.localdate()),
        "notes": PlanNote.objects.filter(item__in=_lineage(item)).select_related("by"),
        "may_read_plan": BuildingPlan.objects.visible_to(request.user)
        .filter(pk=item.plan_id)
        .exists(),
        "may_keep": plans.may_keep(request.user, item.plan.building),
        "may_report": plans.may_report(request.user, item),
    }
    return render(request, "party/plan_item.html", context)


def _lineage(item):
    """The item and those that it was carried over from."""
    ids = []
    while item is not None:
        ids.append(item.pk)
        item = item.carried_from
    return ids


def _kept_item(user, pk):
    mine = BuildingPlan.objects.visible_to(user, Right.KEEP_PLANS)
    items = PlanItem.objects.filter(plan__in=mine)
    return get_object_or_404(items.select_related("plan__building"), pk=pk)


@needs(Right.KEEP_PLANS)
@require_POST
def plan_item_start(request, pk):
    item = _kept_item(request.user, pk)
    try:
        plans.start_item(item, by=request.user, at=timezone.now())
    except plans.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已记为进行中。")
    return redirect(item)


def _step(request, pk, *, form_class, act, heading, button, find=_kept_item):
    """A step that asks for words first."""
    item = find(request.user, pk)
    form = form_class(request.POST or None)
    if form.is_valid():
        try:
            act(item, **form.cleaned_data, by=request.user, at=timezone.now())
        except plans.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已{heading}。")
            return redirect(item)
    context = {
        "item": item,
        "form": form,
        "heading": heading,
        "button": button,
        "may_read_plan": BuildingPlan.objects.visible_to(request.user)
        .filter(pk=item.plan_id)
        .exists(),
    }
    status = 400 if form.errors else 200
    return render(request, "party/plan_item_step.html", context, status=status)


def _reported_item(user, pk):
    """An item whose progress the user may note: who keeps the plan, or owns it."""
    items = PlanItem.objects.visible_to(user).select_related("plan__building")
    item = get_object_or_404(items, pk=pk)
    if not plans.may_report(user, item):
        raise PermissionDenied
    return item


@needs(Right.SEE_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_report(request, pk):
    return _step(
        request,
        pk,
        form_class=ReportForm,
        act=plans.report_item,
        find=_reported_item,
        heading="登记进展",
        button="登记",
    )


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_extend(request, pk):
    return _step(
        request,
        pk,
        form_class=ExtendForm,
        act=plans.extend_item,
        heading="延期",
        button="延期",
    )


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_finish(request, pk):
    return _step(
        request,
        pk,
        form_class=FinishForm,
        act=plans.finish_item,
        heading="登记完成",
        button="登记完成",
    )


@needs(Right.KEEP_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_cancel(request, pk):
    return _step(
        request,
        pk,
        form_class=CancelForm,
        act=plans.cancel_item,
        heading="取消事项",
        button="取消这一项",
    )
