"""The importer: a ledger file in, what it would change, and the change itself.

Read, recognise (sheets, heading row, columns), plan (new, changed, same, rejected,
duplicate, field by field), apply in one transaction. Nothing wrong is dropped in
silence: a bad cell is left out and listed with what to do, its row is written; only a
row without a name, or one whose identity conflicts with another, is rejected.
"""

import datetime as dt
import hashlib
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as BadNumber

from enterprises.models import (
    Business,
    ImportBatch,
    ImportRow,
    Occupancy,
    Operation,
)
from grids.models import Building, Grid
from tianshan.audit import record
from tianshan.files import CellProblem, FileProblem, read_workbook
from tianshan.files.cells import day_of, shown, text_of, whole_number
from tianshan.ledgers import touched
from tianshan.pinyin import fold
from tianshan.web.masks import masked_phone

ERROR, WARNING, NOTICE = "error", "warning", "notice"

# Headings as offices write them; brackets, blanks and marks are taken away first.
BUSINESS_HEADINGS = {
    "name": ["单位名称", "企业名称", "商户名称", "店铺名称", "招牌名称", "名称"],
    "code": ["统一社会信用代码", "统一代码", "社会信用代码", "信用代码"],
    "building": ["所在楼宇市场", "所在楼宇", "所在市场", "楼宇市场", "楼宇"],
    "room": ["室号摊位号", "室号铺位", "室号", "摊位号", "铺位号", "铺位", "房间号"],
    "trade": ["行业类别", "行业", "业态", "经营业态"],
    "staff_count": ["从业人员数", "从业人数", "员工数", "员工人数", "人数"],
    "contact_name": ["联系人", "负责人"],
    "contact_phone": ["联系电话", "电话", "手机", "联系方式"],
    "founded_on": ["成立日期", "成立时间", "创办时间"],
    "reported_mode": ["党组织组建形式", "组建形式", "组建方式"],
    "members_count": ["党员数", "党员人数"],
    "state": ["经营状态", "状态"],
    "note": ["备注"],
    "kind": ["类别", "单位类别"],
}
BUILDING_HEADINGS = {
    "name": ["楼宇市场街区名称", "楼宇名称", "市场名称"],
    "address": ["地址"],
    "kind": ["类型", "楼宇类型"],
    "floors": ["地上层数", "层数"],
    "aliases": ["曾用名俗称", "俗称", "曾用名", "别名"],
}
STATES = {
    "在营": "operating",
    "正常": "operating",
    "存续": "operating",
    "停业": "suspended",
    "歇业": "suspended",
    "迁出": "moved",
    "搬离": "moved",
    "注销": "closed",
    "关闭": "closed",
    "吊销": "closed",
}
KINDS = {label: value for value, label in Business.Kind.choices}
MODES = {label: value for value, label in Business.ReportedMode.choices}
BUILDING_KINDS = {label: value for value, label in Building.Kind.choices}
NOT_A_ROW = re.compile(
    r"^(合计|小计|总计|共计|注[:：]|说明[:：]|备注[:：]|填报|制表|审核)"
)
ABOUT = re.compile(r"^约\s*(\d+)\s*[人名位]?$")
MOBILE = re.compile(r"^1[3-9]\d{9}$")
LANDLINE = re.compile(r"^0\d{2,3}-?\d{7,8}(-\d{1,6})?$")
HEADING_WITHIN = 30  # rows in which the heading row must be found


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


@dataclass
class Row:
    """One row of a table, with what its cells mean."""

    table: Table
    number: int  # as the spreadsheet numbers it
    cells: list
    values: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    result: str = ""
    target: object = None  # the Business or Building, saved or not
    changes: dict = field(default_factory=dict)  # field -> [before, after]

    @property
    def name(self):
        return self.values.get("name", "")

    def problem(self, column, message, level=ERROR, value=None):
        place = self.table.columns.get(column)
        if value is None:
            value = shown(self.cells[place]) if place is not None else ""
        if column == "contact_phone":
            value = masked_phone(value)
        label = self.table.labels[place] if place is not None else ""
        self.problems.append(
            {
                "sheet": self.table.name,
                "row": self.number,
                "name": self.name,
                "column": label,
                "value": str(value),
                "message": message,
                "level": level,
            }
        )


# --- recognising -------------------------------------------------------------------


def _plain(label):
    return re.sub(r"[\s()（）\[\]【】:：*、,，/\\·.]", "", label)


def _columns(cells, headings):
    """`{field: column}` of a would-be heading row."""
    found = {}
    for place, cell in enumerate(cells):
        label = _plain(shown(cell)) if cell is not None else ""
        for name, words in headings.items():
            if label and label in words and name not in found:
                found[name] = place
    return found


def recognise(workbook):
    """The sheets of a workbook that are ledgers, as Tables; the rest is left alone."""
    tables = []
    for sheet in workbook.sheets:
        best = None
        for number, cells in enumerate(sheet.rows[:HEADING_WITHIN]):
            for model, headings in (
                ("building", BUILDING_HEADINGS),
                ("business", BUSINESS_HEADINGS),
            ):
                columns = _columns(cells, headings)
                if "name" not in columns or len(columns) < 3:
                    continue
                if best is None or len(columns) > len(best[2]):
                    best = (number, model, columns)
        if best is None:
            continue
        number, model, columns = best
        titles = " ".join(
            shown(cell)
            for cells in sheet.rows[:number]
            for cell in cells
            if cell is not None
        )
        tables.append(
            Table(
                name=sheet.name,
                model=model,
                heading=number,
                columns=columns,
                labels=[shown(c) if c is not None else "" for c in sheet.rows[number]],
                rows=sheet.rows,
                kind=_kind_in(sheet.name) or _kind_in(titles),
            )
        )
    if not tables:
        raise FileProblem(
            "没有找到台账：要有一行表头，至少写着“单位名称”和另外两列"
            "（如所在楼宇、联系电话）。请对照导出的台账改好表头再上传。"
        )
    return tables


def _kind_in(text):
    """企业 or 商户, when the text names exactly one of them."""
    found = [kind for word, kind in KINDS.items() if word in text]
    return found[0] if len(found) == 1 else ""


def _rows(table):
    """The rows below the heading that say something."""
    heading = tuple(table.rows[table.heading])
    for place in range(table.heading + 1, len(table.rows)):
        cells = list(table.rows[place])
        filled = [shown(cell) for cell in cells if cell is not None and shown(cell)]
        if not filled or tuple(cells) == heading:
            continue
        if NOT_A_ROW.match(filled[0]):
            continue
        name = cells[table.columns["name"]]
        if name is not None and NOT_A_ROW.match(shown(name)):
            continue
        yield Row(table=table, number=place + 1, cells=cells)


# --- reading cells -----------------------------------------------------------------


def _take(row, name, read):
    """Read one cell into `row.values`; a bad one is listed and left out."""
    place = row.table.columns.get(name)
    if place is None or place >= len(row.cells):
        return
    try:
        value = read(row.cells[place])
    except CellProblem as problem:
        row.problem(name, str(problem))
        return
    if value not in (None, ""):
        row.values[name] = value


def _short(most, label):
    def read(cell):
        text = text_of(cell)
        if len(text) > most:
            raise CellProblem(f"{label}太长，最多 {most} 个字，请缩短。")
        return text

    return read


def _code(cell):
    text = re.sub(r"[\s-]", "", text_of(cell)).upper()
    if not text:
        return None
    if len(text) != 18:
        raise CellProblem(f"统一代码应为 18 位，现有 {len(text)} 位，请核对执照。")
    try:
        return uscc.validate(text)
    except BadNumber:
        raise CellProblem("统一代码的校验位不对，请对照执照核对。") from None


def _phone(cell):
    text = text_of(cell).replace(" ", "")
    if not text or "*" in text:
        return text
    digits = text.removeprefix("+86").replace("-", "")
    if MOBILE.match(digits):
        return digits
    if LANDLINE.match(text):
        return text
    raise CellProblem(
        "电话不对：手机 11 位、1 开头，固定电话带区号（如 021-55500000），请核对。"
    )


def _one_of(words, label):
    def read(cell):
        text = text_of(cell)
        if text and text not in words:
            raise CellProblem(f"{label}应为：{'、'.join(words)}。")
        return words.get(text)

    return read


def _staff(row, name):
    """A whole number; 约3人 is taken as 3 and said so."""
    place = row.table.columns.get(name)
    if place is None or place >= len(row.cells):
        return
    cell = row.cells[place]
    try:
        value = whole_number(cell)
    except CellProblem as problem:
        about = ABOUT.match(shown(cell))
        if not about:
            row.problem(name, str(problem))
            return
        value = int(about[1])
        row.problem(name, f"写的是约数，先按 {value} 记，请核实。", WARNING)
    if value is not None:
        row.values[name] = value


def _founded(row, today):
    place = row.table.columns.get("founded_on")
    if place is None or place >= len(row.cells):
        return
    try:
        day = day_of(row.cells[place])
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


def _read_business(row, *, today):
    _take(row, "name", _short(120, "名称"))
    _take(row, "code", _code)
    _take(row, "building", _short(80, "楼宇"))
    _take(row, "room", _short(40, "室号铺位"))
    _take(row, "trade", _short(60, "行业"))
    _staff(row, "staff_count")
    _take(row, "contact_name", _short(40, "联系人"))
    _take(row, "contact_phone", _phone)
    _founded(row, today)
    _take(row, "reported_mode", _one_of(MODES, "组建形式"))
    _staff(row, "members_count")
    _take(row, "state", _one_of(STATES, "经营状态"))
    _take(row, "note", _short(400, "备注"))
    _take(row, "kind", _one_of(KINDS, "类别"))
    if "kind" not in row.values:
        row.values["kind"] = row.table.kind or _kind_of_code(row.values.get("code"))
    if "name" in row.values and "code" not in row.values:
        place = row.table.columns.get("code")
        empty = place is None or not shown(row.cells[place])
        if empty and row.values["kind"] in (
            Business.Kind.ENTERPRISE,
            Business.Kind.MERCHANT,
        ):
            row.problem(
                "code", "没有统一代码，按名称、楼宇和铺位比对；有执照请补上。", NOTICE
            )


def _kind_of_code(code):
    """92… is a sole trader's code; anything else is taken for an enterprise."""
    if code:
        is_trader = code.startswith("92")
        return Business.Kind.MERCHANT if is_trader else Business.Kind.ENTERPRISE
    return Business.Kind.MERCHANT


def _read_building(row):
    _take(row, "name", _short(80, "名称"))
    _take(row, "address", _short(120, "地址"))
    _take(row, "kind", _one_of(BUILDING_KINDS, "类型"))
    _take(row, "floors", whole_number)
    _take(row, "aliases", _aliases)


def _aliases(cell):
    return [name for name in re.split(r"[、,，;；/\s]+", text_of(cell)) if name]


# --- planning ----------------------------------------------------------------------


@dataclass
class Plan:
    """What a file would do to the ledger of a grid."""

    tables: list
    rows: list
    notes: list

    def of(self, model):
        return [row for row in self.rows if row.table.model == model]

    @property
    def problems(self):
        return [problem for row in self.rows for problem in row.problems]

    def summary(self):
        """The counts, as the command's JSON and the page show them.

        `rows` counts the rows of businesses, those pasted twice once; buildings stand
        apart.
        """
        businesses = Counter(row.result for row in self.of("business"))
        buildings = Counter(row.result for row in self.of("building"))
        kinds = Counter(
            row.values.get("kind", "")
            for row in self.of("business")
            if row.result != ImportRow.Result.DUPLICATE
        )
        return {
            "rows": businesses.total() - businesses["duplicate"],
            "new": businesses["new"],
            "changed": businesses["changed"],
            "same": businesses["same"],
            "rejected": businesses["rejected"],
            "duplicates": businesses["duplicate"],
            "enterprises": kinds["enterprise"],
            "merchants": kinds["merchant"],
            "buildings": {
                "rows": buildings.total(),
                "new": buildings["new"],
                "changed": buildings["changed"],
                "same": buildings["same"],
            },
            "sheets": [
                {
                    "name": table.name,
                    "model": table.model,
                    "heading": table.heading + 1,
                    "columns": {
                        name: table.labels[place]
                        for name, place in table.columns.items()
                    },
                    "unread": [
                        label
                        for place, label in enumerate(table.labels)
                        if label
                        and place not in table.columns.values()
                        and _plain(label) not in ("序号", "编号", "网格", "覆盖方式")
                    ],
                }
                for table in self.tables
            ],
            "notes": self.notes,
        }


def plan(file, *, grid, today):
    """Read a file and work out what it would change in the grid; writes nothing.

    Raises FileProblem with a sentence for the user when there is no ledger in it.
    """
    workbook = read_workbook(file)
    tables = recognise(workbook)
    rows = [row for table in tables for row in _rows(table)]
    for row in rows:
        if row.table.model == "building":
            _read_building(row)
        else:
            _read_business(row, today=today)
    made = Plan(tables=tables, rows=rows, notes=list(workbook.notes))
    buildings = _plan_buildings(made.of("building"), grid)
    _plan_businesses(made.of("business"), grid, buildings)
    return made


def _key(name):
    return fold(name).replace(" ", "").replace("·", "")


def _plan_buildings(rows, grid):
    """Match by name or alias within the grid; returns `{key of a name: Building}`."""
    known = {}
    for building in Building.objects.filter(grid__path__startswith=grid.path):
        for name in (building.name, *building.aliases):
            known.setdefault(_key(name), building)
    for row in rows:
        if not row.name:
            row.result = ImportRow.Result.REJECTED
            row.problem("name", "没有楼宇名称，这一行没有写入，请补上名称。")
            continue
        building = known.get(_key(row.name))
        if building is None:
            building = Building(
                grid=grid,
                name=row.name,
                kind=row.values.get("kind", Building.Kind.OTHER),
                address=row.values.get("address", ""),
                floors=row.values.get("floors"),
                aliases=row.values.get("aliases", []),
            )
            row.result = ImportRow.Result.NEW
        else:
            for name in ("kind", "address", "floors", "aliases"):
                if name in row.values and getattr(building, name) != row.values[name]:
                    row.changes[name] = [getattr(building, name), row.values[name]]
            changed = bool(row.changes)
            row.result = ImportRow.Result.CHANGED if changed else ImportRow.Result.SAME
        row.target = building
        for name in (row.name, *row.values.get("aliases", [])):
            known.setdefault(_key(name), building)
    return known


class Known:
    """The businesses that rows may mean: by code anywhere, by name within the grid."""

    def __init__(self, rows, grid):
        codes = {row.values["code"] for row in rows if "code" in row.values}
        names = {row.name for row in rows if row.name}
        joined = Business.objects.select_related("grid", "building")
        self.grid = grid
        self.by_code = {b.code: b for b in joined.filter(code__in=codes)}
        self.by_name = {}
        for business in joined.filter(
            grid__path__startswith=grid.path, name__in=names
        ).order_by("pk"):
            self.by_name.setdefault(business.name, []).append(business)

    def at(self, name, building, room):
        """The business of that name at that place."""
        for business in self.by_name.get(name, []):
            if (business.building_id, business.room) == (
                building.pk if building else None,
                room,
            ):
                return business
        return None


def _plan_businesses(rows, grid, buildings):
    known = Known(rows, grid)
    seen, by_code, by_place = {}, {}, {}
    for row in rows:
        if not row.name:
            row.result = ImportRow.Result.REJECTED
            row.problem("name", "没有名称，这一行没有写入，请补上名称。")
            continue
        _find_building(row, buildings)
        content = tuple(sorted((k, str(v)) for k, v in row.values.items()))
        if content in seen:
            row.result = ImportRow.Result.DUPLICATE
            row.problem(
                "name", f"和第 {seen[content].number} 行完全一样，只写入一次。", NOTICE
            )
            continue
        code = row.values.get("code")
        building = row.values.get("building")
        place = (row.name, building and _key(building.name), row.values.get("room"))
        twin = (code and by_code.get(code)) or by_place.get(place)
        if twin:
            what = "同一个统一代码" if code and code in by_code else "同名同铺位"
            _reject(
                row,
                "code" if code else "name",
                f"第 {twin.number} 行是{what}而内容不同，这一行没有写入，"
                "请确认哪一行对，删去另一行。",
            )
            continue
        seen[content] = by_place[place] = row
        if code:
            by_code[code] = row
        _match(row, known)


def _find_building(row, buildings):
    text = row.values.get("building")
    if text is None:
        return
    building = buildings.get(_key(text))
    if building is None:
        del row.values["building"]
        row.problem(
            "building",
            f"没有叫“{text}”的楼宇或市场，这一格没有写入。"
            "请改成台账里的名称，或先在楼宇的俗称里加上它。",
        )
    else:
        row.values["building"] = building


def _reject(row, column, message):
    row.result = ImportRow.Result.REJECTED
    row.problem(column, message)


def _match(row, known):
    code = row.values.get("code")
    building, room = row.values.get("building"), row.values.get("room", "")
    business = known.by_code.get(code) if code else None
    if business is not None:
        if not business.grid.is_within(known.grid):
            return _reject(
                row,
                "code",
                "这个统一代码已登记在本网格以外，这一行没有写入，请联系街道台账员。",
            )
        moved = building is not None and business.building_id != building.pk
        if business.name != row.name and moved:
            return _reject(
                row,
                "code",
                f"这个统一代码在台账里是“{business.name}”，名称和地点都不同，"
                "这一行没有写入，请核对执照。",
            )
    else:
        business = known.at(row.name, building, room)
        if business and code and business.code and business.code != code:
            return _reject(
                row,
                "code",
                "同名同铺位的一家已登记另一个统一代码，这一行没有写入，请核对执照。",
            )
    if business is None:
        row.result = ImportRow.Result.NEW
        return None
    row.target = business
    row.changes = _changes(row, business)
    row.result = ImportRow.Result.CHANGED if row.changes else ImportRow.Result.SAME
    return None


COMPARED = (
    "name",
    "code",
    "room",
    "trade",
    "staff_count",
    "contact_name",
    "contact_phone",
    "founded_on",
    "founded_precision",
    "reported_mode",
    "members_count",
    "state",
    "note",
)


def _changes(row, business):
    """Fields that a row gives and that differ; an empty cell overwrites nothing."""
    changes = {}
    for name in COMPARED:
        if name not in row.values:
            continue
        before, after = getattr(business, name), row.values[name]
        if name == "contact_phone" and "*" in after:
            if after == masked_phone(before):
                continue
            row.problem(name, "号码带星号，和台账里的对不上，没有写入，请写整个号码。")
            continue
        if before != after:
            changes[name] = [before, after]
    building = row.values.get("building")
    if building is not None and business.building_id != building.pk:
        before = business.building.name if business.building else ""
        changes["building"] = [before, building.name]
    kind = row.values["kind"]
    if "kind" in row.table.columns and kind != business.kind:
        row.problem(
            "kind",
            f"台账里是{business.get_kind_display()}，类别没有改，请核对。",
            WARNING,
        )
    return changes


# --- applying ----------------------------------------------------------------------


class Refused(Exception):
    """A step of a batch that cannot be now; the message is for the user."""


@transaction.atomic
def upload(*, name, content, grid, known_since, by, at):
    """Keep a file as a batch with its preview; nothing of the ledger is written.

    Raises FileProblem for what is no ledger.
    """
    made = plan(io.BytesIO(content), grid=grid, today=timezone.localdate(at))
    batch = ImportBatch.objects.create(
        grid=grid,
        file_name=name[:200],
        file=content,
        sha256=hashlib.sha256(content).hexdigest(),
        by=by,
        uploaded_at=at,
        summary={**made.summary(), "known_since": known_since.isoformat()},
    )
    _keep(batch, made)
    record("import.uploaded", batch, by=by, at=at, rows=made.summary()["rows"])
    return batch, made


def _keep(batch, made):
    batch.rows.all().delete()
    ImportRow.objects.bulk_create(
        [
            ImportRow(
                batch=batch,
                sheet=row.table.name[:60],
                number=row.number,
                result=row.result,
                model=row.table.model,
                target=row.target.pk if row.target is not None else None,
                name=row.name[:120],
                changes={
                    name: [_plainly(before), _plainly(after)]
                    for name, (before, after) in row.changes.items()
                },
                problems=row.problems,
                cells=[shown(c) if c is not None else "" for c in row.cells],
            )
            for row in made.rows
        ],
        batch_size=2000,
    )


def _plainly(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def _step(batch, step):
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if step not in batch.open_steps:
        raise Refused(f"这批导入现在是“{batch.get_state_display()}”，请刷新后再看。")
    return batch


@transaction.atomic
def start(batch, *, by, at):
    """Hand a batch to the worker; the second of two presses is refused."""
    batch = _step(batch, "start")
    batch.state, batch.failure = ImportBatch.State.APPLYING, ""
    batch.save(update_fields=["state", "failure"])
    record("import.started", batch, by=by, at=at)
    return batch


@transaction.atomic
def drop(batch, *, by, at):
    """Give a batch up; nothing was written, and its file goes."""
    batch = _step(batch, "drop")
    batch.state, batch.file = ImportBatch.State.DROPPED, b""
    batch.save(update_fields=["state", "file"])
    record("import.dropped", batch, by=by, at=at)
    return batch


@transaction.atomic
def fail(batch, *, reason, at):
    """Say that nothing of a batch was written, and why."""
    batch = _step(batch, "fail")
    batch.state, batch.failure = ImportBatch.State.FAILED, reason[:200]
    batch.save(update_fields=["state", "failure"])
    record("import.failed", batch, by=None, at=at, reason=reason[:200])
    return batch


@transaction.atomic
def finish(batch, *, at):
    """Write a batch, whole or not at all; planned anew on what is stored by now.

    Imports of one grid wait for each other on the grid's row, so that two files at
    once cannot both create the same business. Returns the Plan that was written.
    """
    batch = _step(batch, "finish")
    grid = Grid.objects.select_for_update().get(pk=batch.grid_id)
    made = plan(io.BytesIO(bytes(batch.file)), grid=grid, today=timezone.localdate(at))
    since = dt.date.fromisoformat(batch.summary["known_since"])
    _write_buildings(made.of("building"))
    ids = _write_businesses(
        made.of("business"), grid=grid, since=since, today=timezone.localdate(at), at=at
    )
    _keep(batch, made)
    batch.state, batch.applied_at = ImportBatch.State.APPLIED, at
    batch.summary = {**made.summary(), "known_since": since.isoformat()}
    batch.save(update_fields=["state", "applied_at", "summary"])
    touched(ids)
    counts = made.summary()
    record(
        "import.applied",
        batch,
        by=batch.by,
        at=at,
        new=counts["new"],
        changed=counts["changed"],
    )
    return made


def _write_buildings(rows):
    for row in rows:
        if row.result == ImportRow.Result.NEW:
            row.target.save()
        elif row.result == ImportRow.Result.CHANGED:
            for name, (_, after) in row.changes.items():
                setattr(row.target, name, after)
            row.target.save()


# Columns of a business that a row fills as they stand.
COPIED = (
    "name",
    "code",
    "trade",
    "staff_count",
    "contact_name",
    "founded_on",
    "founded_precision",
    "reported_mode",
    "members_count",
    "note",
)


def _write_businesses(rows, *, grid, since, today, at):
    """Bulk writes, each with its history by trigger; returns the ids touched."""
    new = [row for row in rows if row.result == ImportRow.Result.NEW]
    for row in new:
        row.target = _made(row, grid=grid, since=since, today=today, at=at)
    Business.objects.bulk_create([row.target for row in new], batch_size=2000)
    places, operations = [], []
    for row in new:
        business = row.target
        places.append(_occupancy(business, since=business.discovered_on))
        operations.append(
            Operation(
                business=business, state=business.state, since=business.discovered_on
            )
        )

    changed = [row for row in rows if row.result == ImportRow.Result.CHANGED]
    moved, restated = [], []
    for row in changed:
        business = row.target
        for name, (_, after) in row.changes.items():
            if name == "building":
                business.building = row.values["building"]
                business.grid = business.building.grid
            else:
                setattr(business, name, after)
        if row.changes.keys() & {"building", "room"}:
            moved.append(business)
        if "state" in row.changes:
            restated.append(business)
        business.version += 1
        business.updated_at = at
        business.index()
    if changed:
        Business.objects.bulk_update(
            [row.target for row in changed],
            [
                *COPIED,
                "contact_phone",
                "room",
                "building",
                "grid",
                "state",
                "version",
                "updated_at",
                "pinyin",
                "search",
            ],
            batch_size=500,
        )
    _close(Occupancy, moved, today, main=True)
    places += [_occupancy(business, since=today) for business in moved]
    _close(Operation, restated, today)
    operations += [
        Operation(business=business, state=business.state, since=today)
        for business in restated
    ]
    Operation.objects.bulk_create(operations, batch_size=2000)
    Occupancy.objects.bulk_create(places, batch_size=2000)
    gone = [b for b in restated if b.state in ("moved", "closed")]
    _close(Occupancy, gone, today, main=True)
    return [row.target.pk for row in (*new, *changed)]


def _close(model, businesses, day, **which):
    model.objects.filter(business__in=businesses, until=None, **which).update(until=day)


def _occupancy(business, *, since):
    return Occupancy(
        business=business,
        building=business.building,
        room=business.room,
        grid=business.grid,
        since=since,
    )


def _made(row, *, grid, since, today, at):
    """A new business. Known since the day given, or since it was founded."""
    values = row.values
    building = values.get("building")
    known = max(since, values.get("founded_on", since))
    phone = values.get("contact_phone", "")
    if "*" in phone:
        row.problem(
            "contact_phone", "号码带星号，不是完整号码，没有写入，请写整个号码。"
        )
        phone = ""
    business = Business(
        kind=values["kind"],
        grid=building.grid if building else grid,
        building=building,
        room=values.get("room", ""),
        state=values.get("state", Business.State.OPERATING),
        contact_phone=phone,
        discovered_on=min(known, today),
        updated_at=at,
        **{name: values[name] for name in COPIED if name in values},
    )
    business.index()
    return business
