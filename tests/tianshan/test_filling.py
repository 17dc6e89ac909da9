"""Templates of others, filled: what they look like stays, what we write is plain."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from tianshan.files import FileProblem
from tianshan.files.filling import MOST_ROWS, Filling, check_template, fill


def template(*, footer=True, room=3):
    """A title, two heading rows, room for so many rows, a total and a remark."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "企业"
    sheet["A1"] = "统计表"
    sheet.merge_cells("A1:D1")
    for column, label in enumerate(("序号", "名称", "人数", "人均"), 1):
        sheet.cell(2, column, label).font = Font(bold=True, name="仿宋")
    sheet["B3"].font = Font(name="楷体")
    sheet["D3"] = "=C3/2"
    if footer:
        sheet.cell(3 + room, 1, "合计")
        sheet.cell(3 + room, 3, f"=SUM(C3:C{2 + room})")
        sheet.cell(4 + room, 1, "注：人数含实习")
        sheet.merge_cells(
            start_row=4 + room, end_row=4 + room, end_column=4, start_column=1
        )
    sheet.column_dimensions["B"].width = 33
    rule = DataValidation(type="list", formula1='"是,否"')
    rule.add(f"B3:B{2 + room}")
    sheet.add_data_validation(rule)
    book.create_sheet("填表说明")["A1"] = "不要改这一页"
    return saved(book)


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def filled(content, rows, **options):
    where = {"sheet": "企业", "first_row": 2, "places": [0, 1, 2], "footer": 5}
    with fill(content, [Filling(**{**where, **options}, rows=rows)], note="甲") as out:
        return openpyxl.load_workbook(io.BytesIO(out.read()))


def with_part(content, name, data=b"x", replace=None):
    """The workbook with one more part, and a word of its types replaced."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w") as new,
    ):
        for part in old.namelist():
            body = old.read(part)
            if replace and part == "[Content_Types].xml":
                body = body.replace(*replace)
            new.writestr(part, body)
        if name:
            new.writestr(name, data)
    return stream.getvalue()


def test_the_layout_of_others_stays():
    book = filled(template(), [[n, f"店{n}", n] for n in range(1, 11)])
    sheet = book["企业"]
    assert sheet["A1"].value == "统计表"
    assert sheet["B2"].font.b
    assert sheet.column_dimensions["B"].width == 33
    assert [c.value for c in sheet["B"][2:12]] == [f"店{n}" for n in range(1, 11)]
    assert sheet["B12"].font.name == "楷体", "rows beyond the room look like the first"
    assert book["填表说明"]["A1"].value == "不要改这一页"
    assert book.properties.description == "甲"


def test_what_stands_below_gives_way_and_its_sums_reach_all_rows():
    sheet = filled(template(), [[n, f"店{n}", n] for n in range(1, 11)])["企业"]
    assert sheet["A13"].value == "合计"
    assert sheet["C13"].value == "=SUM(C3:C12)"
    assert sheet["A14"].value == "注：人数含实习"
    assert "A14:D14" in {area.coord for area in sheet.merged_cells.ranges}


def test_fewer_rows_than_room_leave_the_rest_where_it_is():
    sheet = filled(template(), [[1, "店", 5]])["企业"]
    assert sheet["A6"].value == "合计"
    assert sheet["C6"].value == "=SUM(C3:C5)"
    assert sheet["B4"].value is None


def test_samples_of_the_template_are_taken_out_of_our_columns():
    book = openpyxl.load_workbook(io.BytesIO(template()))
    book["企业"]["B3"], book["企业"]["B4"] = "示例公司", "示例二"
    sheet = filled(saved(book), [])["企业"]
    assert [sheet["B3"].value, sheet["B4"].value] == [None, None]


def test_formulas_beside_the_data_go_down_with_the_rows():
    sheet = filled(template(), [[n, "店", n] for n in range(1, 6)])["企业"]
    assert [sheet[f"D{row}"].value for row in range(3, 8)] == [
        f"=C{row}/2" for row in range(3, 8)
    ]


def test_drop_down_lists_hold_for_all_rows():
    sheet = filled(template(), [[n, "店", n] for n in range(1, 9)])["企业"]
    (rule,) = sheet.data_validations.dataValidation
    assert "B10" in rule.sqref


def test_text_stays_text_and_dates_are_dates():
    code, phone = "913101050000000012", "199****0001"
    rows = [["=1+1", code, phone], ["00123", dt.date(2026, 10, 1), True]]
    sheet = filled(template(), rows)["企业"]
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")
    assert (sheet["B3"].value, sheet["B3"].number_format) == (code, "@")
    assert sheet["C3"].value == phone
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("00123", "s")
    assert sheet["B4"].value == dt.datetime(2026, 10, 1)
    assert sheet["B4"].number_format == "yyyy-mm-dd"
    assert sheet["C4"].value == "是"


def test_without_a_footer_rows_go_on():
    sheet = filled(
        template(footer=False), [[n, "店", n] for n in range(1, 31)], footer=None
    )["企业"]
    assert sheet["A32"].value == 30


@pytest.mark.parametrize(
    "content",
    [
        with_part(template(), "xl/vbaProject.bin"),
        with_part(template(), "xl/macrosheets/sheet1.xml", b"<a/>"),
        with_part(
            template(),
            None,
            replace=(
                b"spreadsheetml.sheet.main+xml",
                b"spreadsheetml.sheet.macroEnabled.main+xml",
            ),
        ),
    ],
    ids=["vba", "macro sheet", "xlsm by type"],
)
def test_macros_are_refused_with_a_word(content):
    with pytest.raises(FileProblem, match="有宏"):
        check_template(content)


def test_what_is_no_workbook_is_refused():
    for content in (b"", b"a,b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600):
        with pytest.raises(FileProblem, match=r"\.xlsx"):
            check_template(content)
    with pytest.raises(FileProblem):
        check_template(b"PK\x03\x04" + b"\0" * 200)


def test_what_will_be_lost_is_said():
    assert check_template(template()) == []
    pictured = with_part(template(), "xl/media/image1.png")
    assert check_template(pictured) == ["导出的文件里不保留模板的图片、图形。"]


def test_a_broken_template_is_answered_not_raised():
    broken = with_part(template(), "xl/styles2.xml")
    content = broken.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheetX.xml")
    with pytest.raises(FileProblem, match="填不了"):
        filled(content, [[1, "店", 1]])


def test_too_many_rows_are_refused():
    rows = ([n, "店", n] for n in range(MOST_ROWS + 1))
    with pytest.raises(FileProblem, match="缩小筛选"):
        filled(template(), rows)
