"""The extra fields of a business: answered, and shown against a reason."""

from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from enterprises import actions
from enterprises.models import Business
from tianshan.values import pages


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_extra_edit(request, pk):
    businesses = Business.objects.visible_to(request.user, Right.EDIT_BUSINESSES)
    business = get_object_or_404(businesses, pk=pk)

    def act(**answers):
        return actions.answer_extra(business, **answers)

    return pages.edit_page(
        request, business, of="business", kind=business.kind, act=act
    )


@needs(Right.SEE_BUSINESSES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def business_extra_shown(request, pk, key):
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    return pages.shown_page(request, business, key, of="business", kind=business.kind)
