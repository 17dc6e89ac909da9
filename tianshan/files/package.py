"""Looking at a workbook's package before anything parses it.

The reader would allocate every cell up to the farthest one, follow any size that the
package claims, and die without an exception: so sizes, document types and cell
references are checked first, while the parts stream by.
"""

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tianshan.files.problems import FileProblem

MOST_NOTED = 20_000

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384  # of Excel itself
_SMALL = 10 * 1024**2
_CHUNK = 1 << 20
_OVERLAP = 4096

_DAMAGED = (
    "这个文件已损坏，打不开。请用 Excel 或 WPS 打开原文件，另存为新的 .xlsx 再上传。"
)
_PASSWORD = "这个文件有密码。请去掉密码，另存后再上传。"
_NOT_A_WORKBOOK = (
    "这不是 Excel 工作簿，也不是 CSV 表格。"
    "请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
)
_TOO_LARGE = (
    "这个文件展开后太大，没有读取。请只保留台账所在的工作表，"
    "删去图片和多余的空行，另存为新的 .xlsx 再上传。"
)

_NOT_A_DOCUMENT = "这不是 Word 文档。请用 Word 或 WPS 打开，另存为 .docx 再上传。"
_DAMAGED_DOCUMENT = (
    "这个文件已损坏，打不开。请用 Word 或 WPS 打开原文件，另存为新的 .docx 再上传。"
)

_PREFIX = rb"<(?:[A-Za-z_][\w.-]*:)?"
_REF = rb"""r\s*=\s*["']([A-Za-z]+)([0-9]+)["']"""
_CELL = re.compile(_PREFIX + rb"c\s(?:[^<>]*?\s)?" + _REF + rb"[^<>]*?(/?)>")
_FORMULA = re.compile(
    _PREFIX + rb"c\s(?:[^<>]*?\s)?" + _REF + rb"[^<>]*>\s*" + _PREFIX + rb"f[\s/>]"
)
_ERROR = re.compile(_PREFIX + rb"""c\s(?=[^<>]*\bt\s*=\s*["']e["'])[^<>]*?""" + _REF)
_ROW = re.compile(_PREFIX + rb"""row\s(?:[^<>]*?\s)?r\s*=\s*["']([0-9]+)["']""")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass
class SheetFacts:
    """Cells whose values are computed, and those whose values are errors."""

    formulas: dict[str, None] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)


@dataclass
class Facts:
    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def inspect(file, limits):
    """Check an .xlsx package; say what its reader will not tell."""
    try:
        with zipfile.ZipFile(file) as package:
            return _inspect(package, limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ElementTree.ParseError,
        EOFError,
        KeyError,
        NotImplementedError,
        OSError,
        UnicodeError,
        ValueError,
    ):
        raise FileProblem(_DAMAGED) from None


def inspect_old(file):
    """Check an OLE file: is it an .xls, or a locked .xlsx, or something else?"""
    content = file.read()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileProblem(_PASSWORD)
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise FileProblem(_NOT_A_WORKBOOK)


def place_of(ref):
    """Row and column of a reference like C12, counted from nought."""
    letters = ref.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(ref[len(letters) :]) - 1, column - 1


def inspect_document(file, limits):
    """Check a .docx package: its sizes, and that its parts are plain XML."""
    try:
        with zipfile.ZipFile(file) as package:
            names = {part.filename.lower(): part for part in package.infolist()}
            if "word/document.xml" not in names or "[content_types].xml" not in names:
                raise FileProblem(_NOT_A_DOCUMENT)
            _check_parts(package, names, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        raise FileProblem(_DAMAGED_DOCUMENT) from None


def _inspect(package, limits):
    names = {part.filename.lower(): part for part in package.infolist()}
    _check_kind(names)
    _check_parts(package, names, limits)

    facts, cells = Facts(), 0
    for sheet, part in _sheets(package, names):
        facts.sheets[sheet], reached = _look_through(package, part, sheet, limits)
        cells += reached
    if cells > limits.cells:
        raise FileProblem(_TOO_LARGE)
    if any(name.endswith("vbaproject.bin") for name in names):
        facts.notes.append("文件里有宏，系统不运行宏，只读取表格内容。")
    return facts


def _check_parts(package, names, limits):
    parts = package.infolist()
    if any(part.flag_bits & 0x1 for part in parts):
        raise FileProblem(_PASSWORD)
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    if (
        len(parts) > limits.parts
        or unpacked > limits.unpacked_bytes
        or (unpacked > _SMALL and unpacked / packed > limits.ratio)
    ):
        raise FileProblem(_TOO_LARGE)

    # Document types first: what follows parses XML.
    for name, part in names.items():
        if name.endswith((".xml", ".rels", ".vml")):
            _check_text(package, part)


def _check_kind(names):
    if "[content_types].xml" in names and "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        raise FileProblem("不能读取 .xlsb 文件。请另存为 .xlsx 再上传。")
    if "mimetype" in names and "content.xml" in names:
        raise FileProblem("不能读取 .ods 文件。请另存为 .xlsx 再上传。")
    if "[content_types].xml" in names or "word/document.xml" in names:
        raise FileProblem(_NOT_A_WORKBOOK)
    raise FileProblem("这是一个压缩包，不是工作簿。请先解压，再上传里面的表格。")


def _chunks(package, part):
    """The part's bytes, each chunk with the end of the one before in front."""
    tail = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            chunk = tail + chunk
            yield chunk
            tail = chunk[-_OVERLAP:]


def _check_text(package, part):
    """UTF-8 without a document type: what no spreadsheet program ever writes else."""
    for chunk in _chunks(package, part):
        if b"\x00" in chunk or _DOCTYPE.search(chunk):
            raise FileProblem(_DAMAGED)


def _sheets(package, names):
    """(sheet's name, its part) of every sheet that the workbook lists."""
    workbook = _tree(package, names["xl/workbook.xml"])
    links = _tree(package, names["xl/_rels/workbook.xml.rels"])
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in workbook.iter():
        if _local(sheet.tag) != "sheet":
            continue
        link = next(
            (value for key, value in sheet.items() if key.endswith("}id")), None
        )
        target = targets.get(link, "").lower()
        path = target[1:] if target.startswith("/") else f"xl/{target}"
        if path in names:
            yield sheet.get("name", ""), names[path]


def _tree(package, part):
    if part.file_size > _SMALL:
        raise FileProblem(_TOO_LARGE)
    # Harmless without document types, which were refused before.
    return ElementTree.fromstring(package.read(part))  # noqa: S314


def _local(tag):
    return tag.rpartition("}")[2]


def _look_through(package, part, sheet, limits):
    """The facts of one sheet, and how many cells its reader would make room for."""
    facts, height, width = SheetFacts(), 0, 0
    for chunk in _chunks(package, part):
        cells = _CELL.findall(chunk)
        rows = {row for _, row, _ in cells} | set(_ROW.findall(chunk))
        columns = {column for column, _, _ in cells}
        if _largest_row(rows) > _LAST_ROW or _largest_column(columns) > _LAST_COLUMN:
            raise FileProblem(_DAMAGED)
        # Formatted but empty cells far out are common, and the reader passes them.
        height = max(height, _largest_row({r for _, r, empty in cells if not empty}))
        width = max(width, _largest_column({c for c, _, empty in cells if not empty}))
        if b"<f" in chunk or b":f" in chunk:
            _note(facts.formulas, _FORMULA.findall(chunk))
        if b'"e"' in chunk or b"'e'" in chunk:
            _note(facts.errors, _ERROR.findall(chunk))
    if height > limits.rows or width > limits.columns:
        raise FileProblem(
            f"工作表“{sheet}”太大：最多读 {limits.rows} 行、{limits.columns} 列，"
            f"它用到了第 {height} 行、第 {width} 列。"
            "请删除右侧和下方多余的内容，或拆成几个文件。"
        )
    return facts, height * width


def _note(refs, found):
    for column, row in found:
        if len(refs) >= MOST_NOTED:
            return
        refs[(column + row).decode().upper()] = None


def _largest_row(rows):
    rows = {row.lstrip(b"0") for row in rows}
    longest = max(rows, key=lambda row: (len(row), row), default=b"")
    # Numbers of hundreds of digits are refused, not converted.
    return int(longest or b"0") if len(longest) < 12 else _LAST_ROW + 1


def _largest_column(columns):
    if not columns:
        return 0
    longest = max(columns, key=lambda letters: (len(letters), letters.upper()))
    if len(longest) > 3:
        return _LAST_COLUMN + 1
    return place_of(longest.decode() + "1")[1] + 1
