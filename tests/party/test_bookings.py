"""A station's rooms: booked once at a time, moved, given back."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.rights import Role
from party import bookings, stations
from party.models import Booking
from tests.factories import (
    NOON,
    TODAY,
    PostFactory,
    RoomFactory,
    StationFactory,
    StationStaffFactory,
)
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice

HOUR = dt.timedelta(hours=1)


def clock(hour, minute=0, day=TODAY + dt.timedelta(days=1)):
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute)))


@pytest.fixture
def room(grid):
    return RoomFactory(station=StationFactory(name="宁聚里", grid=grid), name="天山荟")


@pytest.fixture
def worker(grid, room):
    """Who serves in the station of the room."""
    post = PostFactory(role=Role.STATION_STAFF, grid=grid)
    StationStaffFactory(post=post, station=room.station)
    return post.user


def booked(room, by, start=14, end=16, **facts):
    facts = {"starts": clock(start), "ends": clock(end), "title": "春茶品鉴", **facts}
    return bookings.book(room, by=by, at=NOON, **facts)


def test_a_second_booking_is_told_who_has_the_room_and_until_when(
    room, staff, secretary, branch
):
    booked(room, secretary, organization=branch)

    with pytest.raises(bookings.Refused) as refused:
        booked(room, staff, 15, 17)

    assert str(refused.value) == (
        f"天山荟在 10月16日 14:00–16:00 已由{branch}订了（春茶品鉴）。"
    )
    assert Booking.objects.count() == 1
    assert Entry.objects.filter(verb="booking.made").count() == 1


@pytest.mark.parametrize(("start", "end"), [(12, 14), (16, 18)])
def test_one_may_begin_when_another_ends(room, staff, start, end):
    booked(room, staff)
    booked(room, staff, start, end)
    assert Booking.objects.count() == 2


def test_another_room_at_the_same_time_is_free(room, staff):
    booked(room, staff)
    booked(RoomFactory(station=room.station), staff)
    assert Booking.objects.count() == 2


def test_the_database_itself_refuses_an_overlap(room, staff):
    first = booked(room, staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        Booking.objects.create(
            room=room,
            starts=first.ends - dt.timedelta(minutes=1),
            ends=first.ends + HOUR,
            title="另一场",
            made_by=staff,
            made_at=NOON,
        )


def test_a_cancelled_booking_leaves_the_room_free(room, staff):
    bookings.cancel(booked(room, staff), why="改到下周", by=staff, at=NOON)
    booked(room, staff)
    assert Booking.objects.standing().count() == 1


def test_a_booking_moves_within_its_own_time(room, staff):
    booking = booked(room, staff)
    bookings.move(booking, starts=clock(15), ends=clock(17), by=staff, at=NOON)
    booking.refresh_from_db()
    assert (booking.starts, booking.ends) == (clock(15), clock(17))


def test_a_booking_does_not_move_onto_another(room, staff):
    booked(room, staff)
    later = booked(room, staff, 18, 19)
    with pytest.raises(bookings.Refused, match="14:00–16:00"):
        bookings.move(later, starts=clock(13), ends=clock(15), by=staff, at=NOON)


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (clock(16), clock(14), "结束要晚于开始"),
        (clock(8), clock(9, day=TODAY + dt.timedelta(days=2)), "只能订同一天"),
        (NOON - HOUR, NOON + HOUR, "已经过去"),
        (
            clock(8, day=dt.date(2126, 10, 1)),
            clock(9, day=dt.date(2126, 10, 1)),
            "一年",
        ),
    ],
)
def test_times_that_cannot_be_are_refused(room, staff, starts, ends, said):
    with pytest.raises(bookings.Refused, match=said):
        booked(room, staff, starts=starts, ends=ends)


def test_outside_the_hours_only_when_it_is_said(room, staff, worker):
    day = clock(9).isoweekday()
    stations.set_hours(
        room.station, hours=[(day, dt.time(9), dt.time(17))], by=worker, at=NOON
    )
    with pytest.raises(bookings.Refused, match="不在开放时间内"):
        booked(room, staff, 16, 18)
    booked(room, staff, 16, 18, outside_hours=True)
    booked(room, staff, 9, 11)


def test_the_station_may_cancel_what_another_booked_and_tells_him(room, staff, worker):
    booking = booked(room, staff)
    bookings.cancel(booking, why="水管检修", by=worker, at=NOON)
    [notice] = Notice.objects.visible_to(staff)
    assert "水管检修" in notice.words


def test_others_neither_book_unseen_rooms_nor_cancel_what_is_not_theirs(
    room, staff, secretary, stranger
):
    booking = booked(room, secretary)
    with pytest.raises(PermissionDenied):
        booked(room, stranger, 17, 18)
    with pytest.raises(PermissionDenied):
        bookings.cancel(booking, why="我要用", by=staff, at=NOON)


def test_a_cancelled_or_past_booking_is_left_alone(room, staff):
    booking = booked(room, staff)
    with pytest.raises(bookings.Refused, match="已经过去"):
        bookings.cancel(booking, why="晚了", by=staff, at=clock(17))
    bookings.cancel(booking, why="不用了", by=staff, at=NOON)
    with pytest.raises(bookings.Refused, match="已经取消"):
        bookings.cancel(booking, why="再来", by=staff, at=NOON)


def test_a_closed_room_is_not_booked_and_a_booked_room_not_closed(room, staff, worker):
    booking = booked(room, staff)
    with pytest.raises(stations.Refused, match="还有 1 个预订"):
        stations.close_room(room, on=TODAY, by=worker, at=NOON)
    bookings.cancel(booking, why="不用了", by=staff, at=NOON)
    stations.close_room(room, on=TODAY, by=worker, at=NOON)
    with pytest.raises(bookings.Refused, match="停用"):
        booked(room, staff)


def at_once(count, act):
    """The act by as many at one moment; how many it let, and what it told the others."""
    start = Barrier(count)

    def run(_):
        start.wait()
        try:
            act()
        except (bookings.Refused, IntegrityError) as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(count) as pool:
        results = list(pool.map(run, range(count)))
    return results.count(None), [error for error in results if error]


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_gets_the_room(room, staff):
    done, refused = at_once(8, lambda: booked(room, staff))
    assert done == 1
    assert all(isinstance(error, bookings.Refused) for error in refused)
    assert Booking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_database_still_lets_one(room, staff, monkeypatch):
    """Proves the constraint under concurrency: nobody looks beforehand, nobody waits."""
    monkeypatch.setattr(bookings, "_lock", lambda room: room)
    monkeypatch.setattr(bookings, "in_the_way", lambda *_, **__: None)
    done, refused = at_once(8, lambda: booked(room, staff))
    assert done == 1
    assert {str(error) for error in refused} == {"这段时间刚被别人订了，请换一个时间。"}
