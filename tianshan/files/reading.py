"""Reading a workbook or a text table: what kind it is, then its cells."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from tianshan.files import package, texts
from tianshan.files.limits import Limits
from tianshan.files.problems import FileProblem

log = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("child.py")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMED_IN_A_NOTE = 20

type Cell = str | int | float | bool | date | datetime | None

__all__ = ["Cell", "Limits", "Sheet", "Workbook", "read_workbook"]


@dataclass
class Sheet:
    """One sheet; `rows[0]` is its row 1, blank rows before and between are kept."""

    name: str
    rows: list[tuple[Cell, ...]]
    hidden: bool = False
    # ((first row, first column), (last row, last column)), counted from nought; only
    # the first cell of a merged area holds its value.
    merged: list = field(default_factory=list)


@dataclass
class Workbook:
    """What was in the file, and what whoever uploaded it should know about it."""

    sheets: list[Sheet]
    notes: list[str] = field(default_factory=list)


def read_workbook(file, *, limits=None):
    """Read .xlsx, .xls or a text table; the content decides, never the name.

    `file` is a path or an open binary file (an upload too). Raises FileProblem.
    """
    limits = limits or Limits()
    with _kept(file, limits) as kept:
        start = kept.read(8)
        kept.seek(0)
        if not start:
            raise FileProblem("这个文件是空的，请检查后重新选择文件。")
        if start.startswith(_ZIP):
            facts = package.inspect(kept, limits)
            workbook = _read_in_child(kept, limits)
            workbook.notes += _notes_on(workbook, facts)
            return workbook
        if start == _OLE:
            package.inspect_old(kept)
            workbook = _read_in_child(kept, limits)
            workbook.notes.append(
                "这是旧版 .xls 文件：公式按上次保存的结果读取，无法逐格标出。"
                "建议另存为 .xlsx。"
            )
            return workbook
        rows, notes = texts.read(kept.read(), limits)
        return Workbook([Sheet("文本表格", rows)], notes)


@contextmanager
def _kept(file, limits):
    """A copy of the file without a name on disk, and never more than is allowed."""
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as opened, _kept(opened, limits) as kept:
            yield kept
        return
    if file.seekable():
        file.seek(0)
    # Without a buffer: the child reads on from where this handle stands.
    with tempfile.TemporaryFile(buffering=0) as kept:
        while chunk := file.read(1 << 16):
            kept.write(chunk)
            if kept.tell() > limits.file_bytes:
                most = limits.file_bytes // 1024**2
                raise FileProblem(
                    f"文件太大，最多 {most} MB。请删去图片和无关的工作表，"
                    "或拆成几个文件分别上传。"
                )
        kept.seek(0)
        yield kept


def _read_in_child(kept, limits):
    """Let a process of its own parse the bytes: it may die, the portal may not."""
    kept.seek(0)
    with tempfile.TemporaryFile() as answer:
        try:
            child = subprocess.run(
                # Isolated, and without our environment: it holds the secrets.
                [sys.executable, "-I", _CHILD, json.dumps(limits.for_child())],
                stdin=kept,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=limits.wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            log.warning("Reading a workbook took more than %s s", limits.wall_seconds)
            raise FileProblem(
                "读取这个文件用时太长，已停止。请只保留台账所在的工作表，"
                "另存为新的 .xlsx 文件再上传。"
            ) from None
        answer.seek(0)
        workbook = _assembled(answer)
    if workbook is None:
        log.warning("Reading a workbook ended with code %s", child.returncode)
        raise FileProblem(
            "这个文件读不出来：内容过大或已损坏。请用 Excel 或 WPS 打开，"
            "只保留台账，另存为新的 .xlsx 文件再上传。"
        )
    return workbook


def _assembled(answer):
    """The sheets from the child's lines; None when it did not come to its end."""
    sheets, blank = [], ()
    try:
        for line in answer:
            message = json.loads(line)
            match message:
                case list():
                    sheets[-1].rows.append(tuple(map(_cell, message)))
                case int():
                    sheets[-1].rows += [blank] * message
                case {"sheet": name, "hidden": hidden, "merged": merged}:
                    sheets.append(Sheet(name, [], hidden, _merged(merged)))
                case {"problem": problem}:
                    raise FileProblem(problem)
                case {"end": True}:
                    for sheet in sheets:
                        _square(sheet)
                    return Workbook(sheets)
    except ValueError:  # cut off in the middle of a line
        return None
    return None


def _cell(cell):
    if type(cell) is dict:
        if "moment" in cell:
            return datetime.fromisoformat(cell["moment"])
        return date.fromisoformat(cell["day"])
    return cell


def _merged(areas):
    return [(tuple(first), tuple(last)) for first, last in areas]


def _square(sheet):
    """Give all rows the width of the widest, so that a column is an index."""
    width = max(map(len, sheet.rows), default=0)
    blank = (None,) * width
    sheet.rows = [
        row if len(row) == width else row + blank[len(row) :] for row in sheet.rows
    ]


def _notes_on(workbook, facts):
    notes = list(facts.notes)
    for sheet in workbook.sheets:
        of_sheet = facts.sheets.get(sheet.name)
        if of_sheet is None:
            continue
        kept, lost = [], []
        for ref in of_sheet.formulas:
            (lost if _value_at(sheet, ref) is None else kept).append(ref)
        lost = [ref for ref in lost if ref not in of_sheet.errors]
        if kept:
            notes.append(
                f"工作表“{sheet.name}”有 {_counted(kept)} 个公式格（{_some(kept)}），"
                "按文件里保存的结果读取。"
            )
        if lost:
            notes.append(
                f"工作表“{sheet.name}”有公式格没有保存结果（{_some(lost)}），"
                "按空白读取。请用 Excel 或 WPS 打开并保存一次再上传。"
            )
        if of_sheet.errors:
            notes.append(
                f"工作表“{sheet.name}”有出错的格（{_some(of_sheet.errors)}，"
                "如 #N/A），按空白读取。请改正后再上传。"
            )
    for sheet in workbook.sheets:
        if sheet.hidden and sheet.rows:
            notes.append(f"工作表“{sheet.name}”是隐藏的，也一并读取了。")
    return notes


def _counted(refs):
    return f"{len(refs)} 以上" if len(refs) >= package.MOST_NOTED else len(refs)


def _some(refs):
    refs = list(refs)
    return "、".join(refs[:_NAMED_IN_A_NOTE]) + ("等" * (len(refs) > _NAMED_IN_A_NOTE))


def _value_at(sheet, ref):
    row, column = package.place_of(ref)
    if row >= len(sheet.rows) or column >= len(sheet.rows[row]):
        return None
    return sheet.rows[row][column]
