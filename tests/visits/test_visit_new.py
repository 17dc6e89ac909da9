"""The visit form: few touches, one visit for one form, nothing typed is lost."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from enterprises import actions as enterprises
from enterprises.models import Operation
from tests.factories import BusinessFactory, DemandFactory
from visits.models import Demand, Visit

PLAIN = {"outcome": "normal", "people_met": "owner", "facts": "same"}


def url(business):
    """The address of a fresh form, as the link from a business leads to it."""
    return f"{reverse('visits:visit_new')}?business={business.pk}&key={uuid.uuid4()}"


@pytest.fixture
def client(client_of, staff):
    return client_of(staff)


def test_three_answers_and_a_press_are_a_visit(client, shop, staff, filled):
    page = client.get(url(shop))

    response = client.post(url(shop), filled(page, **PLAIN))

    visit = Visit.objects.get()
    assert response.headers["Location"] == visit.get_absolute_url()
    assert (visit.business, visit.visitor) == (shop, staff)
    assert (visit.outcome, visit.people_met, visit.method) == (
        Visit.Outcome.NORMAL,
        Visit.Met.OWNER,
        Visit.Method.ON_SPOT,
    )
    assert visit.visited_on == timezone.localdate()
    assert visit.filled_at <= visit.arrived_at
    assert visit.facts_confirmed
    assert visit.facts_changed == {}
    shop.refresh_from_db()
    assert (shop.contact_phone, shop.version) == ("19912345678", 1)
    after = client.get(response.headers["Location"]).content.decode()
    assert "走访已记" in after
    assert "再走访一家" in after


def test_the_number_is_nowhere_in_the_page(client, shop):
    from django.core import signing

    page = client.get(url(shop))
    assert "199****5678" in page.content.decode()
    assert "19912345678" not in page.content.decode()
    told = signing.loads(page.context["seen"], salt="enterprises.seen")
    assert "19912345678" not in str(told)


def test_pressing_twice_is_one_visit(client, shop, category, filled):
    data = filled(
        client.get(url(shop)),
        outcome="demand",
        people_met="staff",
        facts="changed",
        staff_count="6",
        contact_phone="19900000001",
        state="suspended",
        **{"demand-0-category": category.pk, "demand-0-words": "想早点清运"},
    )

    first = client.post(url(shop), data)
    second = client.post(url(shop), data)

    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert Visit.objects.count() == 1
    assert Demand.objects.count() == 1
    assert Operation.objects.filter(business=shop).count() == 2
    shop.refresh_from_db()
    assert (shop.staff_count, shop.contact_phone, shop.state) == (
        6,
        "19900000001",
        "suspended",
    )


def test_going_back_shows_the_visit_and_no_second_form(client, shop, filled):
    link = f"{reverse('visits:visit_new')}?business={shop.pk}"
    address = client.get(link).headers["Location"]
    page = client.get(address)
    assert client.get(address).context["form"]["client_key"].value() == (
        page.context["form"]["client_key"].value()
    )
    client.post(address, filled(page, **PLAIN))

    back = client.get(address, follow=True)

    assert back.redirect_chain == [(Visit.objects.get().get_absolute_url(), 302)]
    assert client.get(link).headers["Location"] != address  # another visit, another key


@pytest.mark.parametrize("key", ["", "x", "1234"])
def test_a_key_that_is_none_is_replaced(client, shop, key):
    link = f"{reverse('visits:visit_new')}?business={shop.pk}&key={key}"
    assert "&key=" in client.get(link).headers["Location"]


def test_changing_a_saved_form_and_saving_again_is_refused_in_words(
    client, shop, filled
):
    data = filled(client.get(url(shop)), **PLAIN)
    client.post(url(shop), data)

    response = client.post(url(shop), {**data, "note": "补一句"})

    assert response.status_code == 409
    assert "已经存过" in response.content.decode()
    assert Visit.objects.get().note == ""


def test_three_demands_in_one_visit(client, shop, category, filled):
    asked = {}
    for number, words in enumerate(["清运太晚", "想要充电桩", "门口积水"]):
        asked[f"demand-{number}-category"] = category.pk
        asked[f"demand-{number}-words"] = words
    client.post(
        url(shop),
        filled(client.get(url(shop)), outcome="demand", people_met="owner", **asked),
    )

    visit = Visit.objects.get()
    assert sorted(demand.words for demand in visit.demands.all()) == sorted(
        ["清运太晚", "想要充电桩", "门口积水"]
    )
    assert {demand.source for demand in visit.demands.all()} == {Demand.Source.VISIT}
    assert all(d.first_word_on == visit.visited_on for d in visit.demands.all())


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"outcome": ""}, "请选走访的结果"),
        ({"people_met": ""}, "请选见到了谁"),
        ({"outcome": "demand"}, "请写下类别和原话"),
        ({"demand-0-words": "只有原话"}, "请选这件诉求的类别"),
        ({"demand-1-category": "any"}, "请写下这件诉求的原话"),
        ({"staff_count": "6"}, "资料却改过"),
        ({"facts": "changed", "contact_phone": "199****0000"}, "请删去星号"),
        ({"facts": "changed", "contact_phone": "12"}, "电话位数不对"),
        ({"facts": "changed", "staff_count": "-1"}, "大于"),
        ({"visited_on": "2026-02-30"}, "日期"),
        ({"visited_on": "0206-11-24"}, "请核对年份"),
        ({"seen": "made up"}, "页面放得太久"),
        ({"client_key": ""}, "页面不完整"),
        ({"client_key": "x"}, "UUID"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    client, shop, category, filled, answers, said
):
    answers = {key: category.pk if v == "any" else v for key, v in answers.items()}
    data = filled(client.get(url(shop)), **{**PLAIN, "note": "老板出差", **answers})

    response = client.post(url(shop), data)

    page = response.content.decode()
    assert response.status_code == 200
    assert said in page
    assert "老板出差" in page
    assert not Visit.objects.exists()


def test_a_future_date_is_refused(client, shop, filled):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    data = filled(client.get(url(shop)), **PLAIN, visited_on=tomorrow.isoformat())

    response = client.post(url(shop), data)

    assert "日期在将来，请改成今天或更早。" in response.content.decode()
    assert not Visit.objects.exists()


def test_a_clock_ahead_is_refused_on_the_form(client, shop, filled):
    late = timezone.now() + dt.timedelta(hours=2)
    data = filled(client.get(url(shop)), **PLAIN, filled_at=late.isoformat())

    response = client.post(url(shop), data)

    assert "请核对日期和手机的时钟" in response.content.decode()
    assert not Visit.objects.exists()


def test_an_earlier_day_is_accepted(client, shop, filled):
    day = timezone.localdate() - dt.timedelta(days=3)
    client.post(
        url(shop), filled(client.get(url(shop)), **PLAIN, visited_on=day.isoformat())
    )
    assert Visit.objects.get().visited_on == day


def test_a_category_touched_by_mistake_is_no_demand(client, shop, category, filled):
    data = filled(client.get(url(shop)), **PLAIN, **{"demand-0-category": category.pk})
    assert client.post(url(shop), data).status_code == 302
    assert not Demand.objects.exists()


def test_nobody_there_asks_for_nothing_more(client, shop, filled):
    client.post(url(shop), filled(client.get(url(shop)), outcome="absent"))
    visit = Visit.objects.get()
    assert (visit.people_met, visit.counts) == ("", False)


def test_nobody_there_and_a_demand_contradict(client, shop, category, filled):
    data = filled(
        client.get(url(shop)),
        outcome="absent",
        **{"demand-0-category": category.pk, "demand-0-words": "清运太晚"},
    )
    page = client.post(url(shop), data).content.decode()
    assert "没有遇到人，就不能记诉求" in page
    assert "清运太晚" in page
    assert not Visit.objects.exists()


def test_two_people_on_one_fact_are_told_of_each_other(client, shop, staff, filled):
    data = filled(
        client.get(url(shop)),
        outcome="normal",
        people_met="owner",
        facts="changed",
        staff_count="6",
        note="很忙",
    )
    enterprises.edit(
        shop,
        changes={"staff_count": 5, "contact_name": "林先生"},
        seen={},
        by=staff,
        at=timezone.now(),
    )

    response = client.post(url(shop), data)

    page = response.content.decode()
    assert response.status_code == 409
    assert "现在是“5”，您填的是“6”" in page
    assert "很忙" in page
    assert not Visit.objects.exists()

    again = client.post(url(shop), filled(response))
    assert again.status_code == 302
    shop.refresh_from_db()
    assert shop.staff_count == 6
    assert shop.contact_name == "林先生"  # untouched here, so it is kept


def test_a_number_changed_meanwhile_stands_when_the_mask_comes_back(
    client, shop, staff, filled
):
    data = filled(client.get(url(shop)), **PLAIN)
    enterprises.edit(
        shop,
        changes={"contact_phone": "19900000009"},
        seen={},
        by=staff,
        at=timezone.now(),
    )

    assert client.post(url(shop), data).status_code == 302
    shop.refresh_from_db()
    assert shop.contact_phone == "19900000009"


def test_what_it_waits_for_stands_above_the_form(client, shop, grid):
    DemandFactory(business=shop, words="雨棚漏水")
    DemandFactory(
        business=shop,
        words="清运太晚",
        state="answered",
        outcome="改到七点半",
        outcome_on=timezone.localdate(),
        tell_by=timezone.localdate(),
    )
    DemandFactory(business=BusinessFactory(grid=grid), words="别家的事")

    page = client.get(url(shop)).content.decode()

    assert "要告诉他" in page
    assert "改到七点半" in page
    assert "雨棚漏水" in page
    assert "别家的事" not in page


def test_one_tap_at_the_door_tells_what_was_decided(client, shop, staff, filled):
    demand = DemandFactory(
        business=shop,
        state="answered",
        outcome="改到七点半",
        outcome_on=timezone.localdate(),
        tell_by=timezone.localdate(),
    )
    page = client.get(url(shop))
    assert f'name="told" value="{demand.pk}"' in page.content.decode()
    data = filled(page, **PLAIN, told=[demand.pk])

    wrong = client.post(url(shop), {**data, "people_met": ""})
    assert f'name="told" value="{demand.pk}" checked' in wrong.content.decode()

    first = client.post(url(shop), data)
    again = client.post(url(shop), data)

    assert first.headers["Location"] == again.headers["Location"]
    demand.refresh_from_db()
    assert (demand.state, demand.told_by) == (Demand.State.TOLD, staff)
    after = client.get(first.headers["Location"]).content.decode()
    assert "已回告 1 件诉求" in after
    assert "情况正常，回告 1 件诉求" in after


def test_choosing_finds_by_pinyin_and_only_ones_own(client, shop, other_grid):
    BusinessFactory(grid=other_grid, name="闽南茶庄")
    assert client.get("/visits/new/?q=mnc").url == f"/visits/new/?business={shop.pk}"
    second = BusinessFactory(grid=shop.grid, name="闽南茶具")
    page = client.get("/visits/new/?q=mnc").content.decode()
    assert f"?business={shop.pk}" in page
    assert f"?business={second.pk}" in page
    assert "闽南茶庄" not in page


def test_a_business_out_of_sight_is_not_there(client_of, stranger, leader, shop):
    assert client_of(stranger).get(url(shop)).status_code == 404
    assert client_of(leader).get(url(shop)).status_code == 403  # reads, logs nothing
    for wrong in ("abc", "9" * 30, "1e3", "²"):
        address = f"/visits/new/?business={wrong}"
        assert client_of(stranger).get(address).status_code == 404


def test_a_confidential_demand_is_its_handlers_from_the_start(
    client, client_of, shop, category, clerk, staff, filled
):
    page = client.get(url(shop))
    data = filled(page, **PLAIN) | {
        "outcome": "demand",
        "demand-0-category": category.pk,
        "demand-0-words": "别告诉别人",
        "demand-0-confidential": "on",
    }
    answer = client.post(url(shop), data)
    demand = Demand.objects.get()
    assert (demand.handler, demand.recorded_by) == (clerk, staff)
    # Whoever wrote it down reads it no more; that it is there, everybody does.
    for one in (client, client_of(clerk)):
        shown = one.get(answer.headers["Location"]).text
        assert "别告诉别人" not in shown
        assert "保密诉求" in shown
