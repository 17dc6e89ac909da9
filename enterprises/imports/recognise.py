"""What in a workbook is a ledger: its sheets, heading rows, columns and rows."""

import re
from dataclasses import dataclass, field

from enterprises.models import Business
from tianshan.files import FileProblem
from tianshan.files.cells import shown
from tianshan.web.masks import masked_phone

ERROR, WARNING, NOTICE = "error", "warning", "notice"

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
    "state": ["经营状态", "状态"],
    "note": ["备注"],
    "kind": ["类别", "单位类别"],
}
BUILDING_HEADINGS = {
    "name": ["楼宇市场街区名称", "楼宇名称", "市场名称"],
    "address": ["地址", "楼宇地址"],
    "kind": ["类型", "楼宇类型"],
    "floors": ["地上层数", "层数"],
    "aliases": ["曾用名俗称", "俗称", "曾用名", "别名"],
}
# Numbers of rows, what this portal computes, and what it adds to wrong rows.
LEFT_ALONE = {
    *("序号", "编号", "网格", "覆盖方式", "门类"),
    *("工作表", "行", "结果", "问题", "怎么改"),
}
KINDS = {label: value for value, label in Business.Kind.choices}

HEADING_WITHIN = 30  # rows in which the heading row must be found
TOTAL = re.compile(r"^(合计|小计|总计|共计)([\s:：()（]|\d|$)")
REMARK = re.compile(r"^((注|说明|备注)[:：]|(填报|制表|审核)(人|单位|日期|时间)?[:：])")


@dataclass
class Table:
    """A sheet that is a ledger: what it holds, and which column is which field."""

    name: str
    model: str  # "business" or "building"
    heading: int  # 0-based row
    columns: dict  # field -> 0-based column
    labels: list  # the heading row as written
    rows: list
    kind: str = ""  # of business, where sheet or title says so
    skipped: int = 0  # totals, remarks and repeated headings

    @property
    def unread(self):
        """Headings of columns that the portal has no use for."""
        return [
            label
            for place, label in enumerate(self.labels)
            if label
            and place not in self.columns.values()
            and plain(label) not in LEFT_ALONE
        ]


@dataclass
class Row:
    """One row of a table, with what its cells mean."""

    table: Table
    number: int  # as the spreadsheet numbers it
    cells: tuple
    values: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    result: str = ""
    target: object = None  # the Business or Building, saved or not
    changes: dict = field(default_factory=dict)  # field -> [before, after]

    @property
    def name(self):
        return self.values.get("name", "")

    def cell(self, name):
        place = self.table.columns.get(name)
        return None if place is None else self.cells[place]

    def problem(self, column, message, level=ERROR):
        """List what is wrong with a column, and what to do about it."""
        place = self.table.columns.get(column)
        value = shown(self.cell(column))
        self.problems.append(
            {
                "sheet": self.table.name,
                "row": self.number,
                "name": self.name,
                "column": self.table.labels[place] if place is not None else "",
                "value": masked_phone(value) if column == "contact_phone" else value,
                "message": message,
                "level": level,
            }
        )


def plain(label):
    return re.sub(r"[\s()（）\[\]【】:：*、,，/\\·.]", "", label)


def recognise(workbook):
    """The sheets of a workbook that are ledgers, and notes on those that are not.

    Raises FileProblem when there is none.
    """
    tables, notes = [], []
    for sheet in workbook.sheets:
        table = _table(sheet)
        if table:
            tables.append(table)
        elif any(cell is not None for row in sheet.rows for cell in row):
            notes.append(f"工作表“{sheet.name}”里没有认出表头，没有读取。")
    if not tables:
        raise FileProblem(
            "没有找到台账：要有一行表头，至少写着“单位名称”和另外两列"
            "（如所在楼宇、联系电话）。请对照导出的台账改好表头再上传。"
        )
    return tables, notes


def _table(sheet):
    """The sheet as a Table, by the row that names the most columns; else None."""
    best = None
    for number, cells in enumerate(sheet.rows[:HEADING_WITHIN]):
        labels = [shown(cell) for cell in cells]
        for model, headings in (
            ("building", BUILDING_HEADINGS),
            ("business", BUSINESS_HEADINGS),
        ):
            columns = _columns(labels, headings)
            if "name" not in columns or len(columns) < 3:
                continue
            if best is None or len(columns) > len(best.columns):
                best = Table(sheet.name, model, number, columns, labels, sheet.rows)
    if best:
        above = sheet.rows[: best.heading]
        title = " ".join(shown(cell) for cells in above for cell in cells)
        best.kind = _kind_in(sheet.name) or _kind_in(title)
    return best


def _columns(labels, headings):
    """`{field: column}` of a would-be heading row."""
    found = {}
    for place, label in enumerate(map(plain, labels)):
        for name, words in headings.items():
            if label in words:
                found.setdefault(name, place)
    return found


def _kind_in(text):
    """企业 or 商户, when the text names exactly one kind."""
    found = [kind for word, kind in KINDS.items() if word in text]
    return found[0] if len(found) == 1 else ""


def rows_of(table):
    """The rows below the heading that say something."""
    heading = [plain(label) for label in table.labels]
    for place in range(table.heading + 1, len(table.rows)):
        cells = table.rows[place]
        if not any(cell is not None for cell in cells):
            continue
        texts = [shown(cell) for cell in cells]
        if not any(texts):
            continue
        if _is_no_row(texts, table) or [plain(text) for text in texts] == heading:
            table.skipped += 1
            continue
        yield Row(table=table, number=place + 1, cells=cells)


def _is_no_row(texts, table):
    """Totals and remarks stand under a ledger without being rows of it."""
    first = next(filter(None, texts))
    name = texts[table.columns["name"]]
    return any(TOTAL.match(text) or REMARK.match(text) for text in (first, name))
