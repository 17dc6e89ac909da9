"""What each sees of issues, matters and measures, and what a list costs."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from issues import actions, fixing, parts, surveys
from issues.models import Issue, Matter, MatterDemand, Measure
from tests.factories import (
    NOON,
    TODAY,
    DemandFactory,
    IssueFactory,
    MatterDemandFactory,
    MatterFactory,
    MeasureFactory,
    PostFactory,
    UnitFactory,
)
from tests.issues.pictures import jpeg
from tianshan.files.pictures import safe_picture
from tianshan.workdays import changed

pytestmark = pytest.mark.django_db

LISTS = ["issue_list", "matter_list", "measure_list"]


# --- lists ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTS)
def test_a_list_costs_the_same_for_any_number_of_rows(
    page, body, shop, secretary, client_of
):
    def add(count):
        for _ in range(count):
            matter = MatterFactory(issue__body=body)
            MatterDemandFactory(matter=matter, demand__business=shop())
            MeasureFactory(matter=matter)

    client = client_of(secretary)
    address = reverse(f"issues:{page}")
    client.get(address)
    costs = []
    for count in (1, 2):
        add(count)
        changed()  # else the calendar is read again now and then, once a minute
        with CaptureQueriesContext(connection) as cost:
            answer = client.get(address)
        assert f'data-total="{(1, 3)[count - 1]}"' in answer.text
        costs.append(len(cost))
    assert costs[0] == costs[1] <= 14


@pytest.mark.parametrize("page", LISTS)
def test_a_list_shows_mine_and_not_theirs(page, body, other_grid, secretary, client_of):
    mine = MeasureFactory(matter__issue__body=body, content="我们的措施")
    theirs = MeasureFactory(matter__issue__body__grid=other_grid, content="他们的措施")

    text = client_of(secretary).get(reverse(f"issues:{page}")).text

    shown = {"issue_list": "issue", "matter_list": "matter"}.get(page)
    assert str(getattr(mine, shown) if shown else mine) in text
    assert str(getattr(theirs, shown) if shown else theirs) not in text


def test_the_issue_list_filters_by_level_state_and_body(
    body, conference, chief, client_of
):
    here = IssueFactory(title="支部的事", body=body)
    IssueFactory(title="联席的事", body=conference, state=Issue.State.DECIDED)
    client = client_of(chief)

    for query in ({"level": 1}, {"state": "proposed"}, {"body": body.pk}):
        page = client.get(reverse("issues:issue_list"), query)
        assert here.title in page.text
        assert "联席的事" not in page.text


def test_the_issue_list_shows_the_worst_light(body, secretary, client_of):
    matter = MatterFactory(issue__body=body)
    long_ago = TODAY - dt.timedelta(3650)
    MeasureFactory(matter=matter, due_on=TODAY + dt.timedelta(3650))
    MeasureFactory(matter=matter, decided_on=long_ago, due_on=long_ago)

    page = client_of(secretary).get(reverse("issues:issue_list"))

    assert "红灯" in page.text


def test_three_askers_make_a_common_demand_and_two_do_not(
    body, shop, secretary, client_of
):
    matter = MatterFactory(issue__body=body, title="避开开市清运")
    first = shop()
    for business in (first, first, shop()):
        MatterDemandFactory(matter=matter, demand__business=business)
    client = client_of(secretary)
    assert "共性诉求</span>" not in client.get(reverse("issues:matter_list")).text

    MatterDemandFactory(matter=matter, demand__business=shop())

    page = client.get(reverse("issues:matter_list"), {"common": "true"})
    assert "共性诉求</span>" in page.text
    assert 'data-total="1"' in page.text


def test_an_officer_works_through_the_units_own_measures(
    proposed, decide, unit, grid, secretary, officer, client_of
):
    decide(proposed, content="每天 8 点以前清运")
    fixing.add_measure(
        proposed,
        matter=proposed.matters.get(),
        content="物业调整岗亭",
        lead=UnitFactory(grid=grid),
        due_on=TODAY,
        by=secretary,
        at=NOON,
    )

    mine = client_of(officer).get(reverse("issues:measure_list")).text
    all_of_them = client_of(secretary).get(reverse("issues:measure_list")).text

    assert "每天 8 点以前清运" in mine
    assert "物业调整岗亭" not in mine
    assert "物业调整岗亭" in all_of_them


# --- one issue -----------------------------------------------------------------------


def _issue_page(client, issue):
    return client.get(reverse("issues:issue_detail", args=[issue.pk]))


def test_an_officer_sees_counts_and_words_but_no_asker(
    proposed, decide, officer, client_of
):
    decide(proposed)
    client = client_of(officer)
    matter = proposed.matters.get()

    for page in (_issue_page(client, proposed), client.get(matter.get_absolute_url())):
        assert "1 户" in page.text
        assert "垃圾清运车九点来" in page.text
        assert "春和茶行" not in page.text
        assert "A07" not in page.text


def test_an_officer_of_another_unit_sees_nothing_of_it(
    proposed, decide, client_of, grid
):
    decide(proposed)
    other = PostFactory(role=Role.UNIT_OFFICER, grid=grid).user

    assert _issue_page(client_of(other), proposed).status_code == 404
    assert not Issue.objects.visible_to(other).exists()
    assert not Matter.objects.visible_to(other).exists()
    assert not Measure.objects.visible_to(other).exists()


def test_others_in_the_grid_see_it_and_strangers_do_not(
    proposed, staff, leader, stranger, sibling, client_of
):
    assert _issue_page(client_of(staff), proposed).status_code == 200
    assert _issue_page(client_of(leader), proposed).status_code == 200
    assert _issue_page(client_of(stranger), proposed).status_code == 404
    assert _issue_page(client_of(sibling), proposed).status_code == 404


def test_whoever_sees_one_demand_sees_the_issue_with_others_unnamed(
    proposed, sibling, client_of
):
    hers = DemandFactory(
        business__name="金虹桥咖啡",
        business__grid=sibling.building.grid,
        business__building=sibling.building,
        state="joined",
    )
    MatterDemand.objects.create(
        matter=proposed.matters.get(), demand=hers, joined_at=NOON
    )

    page = _issue_page(client_of(sibling), proposed)

    assert "金虹桥咖啡" in page.text
    assert "春和茶行" not in page.text
    assert "2 户 2 件诉求" in page.text


def test_next_steps_are_open_to_the_body_and_locked_to_others(
    proposed, secretary, chief, client_of
):
    mine = _issue_page(client_of(secretary), proposed)
    theirs = _issue_page(client_of(chief), proposed)

    address = reverse("issues:issue_decide", args=[proposed.pk])
    assert address in mine.text
    assert address not in theirs.text
    assert "由天山茶市临时党支部会议办理" in theirs.text


def test_next_steps_say_what_stands_in_the_way(proposed, decide, secretary, client_of):
    decide(proposed)

    page = _issue_page(client_of(secretary), proposed)

    why = {step.label: step.why for step in page.context["steps"] if not step.open}
    assert why["办结事项：避开开市清运"] == "还有 1 项措施没有完成"
    assert why["逐户回告"] == "事项办结后才能回告"
    assert why["办结议题"] == "还有 1 个事项没有办结"


def test_the_history_is_told_in_words_and_names_no_asker(
    ended, secretary, officer, client_of
):
    lines = _issue_page(client_of(officer), ended).context["history"]

    # All at the same moment: what is in the issue first, then its own steps.
    assert [line.words for line in lines] == [
        "事项“避开开市清运”办结：已解决",
        "措施“每天 8 点以前清运”完成",
        "定措施“每天 8 点以前清运”，2026-10-29 到期",
        "一件诉求并入“避开开市清运”",
        "研商定措施",
        "提出议题，交天山茶市临时党支部会议",
    ]


def test_the_page_of_an_issue_shows_before_and_after(ended, secretary, client_of):
    text = _issue_page(client_of(secretary), ended).text

    assert "<del>上午 9 点</del>" in text
    assert "<ins>8 点以前</ins>" in text
    assert "惠及 412 户" in text


# --- the part of a demand's page -----------------------------------------------------


def test_a_demand_says_in_which_matter_and_issue_it_is(
    proposed, demand, secretary, client_of
):
    page = client_of(secretary).get(reverse("issues:for_demand", args=[demand.pk]))

    assert "避开开市清运" in page.text
    assert "茶城减负与清运" in page.text
    assert "待研商" in page.text


def test_htmx_gets_the_part_alone(demand, body, secretary, client_of):
    page = client_of(secretary).get(
        reverse("issues:for_demand", args=[demand.pk]),
        headers={"HX-Request": "true", "HX-Target": "section#matter"},
    )

    assert page.text.strip().startswith("<section")
    assert reverse("issues:issue_propose", args=[demand.pk]) in page.text


def test_who_may_not_propose_is_not_offered_it(demand, body, staff, client_of):
    page = client_of(staff).get(reverse("issues:for_demand", args=[demand.pk]))

    assert reverse("issues:issue_propose", args=[demand.pk]) not in page.text


def test_measures_are_found_by_their_light(proposed, decide, secretary, client_of):
    matter = proposed.matters.get()
    today = timezone.localdate()
    old, far = today - dt.timedelta(100), today + dt.timedelta(100)
    spans = {
        "红": (old, today - dt.timedelta(9)),
        "黄": (old, today),
        "绿": (today, far),
    }
    for name, (start, due) in spans.items():
        MeasureFactory(matter=matter, content=name, decided_on=start, due_on=due)

    for colour, name in (("red", "红"), ("yellow", "黄"), ("green", "绿")):
        found = Measure.objects.lit(colour, today)
        assert [measure.content for measure in found] == [name]
        page = client_of(secretary).get(
            reverse("issues:measure_list"), {"light": colour}
        )
        assert 'data-total="1"' in page.text


def test_many_joined_one_after_the_other_are_one_line(
    proposed, shop, secretary, client_of
):
    for _ in range(2):
        actions.join(
            proposed.matters.get(),
            DemandFactory(business=shop()),
            by=secretary,
            at=NOON,
        )

    history = _issue_page(client_of(secretary), proposed).context["history"]

    assert [(line.words[:4], line.times) for line in history] == [
        ("一件诉求", 3),
        ("提出议题", 1),
    ]


def test_the_page_of_an_issue_shows_what_changed_by_photos(
    proposed, decide, officer, secretary, client_of
):
    decide(proposed)
    page = client_of(secretary).get(proposed.get_absolute_url()).text
    assert 'id="photos"' not in page

    survey = surveys.enter(
        proposed,
        on=TODAY,
        place="后巷",
        who="网格长、市容部门",
        findings="九点清运，车堵在门口",
        by=secretary,
        at=NOON,
    )
    surveys.add_photo(
        survey,
        stage="before",
        content=jpeg().read(),
        caption="九点的后巷",
        by=secretary,
        at=NOON,
    )
    part = proposed.measures.get().parts.get()
    parts.confirm(part, by=officer, at=NOON)
    picture = safe_picture(jpeg().read())
    parts.report(part, words="八点前清完", pictures=[picture], by=officer, at=NOON)

    page = client_of(secretary).get(proposed.get_absolute_url()).text
    before, after = page.split('id="photos"')[1].split("变化后", 1)
    assert "九点的后巷" in before
    assert "八点前清完" in after
