"""The pages of activities: ledger, calendar, one of them, its steps, who came."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from party import bookings
from services.models import Activity, ActivitySeries, Attendance, Signup
from tests.factories import (
    HOUR,
    LIVE_ON,
    NOON,
    TODAY,
    ActivityFactory,
    AttendanceFactory,
    BrandFactory,
    BusinessFactory,
    RoomFactory,
    SignupFactory,
    StationFactory,
)
from tianshan.ledgers import touched

DAY = dt.timedelta(days=1)
LIST = reverse("services:activity_list")


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


def url(name, row):
    return reverse(f"services:{name}", args=[row.pk])


def test_an_activity_from_the_form_to_its_head_count(client_of, worker, station):
    """What a station worker does, from page to page."""
    client = client_of(worker)
    room = RoomFactory(station=station)
    form = {
        "title": "非遗手作：竹编茶席",
        "grid": station.grid_id,
        "on": "2026-10-15",
        "start": "13:00",
        "end": "15:00",
        "place_kind": "station",
        "station": station.pk,
        "host": station.pk,
        "room": room.pk,
        "capacity": "20",
        "reserved": "0",
        "most_each": "4",
        "offer_hours": "12",
        "keep_days": "30",
        "rule": "严禁现场交易",
        "on_card": "on",
    }
    answer = client.post(reverse("services:activity_new"), form)
    activity = Activity.objects.get()
    assert answer.url == activity.get_absolute_url()
    assert activity.booking.room == room

    client.post(url("activity_announce", activity))
    activity.refresh_from_db()
    assert activity.state == "draft", "its rule is not confirmed"
    for step in ("activity_confirm_rule", "activity_announce"):
        client.post(url(step, activity))
    client.post(
        url("signup_new", activity),
        {"persons": 3, "title": "林女士", "phone": "13900001234", "employer": "暖新巢"},
    )
    page = client.get(activity.get_absolute_url()).text
    assert "139****1234" in page
    assert "13900001234" not in page

    Activity.objects.update(starts=NOON - HOUR)
    signup = Signup.objects.get()
    client.post(url("attendance_tick", activity), {f"came_{signup.pk}": "2"})
    client.post(url("attendance_walk_in", activity), {"title": "王先生"})
    client.post(url("activity_hold", activity))
    client.post(url("activity_count_heads", activity), {"count": 9, "basis": "sheet"})
    client.post(url("activity_check_rule", activity), {"kept": "yes", "words": ""})
    page = client.get(activity.get_absolute_url()).text
    assert "9 人次（签名表），其中逐个登记 3" in page
    assert "遵守了" in page
    for sheet in ("signup_sheet", "attendance_sheet"):
        assert "暖新巢" in client.get(url(sheet, activity)).text


def test_what_a_form_refuses_is_said_on_it(client_of, worker, station):
    activity = ActivityFactory(station=station, grid=station.grid)
    page = client_of(worker).post(url("activity_cancel", activity), {"why": " "})
    assert page.status_code == 200
    activity.refresh_from_db()
    assert activity.state == "announced"


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    client_of, clerk, grid, count, django_assert_num_queries
):
    client = client_of(clerk)
    client.get(LIST)
    for activity in ActivityFactory.create_batch(count, grid=grid):
        SignupFactory(activity=activity)
    with django_assert_num_queries(10):
        client.get(LIST)


def test_names_are_for_who_holds_the_activity(client_of, leader, staff, station):
    activity = ActivityFactory(station=station, grid=station.grid)
    SignupFactory(activity=activity, title="林女士", employer="闽南茶行")
    assert "林女士" in client_of(staff).get(activity.get_absolute_url()).text
    page = client_of(leader).get(activity.get_absolute_url())
    assert page.status_code == 200
    assert "林女士" not in page.text


def test_another_grids_activities_do_not_exist(client_of, stranger, grid, street):
    activity = ActivityFactory(grid=grid)
    client = client_of(stranger)
    assert client.get(activity.get_absolute_url()).status_code == 404
    assert 'data-total="0"' in client.get(LIST).text
    whole = ActivityFactory(grid=street)
    assert client.get(whole.get_absolute_url()).status_code == 200


def test_the_calendar_shows_a_month(client_of, staff, grid):
    ActivityFactory(grid=grid, title="宁新讲堂", capacity=40)
    ActivityFactory(grid=grid, title="不办了", state="draft")
    client = client_of(staff)
    page = client.get(reverse("services:activity_calendar")).text
    assert "2026年10月" in page
    assert "宁新讲堂" in page
    assert "0/40" in page
    before = client.get(reverse("services:activity_calendar") + "?month=2026-09-01")
    assert "宁新讲堂" not in before.text


def test_a_business_shows_what_it_attended(client_of, staff, grid):
    shop = BusinessFactory(grid=grid)
    held = AttendanceFactory(activity__grid=grid, business=shop, persons=2).activity
    coming = SignupFactory(activity__grid=grid, business=shop).activity
    client = client_of(staff)
    part = client.get(url("activities_of_business", shop)).text
    assert f"{held}" in part
    assert "来了 2 位" in part
    assert f"{coming}" in part
    assert (
        url("activities_of_business", shop) in client.get(shop.get_absolute_url()).text
    )


def test_a_business_that_came_has_taken_part(client_of, staff, grid):
    """What counts in effective coverage: held, and ticked off by name."""
    firm = BusinessFactory(grid=grid, kind="enterprise")
    row = AttendanceFactory(
        activity__grid=grid, activity__state="announced", business=firm
    )
    touched([firm.pk])
    before = firm.standings.get(until=None).absent_from
    client = client_of(staff)
    client.post(url("activity_hold", row.activity))
    after = firm.standings.get(until=None).absent_from
    assert (before, after) == (LIVE_ON + 366 * DAY, TODAY + 366 * DAY)
    client.post(url("attendance_untick", row))
    assert firm.standings.get(until=None).absent_from == before


def test_a_tick_is_taken_back(client_of, staff, grid):
    row = AttendanceFactory(activity__grid=grid, employer="闽南茶行")
    client = client_of(staff)
    client.post(url("attendance_untick", row))
    row.refresh_from_db()
    assert row.voided_at == NOON
    assert not Attendance.objects.standing().exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": 99999},
        {"most_each": 0},
        {"keep_days": 40000},
        {"offer_hours": 40000},
        {"on": "0001-01-01"},
        {"on": "9999-12-31"},
    ],
)
def test_numbers_and_days_that_cannot_be_are_refused(client_of, worker, station, wrong):
    form = {
        "title": "竹编茶席",
        "grid": station.grid_id,
        "on": "2026-10-15",
        "start": "13:00",
        "end": "15:00",
        "place_kind": "station",
        "station": station.pk,
        "host": station.pk,
        "reserved": 0,
        "most_each": 4,
        "offer_hours": 12,
        "keep_days": 30,
    }
    page = client_of(worker).post(reverse("services:activity_new"), form | wrong)
    assert page.status_code == 200
    assert not Activity.objects.exists()


def test_a_tick_in_the_list_of_signups_can_be_taken_back(client_of, worker, station):
    activity = ActivityFactory(station=station, grid=station.grid, starts=NOON - HOUR)
    signup = SignupFactory(activity=activity, title="林女士")
    client = client_of(worker)
    client.post(url("attendance_tick", activity), {f"came_{signup.pk}": 1})
    came = Attendance.objects.get(signup=signup)
    undo = url("attendance_untick", came)
    assert undo in client.get(activity.get_absolute_url()).text
    client.post(undo)
    assert undo not in client.get(activity.get_absolute_url()).text
    client.post(url("attendance_tick", activity), {f"came_{signup.pk}": 1})
    assert Attendance.objects.standing().count() == 1


@pytest.mark.parametrize("typed", ["10000", "501", "-1", "2.5", "两"])
def test_a_number_in_the_list_that_cannot_be_is_said_and_kept(
    client_of, worker, station, typed
):
    activity = ActivityFactory(station=station, grid=station.grid, starts=NOON - HOUR)
    wrong, right = SignupFactory.create_batch(2, activity=activity)
    page = client_of(worker).post(
        url("attendance_tick", activity),
        {f"came_{wrong.pk}": typed, f"came_{right.pk}": "3"},
    )
    assert "来了几位写 1 到 500 的整数" in page.text
    assert f'value="{typed}"' in page.text
    assert not Attendance.objects.exists()


def test_pressed_twice_is_one_and_filled_in_for_another_is_another(
    client_of, worker, station
):
    """A page that the browser goes back to carries the same key."""
    soon = NOON + HOUR / 6  # open to sign up for still, and at the door already
    activity = ActivityFactory(station=station, grid=station.grid, starts=soon)
    client = client_of(worker)
    for step, rows in (
        ("signup_new", activity.signups),
        ("attendance_walk_in", activity.attendances),
    ):
        page = client.get(url(step, activity))
        sent = {"page_key": page.context["form"]["page_key"].value(), "persons": 1}
        client.post(url(step, activity), sent | {"title": "林女士"})
        client.post(url(step, activity), sent | {"title": "林女士"})
        assert rows.count() == 1, step
        client.post(url(step, activity), sent | {"title": "王先生"})
        assert rows.count() == 2, step


def test_a_room_is_booked_from_the_activity_s_own_page(client_of, worker, station):
    client, room = client_of(worker), RoomFactory(station=station)
    activity = ActivityFactory(
        station=station, grid=station.grid, state="draft", starts=NOON + DAY
    )
    page = url("activity_room", activity)
    assert page in client.get(activity.get_absolute_url()).text
    assert client.get(page).status_code == 200
    sent = {"room": room.pk, "outside_hours": "on"}
    assert client.post(page, sent).url == activity.get_absolute_url()
    shown = client.get(activity.get_absolute_url()).text
    assert f"{station}{room.name}" in shown
    assert page not in shown
    assert "已经订好" in client.post(page, sent).text


def test_a_code_to_check_in_by_is_for_what_takes_place(client_of, worker, station):
    for state, offered in (("draft", False), ("announced", True), ("cancelled", False)):
        activity = ActivityFactory(station=station, grid=station.grid, state=state)
        page = client_of(worker).get(activity.get_absolute_url()).text
        assert (reverse("public:poster_print", args=[activity.pk]) in page) is offered


def test_a_series_is_ended_on_its_page_and_found_by_its_name(
    client_of, worker, station
):
    client = client_of(worker)
    sent = {"title": "宁新讲堂 第{n}讲", "grid": station.grid_id}
    client.post(reverse("services:series_new"), sent)
    series = ActivitySeries.objects.get()
    held = ActivityFactory(
        station=station,
        grid=station.grid,
        series=series,
        number=3,
        title=series.titled(3),
    )
    (address,) = re.findall(
        r'href="([^"]+q=[^"]+)"', client.get(held.get_absolute_url()).text
    )
    assert held.get_absolute_url() in client.get(address).text
    end = url("series_end", series)
    assert end in client.get(reverse("services:series_new")).text
    client.post(end)
    assert end not in client.get(reverse("services:series_new")).text


def test_a_business_is_a_link_for_who_sees_it(client_of, worker, staff, station):
    activity = ActivityFactory(station=station, grid=station.grid)
    shop = BusinessFactory(grid=station.grid, name="闽南茶行")
    SignupFactory(activity=activity, business=shop)
    for user, links in ((worker, False), (staff, True)):
        page = client_of(user).get(activity.get_absolute_url()).text
        assert "闽南茶行" in page
        assert (shop.get_absolute_url() in page) == links


def test_what_is_out_of_use_by_now_stays_where_it_stood(client_of, worker, station):
    brand = BrandFactory(active=False)
    closed = StationFactory(grid=station.grid, closed_on=LIVE_ON, closed_why="装修")
    activity = ActivityFactory(
        grid=station.grid, station=closed, host=station, brand=brand
    )
    client = client_of(worker)
    form = client.get(url("activity_edit", activity)).context["form"]
    facts = {name: form[name].value() for name in form.fields}
    facts = {n: v for n, v in facts.items() if v is not None and v is not False}
    page = client.post(
        url("activity_edit", activity), facts | {"title": "改了名称", "version": 1}
    )
    assert page.status_code == 302, page.context["form"].errors
    activity.refresh_from_db()
    assert activity.title == "改了名称"
    assert (activity.brand, activity.station) == (brand, closed)


def test_the_form_asks_for_everything_once(client_of, worker, station):
    activity = ActivityFactory(grid=station.grid, station=station, host=station)
    pages = (reverse("services:activity_new"), url("activity_edit", activity))
    for page in pages:
        form = client_of(worker).get(page).context["form"]
        shown = [field.name for _, fields in form.groups() for field in fields]
        assert sorted(shown) == sorted(form.fields)


@pytest.mark.parametrize("how", ["cancel", "move"])
def test_an_activity_whose_room_was_taken_from_it_says_so(
    client_of, worker, station, how
):
    room = RoomFactory(station=station, name="活动室")
    activity = ActivityFactory(
        grid=station.grid,
        station=station,
        place="一层",
        booking=bookings.book(
            room,
            starts=NOON + DAY + 2 * HOUR,
            ends=NOON + DAY + 4 * HOUR,
            title="茶会",
            by=worker,
            at=NOON,
        ),
    )
    page = client_of(worker).get(activity.get_absolute_url()).text
    assert "活动室" in activity.where
    assert "场地已订" in page
    assert "没有场地" not in page
    if how == "cancel":
        bookings.cancel(activity.booking, why="装修", by=worker, at=NOON)
    else:
        later = {"starts": NOON + DAY + 3 * HOUR, "ends": NOON + DAY + 5 * HOUR}
        bookings.move(activity.booking, **later, by=worker, at=NOON)
    activity = Activity.objects.get(pk=activity.pk)
    page = client_of(worker).get(activity.get_absolute_url()).text
    assert activity.where == f"{station}一层"
    assert "场地已订" not in page
    assert "没有场地" in page
