"""Which sheet and column is what: recognised, remembered, proposed, or asked."""

import io

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from enterprises import imports
from enterprises.imports import recognise
from enterprises.models import Business, HeadingMemory, ImportBatch
from tests.enterprises.files import HEADING, code, gbk, line, workbook
from tests.factories import LIVE_ON, NOON, TODAY
from tianshan.files import read_workbook


def book(content):
    return read_workbook(io.BytesIO(content))


def planned(content, grid):
    return imports.plan(book(content), grid=grid, today=TODAY)


def merged(cells, areas, name="商户"):
    """Bytes of an xlsx with `areas` merged: {(row, column, last row, last column): text}."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as made:
        sheet = made.add_worksheet(name)
        for number, row in enumerate(cells):
            for place, cell in enumerate(row):
                if cell is not None:
                    sheet.write_string(number, place, cell)
        for area, text in areas.items():
            sheet.merge_range(*area, text)
    return stream.getvalue()


@pytest.fixture
def client(clerk, client_of):
    return client_of(clerk)


@pytest.fixture
def send(client, grid):
    def post(content=None, name="台账.xlsx", **fields):
        if content is not None:
            fields["file"] = SimpleUploadedFile(name, content)
        return client.post(
            reverse("enterprises:import_new"),
            {"grid": grid.pk, "known_since": LIVE_ON.isoformat(), **fields},
        )

    return post


def drawn(form):
    """What the mapping page would send as it stands."""
    return {
        field.html_name: field.value()
        for field in form
        if field.value() not in (None, False)
    }


# --- headings ----------------------------------------------------------------------


def test_headings_in_another_order_are_recognised(grid, db):
    heading = [*reversed(HEADING)]
    row = [*reversed(line("甲店", code=code(1), room="1", staff=3))]
    plan = planned(workbook(row, heading=heading), grid)
    assert plan.rows[0].values["code"] == code(1)
    assert plan.rows[0].values["staff_count"] == 3


TWO_ROWS = [
    ["单位名称", "室号", None, None, "党组织情况", None],
    [None, None, "姓名", "电话", "组建形式", "党员数"],
    ["甲店", "1", "沈女士", "19900000001", "联合组建", "3"],
]
ACROSS = {(0, 2, 0, 3): "联系人", (0, 4, 0, 5): "党组织情况"}


def test_two_heading_rows_are_joined(grid, db):
    plan = planned(merged(TWO_ROWS, ACROSS), grid)
    (row,) = plan.rows
    assert row.values["contact_name"] == "沈女士"
    assert row.values["contact_phone"] == "19900000001"
    assert (row.values["reported_mode"], row.values["members_count"]) == ("joint", 3)
    assert plan.tables[0].labels[2:4] == ["联系人·姓名", "联系人·电话"]


def test_two_heading_rows_of_a_csv_are_joined(grid, db):
    rows = [list(row) for row in TWO_ROWS]
    rows[0][2] = "联系人"
    plan = planned(gbk(*rows[1:], heading=rows[0]), grid)
    assert plan.rows[0].values["contact_phone"] == "19900000001"
    assert plan.rows[0].values["members_count"] == 3


def test_a_row_of_data_is_never_half_of_a_heading(grid, db):
    plan = planned(workbook(line("联系人", room="备注", contact="手机")), grid)
    assert [row.name for row in plan.rows] == ["联系人"]


MERGED_DOWN = [
    ["单位名称", "所在楼宇", "室号"],
    ["甲店", None, "1"],
    ["乙店", None, "2"],
    [None, None, None],
    ["丙店", "另一处", "3"],
]


def test_merged_cells_are_filled_down_and_said_so(grid, db):
    content = merged(MERGED_DOWN, {(1, 1, 3, 1): "天山茶城"})
    plan = planned(content, grid)
    assert [row.cells[1] for row in plan.rows] == ["天山茶城", "天山茶城", "另一处"]
    assert any("往下填了 1 格" in note for note in plan.notes)

    mapping = recognise.guess(book(content))
    mapping[0]["fill"] = False
    plan = imports.plan(book(content), grid=grid, today=TODAY, mapping=mapping)
    assert [row.cells[1] for row in plan.rows] == ["天山茶城", None, "另一处"]


# --- asked, not guessed ------------------------------------------------------------

TWO_CODES = workbook(
    ["甲店", code(1), code(2), "1"],
    heading=["单位名称", "统一社会信用代码", "信用代码", "室号"],
)


def test_of_two_columns_that_may_be_the_code_neither_is_taken(grid, db):
    plan = planned(TWO_CODES, grid)
    assert "code" not in plan.rows[0].values
    (problem,) = [p for p in plan.problems if p["level"] == "error"]
    assert "B 列“统一社会信用代码”、C 列“信用代码”" in problem["column"]
    assert "都像" in problem["message"]


def test_two_codes_are_asked_on_the_page_before_anything_is_written(
    client, send, grid, clerk
):
    response = send(TWO_CODES)
    batch = ImportBatch.objects.get()
    assert response.url == reverse("enterprises:import_map", args=[batch.pk])
    with pytest.raises(imports.Refused, match="对列"):
        imports.start(batch, by=clerk, at=NOON)
    page = client.get(response.url)
    assert "不止一列像“统一社会信用代码”" in page.content.decode()

    answer = drawn(page.context["form"])
    refused = client.post(response.url, answer)
    assert "请选定这一列是什么" in refused.content.decode()

    both = {**answer, "s0-c1": "code", "s0-c2": "code"}
    assert "已选了" in client.post(response.url, both).content.decode()

    client.post(response.url, {**answer, "s0-c1": "", "s0-c2": "code"})
    batch.refresh_from_db()
    assert not batch.asks
    assert batch.rows.get().code == code(2)


def test_what_was_said_of_a_heading_is_remembered_for_the_office(
    client, send, grid, other_grid
):
    response = send(TWO_CODES)
    answer = drawn(client.get(response.url).context["form"])
    client.post(response.url, {**answer, "s0-c1": "", "s0-c2": "code"})

    again = send(
        workbook(
            ["乙店", code(3), code(4), "2"],
            heading=["单位名称", "统一社会信用代码", "信用代码", "室号"],
        )
    )

    batch = ImportBatch.objects.latest("pk")
    assert again.url == batch.get_absolute_url()  # nothing to ask this time
    assert batch.rows.get().code == code(4)
    assert not HeadingMemory.objects.known_in(other_grid).exists()


STRANGE = workbook(
    ["甲店", code(1), "19900000001", "1"],
    ["乙店", code(2), "19900000002", "2"],
    heading=["单位名称", "证件", "怎么找", "室号"],
)


def test_a_column_is_proposed_by_its_content_and_marked(client, send):
    heading = ["单位名称", "证件", "怎么找", "室号", "行业"]
    content = workbook(
        ["甲店", code(1), "19900000001", "1", "茶"],
        ["乙店", code(2), "19900000002", "2", "茶"],
        heading=heading,
    )
    response = send(content)
    page = client.get(response.url)
    text = page.content.decode()
    assert text.count("建议") == 2
    assert "199****0001" in text
    assert "19900000001" not in text

    client.post(response.url, drawn(page.context["form"]))
    row = ImportBatch.objects.get().rows.first()
    assert row.code == code(1)


def test_what_only_content_speaks_for_is_not_taken_without_a_word(grid, db):
    content = workbook(
        ["甲店", code(1), "1", "茶"], heading=["单位名称", "证件", "室号", "行业"]
    )
    plan = planned(content, grid)
    assert "code" not in plan.rows[0].values
    assert any("看内容像“统一社会信用代码”" in note for note in plan.notes)


def test_a_table_with_unknown_headings_is_mapped_by_hand(client, send):
    content = workbook(
        ["甲店", "茶城里", "一楼"], heading=["店家", "在哪", "哪一间"], sheet="表"
    )
    response = send(content)
    page = client.get(response.url)
    answer = drawn(page.context["form"])
    assert "还没有选定哪一列是" in client.post(response.url, answer).content.decode()

    client.post(response.url, {**answer, "s0-c0": "name", "s0-c2": "room"})

    row = ImportBatch.objects.get().rows.get()
    assert (row.name, row.result) == ("甲店", "new")


def test_another_heading_row_draws_the_columns_anew_before_it_counts(client, send):
    content = workbook(
        ["单位名称", "室号", "联系人"],
        ["甲店", "1", "沈女士"],
        heading=["单位名称", "统一代码", "行业"],
    )
    batch_page = send(content).url
    url = reverse("enterprises:import_map", args=[ImportBatch.objects.get().pk])
    answer = drawn(client.get(url).context["form"])

    page = client.post(url, {**answer, "s0-heading": "1"})

    assert "已重新认过" in page.content.decode()
    client.post(url, drawn(page.context["form"]))
    assert ImportBatch.objects.get().rows.get().name == "甲店"
    assert batch_page


def test_a_sheet_can_be_left_out(client, send):
    content = workbook(line("甲店", room="1"), more={"旧": [HEADING, line("乙店")]})
    send(content)
    url = reverse("enterprises:import_map", args=[ImportBatch.objects.get().pk])
    answer = drawn(client.get(url).context["form"])
    del answer["s1-on"]
    client.post(url, answer)
    assert [row.name for row in ImportBatch.objects.get().rows.all()] == ["甲店"]


# --- pasted, and other files -------------------------------------------------------


def test_cells_are_pasted_from_excel(client, send, grid):
    text = "单位名称\t室号\t备注\n甲店\t1\t靠门，有台阶\n乙店\t2\t\n"
    response = send(pasted=text)
    batch = ImportBatch.objects.get()
    assert response.url == batch.get_absolute_url()
    assert [row.name for row in batch.rows.all()] == ["甲店", "乙店"]
    assert "粘贴的表格" in client.get(response.url).content.decode()


def test_a_file_and_pasted_cells_together_are_refused(send):
    text = send(workbook(line("甲店")), pasted="单位名称\t室号\t备注").content.decode()
    assert "只能有一样" in text


def test_a_workbook_with_macros_is_read_without_them(grid, db):
    stream = io.BytesIO()
    vba = b"not run"
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as made:
        sheet = made.add_worksheet("商户")
        for number, row in enumerate(
            [["单位名称", "室号", "行业"], ["甲店", "1", "茶"]]
        ):
            sheet.write_row(number, 0, row)
        made.add_vba_project(io.BytesIO(vba), is_stream=True)
    plan = planned(stream.getvalue(), grid)
    assert plan.rows[0].name == "甲店"
    assert any("不运行宏" in note for note in plan.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_each_encoding(grid, db, encoding):
    content = gbk(line("甲茶行", room="1")).decode("gb18030").encode(encoding)
    assert planned(content, grid).rows[0].name == "甲茶行"


def test_the_mapping_page_belongs_to_who_may_import(send, staff, stranger, client_of):
    send(TWO_CODES)
    url = reverse("enterprises:import_map", args=[ImportBatch.objects.get().pk])
    for user in (staff, stranger):
        assert client_of(user).get(url).status_code == 403
        assert client_of(user).post(url).status_code == 403


@pytest.mark.parametrize("kind", ["business", "building", "visit", "demand"])
def test_the_empty_template_of_each_kind_is_recognised(client, grid, kind):
    url = reverse("enterprises:import_template")
    response = client.get(url, {"kind": kind})
    workbook = book(b"".join(response.streaming_content))
    (sheet,) = recognise.guess(workbook)
    assert sheet["model"] == kind
    assert set(sheet["columns"]) == set(imports.KINDS[kind].headings)
    assert client.get(url, {"kind": "none"}).status_code == 404


def test_a_first_ledger_is_known_since_the_office_went_live(client, grid):
    form = client.get(reverse("enterprises:import_new")).context["form"]
    assert form.initial["known_since"] == grid.live_on
    Business.objects.create(
        name="甲店", kind="merchant", grid=grid, discovered_on=TODAY
    )
    form = client.get(reverse("enterprises:import_new")).context["form"]
    assert form.initial["known_since"] != grid.live_on
