"""The authority's forms: recognised, mapped, filled with the ledger's rows."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.rights import Role
from enterprises import exports
from enterprises.models import (
    Business,
    Coverage,
    ExportRun,
    ExportTemplate,
    OfficialFacts,
)
from tests.factories import (
    NOON,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    OrganizationFactory,
    PostFactory,
)
from tests.tianshan.test_filling import saved, with_part
from tianshan.audit.models import Entry

HEADINGS = (
    *("序号", "单位名称", "统一社会信用代码", "所在楼宇", "联系电话", "组建方式"),
    *("书记", "负责人政治面貌", "正式党员", "预备党员", "未建立原因", "上级补填"),
)


def form(*, headings=HEADINGS, sheet="企业"):
    """Two heading rows, one of them over two columns, as the district likes them."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page["A1"] = "两企三新情况统计表"
    for column, label in enumerate(headings, 1):
        if label in ("正式党员", "预备党员"):
            page.cell(3, column, label)
            continue
        page.cell(2, column, label)
        page.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    if "正式党员" in headings:
        first = headings.index("正式党员") + 1
        page.cell(2, first, "党员")
        page.merge_cells(
            start_row=2, end_row=2, start_column=first, end_column=first + 1
        )
    page["A8"] = "填报人："
    book.create_sheet("说明")["A1"] = "按月报送"
    return saved(book)


@pytest.fixture
def template(grid, clerk):
    return keep(grid, clerk)


def keep(grid, by, template=None, content=None, name="月报"):
    return exports.keep_template(
        template,
        name=name,
        grid=grid,
        file_name="月报.xlsx",
        content=content or form(),
        by=by,
        at=NOON,
    )


@pytest.fixture
def firm(grid):
    building = BuildingFactory(grid=grid, name="金虹桥国际中心")
    firm = BusinessFactory(
        grid=grid,
        building=building,
        kind=Business.Kind.ENTERPRISE,
        name="恒华科技",
        code="91310105MA1FY00019",
        contact_phone="19912340001",
    )
    own = OrganizationFactory(grid=grid, name="恒华党支部", secretary="李书记")
    CoverageFactory(business=firm, organization=own, mode=Coverage.Mode.OWN)
    OfficialFacts.objects.create(
        business=firm, principal_politics="member", members_full=4
    )
    return firm


def address(name, template=None):
    return reverse(
        f"enterprises:template_{name}", args=[template.pk] if template else []
    )


def downloaded(answer):
    assert answer.status_code == 200, answer.headers
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


# --- recognised --------------------------------------------------------------------


def test_two_heading_rows_are_recognised_and_each_column_named(template):
    first, second = template.sheets
    assert (first["on"], first["ledger"], first["heading"]) == (
        True,
        "enterprises",
        [1, 2],
    )
    assert (first["first_row"], first["footer"]) == (3, 7)
    by_label = {
        first["labels"][int(place)]: key for place, key in first["columns"].items()
    }
    assert by_label == {
        "序号": "#",
        "单位名称": "name",
        "统一社会信用代码": "code",
        "所在楼宇": "building",
        "联系电话": "phone",
        "组建方式": "built_as",
        "书记": "secretary",
        "负责人政治面貌": "principal_politics",
        "党员·正式党员": "members_full",
        "党员·预备党员": "members_probationary",
        "未建立原因": "uncovered_reason",
    }
    assert not second["on"]


@pytest.mark.parametrize(
    ("sheet", "ledger"),
    [("商户", "merchants"), ("企业名单", "enterprises"), ("总表", "businesses")],
)
def test_a_sheet_says_which_ledger_it_is(grid, clerk, sheet, ledger):
    kept = keep(grid, clerk, content=form(sheet=sheet))
    assert kept.sheets[0]["ledger"] == ledger


def test_a_newer_file_keeps_what_its_headings_were_mapped_to(template, grid, clerk):
    sheets = template.sheets
    place = str(HEADINGS.index("上级补填"))
    sheets[0]["columns"][place] = "note"
    sheets[0]["query"] = "state=operating"
    exports.map_template(template, sheets=sheets, by=clerk, at=NOON)

    moved = ("新的一列", *HEADINGS[1:-1], "备用", "上级补填")
    keep(grid, clerk, template, content=form(headings=moved))

    template.refresh_from_db()
    sheet = template.sheets[0]
    assert sheet["columns"][str(moved.index("上级补填"))] == "note"
    assert str(moved.index("备用")) not in sheet["columns"]
    assert sheet["query"] == "state=operating"


# --- filled ------------------------------------------------------------------------


def test_filling_writes_the_ledgers_rows_and_keeps_the_form(
    template, firm, grid, clerk, client_of
):
    BusinessFactory(grid=grid, name="茶行", kind=Business.Kind.MERCHANT)
    page = downloaded(client_of(clerk).get(address("fill", template)))["企业"]

    assert page["A1"].value == "两企三新情况统计表"
    assert [cell.value for cell in page[4]] == [
        1,
        "恒华科技",
        "91310105MA1FY00019",
        "金虹桥国际中心",
        "199****0001",
        "单独组建",
        "李书记",
        "中共党员",
        4,
        None,
        None,
        None,
    ]
    assert page["A5"].value is None, "the merchant is in another ledger"
    assert page["A8"].value == "填报人："
    run = ExportRun.objects.get()
    assert (run.rows, run.by, run.sheets[0]["filter"]) == (
        1,
        clerk,
        "经营状态：在营",
    )
    assert Entry.objects.get(verb="template.filled").data["rows"] == 1


def test_the_file_says_who_when_and_which_rows(template, firm, clerk, client_of):
    answer = client_of(clerk).get(
        address("fill", template),
        {"ledger": "enterprises", "query": "state=operating"},
    )
    note = downloaded(answer).properties.description
    assert clerk.display_name in note
    assert "经营状态：在营" in note


def test_a_filter_of_the_ledger_narrows_the_form(
    template, firm, grid, clerk, client_of
):
    other = BusinessFactory(grid=grid, name="甲厂", kind=Business.Kind.ENTERPRISE)
    client = client_of(clerk)
    found = downloaded(
        client.get(
            address("fill", template), {"ledger": "enterprises", "query": "q=甲厂"}
        )
    )["企业"]
    assert [found["B4"].value, found["B5"].value] == [other.name, None]

    client.post(
        address("query", template), {"ledger": "enterprises", "query": "q=恒华"}
    )
    kept = downloaded(client.get(address("fill", template)))["企业"]
    assert [kept["B4"].value, kept["B5"].value] == [firm.name, None]
    assert "恒华" in client.get(address("detail", template)).text


def test_only_what_one_may_see_is_written(template, firm, other_grid, clerk, client_of):
    BusinessFactory(grid=other_grid, name="别网格的", kind=Business.Kind.ENTERPRISE)
    page = downloaded(client_of(clerk).get(address("fill", template)))["企业"]
    assert [page["B4"].value, page["B5"].value] == ["恒华科技", None]


def test_restricted_columns_stay_empty_without_the_right(
    template, firm, grid, monkeypatch, client_of, clerk
):
    from accounts import rights

    less = rights.RIGHTS[Role.GRID_CLERK] - {rights.Right.SEE_MEMBERS}
    monkeypatch.setitem(rights.RIGHTS, Role.GRID_CLERK, less)
    page = downloaded(client_of(clerk).get(address("fill", template)))["企业"]
    politics = HEADINGS.index("负责人政治面貌") + 1
    assert page.cell(4, 2).value == "恒华科技"
    assert page.cell(4, politics).value is None


# --- pages -------------------------------------------------------------------------


def upload(client, grid, content, name="新表"):
    return client.post(
        address("new"),
        {"name": name, "grid": grid.pk, "file": SimpleUploadedFile("表.xlsx", content)},
    )


def test_uploading_a_form_leads_to_its_mapping(client_of, clerk, grid):
    client = client_of(clerk)
    answer = upload(client, grid, form())
    kept = ExportTemplate.objects.get()
    assert answer.url == kept.get_absolute_url()
    page = client.get(answer.url).text
    assert "党员·正式党员" in page
    assert "从第 4 行往下填" in page
    assert Entry.objects.filter(verb="template.kept").count() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (with_part(form(), "xl/vbaProject.bin"), "模板里有宏"),
        (b"a,b,c\n", "另存为 .xlsx"),
        (form(headings=("甲", "乙", "丙")), "没有认出表头"),
    ],
)
def test_what_is_no_form_is_answered_on_the_page(client_of, clerk, grid, content, said):
    answer = upload(client_of(clerk), grid, content)
    assert said in answer.text
    assert not ExportTemplate.objects.exists()


def test_a_second_template_of_a_name_is_refused(client_of, clerk, grid, template):
    assert "已有同名的模板" in upload(client_of(clerk), grid, form(), "月报").text


def test_the_mapping_is_put_right_and_kept(client_of, clerk, template):
    place = HEADINGS.index("上级补填")
    said = {
        "s0-on": "on",
        "s0-ledger": "enterprises",
        "s0-heading": "2-3",
        "s1-ledger": "businesses",
        "s1-heading": "1",
        "s0-c1": "name",
        f"s0-c{place}": "note",
    }
    client_of(clerk).post(address("detail", template), said)
    template.refresh_from_db()
    assert template.sheets[0]["columns"] == {"1": "name", str(place): "note"}

    wrong = client_of(clerk).post(
        address("detail", template), {**said, "s0-heading": "第二行"}
    )
    assert "请写行号" in wrong.text


def test_another_ledger_has_the_columns_recognised_anew(client_of, clerk, template):
    client_of(clerk).post(
        address("detail", template),
        {
            "s0-on": "on",
            "s0-ledger": "merchants",
            "s0-heading": "2-3",
            "s1-ledger": "businesses",
            "s1-heading": "1",
            "s0-c1": "name",
        },
    )
    template.refresh_from_db()
    assert template.sheets[0]["ledger"] == "merchants"
    assert len(template.sheets[0]["columns"]) == 11


def test_a_ledgers_export_offers_the_forms_that_it_can_fill(
    client_of, clerk, template, firm
):
    client = client_of(clerk)
    panel = client.get(
        reverse("ledgers:export", args=["enterprises"]), {"q": "恒华"}
    ).text
    assert "填进上级模板" in panel
    page = client.get(address("list"), {"ledger": "enterprises", "q": "恒华"}).text
    assert "填这 1 家" in page
    assert "月报" in page


def test_what_went_to_and_fro_is_listed(client_of, clerk, template, firm):
    client = client_of(clerk)
    client.get(address("fill", template))
    page = client.get(address("list")).text
    assert "我们去" in page
    assert "1 行" in page


def test_templates_belong_to_those_who_import_there(
    client_of, template, staff, other_grid
):
    theirs = client_of(PostFactory(role=Role.GRID_CLERK, grid=other_grid).user)
    for name in ("detail", "fill", "file"):
        assert theirs.get(address(name, template)).status_code == 404
        assert client_of(staff).get(address(name, template)).status_code == 403
    assert "月报" not in theirs.get(address("list")).text
    with pytest.raises(exports.PermissionDenied):
        keep(template.grid, staff, name="别的")
