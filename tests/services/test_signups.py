"""Signing up: places by order of asking, and a waiting line that moves by itself."""

import datetime as dt
import os
import uuid

import pytest
from django.core.exceptions import PermissionDenied

from services import activities, signups
from services.activities import Refused
from services.models import Signup
from tests.factories import HOUR, NOON, ActivityFactory, BusinessFactory, SignupFactory
from tests.services.rush import rush
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice

State = Signup.State
pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(grid, station, worker):
    return ActivityFactory(
        grid=grid, station=station, capacity=2, title="讲堂", made_by=worker
    )


def sign_up(activity, by, employer="暖新巢", at=NOON, **more):
    return signups.sign_up(
        activity, employer=employer, by=by, at=at, **{"persons": 1, **more}
    )[0]


def states(activity):
    return list(activity.signups.values_list("state", flat=True))


def test_places_go_by_order_and_who_comes_late_waits(talk, staff):
    for _ in range(3):
        sign_up(talk, staff)
    assert states(talk) == ["in", "in", "waiting"]
    assert [row.number for row in talk.signups.all()] == [1, 2, 3]
    assert Entry.objects.filter(verb="signup.made").count() == 3


def test_a_small_party_does_not_jump_the_line(talk, staff):
    sign_up(talk, staff)
    sign_up(talk, staff, persons=2)
    sign_up(talk, staff)
    assert states(talk) == ["in", "waiting", "waiting"]


def test_one_free_place_waits_for_the_two_who_are_first(talk, staff):
    first, second = sign_up(talk, staff), sign_up(talk, staff)
    sign_up(talk, staff, persons=2)
    sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON)
    assert states(talk) == ["withdrawn", "in", "waiting", "waiting"]
    signups.withdraw(second, by=staff, at=NOON)
    assert states(talk) == ["withdrawn", "withdrawn", "offered", "waiting"]


def test_a_place_that_comes_free_is_offered_to_the_first_in_line(talk, staff, worker):
    first = sign_up(talk, staff)
    for _ in range(3):
        sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON + HOUR)
    assert states(talk) == ["withdrawn", "in", "offered", "waiting"]
    offer = talk.signups.get(state="offered")
    assert offer.offer_until == NOON + 13 * HOUR
    assert Notice.objects.get(to=staff).words.endswith("10月16日 01:00 前确认")
    signups.accept(offer, by=staff, at=NOON + 2 * HOUR)
    assert states(talk) == ["withdrawn", "in", "in", "waiting"]


def test_an_offer_that_runs_out_goes_to_the_next_in_line(talk, staff):
    first = sign_up(talk, staff)
    for _ in range(3):
        sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON)
    offer = talk.signups.get(state="offered")

    signups.move_on_everywhere(NOON + 12 * HOUR - dt.timedelta(seconds=1))
    assert states(talk)[2:] == ["offered", "waiting"]
    signups.move_on_everywhere(NOON + 12 * HOUR)
    assert states(talk)[2:] == ["lapsed", "offered"]
    with pytest.raises(Refused, match="过时未确认"):
        signups.accept(offer, by=staff, at=NOON + 12 * HOUR)


def test_an_offer_made_at_night_begins_in_the_morning(grid, station, staff):
    """The place moves on when it lapses; whoever is next has his hours by day."""
    talk = ActivityFactory(
        grid=grid, station=station, capacity=1, offer_hours=4, starts=NOON + 99 * HOUR
    )
    first, second = sign_up(talk, staff), sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON + 11 * HOUR)
    second.refresh_from_db()
    assert second.state == State.OFFERED
    assert second.offer_until == NOON + 25 * HOUR  # from 9 to 13 o'clock of the Friday


def test_taking_too_late_what_was_offered_moves_the_line(talk, staff):
    first = sign_up(talk, staff)
    for _ in range(3):
        sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON)
    offer = talk.signups.get(state="offered")
    with pytest.raises(Refused):
        signups.accept(offer, by=staff, at=NOON + 13 * HOUR)
    assert states(talk)[2:] == ["lapsed", "offered"]


def test_an_offer_that_is_withdrawn_goes_to_the_next_in_line(talk, staff):
    first = sign_up(talk, staff)
    for _ in range(3):
        sign_up(talk, staff)
    signups.withdraw(first, by=staff, at=NOON)
    offer = talk.signups.get(state="offered")
    signups.withdraw(offer, by=staff, at=NOON)
    assert states(talk) == ["withdrawn", "in", "withdrawn", "offered"]
    with pytest.raises(Refused, match="已取消"):
        signups.accept(offer, by=staff, at=NOON)


def test_more_places_move_the_line(talk, staff, worker):
    for _ in range(4):
        sign_up(talk, staff)
    activities.edit(talk, changes={"capacity": 3}, seen=1, by=worker, at=NOON)
    assert states(talk) == ["in", "in", "offered", "waiting"]


def test_reserved_places_are_for_those_who_ask_for_them(talk, staff):
    talk.capacity, talk.reserved = 3, 1
    talk.save()
    for _ in range(3):
        sign_up(talk, staff)
    assert states(talk) == ["in", "in", "waiting"]
    assert sign_up(talk, staff, reserved=True).state == State.IN
    with pytest.raises(Refused, match="预留名额只剩 0"):
        sign_up(talk, staff, reserved=True)


def test_a_party_larger_than_the_room_is_refused(talk, staff):
    with pytest.raises(signups.Full):
        sign_up(talk, staff, persons=3)


def test_a_business_signs_up_once(talk, staff, grid):
    shop = BusinessFactory(grid=grid)
    sign_up(talk, staff, business=shop)
    with pytest.raises(Refused, match="已经报过名"):
        sign_up(talk, staff, business=shop)


def test_the_same_form_twice_is_one_signup(talk):
    key = uuid.uuid4()
    one = signups.sign_up(talk, persons=1, title="林女士", at=NOON, client_key=key)
    two = signups.sign_up(talk, persons=1, title="林女士", at=NOON, client_key=key)
    assert (one[0], one[1], two[1]) == (two[0], True, False)


def test_a_card_takes_no_more_than_each_may(talk):
    talk.most_each = 1
    talk.save()
    with pytest.raises(Refused, match="每家最多 1 位"):
        signups.sign_up(talk, persons=2, title="林女士", at=NOON)


def test_signing_up_ends_when_it_closes(talk, staff):
    talk.closes_at = NOON
    talk.save()
    with pytest.raises(Refused, match="截止"):
        sign_up(talk, staff)


def test_strangers_and_leaders_sign_nobody_up(talk, stranger, leader, grid, staff):
    for user in (stranger, leader):
        with pytest.raises(PermissionDenied):
            sign_up(talk, user)
    elsewhere = BusinessFactory()
    with pytest.raises(PermissionDenied):
        sign_up(talk, staff, business=elsewhere)
    row = SignupFactory(activity=talk)
    with pytest.raises(PermissionDenied):
        signups.withdraw(row, by=stranger, at=NOON)


# --- all at once -------------------------------------------------------------------------


ROUNDS = int(os.environ.get("SIGNUP_ROUNDS", "2"))  # the proof in full: 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_at_once_ten_get_in_forty_wait_in_order_and_none_is_lost(grid, station, number):
    activity = ActivityFactory(grid=grid, station=station, capacity=10)
    assert rush(activity, 50) == (10, 40, True)


@pytest.mark.django_db(transaction=True)
def test_at_once_without_the_lock_it_goes_wrong(grid, station, monkeypatch):
    """The proof of the proof: the same rush, nobody waiting for anybody."""
    monkeypatch.setattr(
        activities,
        "locked",
        lambda activity: type(activity).objects.get(pk=activity.pk),
    )
    activity = ActivityFactory(grid=grid, station=station, capacity=10)
    assert rush(activity, 50) != (10, 40, True)
