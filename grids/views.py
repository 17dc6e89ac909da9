"""Grids and buildings."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.rights import Right, may, needs
from grids.ledgers import BUILDINGS, GRIDS
from grids.models import Building, Grid
from tianshan.ledgers.views import ledger_page


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
    context = {
        "building": building,
        "show_businesses": may(request.user, Right.SEE_BUSINESSES),
    }
    return render(request, "grids/building_detail.html", context)
