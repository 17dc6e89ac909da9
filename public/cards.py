"""Cards of shops: made, printed, made void; and whose card a token is."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from accounts.rights import Right
from enterprises.models import Business
from public.models import Card
from public.tokens import KEY_ID, card_token, card_token_again
from tianshan.audit import record
from tianshan.web.tokens import hashed

MOST = 200  # cards printed at once


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def card_of(token):
    """The card in force with that token, or None: one search, whatever is wrong."""
    cards = Card.objects.in_force().select_related(
        "business__building", "business__grid", "business__merged_into"
    )
    return cards.filter(token_hash=hashed(token)).first()


@transaction.atomic
def print_cards(businesses, *, by, at):
    """`[(card, token)]` of the businesses, in their order, each noted as printed.

    A card in force is printed again as it was; a business without one, or whose card
    was made with a key that is gone, gets a new one.
    """
    ids = [business.pk for business in businesses]
    if len(ids) > MOST:
        raise Refused(f"一次最多打印 {MOST} 张，请分几次选。")
    mine = Business.objects.visible_to(by, Right.LOG_VISITS).filter(pk__in=ids)
    if mine.count() != len(ids):
        raise PermissionDenied
    locked = Business.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    locked = {business.pk: business for business in locked}
    printed = []
    for pk in ids:
        card, token = _in_force(locked[pk]) or _make(locked[pk], by=by, at=at)
        card.printed_at = at
        card.save(update_fields=["printed_at"])
        record("card.printed", card, by=by, at=at, version=card.version)
        printed.append((card, token))
    return printed


def _in_force(business):
    """The newest card that can be printed again, with its token."""
    cards = Card.objects.in_force().filter(business=business)
    for card in cards.order_by("-made_at", "-pk"):
        if token := card_token_again(card):
            return card, token
    return None


def _make(business, *, by, at):
    cards = Card.objects.filter(origin=business.pk)
    version = (cards.aggregate(last=Max("version"))["last"] or 0) + 1
    token = card_token(business.pk, version, KEY_ID)
    card = Card.objects.create(
        business=business,
        origin=business.pk,
        version=version,
        key_id=KEY_ID,
        token_hash=hashed(token),
        made_at=at,
        made_by=by,
    )
    record("card.made", card, by=by, at=at, version=version)
    return card, token


@transaction.atomic
def revoke(card, *, reason, by, at):
    """Make a card void: from now on it opens as little as a wrong one."""
    card = Card.objects.select_for_update().get(pk=card.pk)
    mine = Card.objects.visible_to(by, Right.LOG_VISITS)
    if not mine.filter(pk=card.pk).exists():
        raise PermissionDenied
    if card.revoked_at is not None:
        raise Refused("这张码已经作废。")
    if not reason.strip():
        raise Refused("请写明作废的原因。")
    card.revoked_at, card.revoked_by, card.revoke_reason = at, by, reason.strip()
    card.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    record("card.revoked", card, by=by, at=at, reason=card.revoke_reason)
    return card
