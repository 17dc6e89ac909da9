"""A need, for the business that asks: by its own link it compares offers and chooses.

It sees no other asker, and the portal keeps no amounts.
"""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from public import limits, need_links
from public.forms import ChooseForm
from public.models import Attempt, NeedLink
from public.qr import qr
from public.views import _draw, _found, unlisted
from services import resources
from services.models import Need, NeedAsker
from services.resource_views import shuffled
from tianshan.web import render_inside


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def need(request, token):
    """What is offered, side by side and in another order each time; and the choice."""
    link, answer = _found(request, need_links.link_of, token)
    if answer:
        return answer
    asker = link.asker
    offers = list(resources.offers_to(asker))
    shuffled(offers)
    said = {match.offer_id: match.choice for match in asker.matches.in_force()}
    posted = request.method == "POST"
    # An empty form is a form too: what is refused has to be said in it.
    form = ChooseForm(request.POST if posted else None, offers=offers, said=said)
    status = 200
    if posted:
        status = _take(request, link, form)
        if status == 302:
            return redirect(f"{request.path}?done=1")
    context = {
        "need": asker.need,
        "form": form,
        "own": not offers and asker.need.offers.standing().exists(),
        "may_choose": "choose" in asker.need.open_steps
        and not asker.need.is_past(timezone.localdate()),
        "done": "done" in request.GET,
    }
    return _draw(request, "need", context, status=status)


def _take(request, link, form):
    """Take what was chosen; the status of the answer, and the form says what was refused."""
    now, address = timezone.now(), limits.address_of(request)
    if request.user.is_authenticated:
        form.add_error(None, "您登录着工作账号，请在平台里登记。")
        return 422
    if not form.is_valid():
        return 422
    if not limits.take(Attempt.Kind.POST, address, at=now):
        form.add_error(None, "这一小时里提交得太多了，请过一会儿再选。")
        return 429
    try:
        need_links.choose(link, form.chosen, at=now)
    except resources.Refused as refused:
        form.add_error(None, str(refused))
        return 422
    return 302


# --- for staff -------------------------------------------------------------------------


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_safe
def for_need(request, pk):
    """The links of a need's askers: in its page."""
    ours = get_object_or_404(Need.objects.visible_to(request.user), pk=pk)
    askers = NeedAsker.objects.visible_to(request.user).filter(need=ours)
    links = {}
    given = NeedLink.objects.in_force().filter(asker__in=askers)
    for link in given.select_related("made_by"):
        links.setdefault(link.asker_id, []).append(link)
    context = {
        "need": ours,
        "rows": [
            (asker, links.get(asker.pk, []))
            for asker in askers.select_related("business")
        ],
        "may_give": resources.may_tend(request.user, ours),
    }
    return render_inside(request, "public/for_need.html", context)


def _asker(request, pk):
    return get_object_or_404(
        NeedAsker.objects.visible_to(request.user).select_related("need", "business"),
        pk=pk,
    )


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@never_cache
@require_POST
def need_link_give(request, pk):
    """The link, shown once, to hand to the business that asks."""
    asker = _asker(request, pk)
    token = need_links.give(asker, by=request.user, at=timezone.now())
    address = request.build_absolute_uri(reverse("public:need", args=[token]))
    context = {"asker": asker, "address": address, "qr": qr(address)}
    return render(request, "public/need_slip.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_POST
def need_link_revoke(request, pk):
    asker = _asker(request, pk)
    count = need_links.revoke_all(asker, by=request.user, at=timezone.now())
    messages.success(request, f"{asker.business.name}的 {count} 个链接已作废。")
    return redirect(asker.need)
