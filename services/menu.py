"""The menu: brands and the services of each, kept by who may (KEEP_MENU)."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.rights import Right, may
from party.models import Station
from services.models import MenuItem, MenuStation, ServiceBrand
from tianshan.audit import record

BRAND = ("name", "about", "active")
ITEM = ("brand", "name", "what", "for_whom", "lasts", "active")


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _may(by):
    if not may(by, Right.KEEP_MENU):
        raise PermissionDenied


def _last(rows):
    return (rows.aggregate(last=Max("position"))["last"] or 0) + 10


@transaction.atomic
def add_brand(*, name, about, by, at):
    _may(by)
    if ServiceBrand.objects.filter(name=name).exists():
        raise Refused(f"已经有“{name}”了。")
    brand = ServiceBrand.objects.create(
        name=name, about=about, position=_last(ServiceBrand.objects)
    )
    record("brand.added", brand, by=by, at=at)
    return brand


@transaction.atomic
def edit_brand(brand, *, by, at, **facts):
    """Of one that is not active nothing can be ordered; what was, goes on."""
    _may(by)
    brand = ServiceBrand.objects.select_for_update().get(pk=brand.pk)
    others = ServiceBrand.objects.exclude(pk=brand.pk)
    if others.filter(name=facts["name"]).exists():
        raise Refused(f"已经有“{facts['name']}”了。")
    return _edit(brand, "brand.edited", BRAND, facts, by=by, at=at)


@transaction.atomic
def add_item(*, stations, by, at, **facts):
    _may(by)
    _is_new(facts)
    item = MenuItem.objects.create(**facts, position=_last(facts["brand"].items.all()))
    _set_givers(item, stations, by=by, at=at)
    record("menu.added", item, by=by, at=at)
    return item


@transaction.atomic
def edit_item(item, *, stations, by, at, **facts):
    """Orders keep the service under its new words; one not active is not offered."""
    _may(by)
    item = MenuItem.objects.select_for_update(of=["self"]).get(pk=item.pk)
    _is_new(facts, but=item)
    _set_givers(item, stations, by=by, at=at)
    return _edit(item, "menu.edited", ITEM, facts, by=by, at=at)


def _is_new(facts, but=None):
    same = MenuItem.objects.filter(brand=facts["brand"], name=facts["name"])
    if same.exclude(pk=but.pk if but else None).exists():
        raise Refused(f"{facts['brand']}已经有“{facts['name']}”了。")


def offered_to(user, day):
    """The stations among which the user says which can give a service."""
    return Station.objects.visible_to(user).open_on(day)


def _set_givers(item, stations, *, by, at):
    """Those that `by` does not see, or that are closed, stay as they are."""
    wanted = {station.pk for station in stations}
    seen = offered_to(by, timezone.localdate(at)).values("pk")
    for giver in item.givers.filter(station__in=seen).select_for_update():
        if giver.station_id not in wanted:
            giver.delete()
    have = set(item.givers.values_list("station", flat=True))
    for station in stations:
        if station.pk not in have:
            MenuStation.objects.create(item=item, station=station)


def _edit(row, verb, fields, facts, *, by, at):
    for field in fields:
        setattr(row, field, facts[field])
    row.save(update_fields=fields)
    record(verb, row, by=by, at=at)
    return row
