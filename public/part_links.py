"""The own link of a part of a measure: for a unit that has no account here."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from issues.models import MeasurePart
from issues.taking import Refused, acts_for_body
from public.models import PartLink
from public.tokens import link_token
from public.voiding import void
from tianshan.audit import record
from tianshan.web.tokens import hashed


def link_of(token):
    """The link in force with that token, or None: one search, whatever is wrong."""
    return (
        PartLink.objects.in_force()
        .select_related("part__unit", "part__organization")
        .select_related("part__measure__matter__issue", "part__measure__matter__grid")
        .filter(token_hash=hashed(token))
        .first()
    )


def may_give(part, user):
    """The body that has the matter, and the clerk who may act for its holders."""
    if acts_for_body(part.measure.matter.owner, user) is not None:
        return True
    return MeasurePart.objects.acted_for_by(user).filter(pk=part.pk).exists()


@transaction.atomic
def give(part, *, by, at):
    """A link for the unit that has the part now: its token. It opens nothing else."""
    part = MeasurePart.objects.select_for_update(of=["self"]).get(pk=part.pk)
    if not may_give(part, by):
        raise PermissionDenied
    if not part.is_open:
        raise Refused("这项分工已经结束，不用再发链接。")
    token = link_token()
    link = PartLink.objects.create(
        part=part,
        holder=str(part.holder),
        token_hash=hashed(token),
        made_at=at,
        made_by=by,
    )
    record("part_link.given", link, by=by, at=at, part=part.pk)
    return token


@transaction.atomic
def revoke_all(part, *, by, at):
    """Make void all links of the part that were given so far."""
    if not may_give(part, by):
        raise PermissionDenied
    links = PartLink.objects.filter(part=part)
    return void(links, "part_link.revoked", by=by, at=at, part=part.pk)
