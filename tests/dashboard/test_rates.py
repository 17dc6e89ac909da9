"""The official rates: each with its parts, on enterprises in operation alone."""

import pytest

from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Coverage,
    OfficialFacts,
)
from grids.models import GridRules
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
)
from tianshan.ledgers import FIGURES, Rate, Scope, percent

Mode = Coverage.Mode


@pytest.fixture
def firms(grid):
    building = BuildingFactory(grid=grid)
    return [
        BusinessFactory(
            grid=grid,
            building=building if n < 2 else None,
            kind=Business.Kind.ENTERPRISE,
            staff_count=n * 5,
        )
        for n in range(6)
    ]


@pytest.fixture
def n(chief, grid):
    def read(day=TODAY):
        scope = Scope(chief, grid, day, day, TODAY)
        values = FIGURES.values_for(scope)
        for key, figure in FIGURES.items():
            if isinstance(figure, Rate):
                values[key] = percent(
                    values[figure.numerator], values[figure.denominator]
                )
        return values

    return read


def test_only_own_and_joint_organisations_cover_by_the_official_rate(firms, n):
    for firm, mode in zip(firms, Mode, strict=False):
        CoverageFactory(business=firm, mode=mode)
    now = n()
    assert now["enterprises_operating"] == 6
    assert (now["enterprises_built"], now["org_coverage"]) == (2, 33.3)
    assert (now["enterprises_built_alone"], now["own_org_rate"]) == (1, 16.7)
    assert (now["enterprises_reached"], now["work_coverage"]) == (4, 66.7)
    assert now["covered"] == 4, "the portal's own figure counts all four modes"


def test_merchants_and_closed_ones_are_not_in_the_denominator(firms, grid, n):
    CoverageFactory(business=BusinessFactory(grid=grid), mode=Mode.OWN)
    closed = BusinessFactory(grid=grid, kind="enterprise", state="closed")
    CoverageFactory(business=closed, mode=Mode.OWN)
    assert n()["enterprises_operating"] == 6
    assert n()["enterprises_built"] == 0


def test_the_bar_of_the_grid_says_who_counts_as_operating(firms, grid, n):
    GridRules.objects.create(
        grid=grid.parent, since=LIVE_ON, set_at=NOON, counted_from_staff=10
    )
    assert n()["enterprises_operating"] == 4, "staff of 10, 15, 20 and 25"


def test_three_full_members_must_have_an_organisation(firms, grid, n):
    """Full members where they are known; else the members that are."""
    facts = [(3, None), (2, 9), (None, 3), (None, None), (None, 1), (7, 7)]
    for firm, (full, members) in zip(firms, facts, strict=True):
        OfficialFacts.objects.create(business=firm, members_full=full)
        Business.objects.filter(pk=firm.pk).update(members_count=members)
    CoverageFactory(business=firms[0], mode=Mode.JOINT)
    CoverageFactory(business=firms[1], mode=Mode.OWN)
    CoverageFactory(business=firms[5], mode=Mode.PLACE)
    assert n()["enterprises_must_build"] == 3
    assert n()["enterprises_built_of_must"] == 1
    assert n()["should_have_built"] == 33.3
    GridRules.objects.create(grid=grid, since=TODAY, set_at=NOON, must_build_at=7)
    assert n()["enterprises_must_build"] == 1
    assert n(LIVE_ON)["enterprises_must_build"] == 3, "by the bar of the day"


def test_an_adviser_or_a_mass_organisation_is_work_coverage(firms, grid, n):
    adviser = Adviser.objects.create(
        title="指导员甲", employment="full", level="street", grid=grid
    )
    AdviserAssignment.objects.create(
        adviser=adviser, building=firms[0].building, since=LIVE_ON
    )
    AdviserAssignment.objects.create(
        adviser=adviser, business=firms[2], since=LIVE_ON, until=TODAY
    )
    OfficialFacts.objects.create(business=firms[3], has_league=True, has_union=False)
    assert n()["enterprises_reached"] == 3, "two by their building, one by its league"
    assert n()["org_coverage"] == 0


def test_rates_of_a_past_day_are_of_that_day(firms, n):
    CoverageFactory(business=firms[0], mode=Mode.OWN, since=TODAY)
    assert n()["enterprises_built_alone"] == 1
    assert n(LIVE_ON)["enterprises_built_alone"] == 0
