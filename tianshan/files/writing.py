"""Writing tables for download: what was typed as text stays text everywhere."""

import csv
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO

import xlsxwriter
from django.utils import timezone

from tianshan.files.formulas import denature, neutralise

__all__ = [
    "Column",
    "Link",
    "Page",
    "csv_chunks",
    "denature",
    "neutralise",
    "write_book",
    "write_csv",
    "write_xlsx",
]

_ROWS_IN_A_CHUNK = 500
_LONGEST_TEXT = 32_767  # of a cell in Excel, which drops a longer one
_EXACT = 10**15
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_A_SHEETS_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


@dataclass(frozen=True)
class Column:
    """A column of a table to download: its heading, and its width in characters."""

    label: str
    width: float = 14


class Link(str):
    """An address that a click in the workbook opens."""


@dataclass(frozen=True)
class Page:
    """One sheet: title, notes, heading (frozen, with filters), rows."""

    title: str
    columns: list  # each has a `label` and may have a `width`
    rows: object  # may be a generator: memory does not grow with it
    note_lines: tuple = ()


def write_xlsx(stream, *, title, columns, rows, note_lines=()):
    """Write a workbook of one sheet."""
    write_book(stream, title=title, pages=[Page(title, columns, rows, note_lines)])


def write_book(stream, *, title, pages):
    """Write a workbook, sheet by sheet. Text is typed as text, so codes keep their
    zeros and =1+1 stays four characters.
    """
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as workbook:
        workbook.set_properties({"title": _clean(title)})
        formats = _Formats(workbook)
        for page in pages:
            _write_page(workbook, page, formats)


def _write_page(workbook, page, formats):
    sheet = workbook.add_worksheet(_sheet_name(page.title))
    for index, column in enumerate(page.columns):
        sheet.set_column(index, index, getattr(column, "width", None) or 14)
    line = 0
    sheet.write_string(line, 0, _clean(page.title), formats.title)
    for note in page.note_lines:
        line += 1
        sheet.write_string(line, 0, _clean(note), formats.note)
    heading = line = line + 1
    for index, column in enumerate(page.columns):
        sheet.write_string(line, index, _clean(column.label), formats.heading)
    for row in page.rows:
        line += 1
        for index, value in enumerate(row):
            _write(sheet, line, index, value, formats)

    sheet.freeze_panes(heading + 1, 0)
    sheet.autofilter(heading, 0, line, max(len(page.columns) - 1, 0))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(heading)


def csv_chunks(*, columns, rows):
    """Bytes of a CSV file, piece by piece: UTF-8 with the mark that Excel needs."""
    yield b"\xef\xbb\xbf"
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow([neutralise(_clean(column.label)) for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_text(value) for value in row])
        if number % _ROWS_IN_A_CHUNK == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_csv(stream, *, columns, rows):
    """Write the same CSV to a binary file."""
    for chunk in csv_chunks(columns=columns, rows=rows):
        stream.write(chunk)


class _Formats:
    def __init__(self, workbook):
        self.title = workbook.add_format({"bold": True, "font_size": 14})
        self.note = workbook.add_format({"font_color": "#5f6b7a"})
        self.heading = workbook.add_format(
            {"bold": True, "bg_color": "#f1f3f5", "bottom": 1, "num_format": "@"}
        )
        self.text = workbook.add_format({"num_format": "@"})
        self.day = workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.moment = workbook.add_format(
            {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}
        )


def _write(sheet, line, index, value, formats):
    match value := _plain(value):
        case None | "":
            pass
        case Link():
            sheet.write_url(line, index, value, string="打开")
        case datetime() if value.year >= 1900:
            sheet.write_datetime(line, index, value, formats.moment)
        case date() if value.year >= 1900:
            sheet.write_datetime(line, index, value, formats.day)
        case int() | float() | Decimal() if abs(value) < _EXACT:
            sheet.write_number(line, index, value)
        case _:
            sheet.write_string(line, index, _shortened(str(value)), formats.text)


def _csv_text(value):
    match value := _plain(value):
        case None:
            return ""
        case str():
            return neutralise(value)
        case datetime():
            return value.isoformat(" ", "minutes")
        case float():
            return f"{value:.15g}"
        case _:
            return str(value)


def _plain(value):
    """One of None, str, int, float, Decimal, date, or a datetime in local time."""
    match value:
        case bool():
            return "是" if value else "否"
        case float() | Decimal() if not math.isfinite(value):
            return str(value)
        case datetime() if timezone.is_aware(value):
            return timezone.make_naive(value)
        case None | int() | float() | Decimal() | date() | Link():
            return value
        case _:
            return _clean(value)


def _clean(value):
    return _UNSEEN.sub("", str(value))


def _shortened(text):
    if len(text) <= _LONGEST_TEXT:
        return text
    return text[: _LONGEST_TEXT - 10] + "（过长，已截断）"


def _sheet_name(title):
    return _NOT_IN_A_SHEETS_NAME.sub(" ", _clean(title)).strip(" '")[:31] or "表格"
