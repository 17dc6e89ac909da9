"""The kinds of sheets that can come in.

This room declares businesses and buildings; rooms above add theirs (past visits and
demands) in `AppConfig.ready`, and the importer handles them without knowing them.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from enterprises.models import Business
from tianshan.values.extra import fields_of

# Headings as offices write them; brackets, blanks and marks are taken away first.
BUSINESS_HEADINGS = {
    "name": ["单位名称", "企业名称", "商户名称", "店铺名称", "招牌名称", "名称"],
    "code": ["统一社会信用代码", "统一代码", "社会信用代码", "信用代码"],
    "building": ["所在楼宇市场", "所在楼宇", "所在市场", "楼宇市场", "楼宇"],
    "room": [
        *("室号摊位号", "室号铺位号", "室号铺位", "室号", "房间号", "门牌号"),
        *("摊位号", "铺位号", "摊位", "铺位"),
    ],
    "trade": ["行业类别", "所属行业", "行业", "业态", "经营业态"],
    "staff_count": [
        *("从业人员数", "从业人员", "从业人数", "员工人数", "员工数", "人数"),
    ],
    "contact_name": ["联系人", "联系人姓名", "负责人"],
    "contact_phone": ["联系电话", "联系人电话", "联系方式", "手机号", "手机", "电话"],
    "founded_on": ["成立日期", "成立时间", "创办时间"],
    "reported_mode": ["党组织组建形式", "组建形式", "组建方式"],
    "members_count": ["党员数", "党员人数"],
    "uncovered_reason": [
        *("未建原因", "未建立原因", "未建立党组织原因", "未覆盖原因"),
    ],
    "cover_planned_on": ["拟建日期", "拟建立日期", "拟建时间", "拟覆盖日期"],
    "state": ["经营状态", "状态"],
    "note": ["备注"],
    "kind": ["类别", "单位类别"],
}
BUSINESS_LABELS = {
    "name": "名称",
    "code": "统一社会信用代码",
    "building": "楼宇或市场",
    "room": "室号铺位",
    "trade": "行业",
    "staff_count": "从业人数",
    "contact_name": "联系人",
    "contact_phone": "联系电话",
    "founded_on": "成立日期",
    "reported_mode": "党组织组建形式",
    "members_count": "党员数",
    "uncovered_reason": "未建原因",
    "cover_planned_on": "拟建日期",
    "state": "经营状态",
    "note": "备注",
    "kind": "类别",
}
# Party organisations have names too, but no file makes one.
OF_ORGANIZATIONS = frozenset({"上级党组织", "受文单位"})
BUILDING_HEADINGS = {
    "name": ["楼宇市场街区名称", "楼宇名称", "市场名称"],
    "address": ["地址", "楼宇地址"],
    "kind": ["类型", "楼宇类型"],
    "floors": ["地上层数", "层数"],
    "aliases": ["曾用名俗称", "俗称", "曾用名", "别名"],
}
BUILDING_LABELS = {
    "name": "楼宇名称",
    "address": "地址",
    "kind": "类型",
    "floors": "地上层数",
    "aliases": "俗称、曾用名",
}


class WithExtra(Mapping):
    """What is built in, and beside it the extra fields in use, as of now."""

    def __init__(self, built_in, of, of_field):
        self.built_in, self.of, self.of_field = built_in, of, of_field

    def _whole(self):
        more = {field.key: self.of_field(field) for field in fields_of(self.of)}
        return {**self.built_in, **more}

    def __getitem__(self, name):
        return self._whole()[name]

    def items(self):
        return self._whole().items()

    def __iter__(self):
        return iter(self._whole())

    def __len__(self):
        return len(self._whole())


# Fields that say which business a row means.
IDENTITY = ("name", "code", "building", "room")


@dataclass
class Job:
    """What reading, comparing and writing the rows of a batch have in common."""

    grid: object
    today: dt.date
    lock: bool = False
    by: object = None
    at: dt.datetime | None = None
    batch: object = None
    # {key of a name: Building}, those that the file is about to make among them.
    buildings: dict = field(default_factory=dict)
    # Rows of businesses that the file is about to make.
    newcomers: list = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of sheet: its headings, and what is made of its rows.

    `read(row, job)` fills `row.values`, `plan(rows, job)` gives each row its result.
    `write(rows, job)` writes the rows that are new or changed, sets the `target` of new
    ones and returns the ids of the businesses that they touch. `undo(ids, job)` takes rows written by a batch back;
    it returns the ids of businesses touched and `{id: [{by, at, fields}]}` of those
    that it left because somebody had gone on with them.
    """

    key: str
    label: str
    unit: str
    headings: dict
    labels: dict
    needs: tuple  # of groups of fields; of each group one must be there
    read: Callable
    plan: Callable
    write: Callable | None = None
    undo: Callable | None = None
    record: type | None = None  # the model of the rows that it writes
    ledger: str = ""  # page that shows what was written, by `?batch=`
    never: frozenset = frozenset()  # headings of lists that only look like this kind


KINDS = {}


def register(kind):
    """Let files hold rows of one more kind."""
    KINDS[kind.key] = kind


def others():
    """The kinds that rooms above brought."""
    return [kind for kind in KINDS.values() if kind.write is not None]


BUSINESS_KINDS = {label: value for value, label in Business.Kind.choices}
