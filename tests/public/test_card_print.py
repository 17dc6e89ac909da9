"""Cards on sheets: of the rows that a ledger shows, the same again, anew when void."""

import pytest
from django.core.exceptions import PermissionDenied

from public import cards
from public.models import Card
from public.tokens import card_token_again
from tests.factories import NOON, BusinessFactory
from tianshan.audit.models import Entry
from tianshan.web.tokens import hashed

URL = "/cards/print/merchants/"


def test_a_card_is_printed_again_as_it_was(shop, clerk, printed):
    card, token = printed
    assert len(token) == 32
    assert card.token_hash == hashed(token)
    assert card_token_again(card) == token
    [(same, again)] = cards.print_cards([shop], by=clerk, at=NOON)
    assert (same, again) == (card, token)
    assert Card.objects.count() == 1
    verbs = list(Entry.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["card.made", "card.printed", "card.printed"]


def test_after_it_was_made_void_another_one_is_printed(shop, clerk, printed):
    card, token = printed
    with pytest.raises(cards.Refused, match="原因"):
        cards.revoke(card, reason=" ", by=clerk, at=NOON)
    cards.revoke(card, reason="卡片丢了", by=clerk, at=NOON)
    with pytest.raises(cards.Refused, match="已经作废"):
        cards.revoke(card, reason="再来", by=clerk, at=NOON)
    [(new, other)] = cards.print_cards([shop], by=clerk, at=NOON)
    assert (new.version, card.version) == (2, 1)
    assert other != token
    assert cards.card_of(token) is None
    assert cards.card_of(other) == new


def test_a_new_secret_key_leaves_printed_cards_good(shop, clerk, printed, settings):
    card, token = printed
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-of-fifty-characters-or-more-1234567890abc"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert cards.print_cards([shop], by=clerk, at=NOON) == [(card, token)]
    settings.SECRET_KEY_FALLBACKS = []
    assert cards.card_of(token) == card  # those that hang still open
    [(new, other)] = cards.print_cards([shop], by=clerk, at=NOON)
    assert (new.version, other == token) == (2, False)


def test_two_shops_have_two_cards(shop, grid, clerk):
    other = BusinessFactory(grid=grid)
    [(_, one), (_, two)] = cards.print_cards([shop, other], by=clerk, at=NOON)
    assert one != two


def test_the_sheet_of_ticked_rows(client_of, clerk, shop, grid):
    other = BusinessFactory(grid=grid, name="北方茶庄")
    left_out = BusinessFactory(grid=grid, name="没选的店")
    client = client_of(clerk)
    ids = f"{shop.pk}.{other.pk}"
    looked = client.get(URL, {"ids": ids}).content.decode()
    assert "闽南茶行" in looked
    assert not Card.objects.exists()
    sheet = client.post(URL, {"ids": ids})
    page = sheet.content.decode()
    assert page.count('<svg class="qr"') == 2
    for words in ("闽南茶行", "北方茶庄", "B08", "有事说一声"):
        assert words in page
    assert "没选的店" not in page
    assert "style=" not in page
    assert "no-store" in sheet.headers["Cache-Control"]
    assert Card.objects.count() == 2
    assert not Card.objects.filter(business=left_out).exists()


def test_only_who_visits_a_shop_prints_its_card(client_of, shop, stranger, leader):
    page = client_of(stranger).post(URL, {"ids": str(shop.pk)})
    assert "没有可以打印的" in page.content.decode()
    assert client_of(leader).post(URL, {"ids": str(shop.pk)}).status_code == 403
    with pytest.raises(PermissionDenied):
        cards.print_cards([shop], by=stranger, at=NOON)
    assert not Card.objects.exists()


def test_the_ledger_leads_ticked_rows_to_paper(client_of, clerk, shop):
    client = client_of(clerk)
    assert "打印诉求码" in client.get("/merchants/").content.decode()
    picked = client.post(
        "/ledgers/merchants/picked/",
        {"pick": [shop.pk], "act": "cards", "next": "/merchants/"},
    )
    assert picked.headers["Location"] == f"{URL}?ids={shop.pk}"
