"""An authority's own form, .xlsx or .docx: checked, its places found, values poured in.

A place is a name in double braces, {{有效覆盖}}, or a cell of a workbook, 表1!C5. The
template keeps its looks. Macros, links to other files and formulas that reach outside
are refused; what a formula computes is not written over.
"""

import io
import json
import logging
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from tianshan.files import package
from tianshan.files.filling import Cells, Filling, check_template, fill
from tianshan.files.limits import Limits
from tianshan.files.problems import FileProblem
from tianshan.files.reading import read_workbook

log = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("pour_child.py")
PLACEHOLDER = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}")
_CELL = re.compile(r"([^!]{1,31})!\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})")
MOST_BYTES = 5 * 1024**2
MOST_PLACES = 300
_EXTERNAL = re.compile(rb"<[^<>]*TargetMode\s*=\s*[\"']External[\"'][^<>]*>", re.I)
_KIND = "模板要用 .xlsx 工作簿或 .docx 文档。请另存成其中一种再上传。"
_BIG = "模板太大，最多 5 MB。请删去图片和无关的内容再上传。"
_LINKS = "模板里有指向别的文件的链接，不能用：系统不去取别处的内容。请断开链接再上传。"
_MACRO = (
    "模板里有宏或控件，不能用：系统不运行宏，也不会把宏发给别人。"
    "请用 Word 或 WPS 打开，另存为不带宏的 .docx 再上传。"
)
_EMBEDDED = "模板里嵌着别的文件，不能用。请删去嵌入的对象再上传。"
_FAILED = "这个模板填不了，请用 Word 或 WPS 另存为新的 .docx 再上传。"


@dataclass
class Template:
    """What a form's file is: its kind, the names in braces, what a copy will lack."""

    kind: str
    names: list
    notes: list = field(default_factory=list)


@dataclass(frozen=True)
class Rows:
    """Rows of a list, as long as each other: they go into a sheet from their place on,
    downwards and to the right, and push down what stands below."""

    rows: list

    def __str__(self):
        return f"{len(self.rows)} 行"


def examine(content):
    """Check a form's file; FileProblem says in words why it is refused."""
    if len(content) > MOST_BYTES:
        raise FileProblem(_BIG)
    if not content.startswith(b"PK\x03\x04"):
        raise FileProblem(_KIND)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = {name.lower() for name in parts.namelist()}
    except zipfile.BadZipFile:
        raise FileProblem(_KIND) from None
    if "word/document.xml" in names:
        found = _examine_document(content, names)
    else:
        found = _examine_workbook(content, names)
    if len(found.names) > MOST_PLACES:
        raise FileProblem(f"模板里要填的地方太多，最多 {MOST_PLACES} 处。")
    return found


def _examine_workbook(content, names):
    notes = check_template(content)
    if any(name.startswith(("xl/externallinks/", "xl/connections")) for name in names):
        raise FileProblem(_LINKS)
    found = {}
    formulas = _formulas(content)
    for sheet, at, text in _texts(content):
        if at in formulas.get(sheet, ()):
            continue
        found |= dict.fromkeys(PLACEHOLDER.findall(text))
    return Template("xlsx", list(found), notes)


def _formulas(content):
    facts = package.inspect(io.BytesIO(content), Limits())
    return {
        name: {package.place_of(ref) for ref in sheet.formulas}
        for name, sheet in facts.sheets.items()
    }


def _texts(content):
    """(sheet, (row, column), text) of every cell that holds text with braces."""
    for sheet in read_workbook(io.BytesIO(content)).sheets:
        for row, cells in enumerate(sheet.rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and "{{" in cell:
                    yield sheet.name, (row, column), cell


def _examine_document(content, names):
    package.inspect_document(io.BytesIO(content), Limits())
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        kinds = parts.read("[Content_Types].xml").lower()
        if b"macroenabled" in kinds or any(
            "vbaproject" in name or "activex" in name for name in names
        ):
            raise FileProblem(_MACRO)
        if any(name.startswith("word/embeddings/") for name in names):
            raise FileProblem(_EMBEDDED)
        for name in parts.namelist():
            if name.lower().endswith(".rels"):
                for link in _EXTERNAL.findall(parts.read(name)):
                    if b"/hyperlink" not in link.lower():
                        raise FileProblem(_LINKS)
    return Template("docx", json.loads(_in_child(content, None, "")))


def cell_of(content, text):
    """The place that 表1!C5 names in a workbook, as it is kept; FileProblem says why
    nothing can be filled in there."""
    text = text.replace("！", "!")
    name, row, column = _parsed(text)
    sheets = {sheet.name: sheet for sheet in read_workbook(io.BytesIO(content)).sheets}
    if name not in sheets:
        raise FileProblem(f"模板里没有叫“{name}”的表，有：{'、'.join(sheets)}。")
    if row >= 5000 or column >= 200:
        raise FileProblem(f"“{text[:40]}”太远，只能填前 5000 行、200 列。")
    if (row, column) in _formulas(content).get(name, ()):
        raise FileProblem(f"“{text[:40]}”里是公式，由 Excel 算，不能填数。")
    for (top, left), (bottom, right) in sheets[name].merged:
        inside = top <= row <= bottom and left <= column <= right
        if inside and (row, column) != (top, left):
            raise FileProblem(f"“{text[:40]}”在合并的格子里，请写它左上角的那一格。")
    return f"{name}!{text.rpartition('!')[2].strip().replace('$', '').upper()}"


def _parsed(text):
    match = _CELL.fullmatch(text.strip().replace("！", "!"))
    if not match:
        raise FileProblem(f"“{text[:40]}”不是单元格，请写成 表名!C5 这样。")
    row, column = package.place_of(match[2].upper() + match[3])
    return match[1].strip("'"), row, column


def pour(kind, content, values, *, note):
    """The template with the values in their places, as bytes.

    `values` is `{place: number, text, date, Rows or None}`, a place a name or a cell.
    Of Rows a sheet takes one, in a cell of its own; a document says how many they are.
    """
    if kind == "docx":
        texts = {name: in_words(value) for name, value in values.items()}
        return _in_child(content, texts, note)
    by_sheet = {}
    formulas = _formulas(content)
    for sheet, at, text in _texts(content):
        if at not in formulas.get(sheet, ()):
            by_sheet.setdefault(sheet, {})[at] = _poured(text, values)
    for place, value in values.items():
        if "!" in place:
            sheet, row, column = _parsed(place)
            by_sheet.setdefault(sheet, {})[row, column] = value
    fillings = [
        Cells(sheet, [(*at, "—" if v is None else v) for at, v in plain.items()])
        for sheet, cells in by_sheet.items()
        if (plain := {at: v for at, v in cells.items() if not isinstance(v, Rows)})
    ]
    # After the cells: what stands below a list goes down with what was put there.
    for sheet, cells in by_sheet.items():
        lists = [(at, v) for at, v in cells.items() if isinstance(v, Rows)]
        if len(lists) > 1:
            raise FileProblem(f"“{sheet}”里对了几份名单，一张表只能填一份。")
        fillings += [_listed(content, sheet, at, v, formulas) for at, v in lists]
    with fill(content, fillings, note=note) as file:
        return file.read()


def _listed(content, sheet, at, value, formulas):
    """Where the rows go: above the first row below their place that holds anything."""
    (row, column), width = at, max(map(len, value.rows), default=1)
    found = next(
        s for s in read_workbook(io.BytesIO(content)).sheets if s.name == sheet
    )
    held = {
        r for r, cells in enumerate(found.rows) if any(c is not None for c in cells)
    }
    held |= {r for r, _ in formulas.get(sheet, ())}
    below = [r for r in held if r > row]
    places = list(range(column, column + width))
    return Filling(sheet, row, places, value.rows, min(below, default=None))


def _poured(text, values):
    """A name alone in its cell becomes the value itself, so that it can be added up."""
    alone = PLACEHOLDER.fullmatch(text.strip())
    if alone:
        return values.get(alone[1], text)
    return PLACEHOLDER.sub(
        lambda match: in_words(values[match[1]]) if match[1] in values else match[0],
        text,
    )


def in_words(value):
    return "—" if value is None else str(value)


def _in_child(content, values, note):
    limits = Limits()
    head = {"bytes": len(content), "values": values, "note": note}
    try:
        child = subprocess.run(
            # Isolated, and without our environment: it holds the secrets.
            [sys.executable, "-I", _CHILD, json.dumps(limits.for_child())],
            input=json.dumps(head).encode() + b"\n" + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("Filling a document took more than %s s", limits.wall_seconds)
        raise FileProblem("填写用时太长，已停止。请稍后再试。") from None
    if child.returncode or not child.stdout:
        log.warning("Filling a document ended with code %s", child.returncode)
        raise FileProblem(_FAILED)
    return child.stdout
