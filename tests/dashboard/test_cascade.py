"""Known answers of the cascade: each step, made by its act, as of three days.

The story of one shop, told by the acts as they would be done:

    1 March      nobody answers; the reason and the planned date are on record
    1 April      the regional organisation as backstop
    1 May        the branch of its market
    1 June       a joint branch
    1 July       its own organisation
    1 August     its own organisation is dissolved
    1 September  the joint branch lets it go
    15 October   today
"""

import datetime as dt

import pytest
from django.utils import timezone

from enterprises import coverage
from enterprises.cascade import coverage_chain
from enterprises.models import Business, Coverage
from party.models import PartyOrganization
from tests.factories import BuildingFactory, BusinessFactory, OrganizationFactory
from tianshan.ledgers import FIGURES, Scope

Kind = PartyOrganization.Kind
FIGURE_KEYS = (
    "in_scope",
    "covered",
    "gap_uncovered",
    *(f"covered_{mode}" for mode in Coverage.Mode),
)


def day(month, number=1):
    return dt.date(2026, month, number)


def noon(date):
    return timezone.make_aware(dt.datetime.combine(date, dt.time(12)))


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.fixture
def organizations(grid):
    def make(name, kind):
        return OrganizationFactory(grid=grid, name=name, kind=kind)

    return {
        "regional": make("区域性党组织", Kind.REGIONAL),
        "market": make("天山茶市党支部", Kind.QUARTER_BRANCH),
        "joint": make("联合党支部", Kind.JOINT_BRANCH),
    }


@pytest.fixture
def shop(grid, market, organizations, clerk):
    """A shop with the whole story; a neighbour that nobody ever answers for."""
    shop = BusinessFactory(
        grid=grid,
        building=market,
        name="春晓茶行",
        discovered_on=day(3),
        uncovered_reason="刚开业，党员情况还在摸",
        cover_planned_on=day(4),
    )
    BusinessFactory(grid=grid, discovered_on=day(3), name="没人管的小店")

    def when(month):
        return {"on": day(month), "by": clerk, "at": noon(day(month))}

    coverage.backstop(
        organizations["regional"], market, contact="网格联络员", **when(4)
    )
    coverage.take_in(organizations["market"], market, **when(5))
    coverage.join(organizations["joint"], [shop], **when(6))
    own = coverage.set_up(shop, name="春晓茶行党支部", members_full=3, **when(7))
    coverage.dissolve(own.organization, reason="党员转走", number="", **when(8))
    joint = shop.coverages.get(mode=Coverage.Mode.JOINT)
    coverage.end(joint, reason="退出联合支部", **when(9))
    return shop


# The day, the step that answers, whoever else stands behind it.
ANSWERS = [
    (day(3, 31), None, []),
    (day(4), "regional", []),
    (day(4, 30), "regional", []),
    (day(5), "place", ["regional"]),
    (day(6), "joint", ["place", "regional"]),
    (day(7), "own", ["joint", "place", "regional"]),
    (day(7, 31), "own", ["joint", "place", "regional"]),
    (day(8), "joint", ["place", "regional"]),
    (day(8, 31), "joint", ["place", "regional"]),
    (day(9), "place", ["regional"]),
    (day(10, 15), "place", ["regional"]),
]


@pytest.mark.parametrize(("asked", "current", "behind"), ANSWERS)
def test_the_chain_of_a_day(shop, asked, current, behind):
    chain = coverage_chain(shop, asked)
    assert [step.mode for step in chain if step.current] == ([current] * bool(current))
    assert [step.mode for step in chain if step.rows and not step.current] == behind
    assert chain.covered is bool(current)


@pytest.mark.parametrize(("asked", "current", "behind"), ANSWERS)
def test_standing_of_a_day_names_the_same_step(shop, asked, current, behind):
    assert shop.standings.on(asked).get().mode == (current or "")


@pytest.mark.parametrize(("asked", "current", "behind"), ANSWERS)
def test_figures_of_a_day_count_the_shop_under_that_step(
    shop, leader, street, asked, current, behind
):
    scope = Scope(user=leader, grid=street, start=asked, end=asked, today=day(10, 15))
    expected = dict.fromkeys(FIGURE_KEYS, 0)
    expected |= {"in_scope": 2, "covered": bool(current)}
    expected["gap_uncovered"] = 2 - bool(current)
    if current:
        expected[f"covered_{current}"] = 1
    assert FIGURES.values_for(scope, FIGURE_KEYS) == expected


def test_nobody_answering_shows_the_reason_and_that_the_plan_is_over(shop):
    chain = coverage_chain(shop, day(3, 15))
    assert (chain.business.uncovered_reason, chain.planned_and_over) == (
        "刚开业，党员情况还在摸",
        False,
    )
    Coverage.objects.all().delete()
    assert coverage_chain(shop, day(4, 2)).planned_and_over
    assert not coverage_chain(shop, day(4)).planned_and_over


def test_past_rows_stay_on_the_page_and_those_of_voided_acts_do_not(shop, clerk):
    chain = coverage_chain(shop, day(10, 15))
    assert {(row.mode, row.since, row.until) for row in chain.past} == {
        ("own", day(7), day(8)),
        ("joint", day(6), day(9)),
    }
    taken_in = shop.coverages.get(mode=Coverage.Mode.PLACE).act
    coverage.void(taken_in, reason="办错了", by=clerk, at=noon(day(10, 15)))
    chain = coverage_chain(shop, day(10, 15))
    assert {row.mode for row in chain.past} == {"own", "joint"}
    assert [step.mode for step in chain if step.current] == ["regional"]
    assert shop.standings.on(day(6)).get().mode == "joint"
    assert shop.standings.on(day(5)).get().mode == "regional"


def test_a_claim_without_an_organisation_is_a_proposal_and_covers_nobody(grid):
    shop = BusinessFactory(grid=grid, reported_mode=Business.ReportedMode.OWN)
    chain = coverage_chain(shop, day(10, 15))
    assert [step.mode for step in chain if step.claimed] == ["own"]
    assert not chain.covered
    assert shop.standings.on(day(10, 15)).get().mode == ""


def test_organisations_near_by_are_proposed_and_cover_nobody(
    grid, market, organizations, clerk
):
    BusinessFactory(grid=grid, building=market)
    coverage.take_in(
        organizations["market"], market, on=day(5), by=clerk, at=noon(day(5))
    )
    late = BusinessFactory(grid=grid, building=market, discovered_on=day(9))
    chain = coverage_chain(late, day(10, 15))
    assert {step.mode: step.proposed for step in chain if step.proposed} == {
        "place": [organizations["market"]],
        "regional": [organizations["regional"]],
    }
    assert not chain.covered


def test_an_adviser_alone_is_beside_the_chain_and_covers_nobody(grid, market, clerk):
    shop = BusinessFactory(grid=grid, building=market)
    adviser = coverage.enter_adviser(
        title="党建指导员·一",
        employment="full",
        level="street",
        grid=grid,
        by=clerk,
        at=noon(day(5)),
    )
    coverage.assign_adviser(adviser, market, since=day(5), by=clerk, at=noon(day(5)))
    chain = coverage_chain(shop, day(10, 15))
    assert [one.adviser for one in chain.advisers] == [adviser]
    assert not chain.covered
    assert shop.standings.on(day(10, 15)).get().mode == ""
    assert coverage_chain(shop, day(4, 30)).advisers == []
