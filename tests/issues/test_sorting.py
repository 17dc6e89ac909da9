"""Sorting several demands in one press, and taking it back."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions, sorting
from issues.models import Issue, Level, Matter, Sorting
from issues.taking import Refused
from tests.factories import (
    NOON,
    TODAY,
    DemandFactory,
    MatterDemandFactory,
    fields_of,
)
from tianshan.audit.models import Entry
from visits import actions as visits
from visits.models import Demand, Photo
from visits.steps import next_steps

pytestmark = pytest.mark.django_db

REASON = "不属街道职权，请向业主方的物业服务中心反映。"


@pytest.fixture
def two(shop, body):
    return [DemandFactory(business=shop()) for _ in range(2)]


def rows_of(demands):
    """All that is stored of the demands, and of what hangs on them."""
    keys = [demand.pk for demand in demands]
    return {
        "demands": list(Demand.objects.filter(pk__in=keys).order_by("pk").values()),
        "photos": list(Photo.objects.order_by("pk").values()),
        "askers": [
            (row.business_id, row.business.name)
            for row in Demand.objects.filter(pk__in=keys).order_by("pk")
        ],
    }


ACTS = {
    "answer": lambda two, how: sorting.answer(two, words="已修好。", **how),
    "decline": lambda two, how: sorting.decline(two, reason=REASON, **how),
    "join": lambda two, how: sorting.join(
        two,
        matter=MatterDemandFactory(matter__issue__body=how.pop("body")).matter,
        **how,
    ),
    "direct": lambda two, how: sorting.deal_directly(two, wish="修路灯", **how),
    "issue": lambda two, how: sorting.propose(
        two, title="后巷照明", wish="修路灯", level=Level.BRANCH, **how
    ),
}


@pytest.fixture
def sort(two, body, secretary):
    """`sort(kind)`: both sorted that way by the secretary."""

    def sorted_(kind, demands=None, by=secretary):
        how = {"by": by, "at": NOON}
        if kind == "join":
            how["body"] = body
        return ACTS[kind](demands or two, how)

    return sorted_


STATES = {
    "answer": "answered",
    "decline": "declined",
    "join": "joined",
    "direct": "joined",
    "issue": "joined",
}


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_all_that_were_chosen_go_the_same_way(two, sort, kind):
    done = sort(kind)

    states = Demand.objects.filter(pk__in=[one.pk for one in two])
    assert set(states.values_list("state", flat=True)) == {STATES[kind]}
    assert (done.kind, done.rows.count()) == (kind, 2)
    assert Entry.objects.filter(verb="sorting.done").count() == 1


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_undo_restores_words_photos_askers_and_dates_exactly(
    two, sort, kind, secretary
):
    before = rows_of(two)

    left = sorting.undo(sort(kind), by=secretary, at=NOON)

    assert left == []
    assert rows_of(two) == before
    assert Entry.objects.filter(verb="sorting.undone").count() == 1
    assert two[0] in sorting.to_sort(secretary)


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_what_was_undone_is_sorted_again(two, sort, kind, secretary):
    sorting.undo(sort(kind), by=secretary, at=NOON)

    sort(kind)

    assert Sorting.objects.standing().count() == 1


@pytest.mark.parametrize("kind", sorted(ACTS))
@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_sorting_belongs_to_those_who_sort_for_the_asker(request, sort, kind, who):
    with pytest.raises(PermissionDenied):
        sort(kind, by=request.getfixturevalue(who))


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_so_does_undoing(request, sort, who):
    done = sort("answer")

    with pytest.raises(PermissionDenied):
        sorting.undo(done, by=request.getfixturevalue(who), at=NOON)


def test_a_clerk_sorts_on_the_chiefs_behalf_and_it_is_recorded(two, sort, clerk):
    done = sort("direct", by=clerk)

    assert done.for_whom == "网格长"
    assert Entry.objects.get(verb="sorting.done").data["for_whom"] == "网格长"


def test_the_chief_sorts_for_himself(two, sort, chief):
    assert sort("direct", by=chief).for_whom == ""


def test_one_that_cannot_go_keeps_all_of_them(two, sort):
    Demand.objects.filter(pk=two[1].pk).update(state="joined")

    with pytest.raises(actions.Refused):
        sort("answer")

    two[0].refresh_from_db()
    assert two[0].state == Demand.State.NEW
    assert not Sorting.objects.exists()


def test_nobody_undoes_twice(sort, secretary):
    done = sort("answer")
    sorting.undo(done, by=secretary, at=NOON)

    with pytest.raises(actions.Refused, match="已经撤销过"):
        sorting.undo(done, by=secretary, at=NOON)


def test_what_was_told_meanwhile_stays_and_is_named(two, sort, secretary):
    done = sort("answer")
    visits.tell(two[0], how="phone", on=TODAY, by=secretary, at=NOON)

    left = sorting.undo(done, by=secretary, at=NOON)

    assert left == [two[0]]
    two[1].refresh_from_db()
    assert two[1].state == Demand.State.NEW


def test_a_matter_that_others_joined_is_not_taken_back(sort, shop, secretary):
    done = sort("direct")
    actions.join(done.matter, DemandFactory(business=shop()), by=secretary, at=NOON)

    with pytest.raises(actions.Refused, match="已经并入别的诉求"):
        sorting.undo(done, by=secretary, at=NOON)


def test_a_new_matter_that_is_taken_back_counts_no_more(sort, secretary):
    done = sort("direct")

    sorting.undo(done, by=secretary, at=NOON)

    assert Matter.objects.get().state == Matter.State.WITHDRAWN
    assert not Matter.objects.standing().exists()


def test_a_new_issue_that_is_taken_back_is_withdrawn(sort, secretary):
    done = sort("issue")

    sorting.undo(done, by=secretary, at=NOON)

    assert Issue.objects.get().state == Issue.State.WITHDRAWN


def test_confidential_ones_are_left_to_their_handler(shop, body, sort, clerk):
    hidden = DemandFactory(business=shop(), confidential=True, handler=clerk)

    with pytest.raises(actions.Refused, match="保密"):
        sort("answer", [hidden], by=clerk)


# --- what waits to be sorted -----------------------------------------------------------


def test_new_ones_and_those_not_satisfied_wait_danger_first(shop, secretary):
    new = DemandFactory(business=shop())
    urgent = DemandFactory(business=shop(), urgent=True)
    again = DemandFactory(
        business=shop(), state="reopened", due_on=TODAY, **fields_of("reopened")
    )
    twice = DemandFactory(business=shop(), state="at_body", **fields_of("at_body"))
    DemandFactory(business=shop(), state="told", **fields_of("told"))

    assert list(sorting.to_sort(secretary)) == [urgent, twice, again, new]


def test_another_branch_sees_none_of_them(two, sibling, stranger):
    assert not sorting.to_sort(sibling)
    assert not sorting.to_sort(stranger)


@pytest.mark.parametrize("state", ["reopened", "at_body"])
def test_one_not_satisfied_goes_on_in_a_matter_and_stays_so(
    shop, body, sort, secretary, state
):
    def offered(demand):
        return {step["step"] for step in next_steps(demand, secretary)}

    demand = DemandFactory(business=shop(), state=state, **fields_of(state))

    done = sort("direct", [demand])

    demand.refresh_from_db()
    assert (demand.state, demand.owed_by) == (state, str(body))
    assert demand not in sorting.to_sort(secretary)
    # The matter answers it, so nobody is offered to answer it beside.
    assert not offered(demand) & {"answer", "explain", "join"}
    with pytest.raises(actions.Refused):  # it stands in the way of nothing twice
        sort("direct", [demand])
    sorting.undo(done, by=secretary, at=NOON)
    assert offered(demand) & {"answer", "explain"}
    assert demand in sorting.to_sort(secretary)


def test_one_whose_matter_ended_without_satisfying_goes_on_in_another(
    shop, body, sort, secretary
):
    demand = DemandFactory(business=shop(), state="at_body", **fields_of("at_body"))
    old = MatterDemandFactory(
        demand=demand,
        matter__issue__body=body,
        matter__state="ended",
        matter__ending="explained",
        matter__ended_on=TODAY,
    )

    done = sort("direct", [demand])

    assert list(demand.links.in_force()) == [done.matter.links.get()]
    sorting.undo(done, by=secretary, at=NOON)
    assert list(demand.links.in_force()) == [old]


def test_its_matters_ending_is_its_answer_and_the_rating_stays(
    shop, body, sort, secretary
):
    demand = DemandFactory(business=shop(), state="at_body", **fields_of("at_body"))
    done = sort("direct", [demand])

    actions.end_matter(
        done.matter,
        ending="explained",
        before="",
        after="合同未到期",
        benefited=None,
        by=secretary,
        at=NOON,
    )

    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == ("ended", False)


@pytest.fixture
def gathered(proposed, shop, secretary):
    """`gathered(*demands)`: sorted into the issue that is proposed already."""

    def put(*demands):
        rows = list(demands) or [DemandFactory(business=shop()) for _ in range(2)]
        wish = "租金按季缴纳"
        return sorting.propose(rows, issue=proposed, wish=wish, by=secretary, at=NOON)

    return put


def test_one_more_matter_is_gathered_into_an_issue_and_taken_back(
    proposed, gathered, secretary
):
    done = gathered()
    assert proposed.matters.open().count() == 2
    assert done.matter.links.in_force().count() == 2

    sorting.undo(done, by=secretary, at=NOON)

    proposed.refresh_from_db()
    assert proposed.state == "proposed"
    assert [matter.title for matter in proposed.matters.open()] == ["避开开市清运"]
    states = {row.demand.state for row in done.rows.select_related("demand")}
    assert states == {"new"}


def test_what_is_decided_meanwhile_keeps_its_matters(
    proposed, gathered, decide, secretary
):
    done = gathered()
    decide(proposed, matter=proposed.matters.first())

    with pytest.raises(Refused, match="状态已变化"):
        sorting.undo(done, by=secretary, at=NOON)
    assert proposed.matters.open().count() == 2


def test_the_page_offers_issues_that_are_not_decided(
    proposed, demand, shop, secretary, decide, client_of
):
    other = DemandFactory(business=shop())
    client = client_of(secretary)
    page = client.get(reverse("issues:triage") + "?to=issue").text
    assert f'<option value="{proposed.pk}">{proposed.title}</option>' in page

    form = {"on": other.pk, "to": "issue", "issue": proposed.pk, "wish": "租金按季"}
    client.post(reverse("issues:triage"), form)
    assert proposed.matters.open().count() == 2

    decide(proposed, matter=proposed.matters.first())
    third = DemandFactory(business=shop())
    page = client.post(reverse("issues:triage"), form | {"on": third.pk})
    assert page.status_code == 400
