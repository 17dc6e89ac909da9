"""会议纪要: made from the record, confirmed by the chair, kept as a file for good.

Three blocks, as the grid's meetings have them: 难题联议, 措施联定, 责任联担.
"""

import hashlib
from collections import defaultdict

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Prefetch
from django.utils import timezone

from issues import agenda
from issues.meetings import lock, take
from issues.models import (
    Attendance,
    DeliberationBody,
    Issue,
    Measure,
    Meeting,
    Minutes,
)
from issues.taking import Refused, said
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.documents import MinutesPaper, docx
from tianshan.files.keeping import keep_document, kept_document

FOLDER = "minutes"
LINE = 40  # characters of a demand
DIGITS = "〇一二三四五六七八九"


def counted(number):
    """一, 十, 二十三: up to 99."""
    tens, ones = divmod(number, 10)
    words = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return words + (DIGITS[ones] if ones else "")


def dated(day):
    """Arabic digits, no zero before them: 2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _sentence(text):
    text = text.strip()
    return text if not text or text[-1] in "。！？；…" else f"{text}。"


# --- the words -----------------------------------------------------------------------


def items_of(meeting):
    """The items on the table with all that the minutes say of them."""
    return (
        meeting.items.on_the_table()
        .for_list()
        .prefetch_related(
            "opinions",
            Prefetch(
                "decided__measure",
                Measure.objects.select_related(
                    "lead_unit", "lead_organization"
                ).with_parts(),
            ),
        )
    )


def paper_of(meeting, *, reference="", draft=True, version=1):
    """The MinutesPaper of a meeting as its record stands."""
    items = list(items_of(meeting))
    body = meeting.body
    blocks = [["p", _opening(meeting)], ["h1", "一、难题联议"]]
    for number, item in enumerate(agenda.gathered(items), start=1):
        told = _of_demands if isinstance(item, agenda.Asked) else _of_item
        blocks += told(number, item)
    measures = [link.measure for item in items for link in item.decided.all()]
    blocks += [["h1", "二、措施联定"], *_of_measures(measures)]
    blocks += [["h1", "三、责任联担"], *_of_holders(measures)]
    again = f"，第{counted(version)}版" if version > 1 else ""
    marked = body.numbered and not draft
    return MinutesPaper(
        title=f"{meeting.title}会议纪要"
        if not meeting.title.endswith("会议")
        else f"{meeting.title}纪要",
        subtitle="（草稿）" if draft else f"（{again[1:]}）" if again else "",
        blocks=blocks,
        sign=[] if marked else [str(body), dated(meeting.on)],
        attendance=_attendance(meeting),
        mark=body.mark if marked else "",
        reference=reference,
        issuer=str(body) if marked else "",
        dated=dated(meeting.on) if marked else "",
        foot=[
            f"分送：{_sent_to(meeting)}。",
            [str(body), f"{dated(meeting.on)}印发"],
        ]
        if marked
        else [],
    )


def _opening(meeting):
    if meeting.opening:
        return _sentence(meeting.opening)
    half = "上午" if meeting.at.hour < 12 else "下午"
    chaired = f"，{meeting.chair_title}主持" if meeting.chair_title else ""
    came = meeting.attendances.filter(state=Attendance.State.PRESENT).count()
    return (
        f"{dated(meeting.on)}{half}，{meeting.body}在{meeting.place}召开"
        f"{meeting.get_kind_display()}{chaired}，{came}人出席。会议情况如下。"
    )


def _of_item(number, item):
    blocks = [["h2", f"（{counted(number)}）{item.title}"], *_said(item)]
    if item.votes_for is not None:
        blocks.append(["p", _voted(item)])
    if item.outcome:
        words = (
            f"会议议定（{item.get_outcome_display()}）：{_sentence(item.resolution)}"
        )
        blocks.append(["p", words])
    else:
        blocks.append(["p", "（还没有登记结果）"])
    return blocks


def _voted(item):
    return (
        f"表决：同意{item.votes_for}票，反对{item.votes_against}票，"
        f"弃权{item.votes_abstained}票。"
    )


def _said(item):
    lines = [["p", _sentence(line)] for line in item.discussion.splitlines() if line]
    return lines + [
        ["p", f"{opinion.who}：{_sentence(opinion.words)}"]
        for opinion in item.opinions.all()
        if opinion.voided_at is None
    ]


def _of_demands(number, asked):
    """What was gone through, by what came of it; each in a line."""
    blocks = [["h2", f"（{counted(number)}）{asked.title}"]]
    by_word = defaultdict(list)
    for item in asked.items:
        by_word[item.get_outcome_display(), item.resolution].append(item)
    for (outcome, resolution), items in by_word.items():
        words = f"（{outcome}）：{_sentence(resolution)}" if outcome else "还没有结果。"
        blocks.append(["p", f"下列 {len(items)} 件，会议议定{words}"])
        for place, item in enumerate(items, start=1):
            blocks += [["p", f"{place}．{_cut(item.title)}"], *_said(item)]
    return blocks


def _cut(text):
    return text if len(text) <= LINE else f"{text[:LINE]}…"


def _of_measures(measures):
    if not measures:
        return [["p", "本次会议没有新定措施。"]]
    return [
        [
            "p",
            f"{number}．{measure.content.rstrip('。')}。由{measure.lead}主办，"
            f"{_supported_by(measure)}{dated(measure.due_on)}前完成。",
        ]
        for number, measure in enumerate(measures, start=1)
    ]


def _supporting(measure):
    return [part for part in measure.parts_all if not part.lead]


def _supported_by(measure):
    who = dict.fromkeys(str(part.holder) for part in _supporting(measure))
    return f"{'、'.join(who)}协办，" if who else ""


def _of_holders(measures):
    """What each answers for: the measures it leads, its part of those it supports."""
    if not measures:
        return [["p", "本次会议没有新定责任。"]]
    leads, supports = defaultdict(list), defaultdict(list)
    for number, measure in enumerate(measures, start=1):
        leads[str(measure.lead)].append(str(number))
        for part in _supporting(measure):
            what = f"{part.content.rstrip('。')}，{dated(part.due_on)}前"
            supports[str(part.holder)].append(f"协办第{number}项（{what}）")
    blocks = []
    for holder in dict.fromkeys([*leads, *supports]):
        told = supports[holder]
        if leads[holder]:
            told = [f"主办第{'、'.join(leads[holder])}项", *told]
        blocks.append(["p", f"{holder}：{'；'.join(told)}。"])
    return blocks


def _attendance(meeting):
    """出席, 请假, 列席, each only when somebody is in it."""
    State = Attendance.State
    rows = list(meeting.attendances.all())
    lists = []
    for state in (State.PRESENT, State.LEAVE, State.OBSERVER):
        names = [
            f"{row.title}（{row.note}）" if row.note else row.title
            for row in rows
            if row.state == state
        ]
        if names:
            lists.append([state.label, f"{'、'.join(names)}。"])
    return lists


def _sent_to(meeting):
    seats = [row.unit or row.organization for row in meeting.attendances.all()]
    units = list(dict.fromkeys(str(one) for one in seats if one))
    return "、".join(units) if units else "各参会人员"


# --- confirmed, locked, issued -------------------------------------------------------


def may_confirm(meeting, user):
    """The chair himself; for a chair without an account, whoever keeps its minutes."""
    body = meeting.body
    if not body.with_chair:
        return False
    return chairs(body, user) or (
        body.chair_id is None and Meeting.objects.kept_by(user).filter(pk=meeting.pk)
    )


def chairs(body, user):
    """Does the user sit in the chair: by its post, or by the right of its level?"""
    if body.chair_id is not None:
        return body.chaired_by_post_of(user)
    right = Issue.DECIDES[body.level]
    return DeliberationBody.objects.chaired_by(user, right).filter(pk=body.pk).exists()


@transaction.atomic
def confirm(meeting, *, by, at, how=""):
    """The chair stands by the minutes: the file is made, kept and locked.

    `how` is needed where the clerk writes down that a chair without an account did so.
    """
    meeting = lock(meeting)
    body = DeliberationBody.objects.select_for_update(no_key=True).get(
        pk=meeting.body_id
    )
    if not body.with_chair:
        raise Refused(
            f"“{body}”还没有主持人，不能确认纪要。主持人{body.appointed_by}，"
            "任命后在议事主体里填上。"
        )
    himself = chairs(body, by)
    if not himself and not may_confirm(meeting, by):
        raise PermissionDenied
    if "confirm" not in meeting.open_steps:
        raise Refused(f"会议现在是“{meeting.get_state_display()}”，请刷新后看。")
    if not himself:
        how = said(how, "请写主持人怎么确认的，如“书面签字”。")
    before = meeting.minutes.first()  # the latest version
    number = before.number if before else _next_number(body, meeting)
    version = before.version + 1 if before else 1
    made = Minutes(
        meeting=meeting,
        body=body,
        version=version,
        year=meeting.on.year,
        number=number,
        why=meeting.amended_why if before else "",
        confirmed_by=by,
        confirmed_for="" if himself else body.chair_title,
        confirmed_how=how,
        confirmed_at=at,
    )
    paper = paper_of(meeting, reference=made.reference, draft=False, version=version)
    try:
        content = docx(paper)
    except FileProblem as problem:
        raise Refused(str(problem)) from problem
    made.sha256, made.size = hashlib.sha256(content).hexdigest(), len(content)
    made.name = keep_document(FOLDER, content)
    made.save()
    meeting.state = Meeting.State.CONFIRMED
    meeting.save(update_fields=["state"])
    record(
        "minutes.confirmed",
        made,
        by=by,
        at=at,
        on_behalf_of=made.confirmed_for,
        version=version,
        sha256=made.sha256,
    )
    return made


def _next_number(body, meeting):
    """Per body and year; the body is locked, so two get two."""
    if not body.numbered:
        return None
    rows = body.minutes.filter(year=meeting.on.year)
    return (rows.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
def amend(meeting, *, reason, by, at):
    """Open the record again to put something right; the confirmed file stays."""
    meeting = take(meeting, "amend", by=by)
    meeting.state = Meeting.State.HELD
    meeting.amended_why = said(reason, "请写更正什么、为什么。")
    meeting.save(update_fields=["state", "amended_why"])
    record("minutes.amended", meeting, by=by, at=at, reason=reason)
    return meeting


@transaction.atomic
def issue(minutes, *, on, title, by, at):
    """签发: who, by title, let the paper go out, and on which day."""
    meeting = take(minutes.meeting, "issue", by=by)
    minutes = Minutes.objects.select_for_update().get(pk=minutes.pk)
    if minutes.issued_on:
        raise Refused("这份纪要已经登记签发。")
    if minutes.pk != meeting.minutes.first().pk:
        raise Refused("这份纪要已有更正版，请签发最新的一版。")
    if not meeting.on <= on <= timezone.localdate(at):
        raise Refused("签发日期要在开会以后、今天以前。")
    minutes.issued_on, minutes.issued_title = on, said(title, "请写签发人的职务。")
    minutes.issued_by = by
    minutes.save(update_fields=["issued_on", "issued_title", "issued_by"])
    record("minutes.issued", minutes, by=by, at=at, on=on.isoformat())
    return minutes


def content_of(minutes):
    """The kept file; FileProblem when it is not what was confirmed."""
    content = kept_document(FOLDER, minutes.name)
    if hashlib.sha256(content).hexdigest() != minutes.sha256:
        raise FileProblem("这份文件和确认时的指纹不一致，请告诉系统管理员。")
    return content


def draft_of(meeting):
    """The minutes as they would be now, to read over."""
    return docx(paper_of(meeting))


# --- a month's compilation -----------------------------------------------------------


def compilation(body, first, last):
    """All that a body's meetings of a month said, one after the other."""
    meetings = (
        body.meetings.took_place().filter(on__range=(first, last)).order_by("on", "pk")
    )
    blocks = []
    for number, meeting in enumerate(meetings, start=1):
        paper = paper_of(meeting, draft=False)
        blocks.append(
            ["h1", f"{counted(number)}、{meeting.title}（{dated(meeting.on)}）"]
        )
        blocks += [
            ["h2" if style == "h1" else style, text.partition("、")[2]]
            if style == "h1"
            else [style, text]
            for style, text in paper.blocks
        ]
        blocks += [["p", f"{label}：{names}"] for label, names in paper.attendance]
    if not blocks:
        blocks = [["p", "本月没有开过会。"]]
    return MinutesPaper(
        title=f"{body}{first.year}年{first.month}月会议纪要汇编",
        subtitle="",
        blocks=blocks,
        sign=[],
        attendance=[],
    )


def compiled(body, first, last):
    return docx(compilation(body, first, last))
