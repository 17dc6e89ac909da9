"""Our ledgers in the authority's own workbook: the template, its mapping, its filling.

Which column is which comes from the headings, by the words that the importer knows;
what somebody puts right is kept, and stays when the file is replaced by a newer one
with the same headings.
"""

import hashlib
import io
import itertools

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from enterprises import official
from enterprises.actions import Refused
from enterprises.imports import recognise
from enterprises.imports.kinds import KINDS
from enterprises.models import Business, ExportRun, ExportTemplate
from grids.models import Grid
from tianshan.audit import record
from tianshan.database.patience import unhurriedly
from tianshan.files import FileProblem, read_workbook
from tianshan.files.cells import shown
from tianshan.files.filling import Filling, check_template, fill
from tianshan.ledgers import LEDGERS, extend
from tianshan.ledgers.columns import restricted_among

NUMBER = "#"  # a column that counts the rows
OF_BUSINESSES = ("enterprises", "merchants", "businesses")
LEDGERS_OFFERED = (*OF_BUSINESSES, "buildings", "party")
LEDGER_OF_KIND = {
    Business.Kind.ENTERPRISE: "enterprises",
    Business.Kind.MERCHANT: "merchants",
}
# Columns of the ledgers of businesses, where the importer's field is called else. Of
# how the Party is set up, what the portal knows goes out, not what a file once said.
COLUMN_OF_FIELD = {
    "staff_count": "staff",
    "contact_name": "contact",
    "contact_phone": "phone",
    "founded_on": "founded",
    "members_count": "members",
    "reported_mode": "built_as",
}
MORE_WORDS = {
    "secretary": ["党组织书记", "支部书记"],
    "organization": ["党组织", "所在党组织", "覆盖党组织"],
    "has_organization": ["是否组建党组织", "是否建党组织", "党组织是否建立"],
    "organization_founded": ["党组织成立日期", "组建时间"],
    "adviser": ["党建指导员", "党建工作指导员", "指导员姓名"],
    "mass_groups": ["群团", "群团组织", "群团组建情况"],
    "mode": ["覆盖情况", "覆盖类型"],
    NUMBER: ["序号", "编号"],
}
LOOKED_AT = 400  # rows below the heading among which the end of the room is sought


def words_of(ledger):
    """`{heading: column key}` of a ledger, the nearest meaning first."""
    words = {}
    of_fields = {}
    if ledger.key in OF_BUSINESSES:
        of_fields = KINDS["business"].headings
    elif ledger.key == "buildings":
        of_fields = KINDS["building"].headings
    pairs = itertools.chain(
        ((COLUMN_OF_FIELD.get(name, name), said) for name, said in of_fields.items()),
        official.HEADINGS.items(),
        MORE_WORDS.items(),
        ((column.key, [column.label]) for column in ledger.columns),
    )
    for key, said in pairs:
        if key != NUMBER and ledger.column(key) is None:
            continue
        for word in said:
            words.setdefault(recognise.plain(word), key)
    return words


# --- the template ------------------------------------------------------------------


def recognised(workbook):
    """Of each sheet: its heading, where data begin and end, and what its columns are."""
    return [_sheet(sheet) for sheet in workbook.sheets]


def _sheet(sheet):
    ledger = _ledger(sheet)
    best, columns = None, {}
    for rows, labels in recognise.would_be_headings(sheet):
        found = columns_of(labels, ledger)
        if len(found) >= 3 and len(found) > len(columns):
            best, columns = list(rows), found
    if best is None:
        return {"name": sheet.name, "on": False, "ledger": ledger, "heading": []}
    return {"on": True, **as_headed(sheet, ledger, best)}


def as_headed(sheet, ledger, heading):
    """The sheet read with these heading rows (from nought) for a ledger."""
    labels = recognise.labels_of(sheet, heading)
    first = heading[-1] + 1
    return {
        "name": sheet.name,
        "ledger": ledger,
        "heading": heading,
        "labels": labels,
        "first_row": first,
        "footer": _footer(sheet, first),
        "columns": columns_of(labels, ledger),
        "query": "state=operating" if ledger in OF_BUSINESSES else "",
    }


def _ledger(sheet):
    """The ledger that a sheet is about, as its name or title says."""
    first = [text for cell in next(iter(sheet.rows), ()) if (text := shown(cell))]
    title = first[0] if len(first) == 1 else ""  # more than one is a heading
    for text in (sheet.name, title):
        if kind := recognise.kind_in(text):
            return LEDGER_OF_KIND.get(kind, "businesses")
        if "楼宇" in text:
            return "buildings"
        if "党组织" in text:
            return "party"
    return "businesses"


def columns_of(labels, ledger):
    """`{place: column key}` of headings; of two that mean the same the first."""
    words, found = words_of(LEDGERS[ledger]), {}
    for place, label in enumerate(labels):
        for word in recognise.readings(label):
            key = words.get(word)
            if key and (key == NUMBER or key not in found.values()):
                found[str(place)] = key
                break
    return found


def _footer(sheet, first):
    """The row of totals or remarks under the room for data, or None."""
    for number, cells in enumerate(sheet.rows[first : first + LOOKED_AT], first):
        text = next(filter(None, map(shown, cells)), "")
        if recognise.TOTAL.match(text) or recognise.REMARK.match(text):
            return number
    return None


@transaction.atomic
def keep_template(template, *, name, grid, file_name, content, by, at):
    """Keep a new template, or a newer file of one that is known (`template`).

    Columns whose heading is the same keep what they were mapped to. Raises
    FileProblem for what is no plain workbook, macros before all.
    """
    _check(by, grid)
    notes = check_template(content)
    workbook = read_workbook(io.BytesIO(content))
    sheets = recognised(workbook)
    if not any(sheet["on"] for sheet in sheets):
        raise FileProblem(
            "没有认出表头：至少一张表要有一行表头，写着三个台账里有的列"
            "（如单位名称、统一社会信用代码、所在楼宇）。"
        )
    if template is None:
        template = ExportTemplate(grid=grid)
    else:
        template = ExportTemplate.objects.select_for_update().get(pk=template.pk)
        _check(by, template.grid)
        sheets = [_as_before(sheet, template.sheets) for sheet in sheets]
    template.name, template.grid, template.file_name = name, grid, file_name[-200:]
    template.file, template.sha256 = content, hashlib.sha256(content).hexdigest()
    template.sheets, template.notes = sheets, notes
    template.by, template.at = by, at
    template.save()
    record("template.kept", template, by=by, at=at, sheets=len(sheets))
    return template


def _as_before(sheet, earlier):
    """The sheet with what its headings were mapped to before, and its filter."""
    old = next((s for s in earlier if s["name"] == sheet["name"]), None)
    if not old or not sheet["on"] or not old.get("heading"):
        return sheet
    known = {
        recognise.plain(label): old["columns"].get(str(place), "")
        for place, label in enumerate(old["labels"])
        if label
    }
    columns = {}
    for place, label in enumerate(sheet["labels"]):
        key = known.get(recognise.plain(label), sheet["columns"].get(str(place)))
        if key:
            columns[str(place)] = key
    kept = {name: old[name] for name in ("on", "ledger", "query")}
    return {**sheet, **kept, "columns": columns}


def _check(user, grid):
    if not Grid.objects.governed_by(user, Right.IMPORT).filter(pk=grid.pk).exists():
        raise PermissionDenied


@transaction.atomic
def map_template(template, *, sheets, by, at):
    """Keep what somebody said each sheet and column is."""
    template = ExportTemplate.objects.select_for_update().get(pk=template.pk)
    _check(by, template.grid)
    template.sheets, template.by, template.at = sheets, by, at
    template.save(update_fields=["sheets", "by", "at"])
    record("template.kept", template, by=by, at=at, sheets=len(sheets))
    return template


# --- filling -----------------------------------------------------------------------


@transaction.atomic
def fill_template(template, asked, *, by, at, said):
    """Write rows into the template: `asked` is `{sheet's name: Asked}`.

    `said` is who and when, for the file's properties. Returns the filled workbook as
    an open file and its ExportRun. Raises FileProblem; restricted columns stay empty
    for whoever may not see them.
    """
    _check(by, template.grid)
    fillings, log = [], []
    for sheet in template.sheets:
        if not sheet["on"] or sheet["name"] not in asked:
            continue
        wanted = asked[sheet["name"]]
        ledger = wanted.ledger
        allowed = {column.key for column in ledger.columns_for(by)} | {NUMBER}
        places = {
            int(place): key for place, key in sheet["columns"].items() if key in allowed
        }
        counted = _Counted(wanted, places, by=by)
        fillings.append(
            Filling(
                sheet=sheet["name"],
                first_row=sheet["first_row"],
                places=list(places),
                rows=counted,
                footer=sheet["footer"],
            )
        )
        log.append((sheet["name"], ledger, wanted.in_words or "无", counted))
    if not fillings:
        raise Refused("这个模板没有一张要填的表，请先对列。")
    note = "；".join([said, *(f"{name}：{words}" for name, _, words, _ in log)])
    file = fill(bytes(template.file), fillings, note=note)
    run = ExportRun.objects.create(
        template=template,
        sheets=[
            {"sheet": name, "ledger": ledger.key, "rows": rows.count, "filter": words}
            for name, ledger, words, rows in log
        ],
        rows=sum(rows.count for *_, rows in log),
        by=by,
        at=at,
    )
    record(
        "template.filled",
        template,
        by=by,
        at=at,
        rows=run.rows,
        run=run.pk,
        restricted=sorted({key for *_, rows in log for key in rows.restricted}),
    )
    return file, run


class _Counted:
    """The rows of one sheet, as values by column, counted while they are written."""

    def __init__(self, asked, places, *, by):
        self.asked, self.keys, self.by, self.count = asked, list(places.values()), by, 0
        self.columns = {k: asked.ledger.column(k) for k in self.keys if k != NUMBER}
        self.restricted = restricted_among(self.columns.values())

    def __iter__(self):
        ledger = self.asked.ledger
        columns = self.columns
        rows = ledger.annotated(
            self.asked.rows, columns.values(), user=self.by, day=self.asked.day
        )
        for row in unhurriedly(rows.iterator(2000)):
            self.count += 1
            yield [
                self.count if key == NUMBER else columns[key].value(row)
                for key in self.keys
            ]


def register():
    """Offer the templates wherever a ledger that they can hold is exported."""
    way = (
        "填进上级模板",
        "file-spreadsheet",
        "enterprises:template_list",
        Right.IMPORT,
    )
    extend(*LEDGERS_OFFERED, ways_out=[way])
