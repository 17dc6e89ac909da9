"""What a file would do to the ledger of a grid; nothing is written here.

Rows are matched by code, else by name, building and room. Only a missing name or a
conflict of identity rejects a row. An empty cell overwrites nothing.
"""

import operator
import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

from django.db.models import Q

from enterprises.imports import official, recognise
from enterprises.imports.fields import answers_of, read_building, read_business
from enterprises.imports.kinds import (
    BUILDING_HEADINGS,
    BUILDING_LABELS,
    BUSINESS_HEADINGS,
    BUSINESS_LABELS,
    KINDS,
    OF_ORGANIZATIONS,
    Job,
    Kind,
    WithExtra,
    others,
    register,
)
from enterprises.imports.recognise import NOTICE, WARNING
from enterprises.models import Business, ImportRow
from grids.models import Building
from tianshan.database.arrays import among
from tianshan.files import FileProblem
from tianshan.files.cells import shown
from tianshan.pinyin import fold
from tianshan.values.typed import MASK
from tianshan.web.masks import masked_name, masked_phone

Result = ImportRow.Result
WITHOUT_ANSWER = "这一格是星号，台账里却没有填过，没有写入，请写全。"

# Facts of a business that a row may change; its building is compared beside them.
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
    "uncovered_reason",
    "cover_planned_on",
    "state",
    "note",
)


@dataclass
class Plan:
    tables: list
    rows: list
    notes: list

    def of(self, model, result=None):
        return [
            row
            for row in self.rows
            if row.table.model == model and result in (None, row.result)
        ]

    @property
    def problems(self):
        of_sheets = [problem for table in self.tables for problem in table.problems]
        return of_sheets + [p for row in self.rows for p in row.problems]

    def summary(self):
        """The counts, as the command's JSON and the page show them.

        `rows` counts the rows of businesses, those pasted twice once, so that it is
        `new` + `changed` + `same` + `rejected`; buildings stand apart.
        """
        return {
            **tally(
                Counter(
                    (row.table.model, row.values.get("kind", ""), row.result)
                    for row in self.rows
                )
            ),
            "differences": sum(len(row.changes) for row in self.of("business")),
            "sheets": [self._sheet(table) for table in self.tables],
            "notes": self.notes,
        }

    def _sheet(self, table):
        rows = [row for row in self.rows if row.table is table]
        return {
            "name": table.name,
            "model": table.model,
            "heading": table.heading + 1,
            "labels": table.labels,
            "problems": table.problems,
            "rows": sum(row.result != Result.DUPLICATE for row in rows),
            "skipped": table.skipped,
            "columns": {
                name: table.labels[place] for name, place in table.columns.items()
            },
            "places": table.columns,
            "kind": table.kind,
            "unread": table.unread,
        }


def tally(counts):
    """Sums of `{(kind of sheet, kind of business, result): rows}` for a summary.

    `rows` counts the rows of businesses, those pasted twice once, so that it is
    `new` + `changed` + `same` + `rejected`; what was skipped, buildings and the kinds
    of other rooms stand apart.
    """

    def of(model, *results):
        return sum(
            many
            for (one, _, result), many in counts.items()
            if one == model and result in results
        )

    def all_of(model):
        return {result.value: of(model, result) for result in Result}

    business = all_of("business")
    kinds = Counter()
    for (model, kind, result), many in counts.items():
        if model == "business" and result not in (Result.DUPLICATE, Result.SKIPPED):
            kinds[kind] += many
    counted = (Result.NEW, Result.CHANGED, Result.SAME, Result.REJECTED)
    building = all_of("building")
    return {
        "rows": sum(business[result] for result in counted),
        **{result.value: business[result] for result in counted},
        "duplicates": business[Result.DUPLICATE],
        "skipped": sum(
            many for (_, _, result), many in counts.items() if result == Result.SKIPPED
        ),
        "enterprises": kinds[Business.Kind.ENTERPRISE],
        "merchants": kinds[Business.Kind.MERCHANT],
        "kinds": {kind: many for kind, many in kinds.items() if kind},
        "buildings": {
            "rows": sum(building[result] for result in counted),
            **{result.value: building[result] for result in counted[:3]},
        },
        "others": [
            {
                "key": kind.key,
                "label": kind.label,
                "unit": kind.unit,
                "ledger": kind.ledger,
                **all_of(kind.key),
            }
            for kind in others()
            if any(all_of(kind.key).values())
        ],
    }


def plan(workbook, *, grid, today, mapping=None, fixes=None, lock=False, job=None):
    """Work out what a workbook would change in the grid.

    `mapping` says which sheet and column is what, by default what is certain of it;
    `fixes` is `{(sheet, row): Fixes}` as decided on the page. `lock` holds the
    businesses that it means until the transaction ends. Raises FileProblem, with a
    sentence for the user, when there is no ledger in it.
    """
    if mapping is None:
        mapping = recognise.guess(workbook)
    if not any(sheet["on"] for sheet in mapping):
        raise FileProblem(
            "没有找到台账：要有一行表头，至少写着“单位名称”和另外两列"
            "（如所在楼宇、联系电话）。请对照导出的台账改好表头再上传。"
        )
    tables, notes = recognise.tables_of(workbook, mapping)
    rows = [row for table in tables for row in recognise.rows_of(table)]
    job = job or Job(grid=grid, today=today)
    job.lock = lock
    work_out(rows, job, fixes or {})
    return Plan(tables=tables, rows=rows, notes=[*workbook.notes, *notes])


@dataclass
class Fixes:
    """What was decided on the page about one row."""

    values: dict
    skip: bool = False
    left: frozenset = frozenset()


def work_out(rows, job, fixes):
    """Read rows and give each its result, kind by kind, lower kinds first."""
    going = []
    for row in rows:
        fixed = fixes.get((row.table.name[:60], row.number))
        if fixed:
            row.mended, row.refused = fixed.values, fixed.left
        KINDS[row.table.model].read(row, job)
        if fixed and fixed.skip:
            row.result = Result.SKIPPED
            row.problems.clear()
        else:
            going.append(row)
    for kind in KINDS.values():
        kind.plan([row for row in going if row.table.model == kind.key], job)


def leave_out(row):
    """Take no difference that was refused on the page."""
    names = set(row.refused)
    if "founded_on" in names:
        names.add("founded_precision")
    row.left = {name: row.changes.pop(name) for name in names & row.changes.keys()}


def key_of(name):
    """A building's name as it is compared."""
    return fold(name).replace(" ", "").replace("·", "")


def reject(row, column, message):
    """Leave a row out, and say why."""
    row.result = Result.REJECTED
    row.problem(column, message)


def named(other, row):
    """Another row, as somebody looking at this one finds it."""
    elsewhere = "" if other.table is row.table else f"工作表“{other.table.name}”"
    return f"{elsewhere}第 {other.number} 行"


# --- buildings ---------------------------------------------------------------------


def _plan_buildings(rows, job):
    """Match by name or alias within the grid; the job then knows all by their names."""
    grid, known = job.grid, job.buildings
    found = Building.objects.in_ledgers().filter(grid__path__startswith=grid.path)
    if job.lock and rows:
        found = found.select_for_update(of=("self",), no_key=True)
    for building in found.select_related("grid").order_by("pk"):
        for name in (building.name, *building.aliases):
            known.setdefault(key_of(name), building)
    taken = {}
    for row in rows:
        if not row.name:
            reject(row, "name", "没有楼宇名称，这一行没有写入，请补上名称。")
            continue
        building = known.get(key_of(row.name))
        if earlier := taken.get(id(building)):
            _plan_again(row, earlier)
            continue
        if building is None:
            row.result = Result.NEW
            building = Building(
                grid=grid,
                name=row.name,
                kind=row.values.get("kind", Building.Kind.OTHER),
                address=row.values.get("address", ""),
                floors=row.values.get("floors"),
                aliases=row.values.get("aliases", []),
            )
            _new_answers(row)
            building.extra = answers_of(row)
        else:
            row.changes = _changes_of_building(row, building)
            leave_out(row)
            row.result = Result.CHANGED if row.changes else Result.SAME
        row.target = building
        taken[id(building)] = row
        for name in (row.name, *row.values.get("aliases", [])):
            known.setdefault(key_of(name), building)


def _plan_again(row, earlier):
    """A building that stands in the file a second time."""
    if row.values == earlier.values:
        row.result = Result.DUPLICATE
        row.problem("name", f"和{named(earlier, row)}完全一样，只写入一次。", NOTICE)
    else:
        reject(
            row,
            "name",
            f"{named(earlier, row)}已经写了这处楼宇，这一行没有写入，"
            "请把两行合成一行。",
        )


def _changes_of_building(row, building):
    """Aliases are added, never taken away: somebody may have entered them here."""
    values = dict(row.values)
    if aliases := values.pop("aliases", []):
        had = {key_of(name) for name in (building.name, *building.aliases)}
        fresh = [name for name in aliases if key_of(name) not in had]
        values["aliases"] = [*building.aliases, *fresh]
    return {
        name: [getattr(building, name), values[name]]
        for name in ("kind", "address", "floors", "aliases")
        if name in values and getattr(building, name) != values[name]
    } | _changes_of_extra(row, building)


# --- businesses --------------------------------------------------------------------


class Known:
    """The businesses that rows may mean: by code anywhere, by name within the grid."""

    def __init__(self, rows, grid, *, lock):
        beside = ["official"] if official.given(rows) else []
        codes = {row.values["code"] for row in rows if "code" in row.values}
        names = {row.name for row in rows if row.name}
        joined = (
            Business.objects.in_ledgers()
            .select_related("grid", "building", *beside)
            .order_by("pk")
        )
        if lock:
            # Visits may go on meanwhile: they refer to a business, not change it.
            joined = joined.select_for_update(of=("self",), no_key=True)
        self.grid = grid
        self.by_code = {b.code: b for b in joined.filter(code__in=among(codes, "text"))}
        self.by_name = {}
        for business in joined.filter(
            grid__path__startswith=grid.path, name__in=among(names, "text")
        ):
            self.by_name.setdefault(business.name, []).append(business)
        self._merged = self._taken_into_others(
            codes - self.by_code.keys(), names, joined
        )

    def _taken_into_others(self, codes, names, joined):
        """`{code or (name, building, room): row merged away}`; each knows its survivor."""
        gone = Business.objects.exclude(merged_into=None).order_by("pk")
        gone = gone.select_related("official").filter(
            Q(code__in=among(codes, "text"))
            | Q(grid__path__startswith=self.grid.path, name__in=among(names, "text"))
        )
        keys = {business.merged_into_id for business in gone}
        if not keys:
            return {}
        survivors = {b.pk: b for b in joined.filter(pk__in=among(keys))}
        found = {}
        for business in gone:
            if survivor := survivors.get(business.merged_into_id):
                business.merged_into = survivor
                found[business.code] = business
                place = (business.name, business.building_id, business.room)
                found[place] = business
        return found

    def merged(self, row):
        """The row merged away that is meant: by code, or by name and place exactly."""
        code, (building, room) = row.values.get("code"), _place(row)
        if code:
            return None if code in self.by_code else self._merged.get(code)
        if self.at(row) or not (building or room):
            return None
        return self._merged.get((row.name, building, room))

    def at(self, row):
        """The businesses of the row's name and exactly its place."""
        building, room = _place(row)
        return [
            business
            for business in self.by_name.get(row.name, [])
            if (business.building_id, business.room) == (building, room)
        ]

    def near(self, row):
        """Those of its name where the place, as far as both say, is the same.

        One part at least must be known to be the same, unless the row says nothing
        of a place: a building that was misspelt last time is put right this time.
        """
        building, room = _place(row)
        found = []
        for business in self.by_name.get(row.name, []):
            pairs = [(building, business.building_id), (room, business.room)]
            agree = [ours == theirs for ours, theirs in pairs if ours and theirs]
            if all(agree) and (agree or not (building or room)):
                found.append(business)
        return found


def _place(row):
    """Building's key and room; -1 for a building that this file is about to make."""
    building = row.values.get("building")
    return building and (building.pk or -1), row.values.get("room", "")


def _read_business(row, job):
    read_business(row, job)
    official.read(row)


def _plan_businesses(rows, job):
    if not rows:
        return
    for row in rows:
        if row.name:
            find_building(row, job.buildings)
    known = Known(rows, job.grid, lock=job.lock)
    seen = Seen()
    for row in rows:
        if not row.name:
            reject(row, "name", "没有名称，这一行没有写入，请补上名称。")
        elif not seen.before(row):
            _match(row, known)
    # The survivor's own row first: it says more of it than one that was merged away.
    matched = [row for row in rows if row.target is not None]
    for row in sorted(matched, key=lambda row: known.merged(row) is not None):
        seen.take(row, again=known.merged(row))
    job.newcomers = [row for row in rows if row.result == Result.NEW]


def find_building(row, buildings):
    """Turn the name of a building into the building; list one that is not known."""
    text = row.values.pop("building", None)
    if text is None:
        return
    if building := buildings.get(key_of(text)):
        row.values["building"] = building
        return
    near = get_close_matches(key_of(text), buildings, n=1, cutoff=0.7)
    hint = f"（是不是“{buildings[near[0]].name}”？）" if near else ""
    row.problem(
        "building",
        f"这个网格里没有叫“{text}”的楼宇或市场{hint}，这一格没有写入。"
        "请改成台账里的名称，或先在楼宇的俗称里加上它。",
    )


def once(rows):
    """The rows without those that repeat another whole, which are marked."""
    seen, kept = Seen(), []
    for row in rows:
        if not seen.repeats(row):
            kept.append(row)
    return kept


class Seen:
    """Rows of the file so far, to find what stands in it twice."""

    def __init__(self):
        self.by_content, self.by_code, self.by_place, self.by_target = {}, {}, {}, {}

    def before(self, row):
        """Mark a row that repeats another, or contradicts it; say whether it does."""
        if self.repeats(row):
            return True
        code, place = row.values.get("code"), self._place(row)
        if other := self.by_code.get(code):
            column, what = "code", "是同一个统一代码"
        elif other := self.by_place.get(place):
            column, what = "name", "同名同室号铺位"
            both = code and other.values.get("code")
            if both and not any(place[1:]):
                other = None  # two of a name, each with its code, nowhere in particular
        if code:
            self.by_code.setdefault(code, row)
        self.by_place.setdefault(place, row)
        if other:
            reject(
                row,
                column,
                f"{named(other, row)}{what}，内容却不同，这一行没有写入。"
                "请确认哪一行对，删去另一行。",
            )
        return bool(other)

    def repeats(self, row):
        """Is it the same as another, cell by cell? Then it is marked so."""
        same = self.by_content.setdefault(self.content(row), row)
        if same is not row:
            row.result = Result.DUPLICATE
            row.problems.clear()  # what is wrong with its cells is said of the other
            row.problem("name", f"和{named(same, row)}完全一样，只写入一次。", NOTICE)
        return same is not row

    def take(self, row, *, again):
        """Let one row alone change a business; `again` if it is of one merged away."""
        if row.target is None or row.result == Result.REJECTED:
            return
        other = self.by_target.get(row.target.pk)
        if other and again:
            row.result, row.changes = Result.DUPLICATE, {}
        elif other:
            row.target, row.changes = None, {}
            reject(
                row,
                "name",
                f"{named(other, row)}指的是同一家，这一行没有写入。"
                "请写明室号铺位或统一代码，或删去一行。",
            )
        else:
            self.by_target[row.target.pk] = row

    def content(self, row):
        """What the row says, to be compared."""
        values = tuple(sorted((name, str(v)) for name, v in row.values.items()))
        wrong = tuple((p["column"], p["value"]) for p in row.problems)
        return values, wrong

    def _place(self, row):
        building = row.values.get("building")
        return row.name, building and key_of(building.name), row.values.get("room")


def _match(row, known):
    """Find the business that a row means, and what it changes there."""
    business, conflict = meant(row, known)
    if conflict:
        reject(row, *conflict)
        return
    if business is None:
        row.result = Result.NEW
        for name, words in MASKED.items():
            if "*" in row.values.get(name, ""):
                del row.values[name]
                row.problem(name, f"{words[0]}带星号，没有写入，请写整个{words[0]}。")
        _new_answers(row)
        return
    row.target = business
    row.changes = _changes(row, business, gone=known.merged(row))
    leave_out(row)
    row.result = Result.CHANGED if row.changes else Result.SAME


def meant(row, known):
    """The business, or None for a new one; and a conflict of identity, or None."""
    if gone := known.merged(row):
        return _survivor(row, gone, known)
    code, at = row.values.get("code"), known.at(row)
    placed = any(_place(row))
    if business := known.by_code.get(code):
        if not business.grid.is_within(known.grid):
            return None, (
                "code",
                "这个统一代码已登记在本网格以外，这一行没有写入，请联系街道台账员。",
            )
        if business.name != row.name and _elsewhere(row, business):
            return None, (
                "code",
                f"这个统一代码在台账里是“{business.name}”，名称和地点都不同，"
                "这一行没有写入，请对照执照核对。",
            )
        if placed and at and business not in at:
            return None, (
                "code",
                "统一代码是一家，名称和地点却是台账里的另一家，这一行没有写入，"
                "请对照执照核对。",
            )
        return business, None
    if code and placed and any(business.code for business in at):
        return None, (
            "code",
            "同名同室号铺位的一家已登记另一个统一代码，这一行没有写入，请对照执照核对。",
        )
    found = [b for b in at or known.near(row) if not (code and b.code)]
    if len(found) > 1:
        return None, (
            "name",
            f"台账里有 {len(found)} 家同名的，分不清是哪一家，这一行没有写入。"
            "请补上统一代码，或写明楼宇和室号铺位。",
        )
    return (found[0] if found else None), None


def _survivor(row, gone, known):
    """What a business was merged into stands for it."""
    if not gone.merged_into.grid.is_within(known.grid):
        return None, (
            "code",
            "这一家已并入本网格以外的一家，这一行没有写入，请联系街道台账员。",
        )
    row.problem(
        "name",
        f"台账里这一家已并入“{gone.merged_into.name}”，按那一家核对。",
        NOTICE,
    )
    return gone.merged_into, None


def _elsewhere(row, business):
    """Does the row give another place than the one stored?"""
    building, room = _place(row)
    return bool(
        (building and business.building_id and building != business.building_id)
        or (room and business.room and room != business.room)
    )


def _said_before(values, gone):
    """What the row merged away said as well: it was weighed when they were merged."""
    same = {"code"} if "code" in values else set()
    for name in values.keys() & (set(COMPARED) - {"founded_precision"}):
        _, is_same = MASKED.get(name, ("", operator.eq))
        if is_same(getattr(gone, name), values[name]):
            same.add(name)
    if "founded_on" in same:
        same.add("founded_precision")
    if "building" in values and values["building"].pk == gone.building_id:
        same.add("building")
    same |= official.said_before(values, gone)
    return same | {name for name, v in values.items() if gone.extra.get(name) == v}


def _changes(row, business, *, gone=None):
    """Fields that a row gives and that differ, as {field: [before, after]}.

    `gone` is what the row names, where it was merged into the business.
    """
    values, changes = dict(row.values), {}
    known_before = _said_before(values, gone) if gone else ()
    for name in known_before:
        del values[name]
    if _said_less_exactly(values, business):
        del values["founded_on"], values["founded_precision"]
    for name in COMPARED:
        if name not in values:
            continue
        before, after = getattr(business, name), values[name]
        if name in MASKED:
            what, is_same = MASKED[name]
            if is_same(before, after):
                continue
            if "*" in after:
                row.problem(
                    name, f"{what}带星号，和台账里的对不上，没有写入，请写整个{what}。"
                )
                continue
        if before != after:
            changes[name] = [before, after]
    building = values.get("building")
    if building is not None and business.building_id != _place(row)[0]:
        before = business.building.name if business.building else ""
        changes["building"] = [before, building.name]
    if shown(row.cell("kind")) and row.values["kind"] != business.kind:
        row.problem(
            "kind",
            f"台账里是{business.get_kind_display()}，类别没有改，请核对。",
            WARNING,
        )
    changes |= official.changes(row, business)
    changes |= _changes_of_extra(row, business)
    return {name: c for name, c in changes.items() if name not in known_before}


def _changes_of_extra(row, target):
    """Answers to extra fields that a row gives and that differ, like `_changes`."""
    changes = {}
    for name, after in answers_of(row).items():
        before = target.extra.get(name)
        if after == MASK:
            if before is None:
                row.problem(name, WITHOUT_ANSWER)
        elif before != after:
            changes[name] = [before, after]
    return changes


def _new_answers(row):
    """The answers of a row that is new; a mask stands for none that is known here."""
    for name, answer in answers_of(row).items():
        if answer == MASK:
            del row.values[name]
            row.problem(name, WITHOUT_ANSWER)


def _same_number(before, after):
    """A number however it is written, or the mask under which it was exported."""
    if "*" in after:
        return after == masked_phone(before)
    return re.sub(r"\D", "", before) == re.sub(r"\D", "", after)


def _same_name(before, after):
    return after in (before, masked_name(before))


# What exports mask, in words, and how the mask is known for what it stands for.
MASKED = {
    "contact_phone": ("号码", _same_number),
    "contact_name": ("姓名", _same_name),
}


def _said_less_exactly(values, business):
    """2019年6月 takes nothing from a business founded on 12 June 2019."""
    day, known = values.get("founded_on"), business.founded_on
    if day is None or known is None:
        return False
    exactness = list(Business.Precision.values)
    said = values["founded_precision"]
    if exactness.index(said) <= exactness.index(business.founded_precision):
        return False
    same_year = day.year == known.year
    return same_year and (said == Business.Precision.YEAR or day.month == known.month)


def _heading(field):
    """The words by which a column of an extra field is known."""
    return [recognise.plain(field.label)]


register(
    Kind(
        key="building",
        label="楼宇",
        unit="处",
        headings=WithExtra(BUILDING_HEADINGS, "building", _heading),
        labels=WithExtra(BUILDING_LABELS, "building", str),
        needs=(("name",),),
        read=read_building,
        plan=_plan_buildings,
    )
)
register(
    Kind(
        key="business",
        label="企业商户",
        unit="家",
        headings=WithExtra(BUSINESS_HEADINGS | official.HEADINGS, "business", _heading),
        labels=WithExtra(BUSINESS_LABELS | official.LABELS, "business", str),
        needs=(("name",),),
        never=OF_ORGANIZATIONS,
        read=_read_business,
        plan=_plan_businesses,
    )
)
