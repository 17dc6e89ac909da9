"""Stations: set up, inside one another, changed, closed; who sees and keeps them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from party import stations
from party.models import Station
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    PostFactory,
    RoomFactory,
    StationFactory,
    StationStaffFactory,
)


@pytest.fixture
def station(grid):
    return StationFactory(name="宁聚里·天山驿空间", grid=grid)


@pytest.fixture
def worker(grid, station):
    post = PostFactory(role=Role.STATION_STAFF, grid=grid)
    StationStaffFactory(post=post, station=station)
    return post.user


def nest(station, by, **facts):
    facts = {"name": "暖新巢", "kind": Station.Kind.NEST, "parent": station, **facts}
    return stations.set_up(grid=station.grid, opened_on=TODAY, by=by, at=NOON, **facts)


def test_a_nest_stands_inside_a_station(station, clerk):
    inside = nest(station, clerk)
    assert list(station.children.all()) == [inside]


def test_a_name_is_taken_once_and_free_after_closing(station, clerk):
    first = nest(station, clerk)
    with pytest.raises(stations.Refused, match="已经有“暖新巢”"):
        nest(station, clerk)
    stations.close(first, on=TODAY, why="并入大厅", by=clerk, at=NOON)
    nest(station, clerk)


def test_none_stands_inside_itself(station, clerk):
    inside = nest(station, clerk)
    with pytest.raises(stations.Refused, match="设在自己里面"):
        stations.edit(station, changes={"parent": inside}, seen=1, by=clerk, at=NOON)


def test_who_saved_later_is_told(station, clerk):
    change = {"changes": {"phone": "62740001"}, "seen": 1, "by": clerk, "at": NOON}
    assert stations.edit(station, **change) == ["phone"]
    with pytest.raises(stations.Conflict):
        stations.edit(station, **change | {"changes": {"phone": "62740002"}})


def test_closing_needs_an_empty_house_and_a_reason(station, clerk):
    inside = nest(station, clerk)
    with pytest.raises(stations.Refused, match="里面还有暖新巢"):
        stations.close(station, on=TODAY, why="搬迁", by=clerk, at=NOON)
    with pytest.raises(stations.Refused, match="请写停用原因"):
        stations.close(inside, on=TODAY, why=" ", by=clerk, at=NOON)
    with pytest.raises(stations.Refused, match="才启用"):
        stations.close(
            station, on=LIVE_ON - dt.timedelta(days=1), why="搬迁", by=clerk, at=NOON
        )
    stations.close(inside, on=TODAY, why="搬迁", by=clerk, at=NOON)
    stations.reopen(inside, by=clerk, at=NOON)
    assert Station.objects.open_on(TODAY).count() == 2


def test_hours_do_not_overlap_and_replace_those_before(station, worker):
    morning, noon, evening = dt.time(9), dt.time(12), dt.time(20)
    with pytest.raises(stations.Refused, match="周一的两段时间有重叠"):
        stations.set_hours(
            station,
            hours=[(1, morning, noon), (1, dt.time(11), evening)],
            by=worker,
            at=NOON,
        )
    stations.set_hours(station, hours=[(1, morning, noon)], by=worker, at=NOON)
    stations.set_hours(
        station, hours=[(1, noon, evening), (1, morning, noon)], by=worker, at=NOON
    )
    assert [str(each) for each in station.hours.all()] == [
        "周一 09:00–12:00",
        "周一 12:00–20:00",
    ]


def test_functions_and_rooms_have_one_name_each(station, worker):
    hall = {"name": "平安客厅", "about": "调解", "by": worker, "at": NOON}
    first = stations.add_function(station, **hall)
    with pytest.raises(stations.Refused, match="已经有"):
        stations.add_function(station, **hall)
    stations.end_function(first, on=TODAY, by=worker, at=NOON)
    stations.add_function(station, **hall)
    room = {"name": "大厅", "capacity": 40, "equipment": "", "by": worker, "at": NOON}
    stations.add_room(station, **room)
    with pytest.raises(stations.Refused, match="已经有"):
        stations.add_room(station, **room)


def test_whose_stations_are_seen_and_kept(
    street, station, worker, staff, stranger, clerk, leader
):
    center = StationFactory(name="党群服务中心", grid=street)
    seen = {
        user.username: set(Station.objects.visible_to(user))
        for user in (staff, stranger, worker, leader)
    }
    assert seen["staff"] == seen[worker.username] == seen["leader"] == {center, station}
    assert seen["stranger"] == {center}
    with pytest.raises(PermissionDenied):
        stations.add_room(
            center, name="大厅", capacity=9, equipment="", by=worker, at=NOON
        )
    with pytest.raises(PermissionDenied):
        stations.close(station, on=TODAY, why="搬迁", by=staff, at=NOON)
    with pytest.raises(PermissionDenied):
        nest(center, clerk)


def test_a_station_with_a_booked_room_stays(station, clerk, staff):
    from party import bookings

    room = RoomFactory(station=station)
    day = dt.timedelta(days=1)
    bookings.book(
        room,
        starts=NOON + day,
        ends=NOON + day + dt.timedelta(hours=1),
        title="例会",
        by=staff,
        at=NOON,
    )
    with pytest.raises(stations.Refused, match="还有 1 个预订"):
        stations.close(station, on=TODAY, why="搬迁", by=clerk, at=NOON)
