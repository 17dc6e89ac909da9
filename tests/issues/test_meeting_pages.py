"""The pages of meetings and bodies, as the browser asks for them."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from issues import meetings, minutes
from issues.models import (
    AgendaItem,
    Attendance,
    BodyMember,
    DeliberationBody,
    Issue,
    Level,
    Meeting,
)
from tests.factories import NOON, TODAY, BodyFactory
from tests.issues.pictures import jpeg

pytestmark = pytest.mark.django_db


def post(client, name, /, *args, **data):
    return client.post(reverse(f"issues:{name}", args=args), data, follow=True)


def test_the_thin_path_from_browser_to_database(
    proposed, sitting, unit, secretary, client_of
):
    """Arranged, notified, attended, decided, over, confirmed: by the pages alone."""
    client = client_of(secretary)
    today = timezone.localdate()
    page = post(
        client,
        "meeting_new",
        body=sitting.pk,
        kind="regular",
        on=today.isoformat(),
        at_time="15:00",
        place="茶市党群服务站",
    )
    meeting = Meeting.objects.get()
    assert "茶城减负与清运" in page.text
    post(client, "meeting_notify", meeting.pk)
    assert Issue.objects.get().state == Issue.State.DELIBERATING

    rows = list(meeting.attendances.all())
    states = {f"a{row.pk}-state": "present" for row in rows}
    states |= {f"a{row.pk}-note": "" for row in rows}
    post(client, "attendance", meeting.pk, do="mark", **states)
    assert set(meeting.attendances.values_list("state", flat=True)) == {"present"}

    item = meeting.items.get()
    form = {
        "version": item.version,
        "discussion": "线路可以重排。",
        "outcome": "decided",
        "resolution": "错开开市时间清运。",
        "matter": item.issue.matters.get().pk,
        "content": "每天 8 点以前清运",
        "lead": f"unit-{unit.pk}",
        "due_on": (today + dt.timedelta(14)).isoformat(),
    }
    page = post(client, "item_detail", item.pk, do="conclude", **form)
    assert "结果已登记" in page.text
    measure = Issue.objects.get().measures.get()
    assert measure.decided_at.item == item

    post(client, "meeting_hold", meeting.pk)
    page = post(client, "minutes_confirm", meeting.pk)

    meeting.refresh_from_db()
    assert meeting.state == Meeting.State.CONFIRMED
    paper = meeting.minutes.get()
    assert paper.sha256 in page.text
    file = client.get(paper.get_absolute_url())
    assert file.content[:2] == b"PK"
    assert len(file.content) == paper.size


def test_the_second_clerk_keeps_his_words_and_sees_the_stored(
    in_session, secretary, clerk, client_of
):
    item = in_session.items.get()
    form = {"version": item.version, "do": "note"}
    post(client_of(secretary), "item_detail", item.pk, discussion="先写的", **form)

    client = client_of(clerk)
    page = post(client, "item_detail", item.pk, discussion="后写的", **form)

    assert "先写的" in page.text
    assert "后写的" in page.text
    version = re.search(r'name="version" value="(\d+)"', page.text)[1]
    post(
        client, "item_detail", item.pk, discussion="合起来", version=version, do="note"
    )
    assert in_session.items.get().discussion == "合起来"


def test_a_form_half_filled_says_what_is_missing(in_session, secretary, client_of):
    item = in_session.items.get()
    page = post(
        client_of(secretary),
        "item_detail",
        item.pk,
        do="conclude",
        version=item.version,
        outcome="decided",
        resolution="同意",
        matter=item.issue.matters.get().pk,
        content="没有主办的措施",
    )

    assert "由谁主办" in page.text
    assert not in_session.items.exclude(outcome="").exists()


def test_an_outcome_fixes_the_measure_and_who_supports_it(
    in_session, unit, branch, secretary, client_of
):
    item = in_session.items.get()
    post(
        client_of(secretary),
        "item_detail",
        item.pk,
        do="conclude",
        version=item.version,
        outcome="decided",
        resolution="同意",
        matter=item.issue.matters.get().pk,
        content="每天 8 点以前清运",
        lead=f"unit-{unit.pk}",
        due_on=timezone.localdate() + dt.timedelta(14),
        **{
            "support-TOTAL_FORMS": 1,
            "support-INITIAL_FORMS": 0,
            "support-0-holder": f"organization-{branch.pk}",
            "support-0-content": "挨家告知新时间",
        },
    )

    part = item.decided.get().measure.parts.get(lead=False)
    assert (part.holder, part.content) == (branch, "挨家告知新时间")


def test_a_further_measure_half_filled_keeps_what_was_typed(
    in_session, unit, secretary, client_of
):
    item = in_session.items.get()
    facts = {
        "matter": item.issue.matters.get(),
        "content": "每天 8 点以前清运",
        "lead": unit,
        "due_on": TODAY + dt.timedelta(14),
    }
    meetings.conclude(
        item,
        outcome="decided",
        resolution="同意",
        version=item.version,
        by=secretary,
        at=NOON,
        **facts,
    )

    page = post(client_of(secretary), "item_measure", item.pk, content="清运后冲洗地面")

    assert "清运后冲洗地面" in page.text
    assert item.decided.count() == 1


def test_the_page_of_a_meeting_offers_what_may_be_done_now(
    in_session, secretary, leader, client_of
):
    today, client = timezone.localdate(), client_of(secretary)
    Meeting.objects.update(on=today + dt.timedelta(1))
    assert "散会登记" not in client.get(in_session.get_absolute_url()).text
    Meeting.objects.update(on=today)
    page = client.get(in_session.get_absolute_url())
    assert "散会登记" in page.text
    assert "记讨论和结果" in page.text

    page = client_of(leader).get(in_session.get_absolute_url())
    assert "散会登记" not in page.text
    assert "茶城减负与清运" in page.text


@pytest.mark.parametrize(
    "name", ["meeting_notice", "sign_in_sheet", "meeting_pack", "minutes_draft"]
)
def test_papers_are_for_those_who_see_the_meeting_whole(
    settled, name, secretary, officer, stranger, client_of
):
    url = reverse(f"issues:{name}", args=[settled.pk])

    assert client_of(secretary).get(url).status_code == 200
    assert client_of(officer).get(url).status_code == 200  # invited
    assert client_of(stranger).get(url).status_code == 404
    Attendance.objects.update(unit=None)
    assert client_of(officer).get(url).status_code == 404


def test_the_notice_names_what_and_who_but_no_asker(in_session, secretary, client_of):
    page = client_of(secretary).get(
        reverse("issues:meeting_notice", args=[in_session.pk])
    )

    assert "【会议通知】10月15日例会" in page.text
    assert "1. 茶城减负与清运（待本级研商）" in page.text
    assert "市容部门负责人、支部委员" in page.text
    assert "春和茶行" not in page.text


def test_the_sign_in_sheet_has_a_line_for_each(in_session, secretary, client_of):
    page = client_of(secretary).get(
        reverse("issues:sign_in_sheet", args=[in_session.pk])
    )

    assert page.text.count("<tr>") == 1 + 2 + 4  # heading, invited, blank


def test_the_issue_shows_its_meetings_in_place(settled, proposed, secretary, client_of):
    url = reverse("issues:meetings_of", args=[proposed.pk])
    page = client_of(secretary).get(url)
    part = client_of(secretary).get(
        url, headers={"HX-Request": "true", "HX-Target": "section#meetings"}
    )

    assert settled.get_absolute_url() in page.text
    assert "线路可以重排，错开开市。" in part.text
    assert "<html" not in part.text


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    count, arrange, secretary, client_of, django_assert_num_queries
):
    for number in range(count):
        arrange(title=f"第{number}次")
    client = client_of(secretary)
    client.get(reverse("issues:meeting_list"))

    with django_assert_num_queries(LEDGER):
        page = client.get(reverse("issues:meeting_list"), {"sort": "on"})

    assert f'data-total="{count}"' in page.text


LEDGER = 4


def test_a_cancelled_meeting_says_why(arrange, secretary, client_of):
    meeting = arrange()
    page = post(client_of(secretary), "meeting_cancel", meeting.pk, reason="场地检修")

    assert "场地检修" in page.text


# --- bodies --------------------------------------------------------------------------


def body_form(grid, **changes):
    return {
        "name": "新街区临时党支部会议",
        "kind": "branch",
        "level": "1",
        "scope": "quarter",
        "grid": grid.pk,
        "chair_title": "临时党支部书记",
        **changes,
    }


def test_a_body_is_set_up_with_chair_and_members(grid, chief, client_of):
    client = client_of(chief)
    post(client, "body_new", **body_form(grid))
    body = DeliberationBody.objects.get()
    post(client, "member_add", body.pk, title="业主代表")
    post(client, "member_add", body.pk, title="业主代表")  # the second is refused

    assert (body.chair_title, body.level) == ("临时党支部书记", Level.BRANCH)
    member = body.members.get()
    page = post(client, "member_end", member.pk)
    assert "不再列名" in page.text
    assert not body.members.in_force(timezone.localdate()).exists()
    assert BodyMember.objects.count() == 1


def test_a_body_without_a_chair_warns_and_says_who_appoints(grid, chief, client_of):
    body = BodyFactory(grid=grid, level=Level.CONFERENCE, chair_title="")

    for url in (reverse("issues:body_list"), body.get_absolute_url()):
        page = client_of(chief).get(url)
        assert "不能确认纪要" in page.text
        assert "由街道党工委指定召集人" in page.text


@pytest.mark.parametrize("who", ["secretary", "staff", "leader", "stranger", "sibling"])
def test_bodies_are_kept_by_clerk_and_chief_alone(request, who, body, client_of):
    client = client_of(request.getfixturevalue(who))

    assert client.get(reverse("issues:body_new")).status_code == 403
    assert client.get(reverse("issues:body_edit", args=[body.pk])).status_code == 403


def test_a_cadence_needs_its_first_day(grid, clerk, client_of):
    page = post(client_of(clerk), "body_new", **body_form(grid, weekly="on"))

    assert "从哪天起" in page.text
    assert not DeliberationBody.objects.exists()


def test_the_page_of_a_body_shows_what_waits(proposed, body, secretary, client_of):
    page = client_of(secretary).get(body.get_absolute_url())

    assert "今天开例会，要议的" in page.text
    assert "待本级研商" in page.text


def test_a_month_is_compiled_into_one_document(settled, secretary, client_of):
    url = reverse("issues:compilation", args=[settled.body_id])

    file = client_of(secretary).get(url, {"year": 2026, "month": 10})
    assert file.content[:2] == b"PK"
    page = client_of(secretary).get(url, {"year": 2026, "month": 13}, follow=True)
    assert "请选哪一年哪一月" in page.text


# --- surveys -------------------------------------------------------------------------


def test_a_survey_keeps_who_when_and_photos_drawn_anew(
    proposed, secretary, officer, stranger, decide, client_of
):
    client = client_of(secretary)
    post(
        client,
        "survey_new",
        proposed.pk,
        on=TODAY.isoformat(),
        place="茶城后巷",
        who="支部书记、市容部门",
        findings="九点开市时清运车正在作业。",
    )
    survey = proposed.surveys.get()
    for stage in ("before", "after"):
        client.post(
            reverse("issues:survey_detail", args=[survey.pk]),
            {"stage": stage, "photo": jpeg(), "caption": "后巷"},
        )

    photos = list(survey.photos.all())
    assert [photo.stage for photo in photos] == ["before", "after"]
    url = photos[0].get_absolute_url()
    assert client.get(url)["Content-Type"] == "image/jpeg"
    assert client_of(stranger).get(url).status_code == 404
    page = post(client, "survey_detail", survey.pk, stage="before")
    assert "必填" in page.text
    decide(proposed)
    assert client_of(officer).get(url).status_code == 200  # his unit's measure


def test_what_is_no_picture_is_refused(proposed, secretary, client_of):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from issues import surveys

    survey = surveys.enter(
        proposed,
        on=TODAY,
        place="后巷",
        who="书记",
        findings="看了",
        by=secretary,
        at=NOON,
    )
    page = client_of(secretary).post(
        reverse("issues:survey_detail", args=[survey.pk]),
        {"stage": "before", "photo": SimpleUploadedFile("a.jpg", b"%PDF-1.7 no")},
    )

    assert "这不是照片" in page.text
    assert not survey.photos.exists()


def test_amending_keeps_the_first_file(settled, secretary, client_of):
    client = client_of(secretary)
    first = minutes.confirm(settled, by=secretary, at=NOON)
    post(client, "minutes_amend", settled.pk, reason="地点写错了")
    item = AgendaItem.objects.get()
    meetings.note(
        item, discussion="改过的讨论", version=item.version, by=secretary, at=NOON
    )
    page = post(client, "minutes_confirm", settled.pk)

    second = settled.minutes.first()
    assert (second.version, second.why) == (2, "地点写错了")
    assert second.sha256 != first.sha256
    assert "更正：地点写错了" in page.text
    assert client.get(first.get_absolute_url()).status_code == 200


def test_before_its_day_a_meeting_asks_for_no_results(
    proposed, arrange, secretary, client_of
):
    day = timezone.localdate() + dt.timedelta(5)
    meeting = meetings.notify(arrange(on=day), by=secretary, at=NOON)
    client = client_of(secretary)

    page = client.get(meeting.get_absolute_url()).content.decode()
    assert "记讨论和结果" not in page

    item = reverse("issues:item_detail", args=[meeting.items.get().pk])
    page = client.get(item).content.decode()
    assert "到那天才能登记结果" in page
    assert 'value="conclude"' not in page
