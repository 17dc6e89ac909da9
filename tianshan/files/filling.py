"""Filling a workbook that somebody else designed, and keeping how it looks.

The template is a stranger's file: it is checked like one, and opened and written in a
child process with limits. Macros are refused, and formulas that reach outside; others
stay: those below the data are made to reach over what was written, those beside it go
down with the rows.
"""

import io
import json
import logging
import math
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from tianshan.files import package
from tianshan.files.limits import Limits
from tianshan.files.problems import FileProblem

log = logging.getLogger(__name__)

__all__ = ["Cells", "Filling", "check_template", "fill"]

MOST_ROWS = 20_000
_CHILD = Path(__file__).with_name("fill_child.py")
_EXACT = 10**15
_MACRO = (
    "模板里有宏，不能用来导出：系统不运行宏，也不会把宏发给别人。"
    "请用 Excel 或 WPS 打开，另存为不带宏的 .xlsx 再上传。"
)
_NOT_XLSX = "模板要用 .xlsx 工作簿。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。"
_FORMULAS = (
    "模板的公式要读别的工作簿、程序或网址，不能用。请改成本工作簿里的公式再上传。"
)
_FAILED = (
    "这个模板填不了：内容过大，或有系统不认识的部分。"
    "请用 Excel 或 WPS 打开，只保留要填的工作表，另存为新的 .xlsx 再上传。"
)
_SHEET = re.compile(r"xl/.*\.xml$", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f[^>]*>([^<]*)</", re.IGNORECASE)
# Another workbook, another program, an address.
_REACHES_OUT = re.compile(
    rb"\[\d+\]|\[[^\]<]*\.(?:xl\w+|ods|csv)\]|\|[^<]*!|\b(?:WEBSERVICE|RTD|CALL|REGISTER|DDE|IMAGE|FILTERXML)\s*\(",
    re.IGNORECASE,
)
# What a filled copy does not keep, and how people call it.
_LOST = {
    "xl/drawings/": "图片、图形",
    "xl/charts/": "图表",
    "xl/media/": "图片、图形",
    "xl/ctrlprops/": "按钮等控件",
    "xl/activex/": "按钮等控件",
    "xl/externallinks/": "",
}


@dataclass(frozen=True)
class Filling:
    """What goes into one sheet: columns by place, rows from a row on (from nought)."""

    sheet: str
    first_row: int
    places: list  # 0-based columns, in the order of each row's values
    rows: object  # iterable of lists of values
    footer: int | None = None  # 0-based row that stays below the data, if there is one


@dataclass(frozen=True)
class Cells:
    """Single cells of one sheet: `[(row, column, value)]`, from nought."""

    sheet: str
    values: list


def check_template(content, *, limits=None):
    """Refuse what is no plain .xlsx; say in sentences what a filled copy will lack."""
    limits = limits or Limits()
    if not content.startswith(b"PK\x03\x04"):
        raise FileProblem(_NOT_XLSX)
    if len(content) > limits.file_bytes:
        raise FileProblem("模板太大，请删去图片和无关的工作表。")
    package.inspect(io.BytesIO(content), limits)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = [name.lower() for name in parts.namelist()]
        kinds = parts.read("[Content_Types].xml").lower()
        sheets = [name for name in parts.namelist() if _SHEET.match(name)]
        formulas = [f for name in sheets for f in _FORMULA.findall(parts.read(name))]
    if b"macroenabled" in kinds or any(
        "vbaproject" in name or "macrosheets/" in name for name in names
    ):
        raise FileProblem(_MACRO)
    if any(_REACHES_OUT.search(formula) for formula in formulas):
        raise FileProblem(_FORMULAS)
    lost = {
        words
        for start, words in _LOST.items()
        if words and any(name.startswith(start) for name in names)
    }
    return [f"导出的文件里不保留模板的{words}。" for words in sorted(lost)]


def fill(content, fillings, *, note, limits=None):
    """The template with the rows written in, as an open file.

    `note` (who, when, which rows) goes into the file's properties, so that the
    authority's sheets stay as they are. Raises FileProblem.
    """
    limits = limits or Limits(cpu_seconds=120, wall_seconds=180)
    answer = tempfile.TemporaryFile()  # noqa: SIM115  whoever asked closes it
    with tempfile.TemporaryFile() as asked:
        _ask(asked, content, fillings, note)
        asked.seek(0)
        try:
            child = subprocess.run(
                # Isolated, and without our environment: it holds the secrets.
                [sys.executable, "-I", _CHILD, json.dumps(limits.for_child())],
                stdin=asked,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=limits.wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            log.warning("Filling a template took more than %s s", limits.wall_seconds)
            raise FileProblem(
                "填写用时太长，已停止。请缩小筛选，分几次导出。"
            ) from None
    answer.seek(0)
    if child.returncode != 0 or answer.read(4) != b"PK\x03\x04":
        log.warning("Filling a template ended with code %s", child.returncode)
        raise FileProblem(_FAILED)
    answer.seek(0)
    return answer


def _ask(stream, content, fillings, note):
    """A line that says what comes, the template's bytes, then the rows, one a line."""
    head = {"bytes": len(content), "note": note}
    stream.write(json.dumps(head).encode() + b"\n")
    stream.write(content)
    for filling in fillings:
        if isinstance(filling, Cells):
            cells = [[row, at, _plain(value)] for row, at, value in filling.values]
            line = json.dumps({"sheet": filling.sheet, "cells": cells})
            stream.write(line.encode() + b"\n")
            continue
        stream.write(
            json.dumps(
                {
                    "sheet": filling.sheet,
                    "first_row": filling.first_row,
                    "places": list(filling.places),
                    "footer": filling.footer,
                }
            ).encode()
            + b"\n"
        )
        for number, row in enumerate(filling.rows):
            if number >= MOST_ROWS:
                raise FileProblem(
                    f"一张表最多写 {MOST_ROWS} 行，请缩小筛选，分几次导出。"
                )
            line = json.dumps([_plain(value) for value in row], ensure_ascii=False)
            stream.write(line.encode() + b"\n")


def _plain(value):
    """As the child writes it: text, a number, a dated dict, or None for blank."""
    match value:
        case None | "":
            return None
        case bool():
            return "是" if value else "否"
        case datetime():
            value = timezone.make_naive(value) if timezone.is_aware(value) else value
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case int() | float() | Decimal() if (
            math.isfinite(value) and abs(value) < _EXACT
        ):
            return float(value) if isinstance(value, Decimal) else value
        case _:
            return str(value)
