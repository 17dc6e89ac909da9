"""The importer: the district's real-shaped ledger, and everything that can be wrong."""

import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from enterprises import imports
from enterprises.models import Business, Coverage, ImportBatch, ImportRow
from grids.models import Building
from tests.factories import BuildingFactory, BusinessFactory
from tianshan.files import FileProblem

LEDGER = settings.BASE_DIR / "demo" / "district_ledger_2026Q3.xlsx"
TRUTH = json.loads(
    (Path(__file__).parent / "district_ledger_2026Q3.truth.json").read_text()
)
SINCE = dt.date(2025, 1, 1)
CODE = "92310105MAX003283F"
OTHER = "92310105MAX003208N"
HEADINGS = [
    "序号",
    "单位名称",
    "统一社会信用代码",
    "所在楼宇/市场",
    "室号/摊位号",
    "行业类别",
    "从业人员数",
    "联系人",
    "联系电话",
    "成立日期",
    "经营状态",
]


def book(*rows, headings=HEADINGS, title="商户工作台账", sheet="商户"):
    """A workbook in the district's form, as bytes."""
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    workbook.active.append([title])
    workbook.active.append(headings)
    for row in rows:
        workbook.active.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def shop(name="闽南茶行", code=CODE, **cells):
    """One row: values by heading."""
    values = {"单位名称": name, "统一社会信用代码": code, "经营状态": "在营", **cells}
    return [values.get(heading) for heading in HEADINGS]


def planned(content, grid):
    return imports.plan(io.BytesIO(content), grid=grid, today=timezone.localdate())


def put_in(content, grid, *, by=None, since=SINCE):
    now = timezone.now()
    batch, _ = imports.upload(
        name="台账.xlsx", content=content, grid=grid, known_since=since, by=by, at=now
    )
    imports.start(batch, by=by, at=now)
    return imports.finish(batch, at=now)


def messages(made, column=None):
    return [
        problem["message"]
        for problem in made.problems
        if column is None or problem["column"] == column
    ]


# --- the district's ledger ---------------------------------------------------------


def run(*options):
    out = io.StringIO()
    call_command("import_ledger", str(LEDGER), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def test_the_districts_ledger_goes_in_whole_and_only_once(grid):
    first = run("--grid", grid.code, "--since", "2025-01-01")

    assert first["rows"] == TRUTH["rows"] == first["new"]
    assert first["enterprises"] == TRUTH["enterprises"]
    assert first["merchants"] == TRUTH["merchants"]
    assert first["duplicates"] == len(TRUTH["repeated"])
    assert (first["rejected"], first["changed"], first["same"]) == (0, 0, 0)
    assert first["buildings"]["new"] == 8
    assert Business.objects.count() == TRUTH["rows"]
    tea = Business.objects.filter(building__name="天山茶城", kind="merchant")
    at_sea = {"听香白茶舍", "晓黄茶庄", "普听茶行", "翠井茶舍", "听松香茶坊"}
    assert tea.count() >= TRUTH["tea_market"] - len(at_sea)

    def named(column, level):
        return {
            problem["name"]
            for problem in first["problems"]
            if (problem["column"], problem["level"]) == (column, level)
        }

    assert named("统一社会信用代码", "error") == set(TRUTH["bad_code"])
    assert named("统一社会信用代码", "notice") == set(TRUTH["no_code"])
    assert named("从业人员数", "error") == set(TRUTH["bad_staff"])
    assert named("成立日期", "error") == set(TRUTH["bad_date"])
    assert named("联系电话", "error") == set(TRUTH["bad_phone"])
    assert named("所在楼宇/市场", "error") == set(TRUTH["unknown_building"])
    assert named("单位名称", "notice") == set(TRUTH["repeated"])
    # What a ledger claims is no coverage.
    assert not Coverage.objects.exists()
    assert Business.objects.filter(reported_mode="own").exists()

    second = run("--grid", grid.code)
    assert (second["new"], second["changed"]) == (0, 0)
    assert second["same"] == TRUTH["rows"]
    assert Business.objects.count() == TRUTH["rows"]


def test_a_dry_run_writes_nothing(grid):
    assert run("--dry-run")["new"] == TRUTH["rows"]
    assert not Business.objects.exists()
    assert not ImportBatch.objects.exists()


def test_the_command_asks_which_grid_when_there_are_two(grid, other_grid):
    with pytest.raises(CommandError, match="--grid"):
        run()


# --- one thing wrong at a time -----------------------------------------------------


def test_a_bad_cell_is_left_out_and_its_row_written(grid):
    made = put_in(
        book(
            shop(
                code=CODE[:-1] + "0",
                从业人员数="若干",
                联系电话="12345",
                成立日期="2023年2月30日",
                **{"所在楼宇/市场": "没人认得的楼"},
            )
        ),
        grid,
    )

    business = Business.objects.get(name="闽南茶行")
    assert business.code is None
    assert business.staff_count is None
    assert business.contact_phone == ""
    assert business.founded_on is None
    assert business.building is None
    assert business.grid == grid
    assert {problem["column"] for problem in made.problems} == {
        "统一社会信用代码",
        "从业人员数",
        "联系电话",
        "成立日期",
        "所在楼宇/市场",
    }
    assert all(
        problem["row"] == 3 and problem["level"] == "error" for problem in made.problems
    )


@pytest.mark.parametrize(
    ("typed", "stored", "precision"),
    [
        ("2019.11.12", dt.date(2019, 11, 12), "day"),
        ("2019-11-12", dt.date(2019, 11, 12), "day"),
        ("2019年1月", dt.date(2019, 1, 1), "month"),
        ("2018年1月25日", dt.date(2018, 1, 25), "day"),
        (dt.datetime(2011, 10, 31), dt.date(2011, 10, 31), "day"),
    ],
)
def test_dates_typed_five_ways(grid, typed, stored, precision):
    put_in(book(shop(成立日期=typed)), grid)
    business = Business.objects.get()
    assert (business.founded_on, business.founded_precision) == (stored, precision)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (19900000001, "19900000001"),
        ("１９９０００００００１", "19900000001"),
        ("199-0000-0001", "19900000001"),
        ("021-55507463", "021-55507463"),
    ],
)
def test_phones_are_repaired(grid, typed, stored):
    put_in(book(shop(联系电话=typed)), grid)
    assert Business.objects.get().contact_phone == stored


def test_codes_in_full_width_small_letters_and_blanks_are_repaired(grid):
    put_in(book(shop(code=f" {CODE.lower()} ")), grid)
    assert Business.objects.get().code == CODE


def test_about_three_people_is_three_with_a_word(grid):
    made = put_in(book(shop(从业人员数="约3人")), grid)
    assert Business.objects.get().staff_count == 3
    assert [problem["level"] for problem in made.problems] == ["warning"]


def test_the_same_code_twice_with_other_facts_rejects_the_second(grid):
    made = put_in(book(shop(), shop(name="别名茶行", 从业人员数=9)), grid)

    assert made.summary()["rejected"] == 1
    assert Business.objects.get().name == "闽南茶行"
    assert "第 3 行" in messages(made)[0]


def test_a_row_pasted_twice_counts_once(grid):
    made = put_in(book(shop(), shop()), grid)
    assert (made.summary()["new"], made.summary()["duplicates"]) == (1, 1)
    assert Business.objects.count() == 1


def test_a_row_without_a_name_is_rejected_and_listed(grid):
    made = put_in(book(shop(name=None), shop(name="乙", code=OTHER)), grid)
    assert made.summary()["rejected"] == 1
    assert messages(made, "单位名称") == ["没有名称，这一行没有写入，请补上名称。"]


def test_a_code_of_another_business_at_another_place_is_a_conflict(grid):
    here = BuildingFactory(grid=grid, name="甲楼")
    BuildingFactory(grid=grid, name="乙楼")
    BusinessFactory(grid=grid, building=here, name="老店", code=CODE)

    made = put_in(book(shop(name="新店", **{"所在楼宇/市场": "乙楼"})), grid)

    assert made.summary()["rejected"] == 1
    assert "老店" in messages(made)[0]
    assert Business.objects.get().name == "老店"


def test_a_code_registered_in_another_grid_says_so_and_no_more(grid, other_grid):
    BusinessFactory(grid=other_grid, name="机密茶行", code=CODE)
    made = put_in(book(shop()), grid)
    assert made.summary()["rejected"] == 1
    assert "机密" not in messages(made)[0]


def test_without_a_code_name_building_and_room_decide(grid):
    building = BuildingFactory(grid=grid, name="天山茶城", aliases=["茶城"])
    known = BusinessFactory(grid=grid, building=building, room="B08", name="闽南茶行")
    cells = {"所在楼宇/市场": "茶城", "室号/摊位号": "B08", "从业人员数": 7}

    made = put_in(book(shop(code=None, **cells)), grid)

    assert made.summary()["changed"] == 1
    known.refresh_from_db()
    assert known.staff_count == 7


def test_an_empty_cell_overwrites_nothing(grid):
    known = BusinessFactory(
        grid=grid, name="闽南茶行", code=CODE, staff_count=4, trade="茶叶零售"
    )
    made = put_in(book(shop()), grid)
    assert made.summary()["same"] == 1
    known.refresh_from_db()
    assert (known.staff_count, known.trade) == (4, "茶叶零售")


def test_the_mask_of_the_stored_number_is_the_same_number(grid):
    known = BusinessFactory(
        grid=grid, name="闽南茶行", code=CODE, contact_phone="19912345678"
    )
    assert put_in(book(shop(联系电话="199****5678")), grid).summary()["same"] == 1
    made = put_in(book(shop(联系电话="199****9999")), grid)
    assert made.summary()["changed"] == 0
    assert "星号" in messages(made)[0]
    known.refresh_from_db()
    assert known.contact_phone == "19912345678"


def test_a_shop_that_moved_keeps_its_old_place_with_dates(grid):
    old = BuildingFactory(grid=grid, name="甲楼")
    new = BuildingFactory(grid=grid, name="乙楼")
    business = BusinessFactory(grid=grid, building=old, name="闽南茶行", code=CODE)

    put_in(book(shop(**{"所在楼宇/市场": "乙楼"})), grid)

    business.refresh_from_db()
    today = timezone.localdate()
    assert business.building == new
    places = business.occupancies.order_by("since").values_list("building", "until")
    assert list(places) == [(old.pk, today), (new.pk, None)]


def test_who_closed_leaves_the_place_and_operates_no_more(grid):
    business = BusinessFactory(grid=grid, name="闽南茶行", code=CODE)
    put_in(book(shop(经营状态="注销")), grid)
    business.refresh_from_db()
    assert business.state == "closed"
    assert business.occupancies.get().until == timezone.localdate()
    assert list(
        business.operations.order_by("since").values_list("state", flat=True)
    ) == ["operating", "closed"]


def test_new_rows_are_known_since_the_day_given_or_their_founding(grid):
    put_in(
        book(
            shop(成立日期="2010-05-01"),
            shop(name="新店", code=OTHER, 成立日期="2026-03-01"),
        ),
        grid,
    )
    days = dict(Business.objects.values_list("name", "discovered_on"))
    assert days == {"闽南茶行": SINCE, "新店": dt.date(2026, 3, 1)}


def test_totals_notes_blank_lines_and_repeated_headings_are_no_rows(grid):
    made = put_in(
        book(
            shop(),
            [None] * 5,
            HEADINGS,
            ["合计", "1家"],
            ["注:本表由各网格填报。"],
        ),
        grid,
    )
    assert made.summary()["rows"] == 1


def test_two_files_at_once_do_not_double_a_shop(grid):
    """Both were planned when nothing was stored; each is planned anew when written."""
    now = timezone.now()
    batches = [
        imports.upload(
            name="a.xlsx",
            content=book(shop()),
            grid=grid,
            known_since=SINCE,
            by=None,
            at=now,
        )[0]
        for _ in range(2)
    ]
    for batch in batches:
        imports.start(batch, by=None, at=now)
        imports.finish(batch, at=now)
    assert Business.objects.count() == 1
    assert [b.summary["new"] for b in ImportBatch.objects.order_by("pk")] == [1, 0]


def test_a_batch_is_written_once(grid):
    now = timezone.now()
    batch, _ = imports.upload(
        name="a.xlsx",
        content=book(shop()),
        grid=grid,
        known_since=SINCE,
        by=None,
        at=now,
    )
    imports.start(batch, by=None, at=now)
    with pytest.raises(imports.Refused):
        imports.start(batch, by=None, at=now)
    imports.finish(batch, at=now)
    for step in (imports.finish, lambda b, at: imports.drop(b, by=None, at=at)):
        with pytest.raises(imports.Refused):
            step(batch, at=now)


def test_a_batch_keeps_what_was_before(grid):
    BusinessFactory(grid=grid, name="闽南茶行", code=CODE, staff_count=4)
    put_in(book(shop(从业人员数=6)), grid)
    row = ImportRow.objects.get()
    assert row.changes == {"staff_count": [4, 6]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + b"0" * 100,
        b"PK\x03\x04 not really a zip",
        book(["a", "b"], headings=["甲", "乙", "丙"]),
        "随便写的一段话，没有表格".encode(),
    ],
)
def test_what_is_no_ledger_is_refused_in_words(grid, content):
    with pytest.raises(FileProblem) as problem:
        planned(content, grid)
    assert str(problem.value)
    assert not ImportBatch.objects.exists()


def test_a_csv_in_gbk_goes_in(grid):
    text = f"单位名称,统一社会信用代码,从业人员数\n闽南茶行,{CODE},3\n"
    put_in(text.encode("gbk"), grid)
    assert Business.objects.get().name == "闽南茶行"


def test_a_hundred_thousand_blank_rows_are_none(grid):
    workbook = openpyxl.load_workbook(io.BytesIO(book(shop())))
    workbook.active.cell(100_000, 1).value = None
    workbook.active.row_dimensions[100_000].height = 15
    file = io.BytesIO()
    workbook.save(file)
    assert put_in(file.getvalue(), grid).summary()["rows"] == 1


def test_the_workbooks_own_buildings_and_aliases_come_first(grid):
    workbook = openpyxl.load_workbook(
        io.BytesIO(book(shop(**{"所在楼宇/市场": "茶市"})))
    )
    sheet = workbook.create_sheet("楼宇")
    sheet.append(["楼宇(市场、街区)名称", "地址", "类型", "地上层数", "曾用名/俗称"])
    sheet.append(["天山茶城", "中山西路520号", "专业市场", 4, "茶市、茶城"])
    file = io.BytesIO()
    workbook.save(file)
    put_in(file.getvalue(), grid)
    building = Building.objects.get()
    assert building.aliases == ["茶市", "茶城"]
    assert Business.objects.get().building == building


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_was_exported_changes_nothing_when_it_comes_back(
    client_of, clerk, grid, kind
):
    put_in(LEDGER.read_bytes(), grid, by=clerk)
    client = client_of(clerk)
    for ledger, count in (
        ("businesses", TRUTH["rows"]),
        ("merchants", TRUTH["merchants"]),
        ("enterprises", TRUTH["enterprises"]),
    ):
        response = client.get(f"/{ledger}/?format={kind}")
        made = planned(b"".join(response.streaming_content), grid)
        counts = made.summary()
        assert counts["rows"] == counts["same"] == count
        assert (counts["new"], counts["changed"], counts["rejected"]) == (0, 0, 0)
