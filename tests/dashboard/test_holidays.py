"""Holidays: entered by the system administrator, counted at once."""

import datetime as dt

import pytest

from accounts.rights import Role
from dashboard.models import Standing
from tests import factories as make
from tianshan.audit.models import Entry
from tianshan.workdays import Calendar, changed
from tianshan.workdays.models import DayRule

pytestmark = pytest.mark.django_db
URL = "/holidays/"


@pytest.fixture(autouse=True)
def read_anew():
    changed()
    yield
    changed()


@pytest.fixture
def admin(grid):
    return make.PostFactory(role=Role.SYSTEM_ADMIN, grid=grid).user


def day(**fields):
    return {"date": "2027-05-03", "kind": "holiday", "name": "劳动节", **fields}


def test_a_day_entered_is_a_holiday_at_once(client_of, admin):
    monday = dt.date(2027, 5, 3)
    assert Calendar.load().is_workday(monday)
    answer = client_of(admin).post(URL, day())
    assert answer.status_code == 302
    assert not Calendar.load().is_workday(monday)
    entry = Entry.objects.get(verb="holiday.set")
    assert entry.by == admin
    assert entry.data == {"date": "2027-05-03", "before": "", "after": "holiday"}


def test_a_day_entered_again_is_replaced(client_of, admin):
    client = client_of(admin)
    client.post(URL, day())
    client.post(URL, day(kind="workday", name=""))
    rule = DayRule.objects.get(date=dt.date(2027, 5, 3))
    assert rule.kind == "workday"
    last = Entry.objects.filter(verb="holiday.set").latest("pk")
    assert last.data["before"] == "holiday"


def test_a_first_visit_moves_with_the_holiday(client_of, admin, grid):
    friday = dt.date(2027, 4, 30)
    shop = make.BusinessFactory(grid=grid, discovered_on=friday)
    assert Standing.objects.get(business=shop).visited_until == dt.date(2027, 5, 7)
    client_of(admin).post(URL, day())
    assert Standing.objects.get(business=shop).visited_until == dt.date(2027, 5, 10)


def test_years_without_published_days_are_marked(client_of, admin):
    DayRule.objects.filter(date__year=2027).delete()
    page = client_of(admin).get(URL).text
    of_2027 = page[page.index("2027 年") :][:300]
    assert "暂按" in of_2027
    of_2026 = page[page.index("<b>2026 年") :][:300]
    assert "已公布" in of_2026


@pytest.mark.parametrize(
    "wrong", [{"date": "2027-02-30"}, {"date": "1899-01-01"}, {"kind": "halb"}]
)
def test_what_cannot_be_is_refused_with_a_word(wrong, client_of, admin):
    answer = client_of(admin).post(URL, day(**wrong))
    assert answer.status_code == 400
    assert "aria-invalid" in answer.text
    assert not Entry.objects.filter(verb="holiday.set").exists()


def test_nobody_else_may(client_of, chief, leader):
    for user in (chief, leader):
        client = client_of(user)
        assert client.get(URL).status_code == 403
        assert client.post(URL, day()).status_code == 403
