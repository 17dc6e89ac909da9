"""The list without names, a case and its steps as pages."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from cases import actions
from cases.models import ConsentItem, HelpCase, HelpItem, Tally
from tests.cases.conftest import FACTS

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    client_of, coordinator, helper, register, count, django_assert_num_queries
):
    for _ in range(count):
        register(helper)
    client = client_of(coordinator)
    client.get("/cases/")
    with django_assert_num_queries(10):
        page = client.get("/cases/")
    assert f'data-total="{count}"' in page.text


def test_each_sees_the_rows_that_are_his(
    client_of, coordinator, helper, second, register
):
    mine, other = register(helper), register(second)
    page = client_of(helper).get("/cases/").text
    assert mine.number in page
    assert other.number not in page
    page = client_of(coordinator).get("/cases/").text
    assert mine.number in page
    assert other.number in page
    assert FACTS["name"] not in page


def test_the_list_is_cut_at_thirty_sixty_and_ninety_days(
    client_of, coordinator, register
):
    today = timezone.localdate()
    by_days = {
        days: register(expires_on=today + days * DAY)
        for days in (-1, 0, 30, 31, 60, 61, 90, 91)
    }
    client = client_of(coordinator)
    for within, expected in (
        ("0", {-1}),
        ("30", {0, 30}),
        ("60", {31, 60}),
        ("90", {61, 90}),
    ):
        page = client.get("/cases/", {"within": within}).text
        shown = {days for days, case in by_days.items() if case.number in page}
        assert shown == expected
    first = client.get("/cases/").text
    assert first.index(by_days[-1].number) < first.index(by_days[91].number)
    assert client.get("/cases/?within=7").status_code == 404
    assert client.get("/cases/?state=x").status_code == 404


def test_a_case_whose_helper_left_is_to_be_assigned_anew(
    client_of, coordinator, helper, case
):
    helper.is_active = False
    helper.save()
    page = client_of(coordinator).get("/cases/?state=waiting").text
    assert case.number in page
    assert "待重新分派" in page


def test_an_overtaken_step_leads_back_with_a_word(client_of, helper, case, finished):
    finished(case)
    answer = client_of(helper).post(f"/cases/{case.pk}/step/finish/", follow=True)
    assert "现在是“已办结”" in answer.text


def test_a_stale_page_of_a_finished_case_is_led_back(client_of, helper, case, finished):
    finished(case)
    page = client_of(helper).get(f"/cases/{case.pk}/edit/", follow=True)
    assert page.redirect_chain[-1][0] == case.get_absolute_url()
    assert "不能再改" in page.text


def test_a_number_of_a_certificate_is_refused_at_its_field(
    client_of, coordinator, maotai, renewal
):
    form = {"item": renewal.pk, "place": "home", "neighborhood": maotai.pk}
    form |= FACTS | {"note": "证号 31010519480101123X"}
    page = client_of(coordinator).post("/cases/new/", form)
    assert "不存证件号码" in page.text
    assert not HelpCase.objects.exists()


def test_the_consent_is_asked_in_its_own_words(client_of, helper, case):
    actions.start(case, by=helper, at=timezone.now())
    page = client_of(helper).get(f"/cases/{case.pk}/step/ask_consent/").text
    for item in ConsentItem.objects.active():
        assert item.script in page


def test_the_catalogue_is_the_coordinators_to_keep(client_of, coordinator, helper):
    form = {"name": "敬老卡补办", "steps": "打开\r\n\r\n提交\r\n", "keep_days": 90}
    assert client_of(helper).post("/cases/items/new/", form).status_code == 403
    client_of(coordinator).post("/cases/items/new/", form | {"active": "on"})
    item = HelpItem.objects.get(name="敬老卡补办")
    assert (item.steps, item.papers, item.keep_days) == (["打开", "提交"], [], 90)


def test_a_tally_names_nobody(client_of, helper, maotai, renewal):
    form = {
        "item": renewal.pk,
        "place": "stand",
        "neighborhood": maotai.pk,
        "on": timezone.localdate().isoformat(),
        "people": 26,
    }
    client_of(helper).post("/cases/tally/", form)
    assert Tally.objects.get().people == 26
    page = client_of(helper).post("/cases/tally/", form | {"on": "0001-01-01"})
    assert "请核对年份" in page.text
    page = client_of(helper).post("/cases/tally/", form | {"place": "home"})
    assert page.status_code == 200
    assert Tally.objects.count() == 1


def test_what_was_kept_long_enough_is_erased_by_the_command(register, helper, finished):
    old, young = finished(register(helper)), finished(register(helper))
    past = timezone.localdate() - 181 * DAY
    HelpCase.objects.filter(pk=old.pk).update(closed_on=past)
    call_command("erase_old_cases")
    old.refresh_from_db()
    young.refresh_from_db()
    assert old.erased_why == HelpCase.Erased.KEPT_LONG_ENOUGH
    assert old.identity.data_key is None
    assert bytes(old.identity.name) == b""
    assert young.erased_at is None


def test_an_open_case_is_erased_only_once_it_ended(client_of, helper, case):
    assert "/step/erase/" not in client_of(helper).get(case.get_absolute_url()).text
    actions.end(case, why=HelpCase.Ended.NO_CONSENT, by=helper, at=timezone.now())
    client_of(helper).post(f"/cases/{case.pk}/step/erase/", {"agreed": "on"})
    case.refresh_from_db()
    assert case.erased_at is not None
