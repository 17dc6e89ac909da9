"""Trades: what ledgers write, led to the national sections without being rewritten."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import F

from enterprises import trades
from enterprises.models import Business, Trade, TradeWord
from tests.factories import NOON, BusinessFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
URL = "/values/trades/"
MERCHANTS = "/merchants/"


def trade(name):
    return Trade.objects.get(name=name)


def names(response):
    return response.text.count('<tr data-id="')


def test_each_of_the_twenty_sections_has_a_trade():
    sections = Trade.objects.values_list("section", flat=True)
    assert set(sections) == set("ABCDEFGHIJKLMNOPQRST")
    assert trade("茶叶零售").section == "F"
    assert trade("餐饮").section == "H"


def test_the_name_of_each_trade_is_one_of_its_words():
    own = TradeWord.objects.filter(word=F("trade__name"))
    assert own.count() == Trade.objects.count()


def test_the_ledger_filters_by_section(client_of, staff, grid):
    BusinessFactory(grid=grid, trade="茶叶零售")
    BusinessFactory(grid=grid, trade="理发")
    BusinessFactory(grid=grid, trade="修伞")
    BusinessFactory(grid=grid, trade="")
    client = client_of(staff)
    assert names(client.get(MERCHANTS + "?section=F")) == 1
    assert names(client.get(MERCHANTS + "?section=F&section=O")) == 2
    assert names(client.get(MERCHANTS + "?section=none")) == 2
    assert names(client.get(MERCHANTS + "?section=A")) == 0


def test_the_section_is_exported_beside_the_words(client_of, staff, grid):
    BusinessFactory(grid=grid, trade="理发")
    BusinessFactory(grid=grid, trade="修伞")
    answer = client_of(staff).get(MERCHANTS + "?format=csv")
    text = b"".join(answer.streaming_content).decode()
    assert "门类" in text
    assert "居民服务、修理和其他服务业" in text
    assert "修伞" in text


def test_what_leads_nowhere_waits_those_of_most_businesses_first(
    client_of, system_admin, grid
):
    BusinessFactory(grid=grid, trade="修伞", name="机密伞行")
    BusinessFactory.create_batch(2, grid=grid, trade="配钥匙")
    BusinessFactory(grid=grid, trade="茶叶")
    page = client_of(system_admin).get(URL)
    assert [(row["trade"], row["count"]) for row in page.context["unsorted"]] == [
        ("配钥匙", 2),
        ("修伞", 1),
    ]
    assert "机密" not in page.text


def test_a_word_assigned_takes_along_all_who_say_it_and_rewrites_none(
    client_of, system_admin, grid
):
    shops = BusinessFactory.create_batch(2, grid=grid, trade="修伞")
    history = [shop.events.count() for shop in shops]
    client_of(system_admin).post(
        f"{URL}assign/", {"word": "修伞", "trade": trade("修理服务").pk}
    )
    assert not trades.unsorted()
    assert {shop.trade for shop in Business.objects.all()} == {"修伞"}
    assert [shop.events.count() for shop in shops] == history
    entry = Entry.objects.get(verb="trade.word_assigned")
    assert (entry.by, entry.data) == (system_admin, {"word": "修伞"})


def test_a_word_leads_to_one_trade_only(client_of, system_admin):
    page = client_of(system_admin).post(
        f"{URL}{trade('餐饮').pk}/words/", {"word": "理发"}, follow=True
    )
    assert "已经归到“美容美发”" in page.text
    assert TradeWord.objects.get(word="理发").trade == trade("美容美发")


def test_a_word_released_waits_again(client_of, system_admin, grid):
    BusinessFactory(grid=grid, trade="理发")
    word = TradeWord.objects.get(word="理发")
    client_of(system_admin).post(f"{URL}words/{word.pk}/release/")
    assert [row["trade"] for row in trades.unsorted()] == ["理发"]


def test_the_name_itself_is_not_released(client_of, system_admin):
    word = TradeWord.objects.get(word="餐饮")
    page = client_of(system_admin).post(f"{URL}words/{word.pk}/release/", follow=True)
    assert "不能移除" in page.text
    assert TradeWord.objects.filter(word="餐饮").exists()


def test_a_renamed_trade_keeps_those_who_say_its_earlier_name(
    client_of, system_admin, grid
):
    BusinessFactory(grid=grid, trade="餐饮")
    client_of(system_admin).post(
        f"{URL}{trade('餐饮').pk}/",
        {"name": "餐饮食肆", "section": "H", "active": "on"},
    )
    assert not trades.unsorted()
    assert {"餐饮", "餐饮食肆"} <= {word.word for word in trade("餐饮食肆").words.all()}


def test_a_name_that_leads_elsewhere_is_refused(client_of, system_admin):
    answer = client_of(system_admin).post(URL, {"name": "理发", "section": "O"})
    assert answer.status_code == 400
    assert "已经归到“美容美发”" in answer.text
    assert not Trade.objects.filter(name="理发").exists()


def test_one_switched_off_takes_no_new_words_and_keeps_the_old(
    client_of, system_admin, grid
):
    client = client_of(system_admin)
    BusinessFactory(grid=grid, trade="餐饮")
    client.post(f"{URL}{trade('餐饮').pk}/", {"name": "餐饮", "section": "H"})
    answer = client.post(f"{URL}assign/", {"word": "面馆", "trade": trade("餐饮").pk})
    assert answer.status_code == 404
    assert not trades.unsorted()


def test_one_that_somebody_says_is_not_deleted(client_of, system_admin, grid):
    BusinessFactory(grid=grid, trade="饭店")
    page = client_of(system_admin).post(f"{URL}{trade('餐饮').pk}/delete/", follow=True)
    assert "有企业商户在用" in page.text
    assert Trade.objects.filter(name="餐饮").exists()


def test_one_that_nobody_says_goes_with_its_words(client_of, system_admin):
    client_of(system_admin).post(f"{URL}{trade('餐饮').pk}/delete/")
    assert not Trade.objects.filter(name="餐饮").exists()
    assert not TradeWord.objects.filter(word="饭店").exists()


def test_trades_move_within_their_section(client_of, system_admin):
    first, second = Trade.objects.filter(section="F")[:2]
    client_of(system_admin).post(f"{URL}{second.pk}/move/", {"way": "up"})
    assert list(Trade.objects.filter(section="F")[:2]) == [second, first]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_words(
    client_of, system_admin, grid, count, django_assert_num_queries
):
    for number in range(count):
        BusinessFactory(grid=grid, trade=f"行当{number}")
        trades.add(name=f"新行业{number}", section="F", by=system_admin, at=NOON)
    client = client_of(system_admin)
    with django_assert_num_queries(9):
        client.get(URL)


def test_nobody_else_may(client_of, clerk):
    client = client_of(clerk)
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}{trade('餐饮').pk}/delete/").status_code == 403
    with pytest.raises(PermissionDenied):
        trades.delete(trade("餐饮"), by=clerk, at=NOON)
    with pytest.raises(PermissionDenied):
        trades.assign("修伞", trade=trade("餐饮"), by=clerk, at=NOON)
