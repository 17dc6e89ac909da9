"""What a visitor orders by a card, and the link by which it is followed and rated."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from enterprises.models import Business
from public import limits
from public.models import Attempt, Card, OrderLink, OrderSending
from public.sending import Refused, TooMany, shop_of, takes_demands
from public.tokens import link_token
from public.voiding import void
from services import orders
from services.models import Order
from tianshan.audit import record
from tianshan.web.tokens import hashed
from visits.actions import digest_of


@transaction.atomic
def order(card, *, key, address, item, people, words="", wished="", phone="", at):
    """Take in what was ordered: the token of the order's own link.

    The same form (`key`) with the same content, however often it comes, is one order
    and gets the same link. None: the shop has ordered the same already and it waits to
    be dispatched; its link stays with whoever ordered first.
    """
    shop = shop_of(card)
    shop = Business.objects.select_for_update(of=["self"]).get(pk=shop.pk)
    asked = {"people": people, "words": words, "wished": wished, "phone": phone}
    digest = digest_of(card=card.pk, item=item.pk, **asked)
    token, form_hash = link_token(key, digest), hashed(f"{key}.{digest}")
    if known := OrderSending.objects.filter(form_hash=form_hash).first():
        links = OrderLink.objects.filter(order=known.order)
        return token if links.filter(token_hash=hashed(token)).exists() else None
    # Made void while the form was open: it orders nothing more.
    if not Card.objects.in_force().filter(pk=card.pk).exists():
        raise Refused("这张码已经作废，请扫店里新的码。")
    if not takes_demands(shop):
        raise Refused("这家店已经不在这里营业，这张码不再收点单。")
    if not limits.take(Attempt.Kind.POST, address, at=at):
        raise TooMany("这一小时里提交得太多了，请过一会儿再交。您写的还在下面。")
    if not limits.take(Attempt.Kind.CARD, limits.hashed(card.pk), at=at):
        raise TooMany("这张码今天收得太多了，请明天再交，或直接告诉网格员。")

    try:
        placed, created = orders.receive(shop, item=item, at=at, **asked)
    except orders.Refused as refused:
        raise Refused(str(refused)) from refused
    OrderSending.objects.create(
        card=card, order=placed, sent_at=at, form_hash=form_hash
    )
    if not created:
        record("order.sent_again", placed, by=None, at=at)
        return None
    OrderLink.objects.create(order=placed, token_hash=hashed(token), made_at=at)
    return token


def link_of(token):
    """The link in force with that token, or None: one search, whatever is wrong."""
    links = OrderLink.objects.in_force().filter(order__business__gone_at=None)
    return (
        links.select_related(
            "order__business__building", "order__grid", "order__item__brand"
        )
        .select_related("order__station")
        .filter(token_hash=hashed(token))
        .first()
    )


def _may(order, by):
    """Who may order for the business, or serves it, hands its link over."""
    mine = Order.objects.visible_to(by, Right.ORDER) | Order.objects.served_by(by)
    if not mine.filter(pk=order.pk).exists():
        raise PermissionDenied


def may_give(order, user):
    try:
        _may(order, user)
    except PermissionDenied:
        return False
    return True


@transaction.atomic
def give(order, *, by, at):
    """A further link for the order, to be handed over to whoever ordered: its token."""
    _may(order, by)
    token = link_token()
    link = OrderLink.objects.create(
        order=order, token_hash=hashed(token), made_at=at, made_by=by
    )
    record("link.given", link, by=by, at=at, order=order.pk)
    return token


@transaction.atomic
def revoke_all(order, *, by, at):
    """Make void all links of the order that were given so far."""
    _may(order, by)
    links = OrderLink.objects.filter(order=order)
    return void(links, "link.revoked", by=by, at=at, order=order.pk)
