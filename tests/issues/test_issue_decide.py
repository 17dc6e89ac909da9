import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from issues import actions
from issues.models import Issue, Level, MatterDemand
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    DemandFactory,
    HoldingFactory,
    MatterFactory,
    OfficerFactory,
    OrganizationFactory,
)
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db


def test_decide_keeps_the_opinion_and_fixes_a_measure(proposed, decide, unit):
    decide(proposed, due_on=TODAY + dt.timedelta(14))

    proposed.refresh_from_db()
    measure = proposed.measures.get()
    assert proposed.state == Issue.State.DECIDED
    assert proposed.deliberations.get().opinion == "线路可以重排。"
    assert (measure.lead, measure.due_on) == (unit, TODAY + dt.timedelta(14))
    assert set(Entry.objects.values_list("verb", flat=True)) >= {
        "issue.decided",
        "measure.decided",
    }


def test_decide_with_a_party_organisation_in_the_lead(proposed, decide, branch):
    decide(proposed, lead=branch)

    assert proposed.measures.get().lead == branch


@pytest.mark.parametrize("state", sorted(set(Issue.State) - Issue.STEPS["decide"]))
def test_decide_is_refused_from_any_other_state(proposed, decide, put, state):
    put(proposed, state)

    with pytest.raises(actions.Refused, match="状态已变化"):
        decide(proposed)


@pytest.mark.parametrize(
    "changes",
    [{"opinion": "  "}, {"content": ""}, {"due_on": TODAY - dt.timedelta(1)}],
    ids=["no opinion", "no measure", "due in the past"],
)
def test_decide_is_refused_when_half_said(proposed, decide, changes):
    with pytest.raises(actions.Refused):
        decide(proposed, **changes)

    proposed.refresh_from_db()
    assert proposed.state == Issue.State.PROPOSED
    assert not proposed.deliberations.exists()


def test_decide_is_refused_for_another_issues_matter(proposed, decide):
    with pytest.raises(actions.Refused):
        decide(proposed, matter=MatterFactory())


@pytest.mark.parametrize("who", ["staff", "sibling", "chief", "leader", "officer"])
def test_decide_at_level_one_belongs_to_the_branchs_secretary(
    request, proposed, decide, who
):
    with pytest.raises(PermissionDenied):
        decide(proposed, by=request.getfixturevalue(who))


def test_seeing_an_issue_by_a_demand_is_not_deciding_it(
    proposed, decide, sibling, client_of
):
    hers = DemandFactory(
        business__grid=sibling.building.grid,
        business__building=sibling.building,
        state="joined",
    )
    MatterDemand.objects.create(
        matter=proposed.matters.get(), demand=hers, joined_at=NOON
    )

    assert proposed in Issue.objects.visible_to(sibling)
    with pytest.raises(PermissionDenied):
        decide(proposed, by=sibling)
    page = client_of(sibling).get(reverse("issues:issue_decide", args=[proposed.pk]))
    assert page.status_code == 403


def test_the_chief_decides_at_level_three(demand, body, conference, chief, decide):
    issue = actions.propose(
        demand,
        title="甲",
        wish="乙",
        level=Level.CONFERENCE,
        by=chief,
        at=NOON,
    )

    decide(issue, by=chief)

    issue.refresh_from_db()
    assert (issue.level, issue.state) == (Level.CONFERENCE, Issue.State.DECIDED)


def test_the_chief_decides_for_a_committee_without_organisation_alone(
    demand, grid, market, chief, decide
):
    committee = BodyFactory(level=Level.COMMITTEE, grid=grid)
    committee.buildings.add(market)

    def propose(demand):
        return actions.propose(
            demand, title="甲", wish="乙", level=Level.COMMITTEE, by=chief, at=NOON
        )

    decide(propose(demand), by=chief)

    committee.organization = OrganizationFactory(name="楼宇党委", grid=grid)
    committee.save()
    second = propose(DemandFactory(business=demand.business))
    with pytest.raises(PermissionDenied):
        decide(second, by=chief)


def test_the_building_secretary_decides_in_the_committee(
    demand, grid, market, chief, decide
):
    office = OfficerFactory(
        post__role=Role.BUILDING_SECRETARY, post__grid=grid, organization__grid=grid
    )
    HoldingFactory(organization=office.organization, building=market)
    committee = BodyFactory(
        level=Level.COMMITTEE, grid=grid, organization=office.organization
    )
    secretary = office.post.user
    issue = actions.propose(
        demand, title="甲", wish="乙", level=Level.COMMITTEE, by=secretary, at=NOON
    )

    decide(issue, by=secretary)

    issue.refresh_from_db()
    assert (issue.body, issue.state) == (committee, Issue.State.DECIDED)


def test_the_page_leads_back_when_it_has_been_decided(
    proposed, decide, secretary, client_of
):
    decide(proposed)

    page = client_of(secretary).get(
        reverse("issues:issue_decide", args=[proposed.pk]), follow=True
    )

    assert "不能再办这一步" in page.text


def test_the_page_offers_leads_in_sight_alone(
    proposed, secretary, unit, sibling, client_of
):
    page = client_of(secretary).get(reverse("issues:issue_decide", args=[proposed.pk]))

    assert "市容部门" in page.text
    assert "天山茶市党支部" in page.text
    assert "金虹桥党支部" not in page.text


@pytest.fixture
def lines(proposed, unit):
    """What the form sends: one measure, the branch's line, and a line left blank."""

    def sent(holder, **changes):
        blank = {"holder": "", "content": "", "due_on": ""}
        rows = [{**blank, "holder": holder, "content": "挨家告知新时间"}, blank]
        form = {
            "opinion": "线路可以重排。",
            "matter": proposed.matters.get().pk,
            "content": "每天 8 点以前清运",
            "lead": f"unit-{unit.pk}",
            "due_on": timezone.localdate() + dt.timedelta(14),
            "support-TOTAL_FORMS": len(rows),
            "support-INITIAL_FORMS": 0,
        }
        for number, row in enumerate(rows):
            form |= {f"support-{number}-{name}": value for name, value in row.items()}
        return form | changes

    return sent


def post(client, issue, form):
    return client.post(reverse("issues:issue_decide", args=[issue.pk]), form)


def test_one_form_fixes_the_measure_and_who_supports_it(
    proposed, lines, branch, secretary, client_of
):
    post(client_of(secretary), proposed, lines(f"organization-{branch.pk}"))

    part = proposed.measures.get().parts.get(lead=False)
    assert (part.holder, part.content) == (branch, "挨家告知新时间")
    assert part.due_on == part.measure.due_on


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"support-0-holder": ""}, "请选由谁协办。"),
        ({"support-0-content": " "}, "请写协办做什么。"),
        ({"support-0-due_on": "2099-01-01"}, "协办的期限不能晚于"),
    ],
    ids=["nobody", "nothing", "later than the measure"],
)
def test_a_supporting_line_half_filled_fixes_nothing(
    proposed, lines, branch, secretary, client_of, changes, words
):
    form = lines(f"organization-{branch.pk}", **changes)
    page = post(client_of(secretary), proposed, form)

    assert words in page.text
    assert not proposed.measures.exists()


def test_who_leads_does_not_support_too(proposed, lines, unit, secretary, client_of):
    page = post(client_of(secretary), proposed, lines(f"unit-{unit.pk}"))

    assert "已是主办，不用再列协办" in page.text
    assert not proposed.measures.exists()
