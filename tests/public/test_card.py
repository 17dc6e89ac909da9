"""The card of a shop: what a stranger reads on it, and what becomes of what is sent."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from enterprises import actions as enterprises
from enterprises import merging
from enterprises.models import Business
from public import cards
from public.models import Attempt, DemandLink, Sending
from tests.factories import (
    NOON,
    BusinessFactory,
    DemandFactory,
    VisitFactory,
)
from tianshan.web.tokens import hashed
from visits.models import Demand

WORDS = "清运车九点来。"


def test_a_stranger_reads_the_signboard_and_nothing_of_the_past(client, url, shop):
    DemandFactory(business=shop, words="旧事一桩。")
    VisitFactory(business=shop, note="上次走访的话。")

    response = client.get(url)
    page = response.content.decode()

    assert "闽南茶行" in page
    assert "天山茶城" in page
    for secret in ("旧事", "上次走访", "沈女士", "19912345678", "5678", "B08"):
        assert secret not in page
    assert f"business={shop.pk}" not in page
    assert response.headers["Cache-Control"] == "no-store, private"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_what_is_sent_is_a_demand_with_a_link_of_its_own(scan, client, shop, category):
    response = scan(phone="139 0000 0001")

    demand = Demand.objects.get()
    assert (demand.business, demand.category, demand.words) == (shop, category, WORDS)
    assert (demand.source, demand.state) == (Demand.Source.CARD, Demand.State.NEW)
    assert (demand.recorded_by, demand.first_word_on) == (None, None)
    assert demand.owed_by == "天山茶市党支部"
    assert Sending.objects.get().phone == "139 0000 0001"
    link = response.headers["Location"]
    token = link.split("/")[3]
    assert len(token) == 32  # 192 bits
    assert DemandLink.objects.get().token_hash == hashed(token)
    page = client.get(link).content.decode()
    assert "收到了" in page
    assert WORDS in page
    assert "0001" not in page


def test_it_stands_in_the_ledger_and_on_the_lists_of_who_answers(
    scan, client_of, secretary, clerk
):
    scan(phone="13900000001")
    demand = Demand.objects.get()
    for user in (secretary, clerk):
        client = client_of(user)
        ledger = client.get("/demands/?source=card").content.decode()
        assert WORDS in ledger
        assert 'data-total="1"' in ledger
    page = client_of(secretary).get(demand.get_absolute_url()).content.decode()
    assert "二维码" in page
    assert "还没有，应在" in page  # the first word, one working day
    part = (
        client_of(secretary)
        .get(reverse("public:for_demand", args=[demand.pk]))
        .content.decode()
    )
    assert "139****0001" in part
    assert "13900000001" not in part


def test_the_same_form_sent_twenty_times_at_once_is_one_demand(
    transactional_db, client, url, category
):
    key = client.get(url).context["key"]
    data = {"key": key, "category": category.pk, "words": WORDS}

    def send(_):
        try:
            return Client().post(url, data)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))

    assert Demand.objects.count() == 1
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Attempt.objects.filter(kind="post").count() == 1


def test_a_form_that_one_went_back_to_and_changed_is_another_demand(
    client, url, category
):
    key = client.get(url).context["key"]
    data = {"key": key, "category": category.pk, "words": WORDS}
    first = client.post(url, data).headers["Location"]
    other = client.post(url, {**data, "words": "还有一件。"}).headers["Location"]
    again = client.post(url, data).headers["Location"]
    assert Demand.objects.count() == 2
    assert first == again != other


def test_the_same_words_on_the_same_day_are_one_and_give_no_second_link(scan):
    scan()
    response = scan(f" {WORDS} ")
    assert "已经收到过" in response.content.decode()
    assert Demand.objects.count() == 1
    assert DemandLink.objects.count() == 1
    assert Sending.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("茶🍵叶\u200d👩‍🌾", "茶🍵叶\u200d👩‍🌾"),
        ("前\x00后", "前后"),
        ("长" * 1000, "长" * 1000),
        ("W" * 900, "W" * 900),
        ("两行\r\n字", "两行\r\n字"),
    ],
)
def test_words_of_any_kind_are_kept_as_they_can_be(scan, client, typed, kept):
    response = scan(typed)
    assert Demand.objects.get().words == kept
    assert client.get(response.headers["Location"]).status_code == 200


def test_nothing_typed_is_lost_when_it_cannot_be_taken(client, url, category):
    key = client.get(url).context["key"]
    data = {"key": key, "category": category.pk, "words": WORDS, "phone": "不是电话"}
    page = client.post(url, data).content.decode()
    assert WORDS in page
    assert "不是电话" in page
    assert "电话号码看着不对" in page
    assert f'value="{category.pk}" ' in page
    assert "checked" in page
    too_long = client.post(url, {**data, "phone": "", "words": "长" * 1001})
    assert "长" * 1001 in too_long.content.decode()
    assert not Demand.objects.exists()


def test_a_key_that_is_not_ours_is_renewed_and_the_words_stay(client, url, category):
    data = {"key": "mine:forged", "category": category.pk, "words": WORDS}
    response = client.post(url, data)
    assert "再按一次" in response.content.decode()
    assert WORDS in response.content.decode()
    data["key"] = response.context["key"]
    assert client.post(url, data).status_code == 302


def test_what_fills_in_everything_is_not_taken(scan):
    response = scan(website="http://spam.example")
    assert "本来要空着" in response.content.decode()
    assert WORDS in response.content.decode()
    assert not Demand.objects.exists()


def test_forged_requests_are_refused_and_a_visitor_needs_no_session(url, category):
    client = Client(enforce_csrf_checks=True)
    opened = client.get(url)
    data = {"key": opened.context["key"], "category": category.pk, "words": WORDS}
    assert client.post(url, data).status_code == 403
    assert not Demand.objects.exists()
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', opened.content.decode()
    )[1]
    assert client.post(url, {**data, "csrfmiddlewaretoken": token}).status_code == 302
    assert "sessionid" not in client.cookies


# --- cards that open nothing -----------------------------------------------------------


def test_wrong_and_void_cards_get_the_same_answer_by_the_same_way(
    client, url, printed, clerk, django_assert_num_queries
):
    from django.test.utils import CaptureQueriesContext

    def ask(address):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        said = [re.sub(r"'[^']*'|\d+", "?", q["sql"]) for q in queries]
        return response.status_code, response.content, said

    wrong = ask(reverse("public:card", args=["A" * 32]))
    cards.revoke(printed[0], reason="卡片丢了", by=clerk, at=NOON)
    assert ask(url) == wrong
    assert wrong[0] == 404
    # A link's place opens no card, and the other way round.
    assert ask(reverse("public:demand", args=[printed[1]]))[0] == 404


def test_a_void_card_takes_nothing(client, url, printed, clerk, category):
    key = client.get(url).context["key"]
    cards.revoke(printed[0], reason="卡片丢了", by=clerk, at=NOON)
    data = {"key": key, "category": category.pk, "words": WORDS}
    assert client.post(url, data).status_code == 404
    assert not Demand.objects.exists()


@pytest.mark.parametrize("state", [Business.State.CLOSED, Business.State.MOVED])
def test_a_closed_shop_says_so_and_takes_nothing(
    client, url, shop, clerk, category, state
):
    key = client.get(url).context["key"]
    enterprises.set_state(shop, state=state, since=NOON.date(), by=clerk, at=NOON)
    page = client.get(url).content.decode()
    assert "已经不在这里营业" in page
    data = {"key": key, "category": category.pk, "words": WORDS}
    assert "已经不在这里营业" in client.post(url, data).content.decode()
    assert not Demand.objects.exists()


def test_the_card_of_a_merged_shop_leads_to_the_one_that_stays(
    client, url, shop, clerk, grid, scan
):
    other = BusinessFactory(grid=grid, name="闽南茶业行")
    merge = merging.merge(
        other, shop, choices={}, reason="同一家", by=clerk, at=timezone.now()
    )
    page = client.get(url).content.decode()
    assert "闽南茶业行" in page
    assert "已经并到本店" in page
    scan()
    assert Demand.objects.get().business == other
    merging.undo(merge, by=clerk, at=timezone.now())
    assert "闽南茶行" in client.get(url).content.decode()


# --- staff -----------------------------------------------------------------------------


def test_staff_come_to_the_visit_of_the_shop_through_signing_in(
    client, client_of, url, shop, staff, stranger
):
    there = f"{url}staff/"
    response = client.get(there)
    assert response.headers["Location"].startswith("/login/?next=/q/")
    response = client_of(staff).get(there)
    assert response.headers["Location"] == f"/visits/new/?business={shop.pk}"
    # Of another grid: led on, and there the shop is not.
    assert client_of(stranger).get(there, follow=True).status_code == 404


def test_large_letters_are_a_link_and_a_cookie(client, url):
    assert "pub-large" not in client.get(url).content.decode()
    response = client.get(url, {"type": "large"})
    assert response.headers["Location"] == url
    assert response.cookies["large_type"]["path"] == "/q/"
    assert "pub-large" in client.get(url).content.decode()
    client.get(url, {"type": "normal"})
    assert "pub-large" not in client.get(url).content.decode()
