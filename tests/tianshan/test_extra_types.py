"""What extra fields hold: from a cell or a form to JSON, and back in words."""

import datetime as dt
from decimal import Decimal

import pytest

from tianshan.files import CellProblem
from tianshan.values import typed
from tianshan.values.extra import differences
from tianshan.values.models import ExtraField

Type = ExtraField.Type


def field(type, **more):
    choices = ["自有", "租赁"] if type == Type.CHOICE else []
    return ExtraField(pk=7, label="甲", type=type, choices=choices, **more)


@pytest.mark.parametrize(
    ("type", "cell", "stored"),
    [
        (Type.TEXT, "  金团  领航 ", "金团 领航"),
        (Type.TEXT, 12.0, "12"),
        (Type.WHOLE, "４人", 4),
        (Type.DECIMAL, "1,234.50", 1234.5),
        (Type.DECIMAL, 0.1, 0.1),
        (Type.DECIMAL, "-3", -3),
        (Type.DATE, "2019年11月12日", "2019-11-12"),
        (Type.DATE, dt.date(2019, 11, 12), "2019-11-12"),
        (Type.YES_NO, "有", True),
        (Type.YES_NO, False, False),
        (Type.CHOICE, "租赁", "租赁"),
    ],
)
def test_a_good_cell_is_stored_by_its_type(type, cell, stored):
    assert typed.read(field(type), cell) == stored


@pytest.mark.parametrize("type", Type)
def test_an_empty_cell_says_nothing(type):
    assert typed.read(field(type), None) is None
    assert typed.read(field(type), "  ") is None


@pytest.mark.parametrize(
    ("type", "cell"),
    [
        (Type.TEXT, "长" * 201),
        (Type.WHOLE, "约3人"),
        (Type.DECIMAL, "三块五"),
        (Type.DECIMAL, "10000000000"),
        (Type.DECIMAL, "NaN"),
        (Type.DATE, "2019年11月"),
        (Type.DATE, "2019-02-30"),
        (Type.YES_NO, "也许"),
        (Type.CHOICE, "借用"),
    ],
)
def test_a_bad_cell_is_refused_with_a_word(type, cell):
    with pytest.raises(CellProblem):
        typed.read(field(type), cell)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        (Type.TEXT, "金团", "金团"),
        (Type.WHOLE, "12", 12),
        (Type.DECIMAL, "0.0001", Decimal("0.0001")),
        (Type.DECIMAL, "999999999.9999", Decimal("999999999.9999")),
        (Type.DATE, "2019-11-12", dt.date(2019, 11, 12)),
        (Type.YES_NO, "False", False),
        (Type.CHOICE, "自有", "自有"),
    ],
)
def test_what_a_form_takes_comes_back_the_same(type, text, value):
    asked = field(type)
    cleaned = typed.form_field(asked).clean(text)
    assert cleaned == value
    extra = {asked.key: typed.stored(asked, cleaned)}
    assert typed.value_of(asked, extra) == value
    exported = typed.told(asked, value)
    assert typed.read(asked, exported) == extra[asked.key]


def test_no_is_an_answer_and_unanswered_is_none():
    asked = field(Type.YES_NO)
    assert typed.form_field(asked, required=False).clean("") is None
    assert typed.told(asked, False) == "否"
    assert typed.told(asked, None) == ""


def test_a_personal_answer_leaves_as_a_mask():
    asked = field(Type.TEXT, visibility=ExtraField.Visibility.PERSONAL)
    assert typed.told(asked, "沈女士") == "***"
    assert typed.told(asked, None) == ""
    assert typed.is_mask("***")
    assert not typed.is_mask("沈***")


def test_history_is_told_by_label_and_hides_what_is_personal(db):
    shown = ExtraField.objects.create(of="building", label="物业费", type=Type.DECIMAL)
    secret = ExtraField.objects.create(
        of="building",
        label="业主",
        type=Type.TEXT,
        visibility=ExtraField.Visibility.PERSONAL,
        active=False,
    )
    before = {shown.key: 3.5}
    after = {shown.key: 4, secret.key: "沈女士"}
    assert differences("building", before, after) == [
        ("物业费", 3.5, 4),
        ("业主", "", "***"),
    ]
