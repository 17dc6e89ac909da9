"""The acts that change coverage: what each writes, what it refuses, how it is undone."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import F

from accounts.rights import Role
from enterprises import coverage
from enterprises.coverage import Refused
from enterprises.models import Business, Coverage, CoverageAct
from party.models import OrganizationBuilding, PartyOrganization
from tests.factories import (
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    HoldingFactory,
    OfficerFactory,
    OrganizationFactory,
)
from tianshan.audit.models import Entry

Kind = PartyOrganization.Kind
Mode = Coverage.Mode
MONTH = dt.timedelta(days=30)


def organization(grid, kind, **facts):
    return OrganizationFactory(grid=grid, kind=kind, **facts)


def in_force(day=TODAY):
    """`{business: {mode: organisation}}` of all that is in force on the day."""
    found = {}
    for row in Coverage.objects.in_force(day).select_related("organization"):
        found.setdefault(row.business_id, {})[row.mode] = row.organization
    return found


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.fixture
def branch(grid):
    return organization(grid, Kind.QUARTER_BRANCH, name="天山茶市党支部")


# --- 单独组建 ------------------------------------------------------------------------


def set_up(business, by, **facts):
    return coverage.set_up(
        business,
        **{
            "name": f"{business.name}党支部",
            "members_full": 3,
            "on": TODAY,
            "by": by,
            "at": NOON,
            **facts,
        },
    )


def test_set_up_makes_the_organisation_and_its_coverage_with_the_paper(clerk, grid):
    business = BusinessFactory(grid=grid, name="春晓科技")
    act = set_up(
        business,
        clerk,
        approved_by="街道社区党委",
        approved_to="春晓科技",
        approved_on=TODAY,
        approval_number="天社委〔2026〕7号",
    )
    made = act.organization
    assert (made.name, made.kind, made.establishment) == (
        "春晓科技党支部",
        Kind.BRANCH,
        "631",
    )
    assert (made.founded_on, made.members_full) == (TODAY, 3)
    assert (act.paper_by, act.paper_number, act.paper_on) == (
        "街道社区党委",
        "天社委〔2026〕7号",
        TODAY,
    )
    assert in_force() == {business.pk: {Mode.OWN: made}}
    assert Coverage.objects.get().act == act
    assert verbs() == ["organization.founded", "coverage.set_up"]


def test_set_up_with_two_full_members_needs_a_reason(clerk, grid):
    business = BusinessFactory(grid=grid)
    with pytest.raises(Refused, match="不足 3 名"):
        set_up(business, clerk, members_full=2)
    act = set_up(business, clerk, members_full=2, reason="一名预备党员即将转正")
    assert act.reason == "一名预备党员即将转正"


def test_set_up_is_refused_where_an_own_organisation_answers_already(clerk, grid):
    business = BusinessFactory(grid=grid)
    set_up(business, clerk)
    with pytest.raises(Refused, match="不能再组建一个"):
        set_up(business, clerk, name="另一个党支部")


def test_set_up_refuses_a_name_that_is_taken(clerk, grid, branch):
    with pytest.raises(Refused, match="名称不能重复"):
        set_up(BusinessFactory(grid=grid), clerk, name=branch.name)
    assert not CoverageAct.objects.exists()


# --- 联合组建 ------------------------------------------------------------------------


def join(organization, businesses, by, **facts):
    return coverage.join(organization, businesses, on=TODAY, by=by, at=NOON, **facts)


def test_join_takes_five_and_asks_why_before_a_sixth(clerk, grid):
    joint = organization(grid, Kind.JOINT_BRANCH)
    shops = BusinessFactory.create_batch(6, grid=grid)
    act = join(joint, shops[:5], clerk)
    assert act.businesses == 5

    with pytest.raises(Refused, match="共 6 家"):
        join(joint, shops[5:], clerk)
    join(joint, shops[5:], clerk, reason="同一楼层，党员一起过组织生活")
    assert in_force() == {shop.pk: {Mode.JOINT: joint} for shop in shops}
    assert verbs() == ["coverage.join", "coverage.join"]


def test_join_leaves_out_those_who_are_in_already(clerk, grid):
    joint = organization(grid, Kind.JOINT_BRANCH)
    shops = BusinessFactory.create_batch(2, grid=grid)
    join(joint, shops[:1], clerk)
    assert join(joint, shops, clerk).businesses == 1
    with pytest.raises(Refused, match="已经在"):
        join(joint, shops, clerk)


# --- 楼宇·市场·街区 ------------------------------------------------------------------


def take_in(organization, building, by, on=TODAY, **facts):
    return coverage.take_in(organization, building, on=on, by=by, at=NOON, **facts)


def test_take_in_covers_all_who_operate_in_the_building_and_holds_it(
    clerk, grid, market, branch
):
    shops = BusinessFactory.create_batch(3, grid=grid, building=market)
    BusinessFactory(grid=grid, building=market, state=Business.State.CLOSED)
    BusinessFactory(grid=grid, building=market, kind=Business.Kind.PROPERTY)
    BusinessFactory(grid=grid)
    act = take_in(branch, market, clerk)
    assert act.businesses == 3
    assert in_force() == {shop.pk: {Mode.PLACE: branch} for shop in shops}
    assert list(branch.holdings.values_list("building", "since")) == [
        (market.pk, TODAY)
    ]
    assert verbs() == ["coverage.take_in"]


def test_take_in_again_takes_the_newcomers_from_the_day_they_came(
    clerk, grid, market, branch
):
    first = BusinessFactory(grid=grid, building=market)
    take_in(branch, market, clerk, on=TODAY - MONTH)
    came = TODAY - dt.timedelta(days=3)
    second = BusinessFactory(grid=grid, building=market, discovered_on=came)
    assert list(coverage.to_take_in(branch, market, on=TODAY, by=clerk)) == [second]
    assert take_in(branch, market, clerk, on=TODAY - MONTH).businesses == 1
    since = dict(Coverage.objects.values_list("business", "since"))
    assert since == {first.pk: TODAY - MONTH, second.pk: came}
    assert branch.holdings.count() == 1
    with pytest.raises(Refused, match="都已经纳入"):
        take_in(branch, market, clerk)


@pytest.mark.parametrize("kind", sorted(set(Kind) - coverage.MAY_COVER["take_in"]))
def test_take_in_is_no_act_of_other_kinds(clerk, grid, market, kind):
    BusinessFactory(grid=grid, building=market)
    with pytest.raises(Refused, match="不能由"):
        take_in(organization(grid, kind), market, clerk)


# --- 兜底 ----------------------------------------------------------------------------


def backstop(organization, place, by, **facts):
    facts = {"contact": "网格党建联络员", **facts}
    return coverage.backstop(organization, place, on=TODAY, by=by, at=NOON, **facts)


def test_backstop_takes_a_grid_at_once_and_only_those_under_nobody(
    clerk, grid, market, branch
):
    covered = BusinessFactory(grid=grid, building=market)
    take_in(branch, market, clerk)
    bare = BusinessFactory.create_batch(2, grid=grid)
    regional = organization(grid, Kind.REGIONAL)
    act = backstop(regional, grid, clerk)
    assert act.businesses == 2
    assert Coverage.objects.filter(act=act, contact="网格党建联络员").count() == 2
    assert in_force() == {
        covered.pk: {Mode.PLACE: branch},
        **{shop.pk: {Mode.REGIONAL: regional} for shop in bare},
    }


def test_backstop_may_stand_behind_those_who_are_covered(clerk, grid, market, branch):
    shop = BusinessFactory(grid=grid, building=market)
    take_in(branch, market, clerk)
    regional = organization(grid, Kind.REGIONAL)
    backstop(regional, market, clerk, everyone=True)
    assert in_force() == {shop.pk: {Mode.PLACE: branch, Mode.REGIONAL: regional}}


def test_backstop_names_a_contact(clerk, grid):
    BusinessFactory(grid=grid)
    with pytest.raises(Refused, match="联系人"):
        backstop(organization(grid, Kind.REGIONAL), grid, clerk, contact="")


# --- the end of it -------------------------------------------------------------------


def test_end_ends_one_coverage_with_a_reason(clerk, grid):
    row = CoverageFactory(business__grid=grid)
    other = CoverageFactory(business__grid=grid, organization=row.organization)
    act = coverage.end(row, on=TODAY, reason="搬到别的区", by=clerk, at=NOON)
    row.refresh_from_db()
    assert (row.until, row.ended_by, act.reason) == (TODAY, act, "搬到别的区")
    assert list(in_force()) == [other.business_id]
    with pytest.raises(Refused, match="已于"):
        coverage.end(row, on=TODAY, reason="再来一次", by=clerk, at=NOON)


def test_end_is_refused_before_the_beginning_and_ahead_of_time(clerk, grid):
    row = CoverageFactory(business__grid=grid, since=TODAY)
    for day in (TODAY - MONTH, TODAY + MONTH):
        with pytest.raises(Refused):
            coverage.end(row, on=day, reason="写错的日期", by=clerk, at=NOON)


def dissolve(organization, by, **facts):
    facts = {"on": TODAY, "reason": "任务完成", "number": "", **facts}
    return coverage.dissolve(organization, by=by, at=NOON, **facts)


def test_dissolve_ends_all_and_who_is_left_falls_to_the_next(
    clerk, grid, market, branch
):
    shops = BusinessFactory.create_batch(2, grid=grid, building=market)
    take_in(branch, market, clerk, on=TODAY - MONTH)
    regional = organization(grid, Kind.REGIONAL)
    backstop(regional, market, clerk, everyone=True)

    act = dissolve(branch, clerk, number="天社委〔2026〕9号")
    branch.refresh_from_db()
    assert (branch.dissolved_on, branch.dissolved_why) == (TODAY, "任务完成")
    assert branch.dissolved_number == act.paper_number == "天社委〔2026〕9号"
    assert act.businesses == 2
    assert in_force() == {shop.pk: {Mode.REGIONAL: regional} for shop in shops}
    assert in_force(TODAY - MONTH) == {shop.pk: {Mode.PLACE: branch} for shop in shops}
    assert branch.holdings.get().until == TODAY


def test_dissolve_hands_the_buildings_to_another(clerk, grid, market, branch):
    BusinessFactory(grid=grid, building=market)
    take_in(branch, market, clerk, on=TODAY - MONTH)
    committee = organization(grid, Kind.BUILDING_COMMITTEE)
    dissolve(branch, clerk, hand_to=committee)
    assert committee.holdings.get().building == market


def test_dissolve_is_refused_while_an_organisation_below_stands(clerk, grid, branch):
    below = OrganizationFactory(grid=grid, parent=branch)
    with pytest.raises(Refused, match="下级"):
        dissolve(branch, clerk)
    dissolve(below, clerk)
    dissolve(branch, clerk)


def test_a_dissolved_organisation_covers_nobody_anew(clerk, grid, market, branch):
    BusinessFactory(grid=grid, building=market)
    dissolve(branch, clerk)
    with pytest.raises(Refused, match="撤销"):
        take_in(branch, market, clerk)


# --- undo ----------------------------------------------------------------------------


def everything():
    """All that holds or held on some day; what was never in force is nothing."""
    rows = Coverage.objects.exclude(until=F("since"))
    holdings = OrganizationBuilding.objects.exclude(until=F("since"))
    return [
        sorted(rows.values_list(*found), key=str)
        for rows, found in (
            (rows, ["business", "organization", "mode", "since", "until"]),
            (holdings, ["organization", "building", "since", "until"]),
            (PartyOrganization.objects.standing(TODAY), ["name", "dissolved_why"]),
        )
    ]


@pytest.fixture
def covered(clerk, grid, market, branch):
    """A market under its branch for a month, the regional one behind it."""
    BusinessFactory.create_batch(2, grid=grid, building=market)
    take_in(branch, market, clerk, on=TODAY - MONTH)
    regional = organization(grid, Kind.REGIONAL, name="区域性党组织")
    backstop(regional, market, clerk, everyone=True)
    return regional


def acts_on(branch, market, clerk):
    """Each act on the covered market, by its kind, ready to be done."""
    grid, shop = market.grid, Business.objects.order_by("pk").first()
    joint = organization(grid, Kind.JOINT_BRANCH)
    committee = organization(grid, Kind.BUILDING_COMMITTEE)
    whole_grid = organization(grid, Kind.GRID)
    place = shop.coverages.get(mode=Mode.PLACE)
    return {
        "set_up": lambda: set_up(shop, clerk),
        "join": lambda: join(joint, [shop], clerk),
        "take_in": lambda: take_in(committee, market, clerk),
        "backstop": lambda: backstop(whole_grid, market, clerk, everyone=True),
        "end": lambda: coverage.end(place, on=TODAY, reason="误办", by=clerk, at=NOON),
        "dissolve": lambda: dissolve(branch, clerk, hand_to=committee),
    }


@pytest.mark.parametrize("kind", CoverageAct.Kind.values)
def test_void_puts_everything_back(clerk, branch, market, covered, kind):
    act_now = acts_on(branch, market, clerk)[kind]
    before = everything()
    act = act_now()
    assert everything() != before
    assert coverage.void(act, reason="办错了", by=clerk, at=NOON) == []
    assert everything() == before
    act.refresh_from_db()
    assert (act.voided_by, act.void_reason) == (clerk, "办错了")
    assert "coverage.voided" in verbs()
    with pytest.raises(Refused, match="作废过"):
        coverage.void(act, reason="再来一次", by=clerk, at=NOON)


def test_void_leaves_what_later_acts_touched_and_says_so(
    clerk, grid, market, branch, covered
):
    act = CoverageAct.objects.get(kind=CoverageAct.Kind.TAKE_IN)
    moved = Coverage.objects.filter(act=act).order_by("pk").first()
    coverage.end(moved, on=TODAY, reason="搬走了", by=clerk, at=NOON)
    left = coverage.void(act, reason="办错了", by=clerk, at=NOON)
    assert left == [moved]
    moved.refresh_from_db()
    assert (moved.since, moved.until) == (TODAY - MONTH, TODAY)
    assert [list(by_mode) for by_mode in in_force().values()] == [
        [Mode.REGIONAL],
        [Mode.REGIONAL],
    ]


def test_void_of_an_organisation_that_did_more_since_is_refused(clerk, grid):
    business = BusinessFactory(grid=grid)
    act = set_up(business, clerk)
    OrganizationFactory(grid=grid, parent=act.organization)
    with pytest.raises(Refused, match="下级"):
        coverage.void(act, reason="办错了", by=clerk, at=NOON)
    assert in_force() == {business.pk: {Mode.OWN: act.organization}}


def test_void_frees_the_name_of_the_organisation(clerk, grid):
    business = BusinessFactory(grid=grid)
    act = set_up(business, clerk, name="写错的党支部")
    coverage.void(act, reason="名称写错", by=clerk, at=NOON)
    again = set_up(business, clerk, name="写错的党支部")
    assert in_force() == {business.pk: {Mode.OWN: again.organization}}


def test_void_of_a_dissolution_is_refused_when_the_name_is_taken(clerk, grid, branch):
    act = dissolve(branch, clerk)
    OrganizationFactory(grid=grid, name=branch.name)
    with pytest.raises(Refused, match="名称不能重复"):
        coverage.void(act, reason="办错了", by=clerk, at=NOON)


# --- whose -----------------------------------------------------------------------------


def test_grid_staff_may_not_change_coverage(staff, grid, market, branch):
    BusinessFactory(grid=grid, building=market)
    with pytest.raises(PermissionDenied):
        take_in(branch, market, staff)


def test_nobody_covers_the_businesses_of_another_grid(clerk, grid, other_grid):
    joint = organization(grid, Kind.JOINT_BRANCH)
    with pytest.raises(PermissionDenied):
        join(joint, [BusinessFactory(grid=other_grid)], clerk)
    with pytest.raises(PermissionDenied):
        join(
            organization(other_grid, Kind.JOINT_BRANCH),
            [BusinessFactory(grid=grid)],
            clerk,
        )


def test_a_building_secretary_takes_in_only_the_building_of_its_own(grid, market):
    office = OfficerFactory(
        post__role=Role.BUILDING_SECRETARY,
        post__grid=grid,
        organization__kind=Kind.BUILDING_COMMITTEE,
        organization__grid=grid,
    )
    own, by = office.organization, office.post.user
    elsewhere = BuildingFactory(grid=grid)
    for building in (market, elsewhere):
        BusinessFactory(grid=grid, building=building)
    HoldingFactory(organization=own, building=market)
    assert take_in(own, market, by).businesses == 1
    with pytest.raises(Refused):
        take_in(own, elsewhere, by)
    with pytest.raises(PermissionDenied):
        take_in(organization(grid, Kind.BUILDING_COMMITTEE), market, by)


# --- advisers --------------------------------------------------------------------------


def test_an_adviser_is_work_coverage_and_covers_nobody(clerk, grid, market):
    business = BusinessFactory(grid=grid, building=market)
    adviser = coverage.enter_adviser(
        title="党建指导员·一",
        employment="full",
        level="street",
        grid=grid,
        by=clerk,
        at=NOON,
    )
    assignment = coverage.assign_adviser(
        adviser, market, since=TODAY - MONTH, by=clerk, at=NOON
    )
    assert list(adviser.assignments.in_force(TODAY).of(business)) == [assignment]
    assert in_force() == {}
    with pytest.raises(Refused, match="已经派驻"):
        coverage.assign_adviser(adviser, market, since=TODAY, by=clerk, at=NOON)

    coverage.end_adviser(assignment, on=TODAY, reason="轮换", by=clerk, at=NOON)
    assert not adviser.assignments.in_force(TODAY).exists()
    assert adviser.assignments.in_force(TODAY - MONTH).exists()
    assert verbs() == ["adviser.entered", "adviser.assigned", "adviser.ended"]


def test_an_adviser_is_not_given_a_building_of_another_grid(clerk, grid, other_grid):
    adviser = coverage.enter_adviser(
        title="党建指导员·一",
        employment="part",
        level="street",
        grid=grid,
        by=clerk,
        at=NOON,
    )
    with pytest.raises(PermissionDenied):
        coverage.assign_adviser(
            adviser, BuildingFactory(grid=other_grid), since=TODAY, by=clerk, at=NOON
        )
