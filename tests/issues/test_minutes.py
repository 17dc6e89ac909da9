"""The minutes as a file: read back, its layout is that of GB/T 9704-2012."""

import datetime as dt
import hashlib
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from accounts.rights import Role
from issues import fixing, meetings, minutes
from issues.models import AgendaItem, Attendance, DeliberationBody, Meeting, Minutes
from issues.taking import Refused
from tests.factories import NOON, TODAY, MeasureFactory, PostFactory
from tianshan.files import FileProblem

pytestmark = pytest.mark.django_db
A_MILLIMETRE_TENTH = Mm(0.1)


def read(content):
    return Document(BytesIO(content))


def texts(document):
    return [line.text for line in document.paragraphs if line.text]


def font_of(run):
    return run._element.rPr.rFonts.get(qn("w:eastAsia"))


@pytest.fixture
def numbered(sitting):
    sitting.numbered, sitting.mark = True, "天山茶市党支部会议纪要"
    sitting.save()
    return sitting


@pytest.fixture
def file(settled, secretary):
    made = minutes.confirm(settled, by=secretary, at=NOON)
    return read(minutes.content_of(made))


def test_the_page_is_that_of_the_standard(file):
    section = file.sections[0]
    sides = {
        "page_width": 210,
        "page_height": 297,
        "top_margin": 37,
        "bottom_margin": 35,
        "left_margin": 28,
        "right_margin": 26,
    }
    for side, millimetres in sides.items():
        assert abs(getattr(section, side) - Mm(millimetres)) < A_MILLIMETRE_TENTH
    type_area = section.page_width - section.left_margin - section.right_margin
    assert round(type_area / Mm(1)) == 156
    height = section.page_height - section.top_margin - section.bottom_margin
    assert round(height / Mm(1)) == 225


def test_twenty_two_lines_of_twenty_eight_characters(file):
    grid = file.sections[0]._sectPr.find(qn("w:docGrid"))
    assert grid.get(qn("w:type")) == "linesAndChars"
    line = int(grid.get(qn("w:linePitch"))) / 20
    character = 16 + int(grid.get(qn("w:charSpace"))) / 4096
    assert int(225 / 25.4 * 72 / line) == 22
    assert round(156 / 25.4 * 72 / character, 1) == 28.0
    fixed = file.styles["Normal"].paragraph_format.line_spacing
    assert fixed == Pt(28.95)
    assert 22 * fixed <= Mm(225)


def test_fonts_by_name_with_others_to_stand_in(file):
    by_text = {line.text: line for line in file.paragraphs}
    assert font_of(by_text["10月15日例会会议纪要"].runs[0]) == "方正小标宋简体"
    assert by_text["10月15日例会会议纪要"].runs[0].font.size == Pt(22)
    assert font_of(by_text["一、难题联议"].runs[0]) == "黑体"
    assert font_of(by_text["（一）茶城减负与清运"].runs[0]) == "楷体_GB2312"
    body = by_text["市容部门说线路可以重排。"]
    assert font_of(body.runs[0]) == "仿宋_GB2312"
    assert body.runs[0].font.size == Pt(16)
    assert body.paragraph_format.first_line_indent == Pt(32)
    fonts = next(
        rel.target_part.blob.decode()
        for rel in file.part.rels.values()
        if rel.reltype.endswith("/fontTable")
    )
    for name in ("方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体"):
        assert name in fonts
    assert "Noto Serif CJK SC" in fonts


def test_the_parts_stand_in_their_order(file):
    said = texts(file)
    order = [
        "10月15日例会会议纪要",
        "2026年10月15日下午，天山茶市临时党支部会议在茶市党群服务站召开例会，书记主持，"
        "1人出席。会议情况如下。",
        "一、难题联议",
        "（一）茶城减负与清运",
        "市容部门说线路可以重排。",
        "会议议定（定了措施）：线路可以重排，错开开市。",
        "二、措施联定",
        "1．每天 8 点以前清运。由市容部门主办，2026年10月29日前完成。",
        "三、责任联担",
        "市容部门：主办第1项。",
        "天山茶市临时党支部会议",
        "2026年10月15日",
        "出席：市容部门负责人。",
        "请假：支部委员（书面意见）。",
    ]
    assert said == order


def test_who_supports_a_measure_stands_in_it_and_below_it(settled, branch, secretary):
    measure = settled.items.get().decided.get().measure
    minutes_before = texts(read(minutes.draft_of(settled)))
    fixing.add_part(
        measure,
        holder=branch,
        content="挨家告知新时间",
        due_on=TODAY + dt.timedelta(7),
        by=secretary,
        at=NOON,
    )

    said = texts(read(minutes.draft_of(settled)))

    assert [line for line in said if line not in minutes_before] == [
        "1．每天 8 点以前清运。由市容部门主办，天山茶市党支部协办，"
        "2026年10月29日前完成。",
        "天山茶市党支部：协办第1项（挨家告知新时间，2026年10月22日前）。",
    ]


def test_attendance_hangs_below_its_label(file):
    line = next(one for one in file.paragraphs if one.text.startswith("出席"))
    assert [font_of(run) for run in line.runs] == ["黑体", "仿宋_GB2312"]
    left, first = (
        line.paragraph_format.left_indent,
        line.paragraph_format.first_line_indent,
    )
    character = 156 / 25.4 * 72 / 28
    assert round((left + first) / Pt(1) / character, 1) == 2  # begins two in
    assert round(left / Pt(1) / character, 1) == 5  # goes on below the first name


def test_pages_are_numbered_right_and_left(file):
    section = file.sections[0]
    assert file.settings.odd_and_even_pages_header_footer
    for footer, side in (
        (section.footer, "right"),
        (section.even_page_footer, "left"),
    ):
        line = footer.paragraphs[0]
        code = line._p.find(".//" + qn("w:instrText"))
        assert code.text == "PAGE"
        assert line.text.startswith("— ")
        assert line.text.endswith(" —")
        assert getattr(line.paragraph_format, f"{side}_indent") == Pt(14)
        assert line.runs[0].font.size == Pt(14)
        assert font_of(line.runs[0]) == "宋体"


def test_a_body_that_may_gets_mark_number_and_foot(settled, numbered, secretary):
    made = minutes.confirm(settled, by=secretary, at=NOON)
    file = read(minutes.content_of(made))
    said = texts(file)

    assert made.reference == "〔2026〕第1期"
    assert said[:3] == [
        "天山茶市党支部会议纪要",
        "〔2026〕第1期",
        "天山茶市临时党支部会议\t2026年10月15日",
    ]
    mark = next(one for one in file.paragraphs if one.text == said[0])
    assert str(mark.runs[0].font.color.rgb) == "FF0000"
    above = file.paragraphs[0]
    assert abs(above.paragraph_format.line_spacing - Mm(35)) < A_MILLIMETRE_TENTH
    ruled = next(one for one in file.paragraphs if one.text == said[2])
    rule = ruled._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    assert rule.get(qn("w:color")) == "FF0000"
    foot = [row.cells[0].text for row in file.tables[0].rows]
    assert foot == [
        "分送：市容部门、天山茶市党支部。",
        "天山茶市临时党支部会议\t2026年10月15日印发",
    ]


def test_numbers_run_per_body_and_year(settled, numbered, secretary, arrange):
    minutes.confirm(settled, by=secretary, at=NOON)
    others = []
    for year in (2026, 2027):
        meeting = arrange(on=dt.date(year, 11, 3))
        Meeting.objects.filter(pk=meeting.pk).update(
            state="held", notified_at=NOON, held_at=NOON
        )
        others.append(minutes.confirm(meeting, by=secretary, at=NOON).reference)

    assert others == ["〔2026〕第2期", "〔2027〕第1期"]


def test_sixty_items_and_rare_characters(settled, unit, secretary):
    Meeting.objects.filter(pk=settled.pk).update(place="𬭛钢楼䶮厅")
    issue = settled.items.get().issue
    matter = issue.matters.get()
    for number in range(59):
        item = AgendaItem.objects.create(
            meeting=settled,
            position=number + 2,
            title=f"𬭛议程{number}",
            reason="待议",
            discussion="䶮先生的店门口。\n" * 3,
            outcome="heard",
            resolution="继续办。",
            concluded_at=NOON,
        )
        measure = MeasureFactory(
            issue=issue, matter=matter, lead_unit=unit, content=f"措施{number}"
        )
        item.decided.create(measure=measure)
    made = minutes.confirm(settled, by=secretary, at=NOON)
    said = texts(read(minutes.content_of(made)))

    assert "（六十）𬭛议程58" in said
    assert "在𬭛钢楼䶮厅召开" in said[1]
    begin = said.index("二、措施联定") + 1
    lines = said[begin : said.index("三、责任联担")]
    rows = settled.items.order_by("position", "decided__pk").values_list(
        "decided__measure__content", flat=True
    )
    assert [line.split("．")[1].split("。由")[0] for line in lines] == list(rows)
    assert len(lines) == 60


def test_a_draft_says_so_and_has_no_head(settled, numbered):
    said = texts(read(minutes.draft_of(settled)))

    assert said[:2] == ["10月15日例会会议纪要", "（草稿）"]


# --- confirmed, locked, issued -------------------------------------------------------


def test_confirming_keeps_the_file_with_its_hash(settled, secretary):
    made = minutes.confirm(settled, by=secretary, at=NOON)

    content = minutes.content_of(made)
    assert hashlib.sha256(content).hexdigest() == made.sha256
    with pytest.raises(DatabaseError), transaction.atomic():
        Minutes.objects.update(sha256="0" * 64)
    with pytest.raises(DatabaseError), transaction.atomic():
        Minutes.objects.all().delete()


def test_a_file_that_was_changed_is_not_handed_out(settled, secretary, settings):
    made = minutes.confirm(settled, by=secretary, at=NOON)
    path = next((settings.MEDIA_ROOT / "minutes").rglob("*.docx"))
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(FileProblem, match="指纹"):
        minutes.content_of(made)


@pytest.mark.parametrize("who", ["staff", "leader", "officer", "sibling", "stranger"])
def test_the_chair_alone_confirms(request, settled, who):
    with pytest.raises(PermissionDenied):
        minutes.confirm(settled, by=request.getfixturevalue(who), at=NOON)


def test_without_a_chair_nobody_confirms_and_it_says_who_appoints(settled, secretary):
    DeliberationBody.objects.update(chair_title="")

    with pytest.raises(Refused, match="由上级党组织任命书记"):
        minutes.confirm(settled, by=secretary, at=NOON)


def test_a_chair_with_a_post_confirms_himself(settled, grid, secretary, clerk):
    post = PostFactory(role=Role.GRID_CHIEF, grid=grid)
    DeliberationBody.objects.update(chair=post)

    for other in (secretary, clerk):
        with pytest.raises(PermissionDenied):
            minutes.confirm(settled, by=other, at=NOON)
    assert minutes.confirm(settled, by=post.user, at=NOON).confirmed_for == ""


def test_the_clerk_writes_down_how_a_chair_without_account_confirmed(settled, clerk):
    with pytest.raises(Refused, match="怎么确认"):
        minutes.confirm(settled, by=clerk, at=NOON)

    made = minutes.confirm(settled, how="10月16日书面签字", by=clerk, at=NOON)

    assert (made.confirmed_for, made.confirmed_by) == ("书记", clerk)


def test_confirmed_once(settled, secretary):
    minutes.confirm(settled, by=secretary, at=NOON)

    with pytest.raises(Refused, match="纪要已确认"):
        minutes.confirm(settled, by=secretary, at=NOON)


def test_a_new_version_is_a_new_document(settled, numbered, secretary):
    first = minutes.confirm(settled, by=secretary, at=NOON)
    minutes.amend(settled, reason="地点写错", by=secretary, at=NOON)
    item = AgendaItem.objects.get()
    meetings.note(item, discussion="改过", version=item.version, by=secretary, at=NOON)
    second = minutes.confirm(settled, by=secretary, at=NOON)

    assert (second.version, second.number, second.why) == (2, 1, "地点写错")
    assert "（第二版）" in texts(read(minutes.content_of(second)))
    assert "改过。" not in texts(read(minutes.content_of(first)))


def test_issuing_is_recorded_once_on_the_latest(settled, secretary):
    made = minutes.confirm(settled, by=secretary, at=NOON)
    facts = {"title": "支部书记", "by": secretary, "at": NOON}

    with pytest.raises(Refused, match="签发日期"):
        minutes.issue(made, on=TODAY + dt.timedelta(1), **facts)
    minutes.issue(made, on=TODAY, **facts)

    made.refresh_from_db()
    assert (made.issued_on, made.issued_title) == (TODAY, "支部书记")
    with pytest.raises(Refused, match="已经登记签发"):
        minutes.issue(made, on=TODAY, **facts)


def test_a_month_in_one_document(settled, arrange, secretary):
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
    said = texts(read(minutes.compiled(settled.body, first, last)))

    assert said[0] == "天山茶市临时党支部会议2026年10月会议纪要汇编"
    assert said[1] == "一、10月15日例会（2026年10月15日）"
    assert "1．每天 8 点以前清运。由市容部门主办，2026年10月29日前完成。" in said
    assert Attendance.State.PRESENT.label in said[-2]
    empty = minutes.compiled(settled.body, dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    assert texts(read(empty))[1:] == ["本月没有开过会。"]
