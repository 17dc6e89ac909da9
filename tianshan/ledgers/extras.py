"""Extra fields as columns and filters of a ledger."""

import django_filters
from django.db.models import (
    BigIntegerField,
    Case,
    DecimalField,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.forms import CheckboxSelectMultiple
from django_filters.widgets import DateRangeWidget, RangeWidget

from tianshan.ledgers.in_sql import Label, as_day
from tianshan.ledgers.ledger import Column
from tianshan.values import typed
from tianshan.values.models import ExtraField

Type = ExtraField.Type


def columns(fields):
    return [_column(field) for field in fields]


def _column(field):
    return Column(
        field.key,
        field.label,
        lambda row: typed.told(field, typed.value_of(field, row.extra)),
        number=field.type in (Type.WHOLE, Type.DECIMAL),
        sort=(f"extra__{field.key}",) if typed.sortable(field) else (),
        shown=False,
        masked="全部隐去" if field.personal else "",
        sql=_in_sql(field),
        read=_READERS.get(field.type) if not field.personal else None,
    )


def _in_sql(field):
    answer = KT(f"extra__{field.key}")
    if field.personal:
        answered = {"extra__has_key": field.key}
        return Case(When(**answered, then=Value(typed.MASK)), output_field=TextField())
    if field.type == Type.YES_NO:
        return Label(answer, [("true", typed.YES), ("false", typed.NO)])
    if field.type == Type.WHOLE:
        return Cast(answer, BigIntegerField())
    if field.type == Type.DECIMAL:
        return Cast(answer, DecimalField())
    return answer


_READERS = {Type.DATE: as_day}


def filters(fields):
    """`{key: filter}` of the fields that can be chosen by; text is for the search box."""
    made = {field.key: _filter(field) for field in fields if not field.personal}
    return {key: each for key, each in made.items() if each is not None}


def _filter(field):
    name = f"extra__{field.key}"
    if field.type == Type.CHOICE:
        return django_filters.MultipleChoiceFilter(
            label=field.label,
            field_name=name,
            choices=[(word, word) for word in field.choices],
            widget=CheckboxSelectMultiple,
        )
    if field.type == Type.YES_NO:
        return django_filters.ChoiceFilter(
            label=field.label,
            choices=[("True", typed.YES), ("False", typed.NO)],
            empty_label="全部",
            method=lambda rows, _, value: rows.filter(**{name: value == "True"}),
        )
    if field.type == Type.DATE:
        return django_filters.DateFromToRangeFilter(
            label=field.label, widget=DayRange, method=_between(name, _as_date)
        )
    if field.type in (Type.WHOLE, Type.DECIMAL):
        return django_filters.RangeFilter(
            label=field.label, widget=NumberRange, method=_between(name, float)
        )
    return None


def _between(name, plain):
    def narrow(rows, _, ends):
        if ends.start is not None:
            rows = rows.filter(**{f"{name}__gte": plain(ends.start)})
        if ends.stop is not None:
            rows = rows.filter(**{f"{name}__lte": plain(ends.stop)})
        return rows

    return narrow


def _as_date(moment):
    return moment.date().isoformat()


class DayRange(DateRangeWidget):
    def __init__(self, attrs=None):
        super().__init__(attrs)
        for widget in self.widgets:
            widget.input_type = "date"


class NumberRange(RangeWidget):
    open_ends = ("不限", "不限")

    def __init__(self, attrs=None):
        super().__init__({"inputmode": "decimal", **(attrs or {})})
