"""Past visits and demands come in as files, so that an office does not start from
zero. What is there already, from the portal or an earlier file, is not added again."""

from enterprises.imports import Kind, register
from enterprises.imports.fields import one_of, read_identity, short, take
from enterprises.imports.kinds import BUSINESS_HEADINGS
from enterprises.imports.plan import Known, find_building, meant, once, reject
from enterprises.imports.recognise import NOTICE, WARNING
from enterprises.imports.undo import hanging, later
from enterprises.models import ImportRow
from tianshan.files import CellProblem
from tianshan.files.cells import day_of, shown, text_of
from visits import actions
from visits.models import Demand, DemandCategory, DemandDue, Visit

Result = ImportRow.Result

NAMES = BUSINESS_HEADINGS["name"]
PLACE = {
    "code": BUSINESS_HEADINGS["code"],
    "building": BUSINESS_HEADINGS["building"],
    "room": BUSINESS_HEADINGS["room"],
}
PLACE_LABELS = {
    "code": "统一社会信用代码",
    "building": "楼宇或市场",
    "room": "室号铺位",
}
OUTCOMES = {
    "情况正常": Visit.Outcome.NORMAL,
    "正常": Visit.Outcome.NORMAL,
    "有诉求": Visit.Outcome.DEMAND,
    "无人": Visit.Outcome.ABSENT,
    "未遇": Visit.Outcome.ABSENT,
    "没人": Visit.Outcome.ABSENT,
}
METHODS = {label: value for value, label in Visit.Method.choices}
MET = {label: value for value, label in Visit.Met.choices}
SOURCES = {label: value for value, label in Demand.Source.choices}


def _day(job, what):
    """A whole day, not in the future."""

    def read(cell):
        day = day_of(cell)
        if day is None:
            return None
        if day.precision != "day":
            raise CellProblem(f"{what}要写到哪一天，如 2025-03-12。")
        if day.date > job.today:
            raise CellProblem(f"{what}在将来，请核对。")
        return day.date

    return read


def _asked_of(rows, job):
    """Find the business that each row means; those without one are left out."""
    rows = [row for row in rows if row.result != Result.REJECTED]
    for row in rows:
        find_building(row, job.buildings)
    known = Known(rows, job.grid, lock=job.lock)
    found = []
    for row in rows:
        business, conflict = meant(row, known)
        business = business or _newcomer(row, job)
        if conflict:
            reject(row, *conflict)
        elif business is None:
            column = "name" if row.name else "code"
            reject(
                row,
                column,
                "台账里没有这一家，这一行没有写入。请先导入企业商户，或核对名称和代码。",
            )
        else:
            found.append((row, business))
    return found


def _newcomer(row, job):
    """One that the same file is about to make, by code, else by name and place."""
    for newcomer in job.newcomers:
        code = row.values.get("code")
        if code and newcomer.values.get("code") == code:
            return newcomer
        place = ("name", "building", "room")
        if row.name and all(
            row.values.get(name) in (None, newcomer.values.get(name)) for name in place
        ):
            return newcomer
    return None


def _pk(business):
    return business.pk if hasattr(business, "pk") and business.pk else None


def _written(business):
    """The business of a row: one of the ledger, or the row's that has just made it."""
    return business.target if hasattr(business, "target") else business


# --- visits ------------------------------------------------------------------------


def _read_visit(row, job):
    read_identity(row)
    take(row, "visited_on", _day(job, "走访日期"))
    take(row, "visitor", short(40))
    take(row, "method", one_of(METHODS))
    take(row, "outcome", one_of(OUTCOMES))
    take(row, "people_met", short(40))
    take(row, "words", short(1000))


def _plan_visits(rows, job):
    if not rows:
        return
    for row in rows:
        if "visited_on" not in row.values:
            reject(row, "visited_on", "没有走访日期，这一行没有写入，请补上。")
    found = _asked_of(once(rows), job)
    visitors = actions.visitors_called(
        {row.values["visitor"] for row, _ in found if "visitor" in row.values}
    )
    there = actions.visits_of({_pk(business) for _, business in found} - {None})
    for row, business in found:
        said = row.values.get("visitor", "")
        visitor = visitors.get(said) or job.by
        if visitor is None:
            reject(
                row,
                "visitor",
                "认不出走访人，命令行导入要写账号或称呼，这一行没有写入，请改正。",
            )
            continue
        same = [
            visit
            for visit in there.get((_pk(business), row.values["visited_on"]), [])
            if not said
            or said in (visit.visitor_said, visit.visitor.display_name)
            or visit.visitor == visitors.get(said)
        ]
        if same:
            row.target, row.result = same[0], Result.SAME
            continue
        if said and said not in visitors:
            row.problem(
                "visitor",
                "没有这样称呼的账号，记在导入人名下，原来的称呼留着。",
                NOTICE,
            )
        row.result = Result.NEW
        row.values |= {"business": business, "by": visitor}


def _write_visits(rows, job):
    visits = actions.take_in_visits(
        [
            {
                "business": _written(row.values["business"]),
                "visitor": row.values["by"],
                "visitor_said": row.values.get("visitor", ""),
                "visited_on": row.values["visited_on"],
                "method": row.values.get("method", Visit.Method.ON_SPOT),
                "outcome": row.values.get("outcome", Visit.Outcome.NORMAL),
                "people_met": _met(row.values.get("people_met")),
                "note": row.values.get("words", ""),
            }
            for row in rows
        ],
        by=job.by,
        at=job.at,
    )
    for row, visit in zip(rows, visits, strict=True):
        row.target = visit
    return []


def _met(text):
    if not text:
        return ""
    return MET.get(text, Visit.Met.OTHER)


def _undo_visits(ids, job):
    reasons = later(Visit, ids, job.batch) | hanging(Visit, ids, job.batch)
    actions.take_back_visits(
        [pk for pk in ids if pk not in reasons], by=job.by, at=job.at
    )
    return [], reasons


# --- demands -----------------------------------------------------------------------


def _read_demand(row, job):
    read_identity(row)
    take(row, "raised_on", _day(job, "提出日期"))
    take(row, "words", short(1000))
    take(row, "category", text_of)
    take(row, "source", one_of(SOURCES))
    take(row, "outcome", short(1000))
    take(row, "outcome_on", _day(job, "有结果日期"))
    take(row, "told_on", _day(job, "回告日期"))
    _settle_days(row)


def _settle_days(row):
    """What does not go together is left out, and said."""
    values = row.values
    raised, told = values.get("raised_on"), values.get("told_on")
    if "outcome" in values and "outcome_on" not in values:
        if told:
            values["outcome_on"] = told
            row.problem("outcome", "没有写哪天有的结果，先按回告日期记。", WARNING)
        elif not shown(row.cell("outcome_on")):
            del values["outcome"]
            row.problem("outcome", "有结果没有日期，结果没有写入，请补上日期。")
    for name in ("outcome_on", "told_on"):
        if raised and name in values and values[name] < raised:
            del values[name]
            row.problem(name, "比提出日期还早，没有写入，请核对。")
    if "outcome_on" not in values or "outcome" not in values:
        values.pop("outcome", None)
        values.pop("outcome_on", None)
        if values.pop("told_on", None):
            row.problem("told_on", "没有结果就没有回告，没有写入，请补上结果和日期。")
    elif values.get("told_on") and values["told_on"] < values["outcome_on"]:
        del values["told_on"]
        row.problem("told_on", "比有结果的日期还早，没有写入，请核对。")


def _plan_demands(rows, job):
    if not rows:
        return
    for row in rows:
        for name, label in (("raised_on", "提出日期"), ("words", "诉求内容")):
            if name not in row.values and row.result != Result.REJECTED:
                reject(row, name, f"没有{label}，这一行没有写入，请补上。")
    found = _asked_of(once(rows), job)
    categories = {category.name: category for category in DemandCategory.objects.all()}
    rest = categories.get("其他")
    there = actions.demands_of({_pk(business) for _, business in found} - {None})
    for row, business in found:
        values = row.values
        key = (_pk(business), values["raised_on"], actions.plain_words(values["words"]))
        if key in there:
            row.target, row.result = there[key], Result.SAME
            continue
        said = values.get("category", "")
        category = categories.get(said) or rest
        if category is None or job.by is None:
            reject(
                row,
                "category",
                "认不出诉求类别，这一行没有写入，请照诉求类别表填写。"
                if category is None
                else "诉求要有记录人，请在导入页上导入。",
            )
            continue
        if said not in categories:
            row.problem("category", "没有这一类，先归到“其他”，请核实。", WARNING)
        row.result = Result.NEW
        values |= {"business": business, "sorted": category}


def _write_demands(rows, job):
    demands = actions.take_in_demands(
        [
            {
                "business": _written(row.values["business"]),
                "category": row.values["sorted"],
                "words": row.values["words"],
                "source": row.values.get("source", Demand.Source.IMPORTED),
                "raised_on": row.values["raised_on"],
                "outcome": row.values.get("outcome", ""),
                "outcome_on": row.values.get("outcome_on"),
                "told_on": row.values.get("told_on"),
            }
            for row in rows
        ],
        by=job.by,
        at=job.at,
    )
    for row, demand in zip(rows, demands, strict=True):
        row.target = demand
    return []


def _undo_demands(ids, job):
    reasons = later(Demand, ids, job.batch)
    reasons |= hanging(Demand, ids, job.batch, apart=(DemandDue,))
    actions.take_back_demands(
        [pk for pk in ids if pk not in reasons], by=job.by, at=job.at
    )
    return [], reasons


def register_kinds():
    """Called once, when the room is ready."""
    register(
        Kind(
            key="visit",
            label="走访",
            unit="次",
            headings={
                "visited_on": ["走访日期", "走访时间", "走访日", "上门日期"],
                "name": ["走访对象", "走访单位", "走访企业", "走访商户", *NAMES],
                **PLACE,
                "visitor": ["走访人", "走访人员", "走访者"],
                "outcome": ["走访结果", "结果"],
                "method": ["走访方式", "方式"],
                "people_met": ["见到谁", "接待人", "受访人"],
                "words": ["走访情况", "情况", "走访记录", "走访内容", "备注"],
            },
            labels={
                "visited_on": "走访日期",
                "name": "走访对象",
                **PLACE_LABELS,
                "visitor": "走访人",
                "outcome": "走访结果",
                "method": "方式",
                "people_met": "见到谁",
                "words": "情况",
            },
            needs=(("visited_on",), ("name", "code")),
            read=_read_visit,
            plan=_plan_visits,
            write=_write_visits,
            undo=_undo_visits,
            record=Visit,
            ledger="visits:visit_list",
        )
    )
    register(
        Kind(
            key="demand",
            label="诉求",
            unit="件",
            headings={
                "raised_on": ["提出日期", "诉求日期", "反映日期", "登记日期"],
                "words": ["诉求原话", "诉求内容", "反映内容", "诉求", "原话", "内容"],
                "name": ["提出的人", "提出者", "诉求单位", "反映单位", *NAMES],
                **PLACE,
                "category": ["诉求类别", "诉求分类", "类别"],
                "source": ["来源", "诉求来源"],
                "outcome": ["结果", "办理结果", "处理结果", "答复内容"],
                "outcome_on": ["有结果日期", "办结日期", "答复日期"],
                "told_on": ["回告日期", "反馈日期", "告知日期"],
            },
            labels={
                "raised_on": "提出日期",
                "words": "诉求内容",
                "name": "提出的人",
                **PLACE_LABELS,
                "category": "类别",
                "source": "来源",
                "outcome": "结果",
                "outcome_on": "有结果日期",
                "told_on": "回告日期",
            },
            needs=(("raised_on",), ("words",), ("name", "code")),
            read=_read_demand,
            plan=_plan_demands,
            write=_write_demands,
            undo=_undo_demands,
            record=Demand,
            ledger="visits:demand_list",
        )
    )
