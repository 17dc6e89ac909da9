"""Ledger files as people hand them in."""

import csv
import io

import xlsxwriter
from stdnum.cn import uscc

HEADING = [
    "序号",
    "单位名称",
    "统一社会信用代码",
    "所在楼宇/市场",
    "室号/摊位号",
    "行业类别",
    "从业人员数",
    "联系人",
    "联系电话",
    "成立日期",
    "党组织组建形式",
    "党员数",
    "经营状态",
    "备注",
]
COLUMNS = {
    "name": 1,
    "code": 2,
    "building": 3,
    "room": 4,
    "trade": 5,
    "staff": 6,
    "contact": 7,
    "phone": 8,
    "founded": 9,
    "mode": 10,
    "members": 11,
    "state": 12,
    "note": 13,
}


def code(number, *, trader=True):
    """A credit code whose check digit is right."""
    body = f"{'92' if trader else '91'}310105MA{number:07d}"
    return body + uscc.calc_check_digit(body)


def line(name, **cells):
    """One row of a ledger, by the names of its columns."""
    row = [None] * len(HEADING)
    for column, value in {"name": name, **cells}.items():
        row[COLUMNS[column]] = value
    return row


def workbook(*rows, heading=HEADING, title=None, sheet="商户", more=None):
    """Bytes of an xlsx; `more` is {sheet name: rows} beside the first."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        first = [*([[title]] if title else []), heading, *rows]
        for name, lines in {sheet: first, **(more or {})}.items():
            page = book.add_worksheet(name)
            for number, cells in enumerate(lines):
                for place, cell in enumerate(cells):
                    if cell is not None:
                        _write(page, number, place, cell)
    return stream.getvalue()


def _write(page, number, place, cell):
    if isinstance(cell, str) and cell.startswith("="):
        page.write_formula(number, place, cell, None, 7)
    elif isinstance(cell, str):
        page.write_string(number, place, cell)
    else:
        page.write(number, place, cell)


def gbk(*rows, heading=HEADING):
    """The same table as a CSV in the encoding of Chinese offices."""
    stream = io.StringIO()
    csv.writer(stream).writerows([heading, *rows])
    return stream.getvalue().encode("gb18030")
