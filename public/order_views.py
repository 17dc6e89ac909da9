"""Ordering by a shop's card, and an order's own link: followed, withdrawn, rated."""

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
from public import cards, limits, ordering, sending
from public.forms import CardOrderForm, FormKeys, RateForm
from public.models import Attempt, OrderLink
from public.order_progress import progress
from public.qr import qr
from public.views import _draw, _found, unlisted
from services import orders
from services.models import Order
from services.models.order import OrderStep
from tianshan.web import render_inside

TAKEN_BACK = "点单人在链接上撤回"


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def card_order(request, token):
    """Order a service for the shop whose card it is. Whoever scans it may."""
    found, answer = _found(request, cards.card_of, token)
    if answer:
        return answer
    shop, keys = sending.shop_of(found), FormKeys(found)
    context = {"shop": shop, "token": token}
    if not sending.takes_demands(shop):
        return _draw(request, "closed", context)
    initial = {"item": request.GET.get("item", "")}
    form = CardOrderForm(request.POST or None, initial=initial)
    key, status = keys.read(request.POST.get("key", "")), 200
    if form.is_bound and key is None:
        form.add_error(None, "页面开得太久了。您写的还在，请再按一次“点单”。")
    if form.is_valid():
        try:
            link = ordering.order(
                found,
                key=key,
                address=limits.address_of(request),
                at=timezone.now(),
                **form.asked,
            )
        except sending.Refused as refused:
            form.add_error(None, str(refused))
            status = 429 if isinstance(refused, sending.TooMany) else 200
        else:
            if link is None:
                return _draw(request, "order_again", context)
            return redirect(f"{reverse('public:order', args=[link])}?sent=1")
    context |= {"form": form, "key": request.POST["key"] if key else keys.new()}
    return _draw(request, "card_order", context, status=status)


# --- an order's own link ---------------------------------------------------------------


@unlisted
@require_safe
def order(request, token):
    """How far an order is; whoever holds the link may see. After ordering: what next."""
    link, answer = _found(request, ordering.link_of, token)
    return answer or _page(request, link.order, token, RateForm())


def _page(request, asked, token, form, *, problem="", status=200):
    address = request.build_absolute_uri(reverse("public:order", args=[token]))
    context = {
        "order": asked,
        "token": token,
        "steps": progress(asked, timezone.now()),
        "may_rate": orders.may_rate(asked, timezone.localdate()),
        "may_withdraw": OrderStep.WITHDRAW in asked.open_steps,
        "form": form,
        "problem": problem,
        "fresh": "sent" in request.GET,
        "address": address,
        "qr": qr(address),
    }
    return _draw(request, "order", context, status=status)


def _posted(request, link, token, form, act):
    """Do what the link's holder asks. Who has an account here did not order."""
    now, address, status = timezone.now(), limits.address_of(request), 422
    if request.user.is_authenticated:
        problem = "您登录着工作账号，不能代点单的人办。"
    elif form.is_bound and not form.is_valid():
        problem = ""
    elif not limits.take(Attempt.Kind.POST, address, at=now):
        problem, status = "这一小时里提交得太多了，请过一会儿再来。", 429
    else:
        try:
            act(now)
        except orders.Refused as refused:
            problem = str(refused)
        else:
            return redirect("public:order", token)
    return _page(request, link.order, token, form, problem=problem, status=status)


@unlisted
@require_POST
def order_rate(request, token):
    """The orderer's own word on what was given."""
    link, answer = _found(request, ordering.link_of, token)
    if answer:
        return answer
    form = RateForm(request.POST)

    def rate(now):
        orders.rate(link.order, **form.cleaned_data, link=link.pk, at=now)

    return _posted(request, link, token, form, rate)


@unlisted
@require_POST
def order_withdraw(request, token):
    """Whoever ordered does not want it any more."""
    link, answer = _found(request, ordering.link_of, token)
    if answer:
        return answer

    def withdraw(now):
        orders.withdraw(link.order, reason=TAKEN_BACK, by=None, at=now)

    return _posted(request, link, token, RateForm(), withdraw)


# --- staff -----------------------------------------------------------------------------


def _order(request, pk):
    return get_object_or_404(Order.objects.visible_to(request.user).for_list(), pk=pk)


@needs(Right.SEE_SERVICES)
@require_safe
def for_order(request, pk):
    """The own links of an order: a part of its page."""
    asked = _order(request, pk)
    links = OrderLink.objects.in_force().filter(order=asked)
    context = {
        "order": asked,
        "links": links.select_related("made_by"),
        "may_give": ordering.may_give(asked, request.user),
    }
    return render_inside(request, "public/for_order.html", context)


@needs(Right.ORDER, Right.SERVE)
@never_cache
@require_POST
def order_link_give(request, pk):
    """A slip with a link of the order's own, to hand to whoever ordered."""
    asked = _order(request, pk)
    token = ordering.give(asked, by=request.user, at=timezone.now())
    address = request.build_absolute_uri(reverse("public:order", args=[token]))
    context = {"order": asked, "qr": qr(address), "address": address}
    return render(request, "public/order_slip.html", context)


@needs(Right.ORDER, Right.SERVE)
@require_POST
def order_link_revoke(request, pk):
    asked = _order(request, pk)
    count = ordering.revoke_all(asked, by=request.user, at=timezone.now())
    messages.success(request, f"{count} 个链接已作废。")
    return redirect(asked)
