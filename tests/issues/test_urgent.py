"""Danger to people goes round the sorting."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from issues.models import Matter, Measure
from tests.factories import (
    NOON,
    TODAY,
    CategoryFactory,
    DemandFactory,
    PostFactory,
    UnitFactory,
    UnitOfficerFactory,
)
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice
from tianshan.workdays import Calendar
from visits import actions as visits
from visits.models import Demand

pytestmark = pytest.mark.django_db


@pytest.fixture
def danger():
    return CategoryFactory(name="紧急险情", urgent=True)


@pytest.fixture
def city(grid):
    return UnitFactory(name="街道城运中心", field="城运", grid=grid)


@pytest.fixture
def city_officer(grid, city):
    return UnitOfficerFactory(post__grid=grid, unit=city).post.user


@pytest.fixture
def ask(shop, danger, staff):
    def asked(**how):
        facts = {
            "category": danger,
            "words": "后厨有煤气味，关不掉。",
            "source": "call",
            "raised_on": TODAY,
            "by": staff,
            "at": NOON,
            **how,
        }
        return visits.raise_demand(shop(), **facts)

    return asked


def test_it_is_handed_to_the_body_and_the_city_operation_unit_at_once(ask, body, city):
    demand = Demand.objects.get(pk=ask().pk)

    measure = Measure.objects.get()
    due_on = Calendar.load().add(TODAY, 1)
    assert (demand.state, demand.urgent) == ("joined", True)
    assert (demand.owed_by, demand.due_on) == (city.name, due_on)
    assert (measure.lead, measure.due_on) == (city, due_on)
    assert (measure.matter.body, measure.issue) == (body, None)


def test_chair_and_officers_are_told(ask, body, city_officer, secretary, grid):
    body.chair = PostFactory(user=secretary, grid=grid, role="branch_secretary")
    body.chair_title = "书记"
    body.save()

    ask()

    assert {notice.to for notice in Notice.objects.all()} == {secretary, city_officer}


def test_without_a_body_it_waits_first_on_the_sorting_page(ask, grid):
    demand = ask()

    assert (demand.state, demand.urgent) == ("new", True)


def test_without_a_city_operation_unit_the_body_owes_it(ask, body):
    demand = Demand.objects.get(pk=ask().pk)

    assert (demand.owed_by, Measure.objects.count()) == (str(body), 0)


def test_what_a_shop_sends_by_its_card_is_handed_over_too(shop, danger, body, city):
    demand, _ = visits.receive_demand(
        shop(), category=danger, words="楼道冒烟", at=NOON
    )

    assert Demand.objects.get(pk=demand.pk).owed_by == city.name


def test_a_confidential_one_stays_its_handlers(ask, body, clerk):
    demand = ask(handler=clerk)

    assert (demand.state, demand.owed_by) == ("new", clerk.display_name)


def test_an_ordinary_category_waits_to_be_sorted(ask, body):
    assert ask(category=CategoryFactory()).state == "new"


def test_one_that_waits_may_be_marked(demand, body, city, secretary):
    visits.mark_urgent(demand, by=secretary, at=NOON)

    demand.refresh_from_db()
    assert (demand.state, demand.urgent) == ("joined", True)
    assert demand.due_on == Calendar.load().add(timezone.localdate(NOON), 1)
    assert Entry.objects.filter(verb="demand.urgent").count() == 1
    assert Matter.objects.get().title == "紧急安全：天山茶城"


def test_marking_never_gives_more_time(shop, body, secretary):
    late = DemandFactory(business=shop(), due_on=TODAY)

    visits.mark_urgent(late, by=secretary, at=NOON)

    late.refresh_from_db()
    assert late.due_on == TODAY


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_marking_belongs_to_those_who_sort(request, demand, body, who):
    with pytest.raises(PermissionDenied):
        visits.mark_urgent(demand, by=request.getfixturevalue(who), at=NOON)


@pytest.mark.parametrize(
    "state", sorted(set(Demand.State) - Demand.STEPS["mark_urgent"])
)
def test_marking_is_refused_in_any_other_state(demand, secretary, state):
    demand.state = state
    assert "mark_urgent" not in demand.open_steps
