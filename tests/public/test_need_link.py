"""Who asks for a need compares what is offered and chooses, by the own link alone."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from public import need_links
from public.models import NeedLink
from services.models import Match, Need
from tests.factories import (
    NOON,
    BusinessFactory,
    NeedAskerFactory,
    NeedFactory,
    OfferFactory,
    ProviderFactory,
)
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def need(grid, clerk):
    return NeedFactory(
        grid=grid,
        title="春茶采购周转",
        skill="小额贷款",
        compares=["年利率"],
        raised_by=clerk,
    )


@pytest.fixture
def asker(need, grid):
    return NeedAskerFactory(
        need=need, business=BusinessFactory(grid=grid, name="闽南茶行")
    )


@pytest.fixture
def banks(need, grid):
    return [
        OfferFactory(
            need=need,
            provider=ProviderFactory(grid=grid, name=f"{name}银行"),
            terms={"年利率": rate},
        )
        for name, rate in (("甲", "3.4 %"), ("乙", "3.6 %"), ("丙", "3.5 %"))
    ]


@pytest.fixture
def url(asker, banks, clerk):
    return reverse("public:need", args=[need_links.give(asker, by=clerk, at=NOON)])


def said(asker):
    rows = asker.matches.in_force().select_related("offer__provider")
    return {row.offer.provider.name: row.choice for row in rows}


def test_the_offers_stand_side_by_side_in_another_order_each_time(client, url, asker):
    other = NeedAskerFactory(need=asker.need, business__name="云雾茶庄")
    page = client.get(url)
    for words in ("春茶采购周转", "甲银行", "3.4 %", "办了", "没办", "在看"):
        assert words in page.text
    assert other.business.name not in page.text
    assert page.headers["Cache-Control"] == "no-store, private"
    orders = {
        tuple(offer.pk for offer, *_ in client.get(url).context["form"].compared)
        for _ in range(20)
    }
    assert len(orders) > 1


def test_the_asker_says_done_not_and_looking_and_changes_its_mind(
    client, url, asker, banks, clerk
):
    first, second, third = (f"offer_{offer.pk}" for offer in banks)
    sent = client.post(url, {first: "done", second: "not", third: "looking"})
    assert sent.status_code == 302
    assert said(asker) == {"甲银行": "done", "乙银行": "not", "丙银行": "looking"}
    assert set(asker.matches.values_list("said_by", flat=True)) == {None}
    asker.need.refresh_from_db()
    assert asker.need.state == Need.State.MET
    assert "在链接上选了" in Notice.objects.visible_to(clerk).get().words
    link = NeedLink.objects.get().pk
    chosen = Entry.objects.filter(verb="need.chosen")
    assert {entry.data["link"] for entry in chosen} == {link}

    client.post(url, {first: "not"})
    assert said(asker)["甲银行"] == "not"
    assert asker.matches.count() == 4
    asker.need.refresh_from_db()
    assert asker.need.state == Need.State.OPEN


@pytest.mark.parametrize("choice", ["", "3,000 元", "taken"])
def test_words_other_than_the_three_are_refused(client, url, asker, banks, choice):
    answer = client.post(url, {f"offer_{banks[0].pk}": choice})
    assert answer.status_code == 422
    assert not Match.objects.exists()


def test_an_offer_of_another_need_is_not_chosen_by_it(client, url, banks):
    foreign = OfferFactory()
    answer = client.post(
        url, {f"offer_{foreign.pk}": "done", f"offer_{banks[0].pk}": "looking"}
    )
    assert answer.status_code == 302
    assert not foreign.matches.exists()


def test_one_that_withdrew_meanwhile_takes_nothing_of_the_form(client, url, banks):
    banks[0].withdrawn_on, banks[0].withdrawn_why = dt.date(2026, 10, 15), "额度用完"
    banks[0].save()
    client.post(url, {f"offer_{banks[0].pk}": "done"})
    assert not Match.objects.exists()
    assert "甲银行" not in client.get(url).text


def test_an_asker_that_offers_too_sees_no_other_offer(client, url, asker, need, grid):
    own = ProviderFactory(grid=grid, name="自家店", business=asker.business)
    OfferFactory(need=need, provider=own)
    page = client.get(url).text
    assert "回避" in page
    assert "甲银行" not in page


def test_after_its_date_nothing_is_chosen(client, url, need, asker, banks):
    today = timezone.localdate()
    need.raised_on = today - dt.timedelta(days=9)
    need.wanted_on = today - dt.timedelta(days=1)
    need.save()
    assert "日子已经过去了" in client.get(url).text
    assert client.post(url, {f"offer_{banks[0].pk}": "done"}).status_code == 422
    assert not Match.objects.exists()


def test_a_wrong_and_a_void_one_are_answered_alike(client, url, asker, banks, clerk):
    wrong = client.get(reverse("public:need", args=["x" * 32]))
    need_links.revoke_all(asker, by=clerk, at=NOON)
    void = client.get(url)
    assert (wrong.status_code, void.status_code) == (404, 404)
    assert client.post(url, {f"offer_{banks[0].pk}": "done"}).status_code == 404


def test_too_many_forms_wait(client, url, banks):
    for _ in range(10):
        assert client.post(url, {f"offer_{banks[0].pk}": "looking"}).status_code == 302
    assert client.post(url, {f"offer_{banks[0].pk}": "done"}).status_code == 429
    assert not Match.objects.filter(choice="done").exists()


def test_who_has_an_account_chooses_in_the_portal(client_of, url, banks, clerk):
    answer = client_of(clerk).post(url, {f"offer_{banks[0].pk}": "done"})
    assert answer.status_code == 422
    assert not Match.objects.exists()


def test_an_empty_form_of_who_has_an_account_is_refused_in_words(
    client_of, url, banks, clerk
):
    answer = client_of(clerk).post(url, {})
    assert answer.status_code == 422
    assert "您登录着工作账号" in answer.text


def test_links_are_given_by_who_tends_the_need_and_shown_once(
    client_of, asker, banks, clerk, stranger
):
    give = reverse("public:need_link_give", args=[asker.pk])
    page = client_of(clerk).post(give)
    [link] = NeedLink.objects.all()
    assert "/q/n/" in page.text
    assert link.token_hash not in page.text
    part = client_of(clerk).get(reverse("public:for_need", args=[asker.need_id])).text
    assert "闽南茶行" in part
    assert "/q/n/" not in part
    assert client_of(stranger).post(give).status_code in (403, 404)
    with pytest.raises(PermissionDenied):
        need_links.give(asker, by=stranger, at=NOON)
    client_of(clerk).post(reverse("public:need_link_revoke", args=[asker.pk]))
    assert not NeedLink.objects.in_force().exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_links_cost_the_same_for_any_number_of_askers(
    client_of, clerk, need, grid, count, django_assert_max_num_queries
):
    for _ in range(count):
        asker = NeedAskerFactory(need=need, business__grid=grid)
        need_links.give(asker, by=clerk, at=NOON)
    client = client_of(clerk)
    client.get(reverse("public:for_need", args=[need.pk]))
    with django_assert_max_num_queries(9):
        client.get(reverse("public:for_need", args=[need.pk]))


def test_the_page_has_one_heading_above_all_before_and_after(client, url):
    for address in (url, f"{url}?done=1"):
        assert client.get(address).text.count("<h1") == 1
