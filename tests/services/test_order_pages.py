"""The pages of orders and of the menu, by who uses them."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from services import orders
from services.models import MenuItem, Order, ServiceBrand
from services.models.order import State
from tests.factories import (
    LIVE_ON,
    BusinessFactory,
    DemandFactory,
    ItemFactory,
    OrderFactory,
    PostFactory,
    StationFactory,
)
from tianshan.audit.models import Reading
from tianshan.workdays import Calendar
from visits.models import Demand


def url(name, *args):
    return reverse(f"services:{name}", args=args)


def today():
    return timezone.localdate()


def next_workday():
    return Calendar.load().add(today(), 1)


@pytest.fixture
def placed(shop, item, clerk):
    return orders.place(shop, item=item, people=12, by=clerk, at=timezone.now())


@pytest.fixture
def asked(placed, station, other_station, chief):
    now = timezone.now()
    return orders.dispatch(
        placed,
        stations=[station, other_station],
        answer_by=orders.usual_answer_by(now),
        by=chief,
        at=now,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    OrderFactory.create_batch(count, business__grid=grid)
    client = client_of(clerk)
    client.get(url("order_list"))
    with django_assert_max_num_queries(17):
        page = client.get(url("order_list")).content.decode()
    assert f'data-total="{count}"' in page


def test_staff_order_for_a_business_from_its_page(shop, item, staff, client_of):
    client = client_of(staff)
    part = client.get(url("orders_for_business", shop.pk)).content.decode()
    assert f"/orders/new/?business={shop.pk}" in part
    page = client.get(f"{url('order_new')}?business={shop.pk}").content.decode()
    assert "心理咨询" in page

    response = client.post(
        f"{url('order_new')}?business={shop.pk}", {"item": item.pk, "people": 8}
    )
    order = Order.objects.get()
    assert response.headers["Location"] == order.get_absolute_url()
    assert (order.people, order.placed_by, order.source) == (8, staff, "staff")
    assert order.number in client.get(order.get_absolute_url()).content.decode()


def test_the_chief_dispatches_and_the_form_offers_who_can(
    placed, station, other_station, chief, client_of
):
    client = client_of(chief)
    page = client.get(url("order_dispatch", placed.pk)).content.decode()
    assert station.name in page
    day = next_workday()
    response = client.post(
        url("order_dispatch", placed.pk),
        {"stations": [station.pk], "on": day.isoformat(), "clock": "17:00"},
    )
    assert response.status_code == 302
    placed.refresh_from_db()
    assert placed.state == State.DISPATCHED
    bad = client.post(url("order_decline", placed.pk), {"reason": "不行"})
    assert "至少 15 个字" in bad.content.decode()


def test_the_station_takes_it_on_its_page_and_the_other_is_told(
    asked, station, other_station, worker, other_worker, client_of
):
    page = client_of(worker).get(asked.get_absolute_url()).content.decode()
    assert "接不接这一单" in page
    assert "19912345678" not in page
    given = asked.dispatches.get(station=station)
    client_of(worker).post(url("dispatch_accept", given.pk))
    asked.refresh_from_db()
    assert asked.station == station

    late = asked.dispatches.get(station=other_station)
    response = client_of(other_worker).post(
        url("dispatch_accept", late.pk), follow=True
    )
    assert "天山驿空间" in response.content.decode()
    assert "接单" in response.content.decode()
    assert client_of(other_worker).get(asked.get_absolute_url()).status_code == 404


def test_the_station_refuses_arranges_and_finishes(
    asked, station, other_station, worker, other_worker, client_of
):
    other = asked.dispatches.get(station=other_station)
    client = client_of(other_worker)
    assert "原因" in client.post(url("dispatch_refuse", other.pk), {}).content.decode()
    response = client.post(url("dispatch_refuse", other.pk), {"reason": "排满了"})
    assert response.headers["Location"] == url("order_list")

    client = client_of(worker)
    client.post(url("dispatch_accept", asked.dispatches.get(station=station).pk))
    assert client.get(url("order_serve", asked.pk)).status_code == 200
    where = {"on": today().isoformat(), "place": "会议室"}
    client.post(url("order_serve", asked.pk), where)
    what = {"on": today().isoformat(), "given": "来了两位咨询师", "came": 9}
    client.post(url("order_finish", asked.pk), what)
    asked.refresh_from_db()
    assert (asked.state, asked.came, asked.finished_on) == ("finished", 9, today())


def test_the_number_is_called_by_who_answers_for_it_and_logged(
    asked, station, worker, client_of
):
    client = client_of(worker)
    client.post(url("order_phone", asked.pk), follow=True)
    assert Reading.objects.count() == 0
    client.post(url("dispatch_accept", asked.dispatches.get(station=station).pk))
    page = client.post(url("order_phone", asked.pk)).content.decode()
    assert "19912345678" in page
    assert Reading.objects.get().by == worker


def test_another_grid_sees_nothing_of_it(asked, stranger, client_of, other_grid):
    client = client_of(stranger)
    assert client.get(asked.get_absolute_url()).status_code == 404
    assert 'data-total="0"' in client.get(url("order_list")).content.decode()
    for step in ("dispatch", "serve", "withdraw"):
        assert client.post(url(f"order_{step}", asked.pk)).status_code in (403, 404)


def test_a_demand_becomes_an_order_on_its_page(shop, item, clerk, client_of):
    demand = DemandFactory(business=shop, words="员工渴望心理咨询")
    client = client_of(clerk)
    part = client.get(url("orders_for_demand", demand.pk)).content.decode()
    assert url("order_from_demand", demand.pk) in part
    triage = client.get("/demands/triage/").content.decode()
    assert url("order_from_demand", demand.pk) in triage
    client.post(url("order_from_demand", demand.pk), {"item": item.pk, "people": 9})
    order = Order.objects.get()
    assert order.demand == demand
    page = client.get(order.get_absolute_url()).content.decode()
    assert "撤销转办" in page
    client.post(url("order_turn_back", order.pk))
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


@pytest.mark.parametrize(
    ("waits", "when"), [("dispatch", 0), ("answer", 0), ("returned", 9)]
)
def test_the_ledger_narrows_to_who_is_waited_for(
    shop, item, station, chief, clerk, client_of, waits, when
):
    past = timezone.now() - dt.timedelta(days=when)
    order = orders.place(shop, item=item, people=3, by=clerk, at=past)
    if waits != "dispatch":
        orders.dispatch(
            order,
            stations=[station],
            answer_by=orders.usual_answer_by(past),
            by=chief,
            at=past,
        )
    for asked in ("dispatch", "answer", "returned"):
        page = client_of(clerk).get(f"{url('order_list')}?waits={asked}")
        expected = asked == waits or (waits, asked) == ("returned", "dispatch")
        assert f'data-total="{int(expected)}"' in page.content.decode()


def test_the_menu_is_kept_by_who_may(station, clerk, staff, client_of, street):
    client = client_of(clerk)
    client.post(url("brand_new"), {"name": "医靠驿站", "about": "健康"})
    brand = ServiceBrand.objects.get()
    what = {
        "brand": brand.pk,
        "name": "心理咨询",
        "what": "一对一谈",
        "for_whom": "员工",
        "lasts": "1 小时",
        "stations": [station.pk],
    }
    client.post(url("item_new"), what)
    item = MenuItem.objects.get()
    assert [giver.station for giver in item.givers.all()] == [station]
    twice = client.post(url("item_new"), what).content.decode()
    assert "已经有" in twice
    client.post(url("item_edit", item.pk), {**what, "name": "心理讲座"})
    item.refresh_from_db()
    assert (item.name, item.active) == ("心理讲座", False)
    assert "心理讲座" in client.get(url("menu_list")).content.decode()
    assert client_of(staff).get(url("menu_list")).status_code == 403
    leader = PostFactory(role=Role.STREET_LEADER, grid=street).user
    assert client_of(leader).get(url("item_edit", item.pk)).status_code == 403


def test_who_changes_the_menu_takes_away_no_station_that_he_does_not_see(
    station, clerk, client_of, other_grid
):
    far = StationFactory(name="别的网格的阵地", grid=other_grid)
    closed = StationFactory(grid=station.grid, closed_on=LIVE_ON, closed_why="装修")
    item = ItemFactory(name="心理咨询", stations=[station, far, closed])
    page = client_of(clerk).get(url("item_edit", item.pk))
    assert far.name not in page.text
    other = StationFactory(grid=station.grid)
    facts = {
        "brand": item.brand_id,
        "name": "心理讲座",
        "what": "讲一讲",
        "for_whom": "员工",
        "lasts": "1 小时",
        "active": "on",
        "stations": [other.pk],
    }
    client_of(clerk).post(url("item_edit", item.pk), facts)
    item.refresh_from_db()
    assert item.name == "心理讲座"
    assert {giver.station for giver in item.givers.all()} == {other, far, closed}


def test_a_business_that_left_is_not_ordered_for(grid, clerk, client_of):
    gone = BusinessFactory(grid=grid, state="moved")
    part = client_of(clerk).get(url("orders_for_business", gone.pk)).content.decode()
    assert "代它点单" not in part


@pytest.mark.parametrize("people", [0, 99999])
def test_an_order_is_for_a_number_that_can_be(clerk, client_of, shop, item, people):
    page = client_of(clerk).post(
        f"{url('order_new')}?business={shop.pk}", {"item": item.pk, "people": people}
    )
    assert page.status_code == 200
    assert not Order.objects.exists()


def test_the_menu_s_form_speaks_chinese(street, client_of):
    worker = PostFactory(role=Role.PARTY_WORKER, grid=street).user
    page = client_of(worker).get(url("item_new")).text
    assert "Select an option" not in page
    assert "请选择" in page
