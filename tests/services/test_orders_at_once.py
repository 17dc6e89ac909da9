"""Two stations take the same order at one moment: one has it, the other is told."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from services import orders
from services.models import Dispatch
from tests.services.conftest import MONDAY


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_takes_it(
    sent, station, other_station, worker, other_worker
):
    start = Barrier(2)

    def take(pair):
        given, user = pair
        start.wait()
        try:
            orders.accept(given, by=user, at=MONDAY)
        except orders.Refused as refused:
            return str(refused)
        finally:
            connection.close()
        return "taken"

    both = [
        (sent.dispatches.get(station=station), worker),
        (sent.dispatches.get(station=other_station), other_worker),
    ]
    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(take, both))

    sent.refresh_from_db()
    winner = sent.dispatches.get(state=Dispatch.State.ACCEPTED).station
    assert sent.station == winner
    assert said.count("taken") == 1
    [other] = [words for words in said if words != "taken"]
    assert f"{winner} 10月19日 10:00 接单" in other
    assert sent.log.filter(step="accept").count() == 1
