"""What the rules put on a table, on days that are given."""

import datetime as dt

import pytest

from issues import actions, agenda, cadence, fixing, ladder, meetings, parts
from issues.models import AgendaItem, Issue, IssueStep, Level, Meeting, Slot
from issues.models.rules import OPEN
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    DemandFactory,
    IssueFactory,
    MatterDemandFactory,
    MatterFactory,
    MeasureFactory,
    UnitOfficerFactory,
    fields_of,
)
from visits.models import Rating

pytestmark = pytest.mark.django_db
Kind = Meeting.Kind


def day(text):
    return dt.date.fromisoformat(text)


def titles(body, kind, on):
    return [entry.title for entry in agenda.for_meeting(body, kind, on)]


@pytest.fixture
def joint(grid):
    return BodyFactory(name="第三网格党建联席会", level=Level.CONFERENCE, grid=grid)


@pytest.fixture
def measure(body):
    """`measure(content, decided, due)`: one of an issue of the branch's body."""

    def made(content, decided, due, **facts):
        matter = MatterFactory(issue__body=body, issue__state=Issue.State.DECIDED)
        return MeasureFactory(
            matter=matter,
            content=content,
            decided_on=day(decided),
            due_on=day(due),
            **facts,
        )

    return made


def contents(body, kind, on):
    return [
        entry.measure.content
        for entry in agenda.for_meeting(body, kind, day(on))
        if entry.measure
    ]


# The year is 2026: on 28 February a Saturday is worked; 1 to 7 October are holidays.
DAYS = ["2026-02-28", "2026-03-31", "2026-10-01", "2026-10-08"]


@pytest.mark.parametrize("on", DAYS)
def test_a_week_holds_what_is_unsorted_proposed_or_due_within_seven_days(
    joint, grid, measure, on
):
    today = day(on)
    DemandFactory(business__grid=grid, grid=grid, raised_on=today, words="当天提的")
    DemandFactory(
        business__grid=grid,
        grid=grid,
        raised_on=today + dt.timedelta(1),
        words="第二天提的",
    )
    sorted_before = DemandFactory(
        business__grid=grid,
        grid=grid,
        raised_on=today - dt.timedelta(3),
        state="answered",
        outcome_on=today,
        tell_by=today,
        words="当天答了的",
    )
    for name, due in (
        ("今天到期", 0),
        ("第七天到期", 7),
        ("第八天到期", 8),
        ("昨天", -1),
    ):
        measure(name, "2026-01-05", (today + dt.timedelta(due)).isoformat())

    found = titles(joint, Kind.WEEK, today)

    assert any("当天提的" in title for title in found)
    assert not any("第二天提的" in title for title in found)
    assert not any(sorted_before.words in title for title in found)
    assert contents(joint, Kind.WEEK, on) == ["今天到期", "第七天到期"]


def test_a_demand_joined_later_waited_until_then(joint, grid):
    demand = DemandFactory(
        business__grid=grid, grid=grid, raised_on=day("2026-10-12"), state="joined"
    )
    MatterDemandFactory(demand=demand)  # joined on the 15th

    assert len(titles(joint, Kind.WEEK, day("2026-10-14"))) == 1
    assert titles(joint, Kind.WEEK, day("2026-10-15")) == []


def test_a_confidential_demand_shows_no_words(joint, grid, clerk):
    DemandFactory(
        business__grid=grid,
        grid=grid,
        confidential=True,
        handler=clerk,
        words="",
        raised_on=TODAY,
    )

    assert titles(joint, Kind.WEEK, TODAY) == ["环境清运：保密诉求，内容不显示"]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        # Decided on 5 January, due on 2 March: 36 working days, four fifths of them
        # gone on 13 February; from the 15th to the 23rd is Spring Festival.
        ("2026-02-12", []),
        ("2026-02-13", ["跨节的"]),
        ("2026-02-28", ["跨节的"]),
        ("2026-03-02", ["跨节的"]),
        ("2026-03-03", []),
    ],
)
def test_ten_days_hold_what_is_yellow_over_holidays(joint, measure, on, expected):
    measure("跨节的", "2026-01-05", "2026-03-02")

    assert contents(joint, Kind.TEN_DAY, on) == expected


def test_over_national_day_a_measure_stays_yellow_and_turns_red_after(joint, measure):
    measure("节前定的", "2026-09-21", "2026-10-08")

    assert contents(joint, Kind.TEN_DAY, "2026-10-01") == ["节前定的"]
    assert contents(joint, Kind.TEN_DAY, "2026-10-08") == ["节前定的"]
    assert contents(joint, Kind.TEN_DAY, "2026-10-09") == []
    assert contents(joint, Kind.MONTH, "2026-10-08") == []
    assert contents(joint, Kind.MONTH, "2026-10-31") == ["节前定的"]


@pytest.mark.parametrize("on", ["2026-02-28", "2026-03-31", "2026-10-31"])
def test_a_month_holds_what_is_red_on_its_last_day(joint, measure, on):
    last = day(on)
    measure("到期就是今天", "2026-01-05", on)
    measure("昨天到期", "2026-01-05", (last - dt.timedelta(1)).isoformat())
    measure(
        "今天完成",
        "2026-01-05",
        (last - dt.timedelta(9)).isoformat(),
        done_on=last,
        state="done",
    )

    assert contents(joint, Kind.MONTH, on) == ["昨天到期"]


def test_a_year_without_published_holidays_goes_by_the_weekday(joint, measure):
    measure("远期", "2040-09-24", "2040-10-08")

    assert contents(joint, Kind.TEN_DAY, "2040-10-05") == ["远期"]
    assert contents(joint, Kind.WEEK, "2040-10-01") == ["远期"]


def test_ten_days_hold_the_issues_of_level_three_that_wait(joint, body):
    waits = IssueFactory(body=joint, title="等联席会")
    IssueFactory(body=joint, title="已经定了", state=Issue.State.DECIDED)
    IssueFactory(body=body, title="支部的")

    assert titles(joint, Kind.TEN_DAY, TODAY) == [waits.title]
    assert titles(joint, Kind.TEN_DAY, TODAY - dt.timedelta(1)) == []


def test_a_month_holds_what_is_stuck_and_leads_with_what_is_supervised(
    joint, body, leader, measure
):
    measure("红灯的", "2026-09-01", "2026-09-30")
    stuck = IssueFactory(body=joint, title="两次没结果")
    for on in ("2026-10-10", "2026-10-14"):
        meeting = Meeting.objects.create(
            body=joint,
            kind=Kind.TEN_DAY,
            title="旬研商",
            on=day(on),
            at=dt.time(9),
            place="站",
            state="held",
            notified_at=NOON,
            held_at=NOON,
            made_by=leader,
        )
        AgendaItem.objects.create(
            meeting=meeting,
            position=1,
            title=stuck.title,
            issue=stuck,
            reason="待议",
            outcome="carried",
            resolution="再等等",
            concluded_at=NOON,
        )
    pressed = IssueFactory(body=body, title="领导督办的")
    ladder.supervise(pressed, words="月底前办", by=leader, at=NOON)

    found = agenda.for_meeting(joint, Kind.MONTH, TODAY)

    assert found[0].title == "领导督办的"
    assert found[0].supervised
    assert {entry.title for entry in found[1:]} == {
        f"{found[1].issue}：红灯的",
        "两次没结果",
    }
    last = next(entry for entry in found if entry.title == "两次没结果")
    assert (last.times, last.promised) == (2, "2026-10-14 旬研商：再等等")


def test_an_issue_sent_back_twice_is_on_the_months_table(joint, body):
    issue = IssueFactory(body=body)
    for _ in range(2):
        for step, frm, to, facts in (
            ("escalate", body, joint, {"reason": "难", "tried": "谈过"}),
            ("send_back", joint, body, {"reason": "先谈"}),
        ):
            IssueStep.objects.create(
                issue=issue,
                step=step,
                from_state="proposed",
                to_state="proposed",
                from_level=frm.level,
                to_level=to.level,
                from_body=frm,
                to_body=to,
                role="branch_secretary" if frm == body else "grid_chief",
                at=NOON,
                **facts,
            )
            issue.body, issue.level = to, to.level
            issue.save(update_fields=["body", "level"])

    assert titles(joint, Kind.MONTH, TODAY) == [issue.title]


def test_a_committees_table_holds_what_waits_at_its_level(body, joint, measure):
    IssueFactory(body=body, title="支部的")
    IssueFactory(body=joint, title="联席会的")
    measure("红的", "2026-09-01", "2026-09-30")
    measure("还早的", "2026-10-15", "2026-12-30")

    found = titles(body, Kind.REGULAR, TODAY)

    assert found[0] == "支部的"
    assert len(found) == 2
    assert found[1].endswith("红的")


@pytest.mark.parametrize("kind", [Kind.HEARING, Kind.MEDIATION, Kind.REVIEW])
def test_the_three_meetings_begin_empty(body, kind):
    IssueFactory(body=body)

    assert titles(body, kind, TODAY) == []


@pytest.mark.parametrize("state", sorted(Issue.State))
@pytest.mark.parametrize("on_a_table", [False, True])
def test_nothing_open_is_missing_from_both_the_backlog_and_an_agenda(
    body, secretary, state, on_a_table
):
    """Whatever its state, an open issue is in one of the two, a closed one in none."""
    issue = IssueFactory(body=body, title="不能丢")
    MatterFactory(issue=issue)
    walked = IssueFactory(body=body, state=state)
    if on_a_table:
        meetings.arrange(
            body,
            kind=Kind.REGULAR,
            on=TODAY,
            at_time=dt.time(9),
            place="站",
            by=secretary,
            at=NOON,
        )

    waiting = [entry.issue for entry in agenda.backlog(body, TODAY)]
    tabled = list(Issue.objects.filter(items__meeting__body=body))

    for each in Issue.objects.filter(body=body):
        places = waiting.count(each) + tabled.count(each)
        assert places == (1 if each.state in OPEN else 0)
    assert walked.pk


def test_what_was_dropped_is_back_in_the_backlog(proposed, arrange, secretary):
    meeting = arrange()
    assert agenda.backlog(meeting.body, TODAY) == []

    meetings.drop_item(meeting.items.get(), reason="缓议", by=secretary, at=NOON)

    assert agenda.backlog(meeting.body, TODAY)[0].issue == proposed


def test_an_issue_moved_up_is_on_the_upper_table_from_then_on(
    proposed, body, conference, secretary
):
    later = NOON + dt.timedelta(days=5)
    ladder.escalate(proposed, reason="难", tried="谈过", by=secretary, at=later)

    assert titles(body, Kind.REGULAR, TODAY) == [proposed.title]
    assert titles(body, Kind.REGULAR, later.date()) == []
    assert titles(conference, Kind.TEN_DAY, TODAY) == []
    assert titles(conference, Kind.TEN_DAY, later.date()) == [proposed.title]


def test_measures_of_another_grid_are_none_of_its_business(joint, other_grid):
    matter = MatterFactory(issue__body__grid=other_grid, issue__state="decided")
    MeasureFactory(
        matter=matter, decided_on=day("2026-09-01"), due_on=day("2026-09-30")
    )

    assert agenda.for_meeting(joint, Kind.MONTH, TODAY) == []


def test_a_demand_answered_in_the_meeting_is_gone_from_the_next(joint, grid, clerk):
    from visits import actions as visits

    demand = DemandFactory(business__grid=grid, grid=grid)
    assert len(titles(joint, Kind.WEEK, TODAY)) == 1
    visits.answer(demand, words="已联系清运。", by=clerk, at=NOON)

    assert titles(joint, Kind.WEEK, TODAY) == []


# --- what nobody takes on, and what satisfied nobody ------------------------------------


def refuse_twice(part, *, again):
    """By its holder and by the next one, five days later; answers the day of that."""
    later = NOON + dt.timedelta(days=5)
    holders = (
        (part.unit.officers.get().post.user, NOON),
        (UnitOfficerFactory(post__grid=part.unit.grid), later),
    )
    (first, at), (office, then) = holders
    parts.refuse(part, reason="不属职责", instead="城运中心", by=first, at=at)
    part.refresh_from_db()
    parts.reassign(part, holder=office.unit, reason="归它管", by=again, at=at)
    part.refresh_from_db()
    parts.refuse(
        part, reason="人手不够", instead="市容部门", by=office.post.user, at=then
    )
    return then.date()


def test_what_was_refused_twice_is_on_the_next_joint_table(
    proposed, decide, secretary, officer, conference, body
):
    decide(proposed)
    measure = proposed.measures.get()
    day_of_it = refuse_twice(measure.parts.get(), again=secretary)

    found = agenda.for_meeting(conference, Kind.TEN_DAY, day_of_it)
    assert [(entry.measure, entry.issue) for entry in found] == [(measure, proposed)]
    assert found[0].reason.startswith("两次退回")
    assert contents(conference, Kind.REGULAR, day_of_it.isoformat()) == [
        measure.content
    ]
    assert contents(conference, Kind.TEN_DAY, TODAY.isoformat()) == []
    assert contents(body, Kind.REGULAR, day_of_it.isoformat()) == []


def test_once_it_has_a_holder_it_is_off_the_joint_table(
    proposed, decide, secretary, officer, conference, chief, unit
):
    decide(proposed)
    part = proposed.measures.get().parts.get()
    on = refuse_twice(part, again=secretary).isoformat()
    assert contents(conference, Kind.TEN_DAY, on)

    part.refresh_from_db()
    parts.reassign(part, holder=unit, reason="联席会定", by=chief, at=NOON)

    assert contents(conference, Kind.TEN_DAY, on) == []


def test_a_measure_of_no_issue_is_taken_up_once_and_recalled(
    demand, secretary, unit, officer, conference, chief, body
):
    matter = actions.deal_directly([demand], wish="修灯", by=secretary, at=NOON)
    measure = fixing.fix_directly(
        matter,
        content="三天内修好",
        lead=unit,
        due_on=TODAY + dt.timedelta(30),
        by=secretary,
        at=NOON,
    )
    on = refuse_twice(measure.parts.get(), again=secretary)
    facts = {"at_time": dt.time(9), "place": "站", "by": chief, "at": NOON}
    meeting = meetings.arrange(conference, kind=Kind.REGULAR, on=on, **facts)
    meetings.refresh(meeting, by=chief, at=NOON)

    item = meeting.items.get()
    assert (item.measure, item.issue) == (measure, None)
    assert item.title == "修灯：三天内修好"
    Meeting.objects.filter(pk=meeting.pk).update(
        state="held", notified_at=NOON, held_at=NOON
    )
    (entry,) = agenda.for_meeting(conference, Kind.REGULAR, on)
    assert entry.times == 1


def test_a_slot_for_which_only_a_refused_measure_waited_was_needed(
    proposed, decide, secretary, officer, conference
):
    decide(proposed, due_on=TODAY + dt.timedelta(60))
    on = refuse_twice(proposed.measures.get().parts.get(), again=secretary)
    slot, before = (
        Slot.objects.create(
            body=conference,
            cadence=Slot.Cadence.TEN_DAY,
            starts_on=day - dt.timedelta(9),
            ends_on=day,
            planned_on=day,
        )
        for day in (on, on - dt.timedelta(10))
    )

    slots = Slot.objects.all()

    assert cadence.not_needed(slots, on + dt.timedelta(1)) == {before.pk}
    assert slot.pk != before.pk


@pytest.fixture
def twice(shop):
    """A demand that two answers did not satisfy, the second on the 15th."""
    demand = DemandFactory(business=shop(), state="at_body", **fields_of("at_body"))
    for number in (1, 2):
        Rating.objects.create(
            demand=demand,
            came_by="link",
            round=number,
            verdict="not",
            on=TODAY - dt.timedelta(2 - number),
            outcome="已联系",
            outcome_on=TODAY,
            tell_by=TODAY,
            told_on=TODAY,
        )
    return demand


@pytest.mark.parametrize("kind", [Kind.WEEK, Kind.TEN_DAY, Kind.REGULAR])
def test_what_satisfied_nobody_twice_is_the_body_s_of_its_place(
    twice, body, conference, sibling, kind
):
    found = agenda.for_meeting(body, kind, TODAY)

    assert [entry.demand for entry in found] == [twice]
    assert found[0].reason == "两次答复都不满意"
    assert titles(body, kind, TODAY - dt.timedelta(1)) == []
    others = type(body).objects.exclude(pk=body.pk)
    assert others.count() == 2
    for other in others:
        assert titles(other, kind, TODAY) == []


def test_where_no_lower_body_is_it_is_the_conference_s(grid, conference, body):
    elsewhere = DemandFactory(
        business__grid=grid, state="at_body", **fields_of("at_body")
    )

    found = agenda.for_meeting(conference, Kind.WEEK, TODAY)

    assert [entry.demand for entry in found] == [elsewhere]
    assert titles(body, Kind.REGULAR, TODAY) == []


def test_in_an_open_matter_it_is_on_the_table_as_that(twice, body):
    link = MatterDemandFactory(demand=twice, matter__issue__body=body)

    assert titles(body, Kind.REGULAR, TODAY) == [link.matter.issue.title]


def test_a_confidential_one_shows_no_words_there_either(shop, body, clerk):
    hidden = {"confidential": True, "handler": clerk, "words": ""}
    DemandFactory(business=shop(), state="at_body", **hidden, **fields_of("at_body"))

    assert titles(body, Kind.REGULAR, TODAY) == ["环境清运：保密诉求，内容不显示"]
