"""What people type into cells, turned into values, or a sentence on how to type it.

Each function returns None or "" for an empty cell, a value for a good one, and raises
`CellProblem` for the rest. Nothing is guessed: 约3人 is no number, 12/11/2019 no date.
"""

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import NamedTuple

from tianshan.files.problems import CellProblem

# From here on a spreadsheet's number has lost its last digits.
_EXACT = 10**15
_MOST = 10**9

_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    r"\ufeff\ufffe\uffff\ud800-\udfff]"
)
_WHOLE = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?\s*(?:[人名位个家户层间楼])?")

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DATE_SHAPES = [
    # 2019-11-12, 2019.11.12, 2019/1/2, 2019-1, a time of day after the date or not
    re.compile(
        _YEAR + r"\s?(?P<mark>[-./、])\s?(?P<month>\d{1,2})"
        rf"(?:\s?(?P=mark)\s?(?P<day>\d{{1,2}}){_TIME})?"
    ),
    # 2018年1月25日, 2019年1月, 2019年
    re.compile(
        _YEAR + r"\s?年"
        r"(?:\s?(?P<month>\d{1,2})\s?月(?:份|\s?(?P<day>\d{1,2})\s?[日号]?)?)?"
    ),
    # 20190112, 201901, 2019
    _COMPACT := re.compile(_YEAR + r"(?:(?P<month>\d\d)(?P<day>\d\d)?)?"),
]
_EXCEL_BEGAN = date(1899, 12, 30)
_SERIALS = range(61, 73_415)  # 1 March 1900 to 31 December 2100
_HOW_DATES_LOOK = "请写成 2019-11-12 或 2019年11月 的样子。"


class Day(NamedTuple):
    """A date, and how much of it was said: of a month or year it is the first day."""

    date: date
    precision: str  # "day", "month" or "year"


def text_of(cell):
    """The cell as one line of text: half width, single blanks, no unseen characters.

    Numbers come without ".0"; one with more digits than a spreadsheet keeps is
    refused, because its end is lost.
    """
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case datetime():
            if cell.time() == datetime.min.time():
                return cell.date().isoformat()
            return cell.isoformat(" ", "seconds")
        case date():
            return cell.isoformat()
        case int():
            return str(cell)
        case float():
            return _text_of_number(cell)
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", str(cell)))
    return " ".join(text.split())


def shown(cell):
    """The cell as people see it in a list of problems: never refused."""
    try:
        return text_of(cell)
    except CellProblem:
        return f"{cell:.15g}"


def whole_number(cell):
    """The count in a cell: 4, 4.0, '４' and '4人' are 4, '约3人' is a problem."""
    if isinstance(cell, bool | date):
        raise CellProblem(f"“{text_of(cell)}”不是数字，请只填一个数，如 12。")
    if isinstance(cell, float):
        _check_finite(cell)
    if isinstance(cell, int | float):
        number = cell
    else:
        text = text_of(cell)
        if not text:
            return None
        if re.fullmatch(r"-\d+(\.\d+)?", text):
            number = float(text)
        else:
            found = _WHOLE.fullmatch(text)
            if not found:
                raise CellProblem(f"“{text}”不是整数，请只填一个数，如 12。")
            number = int(found[1].replace(",", ""))
    if number < 0:
        raise CellProblem(f"“{shown(cell)}”小于 0，请改成正确的数。")
    if number != int(number):
        raise CellProblem(f"“{shown(cell)}”不是整数，请只填一个整数，如 12。")
    if number > _MOST:
        raise CellProblem(f"“{shown(cell)}”太大，请检查是否填错了列。")
    return int(number)


def day_of(cell):
    """The date in a cell, typed as a date, as Excel's number or in words: a `Day`."""
    match cell:
        case None:
            return None
        case bool():
            raise CellProblem(f"“{text_of(cell)}”不是日期，{_HOW_DATES_LOOK}")
        case datetime():
            return Day(cell.date(), "day")
        case date():
            return Day(cell, "day")
        case int() | float():
            return _day_of_number(cell)
    text = text_of(cell)
    if not text:
        return None
    for shape in _DATE_SHAPES:
        if found := shape.fullmatch(text):
            return _day_of_parts(found)
    raise CellProblem(f"认不出日期“{text}”，{_HOW_DATES_LOOK}")


def _day_of_parts(found):
    """The day of a matched shape; what was left out says how precise it is."""
    text = found[0]
    year, month, day = (
        part and int(part) for part in found.group("year", "month", "day")
    )
    if month is None:
        return Day(date(year, 1, 1), "year")
    if not 1 <= month <= 12:
        raise CellProblem(f"“{text}”里的 {month} 月不存在，请改正。")
    if day is None:
        return Day(date(year, month, 1), "month")
    try:
        return Day(date(year, month, day), "day")
    except ValueError:
        raise CellProblem(
            f"“{text}”这一天不存在：{year} 年 {month} 月没有 {day} 日，请改正。"
        ) from None


def _day_of_number(number):
    text = _text_of_number(number)
    whole = int(number)
    if found := _COMPACT.fullmatch(text):
        return _day_of_parts(found)
    if number != whole and 1900 <= whole < 2100:
        if text == f"{whole}.1":
            # 2019.10 is kept as 2019.1 as well.
            raise CellProblem(
                f"“{text}”分不清是 1 月还是 10 月，请写成 {whole}-01 或 {whole}-10。"
            )
        if found := _DATE_SHAPES[0].fullmatch(text):
            return _day_of_parts(found)
    elif whole in _SERIALS:
        return Day(_EXCEL_BEGAN + timedelta(days=whole), "day")
    raise CellProblem(f"认不出日期“{text}”，{_HOW_DATES_LOOK}")


def _text_of_number(number):
    _check_finite(number)
    if abs(number) >= _EXACT:
        raise CellProblem(
            f"这个号码在表里存成了数字（{number:.15g}），末尾几位已经丢失。"
            "请先把单元格设为“文本”格式，再重新填写完整号码。"
        )
    return str(int(number)) if number == int(number) else f"{number:.15g}"


def _check_finite(number):
    if isinstance(number, float) and not math.isfinite(number):
        raise CellProblem("这一格不是有效的数字，请重新填写。")
