"""What the bench's world has computed in bulk is what the portal computes itself."""

import datetime as dt

import pytest

from dashboard import sums
from dashboard.bench import world
from dashboard.models import Standing
from dashboard.standing import gather, timeline
from enterprises.models import Business, Coverage
from grids.models import Building, Grid
from grids.rules import Rules
from party.models import PartyOrganization
from tianshan.workdays import Calendar
from visits.models import Demand, Visit

TODAY = dt.date(2026, 11, 30)


@pytest.fixture
def made(db):
    return world.build(600, 3000, today=TODAY)


def test_standing_and_sums_are_those_that_the_portal_computes(made):
    rules, calendar = Rules.load(), Calendar.load()
    computed = {
        (key, row["since"]): {"kind": facts.kind, "home_id": facts.home, **row}
        for key, facts in gather(Business.objects.values_list("pk", flat=True)).items()
        for row in timeline(facts, rules, calendar)
    }
    stored = {
        (row.pop("business_id"), row["since"]): row
        for row in Standing.objects.values(
            *("business_id", "kind", "home_id", "since", "until", "grid_id"),
            *("operating", "mode", "visited", "visited_until"),
            *("overdue_from", "untold_from", "absent_from"),
        )
    }

    assert stored == computed
    assert any(row["overdue_from"] for row in stored.values())
    assert any(row["untold_from"] for row in stored.values())
    assert any(not row["visited"] for row in stored.values())
    assert sums.renew() == 0


def test_search_and_order_are_those_that_the_portal_computes(made):
    for model in (Business, Building, PartyOrganization):
        for row in model.objects.all():
            said = row.pinyin, row.search
            row.index()
            assert said == (row.pinyin, row.search)
    demand = Demand.objects.first()
    said = demand.search
    demand.save()
    assert said == demand.search


def test_the_world_is_as_large_as_asked_and_every_row_has_its_history(made):
    assert Business.objects.count() == 600
    assert Visit.objects.count() == 3000
    assert Coverage.objects.exclude(rank=0).count() > 400
    for model in world.TRACKED:
        events = model._meta.apps.get_model(
            model._meta.app_label, f"{model.__name__}Event"
        )
        assert events.objects.count() == model.objects.count()
        assert not events.objects.exclude(pgh_label="insert").exists()
    # Triggers speak again, keys go on, and what is wrong is refused.
    business = Business.objects.first()
    before = business.events.count()
    business.note = "改过"
    business.save()
    assert business.events.count() == before + 1


def test_many_businesses_stand_in_many_streets(db, monkeypatch):
    monkeypatch.setattr(world, "STREET_HOLDS", 100)
    made = world.build(250, today=TODAY)

    assert Grid.objects.filter(kind="street").count() == 3 + 1
    assert Business.objects.visible_to(made.clerk).count() == 250
    seen = Business.objects.visible_to(world.clerk_of(made.street)).count()
    assert 0 < seen < 250
