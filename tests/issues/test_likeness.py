"""Suggestions for whoever sorts: how often they are right, and what they say."""

import pytest

from issues.likeness import Likeness
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    DemandFactory,
    MatterFactory,
)
from tests.issues.labelled import LABELLED

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(grid):
    """The labelled demands, each with its wish."""
    buildings, demands = {}, []
    for wish, place, category, trade, words in LABELLED:
        if place not in buildings:
            buildings[place] = BuildingFactory(grid=grid, name=place)
        shop = BusinessFactory(grid=grid, building=buildings[place], trade=trade)
        demand = DemandFactory(
            business=shop, category=CategoryFactory(name=category), words=words
        )
        demand.wish = None if wish == "-" else wish
        demands.append(demand)
    return demands


def test_nine_suggestions_in_ten_are_right_and_two_likes_in_three_are_found(labelled):
    """The figures of docs/deliberation.md."""
    alike = Likeness(labelled)
    right = wrong = missed = 0
    for demand in labelled:
        found = [like.what for like in alike.demands(demand)]
        same = [
            other
            for other in labelled
            if demand.wish and other.wish == demand.wish and other != demand
        ]
        right += len(set(found) & set(same))
        wrong += len(set(found) - set(same))
        missed += len(set(same) - set(found))
    assert (right, wrong, missed) == (64, 4, 28)


def test_a_matter_is_found_by_its_demands_and_by_its_title(grid, shop):
    matter = MatterFactory(title="避开开市清运")
    inside = DemandFactory(business=shop(), words="垃圾清运车九点来，正好开门。")
    waiting = DemandFactory(business=shop(), words="清运车天天九点堵门口。")
    by_title = DemandFactory(business=shop(), words="开市清运太晚了。")

    alike = Likeness([waiting, by_title], {matter: [inside]})

    for demand in (waiting, by_title):
        assert [like.what for like in alike.matters(demand)] == [matter]


def test_the_reason_says_what_both_have(grid, shop):
    one = DemandFactory(business=shop(trade="茶叶"), words="清运车九点来，味道很大。")
    other = DemandFactory(business=shop(trade="茶叶"), words="九点清运车堵在门口。")

    (like,) = Likeness([one, other]).demands(one)

    assert like.reason == "同一楼宇，同类诉求，同行业，都说到“清运车”"


def test_nothing_in_common_is_not_alike(grid, shop):
    one = DemandFactory(business=shop(), words="清运车九点来，味道很大。")
    other = DemandFactory(business=shop(), words="想请人讲一讲小额贷款。")

    assert Likeness([one, other]).demands(one) == []
