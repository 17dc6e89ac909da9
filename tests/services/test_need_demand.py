"""A demand turned into a need: by one act, undone by one, its outcome flows back."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from services import resources
from services.models import Match, Need
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    DemandFactory,
    OfferFactory,
    ProviderFactory,
)
from tests.services.conftest import MONDAY
from tianshan.audit.models import Entry
from visits import actions as visits
from visits import confidential, dropping
from visits.models import Demand
from visits.way import way_of

DONE, NOT = Match.Choice.DONE, Match.Choice.NOT
DAY = TODAY + dt.timedelta(days=40)
ASKED = {"title": "短期贷款，备春茶", "skill": "小额贷款"}


@pytest.fixture
def demand(shop):
    return DemandFactory(
        business=shop, words="春茶要备货，缺一笔钱", source=Demand.Source.CALL
    )


@pytest.fixture
def turned(demand, clerk):
    return resources.turn(
        demand, **ASKED, compares=["年利率"], wanted_on=DAY, by=clerk, at=NOON
    )


@pytest.fixture
def bank(turned, grid):
    provider = ProviderFactory(name="第一银行", grid=grid, skills=["小额贷款"])
    return OfferFactory(need=turned, provider=provider, terms={"年利率": "百分之三"})


def taken(need, offer, by, *, choice=DONE, at=MONDAY):
    return resources.choose(need.askers.first(), offer, choice=choice, by=by, at=at)


def test_the_demand_goes_on_as_a_need_by_the_day_of_the_need(turned, demand, shop):
    due_on = demand.due_on
    demand.refresh_from_db()
    assert demand.state == Demand.State.TURNED
    assert (demand.due_on, demand.owed_by) == (DAY, "第三综合网格资源对接")
    asker = turned.askers.get()
    assert (asker.business, asker.demand, turned.wanted_on) == (shop, demand, DAY)
    assert demand in Demand.objects.open()
    assert [due.due_on for due in demand.dues.all()] == [due_on, due_on, DAY]
    verbs = Entry.objects.about(demand).values_list("verb", flat=True)
    assert set(verbs) >= {"demand.turned", "demand.owed"}


def test_without_a_day_its_deadline_stays(demand, clerk):
    due_on = demand.due_on
    resources.turn(demand, **ASKED, by=clerk, at=NOON)
    demand.refresh_from_db()
    assert demand.due_on == due_on


def test_another_day_of_the_need_is_that_of_the_demand(turned, demand, clerk):
    later = DAY + dt.timedelta(days=5)
    resources.postpone(turned, wanted_on=later, why="茶季晚到", by=clerk, at=NOON)
    demand.refresh_from_db()
    assert demand.due_on == later
    assert demand.dues.last().reason == "改期：茶季晚到"


def test_undone_it_is_as_it_was_and_free_for_another_way(turned, demand, clerk):
    before = Demand.objects.filter(pk=demand.pk)
    resources.turn_back(turned, by=clerk, at=NOON)

    facts = ("state", "due_on", "owed_by", "first_word_on")
    assert before.values_list(*facts).get() == tuple(
        getattr(demand, name) for name in facts
    )
    turned.refresh_from_db()
    assert turned.state == Need.State.WITHDRAWN
    again = resources.turn(demand, **ASKED, by=clerk, at=NOON)
    assert again.askers.get().demand == demand


def test_once_somebody_offers_or_joins_it_is_not_undone(turned, bank, clerk, grid):
    with pytest.raises(resources.Refused, match="不能撤销"):
        resources.turn_back(turned, by=clerk, at=NOON)
    bank.delete()
    resources.join(turned, BusinessFactory(grid=grid), by=clerk, at=NOON)
    with pytest.raises(resources.Refused, match="不能撤销"):
        resources.turn_back(turned, by=clerk, at=NOON)


def test_what_was_chosen_is_the_answer_to_tell(turned, demand, bank, clerk):
    taken(turned, bank, clerk)
    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == (Demand.State.ENDED, True)
    assert demand.outcome == "已对接：第一银行，年利率百分之三"
    assert demand.to_tell


def test_one_more_that_is_taken_up_is_told_too(turned, demand, bank, clerk, grid):
    taken(turned, bank, clerk)
    other = OfferFactory(need=turned, provider=ProviderFactory(name="乙行", grid=grid))
    taken(turned, other, clerk)
    demand.refresh_from_db()
    assert demand.outcome == "已对接：第一银行，年利率百分之三；乙行"


@pytest.mark.parametrize("way", [resources.give_up, resources.withdraw])
def test_closed_without_it_is_sorted_again_with_the_reason(
    turned, demand, clerk, way, client_of
):
    due_on = demand.due_on
    way(turned, outcome="问了三家银行，都不贷", by=clerk, at=MONDAY)
    demand.refresh_from_db()
    assert (demand.state, demand.due_on) == (Demand.State.NEW, due_on)
    assert demand.first_word_on == TODAY  # that it was turned was a word
    assert "问了三家银行" in demand.dues.last().reason
    assert any("问了三家银行" in stop.title for stop in way_of(clerk, demand))
    page = client_of(clerk).get(reverse("issues:triage"), {"on": demand.pk}).text
    assert "问了三家银行，都不贷" in page
    assert resources.turn(demand, **ASKED, by=clerk, at=MONDAY)


def test_who_chose_none_when_it_ends_as_met_is_sorted_again(
    turned, demand, bank, clerk, grid
):
    other = resources.join(turned, BusinessFactory(grid=grid), by=clerk, at=NOON)
    resources.choose(other, bank, choice=DONE, by=clerk, at=MONDAY)
    demand.refresh_from_db()
    assert demand.state == Demand.State.TURNED
    resources.meet(turned, outcome="另一家办了", by=clerk, at=MONDAY)
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW
    assert "另一家办了" in demand.dues.last().reason


def test_what_comes_to_nothing_after_all_is_told_anew(turned, demand, bank, clerk):
    taken(turned, bank, clerk)
    visits.tell(demand, how=Demand.Told.PHONE, on=MONDAY.date(), by=clerk, at=MONDAY)
    resources.withdraw_offer(bank, why="额度用完", by=clerk, at=MONDAY)
    demand.refresh_from_db()
    assert demand.state == Demand.State.TOLD

    resources.give_up(turned, outcome="没有别家", by=clerk, at=MONDAY)
    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == (Demand.State.ENDED, False)
    assert demand.outcome == "需求没有办成：没有别家"


def test_a_demand_that_is_dropped_takes_its_need_along(turned, demand, clerk):
    dropping.withdraw(demand, reason="店里说不用了", by=clerk, at=MONDAY)
    turned.refresh_from_db()
    assert turned.state == Need.State.WITHDRAWN
    dropping.restore(demand, by=clerk, at=MONDAY)
    assert resources.turn(demand, **ASKED, by=clerk, at=MONDAY)


def test_a_need_of_others_too_goes_on_without_the_demand(turned, demand, clerk, grid):
    resources.join(turned, BusinessFactory(grid=grid), by=clerk, at=NOON)
    dropping.withdraw(demand, reason="店里说不用了", by=clerk, at=MONDAY)
    turned.refresh_from_db()
    assert turned.state == Need.State.OPEN
    assert not turned.askers.exclude(demand=None).exists()


def test_only_new_ones_that_are_not_confidential_are_turned(
    demand, turned, clerk, worker, stranger, shop
):
    with pytest.raises(resources.Refused, match="已转办"):
        resources.turn(demand, **ASKED, by=clerk, at=NOON)
    other = DemandFactory(business=shop)
    for user in (worker, stranger):
        with pytest.raises(PermissionDenied):
            resources.turn(other, **ASKED, by=user, at=NOON)
    with pytest.raises(resources.Refused, match="过去"):
        resources.turn(other, **ASKED, wanted_on=dt.date(2020, 1, 1), by=clerk, at=NOON)
    confidential.make_confidential(other, handler=clerk, by=clerk, at=NOON)
    with pytest.raises(resources.Refused, match="保密"):
        resources.turn(other, **ASKED, by=clerk, at=NOON)
    assert Need.objects.count() == 1


def test_by_the_pages_from_sorting_to_need_and_back(client_of, clerk, demand):
    client = client_of(clerk)
    turn = reverse("services:need_from_demand", args=[demand.pk])
    assert turn in client.get(reverse("issues:triage"), {"on": demand.pk}).text
    part = reverse("services:orders_for_demand", args=[demand.pk])
    assert turn in client.get(part).text

    assert demand.words in client.get(turn).text
    client.post(turn, ASKED)
    need = Need.objects.get()
    assert str(need) in client.get(part).text
    back = reverse("services:need_turn_back", args=[need.pk])
    assert back in client.get(need.get_absolute_url()).text

    client.post(back)
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_what_the_asker_chose_by_the_own_link_is_the_answer(turned, demand, bank):
    taken(turned, bank, None)
    demand.refresh_from_db()
    assert demand.outcome == "已对接：第一银行，年利率百分之三"


def test_one_made_confidential_since_is_its_handlers(
    turned, demand, bank, clerk, chief, grid
):
    taken(turned, bank, clerk)
    confidential.make_confidential(demand, handler=chief, by=clerk, at=MONDAY)
    other = OfferFactory(need=turned, provider=ProviderFactory(name="乙行", grid=grid))
    taken(turned, other, clerk)
    demand.refresh_from_db()
    assert "乙行" not in demand.outcome
