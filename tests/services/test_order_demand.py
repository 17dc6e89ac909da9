"""A demand turned into an order: by one act, undone by one, its outcome flows back."""

import pytest
from django.core.exceptions import PermissionDenied

from services import orders
from services.models import Order
from services.models.order import State
from tests.factories import NOON, DemandFactory
from tests.services.conftest import MONDAY, UNTIL, clock
from tests.services.test_orders import finished
from tianshan.audit.models import Entry
from visits import confidential, dropping
from visits.models import Demand


@pytest.fixture
def demand(shop):
    return DemandFactory(
        business=shop, words="员工渴望心理咨询", source=Demand.Source.CALL
    )


@pytest.fixture
def turned(demand, item, clerk):
    return orders.turn(demand, item=item, people=12, by=clerk, at=NOON)


def test_the_demand_goes_on_as_an_order_with_its_deadline(turned, demand):
    due_on = demand.due_on
    demand.refresh_from_db()
    assert (demand.state, demand.due_on) == (Demand.State.TURNED, due_on)
    assert demand.owed_by == "第三综合网格派单"
    assert (turned.source, turned.demand) == (Order.Source.DEMAND, demand)
    assert demand in Demand.objects.open()
    verbs = Entry.objects.about(demand).values_list("verb", flat=True)
    assert set(verbs) >= {"demand.turned", "demand.owed"}


def test_undone_it_is_as_it_was(turned, demand, clerk):
    before = Demand.objects.filter(pk=demand.pk)
    orders.turn_back(turned, by=clerk, at=NOON)

    facts = ("state", "due_on", "owed_by", "first_word_on")
    assert before.values_list(*facts).get() == tuple(
        getattr(demand, name) for name in facts
    )
    turned.refresh_from_db()
    assert turned.state == State.WITHDRAWN
    again = orders.turn(demand, item=turned.item, people=12, by=clerk, at=NOON)
    assert again.state == State.PLACED


def test_once_dispatched_it_is_not_undone(turned, station, chief, clerk):
    orders.dispatch(turned, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    with pytest.raises(orders.Refused, match="已经派过单"):
        orders.turn_back(turned, by=clerk, at=NOON)


def test_what_was_given_is_the_answer_to_tell(turned, demand, station, worker, chief):
    orders.dispatch(turned, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    orders.accept(turned.dispatches.get(), by=worker, at=MONDAY)
    demand.refresh_from_db()
    assert demand.owed_by == "天山驿空间"

    finished(turned, worker)
    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == (Demand.State.ENDED, True)
    assert demand.outcome == ("天山驿空间10月21日提供了“心理咨询”：心理咨询师来了两位")
    assert demand.to_tell


@pytest.mark.parametrize("way", ["decline", "withdraw"])
def test_without_a_service_the_reason_is_the_answer(turned, demand, chief, way):
    reason = "本季度的名额已经用完，请下季度再点。"
    if way == "decline":
        orders.decline(turned, reason=reason, by=chief, at=NOON)
    else:
        orders.withdraw(turned, reason=reason, by=None, at=NOON)
    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == (Demand.State.ENDED, False)
    assert reason in demand.outcome


def test_a_demand_that_is_dropped_takes_its_order_along(turned, demand, clerk):
    dropping.withdraw(demand, reason="店里说不用了", by=clerk, at=MONDAY)
    turned.refresh_from_db()
    assert turned.state == State.WITHDRAWN
    dropping.restore(demand, by=clerk, at=clock(20, 9))
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_only_new_ones_that_are_not_confidential_are_turned(
    demand, turned, item, clerk, worker, stranger, shop
):
    with pytest.raises(orders.Refused, match="已转办"):
        orders.turn(demand, item=item, people=3, by=clerk, at=NOON)
    other = DemandFactory(business=shop)
    for user in (worker, stranger):
        with pytest.raises(PermissionDenied):
            orders.turn(other, item=item, people=3, by=user, at=NOON)
    confidential.make_confidential(other, handler=clerk, by=clerk, at=NOON)
    with pytest.raises(orders.Refused, match="保密"):
        orders.turn(other, item=item, people=3, by=clerk, at=NOON)
    assert Order.objects.count() == 1
