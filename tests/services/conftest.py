"""Two stations, who serves in each, and a service that both can give."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.rights import Role
from services import orders
from tests.factories import (
    NOON,
    BusinessFactory,
    ItemFactory,
    PostFactory,
    RoomFactory,
    StationFactory,
    StationStaffFactory,
)


def clock(day, hour, minute=0):
    """A moment of October 2026."""
    return timezone.make_aware(dt.datetime(2026, 10, day, hour, minute))


# Thursday the 15th at noon is when orders are placed; they are to be answered by then.
UNTIL = clock(19, 18)
MONDAY = clock(19, 10)


def serving(station, name):
    """Who serves in the station."""
    post = PostFactory(
        role=Role.STATION_STAFF, grid=station.grid, user__display_name=name
    )
    StationStaffFactory(post=post, station=station)
    return post.user


@pytest.fixture
def station(grid):
    return StationFactory(name="天山驿空间", grid=grid)


@pytest.fixture
def room(station):
    return RoomFactory(station=station, name="天山荟", capacity=40)


@pytest.fixture
def worker(station):
    return serving(station, "阵地工作人员")


@pytest.fixture
def other_station(grid):
    return StationFactory(name="宁聚里·金虹桥", grid=grid)


@pytest.fixture
def other_worker(other_station):
    return serving(other_station, "金虹桥站工作人员")


@pytest.fixture
def item(station, other_station):
    return ItemFactory(name="心理咨询", stations=[station, other_station])


@pytest.fixture
def shop(grid):
    return BusinessFactory(grid=grid, name="启元科技", contact_phone="19912345678")


@pytest.fixture
def order(shop, item, clerk):
    return orders.place(
        shop, item=item, people=12, words="员工渴望心理咨询", by=clerk, at=NOON
    )


@pytest.fixture
def sent(order, chief, station, other_station):
    """The order, put before both stations."""
    return orders.dispatch(
        order, stations=[station, other_station], answer_by=UNTIL, by=chief, at=NOON
    )


@pytest.fixture
def held(sent, station, worker):
    """The order, taken by the first station."""
    return orders.accept(sent.dispatches.get(station=station), by=worker, at=MONDAY)
