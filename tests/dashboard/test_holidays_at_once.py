"""A holiday is entered while somebody answers a demand that it moves."""

import datetime as dt
import threading

import pytest
from django.db import connection

from dashboard import actions as calendar
from tests import factories as make
from tests.factories import NOON, TODAY
from tianshan.workdays.models import DayRule
from visits import actions as visits

pytestmark = pytest.mark.django_db(transaction=True)


def test_both_come_through(monkeypatch, clerk, grid):
    shop = make.BusinessFactory(grid=grid, discovered_on=TODAY)
    demand = make.DemandFactory(business=shop, raised_on=TODAY - dt.timedelta(2))
    demand.dues.update(workdays=5)
    locked, go_on, said = threading.Event(), threading.Event(), []
    write = visits.come_to

    def slowly(*arguments, **options):
        locked.set()
        go_on.wait(10)
        return write(*arguments, **options)

    monkeypatch.setattr(visits, "come_to", slowly)
    count = visits.recount

    def told_first(**options):
        go_on.set()
        return count(**options)

    monkeypatch.setattr(visits, "recount", told_first)

    def answer():
        visits.answer(demand, words="已经报修", by=clerk, at=NOON)

    def enter():
        locked.wait(10)
        calendar.set_day(
            date=TODAY + dt.timedelta(1),
            kind=DayRule.Kind.HOLIDAY,
            name="",
            source="",
            by=clerk,
            at=NOON,
        )

    def run(act):
        try:
            act()
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in (answer, enter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert said == []
    demand.refresh_from_db()
    assert demand.state == "answered"
