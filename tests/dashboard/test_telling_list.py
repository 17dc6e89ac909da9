"""The list of tellings as one walks it: one's own shops, floor by floor."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from enterprises.models import Caretaker
from tests.factories import BusinessFactory, DemandFactory
from visits import actions

URL = reverse("visits:telling_list")


@pytest.fixture
def told(tower, clerk):
    """Three answered demands on two floors."""
    rows = []
    for room in ("1201", "1202", "1801"):
        shop = BusinessFactory(grid=tower.grid, building=tower, room=room)
        raised = DemandFactory(business=shop, raised_on=timezone.localdate())
        rows.append(actions.answer(raised, words="好了", by=clerk, at=timezone.now()))
    return rows


def test_each_floor_stands_above_its_rows(client_of, staff, told):
    page = client_of(staff).get(URL).text
    floors = re.findall(r'<tr class="grp"><th [^>]*>([^<]*)</th>', page)
    assert floors == ["金虹桥国际中心　12 层", "金虹桥国际中心　18 层"]
    assert len(re.findall(r"<tr data-id=", page)) == 3
    # Sorted otherwise, rows of a floor do not stand together.
    assert 'class="grp"' not in client_of(staff).get(f"{URL}?sort=tell_by").text


def test_ones_own_are_those_whose_visits_one_owes(client_of, staff, clerk, told):
    mine = told[0]
    Caretaker.objects.create(
        business=mine.business,
        user=staff,
        grid=mine.grid,
        since=timezone.localdate() - dt.timedelta(days=1),
    )
    page = client_of(staff).get(f"{URL}?care=mine").text
    assert re.findall(r'<tr data-id="(\d+)"', page) == [str(mine.pk)]
    assert 'data-total="1"' in page
    assert 'data-total="0"' in client_of(clerk).get(f"{URL}?care=mine").text
