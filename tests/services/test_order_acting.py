"""A station without an account: its grid's clerk answers for it, and says how."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.rights import Role
from services import orders
from services.models import Order
from services.order_todo import to_answer, to_serve
from tests.factories import NOON, TODAY, PostFactory, StationStaffFactory
from tests.services.conftest import MONDAY, UNTIL, clock
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: MONDAY)


@pytest.fixture
def given(order, station, chief):
    orders.dispatch(order, stations=[station], answer_by=UNTIL, by=chief, at=NOON)
    return order.dispatches.get()


def url(name, pk):
    return reverse(f"services:{name}", args=[pk])


def test_the_clerk_takes_it_and_serves_for_the_station(
    given, order, station, clerk, client_of
):
    assert any("等您答复" in row.words for row in Notice.objects.visible_to(clerk))
    assert len(to_answer(clerk, TODAY)) == 1
    client = client_of(clerk)
    assert f"{station}怎么答复的" in client.get(order.get_absolute_url()).text
    client.post(url("dispatch_accept", given.pk), {"how": "phone"})
    assert len(to_serve(clerk, TODAY)) == 1
    serve = {"on": "2026-10-21", "place": "会议室"}
    assert "怎么答复的" in client.post(url("order_serve", order.pk), serve).text
    client.post(url("order_serve", order.pk), serve | {"how": "message"})

    order.refresh_from_db()
    assert (order.state, order.station) == ("serving", station)
    acts = order.log.filter(step__in=["accept", "serve"])
    assert [(act.by, act.for_whom, act.how) for act in acts] == [
        (clerk, station.name, "phone"),
        (clerk, station.name, "message"),
    ]
    entries = Entry.objects.about(order).filter(on_behalf_of=station.name)
    assert {entry.verb for entry in entries} == {"order.accepted", "order.arranged"}
    page = client.get(order.get_absolute_url()).text
    assert f"（代{station}，电话）" in page


def test_refusing_for_a_station_needs_reason_and_how(given, order, clerk, client_of):
    client, page = client_of(clerk), url("dispatch_refuse", given.pk)
    assert "怎么答复的" in client.post(page, {"reason": "排满了"}).text
    client.post(page, {"reason": "排满了", "how": "paper"})
    order.refresh_from_db()
    assert order.state == Order.State.PLACED
    assert order.log.get(step="refuse").how == "paper"


@pytest.mark.parametrize("how", ["", "guessed"])
def test_how_it_answered_is_asked(given, clerk, how):
    with pytest.raises(orders.Refused, match="怎么答复的"):
        orders.accept(given, how=how, by=clerk, at=MONDAY)
    assert not Order.objects.filter(state="accepted").exists()


def test_nobody_acts_for_a_station_that_can_sign_in(given, station, clerk, worker):
    assert not Order.objects.served_by(clerk).exists()
    with pytest.raises(PermissionDenied):
        orders.accept(given, how="phone", by=clerk, at=MONDAY)
    assert to_answer(clerk, TODAY) == []
    worker.is_active = False
    worker.save()
    assert len(to_answer(clerk, TODAY)) == 1


def test_a_worker_whose_post_has_ended_is_no_account(given, station, clerk):
    post = PostFactory(
        role=Role.STATION_STAFF, grid=station.grid, until=dt.date(2026, 10, 1)
    )
    StationStaffFactory(post=post, station=station)
    assert len(to_answer(clerk, TODAY)) == 1


@pytest.mark.parametrize("who", ["chief", "staff", "stranger", "leader"])
def test_only_its_clerk_acts_for_it(request, given, who):
    user = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        orders.accept(given, how="phone", by=user, at=MONDAY)


def test_another_grids_clerk_does_not(given, other_grid):
    other = PostFactory(role=Role.GRID_CLERK, grid=other_grid).user
    with pytest.raises(PermissionDenied):
        orders.accept(given, how="phone", by=other, at=MONDAY)


def test_the_database_wants_both_for_whom_and_how(given, order, clerk):
    orders.accept(given, how="phone", by=clerk, at=MONDAY)
    act = order.log.get(step="accept")
    act.how = ""
    with pytest.raises(IntegrityError), transaction.atomic():
        act.save()


def test_its_workers_say_no_how(given, order, station, worker):
    orders.accept(given, by=worker, at=clock(19, 11))
    act = order.log.get(step="accept")
    assert (act.for_whom, act.how) == ("", "")
