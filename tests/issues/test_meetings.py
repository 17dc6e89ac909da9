"""One meeting, from the agenda that the rules make to its last outcome."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from issues import actions, agenda, ladder, meetings, minutes, outside
from issues.models import AgendaItem, Attendance, Issue, IssueStep, Meeting
from issues.models.rules import Step
from issues.taking import Refused
from tests.factories import NOON, TODAY, DemandFactory
from tianshan.audit.models import Entry
from tianshan.notices.models import Notice

pytestmark = pytest.mark.django_db
Outcome = AgendaItem.Outcome


def conclude(item, outcome, by, **said):
    said = {"resolution": "按会上说的办。", "version": item.version, **said}
    return meetings.conclude(item, outcome=outcome, by=by, at=NOON, **said)


def state_of(issue):
    issue.refresh_from_db()
    return issue.state


# --- before it -----------------------------------------------------------------------


def test_arranging_a_meeting_fills_its_agenda_by_the_rules(proposed, arrange):
    meeting = arrange()

    item = meeting.items.get()
    assert (item.issue, item.reason) == (proposed, "待本级研商")
    assert meeting.title == "10月15日例会"
    assert meeting.state == Meeting.State.DRAFT
    assert state_of(proposed) == Issue.State.PROPOSED


def test_notifying_puts_the_issues_on_the_table_and_invites(
    proposed, arrange, secretary, officer
):
    meeting = meetings.notify(arrange(), by=secretary, at=NOON)

    assert state_of(proposed) == Issue.State.DELIBERATING
    assert [row.title for row in meeting.attendances.all()] == [
        "市容部门负责人",
        "支部委员",
    ]
    assert Notice.objects.filter(to=officer).count() == 1
    assert Entry.objects.filter(verb="meeting.notified").exists()


def test_an_empty_agenda_is_not_notified(arrange, secretary):
    with pytest.raises(Refused, match="无事不开"):
        meetings.notify(arrange(), by=secretary, at=NOON)


@pytest.mark.parametrize("who", ["staff", "sibling", "leader", "officer", "stranger"])
def test_meetings_are_kept_by_the_body_and_its_clerk_alone(request, who, arrange):
    with pytest.raises(PermissionDenied):
        arrange(by=request.getfixturevalue(who))


@pytest.mark.parametrize("who", ["clerk", "chief", "secretary"])
def test_the_clerk_and_the_chairs_keep_them(request, who, arrange):
    assert arrange(by=request.getfixturevalue(who)).pk


def test_an_item_is_added_dropped_and_ordered_with_its_reason(
    in_session, proposed, secretary
):
    added = meetings.add_item(
        in_session, title="通报上月情况", reason="例行", by=secretary, at=NOON
    )
    meetings.move_item(added, up=True, by=secretary, at=NOON)
    assert [item.title for item in in_session.items.all()] == [
        "通报上月情况",
        "茶城减负与清运",
    ]

    first = in_session.items.get(issue=proposed)
    with pytest.raises(Refused, match="为什么移出"):
        meetings.drop_item(first, reason=" ", by=secretary, at=NOON)
    meetings.drop_item(first, reason="业主方出差", by=secretary, at=NOON)

    assert state_of(proposed) == Issue.State.PROPOSED
    assert in_session.items.on_the_table().get() == added
    assert meetings.refresh(in_session, by=secretary, at=NOON) == 0  # stays dropped


def test_refreshing_takes_up_what_came_since(in_session, body, shop, secretary):
    later = actions.propose(
        DemandFactory(business=shop()), title="后来的", wish="丙", by=secretary, at=NOON
    )

    assert meetings.refresh(in_session, by=secretary, at=NOON) == 1

    assert state_of(later) == Issue.State.DELIBERATING


def test_cancelling_lets_the_issues_wait_again(in_session, proposed, secretary):
    meetings.cancel(in_session, reason="场地检修", by=secretary, at=NOON)

    assert state_of(proposed) == Issue.State.PROPOSED
    assert not Meeting.objects.standing().exists()


def test_a_leader_calls_a_body_together_and_the_meeting_is_made(
    proposed, body, leader, secretary
):
    meeting = meetings.call_together(
        proposed,
        body=body,
        on=TODAY,
        at_time=dt.time(9, 30),
        place="茶城二楼",
        reason="商户反映强烈",
        by=leader,
        at=NOON,
    )

    assert meeting.called_by == "leader"
    assert meeting.items.get().issue == proposed
    assert proposed.steps.last().step == Step.CALL_TOGETHER
    meetings.notify(meeting, by=secretary, at=NOON)
    assert state_of(proposed) == Issue.State.DELIBERATING


# --- what comes of an item -----------------------------------------------------------


def test_what_is_decided_becomes_measures_on_the_spot(in_session, unit, secretary):
    item = in_session.items.get()
    matter = item.issue.matters.get()
    facts = {"matter": matter, "lead": unit, "due_on": TODAY + dt.timedelta(14)}

    conclude(item, Outcome.DECIDED, secretary, content="8 点以前清运", **facts)
    meetings.add_measure(item, content="换小车", by=secretary, at=NOON, **facts)

    issue = Issue.objects.get()
    assert issue.state == Issue.State.DECIDED
    assert issue.deliberations.get().opinion == "按会上说的办。"
    assert {link.measure.content for link in item.decided.all()} == {
        "8 点以前清运",
        "换小车",
    }
    assert set(issue.measures.all()) == {link.measure for link in item.decided.all()}


def test_votes_are_counts_of_those_who_came(in_session, attended, secretary, staff):
    item = in_session.items.get()
    cast = {"in_favour": 1, "against": 0, "abstained": 0, "by": secretary, "at": NOON}
    with pytest.raises(actions.Refused, match="登记出席 0 人"):
        meetings.vote(item, **cast)
    attended(in_session)
    with pytest.raises(actions.Refused, match="出席 1 人，票数合计 3"):
        meetings.vote(item, **cast | {"against": 2})
    with pytest.raises(actions.Refused, match="没有人表决"):
        meetings.vote(item, **cast | {"in_favour": 0})
    with pytest.raises(PermissionDenied):
        meetings.vote(item, **cast | {"by": staff})

    meetings.vote(item, **cast)

    assert in_session.items.filter(votes_for=1, votes_against=0).exists()
    entry = Entry.objects.get(verb="meeting.voted")
    assert (entry.by, entry.data["cast"]) == (secretary, 1)
    blocks = minutes.paper_of(in_session).blocks
    assert ["p", "表决：同意1票，反对0票，弃权0票。"] in blocks


def test_a_vote_by_the_page(in_session, attended, secretary, client_of):
    attended(in_session)
    item, client = in_session.items.get(), client_of(secretary)
    url = reverse("issues:item_vote", args=[item.pk])
    assert url in client.get(reverse("issues:item_detail", args=[item.pk])).text
    assert "各几票" in client.post(url, {"in_favour": "x"}, follow=True).text
    votes = {"in_favour": 1, "against": 0, "abstained": 0}
    assert "同意 1 票" in client.post(url, votes, follow=True).text
    assert "同意 1 票" in client.get(in_session.get_absolute_url()).text


def test_carried_over_it_waits_and_says_how_often(in_session, secretary, attended):
    item = in_session.items.get()
    conclude(item, Outcome.CARRIED, secretary, resolution="业主方补方案")
    attended(in_session)
    meetings.hold(in_session, by=secretary, at=NOON)

    again = meetings.arrange(
        in_session.body,
        kind=Meeting.Kind.REGULAR,
        on=TODAY + dt.timedelta(7),
        at_time=dt.time(9),
        place="站里",
        by=secretary,
        at=NOON,
    )

    assert state_of(item.issue) == Issue.State.PROPOSED
    from issues import agenda

    entry = agenda.for_meeting(again.body, again.kind, again.on)[0]
    assert entry.times == 1
    assert entry.promised == "2026-10-15 例会：业主方补方案"


def test_escalated_it_goes_to_the_body_above(in_session, conference, secretary):
    item = in_session.items.get()

    with pytest.raises(Refused, match="做过什么"):
        conclude(item, Outcome.ESCALATED, secretary)
    conclude(item, Outcome.ESCALATED, secretary, tried="找过业主方两次")

    item.issue.refresh_from_db()
    assert item.issue.body == conference


def test_explained_ends_the_matter_and_the_rest_waits(
    in_session, proposed, shop, secretary
):
    other = actions.add_matter(
        proposed, DemandFactory(business=shop()), wish="乙", by=secretary, at=NOON
    )
    item = in_session.items.get()

    with pytest.raises(Refused, match="哪个事项"):
        conclude(item, Outcome.EXPLAINED, secretary)
    matter = proposed.matters.exclude(pk=other.pk).get()
    conclude(item, Outcome.EXPLAINED, secretary, matter=matter)

    matter.refresh_from_db()
    assert (matter.ending, matter.after) == ("explained", "按会上说的办。")
    assert state_of(proposed) == Issue.State.PROPOSED


def test_the_outside_cases_number_is_asked_for_on_the_spot(
    in_session, proposed, secretary
):
    item, matter = in_session.items.get(), proposed.matters.get()
    with pytest.raises(Refused, match="外部系统的案号"):
        conclude(item, Outcome.ENFORCEMENT, secretary, matter=matter)

    number = "沪城管 7 号"
    conclude(item, Outcome.ENFORCEMENT, secretary, matter=matter, outside_number=number)

    matter.refresh_from_db()
    assert (matter.ending, matter.outside_number) == ("enforcement", number)


def test_what_is_told_to_the_askers_is_not_cut(in_session, proposed, secretary):
    item, matter = in_session.items.get(), proposed.matters.get()
    long = "说明" * 101
    with pytest.raises(Refused, match="200 字以内"):
        conclude(item, Outcome.EXPLAINED, secretary, matter=matter, resolution=long)
    assert matter.links.get().demand.outcome == ""


def test_handed_to_enforcement_ends_the_matter_so(in_session, proposed, secretary):
    item, matter = in_session.items.get(), proposed.matters.get()
    outside.note_case(
        matter, system="enforcement", number="沪城管 7 号", by=secretary, at=NOON
    )

    conclude(item, Outcome.ENFORCEMENT, secretary, matter=matter)

    assert proposed.matters.get().ending == "enforcement"
    assert state_of(proposed) == Issue.State.FEEDBACK


def test_an_issue_on_the_table_cannot_be_merely_heard(in_session, secretary):
    with pytest.raises(Refused, match="不能这样办"):
        conclude(in_session.items.get(), Outcome.HEARD, secretary)


def test_the_clerk_writes_for_the_chair_and_that_is_recorded(in_session, clerk):
    item = in_session.items.get()

    conclude(item, Outcome.CARRIED, clerk)

    step = IssueStep.objects.filter(step=Step.CARRY_OVER).get()
    assert (step.by, step.for_whom) == (clerk, "书记")


def test_what_moved_meanwhile_is_said(in_session, conference, secretary):
    """Its issue was escalated from its own page while the meeting sat."""
    item = in_session.items.get()
    ladder.escalate(item.issue, reason="急", tried="问过", by=secretary, at=NOON)

    with pytest.raises(Refused, match="不能这样办"):
        conclude(item, Outcome.DECIDED, secretary)
    conclude(item, Outcome.HEARD, secretary)


def test_the_second_clerk_is_told_and_overwrites_nothing(in_session, secretary, clerk):
    item = in_session.items.get()
    seen = item.version
    meetings.note(item, discussion="先写的", version=seen, by=secretary, at=NOON)

    with pytest.raises(meetings.Stale) as told:
        meetings.note(item, discussion="后写的", version=seen, by=clerk, at=NOON)

    assert told.value.item.discussion == "先写的"
    meetings.note(
        item, discussion="先写的\n后写的", version=seen + 1, by=clerk, at=NOON
    )
    assert in_session.items.get().discussion == "先写的\n后写的"


# --- it is over ----------------------------------------------------------------------


def test_it_is_over_when_all_is_concluded_and_everybody_accounted_for(
    in_session, secretary, attended
):
    with pytest.raises(Refused, match="1 项没有结果"):
        meetings.hold(in_session, by=secretary, at=NOON)
    conclude(in_session.items.get(), Outcome.CARRIED, secretary)
    with pytest.raises(Refused, match="2 人没有登记到会"):
        meetings.hold(in_session, by=secretary, at=NOON)
    rows = {row.pk: ("leave", "") for row in in_session.attendances.all()}
    meetings.mark(in_session, states=rows, by=secretary, at=NOON)
    with pytest.raises(Refused, match="没有人出席"):
        meetings.hold(in_session, by=secretary, at=NOON)
    attended(in_session)

    meetings.hold(in_session, by=secretary, at=NOON)

    in_session.refresh_from_db()
    assert in_session.state == Meeting.State.HELD


def test_nobody_holds_a_meeting_before_its_day(in_session, secretary, attended):
    conclude(in_session.items.get(), Outcome.CARRIED, secretary)
    attended(in_session)

    with pytest.raises(Refused, match="还没到日子"):
        meetings.hold(in_session, by=secretary, at=NOON - dt.timedelta(1))


ACTS = {
    "change": lambda m, by: meetings.change(
        m, on=TODAY, at_time=dt.time(9), place="站", papers="", by=by, at=NOON
    ),
    "set_agenda": lambda m, by: meetings.refresh(m, by=by, at=NOON),
    "notify": lambda m, by: meetings.notify(m, by=by, at=NOON),
    "mark": lambda m, by: meetings.mark(m, states={}, by=by, at=NOON),
    "hold": lambda m, by: meetings.hold(m, by=by, at=NOON),
    "amend": lambda m, by: minutes.amend(m, reason="错字", by=by, at=NOON),
    "cancel": lambda m, by: meetings.cancel(m, reason="无", by=by, at=NOON),
}


@pytest.mark.parametrize("step", sorted(ACTS))
def test_each_step_is_refused_from_every_other_state(settled, secretary, step):
    minutes.confirm(settled, by=secretary, at=NOON)
    for state in set(Meeting.State) - Meeting.STEPS[step]:
        facts = {"state": state, "cancelled_why": "", "notified_at": NOON}
        if state == Meeting.State.CANCELLED:
            facts["cancelled_why"] = "无"
        if state == Meeting.State.DRAFT:
            facts["notified_at"] = None
        held = state in (Meeting.State.HELD, Meeting.State.CONFIRMED)
        facts["held_at"] = NOON if held else None
        Meeting.objects.filter(pk=settled.pk).update(**facts)

        with pytest.raises(Refused, match="不能办这一步"):
            ACTS[step](settled, secretary)


def test_nothing_below_confirmed_minutes_changes(settled, secretary):
    minutes.confirm(settled, by=secretary, at=NOON)

    for rows, facts in (
        (settled.items, {"discussion": "改"}),
        (settled.attendances, {"state": Attendance.State.PRESENT}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**facts)
    with pytest.raises(DatabaseError), transaction.atomic():
        settled.items.get().decided.get().delete()


def test_who_sees_what_of_a_meeting(
    in_session, secretary, chief, leader, officer, stranger, sibling
):
    seen = Meeting.objects.visible_to
    for user in (secretary, chief, leader, officer):
        assert in_session in seen(user)
    for user in (stranger, sibling):
        assert in_session not in seen(user)
    whole = Meeting.objects.seen_whole_by
    assert in_session in whole(officer)  # invited


def test_an_officer_who_is_not_invited_sees_the_item_on_his_issue_alone(
    settled, arrange, officer, secretary
):
    Attendance.objects.filter(unit__isnull=False).update(unit=None)
    meetings_of = Meeting.objects

    assert settled in meetings_of.visible_to(officer)
    assert settled not in meetings_of.seen_whole_by(officer)
    assert AgendaItem.objects.visible_to(officer).get() == settled.items.get()
    assert not Attendance.objects.visible_to(officer).exists()


def test_the_steps_of_a_meeting_name_it(settled, proposed):
    steps = {step.step: step.meeting for step in proposed.steps.all()}

    assert steps == {"propose": None, "put_on_table": settled, "decide": settled}


@pytest.mark.parametrize("outcome", ["carried", "escalated"])
def test_what_a_meeting_sends_on_names_it(
    in_session, proposed, conference, secretary, outcome
):
    item = in_session.items.get()
    meetings.conclude(
        item,
        outcome=outcome,
        resolution="要跨部门商量",
        tried="谈过两次",
        version=item.version,
        by=secretary,
        at=NOON,
    )

    assert proposed.steps.last().meeting == in_session


# --- many demands --------------------------------------------------------------------


@pytest.fixture
def sorting_week(conference, shop, chief):
    """A weekly meeting of the conference with five demands that nobody sorted."""
    conference.weekly, conference.cadence_from = True, TODAY.replace(day=1)
    conference.save()
    for number in range(5):
        DemandFactory(business=shop(), words=f"第 {number} 件")
    meeting = meetings.arrange(
        conference,
        kind="week",
        on=TODAY,
        at_time=dt.time(14, 0),
        place="议事厅",
        by=chief,
        at=NOON,
    )
    return meetings.notify(meeting, by=chief, at=NOON)


def test_many_demands_are_one_thing_on_the_agenda(sorting_week):
    items = list(sorting_week.items.order_by("position"))
    (asked,) = agenda.gathered(items)

    assert asked.title == "待梳理的诉求 5 件"
    assert agenda.gathered(items[:3]) == items[:3]


def test_what_satisfied_nobody_twice_is_talked_of_by_itself(sorting_week, chief):
    first = sorting_week.items.order_by("position").first()
    first.reason = agenda.NOT_SATISFIED
    first.save()

    told = {"resolution": "由责任方答复", "by": chief, "at": NOON}
    assert meetings.conclude_demands(sorting_week, outcome="heard", **told) == 4
    items = list(sorting_week.items.order_by("position"))
    assert items[0].outcome == ""
    assert [type(one).__name__ for one in agenda.gathered(items)] == [
        "AgendaItem",
        "Asked",
    ]


def test_demands_are_gone_through_in_one_press(sorting_week, chief):
    first = sorting_week.items.order_by("position").first()
    meetings.conclude(
        first,
        outcome="carried",
        resolution="要问过物业",
        version=first.version,
        by=chief,
        at=NOON,
    )

    told = {"resolution": "由责任方答复", "by": chief, "at": NOON}
    assert meetings.conclude_demands(sorting_week, outcome="heard", **told) == 4
    with pytest.raises(Refused, match="都有结果"):
        meetings.conclude_demands(sorting_week, outcome="heard", **told)
    outcomes = sorting_week.items.order_by("position").values_list("outcome", flat=True)
    assert list(outcomes) == ["carried", *["heard"] * 4]


def test_only_who_keeps_the_meeting_goes_through_them(sorting_week, staff):
    with pytest.raises(PermissionDenied):
        meetings.conclude_demands(
            sorting_week, outcome="heard", resolution="过了", by=staff, at=NOON
        )


def test_the_minutes_tell_many_demands_by_what_came_of_them(sorting_week, chief):
    first = sorting_week.items.order_by("position").first()
    meetings.note(first, discussion="物业在场", version=1, by=chief, at=NOON)
    meetings.conclude_demands(
        sorting_week, outcome="heard", resolution="由责任方答复", by=chief, at=NOON
    )

    said = [text for _, text in minutes.paper_of(sorting_week).blocks]
    start = said.index("（一）待梳理的诉求 5 件")
    assert said[start + 1] == "下列 5 件，会议议定（听取情况）：由责任方答复。"
    assert said[start + 2 : start + 4] == [f"1．{first.title}", "物业在场。"]
    assert said[start + 4].startswith("2．")


# --- days that are wrong, and who is told --------------------------------------------


def change(meeting, by, *, at=NOON, **changes):
    facts = {
        "on": meeting.on,
        "at_time": meeting.at,
        "place": meeting.place,
        "papers": meeting.papers,
        **changes,
    }
    return meetings.change(meeting, by=by, at=at, **facts)


def told_to(user):
    rows = Notice.objects.filter(to=user).order_by("pk")
    return [notice.words.partition("：")[0] for notice in rows]


def test_another_place_is_told_as_another_day_is(officer, in_session, secretary):
    change(in_session, secretary, place="四楼大会议室")
    assert told_to(officer) == ["开会通知", "会议有变动"]

    later = NOON + dt.timedelta(minutes=1)
    change(in_session, secretary, place="四楼大会议室", at=later)
    assert told_to(officer) == ["开会通知", "会议有变动"]


def test_moved_and_moved_back_it_is_told_twice(officer, in_session, secretary):
    first = in_session.on
    moved = change(in_session, secretary, on=first + dt.timedelta(3))
    later = NOON + dt.timedelta(minutes=1)
    change(moved, secretary, on=first, at=later)

    assert told_to(officer) == ["开会通知", "会议有变动", "会议有变动"]


def test_who_was_invited_is_told_that_it_does_not_take_place(
    officer, in_session, secretary
):
    meetings.cancel(in_session, reason="场地检修", by=secretary, at=NOON)

    assert told_to(officer) == ["开会通知", "会议取消"]


def test_a_draft_that_is_cancelled_is_news_to_nobody(
    proposed, arrange, secretary, officer
):
    meetings.cancel(arrange(), reason="场地检修", by=secretary, at=NOON)

    assert told_to(officer) == []


def test_a_meeting_named_by_its_day_is_named_by_the_day_it_moves_to(
    in_session, secretary
):
    change(in_session, secretary, on=TODAY + dt.timedelta(20))

    in_session.refresh_from_db()
    assert in_session.title == f"{in_session.on.month}月{in_session.on.day}日例会"


@pytest.mark.parametrize("on", [dt.date(9999, 12, 31), dt.date(1900, 1, 1)])
def test_a_year_typed_wrong_is_refused_in_words(arrange, in_session, secretary, on):
    with pytest.raises(Refused, match="年份"):
        arrange(on=on)
    with pytest.raises(Refused, match="年份"):
        change(in_session, secretary, on=on)


def test_a_meeting_does_not_move_before_its_notice(in_session, secretary):
    with pytest.raises(Refused, match="通知是10月15日发的"):
        change(in_session, secretary, on=TODAY - dt.timedelta(1))


def test_a_slots_meeting_does_not_move_before_its_period(sorting_week, chief):
    Meeting.objects.filter(pk=sorting_week.pk).update(notified_at=None, state="draft")
    with pytest.raises(Refused, match="从10月12日算起"):
        change(sorting_week, chief, on=dt.date(2026, 10, 9))


def test_nothing_comes_of_a_meeting_before_its_day(
    in_session, sorting_week, secretary, chief
):
    the_day_before = NOON - dt.timedelta(1)
    item = in_session.items.get()
    with pytest.raises(Refused, match="还没到日子"):
        meetings.conclude(
            item,
            outcome=Outcome.CARRIED,
            resolution="下次再议",
            version=item.version,
            by=secretary,
            at=the_day_before,
        )
    with pytest.raises(Refused, match="还没到日子"):
        meetings.conclude_demands(
            sorting_week,
            outcome=Outcome.HEARD,
            resolution="听了",
            by=chief,
            at=the_day_before,
        )
