"""/metrics tells whoever brings the token what to watch, and nothing of anybody."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import NOON
from tianshan.audit import record
from tianshan.audit.models import Entry, Seal

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-test"


def read(client):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", TOKEN + "x", "é"])
def test_without_the_token_there_is_nothing(given, client, settings):
    settings.METRICS_TOKEN = TOKEN
    headers = {"Authorization": given} if given else {}
    assert client.get("/metrics", headers=headers).status_code == 404


def test_without_a_token_in_the_settings_nobody_reads_it(client):
    for given in ("Bearer ", "Bearer x"):
        answer = client.get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 404


def test_requests_are_counted_by_view(client_of, client, leader, settings):
    settings.METRICS_TOKEN = TOKEN
    key = ("tianshan_request_seconds_count", "2xx", "GET", "enterprises:business_list")
    before = read(client).get(key, 0)
    client_of(leader).get("/businesses/?q=annaslee")
    numbers = read(client)
    assert numbers[key] == before + 1
    assert not any("annaslee" in str(name) for name in numbers)


def test_an_address_that_is_none_is_not_told(client, settings):
    settings.METRICS_TOKEN = TOKEN
    client.get("/somewhere/anna/")
    names = str(list(read(client)))
    assert "'none'" in names
    assert "anna" not in names


def test_what_waits_to_be_sealed_is_told(client, staff, settings):
    settings.METRICS_TOKEN = TOKEN
    record("account.signed_in", staff, by=staff, at=NOON)
    numbers = read(client)
    assert numbers["tianshan_audit_unsealed", "entries"] == Entry.objects.count()
    assert ("tianshan_audit_sealed_age_seconds", "entries") not in numbers
    last = Entry.objects.latest("pk").pk
    Seal.objects.create(
        ledger="entries", upto=last, lines=1, hash="a" * 64, at=NOON, next_upto=last
    )
    numbers = read(client)
    assert numbers["tianshan_audit_unsealed", "entries"] == 0
    assert numbers["tianshan_audit_sealed_age_seconds", "entries"] == 0
    assert numbers["tianshan_database_bytes",] > 0
