"""Documents that the portal hands out as .docx, laid out after GB/T 9704.

A document is described in plain values and written by a child process, which has
neither the portal's memory nor its environment (`document_child`).
"""

import json
import logging
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tianshan.files.limits import Limits
from tianshan.files.problems import FileProblem

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CHILD = Path(__file__).with_name("document_child.py")


@dataclass(frozen=True)
class Table:
    """Cells as text; the widths of the columns in millimetres, 156 in all."""

    head: list
    rows: list
    widths: list


@dataclass(frozen=True)
class Part:
    """A heading with paragraphs below it, and perhaps a table."""

    heading: str
    paragraphs: list = field(default_factory=list)
    table: Table | None = None


@dataclass(frozen=True)
class Document:
    title: str
    subtitle: str
    parts: list
    ending: str  # the line at the right below all: a date


@dataclass(frozen=True)
class MinutesPaper:
    """会议纪要 in the order of GB/T 9704-2012, 10.3; without a mark it is plain."""

    title: str
    subtitle: str  # （草稿）, or nothing
    blocks: list  # [[h1 | h2 | p, text]]
    sign: list  # who and when, at the right below the text
    attendance: list  # [[出席, text], …]
    mark: str = ""  # the red head: 第三网格党建联席会纪要
    reference: str = ""  # 〔2026〕第3期
    issuer: str = ""
    dated: str = ""
    foot: list = field(default_factory=list)  # 版记: [text, [left, right]]
    layout: str = "minutes"


def docx(document, limits=Limits()):  # noqa: B008  frozen
    """The bytes of a Document or MinutesPaper; FileProblem when the child did not come
    to its end.
    """
    description = json.dumps(_clean(asdict(document))).encode()
    try:
        child = subprocess.run(
            # Isolated, and without our environment: it holds the secrets.
            [sys.executable, "-I", _CHILD, json.dumps(limits.for_child())],
            input=description,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("Writing a document took more than %s s", limits.wall_seconds)
        raise FileProblem("生成文档用时太长，已停止。请稍后再试。") from None
    if child.returncode or not child.stdout.startswith(b"PK"):
        log.warning("Writing a document ended with code %s", child.returncode)
        raise FileProblem("文档没有生成，请稍后再试；还不行请告诉系统管理员。")
    return child.stdout


def _clean(value):
    """Without the characters that XML cannot hold."""
    if isinstance(value, str):
        return "".join(char for char in value if char in "\t\n" or char.isprintable())
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
