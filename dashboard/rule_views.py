"""Cycles and deadlines per grid: what holds, what was laid down, what comes."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from dashboard import rules
from dashboard.forms import LiveForm, RulesForm
from grids.models import Grid, GridRules


@needs(Right.RUN_SYSTEM)
@require_safe
def rules_list(request):
    """Each grid with what holds in it today."""
    today = timezone.localdate()
    grids = Grid.objects.visible_to(request.user, Right.RUN_SYSTEM).for_list()
    rows = [{"grid": grid, "rules": rules.in_force(grid, today)} for grid in grids]
    context = {"rows": rows, "labels": [rules.label(n) for n in GridRules.DEFAULTS]}
    return render(request, "dashboard/rules_list.html", context)


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def rules_edit(request, code):
    """The history of a grid's rules, and a form for those from a coming day on."""
    grid, now = _grid(request, code), timezone.now()
    form = RulesForm(request.POST or None, grid=grid, first=rules.tomorrow(now))
    if form.is_valid():
        values = dict(form.cleaned_data)
        since = values.pop("since")
        try:
            rules.set_rules(grid, since=since, values=values, by=request.user, at=now)
        except rules.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已定，{since} 起生效。")
            return redirect("dashboard:rules_edit", grid.code)
    return _page(request, grid, form=form)


@needs(Right.RUN_SYSTEM)
@require_POST
def rules_drop(request, pk):
    rows = GridRules.objects.visible_to(request.user, Right.RUN_SYSTEM)
    row = get_object_or_404(rows.select_related("grid"), pk=pk)
    try:
        rules.drop_rules(row, by=request.user, at=timezone.now())
    except rules.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已取消 {row.since} 起的规则。")
    return redirect("dashboard:rules_edit", row.grid.code)


@needs(Right.RUN_SYSTEM)
@require_POST
def live_set(request, code):
    grid = _grid(request, code)
    form = LiveForm(request.POST)
    if form.is_valid():
        try:
            grid = rules.set_live(
                grid, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except rules.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"启用日：{grid.live_on}。")
            return redirect("dashboard:rules_edit", grid.code)
    return _page(request, grid, live_form=form)


def _grid(request, code):
    grids = Grid.objects.visible_to(request.user, Right.RUN_SYSTEM)
    return get_object_or_404(grids.select_related("parent"), code=code)


def _page(request, grid, *, form=None, live_form=None):
    today, first = timezone.localdate(), rules.tomorrow(timezone.now())
    context = {
        "grid": grid,
        "form": form or RulesForm(grid=grid, first=first),
        "live_form": live_form or LiveForm(initial={"on": grid.live_on}),
        "live_is_fixed": grid.live_on <= today,
        "in_force": rules.in_force(grid, today),
        "history": rules.history(grid, today),
    }
    wrong = (form and form.errors) or (live_form and live_form.errors)
    status = 400 if wrong else 200
    return render(request, "dashboard/rules_edit.html", context, status=status)
