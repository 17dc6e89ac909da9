"""What audit lines say, in the words of those who read them: no keys, no lists as a
program writes them."""

import re
from functools import cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from accounts.rights import WORDS
from tianshan.audit.verbs import KEYS, VERBS
from tianshan.ledgers import LEDGERS

# What a ledger may be asked for beside its own filters.
ASKED = {
    "q": "搜索",
    "on": "看哪一天",
    "sort": "排序",
    "columns": "列",
    "figure": "指标",
    "grid": "网格",
    "start": "起",
    "end": "止",
    "view": "视图",
    "ids": "选定的行",
    "check": "核对项",
    "batch": "导入批次",
    "wrote": "导入写入",
}
WHY_REFUSED = {"right": "岗位没有这项权限", "row": "看不到这一条"}
KEY = re.compile(r"[a-z][a-z0-9_]*")
OF_ACCOUNTS = {"user", "helper"}  # keys of accounts


def model_of(line):
    """The model of the row that an audit line is about; None when it is gone."""
    try:
        return apps.get_model(line.subject)
    except (LookupError, ValueError):  # of a room that is gone; no model's name at all
        return None


def subject_of(line):
    model = model_of(line)
    name = model._meta.verbose_name if model else line.subject
    return f"{name} {line.subject_id}"


def field_of(reading):
    return _label(reading.field, model_of(reading), None)


def in_words(entry):
    """An act as people say it: its name, its object, what it says of itself."""
    model, ledger = model_of(entry), LEDGERS.get(str(entry.data.get("ledger", "")))
    return {
        "entry": entry,
        "act": VERBS.get(entry.verb, entry.verb),
        "subject": subject_of(entry),
        "data": [
            (KEYS.get(key, key), _said(key, value, model, ledger))
            for key, value in _shown(entry)
        ],
    }


def _shown(entry):
    """Pairs of key and value; of a refused act the reader needs no name of the code."""
    if entry.verb != "act.refused":
        return entry.data.items()
    if "act" not in entry.data:
        return [("address", "这一小时里更多的地址"), *entry.data.items()]
    said = entry.data | {"why": WHY_REFUSED[entry.data["why"]]}
    order = ("address", "number", "why", "needs", "times")
    return [(key, said[key]) for key in order if key in said]


def _said(key, value, model, ledger):
    if isinstance(value, bool):
        return "是" if value else "否"
    if value is None or value == "" or value == []:
        return "无"
    if isinstance(value, dict):
        return "、".join(_change(each, pair, model) for each, pair in value.items())
    if isinstance(value, list):
        return "、".join(str(_one(key, each, model, ledger)) for each in value)
    if key in OF_ACCOUNTS:
        return f"账号 {value}"
    return _one(key, value, model, ledger)


def _change(name, pair, model):
    """`走访周期：30 改为 20`"""
    label = _label(name, model, None)
    if not isinstance(pair, list) or len(pair) != 2:
        return f"{label}：{_said(name, pair, model, None)}"
    before, after = (_said(name, each, model, None) for each in pair)
    return f"{label}：{before} 改为 {after}"


def _one(key, value, model, ledger):
    if not isinstance(value, str) or not KEY.fullmatch(value):
        return value
    if key == "needs":
        return WORDS.get(value, value)
    if value in LEDGERS and key in {"ledger", "of", "fields"}:
        return LEDGERS[value].title
    if (label := _label(value, model, ledger)) != value and key not in {"kind", "how"}:
        return label
    return _choice(key, value, model)


def _label(name, model, ledger):
    """What a field, a column or a filter is called on the pages."""
    if ledger:
        columns = {column.key: column.label for column in ledger.columns}
        filters = ledger.filters.base_filters | ledger.more_filters
        whole = name if name in filters else name.rpartition("_")[0]
        found = columns.get(name) or (whole in filters and filters[whole].label)
        if found or name in ASKED:
            return str(found or ASKED[name])
    try:
        return str(model._meta.get_field(name).verbose_name)
    except (AttributeError, FieldDoesNotExist):
        return name


def _choice(key, value, model):
    """The word of a choice: of the row's own model, of its room, of any; of fields by
    that name first. What could be two words stays as it is."""
    room = model and model._meta.app_label
    places = (
        lambda each: each is model,
        lambda each: each._meta.app_label == room,
        lambda each: True,
    )
    for here in places:
        for named in (key, None):
            labels = {
                label
                for each, name, label in _choices().get(value, ())
                if here(each) and named in (name, None)
            }
            if len(labels) == 1:
                return labels.pop()
    return value


@cache
def _choices():
    """`{value: [(model, field, label)]}` of all choices in the portal."""
    found = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for value, label in field.flatchoices or ():
                found.setdefault(value, []).append((model, field.name, str(label)))
    return found
