"""Booking a station's room: one at a time, which the database holds; moving, cancelling."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.rights import Right
from party.models import Booking, Station, StationRoom
from tianshan.audit import record
from tianshan.notices import notify

FURTHEST = dt.timedelta(days=366)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def times(starts, ends):
    """The two moments of one day in words: `10月15日 14:00–15:30`."""
    starts, ends = timezone.localtime(starts), timezone.localtime(ends)
    return f"{starts.month}月{starts.day}日 {starts:%H:%M}–{ends:%H:%M}"


def in_the_way(room, starts, ends, *, but=None):
    """The first booking that takes up any of the time, or None."""
    others = Booking.objects.between(starts, ends).filter(room=room)
    return others.exclude(pk=but.pk if but else None).first()


def in_hours(station, starts, ends):
    """Is the station open all that time? One that says no hours is."""
    hours = list(station.hours.all())
    if not hours:
        return True
    starts, ends = timezone.localtime(starts), timezone.localtime(ends)
    return any(
        each.weekday == starts.isoweekday()
        and each.opens <= starts.time()
        and ends.time() <= each.closes
        for each in hours
    )


@transaction.atomic
def book(
    room,
    *,
    starts,
    ends,
    title,
    by,
    at,
    organization=None,
    unit=None,
    outside_hours=False,
):
    """Take a room; Refused names who has it already, and until when."""
    room = _lock(room)
    if not _may_book(by, room):
        raise PermissionDenied
    _fits(room, starts, ends, at=at, outside_hours=outside_hours)
    booking = Booking(
        room=room,
        starts=starts,
        ends=ends,
        title=title,
        organization=organization,
        unit=unit,
        made_by=by,
        made_at=at,
    )
    _write(booking)
    record("booking.made", booking, by=by, at=at, room=room.pk)
    return booking


@transaction.atomic
def move(
    booking, *, starts, ends, by, at, room=None, outside_hours=False, vouched=False
):
    """Another time, or another room of the same station.

    `vouched`: the caller has asked whether `by` may, here and in `cancel`.
    """
    booking = _taken(booking, by=by, at=at, vouched=vouched)
    room = _lock(room or booking.room)
    if room.station_id != booking.room.station_id:
        raise Refused("只能改到同一个阵地的场地。")
    _fits(room, starts, ends, at=at, outside_hours=outside_hours)
    before = times(booking.starts, booking.ends)
    booking.room, booking.starts, booking.ends = room, starts, ends
    _write(booking)
    record("booking.moved", booking, by=by, at=at, before=before)
    _tell(booking, f"改到 {times(starts, ends)}", by=by, at=at)
    return booking


@transaction.atomic
def cancel(booking, *, why, by, at, vouched=False):
    """Give a room back; who booked it is told when another did."""
    booking = _taken(booking, by=by, at=at, vouched=vouched)
    booking.cancelled_at, booking.cancelled_why = at, why.strip()
    if not booking.cancelled_why:
        raise Refused("请写取消原因。")
    booking.save(update_fields=["cancelled_at", "cancelled_why"])
    record("booking.cancelled", booking, by=by, at=at, reason=booking.cancelled_why)
    _tell(booking, f"取消：{booking.cancelled_why}", by=by, at=at)
    return booking


def may_change(user, booking):
    """Whoever booked it, and who keeps the station."""
    if booking.made_by_id == user.pk:
        return _may_book(user, booking.room)
    kept = Station.objects.visible_to(user, Right.KEEP_STATIONS)
    return kept.filter(pk=booking.room.station_id).exists()


def _may_book(user, room):
    """By any post with the right, in a station that is seen: it serves more grids than
    its own."""
    seen = Station.objects.visible_to(user).filter(pk=room.station_id)
    return user.may(Right.BOOK_ROOMS) and seen.exists()


def _lock(room):
    return (
        StationRoom.objects.select_for_update(of=["self"])
        .select_related("station")
        .get(pk=room.pk)
    )


def _taken(booking, *, by, at, vouched=False):
    booking = (
        Booking.objects.select_for_update(of=["self"])
        .select_related("room__station", "made_by", "organization", "unit")
        .get(pk=booking.pk)
    )
    if not (vouched or may_change(by, booking)):
        raise PermissionDenied
    if booking.cancelled_at:
        raise Refused("这个预订已经取消了。")
    if booking.ends <= at:
        raise Refused("这个预订已经过去了。")
    return booking


def _fits(room, starts, ends, *, at, outside_hours):
    day = timezone.localdate(starts)
    if ends <= starts:
        raise Refused("结束要晚于开始。")
    if timezone.localdate(ends) != day:
        raise Refused("一次只能订同一天。")
    if starts < at:
        raise Refused("开始的时间已经过去了。")
    if starts - at > FURTHEST:
        raise Refused("最早只能订一年以内的。")
    if room.closed_on and room.closed_on <= day:
        raise Refused(f"{room}自 {room.closed_on} 起停用。")
    station = room.station
    if station.closed_on and station.closed_on <= day:
        raise Refused(f"{station}自 {station.closed_on} 起停用。")
    if not outside_hours and not in_hours(station, starts, ends):
        raise Refused("不在开放时间内。跟阵地说好了的，勾选“开放时间以外”再订。")


def _write(booking):
    """Save it, or say in whose way it would be.

    The room is locked, so that the look beforehand is enough among acts of this module;
    the database's constraint holds against all others.
    """
    other = in_the_way(booking.room, booking.starts, booking.ends, but=booking)
    if other:
        raise Refused(_occupied(other))
    try:
        with transaction.atomic():
            booking.save()
    except IntegrityError as error:
        if "room_booked_once_at_a_time" not in str(error):
            raise
        raise Refused("这段时间刚被别人订了，请换一个时间。") from error


def _occupied(other):
    return (
        f"{other.room.name}在 {times(other.starts, other.ends)} 已由"
        f"{other.booked_for}订了（{other.title}）。"
    )


def _tell(booking, what, *, by, at):
    if by == booking.made_by:
        return
    notify(
        [booking.made_by],
        key=f"booking:{booking.pk}:{at.isoformat()}",
        words=f"{booking.room}的预订“{booking.title}”{what}",
        url=booking.room.station.get_absolute_url(),
        at=at,
    )
