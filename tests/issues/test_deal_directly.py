"""Matters without an issue: the nearest body deals with them directly."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from issues import actions, fixing
from issues.models import Issue, Level, Matter, Measure
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    BusinessFactory,
    DemandFactory,
    GridFactory,
)
from tianshan.audit.models import Entry
from visits.models import Demand

pytestmark = pytest.mark.django_db


@pytest.fixture
def direct(demand, body, secretary):
    return actions.deal_directly([demand], wish="修好后巷路灯", by=secretary, at=NOON)


@pytest.fixture
def fix(direct, unit, secretary):
    def fixed(**changes):
        facts = {
            "content": "今天报修，三天内修好",
            "lead": unit,
            "due_on": TODAY + dt.timedelta(3),
            "by": secretary,
            "at": NOON,
            **changes,
        }
        return fixing.fix_directly(direct, **facts)

    return fixed


@pytest.fixture
def end(direct):
    def ended(**changes):
        facts = {
            "ending": "solved",
            "before": "后巷没灯",
            "after": "路灯亮了",
            "benefited": 6,
            "at": NOON,
            **changes,
        }
        return actions.end_matter(Matter.objects.get(pk=direct.pk), **facts)

    return ended


def test_the_nearest_body_of_the_place_owes_it(direct, demand, body):
    demand.refresh_from_db()
    assert (direct.body, direct.issue) == (body, None)
    assert (demand.state, demand.owed_by) == (Demand.State.JOINED, str(body))
    assert Entry.objects.filter(verb="matter.dealt_with").count() == 1


def test_several_go_into_one_matter(shop, body, secretary):
    demands = [DemandFactory(business=shop()) for _ in range(3)]

    matter = actions.deal_directly(demands, wish="修路灯", by=secretary, at=NOON)

    assert Matter.objects.common().get(pk=matter.pk).askers == 3


def test_without_a_branch_the_level_above_deals_with_it(grid, conference, chief):
    demand = DemandFactory(business=BusinessFactory(grid=grid))

    matter = actions.deal_directly([demand], wish="修路灯", by=chief, at=NOON)

    assert matter.body == conference


def test_a_place_without_any_body_refuses(grid, chief):
    demand = DemandFactory(business=BusinessFactory(grid=grid))

    with pytest.raises(actions.Refused, match="还没有议事主体"):
        actions.deal_directly([demand], wish="修路灯", by=chief, at=NOON)

    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_askers_of_two_bodies_are_dealt_with_by_the_one_above_both(
    demand, body, conference, grid, tower, chief
):
    BodyFactory(grid=grid, level=Level.BRANCH, name="楼里").buildings.add(tower)
    other = DemandFactory(business=BusinessFactory(grid=grid, building=tower))

    matter = actions.deal_directly([demand, other], wish="修路灯", by=chief, at=NOON)

    assert (matter.body, matter.building) == (conference, None)


def test_the_smallest_grid_that_holds_all_askers_is_the_place(street, chief):
    above = GridFactory(code="310105006603", parent=street)
    BodyFactory(level=Level.CONFERENCE, grid=street, name="街道联席会")
    blocks = [GridFactory(parent=above, kind="block") for _ in range(2)]
    chief.posts.update(grid=above)
    demands = [DemandFactory(business=BusinessFactory(grid=block)) for block in blocks]

    matter = actions.deal_directly(demands, wish="修路灯", by=chief, at=NOON)

    assert (matter.grid, matter.building) == (above, None)


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer"])
def test_dealing_directly_belongs_to_those_who_sort(request, demand, body, who):
    with pytest.raises(PermissionDenied):
        actions.deal_directly(
            [demand], wish="修路灯", by=request.getfixturevalue(who), at=NOON
        )


def test_the_measure_says_who_owes_and_until_when(fix, demand, unit):
    fix()

    demand.refresh_from_db()
    assert (demand.owed_by, demand.due_on) == (unit.name, TODAY + dt.timedelta(3))


@pytest.mark.parametrize("who", ["sibling", "leader", "officer", "chief"])
def test_its_measures_belong_to_its_body(request, fix, who):
    with pytest.raises(PermissionDenied):
        fix(by=request.getfixturevalue(who))


def test_the_unit_sees_its_measure_and_the_matter(fix, direct, officer):
    measure = fix()

    assert measure in Measure.objects.on_the_list_of(officer)
    assert direct in Matter.objects.visible_to(officer)


def test_it_is_finished_ended_and_told_without_an_issue(
    fix, end, direct, demand, secretary
):
    fixing.finish_measure(fix(), result="修好了", by=secretary, at=NOON)

    end(by=secretary)
    actions.tell(direct, [demand], how="visit", on=TODAY, by=secretary, at=NOON)

    demand.refresh_from_db()
    assert (demand.state, demand.outcome) == ("told", "已解决：后巷没灯 → 路灯亮了")
    assert not Issue.objects.exists()


def test_it_does_not_end_over_an_open_measure(fix, end, secretary):
    fix()

    with pytest.raises(actions.Refused, match="还有措施没有完成"):
        end(by=secretary)


@pytest.mark.parametrize("who", ["sibling", "leader", "officer", "chief"])
def test_its_ending_belongs_to_its_body(request, end, who):
    with pytest.raises(PermissionDenied):
        end(by=request.getfixturevalue(who))


def test_after_its_end_nothing_more_is_fixed(fix, end, secretary):
    end(by=secretary)

    with pytest.raises(actions.Refused):
        fix()


def test_it_is_taken_back_only_while_nothing_is_decided(direct, fix, end, secretary):
    def withdraw():
        actions.withdraw_matter(direct, reason="弄错了", by=secretary, at=NOON)

    with pytest.raises(actions.Refused, match="两年以后"):
        fix(due_on=TODAY.replace(year=TODAY.year + 3))
    measure = fix()
    with pytest.raises(actions.Refused, match="已经定了措施"):
        withdraw()
    fixing.finish_measure(measure, result="亮了", by=secretary, at=NOON)
    end(by=secretary)
    with pytest.raises(actions.Refused, match="事项现在是"):
        withdraw()


def test_the_only_matter_of_an_issue_is_not_taken_back(proposed, secretary):
    with pytest.raises(actions.Refused, match="请撤回议题"):
        actions.withdraw_matter(
            proposed.matters.get(), reason="弄错了", by=secretary, at=NOON
        )


def test_what_needs_deliberation_is_carried_into_an_issue(
    fix, direct, demand, body, secretary
):
    measure = fix()

    issue = actions.carry(direct, title="后巷照明", by=secretary, at=NOON)

    measure.refresh_from_db()
    direct.refresh_from_db()
    assert (direct.issue, direct.body, measure.issue) == (issue, None, issue)
    assert issue.body == body
    assert Entry.objects.filter(verb="matter.carried").count() == 1


def test_whoever_fixes_a_measure_too_late_is_told_that_it_was_carried(
    direct, fix, secretary
):
    actions.carry(
        Matter.objects.get(pk=direct.pk),
        title="后巷照明",
        level=Level.BRANCH,
        by=secretary,
        at=NOON,
    )
    with pytest.raises(actions.Refused, match="刚刚列入了议题"):
        fix()  # by what he had read before


def test_what_is_in_an_issue_is_not_carried_again(proposed, secretary):
    with pytest.raises(actions.Refused):
        actions.carry(proposed.matters.get(), title="再提一次", by=secretary, at=NOON)


def test_an_ended_matter_is_not_carried(end, direct, secretary):
    end(by=secretary)

    with pytest.raises(actions.Refused):
        actions.carry(direct, title="后巷照明", by=secretary, at=NOON)


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer", "chief"])
def test_carrying_belongs_to_its_body(request, direct, who):
    with pytest.raises(PermissionDenied):
        actions.carry(
            direct, title="后巷照明", by=request.getfixturevalue(who), at=NOON
        )


def test_the_pages_lead_from_the_measure_to_the_last_asker(
    direct, demand, unit, secretary, client_of
):
    client = client_of(secretary)
    page = client.get(direct.get_absolute_url())
    assert f"由{direct.body}直接办理" in page.text

    def post(name, pk, **data):
        answer = client.post(reverse(f"issues:{name}", args=[pk]), data)
        assert answer.status_code == 302, answer.context["form"].errors

    today = timezone.localdate()
    post(
        "matter_fix",
        direct.pk,
        matter=direct.pk,
        content="报修",
        lead=f"unit-{unit.pk}",
        due_on=(today + dt.timedelta(3)).isoformat(),
    )
    post("measure_finish", direct.measures.get().pk, result="修好了")
    post("matter_end", direct.pk, ending="solved", before="没灯", after="亮了")
    demand.refresh_from_db()
    post(
        "matter_tell",
        direct.pk,
        demands=demand.pk,
        how="visit",
        on=demand.outcome_on.isoformat(),
    )

    demand.refresh_from_db()
    assert demand.state == Demand.State.TOLD


def test_the_page_carries_it_into_an_issue(direct, secretary, staff, client_of):
    address = reverse("issues:matter_carry", args=[direct.pk])
    assert client_of(staff).get(address).status_code == 403
    client = client_of(secretary)
    assert address in client.get(direct.get_absolute_url()).text
    assert direct.title in client.get(address).text

    page = client.post(address, {"title": "后巷照明", "level": Level.BRANCH})

    direct.refresh_from_db()
    assert page.url == direct.issue.get_absolute_url()
    assert client.get(address).status_code == 404


def test_the_clerk_deals_with_it_for_the_chair_and_that_is_written_down(
    direct, fix, end, demand, body, clerk
):
    assert direct.may_be_decided_by(clerk)
    measure = fix(by=clerk)
    fixing.finish_measure(measure, result="亮了", by=clerk, at=NOON)
    end(by=clerk)
    actions.tell(direct, [demand], how="phone", on=TODAY, by=clerk, at=NOON)

    said = dict(Entry.objects.filter(by=clerk).values_list("verb", "on_behalf_of"))
    acts = ("measure.decided", "measure.finished", "matter.ended", "matter.told")
    assert {said[verb] for verb in acts} == {"书记"}
    assert measure.parts.get().log.first().for_whom == "书记"


def test_the_clerk_of_another_grid_does_not(direct, fix, other_grid, clerk):
    clerk.posts.update(grid=other_grid)

    assert not direct.may_be_decided_by(clerk)
    with pytest.raises(PermissionDenied):
        fix(by=clerk)
