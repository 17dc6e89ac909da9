"""Doors and passwords tried in numbers are told of to who keeps the accounts."""

import datetime as dt

import pytest

from accounts import guard, refusals
from accounts.rights import Role
from dashboard import alarm
from tests.factories import NOON, PostFactory
from tianshan.notices import reminders
from tianshan.notices.models import Notice

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def keepers(street):
    return {
        role: PostFactory(grid=street, role=role).user
        for role in (Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN)
    }


def told():
    return sorted(Notice.objects.values_list("to__posts__role", "url"))


def try_doors(user, times, at=NOON):
    for number in range(times):
        refusals.note(user, f"some:door_{number % 3}", at=at, why="right")


def guess(name, address, times, at):
    for _ in range(times):
        try:
            guard.take(name, address=address, browser="", at=at)
        except guard.Paused:
            return


def test_thirty_doors_within_an_hour_are_told_of_once_and_fewer_not(staff):
    try_doors(staff, alarm.TRIED - 1)
    assert alarm.raise_alarms(NOON) == 0
    try_doors(staff, 1)
    assert alarm.raise_alarms(NOON + MINUTE) == 2
    assert told() == [
        (Role.AUDITOR, "/audit/"),
        (Role.SECURITY_ADMIN, f"/accounts/{staff.pk}/"),
    ]
    assert "一小时内 30 次" in Notice.objects.first().words
    assert alarm.raise_alarms(NOON + 2 * MINUTE) == 0
    try_doors(staff, 1, NOON + 61 * MINUTE)
    assert alarm.raise_alarms(NOON + 61 * MINUTE) == 2


def test_doors_of_two_hours_ago_are_none(staff):
    try_doors(staff, alarm.TRIED)
    assert alarm.raise_alarms(NOON + 121 * MINUTE) == 0


def test_a_password_guessed_into_a_second_pause_is_told_of(staff):
    guess(staff.username, "198.51.100.7", 5, NOON)
    assert alarm.raise_alarms(NOON) == 0
    guess(staff.username, "198.51.100.8", 5, NOON + 6 * MINUTE)
    assert alarm.raise_alarms(NOON + 6 * MINUTE) == 2
    assert staff.display_name in Notice.objects.first().words
    assert alarm.raise_alarms(NOON + 60 * MINUTE) == 0


def test_an_address_that_guesses_many_names_is_told_of():
    for number in range(20):
        guess(f"nobody{number}", "198.51.100.7", 1, NOON)
    assert alarm.raise_alarms(NOON) == 2
    assert {url for _, url in told()} == {"/audit/", "/accounts/"}


def test_it_is_told_at_night_as_well(staff):
    night = NOON + dt.timedelta(hours=14)
    try_doors(staff, alarm.TRIED, night)
    assert not reminders.in_hours(night)
    reminders.put_right(night)
    assert Notice.objects.filter(key__startswith="alarm-").count() == 2
