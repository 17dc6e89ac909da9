"""One record that comes many times at the same moment, each on a connection of its own."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tianshan.audit.models import Entry
from visits import sync_visit
from visits.models import Demand, DemandCategory, Visit

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 20


@pytest.fixture
def record(shop, staff):
    """`record(**fields)`: a visit as a phone sends it; the same key for each."""
    key, now = str(uuid.uuid4()), timezone.now().isoformat()
    shown = sync_visit.as_shown(shop)

    def made(**fields):
        return {
            "kind": "visit",
            "key": key,
            "author": staff.pk,
            "filled_at": now,
            "sent_at": now,
            "business": shop.pk,
            "seen": shown["seen"],
            "fields": {
                **shown["facts"],
                "outcome": "normal",
                "people_met": "owner",
                "facts": "same",
                "method": "on_spot",
                "visited_on": "",
                "note": "",
                **fields,
            },
        }

    return made


@pytest.fixture
def at_once(client_of, staff):
    """`at_once(bodies)`: send all at the same moment; status and answer of each."""
    signed_in = client_of(staff).cookies

    def send_all(bodies):
        begin = Barrier(len(bodies))

        def send(body):
            client = Client(raise_request_exception=False)
            client.cookies = signed_in
            begin.wait()
            try:
                answer = client.post(
                    "/visits/sync/", json.dumps(body), content_type="application/json"
                )
                return answer.status_code, answer.json()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(send, bodies))

    return send_all


def test_the_same_record_twenty_times_at_once_is_one_visit(record, at_once):
    category = DemandCategory.objects.offered().first()
    body = record(
        **{
            "outcome": "demand",
            "demand-0-category": str(category.pk),
            "demand-0-words": "上午九点清运。",
        }
    )
    answers = at_once([body] * TIMES)

    assert Counter(status for status, _ in answers) == {201: 1, 200: TIMES - 1}
    visit = Visit.objects.get()
    assert {answer["number"] for _, answer in answers} == {visit.pk}
    assert Demand.objects.count() == 1
    assert Entry.objects.filter(verb="visit.logged").count() == 1


def test_a_correction_twenty_times_at_once_clashes_with_nobody(record, at_once, shop):
    """Each but the first finds the facts changed: by itself, which is no clash."""
    answers = at_once([record(facts="changed", staff_count="7")] * TIMES)

    assert Counter(status for status, _ in answers) == {201: 1, 200: TIMES - 1}
    shop.refresh_from_db()
    assert shop.staff_count == 7
    assert Visit.objects.count() == 1


def test_two_contents_under_one_key_at_once_store_one_and_name_it(record, at_once):
    one, other = record(note="甲"), record(note="乙")
    answers = at_once([one, other] * (TIMES // 2))

    visit = Visit.objects.get()
    met = Counter(status for status, _ in answers)
    assert met == {201: 1, 200: TIMES // 2 - 1, 409: TIMES // 2}
    assert {answer["number"] for _, answer in answers} == {visit.pk}
    won = {
        body["fields"]["note"]
        for body, (status, _) in zip([one, other] * 10, answers, strict=True)
        if status < 300
    }
    assert won == {visit.note}
