"""What can happen to a provider: entered, changed, spoken to, ended; one's own business."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid
from services.models import Contact, Need, OwnBusiness, Provider
from services.resources import Refused
from tianshan.audit import record

FACTS = (
    "name",
    "kind",
    "unit",
    "business",
    "skills",
    "slots",
    "capacity",
    "contact_title",
    "contact_phone",
    "note",
)


@transaction.atomic
def enter(*, grid, by, at, **facts):
    """A new provider in a grid of which the user keeps the resources."""
    kept = Grid.objects.governed_by(by, Right.KEEP_RESOURCES)
    if not kept.filter(pk=grid.pk).exists():
        raise PermissionDenied
    provider = Provider(grid=grid, **facts)
    _has_free_name(provider)
    provider.save()
    record("provider.entered", provider, by=by, at=at)
    return provider


@transaction.atomic
def edit(provider, *, by, at, **facts):
    """Write the facts; returns the names of those that changed."""
    provider = _locked(provider, by=by)
    changed = [name for name in FACTS if getattr(provider, name) != facts[name]]
    for name in changed:
        setattr(provider, name, facts[name])
    if changed:
        _has_free_name(provider)
        provider.save(update_fields=changed)
        record("provider.edited", provider, by=by, at=at, fields=changed)
    return changed


@transaction.atomic
def end(provider, *, why, by, at):
    """It offers no more; what it still offers must be withdrawn before."""
    provider = _locked(provider, by=by)
    if provider.ended_on:
        raise Refused(f"{provider}已于 {provider.ended_on} 不再提供。")
    open_offers = provider.offers.standing().filter(need__state=Need.State.OPEN)
    if open_offers.exists():
        raise Refused(f"{provider}还在为“{open_offers.first().need}”提供，先请它退出。")
    if not why.strip():
        raise Refused("请写原因。")
    provider.ended_on, provider.ended_why = timezone.localdate(at), why.strip()
    provider.save(update_fields=["ended_on", "ended_why"])
    record("provider.ended", provider, by=by, at=at, reason=provider.ended_why)
    return provider


@transaction.atomic
def note_contact(provider, *, words, by, at, on=None, need=None):
    """Write down that the provider was spoken to, on a day that is not ahead."""
    if not Provider.objects.visible_to(by).filter(pk=provider.pk).exists():
        raise PermissionDenied
    on = on or timezone.localdate(at)
    if on > timezone.localdate(at):
        raise Refused("日期不能在将来。")
    contact = Contact.objects.create(
        provider=provider, need=need, on=on, words=words, by=by
    )
    record("provider.contacted", provider, by=by, at=at)
    return contact


@transaction.atomic
def own(business, *, by, at):
    """Say that one runs a business oneself, so as to stand aside where it offers."""
    if not Business.objects.in_ledgers().filter(pk=business.pk).exists():
        raise Refused("台账里没有这一家。")
    said, new = OwnBusiness.objects.get_or_create(user=by, business=business)
    if new:
        record("own_business.said", business, by=by, at=at)
    return said


def _locked(provider, *, by):
    provider = Provider.objects.select_for_update(of=["self"]).get(pk=provider.pk)
    kept = Provider.objects.visible_to(by, Right.KEEP_RESOURCES)
    if not kept.filter(pk=provider.pk).exists():
        raise PermissionDenied
    return provider


def _has_free_name(provider):
    others = Provider.objects.filter(
        grid=provider.grid, name=provider.name, ended_on=None
    )
    if others.exclude(pk=provider.pk).exists():
        raise Refused(f"已经有“{provider.name}”了。")
