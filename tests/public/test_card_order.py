"""Ordering on a shop's card, and the link by which the order is followed and rated."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from public import cards
from public.models import OrderLink
from services import orders
from services.models import Order
from tests.factories import NOON, ItemFactory, StationFactory
from tests.services.conftest import serving


@pytest.fixture
def station(grid):
    return StationFactory(name="宁聚里", grid=grid)


@pytest.fixture
def item(station):
    return ItemFactory(name="心理咨询", stations=[station])


@pytest.fixture
def order_url(printed):
    return reverse("public:card_order", args=[printed[1]])


@pytest.fixture
def scan_order(order_url, item):
    """`scan_order(…)`: open the form anew and order; the answer."""

    def send(client=None, **more):
        client = client or Client()
        key = client.get(order_url).context["key"]
        data = {"key": key, "item": item.pk, "people": 8, **more}
        return client.post(order_url, data)

    return send


def link_in(response):
    return re.sub(r"\?.*", "", response.headers["Location"])


def served(order, station, clerk, chief):
    """Two days ago it was ordered; today it has been given."""
    worker, now = serving(station, "worker"), timezone.now()
    orders.dispatch(
        order,
        stations=[station],
        answer_by=orders.usual_answer_by(now),
        by=chief,
        at=now,
    )
    orders.accept(order.dispatches.get(), by=worker, at=now)
    day = timezone.localdate(now)
    orders.serve(order, on=day, place="会议室", by=worker, at=now)
    orders.finish(order, on=day, given="来了两位", came=7, by=worker, at=now)


def test_the_card_shows_the_menu_and_leads_to_it(client, url, order_url, item):
    ItemFactory(name="停掉的服务", active=False)
    page = client.get(url).content.decode()
    assert f"{order_url}?item={item.pk}" in page
    assert "停掉的服务" not in page
    form = client.get(f"{order_url}?item={item.pk}").content.decode()
    assert "checked" in form


def test_what_is_ordered_has_a_number_and_says_what_comes_next(scan_order, shop, item):
    response = scan_order(phone="13900008642", words="周三下午")
    order = Order.objects.get()
    assert (order.business, order.item, order.people) == (shop, item, 8)
    assert (order.source, order.placed_by) == (Order.Source.CARD, None)
    page = Client().get(response.headers["Location"]).content.decode()
    assert order.number in page
    assert "接下来" in page
    assert "8642" not in page
    assert "沈女士" not in page


def test_the_same_form_twice_is_one_order_with_one_link(client, order_url, item):
    data = {"key": client.get(order_url).context["key"], "item": item.pk, "people": 8}
    first, again = client.post(order_url, data), client.post(order_url, data)
    assert first.headers["Location"] == again.headers["Location"]
    assert (Order.objects.count(), OrderLink.objects.count()) == (1, 1)


def test_the_same_service_from_another_phone_is_the_same_order(scan_order):
    scan_order()
    page = scan_order().content.decode()
    assert "已经点过" in page
    assert Order.objects.count() == 1


def test_a_card_made_void_orders_nothing(client, order_url, item, printed, clerk):
    key = client.get(order_url).context["key"]
    cards.revoke(printed[0], reason="丢了", by=clerk, at=NOON)
    response = client.post(order_url, {"key": key, "item": item.pk, "people": 8})
    assert response.status_code == 404
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [{"people": 0}, {"people": "很多"}, {"item": 0}, {"website": "x"}, {"phone": "来"}],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(scan_order, wrong):
    page = scan_order(words="周三下午", **wrong).content.decode()
    assert "周三下午" in page
    assert Order.objects.count() == 0


def test_only_the_holder_of_the_link_rates_and_once(
    scan_order, station, clerk, chief, client_of, grid
):
    link = link_in(scan_order())
    order = Order.objects.get()
    early = Client().post(f"{link}rate/", {"verdict": "satisfied"})
    assert early.status_code == 422
    served(order, station, clerk, chief)
    assert "请您评一评" in Client().get(link).content.decode()

    by_staff = client_of(clerk).post(f"{link}rate/", {"verdict": "satisfied"})
    assert "不能代点单的人" in by_staff.content.decode()
    Client().post(f"{link}rate/", {"verdict": "mostly", "words": "时间短了点"})
    order.refresh_from_db()
    assert (order.state, order.verdict) == ("rated", "mostly")
    again = Client().post(f"{link}rate/", {"verdict": "not", "words": "反悔"})
    assert again.status_code == 422


def test_the_holder_of_the_link_takes_it_back(scan_order):
    link = link_in(scan_order())
    Client().post(f"{link}withdraw/")
    order = Order.objects.get()
    assert order.state == "withdrawn"
    assert "您撤回了" in Client().get(link).content.decode()


def test_for_what_staff_ordered_a_link_is_handed_over(
    shop, item, clerk, client_of, stranger
):
    order = orders.place(shop, item=item, people=3, by=clerk, at=timezone.now())
    give = reverse("public:order_link_give", args=[order.pk])
    page = client_of(clerk).post(give).content.decode()
    assert order.number in page
    part = client_of(clerk).get(reverse("public:for_order", args=[order.pk]))
    assert "有效的链接 1 个" in part.content.decode()
    assert client_of(stranger).post(give).status_code == 404
    client_of(clerk).post(reverse("public:order_link_revoke", args=[order.pk]))
    assert OrderLink.objects.in_force().count() == 0


def test_after_the_time_nobody_is_asked_to_rate(scan_order, station, clerk, chief):
    link = link_in(scan_order())
    order = Order.objects.get()
    served(order, station, clerk, chief)
    Order.objects.filter(pk=order.pk).update(
        rate_by=timezone.localdate() - dt.timedelta(days=1)
    )
    assert "请您评一评" not in Client().get(link).content.decode()


def test_an_order_s_page_has_one_heading_above_all_new_and_later(scan_order, client):
    fresh = scan_order().headers["Location"]
    for address in (fresh, fresh.partition("?")[0]):
        assert client.get(address).text.count("<h1") == 1


def test_who_was_not_satisfied_reads_when_the_grid_will_ask(
    scan_order, station, clerk, chief
):
    link = link_in(scan_order())
    order = Order.objects.get()
    served(order, station, clerk, chief)
    Client().post(f"{link}rate/", {"verdict": "not", "words": "来得太晚"})
    order.refresh_from_db()
    assert "回访，问清哪里不好" in Client().get(link).text
    orders.revisit(order, words="下次提前到", by=chief, at=timezone.now())
    page = Client().get(link).text
    assert "下次提前到" in page
    assert "问清哪里不好" not in page
