"""What people type into cells, and the sentence when it cannot be understood."""

import math
from datetime import date, datetime

import pytest

from tianshan.files.cells import Day, day_of, shown, text_of, whole_number
from tianshan.files.problems import CellProblem


def problem(read, cell):
    with pytest.raises(CellProblem) as refused:
        read(cell)
    return str(refused.value)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("", ""),
        (4, "4"),
        (4.0, "4"),
        (0.1 + 0.2, "0.3"),
        (13800138000.0, "13800138000"),
        ("９２３１０１０５ＭＡ", "92310105MA"),
        ("  天山　 茶\n城 ", "天山 茶 城"),
        ("天\x00山\ud800茶\u200b城\ufeff", "天山茶城"),
        ("第１层（东）", "第1层(东)"),
        (True, "是"),
        (date(2019, 1, 2), "2019-01-02"),
        (datetime(2019, 1, 2), "2019-01-02"),
        (datetime(2019, 1, 2, 9, 30), "2019-01-02 09:30:00"),
    ],
)
def test_text_is_one_clean_line(cell, text):
    assert text_of(cell) == text


def test_a_long_code_that_became_a_number_is_refused_because_its_end_is_lost():
    assert text_of(99999999999999.0) == "99999999999999"
    assert "末尾几位已经丢失" in problem(text_of, 3.10105199001011e17)
    assert shown(3.10105199001011e17) == "3.10105199001011e+17"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("read", [text_of, whole_number, day_of])
def test_what_is_not_a_number_is_refused_everywhere(read, number):
    assert "不是有效的数字" in problem(read, number)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (None, None),
        ("", None),
        (" ", None),
        (0, 0),
        (4, 4),
        (4.0, 4),
        ("4", 4),
        ("4.0", 4),
        ("４", 4),
        ("4人", 4),
        ("4 人", 4),
        ("４名", 4),
        ("1,200", 1200),
        ("１，２００人", 1200),
    ],
)
def test_whole_numbers_are_read_as_they_are_typed(cell, number):
    assert whole_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("约3人", "“约3人”不是整数"),
        ("3-5", "“3-5”不是整数"),
        ("三人", "“三人”不是整数"),
        ("10+", "“10+”不是整数"),
        ("1,20", "“1,20”不是整数"),
        (3.5, "“3.5”不是整数"),
        ("3.5", "“3.5”不是整数"),
        (-2, "小于 0"),
        ("-2", "小于 0"),
        (True, "不是数字"),
        (date(2019, 1, 2), "不是数字"),
        (19900000001.0, "太大"),
        (1e30, "太大"),
    ],
)
def test_what_is_no_whole_number_is_told(cell, message):
    assert message in problem(whole_number, cell)


@pytest.mark.parametrize(
    ("cell", "day", "precision"),
    [
        (date(2019, 11, 12), date(2019, 11, 12), "day"),
        (datetime(2019, 11, 12, 8), date(2019, 11, 12), "day"),
        ("2019.11.12", date(2019, 11, 12), "day"),
        ("2019-11-12", date(2019, 11, 12), "day"),
        ("2019-11-12 00:00:00", date(2019, 11, 12), "day"),
        ("2019/1/2", date(2019, 1, 2), "day"),
        ("2019、1、2", date(2019, 1, 2), "day"),
        ("2018年1月25日", date(2018, 1, 25), "day"),
        ("2018年1月25号", date(2018, 1, 25), "day"),
        ("２０１８年１月２５日", date(2018, 1, 25), "day"),
        ("20190112", date(2019, 1, 12), "day"),
        (20190112, date(2019, 1, 12), "day"),
        (20190112.0, date(2019, 1, 12), "day"),
        ("2020-02-29", date(2020, 2, 29), "day"),
        (43500, date(2019, 2, 4), "day"),
        (43500.75, date(2019, 2, 4), "day"),
        ("2019年1月", date(2019, 1, 1), "month"),
        ("2019年11月份", date(2019, 11, 1), "month"),
        ("2019.1", date(2019, 1, 1), "month"),
        ("2019-11", date(2019, 11, 1), "month"),
        (2019.11, date(2019, 11, 1), "month"),
        (2019.2, date(2019, 2, 1), "month"),
        ("201911", date(2019, 11, 1), "month"),
        ("2019", date(2019, 1, 1), "year"),
        ("2019年", date(2019, 1, 1), "year"),
        (2019.0, date(2019, 1, 1), "year"),
    ],
)
def test_dates_are_read_in_the_ways_that_people_type_them(cell, day, precision):
    assert day_of(cell) == Day(day, precision)


def test_an_empty_cell_is_no_date():
    assert day_of(None) is None
    assert day_of(" ") is None


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("2019年2月30日", "2019 年 2 月没有 30 日"),
        ("2019-02-29", "2019 年 2 月没有 29 日"),
        ("20190431", "2019 年 4 月没有 31 日"),
        ("2019-13", "13 月不存在"),
        ("2019年0月", "0 月不存在"),
        (2019.1, "2019-01 或 2019-10"),
        ("12/11/2019", "认不出日期“12/11/2019”"),
        ("19.11.12", "认不出日期"),
        ("2019-11.12", "认不出日期"),
        ("去年", "认不出日期“去年”"),
        (5, "认不出日期“5”"),
        (-3.0, "认不出日期"),
        (99999, "认不出日期"),
        (1e300, "末尾几位已经丢失"),
        (True, "不是日期"),
    ],
)
def test_what_is_no_date_is_told_with_what_to_do(cell, message):
    assert message in problem(day_of, cell)
