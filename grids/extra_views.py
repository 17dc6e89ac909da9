"""The extra fields of a building: answered, and shown against a reason."""

from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from grids import actions
from grids.models import Building
from tianshan.values import pages


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def building_extra_edit(request, pk):
    buildings = Building.objects.visible_to(request.user, Right.EDIT_BUILDINGS)
    building = get_object_or_404(buildings, pk=pk)

    def act(**answers):
        return actions.answer_extra(building, **answers)

    return pages.edit_page(request, building, of="building", act=act)


@needs(Right.SEE_TERRITORY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def building_extra_shown(request, pk, key):
    building = get_object_or_404(Building.objects.visible_to(request.user), pk=pk)
    return pages.shown_page(request, building, key, of="building")
