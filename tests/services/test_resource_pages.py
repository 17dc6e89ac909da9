"""The pages of needs and providers."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from services import resources
from services.models import Match, Need, Provider
from tests.factories import (
    BusinessFactory,
    NeedAskerFactory,
    NeedFactory,
    OfferFactory,
    ProviderFactory,
)
from tianshan.audit.models import Reading


def url(name, *args):
    return reverse(f"services:{name}", args=args)


def soon(days):
    return timezone.localdate() + dt.timedelta(days=days)


@pytest.fixture
def home(grid):
    return BusinessFactory(grid=grid, name="阳光心园")


@pytest.fixture
def need(grid, home):
    need = NeedFactory(
        grid=grid,
        compares=["年利率", "放款要几天"],
        raised_on=timezone.localdate(),
        wanted_on=soon(30),
    )
    NeedAskerFactory(need=need, business=home)
    return need


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledgers_cost_the_same_for_any_number_of_rows(
    clerk, client_of, grid, home, count, django_assert_max_num_queries
):
    for need in NeedFactory.create_batch(count, grid=grid):
        NeedAskerFactory(need=need, business=home)
        OfferFactory(need=need, provider__grid=grid)
    client = client_of(clerk)
    for name in ("need_list", "provider_list"):
        client.get(url(name))
        with django_assert_max_num_queries(5):
            page = client.get(url(name)).text
        assert f'data-total="{count}"' in page


def test_a_need_from_a_business_to_the_asker_s_choice(staff, client_of, home, grid):
    provider = ProviderFactory(grid=grid, name="音乐工作室")
    client = client_of(staff)
    assert "先找到是哪一家" in client.get(url("need_new")).text
    asked = {
        "title": "尤克里里老师",
        "skill": "尤克里里",
        "wanted_on": soon(30),
        "wanted_for": "文艺汇演",
        "compares": "带过几届、什么时候有空",
    }
    page = client.post(f"{url('need_new')}?business={home.pk}", asked, follow=True)
    need = Need.objects.get()
    assert need.compares == ["带过几届", "什么时候有空"]
    assert "能提供“尤克里里”，同一网格" in page.text
    offer = {"provider": provider.pk, "term_0": "三届", "words": "先试一课"}
    page = client.post(url("offer_new", need.pk), offer, follow=True)
    assert "三届" in page.text
    [made] = need.offers.all()
    client.post(url("need_choose", need.askers.get().pk, made.pk), {"choice": "done"})
    need.refresh_from_db()
    assert need.state == Need.State.MET
    page = client.post(url("offer_withdraw", made.pk), {"why": "病了"}, follow=True)
    assert "前要找到人补位" in page.text
    assert "退出，要找人补位" in page.text
    page = client.get(url("need_list") + "?replacing=yes").text
    assert 'data-total="1"' in page


def test_a_choice_that_is_none_is_said(need, clerk, client_of, grid):
    made = OfferFactory(need=need, provider=ProviderFactory(grid=grid))
    choose = url("need_choose", need.askers.get().pk, made.pk)
    page = client_of(clerk).post(choose, {"choice": "maybe"}, follow=True)
    assert "请选办了、没办或在看" in page.text
    assert not Match.objects.exists()


def test_the_order_of_the_offers_is_another_each_time(need, clerk, client_of, grid):
    for name in "甲乙丙丁戊己":
        OfferFactory(need=need, provider=ProviderFactory(grid=grid, name=f"{name}银行"))
    client = client_of(clerk)

    def order():
        page = client.get(need.get_absolute_url()).text
        return tuple(sorted("甲乙丙丁戊己", key=lambda n: page.index(f"<b>{n}银行")))

    assert len({order() for _ in range(12)}) > 1


def test_who_stands_aside_sees_no_offer(need, clerk, client_of, grid):
    mine = BusinessFactory(grid=grid)
    client = client_of(clerk)
    page = client.post(f"{url('own_business')}?business={mine.pk}", follow=True)
    assert "由他人办理" in page.text
    OfferFactory(
        need=need,
        provider=ProviderFactory(grid=grid, business=mine, name="我的店"),
        terms={"年利率": "3.4 %"},
    )
    OfferFactory(need=need, provider=ProviderFactory(grid=grid, name="另一家银行"))
    page = client.get(need.get_absolute_url()).text
    assert "回避" in page
    assert "另一家银行" not in page
    assert "3.4 %" not in page


def test_a_date_that_is_past_is_said_first(need, clerk, client_of):
    need.raised_on, need.wanted_on = soon(-20), soon(-1)
    need.save()
    page = client_of(clerk).get(need.get_absolute_url()).text
    assert "已经过去了。请改期，或写明结果了结" in page
    client_of(clerk).post(
        url("need_postpone", need.pk), {"wanted_on": soon(9), "why": "推迟"}
    )
    need.refresh_from_db()
    assert need.wanted_on == soon(9)


def test_a_provider_is_entered_changed_spoken_to_and_ended(clerk, client_of, grid):
    client = client_of(clerk)
    facts = {
        "name": "音乐工作室",
        "kind": "studio",
        "grid": grid.pk,
        "skills": "尤克里里，合唱",
        "contact_phone": "19912340001",
    }
    page = client.post(url("provider_new"), facts, follow=True).text
    provider = Provider.objects.get()
    assert provider.skills == ["尤克里里", "合唱"]
    assert "199****0001" in page
    assert "19912340001" not in page
    client.post(url("provider_edit", provider.pk), {**facts, "slots": "周三"})
    client.post(url("contact_new", provider.pk), {"words": "愿意", "on": soon(0)})
    page = client.post(
        url("provider_end", provider.pk), {"why": "停办"}, follow=True
    ).text
    for words in ("周三", "愿意", "不再提供：停办"):
        assert words in page


def test_a_provider_s_number_stands_masked_in_its_form_and_stays(
    clerk, client_of, grid
):
    provider = ProviderFactory(grid=grid, contact_phone="19912340001")
    client, page = client_of(clerk), url("provider_edit", provider.pk)
    text = client.get(page).text
    assert "199****0001" in text
    assert "19912340001" not in text

    facts = {"name": "音乐工作室", "kind": "studio", "skills": "合唱"}
    client.post(page, {**facts, "contact_phone": "199****0001"})
    provider.refresh_from_db()
    assert (provider.name, provider.contact_phone) == ("音乐工作室", "19912340001")
    assert "星号" in client.post(page, {**facts, "contact_phone": "199****0002"}).text
    client.post(page, {**facts, "contact_phone": "19912340002"})
    provider.refresh_from_db()
    assert provider.contact_phone == "19912340002"


def test_a_provider_s_number_is_one_tap_for_who_keeps_it_else_a_reason(
    clerk, staff, client_of, grid
):
    provider = ProviderFactory(grid=grid, contact_phone="19912340001")
    page = url("provider_phone", provider.pk)
    assert "199****0001" in client_of(clerk).get(provider.get_absolute_url()).text
    asked = client_of(clerk).get(page)
    assert "19912340001" not in asked.text
    assert not Reading.objects.exists()
    shown = client_of(clerk).post(page)
    assert "tel:19912340001" in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    assert Reading.objects.get().field == "contact_phone"

    assert "19912340001" not in client_of(staff).post(page).text
    assert Reading.objects.count() == 1
    assert "19912340001" in client_of(staff).post(page, {"why": "补位要问"}).text
    assert Reading.objects.latest("pk").why == "补位要问"


def test_whoever_does_not_call_sees_no_number(leader, client_of, grid):
    provider = ProviderFactory(grid=grid, contact_phone="19912340001")
    page = client_of(leader).get(provider.get_absolute_url()).text
    assert "19912340001" not in page
    assert "打电话" not in page
    assert url("contact_new", provider.pk) not in page, "only to be refused there"
    answer = client_of(leader).post(url("provider_phone", provider.pk), {"why": "看看"})
    assert answer.status_code == 403


def test_unseen_needs_and_providers_are_not_there(need, stranger, client_of, grid):
    provider = ProviderFactory(grid=grid)
    client = client_of(stranger)
    assert client.get(need.get_absolute_url()).status_code == 404
    assert client.get(provider.get_absolute_url()).status_code == 404
    asker, offer = need.askers.get(), OfferFactory(need=need, provider=provider)
    assert client.post(url("need_choose", asker.pk, offer.pk)).status_code == 404
    assert not Match.objects.exists()


def test_words_that_are_too_many_or_too_long_are_refused(staff, client_of, home):
    client = client_of(staff)
    page = f"{url('need_new')}?business={home.pk}"
    asked = {"title": "老师", "skill": "合唱"}
    said = client.post(page, {**asked, "compares": "、".join("一二三四五六七八九")})
    assert "最多写 8 样" in said.text
    said = client.post(page, {**asked, "compares": "长" * 21})
    assert "最多 20 个字" in said.text
    said = client.post(page, {**asked, "wanted_for": "汇演"})
    assert "请填哪一天" in said.text


def test_thanks_and_giving_up(need, clerk, client_of):
    client = client_of(clerk)
    thanks = {
        "kind": "banner",
        "whom": "全体学员",
        "to": "党群服务中心",
        "words": "党群同心护家园",
        "on": soon(0),
    }
    page = client.post(url("need_thank", need.pk), thanks | {"on": "0001-01-01"})
    assert "请核对年份" in page.text
    client.post(url("need_thank", need.pk), thanks)
    client.post(url("need_give_up", need.pk), {"outcome": "没有这样的老师"})
    page = client.get(need.get_absolute_url()).text
    assert "全体学员送党群服务中心锦旗" in page
    assert "没有这样的老师" in page
    client.post(url("need_seek_again", need.pk))
    need.refresh_from_db()
    assert need.state == Need.State.OPEN


@pytest.mark.parametrize("column", ["asking", "-asking", "offering", "-offering"])
def test_needs_sort_by_how_many_ask_and_offer(need, clerk, client_of, grid, column):
    other = NeedFactory(grid=grid)
    ids = [
        need.pk,
        other.pk,
    ]  # one asks and one offers for the first, none for the other
    resources.offer(
        need, ProviderFactory(grid=grid), terms={}, by=clerk, at=timezone.now()
    )
    page = client_of(clerk).get(reverse("services:need_list"), {"sort": column})
    assert page.status_code == 200
    listed = [int(pk) for pk in re.findall(r'data-id="(\d+)"', page.text)]
    assert listed == (ids if column.startswith("-") else ids[::-1])


def test_more_than_a_provider_can_serve_is_refused(clerk, client_of, grid):
    client = client_of(clerk)
    form = {"name": "音乐工作室", "kind": "studio", "skills": "合唱", "grid": grid.pk}
    page = client.post(reverse("services:provider_new"), form | {"capacity": 99999})
    assert page.status_code == 200
    assert "5000" in page.text
