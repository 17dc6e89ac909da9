import pytest
from django.core.exceptions import PermissionDenied

from issues import actions
from issues.models import Issue
from tests.factories import NOON, DemandFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(proposed, shop, secretary):
    def added(**changes):
        demand = DemandFactory(business=shop(), words="租金一次交一年，压力大")
        facts = {"wish": "租金按季缴纳", "by": secretary, "at": NOON, **changes}
        return actions.add_matter(proposed, demand, **facts)

    return added


def test_an_issue_gathers_one_more_matter(proposed, add):
    matter = add()

    assert set(proposed.matters.values_list("title", flat=True)) == {
        "避开开市清运",
        "租金按季缴纳",
    }
    assert matter.links.in_force().count() == 1
    assert Entry.objects.filter(verb="matter.added").count() == 1


@pytest.mark.parametrize("state", sorted(set(Issue.State) - Issue.STEPS["add_matter"]))
def test_add_matter_is_refused_from_any_other_state(proposed, put, add, state):
    put(proposed, state)

    with pytest.raises(actions.Refused):
        add()


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_add_matter_belongs_to_those_who_may_propose(request, add, who):
    with pytest.raises(PermissionDenied):
        add(by=request.getfixturevalue(who))
