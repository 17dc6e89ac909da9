"""Upward forms: the authority's own file, filled from figures, signed by a third."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse
from docx import Document
from openpyxl.styles import Font

from accounts.rights import Role
from dashboard.reports import actions, owed, sources
from dashboard.reports.periods import Refused, Rule, Span
from dashboard.reports.upward import Filing, FilingCell, FormRequest, UpwardForm
from tests.dashboard.world import a_random_world
from tests.factories import NOON, TODAY, PostFactory
from tianshan.audit.models import Entry
from tianshan.files import FileProblem, pouring
from tianshan.ledgers import LEDGERS
from tianshan.ledgers.actions import keep_view
from tianshan.notices import reminders

pytestmark = pytest.mark.django_db
SEPTEMBER = (dt.date(2026, 9, 1), dt.date(2026, 9, 30))
AUGUST = (dt.date(2026, 8, 1), dt.date(2026, 8, 31))


def workbook(cells=None, **more):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "月报"
    sheet["A1"] = "两新党建月报（{{统计期}}）"
    sheet["A1"].font = Font(name="黑体", size=18, bold=True)
    sheet["A2"], sheet["B2"] = "在册", "{{在册}}"
    sheet["A3"], sheet["B3"] = "有形覆盖率", "{{ 有形覆盖率 }}"
    sheet["A4"], sheet["B4"] = "党员志愿者", "{{党员志愿者}}"
    sheet["A5"], sheet["B5"] = "合计", "=B2*2"
    sheet["A6"] = "审核：{{审核人}}　签发：{{签发人}}"
    sheet["B2"].number_format = "#,##0"
    for place, value in (cells or {}).items():
        sheet[place] = value
    return saved(book)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def document(*lines):
    made = Document()
    for line in lines:
        made.add_paragraph(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(content, name, data=b"x", also=None):
    """The package with one more part, and other parts changed by `also(name, data)`."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for each in old.namelist():
            part = old.read(each)
            new.writestr(each, also(each, part) if also else part)
        if name:
            new.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def people(grid, clerk, chief, leader):
    return {
        "filler": clerk.posts.get(),
        "checker": chief.posts.get(),
        "signer": leader.posts.get(),
    }


@pytest.fixture
def keep(grid, clerk, people):
    def kept(content=None, form=None, **rules):
        return actions.keep_form(
            form,
            file_name="月报.xlsx",
            content=workbook() if content is None else content,
            by=clerk,
            at=NOON,
            **{
                "grid": grid,
                "name": "两新党建月报",
                "authority": "区委社会工作部",
                "span": Span.MONTH,
                "rule": Rule.CALENDAR,
                "since": dt.date(2026, 8, 1),
                "due_day": 5,
                "moved": UpwardForm.Moved.LATER,
                **people,
                **rules,
            },
        )

    return kept


@pytest.fixture
def begin(clerk, django_capture_on_commit_callbacks):
    def begun(form, days=SEPTEMBER, by=None):
        with django_capture_on_commit_callbacks(execute=True):
            filing = actions.start_filing(
                form, start=days[0], end=days[1], by=by or clerk, at=NOON
            )
        return Filing.objects.get(pk=filing.pk)

    return begun


def typed(filing, by, value="12"):
    cell = filing.cells.get(label="党员志愿者")
    actions.correct(cell, value=value, reason="", by=by, at=NOON)


@pytest.fixture
def signed(begin, clerk, chief, leader):
    def sign(form, days=SEPTEMBER, value="12"):
        filing = begin(form, days)
        typed(filing, clerk, value)
        actions.submit(filing, by=clerk, at=NOON)
        actions.check(filing, by=chief, at=NOON)
        return actions.sign(filing, by=leader, at=NOON)

    return sign


# --- the file ------------------------------------------------------------------------


def test_names_in_braces_are_found_and_guessed(keep):
    form = keep()
    told = {field["place"]: sources.said(field) for field in form.fields}
    assert told == {
        "统计期": "fact:period",
        "在册": "figure:in_scope",
        "有形覆盖率": "figure:formal_coverage",
        "党员志愿者": "typed:",
        "审核人": "fact:checker",
        "签发人": "fact:signer",
    }


EXTERNAL = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    b'relationships"><Relationship Id="r1" Type="http://x/attachedTemplate"'
    b' Target="http://elsewhere/x.dotm" TargetMode="External"/></Relationships>'
)


def macro_kind(name, data):
    if name == "[Content_Types].xml":
        return data.replace(b"</Types>", b"<!-- macroEnabled --></Types>")
    return data


BAD = {
    "text": (b"hello", "xlsx 工作簿或 .docx"),
    "empty zip": (b"PK\x03\x04rest", "xlsx 工作簿或 .docx"),
    "too big": (b"PK\x03\x04" + b"0" * (5 * 1024**2 + 1), "最多 5 MB"),
    "macro": (with_part(workbook(), "xl/vbaProject.bin"), "宏"),
    "links": (with_part(workbook(), "xl/externalLinks/externalLink1.xml"), "链接"),
    "other workbook": (workbook({"C9": "=[1]Sheet1!A1"}), "公式要读别的工作簿"),
    "named workbook": (workbook({"C9": "='[a.xlsx]S'!A1"}), "公式要读别的工作簿"),
    "web": (workbook({"C9": '=WEBSERVICE("http://x")'}), "公式要读别的工作簿"),
    "dde": (workbook({"C9": "=cmd|'/c calc'!A0"}), "公式要读别的工作簿"),
    "document macro": (with_part(document("x"), "word/vbaProject.bin"), "宏"),
    "document kind": (with_part(document("x"), "", also=macro_kind), "宏"),
    "embedded": (with_part(document("x"), "word/embeddings/oleObject1.bin"), "嵌"),
    "template": (
        with_part(document("x"), "word/_rels/settings.xml.rels", EXTERNAL),
        "链接",
    ),
    "entities": (
        with_part(
            document("x"), "word/x.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
        ),
        "已损坏",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_taken_is_refused_in_words(keep, name):
    content, words = BAD[name]
    with pytest.raises(FileProblem, match=words):
        keep(content)
    assert not UpwardForm.objects.exists()


def test_a_hyperlink_in_a_document_is_no_reason_to_refuse_it():
    rels = EXTERNAL.replace(b"attachedTemplate", b"hyperlink")
    content = with_part(document("{{在册}}"), "word/_rels/x.xml.rels", rels)
    assert pouring.examine(content).names == ["在册"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("月报!B5", "里是公式"),
        ("年报!B2", "没有叫“年报”的表"),
        ("B2", "不是单元格"),
        ("月报!A99999", "太远"),
        ("月报!E8", "合并的格子"),
    ],
)
def test_a_cell_that_cannot_be_filled_is_refused_in_words(keep, clerk, place, words):
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    book["月报"].merge_cells("D8:F8")
    book["月报"]["D8"] = "合并"
    form = keep(saved(book))
    new = {"place": place, "label": "x", "source": "typed", "key": ""}
    with pytest.raises(FileProblem, match=words):
        actions.map_form(form, fields=[*form.fields, new], by=clerk, at=NOON)


def test_a_newer_file_keeps_what_was_mapped(keep, clerk):
    form = keep()
    fields = [
        {**f, "source": "figure", "key": "covered"} if f["place"] == "在册" else f
        for f in form.fields
    ]
    cell = {"place": "月报!$c$7", "label": "商户", "source": "typed", "key": ""}
    form = actions.map_form(form, fields=[*fields, cell], by=clerk, at=NOON)
    assert form.fields[-1]["place"] == "月报!C7"
    form = keep(workbook({"D4": "{{有效覆盖}}", "B4": None}), form=form)
    told = {field["place"]: sources.said(field) for field in form.fields}
    assert told["在册"] == "figure:covered"
    assert told["有效覆盖"] == "figure:effective"
    assert told["月报!C7"] == "typed:"
    assert "党员志愿者" not in told


# --- filled and poured ---------------------------------------------------------------


def test_numbers_are_the_dashboards_and_go_into_the_authoritys_own_looks(
    keep, signed, clerk, client_of, grid
):
    world_of(grid)
    form = keep()
    cell = {"place": "月报!C2", "label": "走访商户", "source": "figure"}
    cell["key"] = "visits_merchant"
    actions.map_form(form, fields=[*form.fields, cell], by=clerk, at=NOON)
    filing = signed(form)

    told = figures_of(client_of(clerk), grid)
    book = openpyxl.load_workbook(io.BytesIO(actions.filed(filing)))
    sheet = book["月报"]
    assert sheet["A1"].value == "两新党建月报（2026年9月）"
    assert (sheet["A1"].font.name, sheet["A1"].font.sz) == ("黑体", 18)
    assert sheet["B2"].value == told["in_scope"] > 0
    assert sheet["B2"].number_format == "#,##0"
    assert sheet["B3"].value == told["formal_coverage"]
    assert sheet["B4"].value == 12
    assert sheet["B5"].value == "=B2*2"
    assert sheet["C2"].value == told["visits_merchant"]
    assert sheet["A6"].value == "审核：chief　签发：leader"


def world_of(grid):
    """Some businesses of the grid, one of them covered and visited."""
    from tests.factories import BusinessFactory, CoverageFactory, VisitFactory

    shops = BusinessFactory.create_batch(4, grid=grid, kind="merchant")
    CoverageFactory(business=shops[0])
    VisitFactory(business=shops[0], visited_on=dt.date(2026, 9, 9))
    return shops


def figures_of(client, grid, days=SEPTEMBER):
    query = {"grid": grid.code, "start": days[0], "end": days[1]}
    answer = client.get(reverse("dashboard:figures_json"), query).json()
    return {entry["key"]: entry["value"] for entry in answer["figures"]}


def test_a_document_is_filled_across_runs_and_in_tables(keep, begin, grid):
    world_of(grid)
    made = Document()
    line = made.add_paragraph("在册")
    line.add_run("{{在").bold = True
    line.add_run("册}}")
    line.add_run("家")
    table = made.add_table(1, 1)
    table.cell(0, 0).text = "{{统计期}}"
    made.sections[0].header.paragraphs[0].text = "{{填报单位}}"
    out = io.BytesIO()
    made.save(out)
    filing = begin(keep(out.getvalue()))
    filled = Document(io.BytesIO(actions.filed(filing)))
    assert filled.paragraphs[0].text == "在册4家"
    assert filled.paragraphs[0].runs[1].bold
    assert filled.tables[0].cell(0, 0).text == "2026年9月"
    assert filled.sections[0].header.paragraphs[0].text == grid.name


def test_what_somebody_typed_never_becomes_a_formula(keep, begin, clerk):
    filing = begin(keep())
    typed(filing, clerk, "=1+1")
    book = openpyxl.load_workbook(io.BytesIO(actions.filed(filing)))
    cell = book["月报"]["B4"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_no_data_is_not_nought(keep, begin, clerk):
    filing = begin(keep())
    typed(filing, clerk, "0")
    book = openpyxl.load_workbook(io.BytesIO(actions.filed(filing)))
    assert book["月报"]["B2"].value == 0
    assert book["月报"]["B3"].value == "—"


def test_a_kept_view_is_counted_in_the_grid_and_stays_as_it_was(
    keep, begin, clerk, grid, other_grid
):
    from tests.factories import BusinessFactory

    world_of(grid)
    BusinessFactory.create_batch(2, grid=other_grid, kind="merchant")
    form = keep()
    # Sees the other grid too, for which the form is not.
    PostFactory(role=Role.GRID_CLERK, grid=grid.parent, user=clerk)
    view = keep_view(
        LEDGERS["merchants"],
        name="在营商户",
        query="state=operating",
        columns=[],
        by=clerk,
        at=NOON,
    )
    source = sources.chosen(f"view:{view.pk}", clerk)
    fields = [
        {"place": f["place"], "label": f["label"], **source}
        if f["place"] == "党员志愿者"
        else f
        for f in form.fields
    ]
    actions.map_form(form, fields=fields, by=clerk, at=NOON)
    view.query = "state=closed"
    view.save()
    cell = begin(form).cells.get(place="党员志愿者")
    assert cell.counted == "4"
    assert cell.origin["href"].startswith("/merchants/?")


@pytest.fixture
def listing(grid, clerk, keep):
    """`listing(query, columns)`: a form with a list of a kept view, and below it a foot
    that adds up what is listed."""

    def listed(query="state=operating", columns=("name", "kind", "staff", "phone")):
        view = keep_view(
            LEDGERS["merchants"],
            name="在营商户",
            query=query,
            columns=list(columns),
            by=clerk,
            at=NOON,
        )
        cells = {"A8": "{{名单}}", "A9": "合计", "C9": "=SUM(C8:C8)"}
        form = keep(workbook(cells))
        source = sources.chosen(f"rows:{view.pk}", clerk)
        fields = [
            {"place": f["place"], "label": f["label"], **source}
            if f["place"] == "名单"
            else f
            for f in form.fields
        ]
        return actions.map_form(form, fields=fields, by=clerk, at=NOON)

    return listed


def shops(grid, *names, **facts):
    from tests.factories import BusinessFactory

    return [
        BusinessFactory(
            grid=grid,
            kind="merchant",
            name=name,
            staff_count=number,
            contact_phone="13912345678",
            **facts,
        )
        for number, name in enumerate(names, 3)
    ]


def test_rows_of_a_kept_view_are_listed_with_the_foot_below_them(
    listing, signed, begin, clerk, chief, leader, grid, other_grid, client_of
):
    shops(grid, "甲茶行", "=1+1", "丙茶行")
    shops(other_grid, "别处茶行")
    PostFactory(role=Role.GRID_CLERK, grid=grid.parent, user=clerk)
    filing = signed(listing())
    cell = filing.cells.get(place="名单")
    assert cell.counted == "3"
    assert {row[0] for row in cell.origin["rows"]} == {"=1+1", "丙茶行", "甲茶行"}
    assert cell.origin["heads"] == ["单位名称", "类别", "从业人员数", "联系电话"]

    sheet = openpyxl.load_workbook(io.BytesIO(actions.filed(filing)))["月报"]
    listed = [[c.value for c in row] for row in sheet["A8:D10"]]
    assert listed == cell.origin["rows"]
    assert {c.data_type for row in sheet["A8:A10"] for c in row} == {"s"}
    assert "13912345678" not in str(listed)
    assert (sheet["A11"].value, sheet["C11"].value) == ("合计", "=SUM(C8:C10)")

    page = client_of(clerk).get(filing.get_absolute_url()).text
    assert "逐行列出" in page
    assert "丙茶行" in page
    assert "别处茶行" not in page


def test_a_list_is_compared_row_by_row_with_the_last_issue(
    listing, signed, begin, grid, client_of, clerk
):
    shops(grid, "甲茶行", "乙茶行")
    form = listing()
    signed(form, AUGUST)
    one = grid.businesses.get(name="甲茶行")
    one.name = "新甲茶行"
    one.save()
    later = begin(form)
    page = client_of(clerk).get(later.get_absolute_url()).text
    row = page[page.index(">名单</td>") :]
    assert "变" in row[: row.index("</tr>")]


def test_a_list_is_not_changed_by_hand(listing, begin, grid, clerk, client_of):
    shops(grid, "甲茶行")
    filing = begin(listing())
    cell = filing.cells.get(place="名单")
    with pytest.raises(Refused, match="请改台账"):
        actions.correct(cell, value="2", reason="数错了", by=clerk, at=NOON)
    edit = reverse("dashboard:cell_edit", args=[cell.pk])
    assert edit not in client_of(clerk).get(filing.get_absolute_url()).text


def test_too_long_a_list_says_so_and_goes_nowhere(
    listing, begin, grid, clerk, monkeypatch, client_of
):
    monkeypatch.setattr(sources, "MOST_LISTED", 2)
    shops(grid, "甲茶行", "乙茶行", "丙茶行")
    filing = begin(listing())
    typed(filing, clerk)
    with pytest.raises(Refused, match="名单没有取成：名单"):
        actions.submit(filing, by=clerk, at=NOON)
    assert (
        "有 3 行，最多列 2 行" in client_of(clerk).get(filing.get_absolute_url()).text
    )


def test_an_empty_list_leaves_its_place_empty(listing, signed, grid):
    sheet = openpyxl.load_workbook(io.BytesIO(actions.filed(signed(listing()))))["月报"]
    assert sheet["A8"].value is None
    assert sheet["A9"].value == "合计"


def test_columns_that_need_a_right_of_their_own_are_left_out(
    listing, begin, grid, clerk
):
    shops(grid, "甲茶行")
    available = LEDGERS["merchants"].columns_for(clerk)
    restricted = [column.key for column in available if column.right]
    assert restricted
    filing = begin(listing(columns=["name", *restricted]))
    assert filing.cells.get(place="名单").origin["heads"] == ["单位名称"]


def test_only_workbooks_list_rows(keep, clerk, grid):
    form = keep(document("{{名单}}"), name="名单报告")
    field = {**form.fields[0], "source": "rows", "key": "1", "ledger": "merchants"}
    with pytest.raises(Refused, match="只能填进"):
        actions.map_form(form, fields=[field], by=clerk, at=NOON)
    assert all("逐行" not in str(one[0]) for one in sources.choices(clerk))


# --- the way: 填报, 审核, 签发 --------------------------------------------------------


def test_the_whole_way_leaves_its_lines(keep, signed):
    filing = signed(keep())
    assert filing.state == Filing.State.SIGNED
    verbs = [entry.verb for entry in Entry.objects.filter(verb__startswith="filing.")]
    assert sorted(verbs) == sorted(
        [
            "filing.started",
            "filing.counted",
            "filing.corrected",
            "filing.submitted",
            "filing.checked",
            "filing.signed",
        ]
    )


def at_state(filing, state, clerk, chief, leader):
    """Bring a filing that is being filled in to another state by its own steps."""
    State = Filing.State
    if state == State.FILLING:
        return filing
    if state == State.COUNTING:
        return actions.recount(filing, by=clerk, at=NOON)
    if state == State.FAILED:
        filing = actions.recount(filing, by=clerk, at=NOON)
        return actions.fail_count(filing, tries=filing.tries, reason="x", at=NOON)
    if state == State.VOIDED:
        return actions.void(filing, reason="重复", by=clerk, at=NOON)
    typed(filing, clerk)
    filing = actions.submit(filing, by=clerk, at=NOON)
    if state != State.CHECKING:
        filing = actions.check(filing, by=chief, at=NOON)
    if state == State.SIGNED:
        filing = actions.sign(filing, by=leader, at=NOON)
    return filing


STEPS = {
    "recount": ("clerk", {}),
    "submit": ("clerk", {}),
    "void": ("clerk", {"reason": "重复"}),
    "check": ("chief", {}),
    "sign": ("leader", {}),
}


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (step, state)
        for step in STEPS
        for state in Filing.State
        if state not in Filing.STEPS[step] or (step, state) == ("recount", "counting")
    ],
)
def test_each_step_is_refused_from_every_other_state(
    keep, begin, clerk, chief, leader, step, state
):
    filing = at_state(begin(keep()), state, clerk, chief, leader)
    by, more = STEPS[step]
    user = {"clerk": clerk, "chief": chief, "leader": leader}[by]
    with pytest.raises(Refused, match=filing.get_state_display()):
        getattr(actions, step)(filing, by=user, at=NOON, **more)


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("recount", "filling"),
        ("submit", "filling"),
        ("void", "filling"),
        ("check", "checking"),
        ("sign", "signing"),
    ],
)
def test_others_may_not(
    keep, begin, clerk, chief, leader, staff, stranger, step, state
):
    filing = at_state(begin(keep()), state, clerk, chief, leader)
    more = STEPS[step][1]
    for user in (staff, stranger):
        with pytest.raises(PermissionDenied):
            getattr(actions, step)(filing, by=user, at=NOON, **more)
    if step in ("check", "sign"):
        user = {"check": leader, "sign": clerk}[step]
        with pytest.raises(PermissionDenied):
            getattr(actions, step)(filing, by=user, at=NOON)


def test_each_step_is_by_another_person(keep, begin, grid, clerk, chief, leader):
    """A clerk may check too, and a chief sign: but not what they did before."""
    filing = at_state(begin(keep()), "checking", clerk, chief, leader)
    with pytest.raises(Refused, match="另一个人审核"):
        actions.check(filing, by=clerk, at=NOON)
    filing = actions.check(filing, by=chief, at=NOON)
    with pytest.raises(Refused, match="另一个人签发"):
        actions.sign(filing, by=chief, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Filing.objects.filter(pk=filing.pk).update(signed_by=chief)
    with pytest.raises(DatabaseError), transaction.atomic():
        Filing.objects.filter(pk=filing.pk).update(checked_by=clerk)


def test_three_posts_of_three_people(keep, people, clerk, stranger):
    with pytest.raises(Refused, match="三个不同的人"):
        keep(checker=people["filler"])
    with pytest.raises(Refused, match="不管"):
        keep(filler=stranger.posts.get())
    with pytest.raises(Refused, match="不管"):
        keep(signer=people["filler"])


@pytest.mark.parametrize(
    ("state", "by"), [("checking", "chief"), ("signing", "leader")]
)
def test_it_is_sent_back_with_a_reason_and_comes_again(
    keep, begin, clerk, chief, leader, state, by
):
    filing = at_state(begin(keep()), state, clerk, chief, leader)
    user = {"chief": chief, "leader": leader}[by]
    with pytest.raises(Refused, match="退回的原因"):
        actions.send_back(filing, reason="  ", by=user, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.send_back(
            filing, reason="x", by=leader if by == "chief" else clerk, at=NOON
        )
    filing = actions.send_back(filing, reason="志愿者数不对", by=user, at=NOON)
    assert (filing.state, filing.back) == (Filing.State.FILLING, "志愿者数不对")
    assert filing.submitted_by is None
    assert filing.checked_by is None
    filing = actions.submit(filing, by=clerk, at=NOON)
    assert filing.back == ""


def test_what_only_people_know_must_be_filled_in(keep, begin, clerk):
    filing = begin(keep())
    with pytest.raises(Refused, match="没有填：党员志愿者"):
        actions.submit(filing, by=clerk, at=NOON)


def test_a_number_is_changed_with_a_reason_and_both_are_kept(keep, begin, clerk, grid):
    world_of(grid)
    filing = begin(keep())
    cell = filing.cells.get(place="在册")
    with pytest.raises(Refused, match="写原因"):
        actions.correct(cell, value="5", reason=" ", by=clerk, at=NOON)
    with pytest.raises(Refused, match="一样"):
        actions.correct(cell, value="4", reason="x", by=clerk, at=NOON)
    cell = actions.correct(cell, value="5", reason="漏了一家", by=clerk, at=NOON)
    assert (cell.counted, cell.said, cell.shown) == ("4", "5", "5")
    assert (cell.reason, cell.said_by) == ("漏了一家", clerk)
    with pytest.raises(DatabaseError), transaction.atomic():
        FilingCell.objects.filter(pk=cell.pk).update(reason="")
    cell = actions.correct(cell, value="", reason="", by=clerk, at=NOON)
    assert (cell.shown, cell.reason) == ("4", "")


def test_counting_again_keeps_what_people_put_there(
    keep, begin, clerk, grid, django_capture_on_commit_callbacks
):
    filing = begin(keep())
    typed(filing, clerk)
    cell = filing.cells.get(place="在册")
    actions.correct(cell, value="5", reason="漏了", by=clerk, at=NOON)
    world_of(grid)
    with django_capture_on_commit_callbacks(execute=True):
        actions.recount(filing, by=clerk, at=NOON)
    cell.refresh_from_db()
    assert (cell.counted, cell.said, cell.reason) == ("4", "5", "漏了")
    assert filing.cells.get(place="党员志愿者").said == "12"


def test_a_signed_issue_never_changes(keep, signed, clerk, grid):
    filing = signed(keep())
    before = actions.filed(filing)
    world_of(grid)
    keep(workbook({"A1": "换了"}), form=filing.form)
    assert actions.filed(filing) == before
    with pytest.raises(DatabaseError), transaction.atomic():
        Filing.objects.filter(pk=filing.pk).update(back="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        filing.cells.update(counted="9")
    with pytest.raises(DatabaseError), transaction.atomic():
        filing.cells.all().delete()
    with pytest.raises(Refused):
        actions.correct(filing.cells.first(), value="9", reason="x", by=clerk, at=NOON)


def test_numbers_stand_still_while_they_are_checked(keep, begin, clerk, chief, leader):
    filing = at_state(begin(keep()), "checking", clerk, chief, leader)
    with pytest.raises(DatabaseError), transaction.atomic():
        filing.cells.update(counted="9")


def test_cells_that_differ_from_the_last_issue_are_marked(
    keep, signed, begin, clerk, client_of, grid
):
    form = keep()
    first = signed(form, AUGUST, "12")
    world_of(grid)
    filing = begin(form)
    typed(filing, clerk, "12")
    assert filing.last() == first
    page = client_of(clerk).get(filing.get_absolute_url()).content.decode()

    def line(place):
        pk = filing.cells.get(place=place).pk
        return page[page.index(f'data-id="{pk}"') :].partition("</tr>")[0]

    assert "arrows-exchange" in line("在册")
    assert "arrows-exchange" not in line("党员志愿者")
    assert ">0</td>" in line("在册").replace("\n", "")
    assert "2026年8月" in page


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((dt.date(2026, 10, 1), dt.date(2026, 10, 31)), "才结束"),
        ((dt.date(2026, 11, 1), dt.date(2026, 11, 30)), "还没有到"),
        ((dt.date(1900, 1, 1), dt.date(1900, 1, 31)), "没有数据"),
    ],
)
def test_a_period_that_cannot_be_reported_is_refused(keep, clerk, days, words):
    with pytest.raises(Refused, match=words):
        actions.start_filing(keep(), start=days[0], end=days[1], by=clerk, at=NOON)


def test_a_period_is_begun_once_unless_it_was_voided(keep, begin, clerk):
    form = keep()
    filing = begin(form)
    with pytest.raises(Refused, match="已经开始"):
        begin(form)
    actions.void(filing, reason="重来", by=clerk, at=NOON)
    assert begin(form).pk != filing.pk


def test_counting_that_fails_says_so_and_can_be_done_again(
    keep, begin, clerk, monkeypatch, client_of, django_capture_on_commit_callbacks
):
    def broken(filing, **more):
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setattr(sources, "count", broken)
        filing = begin(keep())
    assert filing.state == Filing.State.FAILED
    client = client_of(clerk)
    assert "没有取成" in client.get(filing.get_absolute_url()).content.decode()
    assert (
        client.get(reverse("dashboard:filing_file", args=[filing.pk])).status_code
        == 404
    )
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("dashboard:filing_step", args=[filing.pk, "recount"]))
    filing.refresh_from_db()
    assert filing.state == Filing.State.FILLING


# --- due, owed, reminded -------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "due_day", "moved", "due"),
    [
        ("2026-08-31", 3, "later", "2026-09-03"),
        ("2026-08-31", 5, "later", "2026-09-07"),  # a Saturday
        ("2026-08-31", 5, "earlier", "2026-09-04"),
        ("2026-09-25", 28, "later", "2026-09-28"),  # 26th to 25th: the same month
        ("2026-05-31", 31, "later", "2026-06-30"),  # June has 30
        ("2026-09-30", 5, "later", "2026-10-08"),  # National Day
    ],
)
def test_the_due_day_is_moved_to_a_working_day(end, due_day, moved, due):
    from tianshan.workdays import changed
    from tianshan.workdays.models import DayRule

    for day in range(1, 8):
        DayRule.objects.update_or_create(
            date=dt.date(2026, 10, day), defaults={"kind": "holiday", "name": "国庆"}
        )
    changed()
    form = UpwardForm(due_day=due_day, moved=moved)
    assert form.due_on(dt.date.fromisoformat(end)).isoformat() == due


def test_the_next_step_waits_for_the_person_named(
    keep, begin, clerk, chief, leader, staff
):
    form = keep()

    def todo(user):
        user.__dict__.pop("posts_in_force", None)
        return [one.words for one in owed.to_do(user, TODAY)]

    assert todo(clerk) == ["填报：两新党建月报（2026年9月）"]
    assert todo(chief) == todo(leader) == todo(staff) == []
    filing = begin(form)
    assert todo(clerk) == ["填报：两新党建月报（2026年9月）"]
    typed(filing, clerk)
    actions.submit(filing, by=clerk, at=NOON)
    assert (todo(clerk), todo(chief)) == ([], ["审核：两新党建月报（2026年9月）"])
    actions.check(filing, by=chief, at=NOON)
    assert (todo(chief), todo(leader)) == ([], ["签发：两新党建月报（2026年9月）"])
    actions.sign(filing, by=leader, at=NOON)
    assert todo(clerk) == todo(chief) == todo(leader) == []


def test_no_period_before_the_form_and_none_after_it_ended(keep, clerk):
    form = keep(since=dt.date(2026, 10, 1))
    assert owed.to_do(clerk, TODAY) == []
    form = keep(form=form, since=dt.date(2026, 8, 1))
    assert len(owed.to_do(clerk, TODAY)) == 1
    actions.end_form(form, on=TODAY, by=clerk, at=NOON)
    assert owed.to_do(clerk, TODAY) == []
    with pytest.raises(Refused, match="已经停报"):
        actions.end_form(form, on=TODAY, by=clerk, at=NOON)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-09-01", None),
        ("2026-09-02", None),  # three working days before Monday the 7th
        ("2026-09-03", "09-07 到期"),
        ("2026-09-07", "今天到期"),
        ("2026-09-08", "已超过期限 09-07"),
    ],
)
def test_whoever_owes_is_reminded_before_it_is_due(keep, clerk, day, words):
    keep()
    told = list(owed.remind(dt.date.fromisoformat(day)))
    assert [one.words for one in told] == (
        [f"填报：两新党建月报（2026年8月），{words}"] if words else []
    )
    assert all(one.users == (clerk,) for one in told)


def test_the_reminder_is_among_those_of_the_portal():
    assert owed.remind in reminders.READERS


# --- the pages -----------------------------------------------------------------------


def test_a_form_is_added_mapped_and_filled_on_the_pages(
    grid, clerk, people, client_of, django_capture_on_commit_callbacks
):
    client = client_of(clerk)
    data = {
        "grid": grid.pk,
        "name": "两新党建月报",
        "authority": "区委社会工作部",
        "span": "month",
        "rule": "from_26",
        "since": "2026-08-01",
        "due_day": 28,
        "moved": "later",
        **{name: post.pk for name, post in people.items()},
    }
    url = reverse("dashboard:form_new")
    assert client.get(url).status_code == 200
    bad = SimpleUploadedFile("x.xlsm", BAD["macro"][0])
    response = client.post(url, {**data, "file": bad})
    assert response.status_code == 400
    assert "宏" in response.content.decode()
    good = SimpleUploadedFile("x.xlsx", workbook())
    response = client.post(url, {**data, "file": good})
    form = UpwardForm.objects.get()
    assert response.headers["Location"] == form.get_absolute_url()

    page = client.get(form.get_absolute_url()).content.decode()
    choices = {f"source_{n}": sources.said(f) for n, f in enumerate(form.fields)}
    response = client.post(
        form.get_absolute_url(),
        {**choices, "place": "月报!B5", "label": "x", "source": "typed:"},
    )
    assert response.status_code == 400
    assert "里是公式" in response.content.decode()
    response = client.post(
        form.get_absolute_url(),
        {**choices, "place": "月报!C2", "label": "走访", "source": "figure:calls"},
    )
    assert response.status_code == 302
    form.refresh_from_db()
    assert form.fields[-1]["place"] == "月报!C2"

    assert "2026年9月" in page
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("dashboard:filing_new", args=[form.pk]), {"period": "2026-08-26"}
        )
    filing = Filing.objects.get()
    assert (filing.end, filing.due_on) == (dt.date(2026, 9, 25), dt.date(2026, 9, 28))
    assert client.get(response.headers["Location"]).status_code == 200
    response = client.get(reverse("dashboard:filing_file", args=[filing.pk]))
    assert openpyxl.load_workbook(io.BytesIO(response.content))["月报"]["C2"].value == 0
    response = client.get(reverse("dashboard:form_edit", args=[form.pk]))
    assert response.status_code == 200


def test_outside_is_not_found_and_readers_cannot_write(
    keep, begin, staff, stranger, client_of
):
    form = keep()
    filing = begin(form)
    cell = filing.cells.first()
    addresses = [form.get_absolute_url(), filing.get_absolute_url()]
    addresses.append(reverse("dashboard:filing_file", args=[filing.pk]))
    addresses.append(reverse("dashboard:form_file", args=[form.pk]))
    for url in addresses:
        assert client_of(stranger).get(url).status_code == 404
        assert client_of(staff).get(url).status_code == 200
    reader = client_of(staff)
    for url in (
        reverse("dashboard:cell_edit", args=[cell.pk]),
        reverse("dashboard:filing_step", args=[filing.pk, "submit"]),
        reverse("dashboard:form_new"),
        form.get_absolute_url(),
    ):
        assert reader.post(url).status_code == 403
    assert "重新取数" not in reader.get(filing.get_absolute_url()).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    keep, clerk, client_of, django_assert_num_queries, count
):
    for number in range(count):
        keep(name=f"月报 {number}")
    client = client_of(clerk)
    client.get(reverse("dashboard:form_list"))
    with django_assert_num_queries(8):
        client.get(reverse("dashboard:form_list"))


# --- who asked for what --------------------------------------------------------------


@pytest.fixture
def ask(grid, clerk):
    def asked(**facts):
        return actions.register_request(
            by=clerk,
            at=NOON,
            **{
                "grid": grid,
                "asked_by": "区商务委",
                "name": "商户情况表",
                "asked_on": dt.date(2026, 10, 9),
                "basis": "电话",
                "often": "once",
                "fields": ["在 册", "从业人数"],
                "form": None,
                **facts,
            },
        )

    return asked


def test_what_was_reported_already_is_said(keep, signed, ask, clerk, client_of):
    filing = signed(keep())
    other = ask(asked_by="区市场监管局", fields=["在册"])
    asked = ask()
    page = client_of(clerk).get(asked.get_absolute_url()).content.decode()
    told = re.sub(r"<[^>]+>", "", page)
    assert f"在 册，已在{filing}报过" in told
    assert "从业人数，已在" not in told
    assert "别的单位也要过同样的数" in told
    assert str(other) in told


def test_a_request_is_answered_by_a_signed_issue_alone(
    keep, begin, signed, ask, clerk, staff, client_of
):
    form = keep()
    draft, asked = begin(form), ask()
    with pytest.raises(Refused, match="已签发"):
        actions.answer_request(asked, answer=draft, by=clerk, at=NOON)
    filing = signed(form, AUGUST)
    with pytest.raises(PermissionDenied):
        actions.answer_request(asked, answer=filing, by=staff, at=NOON)
    client = client_of(clerk)
    assert (
        client.post(asked.get_absolute_url(), {"answer": draft.pk}).status_code == 400
    )
    client.post(asked.get_absolute_url(), {"answer": filing.pk})
    asked.refresh_from_db()
    assert (asked.answer, asked.form, asked.answered_on) == (filing, form, TODAY)


def test_the_register_is_a_ledger_with_filters_and_an_export(
    ask, clerk, stranger, client_of
):
    ask()
    ask(asked_by="区统计局", name="企业情况表", often="year", fields=["税收"])
    client, url = client_of(clerk), reverse("dashboard:request_list")
    assert 'data-total="2"' in client.get(url).content.decode()
    assert 'data-total="1"' in client.get(url, {"often": "year"}).content.decode()
    assert 'data-total="1"' in client.get(url, {"q": "税收"}).content.decode()
    assert 'data-total="2"' in client.get(url, {"answered": "no"}).content.decode()
    assert 'data-total="0"' in client.get(url, {"answered": "yes"}).content.decode()
    response = client.get(url, {"format": "xlsx", "often": "year"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    text = [cell for row in book.active.iter_rows(values_only=True) for cell in row]
    assert "企业情况表" in text
    assert "商户情况表" not in text
    assert 'data-total="0"' in client_of(stranger).get(url).content.decode()


def test_a_request_is_registered_on_the_page(grid, clerk, client_of):
    client, url = client_of(clerk), reverse("dashboard:request_new")
    assert client.get(url).status_code == 200
    data = {
        "grid": grid.pk,
        "asked_by": "区统计局",
        "name": "企业情况表",
        "asked_on": "2026-10-14",
        "basis": "长统〔2026〕8号",
        "often": "quarter",
        "fields_text": "企业数\n从业人数、企业数\n\n",
    }
    assert client.post(url, {**data, "fields_text": " "}).status_code == 400
    response = client.post(url, {**data, "asked_on": "2026-10-16"})
    assert "还没有到" in response.content.decode()
    assert client.post(url, data).status_code == 302
    assert FormRequest.objects.get().fields == ["企业数", "从业人数"]


def test_roles_of_the_three_steps():
    from accounts.rights import RIGHTS, Right

    assert Right.FILL_FORMS in RIGHTS[Role.GRID_CLERK]
    assert Right.CHECK_FORMS in RIGHTS[Role.GRID_CHIEF]
    assert Right.SIGN_FORMS in RIGHTS[Role.STREET_LEADER]
    assert Right.SIGN_FORMS not in RIGHTS[Role.GRID_CLERK]
    assert Right.FILL_FORMS not in RIGHTS[Role.STREET_LEADER]


def test_figures_of_a_form_equal_those_of_a_random_world(begin, keep, client_of):
    """Each figure of the registry, through a form, is the dashboard's."""
    world = a_random_world(8, 12)
    grid = world.grids[1]
    clerk = world.user(Role.GRID_CLERK, grid)
    names = list(sources.figures())
    content = document(*(f"{{{{{name}}}}}" for name in names))
    form = actions.keep_form(
        None,
        file_name="x.docx",
        content=content,
        by=clerk,
        at=NOON,
        grid=grid,
        name="全部指标",
        authority="区委社会工作部",
        span=Span.MONTH,
        rule=Rule.CALENDAR,
        since=dt.date(2026, 8, 1),
        due_day=5,
        moved="later",
        filler=clerk.posts.get(),
        checker=world.user(Role.GRID_CHIEF, grid).posts.get(),
        signer=world.user(Role.STREET_LEADER).posts.get(),
    )
    filing = begin(form, by=clerk)
    told = figures_of(client_of(clerk), grid)
    filled = Document(io.BytesIO(actions.filed(filing)))
    assert [line.text for line in filled.paragraphs if line.text] == [
        "—" if told[name] is None else str(told[name]) for name in names
    ]
