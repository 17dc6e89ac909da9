"""Many who sign up for the same activity at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import DatabaseError, connection

from services import signups
from tests.factories import NOON

AT_ONCE = 10  # connections; the others follow as these come back


def rush(activity, people):
    """(in, waiting, whether all are there in one unbroken order of asking)."""
    start = Barrier(AT_ONCE)

    def sign_up(number):
        if number < AT_ONCE:
            start.wait(timeout=10)
        try:
            signups.sign_up(activity, persons=1, title=f"第{number}位", at=NOON)
        except DatabaseError:
            pass  # lost: the numbers below tell
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(sign_up, range(people)))
    rows = list(activity.signups.order_by("number").values_list("number", "state"))
    states = [state for _, state in rows]
    inside = states.count("in")
    in_order = [number for number, _ in rows] == list(range(1, people + 1))
    # Whoever got in asked before whoever waits.
    in_order = in_order and states == ["in"] * inside + ["waiting"] * (people - inside)
    return inside, states.count("waiting"), in_order
