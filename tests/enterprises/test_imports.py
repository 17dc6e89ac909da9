"""What an import makes of a file: matched, compared, written, and nothing lost."""

import datetime as dt
import io
import zipfile
from collections import Counter

import pytest
from django.core.exceptions import PermissionDenied

from enterprises import imports
from enterprises.models import Business, ImportBatch, Occupancy, Operation
from grids.models import Building
from tests.enterprises.files import HEADING, code, gbk, line, workbook
from tests.factories import LIVE_ON, NOON, TODAY, BuildingFactory, BusinessFactory
from tianshan.audit.models import Entry
from tianshan.files import FileProblem, read_workbook


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城", aliases=["茶城"])


@pytest.fixture
def taken(grid):
    """`taken(content)`: the file imported, as Plan."""

    def write(content, *, grid=grid, since=LIVE_ON, at=NOON):
        batch = imports.upload(
            name="台账.xlsx",
            content=content,
            grid=grid,
            known_since=since,
            by=None,
            at=at,
        )
        imports.start(batch, by=None, at=at)
        return imports.finish(batch, at=at)

    return write


def counts(plan):
    summary = plan.summary()
    return {
        key: summary[key]
        for key in ("new", "changed", "same", "rejected", "duplicates")
        if summary[key]
    }


def problem(plan, name):
    """The one problem of a row, without the notice on a missing code."""
    found = [p for p in plan.problems if p["name"] == name and p["level"] != "notice"]
    assert len(found) == 1, found
    return found[0]


def previewed(content, grid):
    return imports.plan(read_workbook(io.BytesIO(content)), grid=grid, today=TODAY)


# --- what is written ---------------------------------------------------------------


def test_a_new_row_becomes_a_business_with_its_place_and_state(
    taken, market, monkeypatch
):
    heard = []
    monkeypatch.setattr("tianshan.ledgers._listeners", [heard.extend])

    taken(
        workbook(
            line(
                "闽南茶行",
                code=code(1),
                building="茶城",
                room="2F-08",
                trade="茶叶零售",
                staff=4,
                contact="沈女士",
                phone="19900000001",
                founded="2019.11.12",
                mode="联合组建",
                members=1,
                state="在营",
                note="老店",
            )
        )
    )

    business = Business.objects.get()
    assert business.kind == Business.Kind.MERCHANT
    assert (business.name, business.code) == ("闽南茶行", code(1))
    assert (business.building, business.room) == (market, "2F-08")
    assert (business.staff_count, business.members_count) == (4, 1)
    assert (business.founded_on, business.founded_precision) == (
        dt.date(2019, 11, 12),
        "day",
    )
    assert business.discovered_on == LIVE_ON
    assert "mnch" in business.search
    place, operation = Occupancy.objects.get(), Operation.objects.get()
    assert (place.building, place.room, place.since) == (market, "2F-08", LIVE_ON)
    assert (operation.state, operation.since) == ("operating", LIVE_ON)
    assert heard == [business.pk]


def test_a_mode_in_the_ledger_is_a_claim_and_no_coverage(taken):
    taken(workbook(line("闽南茶行", room="1", mode="单独组建")))
    business = Business.objects.get()
    assert business.reported_mode == "own"
    assert not business.coverages.exists()


@pytest.mark.parametrize(
    ("founded", "since", "known"),
    [
        (None, LIVE_ON, LIVE_ON),
        ("2019-01-01", LIVE_ON, LIVE_ON),
        ("2026-03-02", LIVE_ON, dt.date(2026, 3, 2)),  # founded after the ledger began
        (None, dt.date(2027, 1, 1), TODAY),  # never in the future
    ],
)
def test_a_new_business_is_known_from_the_day_given_or_its_founding(
    taken, founded, since, known
):
    taken(workbook(line("闽南茶行", room="1", founded=founded)), since=since)
    assert Business.objects.get().discovered_on == known


def test_the_same_file_twice_changes_nothing(taken, market):
    content = workbook(
        line("闽南茶行", code=code(1), building="茶城", room="1", founded="2019年6月"),
        line(
            "静庐茶器", building="茶楼", room="2", phone="021-55500001", staff="约3人"
        ),
    )
    taken(content)
    before = list(Business.objects.values())

    assert counts(taken(content)) == {"same": 2}

    assert list(Business.objects.values()) == before
    assert Occupancy.objects.count() == Operation.objects.count() == 2


def test_an_empty_cell_overwrites_nothing(taken, grid):
    business = BusinessFactory(
        grid=grid, name="闽南茶行", code=code(1), staff_count=4, note="老店", room="1"
    )

    plan = taken(workbook(line("闽南茶行", code=code(1), staff=6)))

    assert plan.rows[0].changes == {"staff_count": [4, 6]}
    business.refresh_from_db()
    assert (business.staff_count, business.note, business.room) == (6, "老店", "1")
    assert business.version == 2


def test_moving_closes_the_old_place_and_opens_the_new(taken, grid, market):
    old = BuildingFactory(grid=grid, name="娄山商务楼")
    business = BusinessFactory(
        grid=grid, name="闽南茶行", code=code(1), building=old, room="1"
    )

    taken(workbook(line("闽南茶行", code=code(1), building="茶城", room="2F-08")))

    places = business.occupancies.order_by("since").values_list(
        "building__name", "room", "since", "until"
    )
    assert list(places) == [
        ("娄山商务楼", "1", LIVE_ON, TODAY),
        ("天山茶城", "2F-08", TODAY, None),
    ]
    business.refresh_from_db()
    assert (business.building, business.room) == (market, "2F-08")


def test_a_place_that_nobody_had_written_down_is_no_move(taken, grid, market):
    business = BusinessFactory(grid=grid, name="闽南茶行", room="2F-08")

    taken(workbook(line("闽南茶行", building="茶城", room="2F-08")))

    place = business.occupancies.get()
    assert (place.building, place.since, place.until) == (market, LIVE_ON, None)


def test_closing_ends_the_state_and_the_place(taken, grid):
    business = BusinessFactory(grid=grid, name="闽南茶行", code=code(1), room="1")

    taken(workbook(line("闽南茶行", code=code(1), room="1", state="注销")))

    business.refresh_from_db()
    assert business.state == "closed"
    assert list(
        business.operations.order_by("since").values_list("state", "until")
    ) == [("operating", TODAY), ("closed", None)]
    assert business.occupancies.get().until == TODAY


def test_who_is_new_and_gone_already_holds_no_place(taken):
    taken(workbook(line("闽南茶行", room="1", state="迁出")))
    assert Occupancy.objects.get().until == LIVE_ON
    assert Operation.objects.get().state == "moved"


def test_a_date_said_less_exactly_takes_nothing_away(taken, grid):
    BusinessFactory(
        grid=grid, name="闽南茶行", room="1", founded_on=dt.date(2019, 6, 12)
    )
    assert counts(taken(workbook(line("闽南茶行", room="1", founded="2019年6月")))) == {
        "same": 1
    }
    assert counts(taken(workbook(line("闽南茶行", room="1", founded="2018年")))) == {
        "changed": 1
    }


def test_an_import_leaves_batch_rows_prior_values_and_audit(taken, grid):
    BusinessFactory(grid=grid, name="闽南茶行", code=code(1), staff_count=4)
    taken(workbook(line("闽南茶行", code=code(1), staff=6), line("静庐", room="2")))

    batch = ImportBatch.objects.get()
    assert (batch.state, bytes(batch.file)) == ("applied", b"")
    changed, new = batch.rows.all()
    assert (changed.result, changed.changes) == ("changed", {"staff_count": [4, 6]})
    assert new.target == Business.objects.get(name="静庐").pk
    entry = Entry.objects.get(verb="import.applied")
    assert entry.data == {"new": 1, "changed": 1}


def test_history_says_what_an_import_changed_and_nothing_twice(taken, grid):
    business = BusinessFactory(grid=grid, name="闽南茶行", code=code(1), staff_count=4)
    for staff in (6, 6):
        taken(workbook(line("闽南茶行", code=code(1), staff=staff)))

    events = business.events.order_by("pgh_id")
    assert list(events.values_list("pgh_label", "staff_count")) == [
        ("insert", 4),
        ("update", 6),
    ]


# --- which business a row means ----------------------------------------------------


def test_a_row_without_code_is_matched_by_name_building_and_room(taken, grid, market):
    BusinessFactory(grid=grid, name="全家", building=market, room="1")
    BusinessFactory(grid=grid, name="全家", building=market, room="2")

    plan = taken(
        workbook(
            line("全家", building="天山茶城", room="2", staff=3),
            line("全家", building="天山茶城", room="3"),
        )
    )

    assert [row.result for row in plan.rows] == ["changed", "new"]
    assert plan.rows[0].target.room == "2"


def test_a_code_that_was_put_right_finds_its_business(taken, grid, market):
    taken(workbook(line("闽南茶行", code="9" * 18, building="茶楼", room="1")))

    plan = taken(workbook(line("闽南茶行", code=code(1), building="茶城", room="1")))

    assert counts(plan) == {"changed": 1}
    assert Business.objects.get().code == code(1)


def test_of_two_that_a_row_may_mean_none_is_guessed(taken, grid):
    BusinessFactory(grid=grid, name="全家", room="1")
    BusinessFactory(grid=grid, name="全家", room="2")

    plan = taken(workbook(line("全家", staff=3)))

    assert counts(plan) == {"rejected": 1}
    assert "台账里有 2 家同名的" in problem(plan, "全家")["message"]


def test_the_same_code_with_another_name_and_place_is_a_conflict(taken, grid, market):
    BusinessFactory(grid=grid, name="甲店", code=code(1), building=market, room="1")

    plan = taken(workbook(line("乙店", code=code(1), building="茶城", room="2")))

    assert counts(plan) == {"rejected": 1}
    assert "“甲店”" in problem(plan, "乙店")["message"]
    assert Business.objects.get().name == "甲店"


def test_a_new_name_at_the_same_place_is_a_new_name(taken, grid, market):
    BusinessFactory(grid=grid, name="甲店", code=code(1), building=market, room="1")
    plan = taken(workbook(line("乙店", code=code(1), building="茶城", room="1")))
    assert plan.rows[0].changes == {"name": ["甲店", "乙店"]}
    assert "乙店" in Business.objects.get().search


def test_the_code_of_one_at_the_place_of_another_is_a_conflict(taken, grid, market):
    BusinessFactory(grid=grid, name="全家", code=code(1), building=market, room="1")
    BusinessFactory(grid=grid, name="全家", code=code(2), building=market, room="2")

    plan = taken(workbook(line("全家", code=code(1), building="茶城", room="2")))

    assert counts(plan) == {"rejected": 1}
    assert "另一家" in problem(plan, "全家")["message"]


def test_another_code_at_the_same_name_and_place_is_a_conflict(taken, grid, market):
    BusinessFactory(grid=grid, name="全家", code=code(1), building=market, room="1")

    plan = taken(workbook(line("全家", code=code(2), building="茶城", room="1")))

    assert counts(plan) == {"rejected": 1}
    assert "已登记另一个统一代码" in problem(plan, "全家")["message"]


def test_two_of_a_name_with_a_code_each_are_two(taken):
    content = workbook(
        line("全家", code=code(1), staff=3), line("全家", code=code(2), staff=5)
    )
    assert counts(taken(content)) == {"new": 2}
    assert counts(taken(content)) == {"same": 2}


def test_a_code_of_another_grid_is_not_taken_over(taken, other_grid):
    theirs = BusinessFactory(grid=other_grid, name="甲店", code=code(1))

    plan = taken(workbook(line("甲店", code=code(1), room="1")))

    message = problem(plan, "甲店")["message"]
    assert counts(plan) == {"rejected": 1}
    assert "本网格以外" in message
    theirs.refresh_from_db()
    assert theirs.grid == other_grid


def test_the_same_code_twice_with_other_facts_names_the_other_row(taken):
    plan = taken(
        workbook(
            line("甲店", code=code(1), room="1", staff=3),
            line("乙店", code=code(1), room="2", staff=5),
        )
    )
    assert counts(plan) == {"new": 1, "rejected": 1}
    assert "第 2 行是同一个统一代码" in problem(plan, "乙店")["message"]
    assert Business.objects.get().name == "甲店"


def test_a_row_pasted_twice_is_written_once_and_listed(taken):
    row = line("甲店", code=code(1), room="1", staff=3)
    plan = taken(workbook([1, *row[1:]], [2, *row[1:]]))
    assert counts(plan) == {"new": 1, "duplicates": 1}
    listed = plan.problems[-1]
    assert (listed["row"], listed["level"]) == (3, "notice")
    assert "第 2 行完全一样" in listed["message"]


def test_two_rows_do_not_change_one_business(taken, grid):
    BusinessFactory(grid=grid, name="甲店", code=code(1), room="1")
    plan = taken(
        workbook(line("甲店", code=code(1), staff=3), line("甲店", room="1", staff=5))
    )
    assert counts(plan) == {"changed": 1, "rejected": 1}
    assert Business.objects.get().staff_count == 3


def test_a_row_without_a_name_is_rejected(taken):
    plan = taken(workbook(line(None, code=code(1), room="1"), line("甲店", room="2")))
    assert counts(plan) == {"new": 1, "rejected": 1}
    assert "没有名称" in plan.problems[0]["message"]


# --- cells -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("code", "９２３１０１０５ＭＡ" + code(1)[10:], "code", code(1)),
        ("code", f" {code(1).lower()[:8]} {code(1).lower()[8:]}", "code", code(1)),
        ("phone", 19900000001.0, "contact_phone", "19900000001"),
        ("phone", "199-0000-0001", "contact_phone", "19900000001"),
        ("phone", "+86 19900000001", "contact_phone", "19900000001"),
        ("phone", "(021)55500001", "contact_phone", "021-55500001"),
        ("phone", "02155500001", "contact_phone", "021-55500001"),
        ("staff", "１２人", "staff_count", 12),
        ("members", 3.0, "members_count", 3),
        ("founded", "2019年6月", "founded_precision", "month"),
        ("founded", dt.date(2019, 6, 1), "founded_on", dt.date(2019, 6, 1)),
        ("state", "停业", "state", "suspended"),
    ],
)
def test_a_cell_is_read_as_it_was_meant(grid, db, column, cell, field, value):
    plan = previewed(workbook(line("甲店", room="1", **{column: cell})), grid)
    assert plan.rows[0].values[field] == value
    assert not [p for p in plan.problems if p["level"] != "notice"]


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("code", code(1)[:-1] + ("0" if code(1)[-1] != "0" else "1"), "校验位不对"),
        ("code", code(1)[:15], "应为 18 位，现有 15 位"),
        ("code", "92310105MAOI000012", "字母 O、I"),
        ("code", 923101050000000123, "设为“文本”格式"),
        ("building", "没有的大楼", "没有叫“没有的大楼”"),
        ("staff", "若干", "不是整数"),
        ("staff", -3, "小于 0"),
        ("founded", "2019-02-30", "2 月没有 30 日"),
        ("founded", "2027-01-01", "在将来"),
        ("phone", "1990000000", "请写 11 位手机号"),
        ("phone", "无", "请写 11 位手机号"),
        ("phone", "199****0001", "带星号"),
        ("state", "还行", "请写成：在营"),
        ("mode", "挂靠", "请写成：单独组建"),
        ("trade", "很" * 61, "60 个字以内"),
    ],
)
def test_a_bad_cell_is_left_out_and_listed_and_its_row_written(
    taken, column, cell, said
):
    plan = taken(workbook(line("甲店", room="1", **{column: cell})))

    assert counts(plan) == {"new": 1}
    found = problem(plan, "甲店")
    assert (found["sheet"], found["row"], found["level"]) == ("商户", 2, "error")
    assert found["column"] == HEADING[plan.tables[0].columns[_field(column)]]
    assert said in found["message"]
    business = Business.objects.get()
    assert (business.room, business.staff_count, business.contact_phone) == (
        "1",
        None,
        "",
    )
    assert (business.code, business.building, business.founded_on) == (None, None, None)


def _field(column):
    return {
        "staff": "staff_count",
        "phone": "contact_phone",
        "founded": "founded_on",
        "mode": "reported_mode",
    }.get(column, column)


def test_about_three_is_three_with_a_warning(taken):
    plan = taken(workbook(line("甲店", room="1", staff="约3人")))
    assert Business.objects.get().staff_count == 3
    assert problem(plan, "甲店")["level"] == "warning"


def test_a_wrong_number_is_listed_under_a_mask(taken):
    plan = taken(workbook(line("甲店", room="1", phone="12900000001")))
    found = problem(plan, "甲店")
    assert found["value"] == "129****0001"
    assert "12900000001" not in str(plan.problems)


def test_a_mask_that_stands_for_the_stored_number_changes_nothing(taken, grid):
    for number in ("19900000001", "021-55500001", "02155500001"):
        business = BusinessFactory(
            grid=grid, name=f"店{number}", room="1", contact_phone=number
        )
    masks = [
        line("店19900000001", room="1", phone="199****0001"),
        line("店021-55500001", room="1", phone="021-5550****"),
        line("店02155500001", room="1", phone="021-5550****"),
    ]
    plan = taken(workbook(*masks))
    assert counts(plan) == {"same": 3}
    assert {found["level"] for found in plan.problems} == {"notice"}
    business.refresh_from_db()
    assert business.contact_phone == "02155500001"

    plan = taken(workbook(line("店19900000001", room="1", phone="199****9999")))
    assert counts(plan) == {"same": 1}
    assert "和台账里的对不上" in problem(plan, "店19900000001")["message"]


# --- sheets ------------------------------------------------------------------------


def test_titles_blank_rows_totals_and_notes_are_no_rows(grid, db):
    plan = previewed(
        workbook(
            line("甲店", room="1"),
            [],
            ["合计", "1家"],
            HEADING,
            line("乙店", room="2"),
            [None, "小计"],
            ["注：本表由各网格填报。"],
            line("合计划算便利店", room="3"),
            title="天山路街道第三综合网格商户工作台账",
        ),
        grid,
    )
    assert [row.name for row in plan.rows] == ["甲店", "乙店", "合计划算便利店"]
    assert [row.number for row in plan.rows] == [3, 7, 10]
    assert plan.tables[0].skipped == 4


def test_the_files_own_buildings_are_known_to_its_rows(taken, grid):
    buildings = [
        ["楼宇(市场、街区)名称", "地址", "类型", "地上层数", "曾用名/俗称"],
        ["金虹桥国际中心", "茅台路179号", "商务楼宇", 36, "金虹桥、金虹桥中心"],
        ["金虹桥国际中心", "茅台路179号", "商务楼宇", 36, "金虹桥、金虹桥中心"],
    ]
    content = workbook(
        line("甲公司", building="金虹桥", room="1"), more={"楼宇": buildings}
    )

    plan = taken(content)

    assert plan.summary()["buildings"] == {"rows": 1, "new": 1, "changed": 0, "same": 0}
    building = Building.objects.get()
    assert (building.floors, building.kind) == (36, "office")
    assert Business.objects.get().building == building
    assert taken(content).summary()["buildings"]["same"] == 1


def test_a_misspelt_building_is_guessed_at_in_words_only(taken, market):
    plan = taken(workbook(line("甲店", building="天山荼城", room="1")))
    assert "是不是“天山茶城”？" in problem(plan, "甲店")["message"]
    assert Business.objects.get().building is None


def test_an_alias_entered_here_outlives_the_next_ledger(taken, market):
    buildings = [
        ["楼宇名称", "地址", "俗称"],
        ["天山茶城", "中山西路520号", "天山茶市"],
    ]
    taken(workbook(line("甲店", building="茶城", room="1"), more={"楼宇": buildings}))
    market.refresh_from_db()
    assert market.aliases == ["茶城", "天山茶市"]
    assert market.address == "中山西路520号"


def test_a_building_of_another_grid_is_unknown_here(taken, other_grid, street):
    BuildingFactory(grid=other_grid, name="天山茶城")
    content = workbook(line("甲店", building="天山茶城", room="1"))
    assert "没有叫“天山茶城”" in problem(taken(content), "甲店")["message"]

    # For the whole street it is known, and gives the business its grid.
    taken(content, grid=street)
    business = Business.objects.get(building__name="天山茶城")
    assert business.grid == other_grid


@pytest.mark.parametrize(
    ("sheet", "name", "number", "kind"),
    [
        ("企业", "甲茶行", None, "enterprise"),
        ("商户", "甲公司", None, "merchant"),
        ("Sheet1", "甲", code(1), "merchant"),
        ("Sheet1", "甲", code(1, trader=False), "enterprise"),
        ("Sheet1", "上海甲有限公司", None, "enterprise"),
        ("Sheet1", "甲茶行", None, "merchant"),
    ],
)
def test_sheet_code_and_name_tell_an_enterprise_from_a_merchant(
    grid, db, sheet, name, number, kind
):
    plan = previewed(workbook(line(name, code=number, room="1"), sheet=sheet), grid)
    assert plan.rows[0].values["kind"] == kind


def test_one_sheet_with_a_column_of_kinds_and_other_headings(taken):
    plan = taken(
        workbook(
            ["甲", "企业", "1室", "19900000001"],
            ["乙", "社会组织", "2室", None],
            heading=["名称", "类别", "铺位", "手机"],
            sheet="Sheet1",
        )
    )
    assert counts(plan) == {"new": 2}
    assert Counter(Business.objects.values_list("kind", flat=True)) == {
        "enterprise": 1,
        "social": 1,
    }


def test_sheets_and_columns_that_are_not_read_are_named(grid, db):
    plan = previewed(
        workbook(
            ["甲店", "1室", "茶", "金牌"],
            heading=["单位名称", "室号", "行业", "荣誉"],
            more={"说明": [["请按要求填写"]]},
        ),
        grid,
    )
    assert plan.summary()["sheets"][0]["unread"] == ["荣誉"]
    assert "工作表“说明”里没有认出表头" in plan.summary()["notes"][0]


# --- files that are no ledger ------------------------------------------------------

# An old Office container in which an encrypted package lies.
LOCKED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(504)
    + "EncryptedPackage".encode("utf-16-le")
    + bytes(480)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "这不是 Excel 工作簿"),
        (b"", "空的"),
        (b"PK\x03\x04 not really", "xlsx"),
        (LOCKED, "有密码"),
        (workbook(["a", "b"], heading=["x", "y"]), "没有找到台账"),
        (gbk(["a", "b"], heading=["甲", "乙"]), "没有找到台账"),
    ],
    ids=["picture", "empty", "broken", "locked", "no ledger", "no ledger in text"],
)
def test_a_file_that_is_no_ledger_is_refused_in_words(grid, db, content, said):
    with pytest.raises(FileProblem, match=said):
        imports.upload(
            name="x", content=content, grid=grid, known_since=TODAY, by=None, at=NOON
        )
    assert not ImportBatch.objects.exists()


def test_formulas_give_what_the_file_keeps_and_a_note(taken):
    plan = taken(workbook(line("甲店", room="1", staff="=3+4")))
    assert Business.objects.get().staff_count == 7
    assert any("公式" in note for note in plan.notes)


def test_a_hundred_thousand_blank_rows_are_no_rows(grid, db):
    blank = [[""]] * 100_000
    content = workbook(line("甲店", room="1"), *blank, line("乙店", room="2"))
    plan = previewed(content, grid)
    assert [(row.name, row.number) for row in plan.rows] == [
        ("甲店", 2),
        ("乙店", 100_003),
    ]


def test_a_table_in_gbk_is_read(taken):
    plan = taken(
        gbk(line("甲茶行", code=code(1), room="1", staff="4", phone="19900000001"))
    )
    assert counts(plan) == {"new": 1}
    assert (Business.objects.get().name, Business.objects.get().staff_count) == (
        "甲茶行",
        4,
    )


def test_a_workbook_that_swells_is_refused(grid, db):
    stream = io.BytesIO(workbook(line("甲店")))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/image1.bin", b"\0" * (250 * 1024**2))
    with pytest.raises(FileProblem):
        previewed(stream.getvalue(), grid)


# --- steps -------------------------------------------------------------------------


@pytest.fixture
def batch(grid):
    return imports.upload(
        name="x.xlsx",
        content=workbook(line("甲店", room="1")),
        grid=grid,
        known_since=LIVE_ON,
        by=None,
        at=NOON,
    )


STEPS = {
    "examine": {},
    "remap": {"mapping": [], "by": None},
    "start": {"by": None},
    "finish": {},
    "fail": {"reason": "断电"},
    "drop": {"by": None},
    "start_undoing": {"by": None},
    "undo": {},
    "recover": {"by": None},
}


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (step, state)
        for step, states in ImportBatch.STEPS.items()
        for state in ImportBatch.State
        if state not in states and step in STEPS
    ],
)
def test_a_step_is_refused_from_any_other_state(batch, step, state):
    ImportBatch.objects.update(state=state)
    with pytest.raises(imports.Refused, match=ImportBatch.State(state).label):
        getattr(imports, step)(batch, at=NOON, **STEPS[step])
    assert ImportBatch.objects.get().state == state
    assert not Business.objects.exists()


def test_a_batch_is_planned_anew_on_what_was_written_meanwhile(batch, taken):
    taken(workbook(line("甲店", room="1", staff=9)))  # another file was faster

    imports.start(batch, by=None, at=NOON)
    plan = imports.finish(batch, at=NOON)

    assert counts(plan) == {"same": 1}
    assert Business.objects.get().staff_count == 9


def test_what_fails_can_be_started_again(batch):
    imports.start(batch, by=None, at=NOON)
    imports.fail(batch, reason="断电", at=NOON)
    assert ImportBatch.objects.get().failure == "断电"
    imports.start(batch, by=None, at=NOON)
    imports.finish(batch, at=NOON)
    assert Business.objects.count() == 1


def test_dropping_writes_nothing_and_lets_the_file_go(batch):
    imports.drop(batch, by=None, at=NOON)
    batch.refresh_from_db()
    assert (batch.state, bytes(batch.file)) == ("dropped", b"")
    assert not Business.objects.exists()


def test_importing_belongs_to_who_may(batch, staff, stranger):
    for user in (staff, stranger):
        with pytest.raises(PermissionDenied):
            imports.start(batch, by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            imports.upload(
                name="x",
                content=b"",
                grid=batch.grid,
                known_since=TODAY,
                by=user,
                at=NOON,
            )


def test_a_preview_costs_the_same_for_three_rows_and_three_hundred(
    grid, db, django_assert_max_num_queries
):
    for many in (3, 300):
        content = workbook(*(line(f"店{n}", room=str(n)) for n in range(many)))
        book = read_workbook(io.BytesIO(content))
        # Buildings, businesses by code and by name, extra fields.
        with django_assert_max_num_queries(5):
            imports.plan(book, grid=grid, today=TODAY)
