"""What is said of activities by itself, and what the clock does."""

import datetime as dt

from services.models import Activity
from tests.factories import NOON, ActivityFactory, SignupFactory, UserFactory
from tianshan.notices import reminders
from tianshan.notices.models import Notice

DAY = dt.timedelta(days=1)


def test_who_holds_it_and_who_signed_up_are_reminded_once(grid, staff):
    activity = ActivityFactory(grid=grid, title="讲堂")
    SignupFactory(activity=activity, by=staff)
    for at in (NOON, NOON + dt.timedelta(minutes=15)):
        reminders.remind(at)
    told = Notice.objects.filter(words__contains="10月16日 14:00 有“讲堂”")
    assert {notice.to for notice in told} == {staff, activity.made_by}
    assert told.count() == 2


def test_one_that_is_over_is_asked_for(grid):
    activity = ActivityFactory(grid=grid, starts=NOON - 2 * DAY)
    reminders.remind(NOON)
    reminders.remind(NOON + DAY)
    assert Notice.objects.get(words__contains="请记为已举办").to == activity.made_by


def test_the_job_moves_waiting_lines_and_erases(grid):
    full = ActivityFactory(grid=grid, capacity=1, made_by=UserFactory())
    offer = SignupFactory(
        activity=full, number=1, state="offered", offer_until=NOON - DAY
    )
    waits = SignupFactory(activity=full, number=2, state="waiting")
    past = ActivityFactory(grid=grid, starts=NOON - 31 * DAY, state=Activity.State.HELD)
    known = SignupFactory(activity=past, title="林女士", phone="13900001234")

    reminders.remind(NOON)

    for row in (offer, waits, known):
        row.refresh_from_db()
    assert (offer.state, waits.state) == ("lapsed", "offered")
    assert (known.title, known.phone) == ("", "")
