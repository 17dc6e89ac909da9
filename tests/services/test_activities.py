"""An activity: set up with its room, announced, held or cancelled, its rule checked."""

import datetime as dt

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from party import bookings
from party.models import Booking
from services import activities, signups
from services.models import Activity, ActivitySeries
from tests.factories import (
    HOUR,
    NOON,
    ActivityFactory,
    AttendanceFactory,
    GridFactory,
    PostFactory,
    SignupFactory,
    StationFactory,
)
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice

DAY = dt.timedelta(days=1)
State = Activity.State


def facts(place, **more):
    return {
        "title": "节令茶会：夏至",
        "place_kind": "station",
        "station": place,
        "host": place,
        "starts": NOON + DAY,
        "ends": NOON + DAY + 2 * HOUR,
        **more,
    }


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


def test_an_activity_books_its_room_in_the_same_act(grid, station, room, staff):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    booking = Booking.objects.get()
    assert activity.booking == booking
    assert (booking.starts, booking.ends) == (activity.starts, activity.ends)
    assert verbs() == ["booking.made", "activity.created"]
    assert activity.where == f"{station}天山荟"


def test_a_room_that_is_taken_leaves_no_activity(grid, station, room, staff):
    at = {"starts": NOON + DAY, "ends": NOON + DAY + HOUR}
    bookings.book(room, title="例会", by=staff, at=NOON, **at)
    with pytest.raises(activities.Refused, match="例会"):
        activities.create(grid=grid, room=room, by=staff, at=NOON, **facts(station))
    assert not Activity.objects.exists()


def test_another_time_moves_the_booking_along(grid, station, room, staff):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    later = {"starts": NOON + 2 * DAY, "ends": NOON + 2 * DAY + HOUR}
    activities.edit(activity, changes=later, seen=1, by=staff, at=NOON)
    assert Booking.objects.get().starts == NOON + 2 * DAY
    with pytest.raises(activities.Conflict):
        activities.edit(activity, changes={"title": "别的"}, seen=1, by=staff, at=NOON)


def test_a_time_at_which_the_room_is_taken_or_past_is_refused(
    grid, station, room, staff
):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    taken = {"starts": NOON + 2 * DAY, "ends": NOON + 2 * DAY + HOUR}
    bookings.book(room, title="例会", by=staff, at=NOON, outside_hours=True, **taken)
    past = {"starts": NOON - DAY, "ends": NOON - DAY + HOUR}
    for times, words in ((taken, "例会"), (past, "已经过去")):
        with pytest.raises(activities.Refused, match=words):
            activities.edit(activity, changes=times, seen=1, by=staff, at=NOON)
    assert Booking.objects.get(pk=activity.booking.pk).starts == NOON + DAY


def test_what_is_announced_is_not_moved_into_the_past(grid, station, staff):
    """With no room that would say so; a clock put right once it began may be past."""
    activity = ActivityFactory(grid=grid, station=station, starts=NOON + HOUR)
    edit = {
        "changes": {"starts": NOON - 2 * HOUR, "ends": NOON - HOUR},
        "seen": activity.version,
        "by": staff,
    }
    with pytest.raises(activities.Refused, match="不能改到过去的时间"):
        activities.edit(activity, at=NOON, **edit)
    assert activities.edit(activity, at=NOON + 2 * HOUR, **edit)


def test_whoever_holds_an_activity_moves_and_cancels_a_colleague_s_booking(
    grid, station, room, staff
):
    colleague = PostFactory(role=Role.GRID_STAFF, grid=grid).user
    activity = activities.create(
        grid=grid, room=room, by=colleague, at=NOON, **facts(station)
    )
    assert not bookings.may_change(staff, activity.booking)
    later = {"starts": NOON + 2 * DAY, "ends": NOON + 2 * DAY + HOUR}
    activities.edit(activity, changes=later, seen=1, by=staff, at=NOON)
    assert Booking.objects.get().starts == later["starts"]
    activities.cancel(activity, why="下雨", by=staff, at=NOON)
    assert Booking.objects.get().cancelled_at


def test_a_booking_that_was_cancelled_holds_no_time_back(grid, station, room, staff):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    bookings.cancel(activity.booking, why="改在别处", by=staff, at=NOON)
    later = {"starts": NOON + 2 * DAY, "ends": NOON + 2 * DAY + HOUR}
    activities.edit(activity, changes=later, seen=1, by=staff, at=NOON)
    activity.refresh_from_db()
    assert (activity.starts, activity.booking) == (later["starts"], None)


def test_an_activity_whose_room_was_given_back_gets_another(
    grid, station, room, staff, stranger
):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    with pytest.raises(activities.Refused, match="已经订好"):
        activities.book_room(activity, room=room, by=staff, at=NOON)
    bookings.cancel(activity.booking, why="场地检修", by=staff, at=NOON)
    with pytest.raises(PermissionDenied):
        activities.book_room(activity, room=room, by=stranger, at=NOON)
    with pytest.raises(activities.Refused, match="已经开始"):
        activities.book_room(activity, room=room, by=staff, at=NOON + DAY)
    again = activities.book_room(activity, room=room, by=staff, at=NOON)
    assert again.has_its_room
    assert (again.booking.starts, again.version) == (NOON + DAY, 2)


def test_a_room_that_is_moved_away_is_given_back_for_another(
    grid, station, room, staff
):
    activity = activities.create(
        grid=grid, room=room, by=staff, at=NOON, **facts(station)
    )
    later = {"starts": NOON + 2 * DAY, "ends": NOON + 2 * DAY + HOUR}
    bookings.move(
        activity.booking, outside_hours=True, vouched=True, by=staff, at=NOON, **later
    )
    again = activities.book_room(activity, room=room, by=staff, at=NOON)
    assert again.has_its_room
    assert Booking.objects.get(pk=activity.booking_id).cancelled_at == NOON


def test_a_station_ends_the_series_of_its_own_grid_and_of_none_below(
    grid, staff, worker
):
    block = GridFactory(parent=grid, kind="block")
    how = {"title": "宁新讲堂 第{n}讲", "brand": None, "by": staff, "at": NOON}
    here = activities.make_series(grid=grid, **how)
    below = activities.make_series(grid=block, **how)
    with pytest.raises(PermissionDenied):
        activities.end_series(below, by=worker, at=NOON)
    assert activities.end_series(below, by=staff, at=NOON).ended_on
    assert activities.end_series(here, by=worker, at=NOON).ended_on


def test_a_series_that_ended_goes_on_no_more(grid, station, staff, stranger):
    how = {"title": "宁新讲堂 第{n}讲", "brand": None, "grid": grid}
    series = activities.make_series(**how, by=staff, at=NOON)
    with pytest.raises(PermissionDenied):
        activities.end_series(series, by=stranger, at=NOON)
    held = activities.create(
        grid=grid, series=series, by=staff, at=NOON, **facts(station, title="")
    )
    activities.end_series(series, by=staff, at=NOON)
    with pytest.raises(activities.Refused, match="已经不再办"):
        activities.end_series(series, by=staff, at=NOON)
    with pytest.raises(activities.Refused, match="不再办了"):
        activities.clone(
            held, starts=NOON + 8 * DAY, ends=NOON + 9 * DAY, by=staff, at=NOON
        )
    assert activities.make_series(**how, by=staff, at=NOON) != series


@pytest.mark.parametrize(
    ("title", "named", "stem"),
    [
        ("宁新讲堂 第{n}讲", "宁新讲堂 第…讲", "宁新讲堂"),
        ("{n}号茶会", "…号茶会", "号茶会"),
        ("节令茶会", "节令茶会", "节令茶会"),
    ],
)
def test_a_series_is_named_by_how_its_titles_are_written(title, named, stem):
    series = ActivitySeries(title=title)
    assert (str(series), series.stem) == (named, stem)


def test_no_number_takes_a_place_away_from_who_has_it(grid, staff):
    activity = ActivityFactory(grid=grid, capacity=4)
    SignupFactory(activity=activity, persons=3)
    for changes in ({"capacity": 2}, {"reserved": 2}):
        with pytest.raises(activities.Refused, match="已经报上 3 位"):
            activities.edit(activity, changes=changes, seen=1, by=staff, at=NOON)
    activities.edit(activity, changes={"capacity": 3}, seen=1, by=staff, at=NOON)


def test_a_series_numbers_its_activities_and_a_clone_goes_on(grid, station, staff):
    series = activities.make_series(
        title="宁新讲堂 第{n}讲", brand=None, grid=grid, by=staff, at=NOON
    )
    first = activities.create(
        grid=grid, series=series, by=staff, at=NOON, **facts(station, title="")
    )
    again = activities.clone(
        first, starts=NOON + 8 * DAY, ends=NOON + 8 * DAY + HOUR, by=staff, at=NOON
    )
    assert (first.title, again.title) == ("宁新讲堂 第1讲", "宁新讲堂 第2讲")
    assert (again.state, again.station) == (State.DRAFT, station)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"station": None}, "哪个阵地"),
        ({"place_kind": "school"}, "哪所学校"),
        ({"host": None}, "主办只选一个"),
        ({"ends": NOON}, "结束要晚于开始"),
        ({"reserved": 3}, "不用预留"),
        ({"capacity": 2, "reserved": 3}, "不能比名额多"),
        ({"for_children": True}, "最多保留 7 天"),
    ],
)
def test_what_cannot_be_is_refused_in_words(grid, station, staff, changes, said):
    with pytest.raises(activities.Refused, match=said):
        activities.create(grid=grid, by=staff, at=NOON, **facts(station, **changes))


def test_who_holds_activities_is_told_apart(grid, station, worker, leader, stranger):
    activities.create(grid=grid, by=worker, at=NOON, **facts(station))
    elsewhere = StationFactory(grid=grid)
    for user, where in ((leader, station), (stranger, station), (worker, elsewhere)):
        with pytest.raises(PermissionDenied):
            activities.create(grid=grid, by=user, at=NOON, **facts(where))


# --- the steps -----------------------------------------------------------------------


def do(step, activity, by, at=NOON):
    """Each step with what it needs."""
    more = {
        "cancel": {"why": "老师病了"},
        "count_heads": {"count": 30, "basis": "eye"},
        "check_rule": {"kept": True, "words": ""},
        "edit": {"changes": {"about": "识茶"}, "seen": 1},
    }
    return getattr(activities, step)(activity, by=by, at=at, **more.get(step, {}))


ACTS = {
    "edit",
    "confirm_rule",
    "announce",
    "cancel",
    "hold",
    "count_heads",
    "check_rule",
}


def standing(grid, station, state, **more):
    return ActivityFactory(
        grid=grid,
        station=station,
        state=state,
        starts=NOON - HOUR,
        rule="严禁现场交易",
        rule_confirmed_at=NOON,
        **more,
        **(
            {"cancelled_at": NOON, "cancelled_why": "雨"}
            if state == "cancelled"
            else {}
        ),
    )


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", sorted(ACTS))
def test_each_step_goes_from_its_states_alone(grid, station, worker, step, state):
    activity = standing(grid, station, state)
    if state in Activity.STEPS[step]:
        do(step, activity, worker)
        assert Entry.objects.count() == 1
    else:
        with pytest.raises(activities.Refused, match=state.label):
            do(step, activity, worker)
        assert not Entry.objects.exists()


@pytest.mark.parametrize("step", sorted(ACTS))
def test_no_step_is_taken_by_who_does_not_hold_it(
    grid, station, leader, stranger, step
):
    for state in Activity.STEPS[step]:
        activity = standing(grid, station, state)
        for user in (leader, stranger):
            with pytest.raises(PermissionDenied):
                do(step, activity, user)


def test_a_cancelled_activity_gives_its_room_back_and_tells_who_signed_up(
    grid, station, room, staff, worker
):
    activity = activities.create(
        grid=grid, room=room, by=worker, at=NOON, **facts(station)
    )
    activities.announce(activity, by=worker, at=NOON)
    signups.sign_up(activity, employer="暖新巢", persons=2, by=staff, at=NOON)

    activities.cancel(activity, why="老师病了", by=worker, at=NOON)

    assert Booking.objects.get().cancelled_at == NOON
    told = Notice.objects.filter(words__contains="取消了（老师病了）")
    assert {notice.to for notice in told} == {staff, worker}
    with pytest.raises(activities.Refused, match="已取消"):
        signups.sign_up(activity, employer="别家", persons=1, by=staff, at=NOON)


def test_holding_waits_for_the_beginning(grid, station, worker):
    activity = ActivityFactory(grid=grid, station=station)
    with pytest.raises(activities.Refused, match="还没到"):
        activities.hold(activity, by=worker, at=NOON)


def test_a_head_count_takes_in_those_with_names(grid, station, worker):
    activity = ActivityFactory(grid=grid, station=station, starts=NOON - HOUR)
    AttendanceFactory(activity=activity, persons=8)
    with pytest.raises(activities.Refused, match="8 人次"):
        activities.count_heads(activity, count=7, basis="eye", by=worker, at=NOON)
    counted = Activity.objects.counted()
    assert counted.get().person_times == 8
    activities.count_heads(
        activity, count=60, basis="photo", households=20, by=worker, at=NOON
    )
    row = counted.get()
    assert (row.by_name, row.person_times, row.households) == (8, 60, 20)


def test_who_was_not_ticked_off_is_unknown_not_nought(grid, station):
    ActivityFactory(grid=grid, station=station, state=State.HELD)
    assert Activity.objects.counted().get().person_times is None


# --- the story of the tea gathering (S10) -----------------------------------------------


def test_a_tea_gathering_confirms_its_rule_before_and_checks_it_after(
    grid, station, worker, staff
):
    """S10: a gathering under 严禁现场交易, from its plan to what was found."""
    tea = activities.create(
        grid=grid, by=worker, at=NOON, **facts(station, rule="严禁现场交易")
    )
    with pytest.raises(activities.Refused, match="先确认纪律：严禁现场交易"):
        activities.announce(tea, by=worker, at=NOON)

    activities.confirm_rule(tea, by=worker, at=NOON)
    activities.edit(tea, changes={"rule": "只品茶"}, seen=1, by=worker, at=NOON)
    tea.refresh_from_db()
    assert tea.rule_confirmed_at is None, "another rule is confirmed anew"
    activities.confirm_rule(tea, by=worker, at=NOON)
    activities.announce(tea, by=worker, at=NOON)
    with pytest.raises(activities.Refused, match="不能改纪律"):
        activities.edit(tea, changes={"rule": ""}, seen=2, by=worker, at=NOON)

    end = tea.ends
    activities.hold(tea, by=worker, at=end)
    activities.count_heads(
        tea, count=60, basis="photo", households=20, by=worker, at=end
    )
    with pytest.raises(activities.Refused, match="写清楚"):
        activities.check_rule(tea, kept=False, words=" ", by=worker, at=end)
    activities.check_rule(
        tea, kept=False, words="一个摊位卖了两盒茶，当场制止", by=worker, at=end
    )
    tea.refresh_from_db()
    assert (tea.rule_kept, tea.rule_checked_by) == (False, worker)
    assert verbs() == [
        *("activity.created", "activity.rule_confirmed", "activity.edited"),
        *("activity.rule_confirmed", "activity.announced", "activity.held"),
        *("activity.heads_counted", "activity.rule_checked"),
    ]


# --- what goes after its time -----------------------------------------------------------


def test_titles_and_phones_are_erased_after_their_time_and_numbers_stay(grid, station):
    grown = ActivityFactory(grid=grid, station=station, starts=NOON, state=State.HELD)
    child = ActivityFactory(
        grid=grid,
        station=station,
        starts=NOON,
        state=State.HELD,
        for_children=True,
        keep_days=7,
    )
    for activity in (grown, child):
        signup = SignupFactory(
            activity=activity, title="林女士", phone="13900001234", persons=3
        )
        AttendanceFactory(activity=activity, signup=signup, title="林女士", persons=3)

    assert activities.erase_due(NOON + 8 * DAY) == 1
    assert child.signups.get().title == child.attendances.get().title == ""
    assert grown.signups.get().phone == "13900001234"
    assert activities.erase_due(NOON + 40 * DAY) == 1
    assert grown.signups.get().phone == ""
    assert Activity.objects.counted().get(pk=child.pk).person_times == 3
    assert activities.erase_due(NOON + 41 * DAY) == 0


@pytest.mark.parametrize(
    ("model", "names"),
    [("SignupEvent", {"title", "phone"}), ("AttendanceEvent", {"title"})],
)
def test_no_history_keeps_what_is_erased(model, names):
    fields = apps.get_model("services", model)._meta.get_fields()
    assert not names & {field.name for field in fields}
