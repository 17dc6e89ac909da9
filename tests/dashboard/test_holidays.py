"""Holidays: entered by the system administrator, counted at once."""

import datetime as dt

import pytest

from accounts.rights import Role
from dashboard.actions import set_day
from dashboard.models import Standing
from tests import factories as make
from tianshan.audit.models import Entry
from tianshan.workdays import Calendar, changed
from tianshan.workdays.models import DayRule
from visits import actions as visits
from visits.models import Demand, DemandCategory

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


NOON = dt.datetime(2027, 4, 30, 12, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def give_a_holiday(*, by):
    """Monday 3 May 2027 turns into a holiday, entered on the Friday before."""
    set_day(
        date=dt.date(2027, 5, 3),
        kind=DayRule.Kind.HOLIDAY,
        name="劳动节",
        source="",
        by=by,
        at=NOON,
    )


def asked_on_friday(grid, staff):
    """A demand raised on 30 April 2027: five working days end on 7 May."""
    demand = visits.raise_demand(
        make.BusinessFactory(grid=grid, discovered_on=dt.date(2027, 1, 4)),
        category=DemandCategory.objects.filter(hard=False).first(),
        words="门口的灯坏了",
        source=Demand.Source.VISIT,
        raised_on=NOON.date(),
        by=staff,
        at=NOON,
    )
    assert demand.due_on == dt.date(2027, 5, 7)
    return demand


def test_an_open_demand_moves_with_the_holiday_and_keeps_what_was_promised(
    admin, grid, staff
):
    demand = asked_on_friday(grid, staff)
    give_a_holiday(by=admin)
    demand.refresh_from_db()
    assert demand.due_on == dt.date(2027, 5, 10)
    assert [due.due_on.day for due in demand.dues.all()] == [7, 10]
    assert "节假日" in demand.dues.last().reason


def test_the_date_that_a_matter_set_stays(admin, grid, staff):
    demand = asked_on_friday(grid, staff)
    told = {"owed_by": "联席会", "reason": "会议定的日期", "by": staff, "at": NOON}
    visits.owe(demand, due_on=dt.date(2027, 5, 7), **told)
    give_a_holiday(by=admin)
    demand.refresh_from_db()
    assert demand.due_on == dt.date(2027, 5, 7)


def test_the_day_by_which_to_tell_moves_with_the_holiday(admin, grid, clerk):
    demand = visits.answer(
        asked_on_friday(grid, clerk), words="已经报修", by=clerk, at=NOON
    )
    assert demand.tell_by == dt.date(2027, 5, 5)
    give_a_holiday(by=admin)
    demand.refresh_from_db()
    assert demand.tell_by == dt.date(2027, 5, 6)
    assert Standing.objects.get(
        business=demand.business, until=None
    ).untold_from == dt.date(2027, 5, 7)


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
