"""What people upload: good files are read, bad ones refused in a sentence."""

import io
import time
import tracemalloc
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.corpus import OLD_LEDGER, PNG, package, saved
from tianshan.files import FileProblem, Limits, read_workbook
from tianshan.files.package import Facts


def refusal(file, **limits):
    with pytest.raises(FileProblem) as refused:
        read_workbook(file, limits=Limits(**limits))
    return str(refused.value)


# --- good files ----------------------------------------------------------------------


def test_cells_come_with_their_types_and_rows_with_their_numbers():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "企业"
    sheet["B3"] = "天山茶城"
    sheet["C3"] = 4
    sheet["D3"] = 2.5
    sheet["E3"] = date(2019, 11, 12)
    sheet["F3"] = datetime(2019, 11, 12, 9, 30)
    sheet["G3"] = True
    sheet["H3"] = 310105199001011234
    sheet["B6"] = "末行"
    hidden = workbook.create_sheet("隐藏页")
    hidden["A1"] = "x"
    hidden.sheet_state = "hidden"
    sheet.merge_cells("B6:C7")

    read = read_workbook(saved(workbook))

    first, second = read.sheets
    assert (first.name, len(first.rows)) == ("企业", 6)
    blank = (None,) * 8
    assert first.rows[0] == first.rows[1] == first.rows[3] == first.rows[4] == blank
    *cells, long_code = first.rows[2]
    assert cells == [
        None,
        "天山茶城",
        4,
        2.5,
        date(2019, 11, 12),
        datetime(2019, 11, 12, 9, 30),
        True,
    ]
    # Eighteen digits typed as a number: still a number, so that it can be refused.
    assert isinstance(long_code, float)
    assert long_code > 3e17
    assert first.rows[5] == (None, "末行", *blank[2:])
    assert first.merged == [((5, 1), (6, 2))]
    assert not first.hidden
    assert second.hidden
    assert any("隐藏页" in note for note in read.notes)


def test_an_upload_a_path_and_a_stream_are_the_same(tmp_path):
    content = package().getvalue()
    path = tmp_path / "没有扩展名"
    path.write_bytes(content)
    upload = SimpleUploadedFile("台账.xlsx", content)
    upload.read()

    for file in (upload, path, str(path), io.BytesIO(content)):
        assert read_workbook(file).sheets[0].rows == [(1,)]


def test_formulas_are_named_and_those_without_a_result_are_blank():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet("商户")
        sheet.write_formula("B2", "=1+1", None, 2)
        for row in range(3, 33):
            sheet.write_formula(f"C{row}", "=2+2", None, 4)
    cached = read_workbook(stream)
    unsaved = openpyxl.Workbook()
    unsaved.active.title = "企业"
    unsaved.active["A1"] = "合计"
    unsaved.active["G327"] = "=SUM(G4:G326)"

    read = read_workbook(saved(unsaved))

    assert cached.sheets[0].rows[1][1] == 2
    assert any("31 个公式格（B2、C3、" in note for note in cached.notes)
    assert sum("C21等" in note for note in cached.notes) == 1
    assert [row for row in read.sheets[0].rows if any(row)] == [("合计",)]
    assert any("没有保存结果（G327）" in note for note in read.notes)


def test_error_values_are_named_not_dropped_in_silence():
    read = read_workbook(
        package('<row r="2"><c r="B2" t="e"><f>A1/0</f><v>#DIV/0!</v></c></row>')
    )

    assert [row for row in read.sheets[0].rows if any(row)] == []
    assert any("出错的格（B2" in note for note in read.notes)


def test_macros_are_left_alone_and_said_so():
    read = read_workbook(package(**{"xl__vbaProject.bin": b"\xd0\xcf\x11\xe0"}))

    assert read.sheets[0].rows == [(1,)]
    assert any("宏" in note for note in read.notes)


def test_the_old_format_is_read_with_a_word_on_its_formulas():
    read = read_workbook(OLD_LEDGER)

    assert read.sheets[0].rows == [
        ("商户台账", None, None),
        (None, None, None),
        ("单位名称", "从业人员数", "成立日期"),
        ("山祁翠茶舍", 4, date(2019, 6, 1)),
    ]
    assert any(".xls" in note for note in read.notes)


def test_a_hundred_thousand_blank_rows_are_trimmed():
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" s="1"/><c r="N{row}" s="1"/></row>'
        for row in range(2, 100_002)
    )
    read = read_workbook(package(f'<row r="1"><c r="A1"><v>7</v></c></row>{rows}'))

    assert read.sheets[0].rows == [(7,)]


def test_blank_cells_far_out_do_no_harm():
    read = read_workbook(
        package(
            '<row r="1"><c r="A1"><v>7</v></c></row>'
            '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
        )
    )

    assert read.sheets[0].rows == [(7,)]


@pytest.mark.parametrize("blank", [10, 100_000])
def test_blank_rows_between_others_are_kept_in_place(blank):
    last = blank + 2
    read = read_workbook(
        package(
            '<row r="1"><c r="A1"><v>7</v></c></row>'
            f'<row r="{last}"><c r="B{last}"><v>8</v></c></row>'
        )
    )

    rows = read.sheets[0].rows
    assert len(rows) == last
    assert (rows[0], rows[1], rows[-1]) == ((7, None), (None, None), (None, 8))


# --- text tables ---------------------------------------------------------------------

TABLE = "单位名称,从业人员数\r\n联通,4\r\n“春茶”,\r\n"
ROWS = [("单位名称", "从业人员数"), ("联通", "4"), ("“春茶”", None)]


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        TABLE.encode("gbk"),
        b"\xff\xfe" + TABLE.replace(",", "\t").encode("utf-16-le"),
        TABLE.replace(",", "\t").encode("gb18030"),
        TABLE.replace(",", ";").encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "gbk", "utf-16 tabs", "gb18030 tabs", "semicolon"],
)
def test_text_tables_are_read_in_the_encoding_they_have(content):
    # The name says workbook: the content decides.
    upload = SimpleUploadedFile("台账.xlsx", content)

    assert read_workbook(upload).sheets[0].rows == ROWS


def test_text_tables_keep_blank_rows_quoted_lines_and_codes():
    read = read_workbook(
        io.BytesIO('\n\n名称,代码\n"甲,\n乙","=""0123"""\n\n丙,\'=1+1\n\n'.encode())
    )

    assert read.sheets[0].rows == [
        (None, None),
        (None, None),
        ("名称", "代码"),
        ("甲,\n乙", "0123"),
        (None, None),
        ("丙", "=1+1"),
    ]


def test_a_quotation_mark_that_is_never_closed_is_told_not_swallowed():
    lines = ["名称,备注"] + [f"店{number},好" for number in range(40)]
    lines[20] = '店19,"没有关'

    assert "第 21 行" in refusal(io.BytesIO("\n".join(lines).encode()))


@pytest.mark.parametrize(
    "content",
    [
        "今天走访了天山茶城。\n商户说电梯太慢。\n".encode(),
        b"hello\n",
        b'{"a": 1}',
    ],
)
def test_a_text_that_is_no_table_is_refused(content):
    assert "没有在这个文件里认出表格" in refusal(io.BytesIO(content))


def test_a_web_page_named_like_a_workbook_is_refused():
    page = b"<html><table><tr><td>1</td></tr></table></html>"

    assert "另存为 .xlsx" in refusal(SimpleUploadedFile("台账.xls", page))


# --- bad files -----------------------------------------------------------------------


def test_an_empty_file_is_refused():
    assert "空的" in refusal(io.BytesIO(b""))
    assert "空的" in refusal(io.BytesIO(b"\xef\xbb\xbf \r\n"))


def test_a_picture_named_like_a_workbook_is_refused():
    assert "不是 Excel 工作簿" in refusal(SimpleUploadedFile("台账.xlsx", PNG))


def test_a_locked_workbook_is_refused():
    name = "EncryptedPackage".encode("utf-16-le")
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504 + name + b"\x00" * 480

    assert "有密码" in refusal(io.BytesIO(locked))


def test_another_office_file_is_refused():
    word = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504
    word += "WordDocument".encode("utf-16-le") + b"\x00" * 480
    docx = io.BytesIO()
    with zipfile.ZipFile(docx, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", "<document/>")

    assert "不是 Excel 工作簿" in refusal(io.BytesIO(word))
    assert "不是 Excel 工作簿" in refusal(docx)


def test_a_plain_archive_is_refused():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("台账.xlsx", b"x")

    assert "压缩包" in refusal(archive)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_file_that_was_cut_off_is_refused(keep):
    content = package("<row/>" * 5000).getvalue()

    assert "已损坏" in refusal(io.BytesIO(content[: int(len(content) * keep)]))


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c  s="0"\n r = \'XFD1048576\' ><v>1</v></c></row>',
        '<row r="1"><c r="A300000"><v>1</v></c></row>',
        '<row r="1"><c r="ZZ1"><v>1</v></c></row>',
    ],
)
def test_a_cell_far_out_is_refused_before_anything_makes_room_for_it(sheet):
    started = time.perf_counter()

    assert "太大" in refusal(package(sheet))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="99999999999999999999"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A99999999999999999999"><v>1</v></c></row>',
        '<row r="1"><c r="ABCDEFGH1"><v>1</v></c></row>',
        f'<row r="{"9" * 5000}"><c><v>1</v></c></row>',
    ],
)
def test_a_reference_that_no_program_writes_is_refused(sheet):
    assert "已损坏" in refusal(package(sheet))


def test_many_cells_within_the_limits_of_each_side_are_refused():
    sheet = '<row r="190000"><c r="GR190000"><v>1</v></c></row>'

    assert "太大" in refusal(package(sheet))


def test_a_package_that_grows_too_large_is_refused_unread():
    bomb = package(**{"xl__sharedStrings.xml": b" " * 250_000_000})
    assert len(bomb.getvalue()) < 1_000_000
    started = time.perf_counter()

    assert "展开后太大" in refusal(bomb)
    assert time.perf_counter() - started < 2


def test_a_package_that_packs_too_well_is_refused():
    bomb = package(**{"xl__sharedStrings.xml": b" " * 50_000_000})

    assert "展开后太大" in refusal(bomb)


def test_a_package_that_lies_about_its_sizes_is_refused():
    content = package(**{"xl__sharedStrings.xml": b" " * 300_000_000}).getvalue()
    lying = content.replace((300_000_000).to_bytes(4, "little"), b"\x40\x00\x00\x00")
    assert lying != content

    assert "已损坏" in refusal(io.BytesIO(lying))


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>',
        '<!doctype x SYSTEM "file:///etc/passwd">',
    ],
)
def test_document_types_are_refused(before):
    assert "已损坏" in refusal(package(before=before))


def test_a_file_above_the_limit_is_not_read_to_its_end():
    stream = io.BytesIO(b"a,b\n" * 1_000_000)

    assert "最多 1 MB" in refusal(stream, file_bytes=1024**2)
    assert stream.tell() < 2 * 1024**2


def test_a_child_out_of_memory_is_a_refusal_not_a_crash():
    sheet = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="GR{row}"><v>1</v></c></row>'
        for row in range(1, 20_001)
    )

    assert "读不出来" in refusal(package(sheet), memory_bytes=120 * 1024**2)
    assert len(read_workbook(package(sheet)).sheets[0].rows) == 20_000


def test_a_child_out_of_time_is_a_refusal_not_a_crash():
    assert "用时太长" in refusal(package(), wall_seconds=0.001)
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 9))

    assert len(read_workbook(package(rows)).sheets[0].rows) == 8


def test_the_child_gets_nothing_of_our_environment(monkeypatch):
    calls = []
    monkeypatch.setenv("SECRET_KEY", "canary")

    def run(command, **options):
        calls.append(options)
        raise FileNotFoundError

    monkeypatch.setattr("tianshan.files.reading.subprocess.run", run)
    with pytest.raises(FileNotFoundError):
        read_workbook(package())

    assert calls[0]["env"] == {}


def test_a_bomb_costs_the_parent_no_memory():
    bomb = package(**{"docProps__notes.xml": b"<a/>" + b" " * 150_000_000})

    tracemalloc.start()
    read = read_workbook(bomb, limits=Limits(ratio=10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert read.sheets[0].rows == [(1,)]
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A99999999999999999999"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v>',
    ],
)
def test_what_slips_past_the_checks_kills_the_child_alone(monkeypatch, sheet):
    monkeypatch.setattr("tianshan.files.package.inspect", lambda file, limits: Facts())

    assert "请" in refusal(package(sheet), cpu_seconds=2, wall_seconds=10)
