"""Past activities come in as files: when, where, by whom, how many came, and which
businesses. One that the portal knows is only told what it did not know of it."""

import datetime as dt
import re
from collections import defaultdict

from django.db.models import Q
from django.utils import timezone

from enterprises.imports import Kind, register
from enterprises.imports.fields import one_of, short, take
from enterprises.imports.plan import key_of, leave_out, named, once, reject
from enterprises.imports.recognise import NOTICE, WARNING, Row
from enterprises.imports.undo import hanging, later, put_back
from enterprises.models import Business, ImportRow
from grids.models import Neighborhood
from party.models import MemberUnit, PartyOrganization, Station
from services import activities
from services.models import Activity, Attendance, ServiceBrand
from tianshan.database.arrays import among
from tianshan.files import CellProblem
from tianshan.files.cells import day_of, shown, text_of, whole_number
from visits.actions import plain_words

Result, Basis, Place, State = (
    ImportRow.Result,
    Activity.Basis,
    Activity.Place,
    Activity.State,
)
CLOCK = r"(上午|中午|下午|晚上)?\s*(\d{1,2})\s*[:点时]\s*(\d{1,2}|半)?分?(?::\d\d)?"
CLOCKS = re.compile(rf"{CLOCK}(?:\s*[-–—~至到]+\s*{CLOCK})?")
HOW_CLOCKS_LOOK = "请写成 14:00-16:00 的样子。"
SCHOOL = re.compile("学校|小学|中学|大学|学院|幼儿园")
PERSONS = re.compile(r"(.+?)\s*(?:\((\d{1,3})\s*[人位名]\)|(\d{1,3})\s*[人位名])")
BASES = {label: value for value, label in Basis.choices}
BASES |= {f"点数({label})": value for value, label in Basis.choices}
BASES["逐个签到"] = Basis.SHEET
STATES = {label: value for value, label in State.choices} | {"已结束": State.HELD}
ORGANIZERS = {
    PartyOrganization: "organization",
    MemberUnit: "unit",
    Station: "host",
}


# --- what the cells mean -------------------------------------------------------------


def _read(row, job):
    take(row, "name", short(60))
    _take_when(row)
    take(row, "brand", short(30))
    take(row, "place", short(60))
    take(row, "organizer", short(80))
    take(row, "partners", short(120))
    take(row, "persons", whole_number)
    take(row, "basis", one_of(BASES))
    take(row, "households", whole_number)
    take(row, "units", _units)
    take(row, "about", short(500))
    take(row, "state", one_of(STATES))
    _settle_numbers(row)


def _take_when(row):
    """The day, and the clocks where both are written; an end may be a day later."""
    values, clocks, last = row.values, {}, None
    for name in ("on", "time", "ends"):
        cell, clocks[name] = _parted(row.cell(name))
        try:
            day = day_of(cell)
            if day and day.precision != "day":
                raise CellProblem("要写到哪一天，如 2025-03-12。")
        except CellProblem as problem:
            wrong = f"认不出时间“{shown(cell)}”，{HOW_CLOCKS_LOOK}"
            row.problem(name, wrong if name == "time" else str(problem))
            continue
        if day and name == "ends":
            last = day.date
        elif day:
            values.setdefault("on", day.date)
    said = clocks["time"] or "-".join(filter(None, (clocks["on"], clocks["ends"])))
    if not said or "on" not in values or not (clocks["time"] or clocks["on"]):
        return
    try:
        start, end = _clocks(said)
        if end is None:
            row.problem(
                "time",
                f"没有写到几点结束，先按只知道日期记；{HOW_CLOCKS_LOOK}",
                WARNING,
            )
        else:
            values["end"] = dt.datetime.combine(last or values["on"], end)
            if values["end"] <= dt.datetime.combine(values["on"], start):
                del values["end"]
                raise CellProblem(f"结束不比开始晚，时间没有写入；{HOW_CLOCKS_LOOK}")
        values["start"] = start
    except CellProblem as problem:
        row.problem("time", str(problem))


def _parted(cell):
    """A cell as (its day, the clocks behind it in words)."""
    if isinstance(cell, dt.datetime):
        return cell.date(), f"{cell:%H:%M}" if cell.time() != dt.time() else ""
    if isinstance(cell, str):
        text = text_of(cell)
        if found := CLOCKS.search(text):
            return text[: found.start()].strip(" T,"), text[found.start() :]
        return text, ""
    return cell, ""


def _clocks(text):
    """(start, end or None) of “14:00-16:00”, “下午2点半至4点”."""
    found = CLOCKS.fullmatch(text)
    if not found:
        raise CellProblem(f"认不出时间“{text}”，{HOW_CLOCKS_LOOK}")
    half, *first = found.group(1, 2, 3)
    start = _clock(text, half, *first)
    if found[5] is None:
        return start, None
    return start, _clock(text, found[4] or half, *found.group(5, 6))


def _clock(text, half, hour, minute):
    hour, minute = int(hour), 30 if minute == "半" else int(minute or 0)
    if half in ("下午", "晚上") and hour < 12:
        hour += 12
    try:
        return dt.time(hour, minute)
    except ValueError:
        raise CellProblem(f"没有“{text}”这个时间，{HOW_CLOCKS_LOOK}") from None


def _units(cell):
    """`{name: persons}` of “闽南茶行、启元科技（3人）”; one each where none is said."""
    units = {}
    for part in re.split(r"[、,，;；\r\n]", cell if isinstance(cell, str) else ""):
        if name := text_of(part):
            found = PERSONS.fullmatch(name)
            name, persons = (
                (found[1], int(found[2] or found[3])) if found else (name, 1)
            )
            if persons < 1:
                raise CellProblem(f"“{name}”写了 0 人，没来的请删去。")
            units[name] = units.get(name, 0) + persons
    return units


def _settle_numbers(row):
    """Numbers that do not go together are left out, and said."""
    values = row.values
    if values.get("persons") == 0:
        del values["persons"]
        row.problem("persons", "没有人来的不是参加人次，没有写入；不知道就空着。")
    if "persons" not in values:
        values.pop("basis", None)
        if values.pop("households", None):
            row.problem("households", "没有参加人次就没有户次，没有写入，请补上人次。")
    elif values.get("households", 0) > values["persons"]:
        del values["households"]
        row.problem("households", "户次比人次多，没有写入，请核对。")


# --- what is there already -------------------------------------------------------------


class Known:
    """What the rows may mean: activities, places, organisers and businesses."""

    def __init__(self, rows, job):
        self.job = job
        serves = Q(grid__path__startswith=job.grid.path) | Q(
            grid__code__in=job.grid.codes
        )
        self.activities = self._activities_of(rows, serves)
        stations = Station.objects.filter(serves).select_related("grid")
        self.places = {
            **{
                row.name: (Place.NEIGHBORHOOD, row)
                for row in Neighborhood.objects.all()
            },
            **{b.name: (Place.BUILDING, b) for b in job.buildings.values()},
            **{station.name: (Place.STATION, station) for station in stations},
        }
        self.longest_first = sorted(self.places, key=len, reverse=True)
        self.buildings = job.buildings
        organizers = [
            *stations,
            *MemberUnit.objects.select_related("grid"),
            *PartyOrganization.objects.filter(serves).select_related("grid"),
        ]
        self.organizers = {key_of(one.name): one for one in organizers}
        self.brands = {brand.name: brand for brand in ServiceBrand.objects.all()}
        self.businesses = self._businesses_of(rows)
        self.came = defaultdict(set)
        ids = {one.pk for found in self.activities.values() for one in found}
        there = Attendance.objects.standing().filter(activity__in=ids)
        for activity, business in there.values_list("activity", "business"):
            self.came[activity].add(business)

    def _activities_of(self, rows, serves):
        """`{(plain title, day): [activities]}` of the days of the rows."""
        days = {row.values["on"] for row in rows}
        if not days:
            return {}
        near = Activity.objects.in_ledgers().filter(
            serves,
            starts__gte=_midnight(min(days)),
            starts__lt=_midnight(max(days) + dt.timedelta(days=1)),
        )
        if self.job.lock:
            list(near.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        found = defaultdict(list)
        for activity in near.counted().select_related("grid", "brand").order_by("pk"):
            day = timezone.localdate(activity.starts)
            found[plain_words(activity.title), day].append(activity)
        return found

    def _businesses_of(self, rows):
        """`{name: [businesses of the grid]}`, those that the file makes among them."""
        names = {name for row in rows for name in row.values.get("units", ())}
        found = defaultdict(list)
        there = Business.objects.in_ledgers().filter(
            grid__path__startswith=self.job.grid.path, name__in=among(names, "text")
        )
        for business in there.select_related("grid"):
            found[business.name].append(business)
        for row in self.job.newcomers:
            if row.name in names:
                found[row.name].append(row)
        return found

    def like(self, row):
        """The activities of the row's title and day, and clock as far as both say."""
        start = row.values.get("start")
        found = [
            activity
            for activity in self.activities.get(_key(row), ())
            if start is None
            or activity.untimed
            or timezone.localtime(activity.starts).time() == start
        ]
        own = [one for one in found if one.grid.is_within(self.job.grid)]
        return own or found

    def placed(self, row):
        """The fields of the place that the row names; what is not known is in the street."""
        text = row.values["place"]
        kind, spot, rest = None, None, text
        if building := self.buildings.get(key_of(text)):
            kind, spot, rest = Place.BUILDING, building, ""
        for name in self.longest_first:
            if text.startswith(name):
                kind, spot = self.places[name]
                rest = text.removeprefix(name).strip(" ·,，()")
                break
        if kind is None and SCHOOL.search(text):
            kind = Place.SCHOOL
        elif kind is None:
            kind = Place.STREET
            row.problem(
                "place",
                "台账里没有叫这个名称的阵地、楼宇或居民区，先按街面记，请核实。",
                WARNING,
            )
        facts = {"place_kind": kind, "place": rest}
        return {**facts, kind.value: spot} if spot else facts


def _key(row):
    return plain_words(row.name), row.values["on"]


def _midnight(day):
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


# --- what would be written ----------------------------------------------------------------


def _plan(rows, job):
    if not rows:
        return
    for row in rows:
        if not row.name:
            reject(row, "name", "没有活动名称，这一行没有写入，请补上。")
        elif "on" not in row.values:
            reject(row, "on", "没有活动日期，这一行没有写入，请补上。")
    rows = [row for row in once(rows) if row.result != Result.REJECTED]
    known, seen = Known(rows, job), defaultdict(list)
    for row in rows:
        like = known.like(row)
        _find_brand(row, known)
        if other := _said_before(row, seen[_key(row)]):
            reject(
                row,
                "name",
                f"{named(other, row)}已经写了这一场，内容却不同，这一行没有写入。"
                "请把两行合成一行；一天办了两场的，都写明时间。",
            )
        elif len(like) > 1:
            reject(
                row,
                "time",
                f"台账里这一天有 {len(like)} 场同名的，分不清是哪一场，"
                "这一行没有写入，请写明时间。",
            )
        elif like:
            _compare(row, like[0], known)
        else:
            _plan_new(row, known)
        seen[_key(row)].append(row)


def _find_brand(row, known):
    said = row.values.pop("brand", None)
    if said in known.brands:
        row.values["brand"] = known.brands[said]
    elif said:
        row.problem(
            "brand",
            f"没有叫“{said}”的服务品牌，这一格没有写入，"
            f"请写成：{'、'.join(known.brands)}。",
        )


def _said_before(row, others):
    """Another row of the title and day, unless their clocks tell them apart."""
    start = row.values.get("start")
    for other in others:
        theirs = other.values.get("start")
        if start is None or theirs is None or start == theirs:
            return other
    return None


def _plan_new(row, known):
    values, job = row.values, known.job
    if values["on"] > job.today:
        reject(
            row,
            "on",
            "日期还没到，这里只收办过的，这一行没有写入；要办的请在“活动”里登记。",
        )
    elif (state := values.get("state", State.HELD)) != State.HELD:
        reject(row, "state", f"只收办过的，“{State(state).label}”的没有写入。")
    elif "place" not in values:
        reject(row, "place", "没有地点，这一行没有写入，请补上。")
    elif (organizer := _organizer(row, known)) is None:
        return
    elif job.by is None:
        reject(row, "name", "活动要有登记人，请在导入页上导入。")
    else:
        came = _checked(row, _came(row, known, there=()))
        if "persons" in values:
            _say_basis(row)
        own = organizer.grid.is_within(job.grid)
        row.values["facts"] = {
            "title": row.name,
            "grid": organizer.grid if own else job.grid,
            ORGANIZERS[type(organizer)]: organizer,
            **known.placed(row),
            **_when(row),
            **{n: values[n] for n in ("brand", "partners", "about") if n in values},
            **_heads(values),
        }
        row.values["came"] = came
        row.result = Result.NEW


def _organizer(row, known):
    text = row.values.get("organizer")
    found = known.organizers.get(key_of(text)) if text else None
    if not text:
        reject(row, "organizer", "没有主办，这一行没有写入，请补上。")
    elif found is None:
        reject(
            row,
            "organizer",
            f"台账里没有叫“{text}”的党组织、成员单位或阵地，这一行没有写入。"
            "主办只写一个，其余写在“联办、协办”。",
        )
    return found


def _when(row):
    """`starts`, `ends` and whether the clocks are known: without, it is the whole day."""
    on, end = row.values["on"], row.values.get("end")
    if end is None:
        last = dt.datetime.combine(on, dt.time(23, 59))
        starts, ends = _midnight(on), timezone.make_aware(last)
    else:
        starts = timezone.make_aware(dt.datetime.combine(on, row.values["start"]))
        ends = timezone.make_aware(end)
    return {"starts": starts, "ends": ends, "untimed": end is None}


def _heads(values):
    if "persons" not in values:
        return {}
    return {
        "head_count": values["persons"],
        "head_basis": values.get("basis", Basis.OTHER),
        "households": values.get("households"),
    }


def _came(row, known, there):
    """`[(business or the row that makes it, persons)]` of those not `there` yet."""
    came = []
    for name, persons in row.values.get("units", {}).items():
        found = known.businesses.get(name, [])
        if len(found) != 1:
            row.problem(
                "units",
                f"台账里有 {len(found)} 家叫“{name}”，分不清是哪一家，没有记它参加；"
                "写入以后可以在这场活动的“到场”里登记。"
                if found
                else f"台账里没有“{name}”，没有记它参加。请先导入企业商户，或核对名称。",
            )
        elif isinstance(found[0], Row) or found[0].pk not in there:
            came.append((found[0], persons))
    return came


def _checked(row, came, *, by_name=0, head_count=None):
    """Who came, if no more than the head count says: that takes in those with names."""
    by_name += sum(persons for _, persons in came)
    persons = row.values.get("persons", head_count)
    if persons is None:
        if came:
            row.problem(
                "units",
                f"没有写参加人次，先按点到名的 {by_name} 人次记，请核实。",
                WARNING,
            )
        return came
    if by_name <= persons:
        return came
    for name in ("persons", "basis", "households"):
        row.values.pop(name, None)
    row.problem(
        "persons",
        f"点到名的共 {by_name} 人次，比参加人次 {persons} 还多，都没有写入，请核对。",
    )
    return []


def _say_basis(row):
    if "basis" not in row.values:
        row.problem("persons", "没有写怎么数的，按主办方报数记。", NOTICE)


def _compare(row, activity, known):
    """What the row knows more or otherwise of an activity that is there."""
    row.target, row.result = activity, Result.SAME
    if not activity.grid.is_within(known.job.grid):
        row.problem("name", "是上级网格的活动，这里不改。", NOTICE)
        return
    if activity.state != State.HELD:
        state = activity.get_state_display()
        row.problem("name", f"台账里这一场是“{state}”，这里不改。", NOTICE)
        return
    values = row.values
    came = _came(row, known, there=known.came[activity.pk])
    came = _checked(
        row, came, by_name=activity.by_name or 0, head_count=activity.head_count
    )
    row.changes = _changes(values, activity)
    if "persons" in row.changes and not activity.head_basis:
        _say_basis(row)
    if came:
        row.changes["units"] = ["", "、".join(one.name for one, _ in came)]
        row.values["came"] = came
    leave_out(row)
    if row.changes:
        row.result = Result.CHANGED


def _changes(values, activity):
    """Facts that differ, as people say them: `{field: [before, after]}`."""
    changes = {}
    if "end" in values and activity.untimed:
        changes["time"] = ["", f"{values['start']:%H:%M}-{values['end']:%H:%M}"]
    if "brand" in values and values["brand"] != activity.brand:
        before = activity.brand.name if activity.brand else ""
        changes["brand"] = [before, values["brand"].name]
    for name in ("partners", "about"):
        before = getattr(activity, name)
        if name in values and plain_words(values[name]) != plain_words(before):
            changes[name] = [before, values[name]]
    persons = values.get("persons")
    if persons is None:
        return changes
    if persons != activity.person_times:
        changes["persons"] = [activity.person_times, persons]
    heads = activity.head_count is not None or "persons" in changes
    before = activity.get_head_basis_display()
    if heads and "basis" in values and values["basis"] != activity.head_basis:
        changes["basis"] = [before, Basis(values["basis"]).label]
    if heads and values.get("households", activity.households) != activity.households:
        changes["households"] = [activity.households, values["households"]]
    return changes


# --- writing and taking back ----------------------------------------------------------------


def _write(rows, job):
    new = [row for row in rows if row.result == Result.NEW]
    made = activities.take_in(
        [(row.values["facts"], _written(row)) for row in new], by=job.by, at=job.at
    )
    for row, activity in zip(new, made, strict=True):
        row.target = activity
    for row in rows:
        if row.result == Result.CHANGED:
            _fill_in(row, job)
    return [business.pk for row in rows for business, _ in _written(row)]


def _written(row):
    """Who came: businesses of the ledger, those that the file has just made too."""
    if row.result == Result.CHANGED and "units" not in row.changes:
        return []
    return [
        (getattr(one, "target", one), persons)
        for one, persons in row.values.get("came", [])
    ]


def _fill_in(row, job):
    values, changes = row.values, row.changes
    facts = {n: values[n] for n in ("brand", "partners", "about") if n in changes}
    if "time" in changes:
        facts |= _when(row)
    if changes.keys() & {"persons", "basis", "households"}:
        activity = row.target
        said = {name: values[name] for name in changes if name in values}
        facts |= {
            "head_count": said.get("persons", activity.person_times),
            "head_basis": said.get("basis") or activity.head_basis or Basis.OTHER,
            "households": said.get("households", activity.households),
        }
    activities.fill_in(row.target, facts, _written(row), by=job.by, at=job.at)


def _undo(ids, job):
    batch = job.batch
    list(Activity.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    new = set(
        batch.rows.filter(model="activity", target__in=ids)
        .written("new")
        .values_list("target", flat=True)
    )
    reasons = hanging(Activity, new, batch, apart=(Attendance,))
    reasons |= later(Attendance, ids, batch, of="activity_id")
    reasons |= later(Activity, ids, batch)
    back = [pk for pk in ids if pk not in reasons]
    came = Attendance.objects.filter(activity__in=back).exclude(business=None)
    businesses = set(came.values_list("business", flat=True))
    put_back(Attendance, back, batch.written_from, of="activity_id")
    put_back(Activity, [pk for pk in back if pk not in new], batch.written_from)
    activities.take_back([pk for pk in back if pk in new], by=job.by, at=job.at)
    return list(businesses), reasons


def register_kinds():
    """Called once, when the room is ready."""
    register(
        Kind(
            key="activity",
            label="活动",
            unit="场",
            headings={
                "name": ["活动名称", "活动", "活动主题", "主题", "课程名称"],
                "on": ["活动日期", "日期", "举办日期", "开展日期", "开始", "开始时间"],
                "time": ["时间", "活动时间", "起止时间", "时段"],
                "ends": ["结束", "结束时间"],
                "brand": ["服务品牌", "品牌"],
                "place": ["地点", "活动地点", "阵地", "地点阵地", "活动阵地"],
                "organizer": ["主办", "主办单位", "主办方", "主办党组织"],
                "partners": ["联办协办", "协办", "联办", "协办单位", "联办单位"],
                "persons": ["参加人次", "人次", "参加人数", "人数", "参与人次"],
                "basis": ["人次依据", "怎么算的", "依据", "点数依据"],
                "households": ["户次", "参加户次"],
                "units": ["参加单位", "参加企业", "参与单位", "参加企业商户"],
                "about": ["备注", "内容", "活动内容", "情况"],
                "state": ["状态"],
            },
            labels={
                "name": "活动名称",
                "on": "日期",
                "time": "时间",
                "ends": "结束",
                "brand": "服务品牌",
                "place": "地点",
                "organizer": "主办",
                "partners": "联办、协办",
                "persons": "参加人次",
                "basis": "人次依据",
                "households": "户次",
                "units": "参加单位",
                "about": "内容",
                "state": "状态",
            },
            needs=(("name",), ("on", "time")),
            read=_read,
            plan=_plan,
            write=_write,
            undo=_undo,
            record=Activity,
            ledger="services:activity_list",
        )
    )
