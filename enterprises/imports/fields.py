"""What the cells of a row mean: values, and problems in words.

A bad cell is left out and listed with what to do; its row is still written.
"""

import re
from functools import partial

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as BadNumber

from enterprises.imports.kinds import BUSINESS_KINDS
from enterprises.imports.recognise import NOTICE, WARNING
from enterprises.models import Business
from grids.models import Building
from tianshan.files import CellProblem
from tianshan.files.cells import day_of, shown, text_of, whole_number
from tianshan.values import typed
from tianshan.values.extra import fields_of, is_key

STATES = {
    "在营": Business.State.OPERATING,
    "正常": Business.State.OPERATING,
    "存续": Business.State.OPERATING,
    "停业": Business.State.SUSPENDED,
    "歇业": Business.State.SUSPENDED,
    "迁出": Business.State.MOVED,
    "搬离": Business.State.MOVED,
    "注销": Business.State.CLOSED,
    "关闭": Business.State.CLOSED,
    "吊销": Business.State.CLOSED,
}
MODES = {label: value for value, label in Business.ReportedMode.choices}
BUILDING_KINDS = {label: value for value, label in Building.Kind.choices}
ABOUT = re.compile(r"(?:约|大约|大概|近)?\s*(\d{1,6})\s*[人名位]?\s*(?:左右|上下)?")
MOBILE = re.compile(r"1[3-9]\d{9}")
LANDLINE = re.compile(r"(010|02\d|0[3-9]\d\d)-?(\d{7,8})(?:-(\d{1,5}))?")
MASKED = re.compile(r"[\d-]*\*+\d*")
FLOORS_AT_MOST = 200
LONGEST_ALIAS = Building._meta.get_field("aliases").base_field.max_length
WITHOUT_CODE = "没有统一代码，按名称、楼宇和室号铺位比对；有执照的请补上。"


def read_business(row, job):
    read_identity(row)
    take(row, "trade", short(60))
    _take_count(row, "staff_count")
    take(row, "contact_name", short(40))
    take(row, "contact_phone", _phone)
    _take_founded(row, job.today)
    take(row, "reported_mode", one_of(MODES))
    _take_count(row, "members_count")
    take(row, "uncovered_reason", short(120))
    take(row, "cover_planned_on", _planned)
    take(row, "state", one_of(STATES))
    take(row, "note", short(400))
    take(row, "kind", one_of(BUSINESS_KINDS))
    if "kind" not in row.values:
        row.values["kind"] = row.table.kind or _likely_kind(row.values)
    read_extra(row, "business", row.values["kind"])
    has_licence = row.values["kind"] in (
        Business.Kind.ENTERPRISE,
        Business.Kind.MERCHANT,
    )
    if row.name and has_licence and not shown(row.cell("code")):
        row.problem("code", WITHOUT_CODE, NOTICE)


def _planned(cell):
    day = day_of(cell)
    return day and day.date


def read_identity(row):
    """What says which business a row means."""
    take(row, "name", short(120))
    take(row, "code", code_of)
    take(row, "building", short(80))
    take(row, "room", short(40))


def read_building(row, job):
    take(row, "name", short(80))
    take(row, "address", short(120))
    take(row, "kind", one_of(BUILDING_KINDS))
    take(row, "floors", _floors)
    take(row, "aliases", _aliases)
    read_extra(row, "building")


def read_extra(row, of, kind=None):
    """The answers to extra fields, as they are stored; an exported mask is passed on."""
    for field in fields_of(of):
        if not field.asks(kind):
            if shown(row.cell(field.key)):
                row.problem(field.key, f"这一类没有“{field}”这一项，没有写入。", NOTICE)
            continue
        take(row, field.key, partial(_answer, field))
        asked = field.required and field.key in row.table.columns
        if asked and not shown(row.cell(field.key)):
            row.problem(field.key, f"“{field}”是必填的，请补上。", WARNING)


def _answer(field, cell):
    if field.personal and typed.is_mask(cell):
        return typed.MASK
    return typed.read(field, cell)


def answers_of(row):
    """`{key: answer}` of the extra fields in a row's values."""
    return {name: v for name, v in row.values.items() if is_key(name)}


def take(row, name, read):
    """Read one cell into `row.values`; a bad one is listed and left out."""
    cell = row.cell(name)
    if cell is None:
        return
    try:
        value = read(cell)
    except CellProblem as problem:
        row.problem(name, str(problem))
    else:
        if value is False or value not in (None, "", []):
            row.values[name] = value


def short(most):
    """Text of so many characters at most."""

    def read(cell):
        text = text_of(cell)
        if len(text) > most:
            raise CellProblem(f"内容太长，请缩短到 {most} 个字以内。")
        return text

    return read


def one_of(words):
    """One of the words, as what it stands for."""

    def read(cell):
        text = text_of(cell)
        if text and text not in words:
            raise CellProblem(f"认不出“{text}”，请写成：{'、'.join(words)}。")
        return words.get(text)

    return read


def code_of(cell):
    text = re.sub(r"[\s-]", "", text_of(cell)).upper()
    if not text:
        return None
    if len(text) != 18:
        raise CellProblem(f"统一代码应为 18 位，现有 {len(text)} 位，请对照执照核对。")
    try:
        return uscc.validate(text)
    except InvalidChecksum:
        raise CellProblem("统一代码的校验位不对，请对照执照核对。") from None
    except BadNumber:
        raise CellProblem(
            "统一代码里有不该有的字符（如字母 O、I），请对照执照核对。"
        ) from None


def _phone(cell):
    """A number as it is dialled; an exported mask is passed on to be compared."""
    text = re.sub(r"[\s()]", "", text_of(cell))
    text = re.sub(r"[—–−]", "-", text).removesuffix(".0")
    if not text or MASKED.fullmatch(text):
        return text[:20]
    text = re.sub(r"^(\+?86-?)(?=1\d{2}|0)", "", text)
    digits = text.replace("-", "")
    if MOBILE.fullmatch(digits):
        return digits
    if landline := LANDLINE.fullmatch(text):
        return "-".join(filter(None, landline.groups()))
    raise CellProblem(
        "电话不对，请写 11 位手机号，或带区号的固定电话（如 021-55500000）。"
    )


def _take_count(row, name):
    """A whole number of people; 约3人 is taken as 3, and said so."""
    cell = row.cell(name)
    try:
        value = whole_number(cell)
    except CellProblem as problem:
        about = ABOUT.fullmatch(shown(cell))
        if not about:
            row.problem(name, str(problem))
            return
        value = int(about[1])
        row.problem(name, f"写的是约数，先按 {value} 记，请核实。", WARNING)
    if value is not None:
        row.values[name] = value


def _take_founded(row, today):
    try:
        day = day_of(row.cell("founded_on"))
    except CellProblem as problem:
        row.problem("founded_on", str(problem))
        return
    if day is None:
        return
    if day.date > today:
        row.problem("founded_on", "成立日期在将来，请核对。")
        return
    row.values["founded_on"] = day.date
    row.values["founded_precision"] = day.precision


def _likely_kind(values):
    """By code (92… is a sole trader's), else by what a name ends in."""
    if code := values.get("code"):
        is_enterprise = not code.startswith("92")
    else:
        is_enterprise = values.get("name", "").endswith(("公司", "集团", "事务所"))
    return Business.Kind.ENTERPRISE if is_enterprise else Business.Kind.MERCHANT


def _floors(cell):
    floors = whole_number(cell)
    if floors is not None and floors > FLOORS_AT_MOST:
        raise CellProblem(f"“{floors}”层太高，请检查是否填错了列。")
    return floors


def _aliases(cell):
    names = re.split(r"[、,，;；/]", text_of(cell))
    names = [name.strip() for name in names if name.strip()]
    if any(len(name) > LONGEST_ALIAS for name in names):
        raise CellProblem(
            f"有一个俗称太长，请缩短到 {LONGEST_ALIAS} 个字以内，几个俗称用顿号分开。"
        )
    return names
