"""What an extra field holds: typed, checked, stored and said in one place.

Stored in JSON: text and choices as they are, numbers as numbers, dates as
YYYY-MM-DD, yes and no as booleans; an empty answer is not stored at all.
"""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from django import forms

from tianshan.files import CellProblem
from tianshan.files.cells import day_of, text_of, whole_number
from tianshan.values.models import ExtraField

Type = ExtraField.Type
LONGEST = 200
MOST = 10**9
PLACES = 4
# What stands for a personal answer in lists and exports, whatever it says.
MASK = "***"
YES, NO = "是", "否"
_WORDS = {
    **dict.fromkeys((YES, "有", "√", "Y", "y"), True),
    **dict.fromkeys((NO, "无", "×", "N", "n"), False),
}
_DECIMAL = re.compile(r"-?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")


def value_of(field, extra):
    """The answer in a row's `extra`, as a Python value; None when there is none."""
    stored = extra.get(field.key)
    if stored is None:
        return None
    if field.type == Type.DATE:
        return dt.date.fromisoformat(stored)
    if field.type == Type.DECIMAL:
        return Decimal(str(stored))
    return stored


def stored(field, value):
    """How a checked value is kept in JSON; None is not kept."""
    if value is None or value == "":
        return None
    if field.type == Type.DATE:
        return value.isoformat()
    if field.type == Type.DECIMAL:
        # At most 13 digits, so that the float gives back the very same decimal.
        return int(value) if value == int(value) else float(value)
    return value


def told(field, value):
    """The value as ledger cells and exports hold it; a personal one as its mask."""
    if value is None:
        return "" if field.type not in (Type.WHOLE, Type.DECIMAL) else None
    if field.personal:
        return MASK
    return in_full(field, value)


def in_full(field, value):
    """The value as a page says it to whoever may see it."""
    if value is None:
        return ""
    if field.type == Type.YES_NO:
        return YES if value else NO
    if field.type == Type.DECIMAL:
        return int(value) if value == int(value) else float(value)
    return value


def is_mask(cell):
    """Does a cell hold a mask under which an answer was exported?"""
    return bool(re.fullmatch(r"\*{2,}", text_of(cell)))


# --- cells of a file ---------------------------------------------------------------


def read(field, cell):
    """What a cell of a file says, as it is stored; raises CellProblem in words."""
    if not text_of(cell):
        return None
    return stored(field, READERS[field.type](field, cell))


def _text(field, cell):
    text = text_of(cell)
    if len(text) > LONGEST:
        raise CellProblem(f"内容太长，请缩短到 {LONGEST} 个字以内。")
    return text


def _whole(field, cell):
    return whole_number(cell)


def _decimal(field, cell):
    text = text_of(cell)
    if not _DECIMAL.fullmatch(text):
        raise CellProblem(f"“{text}”不是数，请只填一个数，如 12.5。")
    number = round(Decimal(text.replace(",", "")), PLACES)
    if abs(number) > MOST:
        raise CellProblem(f"“{text}”太大，请检查是否填错了列。")
    return number


def _date(field, cell):
    day = day_of(cell)
    if day.precision != "day":
        raise CellProblem("请写明是哪一天，如 2019-11-12。")
    return day.date


def _yes_no(field, cell):
    text = text_of(cell)
    if text not in _WORDS:
        raise CellProblem(f"认不出“{text}”，请写“是”或“否”。")
    return _WORDS[text]


def _choice(field, cell):
    text = text_of(cell)
    if text not in field.choices:
        raise CellProblem(f"认不出“{text}”，请写成：{'、'.join(field.choices)}。")
    return text


READERS = {
    Type.TEXT: _text,
    Type.WHOLE: _whole,
    Type.DECIMAL: _decimal,
    Type.DATE: _date,
    Type.YES_NO: _yes_no,
    Type.CHOICE: _choice,
}


# --- forms -------------------------------------------------------------------------


def form_field(field, *, required=None):
    """The field of a form in which the answer is entered."""
    words = {
        "label": field.label,
        "help_text": field.help,
        "required": field.required if required is None else required,
    }
    if field.type == Type.WHOLE:
        return forms.IntegerField(min_value=0, max_value=MOST, **words)
    if field.type == Type.DECIMAL:
        return forms.DecimalField(
            min_value=-MOST, max_value=MOST, decimal_places=PLACES, **words
        )
    if field.type == Type.DATE:
        return DayField(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **words
        )
    if field.type == Type.YES_NO:
        return forms.TypedChoiceField(
            choices=[("", "未填"), ("True", YES), ("False", NO)],
            coerce=lambda text: text == "True",
            empty_value=None,
            **words,
        )
    if field.type == Type.CHOICE:
        return forms.ChoiceField(
            choices=[("", "未填"), *((word, word) for word in field.choices)], **words
        )
    return forms.CharField(max_length=LONGEST, **words)


class DayField(forms.DateField):
    def clean(self, value):
        day = super().clean(value)
        if day and not 1900 <= day.year <= 2100:
            raise forms.ValidationError("年份要在 1900 到 2100 之间。")
        return day


def sortable(field):
    """Are its answers kept so that the database orders them as people do?"""
    return field.type in (Type.WHOLE, Type.DECIMAL, Type.DATE) and not field.personal


def number_of(text):
    """A decimal in a query, or None."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
