import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions, fixing
from issues.models import Issue, Matter, MatterDemand
from tests.factories import NOON, TODAY, DemandFactory
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(proposed, decide, secretary):
    decide(proposed)
    fixing.finish_measure(
        proposed.measures.get(), result="已改线", by=secretary, at=NOON
    )
    proposed.refresh_from_db()
    return proposed


@pytest.fixture
def end(secretary):
    def ended(matter, **changes):
        facts = {
            "ending": "solved",
            "before": "上午 9 点",
            "after": "8 点以前",
            "benefited": None,
            "by": secretary,
            "at": NOON,
            **changes,
        }
        return actions.end_matter(matter, **facts)

    return ended


def test_end_hands_the_outcome_to_every_demand(finished, demand, end):
    end(finished.matters.get(), benefited=412)

    demand.refresh_from_db()
    finished.refresh_from_db()
    assert demand.state == Demand.State.ENDED
    assert demand.outcome == "已解决：上午 9 点 → 8 点以前"
    assert demand.tell_by is not None
    assert finished.state == Issue.State.FEEDBACK
    assert finished.matters.get().ended_on == TODAY
    assert Entry.objects.filter(verb="matter.ended").count() == 1


def test_end_reaches_the_demands_of_another_branch_too(finished, end, sibling):
    hers = DemandFactory(
        business__grid=sibling.building.grid,
        business__building=sibling.building,
        state="joined",
    )
    MatterDemand.objects.create(
        matter=finished.matters.get(), demand=hers, joined_at=NOON
    )

    end(finished.matters.get())

    hers.refresh_from_db()
    assert hers.state == Demand.State.ENDED


def test_an_issue_of_two_matters_waits_for_the_other(finished, end, secretary, shop):
    other = Matter.objects.create(
        title="租金按季交", issue=finished, grid=finished.grid, raised_on=TODAY
    )

    end(finished.matters.exclude(pk=other.pk).get())

    finished.refresh_from_db()
    assert finished.state == Issue.State.IN_PROGRESS


def test_end_is_refused_over_an_unfinished_measure(proposed, decide, end):
    decide(proposed)

    with pytest.raises(actions.Refused, match="还有措施没有完成"):
        end(proposed.matters.get())


@pytest.mark.parametrize(
    ("ending", "before", "after"),
    [
        ("solved", "", "8 点以前"),
        ("solved", "上午 9 点", " "),
        ("partly", "", ""),
        ("explained", "上午 9 点", ""),
    ],
)
def test_end_is_refused_when_it_does_not_say_what_changed(
    finished, end, ending, before, after
):
    with pytest.raises(actions.Refused):
        end(finished.matters.get(), ending=ending, before=before, after=after)


@pytest.mark.parametrize("ending", ["explained", "passed_up", "enforcement"])
def test_an_honest_other_ending_says_why(finished, demand, end, ending):
    elsewhere = {"passed_to": "区里", "outside_number": "7"}
    end(
        finished.matters.get(),
        ending=ending,
        before="",
        after="合同未到期",
        **elsewhere,
    )

    demand.refresh_from_db()
    assert demand.outcome == f"{Matter.Ending(ending).label}：合同未到期"


def test_end_is_refused_twice(finished, end):
    end(finished.matters.get())

    with pytest.raises(actions.Refused):
        end(finished.matters.get())


@pytest.mark.parametrize("state", sorted(set(Issue.State) - Issue.STEPS["end_matter"]))
def test_end_is_refused_from_any_other_state(finished, put, end, state):
    put(finished, state)

    with pytest.raises(actions.Refused):
        end(finished.matters.get())


@pytest.mark.parametrize("who", ["staff", "sibling", "chief", "leader", "officer"])
def test_end_belongs_to_the_body(request, finished, end, who):
    with pytest.raises(PermissionDenied):
        end(finished.matters.get(), by=request.getfixturevalue(who))


def test_the_form_asks_what_it_was_like_before(finished, secretary, client_of):
    matter = finished.matters.get()

    page = client_of(secretary).post(
        reverse("issues:matter_end", args=[matter.pk]),
        {"ending": "solved", "after": "8 点以前"},
    )

    assert "请写清原来是什么样" in page.text
    matter.refresh_from_db()
    assert matter.state == Matter.State.OPEN
