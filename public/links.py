"""The own link of a demand: found, given out anew, made void."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from public.models import DemandLink
from public.tokens import link_token
from public.voiding import void
from tianshan.audit import record
from tianshan.web.tokens import hashed
from visits.models import Demand


def link_of(token):
    """The link in force with that token, or None: one search, whatever is wrong."""
    links = DemandLink.objects.in_force().filter(demand__gone_at=None)
    return (
        links.select_related("demand__business__building", "demand__grid")
        .select_related("demand__category")
        .filter(token_hash=hashed(token))
        .first()
    )


def _may(demand, by):
    mine = Demand.objects.visible_to(by, Right.ANSWER_DEMANDS)
    if not mine.filter(pk=demand.pk).exists():
        raise PermissionDenied


@transaction.atomic
def give(demand, *, by, at):
    """A further link for the demand, for a slip that is handed over: its token.

    The ones given before stay good. Who gave it stands in the log, and each rating says
    by which link it came.
    """
    _may(demand, by)
    token = link_token()
    link = DemandLink.objects.create(
        demand=demand, token_hash=hashed(token), made_at=at, made_by=by
    )
    record("link.given", link, by=by, at=at, demand=demand.pk)
    return token


@transaction.atomic
def revoke_all(demand, *, by, at):
    """Make void all links of the demand that were given so far."""
    _may(demand, by)
    links = DemandLink.objects.filter(demand=demand)
    return void(links, "link.revoked", by=by, at=at, demand=demand.pk)
