"""A call, a walk-in, a message: found by a few letters, written down in ten seconds."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    DemandFactory,
)
from visits.alike import alike, pairs_of
from visits.models import Demand

NEW = reverse("visits:demand_new")


@pytest.fixture
def said(category):
    return {
        "source": "message",
        "category": category.pk,
        "words": "夜里太吵",
        "said_by": "沈女士",
        "raised_on": timezone.localdate().isoformat(),
    }


# --- whose -----------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["闽南", "mnch", "B08", "5678"])
def test_enter_on_the_only_one_found_goes_on_with_it(client_of, staff, shop, typed):
    BusinessFactory(grid=shop.grid, name="长风咖啡", room="A01")
    answer = client_of(staff).get(NEW, {"q": typed, "source": "message"})
    assert answer.headers["Location"] == f"{NEW}?source=message&business={shop.pk}"


def test_several_found_while_typing_are_a_part_of_the_page(client_of, staff, shop):
    BusinessFactory(grid=shop.grid, name="闽南小吃")
    part = {"HX-Request": "true", "HX-Target": "div#found"}
    answer = client_of(staff).get(NEW, {"q": "闽南"}, headers=part)
    assert "闽南茶行" in answer.text
    assert "闽南小吃" in answer.text
    assert "<html" not in answer.text


def test_of_others_nothing_is_found(client_of, stranger, shop):
    assert "没有找到" in client_of(stranger).get(NEW, {"q": "闽南"}).text


# --- what ------------------------------------------------------------------------------


def test_the_form_begins_with_the_contact_and_the_source(client_of, staff, shop):
    page = client_of(staff).get(NEW, {"business": shop.pk, "source": "message"})
    form = page.context["form"]
    assert (form["said_by"].value(), form["source"].value()) == ("沈女士", "message")


def test_lines_stay_and_blanks_go(client_of, staff, shop, said):
    words = "第一件：清运太晚  \r\n\r\n\r\n\r\n第二件：没有路灯\r\n"
    client_of(staff).post(f"{NEW}?business={shop.pk}", {**said, "words": words})
    demand = Demand.objects.get()
    assert demand.words == "第一件：清运太晚\n\n第二件：没有路灯"
    assert (demand.said_by, demand.source) == ("沈女士", "message")


def test_one_after_the_other_of_one_message(client_of, staff, shop, said):
    client = client_of(staff)
    answer = client.post(
        f"{NEW}?business={shop.pk}", {**said, "said_by": "店员小方", "more": "1"}
    )
    first = Demand.objects.get()
    again = answer.headers["Location"]
    assert again == f"{NEW}?business={shop.pk}&after={first.pk}"
    form = client.get(again).context["form"]
    assert (form["said_by"].value(), form["source"].value()) == ("店员小方", "message")
    assert not form["words"].value()
    answer = client.post(again, {**said, "words": "没有路灯"})
    assert (
        answer.headers["Location"]
        == Demand.objects.get(words="没有路灯").get_absolute_url()
    )


# --- the same wish ---------------------------------------------------------------------


@pytest.fixture
def theirs(shop):
    other = BusinessFactory(grid=shop.grid, building=shop.building, name="长风咖啡")
    return DemandFactory(business=other, words="早上垃圾清运车太晚才来")


def test_an_open_one_of_the_building_with_the_same_words_is_offered(
    client_of, staff, shop, theirs
):
    DemandFactory(business=BusinessFactory(grid=shop.grid), words="垃圾清运车太晚")
    found = alike(staff, shop, "希望垃圾清运车早点来")
    assert [one.demand for one in found] == [theirs]
    assert found[0].reason == "同一楼宇，都说到“垃圾清运车”"


def test_what_the_shop_itself_asked_comes_first(staff, shop, theirs):
    own = DemandFactory(business=shop, words="垃圾清运车太晚")
    found = alike(staff, shop, "垃圾清运车太晚了")
    assert [one.demand for one in found] == [own, theirs]
    assert found[0].reason.startswith("这一家已经提过")


@pytest.mark.parametrize("words", ["", "希望解决一下", "路灯不亮"])
def test_words_that_say_nothing_or_other_things_offer_nothing(
    staff, shop, theirs, words
):
    assert alike(staff, shop, words) == []


def test_confidential_and_settled_ones_are_not_offered(staff, shop, theirs, clerk):
    Demand.objects.update(confidential=True, handler=clerk)
    assert alike(staff, shop, "垃圾清运车太晚") == []


def test_others_demands_are_not_offered(stranger, shop, theirs):
    assert alike(stranger, shop, "垃圾清运车太晚") == []


def test_pairs_are_of_chinese_words():
    assert pairs_of("WiFi 慢，清运") == {"清运"}


def test_while_typing_words_are_sent_but_stand_in_no_address(
    client_of, staff, stranger, shop, theirs
):
    url = f"{reverse('visits:demand_alike')}?business={shop.pk}"
    answer = client_of(staff).post(url, {"words": "垃圾清运车太晚"})
    assert "可能已经有人提过" in answer.text
    assert "都说到“垃圾清运车太晚”" in answer.text
    assert client_of(staff).get(url).status_code == 405
    hidden = {"words": "垃圾清运车太晚", "confidential": "on"}
    assert "垃圾" not in client_of(staff).post(url, hidden).text
    assert client_of(stranger).post(url, {"words": "垃圾清运"}).status_code == 404


@pytest.mark.parametrize("count", [1, 12])
def test_looking_costs_one_query_however_many_there_are(
    staff, shop, count, django_assert_num_queries
):
    tower = shop.building or BuildingFactory()
    for _ in range(count):
        other = BusinessFactory(grid=shop.grid, building=tower)
        DemandFactory(business=other, words="垃圾清运车太晚")
    alike(staff, shop, "垃圾清运车太晚")  # posts are read once
    with django_assert_num_queries(1):
        assert alike(staff, shop, "垃圾清运车太晚")
