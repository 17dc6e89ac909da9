"""Party organisations."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.rights import Right, needs
from grids.models import Building
from party.ledgers import ORGANIZATIONS
from party.models import OrganizationBuilding, PartyOrganization, in_force
from tianshan.ledgers.views import ledger_page
from tianshan.web import render_inside


@needs(Right.SEE_PARTY)
@require_safe
def organization_list(request):
    return ledger_page(request, ORGANIZATIONS)


@needs(Right.SEE_PARTY)
@require_safe
def organization_detail(request, pk):
    organizations = PartyOrganization.objects.visible_to(request.user)
    organization = get_object_or_404(
        organizations.select_related("grid", "parent"), pk=pk
    )
    context = {
        "organization": organization,
        "children": organizations.filter(parent=organization).for_list(),
        "holdings": organization.holdings.filter(in_force()).select_related("building"),
    }
    return render(request, "party/organization_detail.html", context)


@needs(Right.SEE_PARTY)
@require_safe
def for_building(request, pk):
    """The organisations that hold a building; its page loads this in place."""
    building = get_object_or_404(Building.objects.visible_to(request.user), pk=pk)
    holdings = (
        OrganizationBuilding.objects.visible_to(request.user)
        .filter(in_force(), building=building)
        .select_related("organization")
    )
    context = {"building": building, "holdings": holdings}
    return render_inside(request, "party/for_building.html", context)
