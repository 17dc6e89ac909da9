"""The extra fields of an organisation: answered, and shown against a reason."""

from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from party import actions
from party.models import PartyOrganization
from tianshan.values import pages


@needs(Right.KEEP_ORGANIZATION)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_extra_edit(request, pk):
    organizations = PartyOrganization.objects.visible_to(
        request.user, Right.KEEP_ORGANIZATION
    )
    organization = get_object_or_404(organizations, pk=pk, dissolved_on=None)

    def act(**answers):
        return actions.answer_extra(organization, **answers)

    return pages.edit_page(request, organization, of="organization", act=act)


@needs(Right.SEE_PARTY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def organization_extra_shown(request, pk, key):
    organization = get_object_or_404(
        PartyOrganization.objects.visible_to(request.user), pk=pk
    )
    return pages.shown_page(request, organization, key, of="organization")
