"""What a visitor sends by a card becomes a demand with a link of its own."""

from django.db import transaction

from enterprises.models import Business
from public import limits
from public.models import Attempt, DemandLink, Sending, SentPhoto
from public.tokens import link_token
from tianshan.audit import record
from tianshan.files.keeping import keep_picture
from tianshan.web.tokens import hashed
from visits import actions as visits
from visits.actions import digest_of

FOLDER = "sent"  # of photos, below MEDIA_ROOT
# Whose shop takes nothing more.
CLOSED = frozenset({Business.State.MOVED, Business.State.CLOSED})


class Refused(Exception):
    """It cannot be sent now; the message is for the visitor."""


class TooMany(Refused):
    """The address or the card has sent all that it may for now (429)."""


def shop_of(card):
    """The shop that the card speaks for: what it was merged into stands for it."""
    return card.business.merged_into or card.business


def takes_demands(shop):
    return shop.gone_at is None and shop.state not in CLOSED


@transaction.atomic
def send(card, *, key, address, category, words, phone="", pictures=(), at):
    """Take in what was sent: the token of the demand's own link.

    The same form (`key`) with the same content, however often it comes, is one demand
    and gets the same link. Other content is another demand. None: the same words came
    by this card today from elsewhere; that demand stands, and its link stays with
    whoever sent it first.
    """
    shop = shop_of(card)
    # Sends by one card go one after another; whoever comes second sees the first.
    shop = Business.objects.select_for_update(of=["self"]).get(pk=shop.pk)
    digest = digest_of(card=card.pk, category=category.pk, words=words, phone=phone)
    token, form_hash = link_token(key, digest), hashed(f"{key}.{digest}")
    if known := Sending.objects.filter(form_hash=form_hash).first():
        links = DemandLink.objects.filter(demand=known.demand)
        return token if links.filter(token_hash=hashed(token)).exists() else None
    if not takes_demands(shop):
        raise Refused("这家店已经不在这里营业，这张码不再收诉求。")
    if not limits.take(Attempt.Kind.POST, address, at=at):
        raise TooMany("这一小时里提交得太多了，请过一会儿再交。您写的还在下面。")
    if not limits.take(Attempt.Kind.CARD, limits.hashed(card.pk), at=at):
        raise TooMany("这张码今天收得太多了，请明天再交，或直接告诉网格员。")

    demand, created = visits.receive_demand(shop, category=category, words=words, at=at)
    sending = Sending.objects.create(
        card=card, demand=demand, phone=phone, sent_at=at, form_hash=form_hash
    )
    for picture in pictures:
        SentPhoto.objects.create(
            sending=sending,
            name=keep_picture(FOLDER, picture),
            width=picture.width,
            height=picture.height,
        )
    if not created:
        record("demand.sent_again", demand, by=None, at=at)
        return None
    DemandLink.objects.create(demand=demand, token_hash=hashed(token), made_at=at)
    return token
