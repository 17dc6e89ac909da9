"""Tables to download: nothing runs, nothing is lost, and they can be read again."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianshan.files import read_workbook
from tianshan.files.writing import (
    Column,
    csv_chunks,
    denature,
    neutralise,
    write_csv,
    write_xlsx,
)

PAYLOADS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "|calc",
    "%0a=1",
    "\t=1+1",
    "  =1+1",
    "　=1+1",
    "＝1+1",
    " ＝1+1",
    "＋1",
    "－1",
    "＠x",
    "\n=1+1",
    '=HYPERLINK("http://x","点我")',
    "=cmd|' /C calc'!A0",
    "'=1+1",
    "''=1+1",
]
HARMLESS = ["天山茶城", "0123", "http://example.com", "'引号", "a=b", "3-5", "", "' x"]
COLUMNS = [Column("名称", 20), Column("人数"), Column("日期")]


def xlsx(columns, rows, **options):
    stream = io.BytesIO()
    options = {"title": "商户台账"} | options
    write_xlsx(stream, columns=columns, rows=rows, **options)
    return stream


def csv_of(columns, rows):
    return b"".join(csv_chunks(columns=columns, rows=rows))


# --- apostrophes ---------------------------------------------------------------------


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_that_would_run_is_marked_and_comes_back(text):
    assert neutralise(text) == "'" + text
    assert denature("'" + text) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_text_that_would_not_run_stays_as_it_is(text):
    assert neutralise(text) == text
    assert denature(text) == text


@given(st.text(st.sampled_from("'=+-@|%\t\r\n 　＝＋ab1")) | st.text())
def test_denature_is_the_inverse_of_neutralise(text):
    assert denature(neutralise(text)) == text
    assert not neutralise(text).lstrip().startswith(tuple("=+-@|%＝＋－＠"))


# --- csv -----------------------------------------------------------------------------


def test_csv_has_the_mark_and_plain_values():
    content = csv_of(
        COLUMNS,
        [
            ("茶,城", 4, date(2019, 1, 2)),
            ('"引"', 2.5, datetime(2026, 1, 1, 16, 5, tzinfo=UTC)),
            (None, -3, True),
            ("+8613800138000", 4.0, Decimal("1.50")),
        ],
    )

    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == [
        ["名称", "人数", "日期"],
        ["茶,城", "4", "2019-01-02"],
        ['"引"', "2.5", "2026-01-02 00:05"],
        ["", "-3", "是"],
        ["'+8613800138000", "4", "1.50"],
    ]


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["C"]), min_size=1)] * 2),
        min_size=1,
    )
)
@settings(max_examples=60, deadline=None)
def test_csv_that_was_written_reads_back_the_same(rows):
    content = csv_of([Column("名称"), Column("备注")], rows)

    read = read_workbook(io.BytesIO(content)).sheets[0].rows

    assert read[0] == ("名称", "备注")
    assert read[1:] == rows


def test_csv_comes_in_pieces_and_writes_the_same_to_a_file():
    rows = [(f"店{number}", number, None) for number in range(2000)]
    stream = io.BytesIO()

    write_csv(stream, columns=COLUMNS, rows=iter(rows))

    assert len(list(csv_chunks(columns=COLUMNS, rows=rows))) > 3
    assert stream.getvalue() == csv_of(COLUMNS, rows)


# --- xlsx ----------------------------------------------------------------------------


def test_every_payload_is_text_in_the_workbook_and_reads_back():
    payloads = [text for text in PAYLOADS + HARMLESS if text]
    stream = xlsx([Column("=名称")], [(text,) for text in payloads], title="=1+1")

    sheet = openpyxl.load_workbook(stream).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    rows = read_workbook(stream).sheets[0].rows
    assert [row[0] for row in rows] == ["=1+1", "=名称", *payloads]


def test_a_workbook_has_title_notes_frozen_heading_filter_and_widths():
    stream = xlsx(
        COLUMNS,
        [("山祁翠茶舍", 4, date(2019, 6, 1)), ("和春茶坊", 4.5, None)],
        note_lines=["导出时间：2026-11-23", "共 2 条"],
    )

    sheet = openpyxl.load_workbook(stream).active
    assert sheet.title == "商户台账"
    assert sheet.freeze_panes == "A5"
    assert sheet.auto_filter.ref == "A4:C6"
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width
    assert read_workbook(stream).sheets[0].rows == [
        ("商户台账", None, None),
        ("导出时间：2026-11-23", None, None),
        ("共 2 条", None, None),
        ("名称", "人数", "日期"),
        ("山祁翠茶舍", 4, date(2019, 6, 1)),
        ("和春茶坊", 4.5, None),
    ]


def test_values_keep_their_types_and_odd_ones_are_text():
    values = [
        "0123",
        "310105199001011234",
        310105199001011234,
        True,
        float("nan"),
        Decimal("1.5"),
        datetime(2026, 1, 1, 16, 5, tzinfo=UTC),
        date(1066, 1, 1),
        "甲\x00\ud800乙",
        "_x0041_",
    ]

    row = read_workbook(xlsx([Column("值")] * 10, [values])).sheets[0].rows[2]

    assert row == (
        "0123",
        "310105199001011234",
        "310105199001011234",
        "是",
        "nan",
        1.5,
        datetime(2026, 1, 2, 0, 5),
        "1066-01-01",
        "甲乙",
        "_x0041_",
    )


def test_a_text_longer_than_a_cell_is_cut_with_a_word_not_lost():
    rows = read_workbook(xlsx([Column("备注")], [("长" * 40_000,)])).sheets[0].rows

    assert rows[2][0].endswith("长（过长，已截断）")


@pytest.mark.parametrize("title", ["a/b:c*?[x]\\", "长" * 50, "'引'", "", "\x00"])
def test_any_title_makes_a_sheet(title):
    assert len(read_workbook(xlsx(COLUMNS, [("甲", 1, None)], title=title)).sheets) == 1


def test_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(count):
        rows = ((f"商户{number}", number, None) for number in range(count))
        tracemalloc.start()
        with open(tmp_path / "out.xlsx", "wb") as stream:
            write_xlsx(stream, title="商户", columns=COLUMNS, rows=rows)
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    assert peak(20_000) < peak(5_000) + 100_000
