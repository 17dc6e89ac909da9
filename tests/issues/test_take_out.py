import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions
from tests.factories import NOON, TODAY, DemandFactory
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db


@pytest.fixture
def joined(proposed, decide, shop, secretary):
    """A second demand, put into the matter after a measure was fixed."""
    decide(proposed)
    late = DemandFactory(
        business=shop(), words="干湿垃圾车反复进出", due_on=TODAY + dt.timedelta(5)
    )
    return actions.join(proposed.matters.get(), late, by=secretary, at=NOON)


def test_take_out_restores_the_demand_as_it_was(joined, proposed, secretary):
    actions.take_out(joined, by=secretary, at=NOON)

    joined.refresh_from_db()
    assert joined.state == Demand.State.NEW
    assert (joined.due_on, joined.owed_by) == (TODAY + dt.timedelta(5), "党支部")
    assert joined.words == "干湿垃圾车反复进出"
    assert joined.dues.count() == 3  # all that it ever had stays on show
    matter = proposed.matters.get()
    assert not matter.links.in_force().filter(demand=joined).exists()
    assert matter.links.filter(demand=joined, left_at=NOON).exists()
    assert Entry.objects.filter(verb="matter.left").count() == 1


def test_what_was_taken_out_may_join_again(joined, proposed, secretary):
    actions.take_out(joined, by=secretary, at=NOON)

    actions.join(proposed.matters.get(), joined, by=secretary, at=NOON)

    joined.refresh_from_db()
    assert joined.owed_by == "市容部门"


def test_the_last_one_stays_in(proposed, demand, secretary):
    with pytest.raises(actions.Refused, match="只剩这一件"):
        actions.take_out(demand, by=secretary, at=NOON)

    demand.refresh_from_db()
    assert demand.state == Demand.State.JOINED


def test_take_out_is_refused_for_a_demand_in_no_matter(demand, secretary):
    with pytest.raises(actions.Refused, match="不在任何事项"):
        actions.take_out(demand, by=secretary, at=NOON)


def test_take_out_is_refused_once_the_matter_has_ended(ended, demand, secretary):
    with pytest.raises(actions.Refused):
        actions.take_out(demand, by=secretary, at=NOON)


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_take_out_belongs_to_those_who_may_propose_for_the_asker(request, joined, who):
    with pytest.raises(PermissionDenied):
        actions.take_out(joined, by=request.getfixturevalue(who), at=NOON)


def test_the_button_takes_out(joined, secretary, client_of):
    page = client_of(secretary).post(reverse("issues:take_out", args=[joined.pk]))

    assert page.status_code == 302
    joined.refresh_from_db()
    assert joined.state == Demand.State.NEW
