"""A phone took the route along and nothing came back: said in the evening, to its owner."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard.models import RouteTaken
from dashboard.unsent import note_taken, unsent_since
from tests.factories import BusinessFactory, VisitFactory
from tianshan.notices.todo import todo_of
from tianshan.workdays import Calendar

DAY = dt.date(2026, 11, 25)  # a Wednesday


def at(hour, minute=0, day=DAY):
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute)))


@pytest.fixture
def taken(staff):
    note_taken(staff, at(8))
    return RouteTaken.objects.get()


def test_it_is_said_from_the_evening_on_for_three_days(staff, taken):
    assert unsent_since(staff, at(17)) is None
    assert unsent_since(staff, at(17, 30)) == DAY
    assert unsent_since(staff, at(17, day=DAY + dt.timedelta(3))) == DAY
    assert unsent_since(staff, at(18, day=DAY + dt.timedelta(3))) is None


def test_once_something_came_after_it_nothing_is_said(staff, grid, taken):
    shop = BusinessFactory(grid=grid)
    VisitFactory(business=shop, visitor=staff, arrived_at=at(7), filled_at=at(7))
    assert unsent_since(staff, at(18)) == DAY
    VisitFactory(business=shop, visitor=staff, arrived_at=at(18), filled_at=at(9))
    assert unsent_since(staff, at(18)) is None


def test_a_day_off_says_nothing(staff):
    sunday = dt.date(2026, 11, 29)
    assert not Calendar.load().is_workday(sunday)
    note_taken(staff, at(8, day=sunday))
    assert unsent_since(staff, at(18, day=sunday)) is None


def test_one_row_a_person_and_the_first_of_a_day_counts(staff):
    note_taken(staff, at(8))
    note_taken(staff, at(14))
    assert RouteTaken.objects.get().at == at(8)
    note_taken(staff, at(9, day=DAY + dt.timedelta(1)))
    assert RouteTaken.objects.get().at == at(9, day=DAY + dt.timedelta(1))


def test_a_phone_that_fetches_the_route_is_noted(client_of, staff):
    client_of(staff).get("/visits/plan/route.json")
    assert RouteTaken.objects.get().user == staff


def test_only_its_owner_reads_of_it(client_of, staff, chief, clerk, monkeypatch):
    note_taken(staff, at(8))
    monkeypatch.setattr(timezone, "now", lambda: at(19))
    words = "11月25日的路线存到了手机上"
    today = timezone.localdate()
    page = reverse("dashboard:work")
    assert words in client_of(staff).get(page).text
    assert [source.key for source, _, _ in todo_of(staff, today)] == ["phone"]
    for other in (chief, clerk):
        assert words not in client_of(other).get(page).text
        assert "phone" not in [source.key for source, _, _ in todo_of(other, today)]
        assert not RouteTaken.objects.visible_to(other).exists()
