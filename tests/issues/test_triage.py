"""The sorting page."""

import pytest
from django.urls import reverse

from accounts.rights import Right, Role
from issues.models import Issue, Matter, Sorting
from tests.factories import (
    DemandFactory,
    MatterDemandFactory,
    PostFactory,
    UserFactory,
)
from tianshan.workdays import changed
from visits.models import Demand
from visits.turning import Turner

ANSWER = Right.ANSWER_DEMANDS
pytestmark = pytest.mark.django_db
URL = "/demands/triage/"


@pytest.fixture
def page(secretary, client_of):
    """`page(**query)`: as the secretary sees it; `page.post(...)`: as she sends it."""
    client = client_of(secretary)

    def got(**query):
        return client.get(URL, query)

    got.post = lambda **data: client.post(URL, data)
    got.undo = lambda sorting: client.post(
        reverse("issues:sorting_undo", args=[sorting.pk])
    )
    return got


def test_it_shows_mine_and_not_theirs(page, demand, sibling):
    DemandFactory(
        words="别家的话",
        business__grid=sibling.building.grid,
        business__building=sibling.building,
    )

    text = page().text

    assert demand.words in text
    assert "别家的话" not in text


def test_the_words_of_a_confidential_one_are_not_on_it(page, shop, clerk):
    DemandFactory(business=shop(), words="不能说的", confidential=True, handler=clerk)

    text = page().text

    assert "不能说的" not in text
    assert f"由{clerk.display_name}办理" in text


def test_it_suggests_the_matter_with_the_reason(page, shop, body):
    link = MatterDemandFactory(
        matter__title="避开开市清运",
        matter__issue__body=body,
        demand__business=shop(),
        demand__words="清运车九点堵在门口。",
    )
    on = DemandFactory(business=shop(), words="垃圾清运车九点来，正好开门。")

    answer = page(on=on.pk)

    (like,) = answer.context["on"].suggested
    assert like.what == link.matter
    assert like.reason.startswith("同一楼宇，同类诉求，都说到“")
    assert like.reason in answer.text


def test_it_suggests_those_that_wait_too(page, shop):
    on = DemandFactory(business=shop(), words="清运车九点堵在门口。")
    other = DemandFactory(business=shop(), words="九点清运车正好来。")

    answer = page(on=on.pk)

    assert [like.what for like in answer.context["on"].alike] == [other]


@pytest.mark.parametrize(
    ("to", "said", "state"),
    [
        ("answer", {"words": "已修好。"}, "answered"),
        ("decline", {"reason": "不属街道职权，请向业主方的物业反映。"}, "declined"),
        ("direct", {"wish": "修路灯"}, "joined"),
        ("issue", {"wish": "修路灯", "title": "后巷照明", "level": 1}, "joined"),
        ("urgent", {}, "joined"),
    ],
)
def test_the_one_in_hand_and_the_ticked_ones_go_together(
    page, demand, shop, body, to, said, state
):
    ticked = DemandFactory(business=shop())
    left = DemandFactory(business=shop())

    answer = page.post(on=demand.pk, pick=[ticked.pk], to=to, **said)

    assert answer.status_code == 302
    states = dict(Demand.objects.values_list("pk", "state"))
    assert states == {demand.pk: state, ticked.pk: state, left.pk: "new"}


def test_joining_a_matter(page, demand, body):
    matter = MatterDemandFactory(matter__issue__body=body).matter

    page.post(on=demand.pk, to="join", matter=matter.pk)

    assert demand.links.get().matter == matter


def test_a_matter_out_of_sight_cannot_be_joined(page, demand, other_grid):
    theirs = MatterDemandFactory(matter__issue__body__grid=other_grid).matter

    answer = page.post(on=demand.pk, to="join", matter=theirs.pk)

    assert answer.status_code == 400
    assert not demand.links.exists()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "请选去向"),
        ({"to": "answer"}, "必填"),
        ({"to": "join"}, "请选一个事项"),
        ({"to": "decline", "reason": "不行"}, "至少写 15 个字"),
    ],
)
def test_what_is_missing_is_said_and_nothing_done(page, demand, said, problem):
    answer = page.post(on=demand.pk, **said)

    assert answer.status_code == 400
    assert problem in answer.text
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_words_left_over_from_another_way_do_no_harm(page, demand, body):
    answer = page.post(on=demand.pk, to="direct", wish="修路灯", reason="不行")

    assert answer.status_code == 302


def test_one_that_another_sorted_meanwhile_is_named(page, demand, shop):
    gone = DemandFactory(business=shop(), state="joined")

    answer = page.post(on=demand.pk, pick=[gone.pk], to="answer", words="修好了")

    assert "刚刚被别人办过" in answer.text
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_the_toast_takes_it_back(page, demand):
    page.post(on=demand.pk, to="answer", words="修好了")
    done = Sorting.objects.get()
    assert reverse("issues:sorting_undo", args=[done.pk]) in page(done=done.pk).text

    page.undo(done)

    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_an_answer_that_it_cannot_be_done_is_no_solution(page, demand):
    page.post(on=demand.pk, to="answer", words="合同未到期，办不到。", resolved="no")

    demand.refresh_from_db()
    assert (demand.state, demand.resolved) == ("answered", False)


def test_nothing_left_says_so(page):
    assert "都梳理完了" in page().text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (role, 200 if role in ("grid_chief", "grid_clerk") else 403)
        for role in Role
        if role not in ("branch_secretary", "building_secretary")
    ],
)
def test_it_opens_for_those_who_sort(grid, client_of, role, status):
    user = PostFactory(user=UserFactory(), role=role, grid=grid).user

    assert client_of(user).get(URL).status_code == status


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number_of_rows(
    page, shop, body, count, django_assert_num_queries
):
    for _ in range(count):
        matter = MatterDemandFactory(matter__issue__body=body).matter
        MatterDemandFactory(matter=matter, demand__business=shop())
        DemandFactory(business=shop())
    page()
    changed()  # else the calendar is read again now and then, once a minute

    with django_assert_num_queries(32):
        page()


def test_levels_to_start_are_all_for_the_chief_and_ones_own_for_a_secretary(
    demand, conference, chief, secretary, client_of, body
):
    levels = {
        who: [
            level
            for level, _ in client_of(who).get(URL, {"on": demand.pk}).context["levels"]
        ]
        for who in (chief, secretary)
    }

    assert levels == {chief: [1, 3], secretary: [1]}


def test_what_a_room_above_may_turn_it_into_is_offered(page, demand, monkeypatch):
    monkeypatch.setattr("visits.turning.TURNERS", [])
    assert "转为点单" not in page(on=demand.pk).text
    turner = Turner("order", "转为点单", "route", "visits:demand_answer", ANSWER)
    monkeypatch.setattr("visits.turning.TURNERS", [turner])

    text = page(on=demand.pk).text

    assert "转为点单" in text
    assert reverse("visits:demand_answer", args=[demand.pk]) in text


def test_the_issue_that_it_makes_holds_one_matter(page, demand, body):
    page.post(on=demand.pk, to="issue", wish="修路灯", title="后巷照明", level=1)

    assert (Issue.objects.count(), Matter.objects.count()) == (1, 1)
