"""The pages of the ladder: forms of its steps, the board, the brief."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from issues import ladder, ladder_views
from issues.ladder_forms import FORMS
from issues.models import Issue, Level, Supervision
from issues.models.rules import Step
from tests.factories import NOON, BodyFactory, IssueFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def committee(grid, market):
    body = BodyFactory(name="天山茶城治理委员会", level=Level.COMMITTEE, grid=grid)
    body.buildings.add(market)
    return body


def step_page(issue, step):
    return reverse("issues:issue_step", args=[issue.pk, step])


def test_the_form_escalates(proposed, committee, secretary, client_of):
    client = client_of(secretary)
    assert "为什么要提级" in client.get(step_page(proposed, Step.ESCALATE)).text

    page = client.post(
        step_page(proposed, Step.ESCALATE), {"reason": "跨部门", "tried": "谈过两次"}
    )

    assert page.url == proposed.get_absolute_url()
    text = client.get(page.url).text
    assert "交天山茶城治理委员会：跨部门；已经做过：谈过两次" in text


def test_an_empty_reason_is_asked_for(proposed, committee, secretary, client_of):
    page = client_of(secretary).post(step_page(proposed, Step.ESCALATE), {"reason": ""})

    assert page.status_code == 200
    proposed.refresh_from_db()
    assert proposed.level == Level.BRANCH


@pytest.mark.parametrize("step", sorted(FORMS))
def test_a_form_belongs_to_those_whose_step_it_is(proposed, staff, step, client_of):
    assert client_of(staff).get(step_page(proposed, step)).status_code == 403


def test_an_unknown_step_does_not_exist(proposed, secretary, client_of):
    assert client_of(secretary).get(step_page(proposed, "decide")).status_code == 404


def test_who_opens_a_form_too_late_is_told_what_happened(
    proposed, decide, secretary, client_of
):
    decide(proposed)
    page = client_of(secretary).get(step_page(proposed, Step.WITHDRAW), follow=True)

    assert "由secretary办了“研商定措施”" in page.text


def test_a_clerk_says_how_he_was_asked_to(proposed, committee, clerk, client_of):
    client = client_of(clerk)
    words = {"reason": "跨部门", "tried": "谈过"}
    page = client.post(step_page(proposed, Step.ESCALATE), words)
    assert "怎么受托的" in page.text

    client.post(step_page(proposed, Step.ESCALATE), {**words, "how": "会上口头"})

    step = proposed.steps.last()
    assert (step.by, step.for_whom, step.how) == (clerk, "书记", "会上口头")


def test_a_leader_supervises_and_the_body_answers(
    proposed, secretary, leader, client_of
):
    client_of(leader).post(
        step_page(proposed, Step.SUPERVISE), {"words": "月底前要见效"}
    )
    made = Supervision.objects.get()
    client = client_of(secretary)
    text = client.get(proposed.get_absolute_url()).text
    assert "月底前要见效" in text
    answer = reverse("issues:supervision_answer", args=[made.pk])
    assert answer in text

    client.post(answer, {"answer": "周五前开会"})

    assert answer not in client.get(proposed.get_absolute_url()).text


def test_a_leader_supervises_one_measure_from_its_line(
    proposed, decide, secretary, leader, client_of
):
    decide(proposed)
    measure = proposed.measures.get()
    address = reverse("issues:measure_supervise", args=[measure.pk])
    page = proposed.get_absolute_url()
    assert address not in client_of(secretary).get(page).text
    client = client_of(leader)
    assert address in client.get(page).text

    client.post(address, {"words": "本周五前完成"})

    assert Supervision.objects.get().measure == measure
    assert "本周五前完成" in client.get(page).text


def test_a_leader_calls_together_and_hands_out(
    proposed, committee, unit, leader, client_of
):
    client = client_of(leader)
    soon = timezone.localdate() + dt.timedelta(3)
    client.post(
        step_page(proposed, Step.CALL_TOGETHER),
        {"body": committee.pk, "on": soon, "reason": "一起谈"},
    )
    client.post(
        step_page(proposed, Step.HAND_OUT),
        {
            "matter": proposed.matters.get().pk,
            "content": "调整清运",
            "lead": f"unit-{unit.pk}",
            "due_on": soon,
        },
    )

    proposed.refresh_from_db()
    assert (proposed.body, proposed.state) == (committee, Issue.State.DECIDED)
    assert proposed.measures.get().lead == unit


def test_the_board_counts_what_the_ledger_lists(
    body, conference, committee, chief, client_of
):
    for state in ("proposed", "proposed", "decided", "suspended", "closed"):
        IssueFactory(body=body, state=state)
    IssueFactory(body=conference, state="feedback")
    client = client_of(chief)

    board = client.get(reverse("issues:issue_board")).text

    cells = re.findall(r'data-count="(\d+)"[^>]*href="([^"]+)"', board)
    assert sorted(int(count) for count, _ in cells) == [1, 1, 1, 2]
    for count, address in cells:
        listed = client.get(address.replace("&amp;", "&")).text
        assert f'data-total="{count}"' in listed


def test_the_board_shows_what_is_supervised_before_it_cuts(
    body, secretary, leader, client_of, monkeypatch
):
    monkeypatch.setattr(ladder_views, "ON_A_CARD", 2)
    old = IssueFactory(body=body, title="最早的一件", raised_on=dt.date(2026, 1, 5))
    IssueFactory.create_batch(3, body=body)
    ladder.supervise(old, words="一周内答复", by=leader, at=NOON)

    board = client_of(secretary).get(reverse("issues:issue_board")).text

    assert board.count('class="tk') == 2
    assert "最早的一件" in board


def test_the_page_tells_each_step_once_with_its_meeting(
    settled, proposed, secretary, client_of
):
    page = client_of(secretary).get(proposed.get_absolute_url()).text
    history = page.split('id="history"')[1]

    assert history.count("研商定措施") == 1
    assert history.count("定措施“每天 8 点以前清运”") == 1
    assert f'href="{settled.get_absolute_url()}"' in history


def test_the_page_says_for_whom_the_clerk_acted(proposed, clerk, client_of):
    ladder.suspend(
        proposed,
        until=dt.date(2027, 1, 5),
        reason="等招标",
        how="书记来电",
        by=clerk,
        at=NOON,
    )

    page = client_of(clerk).get(proposed.get_absolute_url()).text
    assert "代书记（书记来电）" in page.split('id="history"')[1]


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_costs_the_same_for_any_number(
    body, secretary, count, client_of, django_assert_num_queries
):
    IssueFactory.create_batch(count, body=body)
    client = client_of(secretary)
    client.get(reverse("issues:issue_board"))

    with django_assert_num_queries(5):
        client.get(reverse("issues:issue_board"))


def test_the_brief_says_who_asked_and_names_nobody(
    proposed, committee, shop, secretary, client_of
):
    ladder.escalate(proposed, reason="跨部门", tried="谈过两次", by=secretary, at=NOON)

    text = (
        client_of(secretary).get(reverse("issues:issue_brief", args=[proposed.pk])).text
    )

    assert "1 户提了 1 件诉求：天山茶城 1 户" in text
    assert "此前谈过两次" in text
    assert "春和茶行" not in text


def test_the_days_at_each_level_are_shown(proposed, committee, secretary, client_of):
    ladder.escalate(
        proposed,
        reason="跨部门",
        tried="谈过",
        by=secretary,
        at=NOON + dt.timedelta(days=6),
    )

    text = client_of(secretary).get(proposed.get_absolute_url()).text

    assert "在这一级 6 天" in text
    assert "跨层级" in text


def test_a_supervised_issue_leads_the_list(body, secretary, leader, client_of):
    first = IssueFactory(body=body, title="先提的", raised_on=NOON.date())
    later = IssueFactory(
        body=body, title="后提的", raised_on=NOON.date() + dt.timedelta(3)
    )
    ladder.supervise(first, words="快", by=leader, at=NOON)

    text = client_of(secretary).get(reverse("issues:issue_list")).text

    assert text.index(first.title) < text.index(later.title)

    narrowed = client_of(secretary).get(
        reverse("issues:issue_list"), {"supervised": "true"}
    )
    assert 'data-total="1"' in narrowed.text
    assert "督办" in narrowed.text
