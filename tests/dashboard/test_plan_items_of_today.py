"""Today's work names what is late or falls due soon in the plans that one keeps."""

import datetime as dt

import pytest

from party import plans
from tests.factories import NOON, TODAY, PlanFactory, PlanItemFactory

pytestmark = pytest.mark.django_db


def test_due_items_stand_with_who_keeps_the_plan(
    client_of, building_secretary, staff, tower
):
    draft = PlanFactory(building=tower)
    PlanItemFactory(plan=draft, content="错峰停车", due_on=TODAY + dt.timedelta(3))
    PlanItemFactory(plan=draft, content="还早得很", due_on=TODAY + dt.timedelta(30))
    plans.confirm_plan(draft, by=building_secretary, at=NOON)

    page = client_of(building_secretary).get("/work/").text
    assert "错峰停车" in page
    assert "还早得很" not in page
    assert "错峰停车" not in client_of(staff).get("/work/").text
