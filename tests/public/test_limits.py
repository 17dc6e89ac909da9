"""How often one may send and guess; what stands in the way of lies about addresses."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from public import limits
from public.models import Attempt
from visits.models import Demand

HOUR = dt.timedelta(hours=1)


def test_ten_an_hour_from_one_address_and_the_words_stay(scan, client):
    for number in range(10):
        assert scan(f"第 {number} 件。").status_code == 302
    refused = scan("第十一件。")
    assert refused.status_code == 429
    assert "第十一件。" in refused.content.decode()
    assert "请过一会儿再交" in refused.content.decode()
    assert Demand.objects.count() == 10
    assert scan("别处来的。", address="203.0.113.9").status_code == 302
    Attempt.objects.update(at=timezone.now() - HOUR)
    assert scan("第十一件。").status_code == 302


def test_a_forged_header_is_no_other_address(scan, url, client, category):
    for number in range(10):
        scan(f"第 {number} 件。")
    key = client.get(url).context["key"]
    data = {"key": key, "category": category.pk, "words": "第十一件。"}
    for forged in ("198.51.100.7", "10.0.0.1, 198.51.100.7", "乱写"):
        answer = client.post(url, data, headers={"X-Forwarded-For": forged})
        assert answer.status_code == 429
    assert Demand.objects.count() == 10


def test_behind_a_proxy_what_it_says_is_believed_and_nothing_before(rf, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def seen(said):
        request = rf.get("/", headers={"X-Forwarded-For": said})
        return limits.address_of(request)

    assert seen("203.0.113.9") == seen("198.51.100.7, 203.0.113.9")
    assert seen("203.0.113.9") != seen("203.0.113.10")


def test_one_ipv6_network_is_one_address(rf):
    def seen(address):
        return limits.address_of(rf.get("/", REMOTE_ADDR=address))

    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff::9")
    assert seen("2001:db8:1:2::1") != seen("2001:db8:1:3::1")


def test_a_card_takes_twenty_a_day(scan):
    for number in range(20):
        answer = scan(f"第 {number} 件。", address=f"203.0.113.{number}")
        assert answer.status_code == 302
    refused = scan("再来一件。", address="203.0.113.99")
    assert refused.status_code == 429
    assert "这张码今天收得太多" in refused.content.decode()
    assert Demand.objects.count() == 20


def test_of_three_hundred_guesses_none_opens_and_most_are_not_looked_at(
    client, url, sent
):
    answers = []
    for number in range(150):
        guess = f"{number:032d}"
        answers.append(client.get(reverse("public:card", args=[guess])))
        answers.append(client.get(reverse("public:demand", args=[guess])))
    assert [a.status_code for a in answers[:30]] == [404] * 30
    assert {a.status_code for a in answers[30:]} == {429}
    # By then a right one is told nothing either; elsewhere it opens.
    assert client.get(url).status_code == 429
    assert client.get(sent).status_code == 429
    assert client.get(url, REMOTE_ADDR="203.0.113.9").status_code == 200
    Attempt.objects.update(at=timezone.now() - HOUR)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("odd", ["é" * 20, "%F0%9F%8D%B5", "a" * 5000, "..", "0"])
def test_odd_tokens_are_wrong_ones(client, db, odd):
    assert client.get(f"/q/{odd}/").status_code in (404,)


def test_addresses_are_kept_as_hashes_and_for_a_day(scan):
    scan(address="203.0.113.9")
    assert "203.0.113" not in str(list(Attempt.objects.values()))
    Attempt.objects.update(at=timezone.now() - dt.timedelta(days=1, seconds=1))
    scan("另一件。", address="203.0.113.8")
    assert Attempt.objects.count() == 2  # of the address, and of the card
