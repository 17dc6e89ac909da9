"""A demand on its way: who is offered which step, and what each page records."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from tests.factories import (
    TODAY,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    PostFactory,
)
from tianshan.workdays import changed
from tianshan.workdays.models import DayRule
from tianshan.workdays.seed import enter_missing_years
from visits.models import Demand

REASON = "租约是您和房东之间的事，可以找司法所免费调解。"
STEPS = {
    "demand_withdraw": {"reason": "已经自己解决"},
    "demand_mistake": {"reason": "记错了店"},
    "demand_answer": {"words": "改到七点半清运"},
    "demand_decline": {"reason": REASON},
    "demand_tell": {"how": "phone", "on": "2026-10-15"},
}


@pytest.fixture
def demand(shop, branch):
    CoverageFactory(business=shop, organization=branch)
    return DemandFactory(business=shop)


def url(name, demand):
    return reverse(f"visits:{name}", args=[demand.pk])


def offered(client, demand):
    page = client.get(demand.get_absolute_url())
    return [step["step"] for step in page.context["steps"]]


def test_offered_only_what_the_state_and_the_right_allow(
    client_of, staff, clerk, secretary, leader, demand
):
    everything = [
        "answer",
        "propose",
        "join",
        "decline",
        "withdraw",
        "mistake",
        "make_confidential",
    ]
    assert offered(client_of(secretary), demand) == everything
    assert offered(client_of(clerk), demand) == everything  # for the grid chief
    assert offered(client_of(staff), demand) == []
    assert offered(client_of(leader), demand) == []


def test_the_secretary_answers_and_records_that_he_was_told(
    client_of, secretary, demand
):
    client = client_of(secretary)
    assert client.get(url("demand_answer", demand)).status_code == 200

    response = client.post(url("demand_answer", demand), {"words": "改到七点半清运"})

    assert response.headers["Location"] == demand.get_absolute_url()
    assert offered(client, demand) == [
        "tell",
        "withdraw",
        "mistake",
        "make_confidential",
    ]
    page = client.get(demand.get_absolute_url()).content.decode()
    assert "改到七点半清运" in page
    assert "答复，待回告" in page

    told = {"how": "visit", "on": timezone.localdate().isoformat()}
    assert client.post(url("demand_tell", demand), told).status_code == 302
    demand.refresh_from_db()
    assert (demand.state, demand.told_by) == (Demand.State.TOLD, secretary)
    assert offered(client, demand) == []
    assert "上门告知" in client.get(demand.get_absolute_url()).content.decode()


def test_a_short_reason_is_not_a_reason(client_of, secretary, demand):
    client = client_of(secretary)
    page = client.post(url("demand_decline", demand), {"reason": "不归我们管"})
    assert "15 个字" in page.content.decode()
    assert "不归我们管" in page.content.decode()
    client.post(url("demand_decline", demand), {"reason": REASON})
    demand.refresh_from_db()
    assert (demand.state, demand.outcome) == (Demand.State.DECLINED, REASON)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_not_open_leads_back_and_posts_are_refused_in_words(
    client_of, secretary, demand, name
):
    states = {
        "demand_answer": Demand.State.JOINED,
        "demand_decline": Demand.State.JOINED,
        "demand_tell": Demand.State.NEW,
        "demand_withdraw": Demand.State.TOLD,
        "demand_mistake": Demand.State.TOLD,
    }
    told = {"told_on": TODAY, "outcome_on": TODAY, "tell_by": TODAY}
    done = told if states[name] == Demand.State.TOLD else {}
    Demand.objects.filter(pk=demand.pk).update(state=states[name], **done)
    client = client_of(secretary)
    assert client.get(url(name, demand)).headers["Location"] == (
        demand.get_absolute_url()
    )
    page = client.post(url(name, demand), STEPS[name])
    assert page.status_code == 200
    assert "请刷新后再办理" in page.content.decode()
    demand.refresh_from_db()
    assert demand.state == states[name]


@pytest.mark.parametrize("name", STEPS)
def test_who_sees_may_not_act_and_who_sees_nothing_finds_nothing(
    client_of, staff, leader, stranger, chief, demand, name
):
    # Whoever visits may tell; the other steps are for those who answer.
    visitors = [] if name == "demand_tell" else [staff]
    for somebody in (*visitors, leader, stranger):
        client = client_of(somebody)
        # A stranger who visits elsewhere gets as far as to find nothing.
        refused = 404 if (name, somebody) == ("demand_tell", stranger) else 403
        assert client.get(url(name, demand)).status_code == refused
        assert client.post(url(name, demand), STEPS[name]).status_code == refused
    elsewhere = DemandFactory()
    assert client_of(chief).get(url(name, elsewhere)).status_code == 404
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW
    assert client_of(stranger).get(demand.get_absolute_url()).status_code == 404


def test_the_page_reckons_the_deadline_day_by_day(client_of, secretary, demand):
    enter_missing_years(DayRule.objects)
    changed()
    demand.dues.create(
        since="2099-01-01",
        due_on="2099-01-09",
        owed_by="楼宇党委",
        reason="措施期限",
        by=demand.recorded_by,
    )
    page = client_of(secretary).get(demand.get_absolute_url())
    first, later = page.context["dues"]
    assert first.lines[-1].date == demand.due_on
    assert sum(line.counts for line in first.lines) == first.days
    assert (first.provisional, later.provisional) == (False, True)
    assert "逐日推算" in page.content.decode()
    assert "暂按" in page.content.decode()  # nobody has published 2099


def test_a_call_is_noted_with_its_source(client_of, staff, shop, category):
    client = client_of(staff)
    address = f"{reverse('visits:demand_new')}?business={shop.pk}"
    page = client.get(address)
    said = {
        "source": "hotline",
        "category": category.pk,
        "words": "夜里太吵",
        "raised_on": page.context["form"]["raised_on"].value(),
    }

    first = client.post(address, said)
    second = client.post(address, said)

    demand = Demand.objects.get()
    assert first.headers["Location"] == demand.get_absolute_url()
    assert second.headers["Location"] == demand.get_absolute_url()
    assert (demand.source, demand.words) == (Demand.Source.HOTLINE, "夜里太吵")
    assert demand.recorded_by == staff


def test_a_demand_of_tomorrow_or_by_visit_is_not_taken(
    client_of, staff, shop, category
):
    client = client_of(staff)
    address = f"{reverse('visits:demand_new')}?business={shop.pk}"
    for wrong in ({"raised_on": "2999-01-01"}, {"source": "visit"}, {"words": " "}):
        said = {
            "source": "call",
            "category": category.pk,
            "words": "夜里太吵",
            "raised_on": timezone.localdate().isoformat(),
            **wrong,
        }
        assert client.post(address, said).status_code == 200
    assert not Demand.objects.exists()


def test_a_demand_is_noted_for_ones_own_only(client_of, staff, leader, other_grid):
    elsewhere = BusinessFactory(grid=other_grid)
    address = f"{reverse('visits:demand_new')}?business={elsewhere.pk}"
    assert client_of(staff).get(address).status_code == 404
    assert client_of(leader).get(address).status_code == 403


@pytest.mark.parametrize("name", STEPS)
def test_who_answers_elsewhere_and_only_looks_here_may_not_act(
    client_of, leader, other_grid, demand, name
):
    PostFactory(user=leader, role=Role.GRID_CLERK, grid=other_grid)
    client = client_of(leader)
    assert client.get(demand.get_absolute_url()).status_code == 200
    assert client.get(url(name, demand)).status_code == 403
    assert client.post(url(name, demand), STEPS[name]).status_code == 403
