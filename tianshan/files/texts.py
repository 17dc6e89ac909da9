"""Text tables: CSV and its relatives, in the encodings that Chinese offices use."""

import csv
import re
from collections import Counter
from io import StringIO

from tianshan.files.formulas import denature
from tianshan.files.problems import FileProblem

_DELIMITERS = (",", "\t", ";", "|", "，")
_SAMPLE_ROWS = 200

_NOT_A_TABLE = (
    "没有在这个文件里认出表格。请上传 .xlsx 工作簿，或每行一条、用逗号分隔的 CSV 文件。"
)
_NOT_TEXT = (
    "这不是 Excel 工作簿，也不是 CSV 表格。"
    "请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
)
_WEB_PAGE = (
    "这是网页或 XML 格式的表格，只是名字像 Excel。"
    "请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
)
# ="0123" is how other programs keep Excel from turning a code into a number.
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')


def read(content, limits):
    """The rows of a text table, and notes; FileProblem when it is none."""
    text, notes = _decoded(content)
    if text.lstrip()[:1] == "<":
        raise FileProblem(_WEB_PAGE)
    if not text.strip():
        raise FileProblem("这个文件是空的，请检查后重新选择文件。")
    rows = _parsed(text, _delimiter(text), limits)
    while rows and not any(rows[-1]):
        rows.pop()
    return rows, notes


def _decoded(content):
    """By content alone: a mark, else UTF-8, else what Excel and WPS write in China."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            candidates, content = [encoding], content[len(mark) :]
            break
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            notes = []
            if encoding == "gb18030":
                notes.append("文件按国标编码（GBK）读取；若有乱码，请另存为 .xlsx。")
            return text, notes
    raise FileProblem(_NOT_TEXT)


def _is_text(text):
    return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)


def _delimiter(text):
    """The mark that cuts the text into a table: the one that cuts it most evenly."""
    best, best_score = None, 0
    for delimiter in _DELIMITERS:
        widths = Counter()
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        try:
            for _, row in zip(range(_SAMPLE_ROWS), reader, strict=False):
                if any(row):
                    widths[len(row)] += 1
        except csv.Error:
            continue
        width, rows = max(
            ((width, rows) for width, rows in widths.items() if width > 1),
            key=lambda pair: pair[0] * pair[1],
            default=(0, 0),
        )
        if rows * 2 >= widths.total() and width * rows > best_score:
            best, best_score = delimiter, width * rows
    if best is None:
        raise FileProblem(_NOT_A_TABLE)
    return best


def _parsed(text, delimiter, limits):
    _check_quotes(text, delimiter)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    rows, width = [], 0
    try:
        for row in reader:
            rows.append(tuple(map(_cell, row)))
            width = max(width, len(row))
            if (
                len(rows) > limits.rows
                or width > limits.columns
                or len(rows) * width > limits.cells
            ):
                raise FileProblem(
                    f"这个表格太大：最多读 {limits.rows} 行、{limits.columns} 列。"
                    "请拆成几个文件分别上传。"
                )
    except csv.Error:
        raise FileProblem(
            f"第 {reader.line_num} 行读不出来：有一格太长或格式不对。请改正后再上传。"
        ) from None
    blank = (None,) * width
    return [row + blank[len(row) :] for row in rows]


def _check_quotes(text, delimiter):
    """A quotation mark that is never closed would swallow all rows after it."""
    last = "\x1e"
    reader = csv.reader(StringIO(f"{text}\n{last}", newline=""), delimiter=delimiter)
    before = begins = 1
    row = []
    while row != [last]:
        before, begins = begins, reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            raise FileProblem(
                f"第 {before} 行起有一个英文双引号没有配对，它后面的内容会连成一格。"
                "请改正后再上传。"
            ) from None
        except csv.Error:
            return  # told with its line by the reading itself


def _cell(text):
    if kept := _KEPT_AS_TEXT.fullmatch(text):
        return kept[1] or None
    return denature(text) or None
