"""Grids and buildings."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, may, needs
from grids import actions
from grids.forms import PAGE_TOO_OLD, BuildingForm, HonourForm, WithdrawForm
from grids.ledgers import BUILDINGS, GRIDS
from grids.models import Building, BuildingHonour, Grid
from grids.rules import Rules
from tianshan.ledgers.views import ledger_page
from tianshan.values.pages import card as extra_card


@needs(Right.SEE_TERRITORY)
@require_safe
def grid_list(request):
    return ledger_page(request, GRIDS)


@needs(Right.SEE_TERRITORY)
@require_safe
def grid_detail(request, code):
    grids = Grid.objects.visible_to(request.user).select_related("parent")
    grid = get_object_or_404(grids, code=code)
    context = {
        "grid": grid,
        "rules": Rules.load().on(grid, timezone.localdate()),
        "children": grids.filter(parent=grid),
        "buildings": Building.objects.visible_to(request.user)
        .filter(grid=grid)
        .for_list(),
        "neighborhoods": grid.neighborhoods.all(),
        "show_businesses": may(request.user, Right.SEE_BUSINESSES),
    }
    return render(request, "grids/grid_detail.html", context)


@needs(Right.SEE_TERRITORY)
@require_safe
def building_list(request):
    return ledger_page(request, BUILDINGS)


@needs(Right.SEE_TERRITORY)
@require_safe
def building_detail(request, pk):
    building = get_object_or_404(
        Building.objects.visible_to(request.user).select_related("grid"), pk=pk
    )

    def mine(right):
        found = Building.objects.visible_to(request.user, right)
        return found.filter(pk=building.pk).exists()

    context = {
        "building": building,
        "honours": building.honours.held(),
        "show_businesses": may(request.user, Right.SEE_BUSINESSES),
        "show_party": may(request.user, Right.SEE_PARTY),
        # What the elevation was last asked for, to be shown again.
        "chosen": request.GET.urlencode(),
        "show_plan": mine(Right.SEE_PLANS),
        "may_edit": mine(Right.EDIT_BUILDINGS),
        "extra": extra_card(building, of="building", page="grids:building_extra"),
    }
    return render(request, "grids/building_detail.html", context)


def _to_edit(user, pk):
    buildings = Building.objects.visible_to(user, Right.EDIT_BUILDINGS)
    return get_object_or_404(buildings, pk=pk)


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def building_edit(request, pk):
    """Correct the facts; where two people clash, choose field by field."""
    building = _to_edit(request.user, pk)
    clashes, seen = {}, BuildingForm.read_seen(request.POST.get("seen", ""), building)
    form = BuildingForm(request.POST or None, instance=building)
    if form.is_bound and seen is None:
        form.add_error(None, PAGE_TOO_OLD)
    theirs = [name for name in form.fields if request.POST.get(f"take-{name}")]
    if form.is_bound and theirs:
        form.keep_theirs(theirs, building)

    if form.is_valid():
        try:
            changed = actions.edit_building(
                building,
                changes=form.cleaned_data,
                seen=seen,
                by=request.user,
                at=timezone.now(),
            )
        except actions.Conflict as conflict:
            clashes, building = conflict.fields, conflict.building
            untouched = [n for n, v in form.cleaned_data.items() if v == seen[n]]
            form.keep_theirs(untouched, building)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, "已保存。" if changed else "资料没有变化，未作改动。"
            )
            return redirect(building)

    context = {
        "building": building,
        "form": form,
        "seen": BuildingForm.seen_text(building)
        if seen is None or clashes
        else request.POST["seen"],
        "clashes": [_clash(form, name, value) for name, value in clashes.items()],
    }
    status = 409 if clashes else 400 if form.errors else 200
    return render(request, "grids/building_edit.html", context, status=status)


def _clash(form, name, theirs):
    field = form.fields[name]
    choices = dict(getattr(field, "choices", ()))
    mine = form.cleaned_data[name]
    return {
        "name": name,
        "label": field.label,
        "theirs": choices.get(theirs, field.prepare_value(theirs)),
        "mine": choices.get(mine, field.prepare_value(mine)),
    }


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def honour_new(request, pk):
    building = _to_edit(request.user, pk)
    form = HonourForm(request.POST or None)
    if form.is_valid():
        try:
            actions.give_honour(
                building, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已登记荣誉。")
            return redirect(building)
    context = {"building": building, "form": form}
    status = 400 if form.errors else 200
    return render(request, "grids/honour_new.html", context, status=status)


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def honour_withdraw(request, pk):
    honours = BuildingHonour.objects.visible_to(request.user, Right.EDIT_BUILDINGS)
    honour = get_object_or_404(honours.select_related("building"), pk=pk)
    form = WithdrawForm(request.POST or None)
    if form.is_valid():
        try:
            actions.withdraw_honour(
                honour,
                **form.cleaned_data,
                on=timezone.localdate(),
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已撤下，记录还在。")
            return redirect(honour.building)
    context = {"honour": honour, "building": honour.building, "form": form}
    status = 400 if form.errors else 200
    return render(request, "grids/honour_withdraw.html", context, status=status)
