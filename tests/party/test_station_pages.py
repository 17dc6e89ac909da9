"""The pages of stations, by who uses them."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from party import bookings
from party.models import Booking, Station
from tests.factories import (
    LIVE_ON,
    OrganizationFactory,
    PostFactory,
    RoomFactory,
    StationFactory,
    StationStaffFactory,
)


def url(name, *args):
    return reverse(f"party:{name}", args=args)


@pytest.fixture
def station(grid):
    return StationFactory(name="宁聚里·金虹桥", grid=grid)


@pytest.fixture
def room(station):
    return RoomFactory(station=station, name="议事厅")


@pytest.fixture
def worker(grid, station):
    post = PostFactory(role=Role.STATION_STAFF, grid=grid)
    StationStaffFactory(post=post, station=station)
    return post.user


def tomorrow():
    return timezone.localdate() + dt.timedelta(days=1)


def asked(room, **facts):
    return {
        "room": room.pk,
        "on": tomorrow(),
        "start": "14:00",
        "end": "15:30",
        "title": "支部组织生活",
        **facts,
    }


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    for station in StationFactory.create_batch(count, grid=grid):
        RoomFactory(station=station)
    client = client_of(clerk)
    client.get(url("station_list"))
    with django_assert_max_num_queries(7):
        page = client.get(url("station_list")).content.decode()
    assert f'data-total="{count}"' in page


def test_a_station_is_set_up_and_furnished_by_the_clerk(clerk, client_of, grid):
    client = client_of(clerk)
    facts = {
        "name": "宁聚里·天山驿空间",
        "kind": "station",
        "grid": grid.pk,
        "opened_on": LIVE_ON,
    }
    page = client.post(url("station_new"), facts, follow=True)
    station = Station.objects.get()
    assert "已设立宁聚里·天山驿空间" in page.text
    room = {"name": "书吧", "capacity": 30, "equipment": "投影"}
    client.post(url("room_new", station.pk), room)
    client.post(url("function_add", station.pk), {"name": "平安客厅"})
    hours = {"opens_1_0": "09:00", "closes_1_0": "12:00", "opens_1_1": "13:00"}
    page = client.post(url("hours_edit", station.pk), hours)
    assert "开门和关门要一起填" in page.text
    client.post(url("hours_edit", station.pk), {**hours, "closes_1_1": "18:00"})
    page = client.get(station.get_absolute_url()).text
    for words in ("书吧", "30 人", "平安客厅", "09:00–12:00，13:00–18:00"):
        assert words in page


def test_who_books_sees_it_and_the_next_is_told(staff, secretary, client_of, room):
    client = client_of(staff)
    page = client.post(url("booking_new", room.station_id), asked(room), follow=True)
    assert "已订宁聚里·金虹桥议事厅" in page.text
    assert "支部组织生活" in page.text
    page = client_of(secretary).post(
        url("booking_new", room.station_id), asked(room, start="15:00", end="16:00")
    )
    assert "14:00–15:30 已由staff订了（支部组织生活）" in page.text
    assert Booking.objects.count() == 1


def test_a_booking_is_moved_and_cancelled_by_who_made_it(
    staff, secretary, client_of, room
):
    client_of(staff).post(url("booking_new", room.station_id), asked(room))
    booking = Booking.objects.get()
    move, cancel = url("booking_move", booking.pk), url("booking_cancel", booking.pk)
    for page in (move, cancel):
        said = client_of(secretary).get(page, follow=True).text
        assert "只有预订的人和阵地能" in said
    client = client_of(staff)
    assert 'value="14:00"' in client.get(move).text
    client.post(move, asked(room, start="09:00", end="10:00"))
    booking.refresh_from_db()
    assert timezone.localtime(booking.starts).hour == 9
    client.post(cancel, {"why": "改到下周"})
    assert not Booking.objects.standing().exists()


def test_a_station_worker_keeps_the_own_station_alone(
    worker, client_of, station, room, grid
):
    other = RoomFactory(station=StationFactory(grid=grid))
    client = client_of(worker)
    assert client.get(url("room_edit", room.pk)).status_code == 200
    assert client.get(url("room_edit", other.pk)).status_code == 404
    assert client.get(other.station.get_absolute_url()).status_code == 200
    client.post(url("room_close", room.pk))
    assert "还没有登记可以订的场地" in client.get(station.get_absolute_url()).text


def test_who_saved_later_is_told_and_loses_nothing(clerk, client_of, station):
    client = client_of(clerk)
    facts = {"name": station.name, "kind": "station", "place": "一层", "version": 1}
    edit = url("station_edit", station.pk)
    client.post(edit, facts)
    page = client.post(edit, {**facts, "place": "二层"})
    assert "别人改过" in page.text
    assert 'value="二层"' in page.text
    station.refresh_from_db()
    assert station.place == "一层"


def test_closing_and_coming_back(clerk, client_of, station, staff, room):
    client = client_of(clerk)
    close = url("station_close", station.pk)
    bookings.book(
        room,
        starts=timezone.now() + dt.timedelta(minutes=1),
        ends=timezone.now() + dt.timedelta(minutes=2),
        title="例会",
        by=staff,
        at=timezone.now(),
    )
    facts = {"on": timezone.localdate(), "why": "装修"}
    assert "还有 1 个预订" in client.post(close, facts).text
    client.post(url("booking_cancel", Booking.objects.get().pk), {"why": "装修"})
    client.post(close, facts)
    assert "停用：装修" in client.get(station.get_absolute_url()).text
    client.post(url("station_reopen", station.pk))
    assert "停用：" not in client.get(station.get_absolute_url()).text


def test_until_the_day_on_which_it_closes_its_rooms_are_booked(
    clerk, client_of, station, staff, room
):
    client = client_of(clerk)
    page = client.post(
        url("station_close", station.pk), {"on": "9999-12-31", "why": "装修"}
    )
    assert "请核对年份" in page.text
    week = timezone.localdate() + dt.timedelta(days=7)
    client.post(url("station_close", station.pk), {"on": week, "why": "装修"})
    book = url("booking_new", station.pk)
    page = client_of(staff).get(station.get_absolute_url()).text
    assert "将停用" in page
    assert book in page
    client_of(staff).post(book, asked(room))
    assert Booking.objects.count() == 1
    page = client_of(staff).post(book, asked(room, on=week)).text
    assert "起停用" in page
    Station.objects.update(closed_on=timezone.localdate())
    page = client_of(staff).get(book, follow=True)
    assert "不能再订" in page.text
    assert "已停用" in page.text


def test_whoever_serves_for_a_time_is_named_as_long(clerk, client_of, station, worker):
    today = timezone.localdate()
    post = worker.posts.get()
    for until, named in ((today + dt.timedelta(days=9), True), (today, False)):
        post.until = until
        post.save()
        page = client_of(clerk).get(station.get_absolute_url()).text
        assert (worker.display_name in page) is named


def test_an_organisation_that_is_gone_stays_where_it_stood(clerk, client_of, station):
    gone = OrganizationFactory(grid=station.grid, dissolved_on=LIVE_ON)
    station.organization = gone
    station.save()
    facts = {"name": station.name, "kind": "station", "place": "一层"}
    form = client_of(clerk).get(url("station_edit", station.pk)).context["form"]
    facts["organization"] = form["organization"].value()
    facts["version"] = station.version
    client_of(clerk).post(url("station_edit", station.pk), facts)
    station.refresh_from_db()
    assert (station.place, station.organization) == ("一层", gone)


def test_an_unseen_station_is_not_there(stranger, client_of, station, room):
    client = client_of(stranger)
    assert client.get(station.get_absolute_url()).status_code == 404
    assert client.get(url("booking_new", station.pk)).status_code == 404


def test_days_with_the_same_hours_are_said_at_once(clerk, client_of, station):
    hours = {}
    for day, opens in ((1, "09:00"), (2, "09:00"), (3, "10:00"), (5, "10:00")):
        hours |= {f"opens_{day}_0": opens, f"closes_{day}_0": "18:00"}
    client = client_of(clerk)
    page = client.post(url("hours_edit", station.pk), hours, follow=True).text
    for said in ("<dt>周一至周二</dt><dd>09:00", "<dt>周三</dt>", "<dt>周五</dt>"):
        assert said in page
