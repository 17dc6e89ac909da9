"""What orders have for a person to do, what they remind of, count and show on the board."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from dashboard import standing
from services import orders
from services.order_figures import taking_part
from services.order_reminders import lines, read
from services.order_todo import to_answer, to_dispatch, to_revisit, to_serve
from tests.factories import NOON, TODAY, ActivityFactory, OrderFactory, PostFactory
from tests.services.conftest import MONDAY, UNTIL, clock
from tests.services.test_orders import finished
from tianshan.ledgers import FIGURES
from tianshan.ledgers.scopes import Scope

DAY = dt.timedelta(days=1)


@pytest.fixture
def at(monkeypatch):
    """`at(moment)`: what the lists take for now."""

    def now(moment):
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    return now


def words(rows):
    return [row.note for row in rows]


def test_each_finds_what_waits_for_him(order, station, chief, worker, staff, at):
    at(NOON)
    assert words(to_dispatch(chief, TODAY)) == ["等您派单"]
    assert to_dispatch(staff, TODAY) == to_answer(worker, TODAY) == []

    orders.dispatch(order, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    assert to_dispatch(chief, TODAY) == []
    assert words(to_answer(worker, TODAY)) == ["10-19 18:00 前答复"]

    at(clock(20, 9))  # nobody answered
    assert to_answer(worker, TODAY) == []
    assert words(to_dispatch(chief, TODAY)) == ["没有阵地接，请重新派单"]


def test_a_station_finds_what_it_has_taken(held, worker, other_worker, at):
    at(MONDAY)
    assert words(to_serve(worker, TODAY)) == ["约定日期和地点，2026-10-22 前"]
    assert to_serve(other_worker, TODAY) == []


def test_whoever_owes_the_next_step_is_reminded_of_it(
    order, station, chief, clerk, worker, at
):
    at(clock(16, 9))  # the day by which it is to be dispatched
    [said] = read(TODAY + DAY)
    assert set(said.users) == {chief, clerk}
    assert said.words == f"黄灯 今天到期，派单：{order.number} 心理咨询"
    assert "启元" not in said.words

    orders.dispatch(order, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    at(clock(19, 9))
    [said] = read(TODAY)
    assert said.users == (worker,)
    at(clock(20, 9))
    [said] = read(TODAY)
    assert set(said.users) == {chief, clerk}
    assert "到时没有阵地答复" in said.words
    assert list(lines("310105006603", TODAY)) == [
        "点单等派单 1 单",
        f"- {order.number} 心理咨询",
    ]


def figures(user, grid, *, start=TODAY - DAY, end=TODAY + 25 * DAY, today=None):
    scope = Scope(user, grid, start, end, today or end)
    return scope, {
        key: FIGURES[key].count(scope)
        for key in FIGURES
        if key.startswith("orders_") and hasattr(FIGURES[key], "count")
    }


def test_figures_count_what_they_say(
    held, worker, chief, clerk, grid, shop, item, station
):
    finished(held, worker)
    late = orders.place(shop, item=item, people=3, by=clerk, at=NOON)
    orders.dispatch(late, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    gone = orders.place(shop, item=item, people=3, by=clerk, at=NOON)
    orders.dispatch(gone, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    orders.withdraw(gone, reason="不用了", by=None, at=NOON)

    counted = figures(clerk, grid)[1]
    assert counted == {
        "orders_placed": 3,
        "orders_answer_due": 2,
        "orders_accepted_in_time": 1,
        "orders_finished": 1,
        "orders_rated": 0,
        "orders_satisfied": 0,
        "orders_unrated": 1,
        "orders_open": 1,
    }
    orders.rate(held, verdict="not", words="晚到了", at=clock(22, 9))
    counted = figures(clerk, grid)[1]
    assert (counted["orders_rated"], counted["orders_satisfied"]) == (1, 0)


def test_a_figure_opens_as_many_rows(held, worker, clerk, grid, client_of):
    finished(held, worker)
    client = client_of(clerk)
    scope, counted = figures(clerk, grid, start=dt.date(2026, 1, 1))
    for key, number in counted.items():
        page = client.get(FIGURES[key].href(scope)).content.decode()
        assert f'data-total="{number}"' in page, key


def test_each_lane_of_the_board_opens_as_many_rows(
    grid, shop, item, station, other_station, chief, clerk, worker, client_of
):
    now = timezone.now()
    made = [orders.place(shop, item=item, people=3, by=clerk, at=now) for _ in range(7)]
    for order in made[1:]:
        orders.dispatch(
            order,
            stations=[station],
            answer_by=orders.usual_answer_by(now),
            by=chief,
            at=now,
        )
    for order in made[3:]:
        orders.accept(order.dispatches.get(), by=worker, at=now)

    client = client_of(clerk)
    for narrowed, expected in (("", [1, 2, 4, 0]), (station.pk, [0, 2, 4, 0])):
        page = client.get(f"{reverse('services:order_board')}?station={narrowed}")
        lanes = page.context["lanes"]
        assert [lane["count"] for lane in lanes] == expected
        for lane in lanes:
            total = client.get(lane["url"]).content.decode()
            assert f'data-total="{lane["count"]}"' in total
    shown = re.findall(r'class="ordercard"', page.content.decode())
    assert len(shown) == 6
    assert client_of(worker).get(reverse("services:order_board")).status_code == 200


def test_the_board_offers_each_his_own_next_step(
    grid, shop, item, station, other_station, chief, clerk, worker, client_of
):
    """A worker who also sees the grid's orders is not led to answer for others."""
    PostFactory(user=worker, role=Role.GRID_STAFF, grid=grid)
    now = timezone.now()
    for each in (station, other_station):
        order = orders.place(shop, item=item, people=3, by=clerk, at=now)
        until = orders.usual_answer_by(now)
        orders.dispatch(order, stations=[each], answer_by=until, by=chief, at=now)
    orders.place(shop, item=item, people=3, by=clerk, at=now)

    def todo(user):
        lanes = client_of(user).get(reverse("services:order_board")).context["lanes"]
        return {
            order.pk: order.todo and order.todo["label"]
            for lane in lanes
            for order in lane["orders"]
        }

    assert list(todo(worker).values()) == [None, "答复", None]
    assert list(todo(chief).values()) == ["派单", None, None]


def test_who_was_not_satisfied_is_asked_by_the_grid(
    held, worker, chief, clerk, client_of, at
):
    finished(held, worker)
    orders.rate(held, verdict="not", words="晚到了", at=clock(22, 9))
    at(clock(22, 10))
    assert words(to_revisit(chief, TODAY)) == ["点单人不满意，10-27 前回访"]
    assert to_revisit(worker, TODAY) == []
    at(clock(28, 9))
    [said] = read(TODAY)
    assert set(said.users) == {chief, clerk}
    assert "红灯" in said.words
    ledger = reverse("services:order_list")
    page = client_of(chief).get(f"{ledger}?waits=revisit&light=red").text
    assert 'data-total="1"' in page

    page = reverse("services:order_revisit", args=[held.pk])
    assert "请填写。" in client_of(chief).post(page, {"words": " "}).text
    client_of(chief).post(page, {"words": "下次提前半小时到"})
    held.refresh_from_db()
    assert (held.revisit_words, held.revisited_on) == (
        "下次提前半小时到",
        dt.date(2026, 10, 28),
    )
    assert to_revisit(chief, TODAY) == list(read(TODAY)) == []
    with pytest.raises(orders.Refused):
        orders.revisit(held, words="再访", by=chief, at=clock(28, 9))


@pytest.mark.parametrize("verdict", ["satisfied", "mostly"])
def test_who_was_content_is_not_asked_again(held, worker, chief, verdict):
    finished(held, worker)
    orders.rate(held, verdict=verdict, words="", at=clock(22, 9))
    held.refresh_from_db()
    assert held.open_steps == set()
    assert held.next_step(clock(22, 10)) is None


def test_a_station_s_page_lists_what_is_coming_and_its_orders(
    held, station, other_station, worker, client_of
):
    ActivityFactory(grid=station.grid, station=station, title="茶艺课")
    ActivityFactory(grid=station.grid, station=other_station, title="别处的课")
    client = client_of(worker)
    page = client.get(reverse("party:station_detail", args=[station.pk])).text
    for name, found, other in (
        ("activities_at_station", "茶艺课", "别处的课"),
        ("orders_for_station", "心理咨询", "没有在办"),
    ):
        address = reverse(f"services:{name}", args=[station.pk])
        assert address in page
        part = client.get(address).text
        assert found in part
        assert other not in part
        ways = re.findall(
            r'href="(/(?:orders|activities)/\?station=[^"]+)">\D+(\d+)', part
        )
        assert len(ways) == 2
        for way, number in ways:
            ledger = client.get(way.replace("&amp;", "&")).text
            assert f'data-total="{number}"' in ledger


@pytest.mark.parametrize("count", [1, 3])
def test_what_a_station_has_costs_the_same_for_any_number(
    shop, item, station, chief, clerk, client_of, count, django_assert_max_num_queries
):
    now = timezone.now()
    for _ in range(count):
        order = orders.place(shop, item=item, people=3, by=clerk, at=now)
        until = orders.usual_answer_by(now)
        orders.dispatch(order, stations=[station], answer_by=until, by=chief, at=now)
        ActivityFactory(grid=station.grid, station=station)
    client = client_of(clerk)
    for name in ("orders_for_station", "activities_at_station"):
        address = reverse(f"services:{name}", args=[station.pk])
        client.get(address)
        with django_assert_max_num_queries(10):
            client.get(address)


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_costs_the_same_for_any_number_of_orders(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    OrderFactory.create_batch(count, business__grid=grid)
    client = client_of(clerk)
    client.get(reverse("services:order_board"))
    with django_assert_max_num_queries(19):
        client.get(reverse("services:order_board"))


def test_what_was_served_counts_as_taking_part(held, worker, shop):
    assert list(taking_part([shop.pk])) == []
    finished(held, worker)
    assert list(taking_part([shop.pk])) == [(shop.pk, dt.date(2026, 10, 21))]
    assert taking_part in standing.TAKING_PART
