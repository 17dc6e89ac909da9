"""What can happen to a station: set up, changed, closed; its functions, hours and rooms."""

from itertools import pairwise

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from grids.models import Grid
from party.models import Booking, Station, StationFunction, StationHours, StationRoom
from tianshan.audit import record

FACTS = (
    "name",
    "kind",
    "parent",
    "building",
    "place",
    "organization",
    "unit",
    "services",
    "contact_title",
    "phone",
    "longitude",
    "latitude",
)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody saved the station in the meantime."""


@transaction.atomic
def set_up(*, grid, opened_on, by, at, **facts):
    """A new station in a grid that the user keeps."""
    if not Grid.objects.governed_by(by, Right.KEEP_STATIONS).filter(pk=grid.pk):
        raise PermissionDenied
    station = Station(grid=grid, opened_on=opened_on, **facts)
    _hangs_well(station)
    _has_free_name(station)
    station.save()
    record("station.set_up", station, by=by, at=at)
    return station


@transaction.atomic
def edit(station, *, changes, seen, by, at):
    """Write `{fact: value}`; returns the names of those that changed.

    `seen` is the version that the page showed. Raises Conflict when it is an older one.
    """
    station = locked(station, by=by)
    if seen != station.version:
        raise Conflict("您打开之后，别人改过这个阵地。请核对后再保存。")
    wanted = {name: value for name, value in changes.items() if name in FACTS}
    changed = [n for n, value in wanted.items() if getattr(station, n) != value]
    if not changed:
        return []
    for name in changed:
        setattr(station, name, wanted[name])
    _hangs_well(station)
    _has_free_name(station)
    station.version += 1
    station.save(update_fields=[*changed, "version"])
    record("station.edited", station, by=by, at=at, fields=changed)
    return changed


@transaction.atomic
def close(station, *, on, why, by, at):
    """Close a station for good on a day; rooms that are booked after it stand in the way."""
    station = locked(station, by=by)
    if station.closed_on:
        raise Refused(f"{station}已于 {station.closed_on} 停用。")
    if on < station.opened_on:
        raise Refused(f"{station.opened_on} 才启用，停用不能更早。")
    if not why.strip():
        raise Refused("请写停用原因。")
    below = station.children.filter(closed_on=None)
    if below:
        names = "、".join(each.name for each in below)
        raise Refused(f"里面还有{names}，请先停用或改设到别处。")
    _nothing_booked(Booking.objects.filter(room__station=station), on)
    station.closed_on, station.closed_why = on, why.strip()
    station.version += 1
    station.save(update_fields=["closed_on", "closed_why", "version"])
    record("station.closed", station, by=by, at=at, reason=station.closed_why)
    return station


@transaction.atomic
def reopen(station, *, by, at):
    """Undo a closing."""
    station = locked(station, by=by)
    if not station.closed_on:
        raise Refused(f"{station}没有停用。")
    station.closed_on, station.closed_why = None, ""
    _has_free_name(station)
    station.version += 1
    station.save(update_fields=["closed_on", "closed_why", "version"])
    record("station.reopened", station, by=by, at=at)
    return station


@transaction.atomic
def add_function(station, *, name, about, by, at):
    station = open_now(station, by=by)
    if station.functions.filter(name=name, ended_on=None).exists():
        raise Refused(f"已经有“{name}”了。")
    function = StationFunction.objects.create(station=station, name=name, about=about)
    record("station.function_added", station, by=by, at=at, function=name)
    return function


@transaction.atomic
def end_function(function, *, on, by, at):
    station = locked(function.station, by=by)
    function = StationFunction.objects.select_for_update().get(pk=function.pk)
    if function.ended_on:
        raise Refused(f"“{function}”已于 {function.ended_on} 结束。")
    function.ended_on = on
    function.save(update_fields=["ended_on"])
    record("station.function_ended", station, by=by, at=at, function=function.name)
    return function


@transaction.atomic
def set_hours(station, *, hours, by, at):
    """Put `[(weekday 1-7, opens, closes)]` in the place of all hours before."""
    station = open_now(station, by=by)
    hours = sorted(set(hours))
    for one, other in pairwise(hours):
        if one[0] == other[0] and other[1] < one[2]:
            day = StationHours.Weekday(one[0]).label
            raise Refused(f"{day}的两段时间有重叠。")
    if any(closes <= opens for _, opens, closes in hours):
        raise Refused("关门要晚于开门。")
    for before in station.hours.all():
        before.delete()
    for weekday, opens, closes in hours:
        StationHours.objects.create(
            station=station, weekday=weekday, opens=opens, closes=closes
        )
    record("station.hours_set", station, by=by, at=at)


@transaction.atomic
def add_room(station, *, name, capacity, equipment, by, at):
    station = open_now(station, by=by)
    _has_free_room_name(station, name)
    room = StationRoom.objects.create(
        station=station, name=name, capacity=capacity, equipment=equipment
    )
    record("station.room_added", station, by=by, at=at, room=room.name)
    return room


@transaction.atomic
def edit_room(room, *, name, capacity, equipment, by, at):
    station = locked(room.station, by=by)
    room = StationRoom.objects.select_for_update().get(pk=room.pk)
    _has_free_room_name(station, name, but=room)
    room.name, room.capacity, room.equipment = name, capacity, equipment
    room.save(update_fields=["name", "capacity", "equipment"])
    record("station.room_edited", station, by=by, at=at, room=room.name)
    return room


@transaction.atomic
def close_room(room, *, on, by, at):
    """A room that is booked after the day stays open until that is moved."""
    station = locked(room.station, by=by)
    room = StationRoom.objects.select_for_update().get(pk=room.pk)
    if room.closed_on:
        raise Refused(f"{room.name}已于 {room.closed_on} 停用。")
    _nothing_booked(room.bookings.all(), on)
    room.closed_on = on
    room.save(update_fields=["closed_on"])
    record("station.room_closed", station, by=by, at=at, room=room.name)
    return room


def locked(station, *, by):
    """Lock the station, then ask whether this person keeps it."""
    station = Station.objects.select_for_update(of=["self"]).get(pk=station.pk)
    kept = Station.objects.visible_to(by, Right.KEEP_STATIONS)
    if not kept.filter(pk=station.pk).exists():
        raise PermissionDenied
    return station


def open_now(station, *, by):
    station = locked(station, by=by)
    if station.closed_on:
        raise Refused(f"{station}已于 {station.closed_on} 停用。")
    return station


def _hangs_well(station):
    """Inside one that is open, and never inside itself."""
    above = station.parent
    if above and above.closed_on:
        raise Refused(f"{above}已停用，不能设在那里。")
    while above:
        if above.pk == station.pk:
            raise Refused("一个阵地不能设在自己里面。")
        above = above.parent


def _has_free_name(station):
    others = Station.objects.filter(name=station.name, closed_on=None)
    if others.exclude(pk=station.pk).exists():
        raise Refused(f"已经有“{station.name}”了。")


def _has_free_room_name(station, name, but=None):
    others = station.rooms.filter(name=name, closed_on=None)
    if others.exclude(pk=but.pk if but else None).exists():
        raise Refused(f"已经有“{name}”了。")


def _nothing_booked(bookings, day):
    """Refuse while something is booked on the day or later."""
    later = [
        each
        for each in bookings.standing().select_related("room")
        if timezone.localdate(each.starts) >= day
    ]
    if later:
        raise Refused(
            f"从这一天起还有 {len(later)} 个预订（{later[0].room.name}“{later[0].title}”等），"
            "请先改期或取消。"
        )
