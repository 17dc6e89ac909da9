"""Past activities come in as files, once, and count by their own days."""

import datetime as dt

import pghistory
import pytest
from django.utils import timezone

from dashboard.models import Standing
from enterprises import imports
from services.models import Activity, Attendance, ServiceBrand
from tests.enterprises.files import HEADING, line, workbook
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    ActivityFactory,
    AttendanceFactory,
    BuildingFactory,
    BusinessFactory,
    OrganizationFactory,
)
from tests.services.conftest import clock
from tianshan.audit.models import Entry
from tianshan.ledgers import FIGURES
from tianshan.ledgers.scopes import Scope

HEADINGS = {
    "name": "活动名称",
    "brand": "品牌",
    "on": "日期",
    "time": "时间",
    "place": "地点",
    "organizer": "主办",
    "persons": "参加人次",
    "basis": "人次依据",
    "households": "户次",
    "units": "参加单位",
    "about": "备注",
}
TALK = {
    "name": "劳动法讲座",
    "brand": "益企讲堂",
    "on": "2026-03-12",
    "time": "14:00-16:00",
    "place": "天山驿空间天山荟",
    "organizer": "楼宇党委",
    "persons": 30,
    "basis": "签名表",
    "units": "启元科技、闽南茶行（3人）",
    "about": "讲了合同",
}


@pytest.fixture(autouse=True)
def street(grid, station):
    ServiceBrand.objects.get_or_create(name="益企讲堂")
    OrganizationFactory(grid=grid, name="楼宇党委")
    BuildingFactory(grid=grid, name="天山茶城", aliases=["茶城"])


@pytest.fixture
def shops(grid):
    return [
        BusinessFactory(grid=grid, name="启元科技", kind="enterprise"),
        BusinessFactory(grid=grid, name="闽南茶行"),
    ]


def sheet(*rows, more=None):
    """A workbook of activities; each row is TALK with what differs."""
    cells = [[{**TALK, **row}.get(name) for name in HEADINGS] for row in rows]
    return workbook(*cells, heading=list(HEADINGS.values()), sheet="活动", more=more)


@pytest.fixture
def read(grid, clerk):
    """`read(content)`: the file read as a batch, nothing written."""

    def upload(content, by=clerk):
        return imports.upload(
            name="旧表.xlsx",
            content=content,
            grid=grid,
            known_since=LIVE_ON,
            by=by,
            at=NOON,
        )

    return upload


@pytest.fixture
def taken(read, clerk):
    """`taken(content)`: the file imported, as its batch."""

    def write(content):
        batch = read(content)
        imports.start(batch, by=clerk, at=NOON)
        with pghistory.context(user=clerk.pk):
            imports.finish(batch, at=NOON)
        batch.refresh_from_db()
        return batch

    return write


@pytest.fixture
def undone(clerk):
    def take_back(batch):
        imports.start_undoing(batch, by=clerk, at=NOON)
        return imports.undo(batch, at=NOON)

    return take_back


def told(batch, result=None):
    rows = batch.rows.filter(**{"result": result} if result else {})
    return [p["message"] for row in rows for p in row.problems]


def figure(key, user, grid):
    scope = Scope(user, grid, start=dt.date(2026, 1, 1), end=TODAY, today=TODAY)
    return FIGURES[key].count(scope)


def test_a_past_activity_counts_by_its_own_day(taken, shops, clerk, grid, station):
    taken(sheet({}))

    talk = Activity.objects.get()
    starts, ends = (timezone.localtime(at) for at in (talk.starts, talk.ends))
    assert (talk.state, talk.untimed) == ("held", False)
    assert f"{starts:%Y-%m-%d %H:%M}–{ends:%H:%M}" == "2026-03-12 14:00–16:00"
    assert (talk.station, talk.where) == (station, "天山驿空间天山荟")
    assert (talk.brand.name, str(talk.organizer)) == ("益企讲堂", "楼宇党委")
    assert (talk.head_count, talk.head_basis, talk.about) == (30, "sheet", "讲了合同")
    came = talk.attendances.values_list("business__name", "persons")
    assert set(came) == {("启元科技", 1), ("闽南茶行", 3)}
    assert Entry.objects.about(talk).get().verb == "activity.taken_in"


def test_what_would_be_written_is_shown_before(read, shops, clerk, client_of):
    batch = read(sheet({}))

    assert list(batch.rows.values_list("result", "problems")) == [("new", [])]
    text = client_of(clerk).get(batch.get_absolute_url()).content.decode()
    assert "写入：活动 1</button>" in text
    assert "参加人次 30" in text
    assert not Activity.objects.exists()


def test_it_counts_in_the_figures_and_as_taking_part(taken, shops, clerk, grid):
    taken(sheet({}))

    assert figure("activities", clerk, grid) == 1
    assert figure("attendance", clerk, grid) == 30
    standing = Standing.objects.on(TODAY).get(business=shops[0])
    assert standing.absent_from == dt.date(2027, 3, 13)


def test_a_row_without_clocks_has_its_day_alone(taken, shops, clerk, client_of):
    taken(sheet({"time": None}))

    talk = Activity.objects.get()
    assert (talk.untimed, timezone.localdate(talk.starts)) == (
        True,
        dt.date(2026, 3, 12),
    )
    text = client_of(clerk).get(talk.get_absolute_url()).content.decode()
    assert "没有登记时间" in text
    assert " 00:00" not in text


@pytest.mark.parametrize(
    ("said", "clocks"),
    [
        ("14:00—16:00", "14:00-16:00"),
        ("下午2点半至4点", "14:30-16:00"),
        ("9时30分~11时", "09:30-11:00"),
        ("上午9：00到下午1：00", "09:00-13:00"),
    ],
)
def test_clocks_are_read_as_people_write_them(taken, shops, said, clocks):
    taken(sheet({"time": said}))

    talk = Activity.objects.get()
    starts, ends = (timezone.localtime(at) for at in (talk.starts, talk.ends))
    assert f"{starts:%H:%M}-{ends:%H:%M}" == clocks


def test_the_day_and_the_clocks_may_stand_in_one_cell(taken, shops):
    taken(sheet({"on": None, "time": "2026年3月12日 14:00-16:00"}))

    assert f"{timezone.localtime(Activity.objects.get().starts):%m-%d %H}" == "03-12 14"


@pytest.mark.parametrize(
    ("place", "kind", "where"),
    [
        ("茶城", "building", "天山茶城"),
        ("天山茶城一层大厅", "building", "天山茶城一层大厅"),
        ("天山第一小学", "school", "天山第一小学"),
    ],
)
def test_a_place_is_known_by_its_name(taken, shops, place, kind, where):
    batch = taken(sheet({"place": place}))

    talk = Activity.objects.get()
    assert (talk.place_kind, talk.where) == (kind, where)
    assert told(batch) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"on": "2026-13-01"}, "13 月不存在"),
        ({"on": None, "time": None}, "没有活动日期"),
        ({"on": "2026年3月"}, "写到哪一天"),
        ({"on": "2026-12-31"}, "日期还没到"),
        ({"name": None}, "没有活动名称"),
        ({"place": None}, "没有地点"),
        ({"organizer": None}, "没有主办"),
        ({"organizer": "没有的单位"}, "没有叫“没有的单位”的党组织"),
    ],
)
def test_a_row_that_cannot_be_is_left_out_with_a_word(taken, shops, row, said):
    batch = taken(sheet(row))

    assert not Activity.objects.exists()
    assert said in "".join(told(batch, "rejected"))


@pytest.mark.parametrize(
    ("row", "said", "field"),
    [
        ({"brand": "没有的品牌"}, "没有叫“没有的品牌”的服务品牌", "brand"),
        ({"persons": -3, "units": None}, "小于 0", "head_count"),
        ({"persons": "很多", "units": None}, "不是整数", "head_count"),
        ({"persons": 2}, "共 4 人次，比参加人次 2 还多", "head_count"),
        ({"households": 31}, "户次比人次多", "households"),
    ],
)
def test_a_wrong_cell_is_left_out_with_a_word(taken, shops, row, said, field):
    batch = taken(sheet(row))

    assert said in "".join(told(batch, "new"))
    assert getattr(Activity.objects.get(), field) is None


@pytest.mark.parametrize("time", ["16:00-14:00", "25:00-26:00", "下班以后"])
def test_wrong_clocks_are_said_and_the_day_stays(taken, shops, time):
    batch = taken(sheet({"time": time}))

    assert Activity.objects.get().untimed
    assert "14:00-16:00 的样子" in "".join(told(batch))


def test_businesses_nobody_knows_or_known_twice_are_said(taken, grid, shops):
    BusinessFactory(grid=grid, name="闽南茶行")
    batch = taken(sheet({"units": "启元科技，没有的店；闽南茶行"}))

    assert [row.business for row in Attendance.objects.all()] == [shops[0]]
    said = "".join(told(batch))
    assert "台账里没有“没有的店”" in said
    assert "有 2 家叫“闽南茶行”" in said


def test_without_a_head_count_those_named_are_counted_and_it_is_said(taken, shops):
    batch = taken(sheet({"persons": None}))

    assert Activity.objects.counted().get().person_times == 4
    assert "先按点到名的 4 人次记" in "".join(told(batch))


def test_the_same_file_again_changes_nothing(taken, read, shops):
    content = sheet({}, {"name": "茶会", "time": None, "persons": None, "units": None})
    taken(content)

    again = read(content)

    assert set(again.rows.values_list("result", flat=True)) == {"same"}
    assert taken(content).summary["others"][0]["same"] == 2
    assert (Activity.objects.count(), Attendance.objects.count()) == (2, 2)


def test_two_rows_of_one_activity_are_not_two(taken, shops):
    batch = taken(sheet({}, {}, {"persons": 31}, {"time": "18:00-19:00"}))

    results = batch.rows.order_by("number").values_list("result", flat=True)
    assert list(results) == ["new", "duplicate", "rejected", "new"]


def test_one_held_here_is_only_told_what_is_new(taken, shops, station, grid):
    talk = ActivityFactory(
        grid=grid,
        title="劳动法讲座",
        station=station,
        starts=clock(1, 14).replace(month=3, day=12),
        ends=clock(1, 16).replace(month=3, day=12),
        state="held",
    )
    AttendanceFactory(activity=talk, business=shops[0], employer="")
    batch = taken(sheet({}))

    (row,) = batch.rows.all()
    assert (row.result, set(row.changes)) == (
        "changed",
        {"brand", "about", "persons", "basis", "units"},
    )
    talk.refresh_from_db()
    assert (talk.head_count, talk.head_basis) == (30, "sheet")
    assert talk.attendances.count() == 2
    assert Entry.objects.about(talk).get().verb == "activity.filled_in"


@pytest.mark.parametrize("state", ["draft", "announced", "cancelled"])
def test_one_that_is_not_held_is_left_as_it_is(taken, shops, station, grid, state):
    starts = clock(1, 14).replace(month=3, day=12)
    why = (
        {"cancelled_at": NOON, "cancelled_why": "下雨"} if state == "cancelled" else {}
    )
    ActivityFactory(
        grid=grid,
        title="劳动法讲座",
        station=station,
        starts=starts,
        ends=starts + dt.timedelta(hours=2),
        state=state,
        **why,
    )
    batch = taken(sheet({}))

    assert batch.rows.get().result == "same"
    assert "这里不改" in told(batch)[0]
    assert not Attendance.objects.exists()


def test_a_difference_can_be_left_and_a_wrong_cell_mended(taken, read, shops, clerk):
    taken(sheet({}))
    batch = read(
        sheet({"persons": 41, "about": "又讲了"}, {"name": "新课", "on": None})
    )
    changed, wrong = batch.rows.order_by("number")

    imports.leave(changed, field="about", on=True, by=clerk, at=NOON)
    imports.mend(wrong, cells={"on": "2026-04-02"}, by=clerk, at=NOON)
    imports.start(batch, by=clerk, at=NOON)
    imports.finish(batch, at=NOON)

    talk = Activity.objects.get(title="劳动法讲座")
    assert (talk.head_count, talk.about) == (41, "讲了合同")
    assert timezone.localdate(Activity.objects.get(title="新课").starts).month == 4


def standings():
    """What Standing holds, in whatever order it was written."""
    rows = Standing.objects.order_by("business", "since").values()
    return [{**row, "id": None} for row in rows]


def test_a_batch_is_taken_back_whole(
    taken, undone, shops, station, grid, clerk, client_of
):
    held = ActivityFactory(
        grid=grid,
        title="茶会",
        station=station,
        starts=clock(1, 14).replace(month=3, day=12),
        ends=clock(1, 16).replace(month=3, day=12),
        state="held",
    )
    before = standings()
    batch = taken(sheet({}, {"name": "茶会", "units": "闽南茶行"}))
    assert Attendance.objects.count() == 3

    assert undone(batch) == (2, 0)

    held.refresh_from_db()
    assert (held.head_count, held.brand, held.about) == (None, None, "")
    assert not Attendance.objects.exists()
    assert standings() == before
    assert figure("activities", clerk, grid) == 1
    page = client_of(clerk).get("/activities/").content.decode()
    assert "劳动法讲座" not in page
    taken(sheet({}))
    assert Activity.objects.in_ledgers().count() == 2


def test_what_somebody_went_on_with_stays(taken, undone, shops, grid, clerk):
    from services import activities

    batch = taken(sheet({}))
    activities.count_heads(
        Activity.objects.get(), count=50, basis="eye", by=clerk, at=NOON
    )

    assert undone(batch) == (0, 1)
    assert Activity.objects.in_ledgers().exists()
    assert Attendance.objects.count() == 2


def test_shops_and_what_they_took_part_in_come_in_one_workbook(taken, undone):
    batch = taken(
        sheet(
            {"units": "新店、老店"},
            more={"商户": [HEADING, line("新店", room="9"), line("老店", room="8")]},
        )
    )
    assert Attendance.objects.filter(business__name="新店").exists()

    assert undone(batch)[1] == 0


def test_an_activity_of_the_street_is_not_made_again_by_a_grid(taken, shops, grid):
    ActivityFactory(
        grid=grid.parent,
        title="劳动法讲座",
        starts=clock(1, 14).replace(month=3, day=12),
        ends=clock(1, 16).replace(month=3, day=12),
        state="held",
    )
    batch = taken(sheet({}))

    assert batch.rows.get().result == "same"
    assert "上级网格" in told(batch)[0]


def test_the_batch_is_a_filter_of_the_ledger(taken, shops, grid, clerk, client_of):
    ActivityFactory(grid=grid)
    batch = taken(sheet({}))
    page = client_of(clerk).get("/activities/", {"batch": batch.pk}).content.decode()
    assert 'data-total="1"' in page


def test_a_batch_costs_the_same_queries_for_any_number_of_rows(
    read, shops, django_assert_max_num_queries
):
    with django_assert_max_num_queries(45):
        read(sheet(*({"name": f"讲座{number}"} for number in range(30))))
