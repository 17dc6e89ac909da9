"""Which body owns an issue follows from the place of the one who asks."""

import pytest

from issues.actions import body_for, levels_for
from issues.models import Level
from tests.factories import (
    BodyFactory,
    BusinessFactory,
    CoverageFactory,
    GridFactory,
    OrganizationFactory,
)

pytestmark = pytest.mark.django_db


def test_the_body_that_holds_the_building_comes_first(demand, body, sibling):
    assert body_for(demand.business, Level.BRANCH) == body


def test_a_sibling_branch_never_takes_what_it_does_not_answer_for(grid, sibling):
    alone = BodyFactory(grid=grid, organization=OrganizationFactory(grid=grid))
    on_the_street = BusinessFactory(grid=grid)

    assert body_for(on_the_street, Level.BRANCH) is None

    CoverageFactory(business=on_the_street, organization=alone.organization)
    assert body_for(on_the_street, Level.BRANCH) == alone


def test_the_conference_of_the_grid_serves_the_blocks_below(grid, conference):
    block = GridFactory(code="31010500660301", parent=grid)

    assert body_for(BusinessFactory(grid=block), Level.CONFERENCE) == conference


def test_the_conference_of_another_grid_does_not(other_grid, conference):
    assert body_for(BusinessFactory(grid=other_grid), Level.CONFERENCE) is None


def test_levels_are_those_that_one_decides_at(
    demand, body, conference, secretary, chief, sibling, staff
):
    shop = demand.business

    assert levels_for(shop, secretary) == [(Level.BRANCH, body)]
    assert levels_for(shop, chief) == [(Level.CONFERENCE, conference)]
    assert levels_for(shop, sibling) == []
    assert levels_for(shop, staff) == []
