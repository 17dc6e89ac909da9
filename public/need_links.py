"""The own link of who asks for a need: to compare what is offered, and to choose."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from public.models import NeedLink
from public.tokens import link_token
from public.voiding import void
from services import resources
from services.models import Need
from tianshan.audit import record
from tianshan.notices import notify
from tianshan.web.tokens import hashed


def link_of(token):
    """The link in force with that token, or None: one search, whatever is wrong."""
    links = NeedLink.objects.in_force().filter(asker__business__gone_at=None)
    return (
        links.select_related("asker__need__grid", "asker__business")
        .filter(token_hash=hashed(token))
        .first()
    )


@transaction.atomic
def choose(link, said, *, at):
    """`{offer: choice}` as the asker said by the link; who wrote the need down is told."""
    need = link.asker.need
    # Before the offers, so that two of its askers at once wait for one another.
    Need.objects.select_for_update(of=["self"]).get(pk=need.pk)
    for offer, choice in said.items():
        resources.choose(link.asker, offer, choice=choice, link=link.pk, at=at)
    notify(
        [need.raised_by],
        key=f"need-{need.pk}-{link.pk}-{at.isoformat()}",
        words=f"“{need}”有提出的一方在链接上选了",
        url=need.get_absolute_url(),
        at=at,
    )


def _may(asker, by):
    if not resources.may_tend(by, asker.need):
        raise PermissionDenied


@transaction.atomic
def give(asker, *, by, at):
    """A link for that asker: its token. It opens this need alone, and names no other."""
    _may(asker, by)
    token = link_token()
    link = NeedLink.objects.create(
        asker=asker, token_hash=hashed(token), made_at=at, made_by=by
    )
    record("need_link.given", link, by=by, at=at, need=asker.need_id)
    return token


@transaction.atomic
def revoke_all(asker, *, by, at):
    """Make void all links of the asker that were given so far."""
    _may(asker, by)
    links = NeedLink.objects.filter(asker=asker)
    return void(links, "need_link.revoked", by=by, at=at, need=asker.need_id)
