"""An order from the menu to its rating: each step, who may take it, and what is refused."""

import datetime as dt
from contextlib import suppress

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from services import orders
from services.models import Dispatch, Order
from services.models.order import OrderStep, State
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    ItemFactory,
    StationFactory,
)
from tests.services.conftest import MONDAY, UNTIL, clock
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice
from tianshan.workdays import changed
from tianshan.workdays.models import DayRule

DAY = dt.timedelta(days=1)


class Undone(Exception):
    """Raised to take an act back."""


def verbs(order):
    return list(
        Entry.objects.about(order).order_by("pk").values_list("verb", flat=True)
    )


def words_to(user):
    return [notice.words for notice in Notice.objects.visible_to(user)]


def arranged(order, by):
    return orders.serve(
        order, on=dt.date(2026, 10, 21), place="18 层会议室", by=by, at=MONDAY
    )


SERVED = clock(21, 17)


def finished(order, by, at=SERVED):
    arranged(order, by)
    return orders.finish(
        order,
        on=dt.date(2026, 10, 21),
        given="心理咨询师来了两位",
        came=14,
        by=by,
        at=at,
    )


def in_state(state, order, chief, station, worker):
    """The order, brought there by its steps."""
    if state == State.PLACED:
        return order
    if state == State.DECLINED:
        return orders.decline(
            order, reason="本季度的名额已经用完，请下季度再点。", by=chief, at=NOON
        )
    if state == State.WITHDRAWN:
        return orders.withdraw(order, reason="不用了", by=None, at=NOON)
    orders.dispatch(order, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    if state == State.DISPATCHED:
        return order
    orders.accept(order.dispatches.get(), by=worker, at=MONDAY)
    if state == State.ACCEPTED:
        return order
    if state == State.SERVING:
        return arranged(order, worker)
    finished(order, worker)
    if state == State.RATED:
        orders.rate(order, verdict="not", words="晚到了", at=clock(22, 9))
        order.refresh_from_db()
    return order


def steps(order, chief, station, worker):
    """Every step of the table, as one would take it now."""
    given = order.dispatches.filter(station=station).last()
    return {
        OrderStep.DISPATCH: lambda: orders.dispatch(
            order,
            stations=[station],
            answer_by=clock(22, 18),
            by=chief,
            at=clock(20, 9),
        ),
        OrderStep.ACCEPT: lambda: orders.accept(given, by=worker, at=MONDAY),
        OrderStep.REFUSE: lambda: orders.refuse(
            given, reason="满了", by=worker, at=MONDAY
        ),
        OrderStep.GIVE_BACK: lambda: orders.give_back(
            order, reason="咨询师病了", by=worker, at=MONDAY
        ),
        OrderStep.SERVE: lambda: arranged(order, worker),
        OrderStep.FINISH: lambda: orders.finish(
            order, on=TODAY + 4 * DAY, given="来了", came=3, by=worker, at=clock(21, 17)
        ),
        OrderStep.RATE: lambda: orders.rate(
            order, verdict="satisfied", words="", at=clock(22, 9)
        ),
        OrderStep.REVISIT: lambda: orders.revisit(
            order, words="下次提前半小时到", by=chief, at=clock(22, 10)
        ),
        OrderStep.DECLINE: lambda: orders.decline(
            order, reason="本季度的名额已经用完，请下季度再点。", by=chief, at=NOON
        ),
        OrderStep.WITHDRAW: lambda: orders.withdraw(
            order, reason="不用了", by=None, at=NOON
        ),
    }


@pytest.mark.parametrize("state", list(State))
def test_each_step_starts_from_its_states_alone(order, chief, station, worker, state):
    order = in_state(state, order, chief, station, worker)
    asked = order.dispatches.exists()
    for step, states in Order.STEPS.items():
        if step in (OrderStep.ACCEPT, OrderStep.REFUSE) and not asked:
            continue  # nobody was asked, so nobody can answer
        act = steps(order, chief, station, worker)[step]
        done = False
        with suppress(orders.Refused, PermissionDenied, Undone), transaction.atomic():
            act()
            done = order.log.last().step == step
            raise Undone
        assert done == (state in states), step
        order.refresh_from_db()
        assert order.state == state


def test_the_whole_way_leaves_its_stamps(order, chief, station, worker, clerk):
    orders.dispatch(order, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    orders.accept(order.dispatches.get(), by=worker, at=MONDAY)
    finished(order, worker)
    orders.rate(order, verdict="satisfied", words="还想再来", at=clock(22, 9))

    order.refresh_from_db()
    assert verbs(order) == [
        "order.placed",
        "order.dispatched",
        "order.accepted",
        "order.arranged",
        "order.finished",
        "order.rated",
    ]
    assert [(act.step, act.by, act.at) for act in order.log.all()] == [
        ("place", clerk, NOON),
        ("dispatch", chief, NOON),
        ("accept", worker, MONDAY),
        ("serve", worker, MONDAY),
        ("finish", worker, clock(21, 17)),
        ("rate", None, clock(22, 9)),
    ]
    assert (order.station, order.came, order.verdict) == (station, 14, "satisfied")
    assert order.light(clock(22, 9)) is None


def test_whoever_takes_it_has_it_and_the_others_are_told(
    sent, station, other_station, worker, other_worker
):
    orders.accept(sent.dispatches.get(station=station), by=worker, at=MONDAY)

    other = sent.dispatches.get(station=other_station)
    assert other.state == Dispatch.State.TAKEN
    assert any("天山驿空间已接单" in words for words in words_to(other_worker))
    assert not Order.objects.visible_to(other_worker).exists()
    assert Order.objects.visible_to(worker).get() == sent

    with pytest.raises(orders.Refused, match=r"天山驿空间 10月19日 10:00 接单"):
        orders.accept(other, by=other_worker, at=MONDAY)


def test_it_cannot_be_taken_twice(held, station, worker):
    with pytest.raises(orders.Refused, match="已接单"):
        orders.accept(held.dispatches.get(station=station), by=worker, at=MONDAY)
    assert held.log.filter(step="accept").count() == 1


def test_refusing_needs_a_reason_and_ends_access(sent, station, worker):
    given = sent.dispatches.get(station=station)
    with pytest.raises(orders.Refused, match="原因"):
        orders.refuse(given, reason=" ", by=worker, at=MONDAY)
    orders.refuse(given, reason="咨询师排满了", by=worker, at=MONDAY)

    sent.refresh_from_db()
    assert sent.state == State.DISPATCHED  # the other may still take it
    assert not Order.objects.visible_to(worker).exists()


def test_what_all_refuse_is_the_grids_again_marked_and_with_a_light(
    sent, station, other_station, worker, other_worker, chief
):
    orders.refuse(
        sent.dispatches.get(station=station), reason="排满了", by=worker, at=MONDAY
    )
    orders.refuse(
        sent.dispatches.get(station=other_station),
        reason="没有咨询师",
        by=other_worker,
        at=MONDAY,
    )

    sent.refresh_from_db()
    assert sent.state == State.PLACED
    assert sent in Order.objects.returned(MONDAY)
    assert sent.next_step(MONDAY)[:2] == ("重新派单", "第三综合网格派单")
    assert sent.dispatch_by == dt.date(2026, 10, 20)
    assert sent.light(clock(21, 9)).colour == "red"
    assert any("都不接" in words for words in words_to(chief))

    orders.dispatch(
        sent, stations=[station], answer_by=clock(21, 18), by=chief, at=MONDAY
    )
    assert sent.dispatches.waiting().get().station == station


def test_what_nobody_answers_in_time_is_the_grids_again(sent, worker, station, chief):
    late = clock(19, 18, 1)
    assert sent in Order.objects.to_answer(clock(19, 18))
    assert sent not in Order.objects.to_dispatch(clock(19, 18))
    assert sent in Order.objects.returned(late)
    assert (sent.stage(late), sent.light(late).colour) == (State.PLACED, "red")

    with pytest.raises(orders.Refused, match="已回到网格"):
        orders.accept(sent.dispatches.get(station=station), by=worker, at=late)

    orders.dispatch(
        sent, stations=[station], answer_by=clock(21, 18), by=chief, at=clock(20, 9)
    )
    states = sent.dispatches.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["expired", "expired", "waiting"]


def test_while_somebody_may_still_answer_it_is_not_dispatched_again(
    sent, station, chief
):
    with pytest.raises(orders.Refused, match="还在答复时间内"):
        orders.dispatch(
            sent, stations=[station], answer_by=clock(20, 18), by=chief, at=MONDAY
        )


@pytest.mark.parametrize(
    ("answer_by", "said"),
    [
        (clock(15, 11), "晚于现在"),
        (clock(17, 10), "工作日"),  # a Saturday
        (clock(16, 8), "9 点到 18 点"),
        (clock(31, 10), "最多 10 个工作日"),
    ],
)
def test_the_time_to_answer_is_a_working_hour_not_too_far(
    order, station, chief, answer_by, said
):
    with pytest.raises(orders.Refused, match=said):
        orders.dispatch(
            order, stations=[station], answer_by=answer_by, by=chief, at=NOON
        )


def test_usually_two_working_days_are_given():
    assert orders.usual_answer_by(NOON) == UNTIL


def test_only_stations_that_can_give_it_are_asked(order, grid, chief):
    with pytest.raises(orders.Refused, match="不提供"):
        orders.dispatch(
            order,
            stations=[StationFactory(grid=grid, name="别的阵地")],
            answer_by=UNTIL,
            by=chief,
            at=NOON,
        )
    with pytest.raises(orders.Refused, match="至少选一个"):
        orders.dispatch(order, stations=[], answer_by=UNTIL, by=chief, at=NOON)


def test_given_back_it_is_the_grids_again(held, worker, chief, station):
    arranged(held, worker)
    orders.give_back(held, reason="咨询师病了", by=worker, at=MONDAY)

    held.refresh_from_db()
    assert (held.state, held.station, held.serve_on) == (State.PLACED, None, None)
    assert held.dispatches.get(station=station).reason == "咨询师病了"
    assert any("退单" in words for words in words_to(chief))


def test_what_was_served_says_what_and_to_how_many(held, worker):
    arranged(held, worker)
    what = {"on": dt.date(2026, 10, 21), "by": worker, "at": clock(21, 17)}
    with pytest.raises(orders.Refused, match="提供了什么"):
        orders.finish(held, given="", came=3, **what)
    with pytest.raises(orders.Refused, match="没有人到场"):
        orders.finish(held, given="来了", came=0, **what)
    with pytest.raises(orders.Refused, match="不晚于今天"):
        orders.finish(
            held, given="来了", came=3, **{**what, "on": dt.date(2026, 10, 22)}
        )


@pytest.mark.parametrize("on", [TODAY, dt.date(2028, 1, 1)])
def test_a_day_that_cannot_be_is_no_day_of_service(held, worker, on):
    with pytest.raises(orders.Refused, match="一年以内"):
        orders.serve(held, on=on, place="会议室", by=worker, at=MONDAY)


def test_rated_once_within_ten_working_days(held, worker):
    finished(held, worker)
    with pytest.raises(orders.Refused, match="哪里不满意"):
        orders.rate(held, verdict="not", words=" ", at=clock(22, 9))
    with pytest.raises(orders.Refused, match="已经过了"):
        orders.rate(held, verdict="satisfied", words="", at=clock(21, 9) + 15 * DAY)
    orders.rate(held, verdict="satisfied", words="", at=clock(22, 9))
    with pytest.raises(orders.Refused):
        orders.rate(held, verdict="not", words="又不好了", at=clock(22, 10))


def test_who_is_not_satisfied_is_heard_by_grid_and_station(held, worker, chief):
    finished(held, worker)
    orders.rate(held, verdict="not", words="来得太晚", at=clock(22, 9))
    for user in (worker, chief):
        assert any("不满意" in words for words in words_to(user))


def test_declining_needs_a_whole_reason(order, chief):
    with pytest.raises(orders.Refused, match="15"):
        orders.decline(order, reason="没名额", by=chief, at=NOON)


def test_withdrawn_the_stations_are_told(held, worker):
    orders.withdraw(held, reason="活动取消了", by=None, at=MONDAY)
    held.refresh_from_db()
    assert (held.state, held.station) == (State.WITHDRAWN, None)
    assert any("已撤回" in words for words in words_to(worker))
    assert held.dispatches.standing().count() == 0


@pytest.mark.parametrize("how", ["withdraw", "decline"])
def test_a_station_that_was_asked_hears_that_it_is_off(worker, sent, chief, how):
    assert any("有派单" in words for words in words_to(worker))
    if how == "withdraw":
        orders.withdraw(sent, reason="活动取消了", by=None, at=MONDAY)
    else:
        reason = "本季度的名额已经用完，请下季度再点。"
        orders.decline(sent, reason=reason, by=chief, at=MONDAY)
    assert any("不用再办" in words for words in words_to(worker))


def test_each_step_is_his_alone_who_may(
    order,
    sent,
    held,
    shop,
    item,
    station,
    stranger,
    worker,
    other_worker,
    leader,
    chief,
):
    with pytest.raises(PermissionDenied):
        orders.place(shop, item=item, people=3, by=stranger, at=NOON)
    with pytest.raises(PermissionDenied):
        orders.place(shop, item=item, people=3, by=worker, at=NOON)
    fresh = orders.receive(shop, item=item, people=3, at=NOON)[0]
    for user in (stranger, worker, leader):
        with pytest.raises(PermissionDenied):
            orders.dispatch(
                fresh, stations=[station], answer_by=UNTIL, by=user, at=NOON
            )
        with pytest.raises(PermissionDenied):
            orders.decline(
                fresh, reason="本季度的名额已经用完了，下次。", by=user, at=NOON
            )
    orders.dispatch(fresh, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    given = fresh.dispatches.get()
    for user in (stranger, other_worker, leader, chief):
        with pytest.raises(PermissionDenied):
            orders.accept(given, by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            orders.refuse(given, reason="满了", by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            arranged(held, user)


def test_what_is_off_the_menu_or_gone_is_not_ordered(shop, item, clerk, grid):
    gone = BusinessFactory(grid=grid, state="moved")
    with pytest.raises(orders.Refused, match="不在这里营业"):
        orders.place(gone, item=item, people=3, by=clerk, at=NOON)
    with pytest.raises(orders.Refused, match="不提供"):
        orders.place(shop, item=ItemFactory(active=False), people=3, by=clerk, at=NOON)


def test_the_same_wish_by_the_card_while_it_waits_is_one_order(shop, item):
    first, created = orders.receive(shop, item=item, people=3, at=NOON)
    again, second = orders.receive(shop, item=item, people=5, at=NOON)
    assert (first, created, second) == (again, True, False)


def test_the_database_itself_refuses_two_that_answer(held, other_station, chief):
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispatch.objects.create(
            order=held,
            station=other_station,
            state=Dispatch.State.ACCEPTED,
            sent_by=chief,
            sent_at=NOON,
            answer_by=UNTIL,
            answered_by=chief,
            answered_at=MONDAY,
        )


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "accepted"},
        {"state": "serving"},
        {"state": "finished"},
        {"state": "rated"},
        {"state": "declined"},
        {"state": "dispatched"},
    ],
)
def test_no_stage_without_its_facts(order, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**facts)


def test_a_day_off_that_is_entered_later_moves_the_days(order, clerk):
    DayRule.objects.create(date=dt.date(2026, 10, 16), kind="holiday", name="临时放假")
    changed()
    try:
        assert orders.recount(date=dt.date(2026, 10, 16), by=clerk, at=NOON) == 1
    finally:
        changed()
    order.refresh_from_db()
    assert order.dispatch_by == dt.date(2026, 10, 19)
