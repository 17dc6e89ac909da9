"""The official columns come in, go out, come in again and are taken back."""

import io

import pytest
from django.urls import reverse

from enterprises import imports
from enterprises.models import Business, ImportBatch, ImportRow, OfficialFacts
from tests.enterprises.files import code, workbook
from tests.factories import LIVE_ON, NOON, BusinessFactory
from tianshan.files import read_workbook

HEADING = (
    *(
        "单位名称",
        "统一社会信用代码",
        "所在楼宇",
        "主营业务",
        "年营收（万元）",
        "是否外资",
    ),
    *("负责人政治面貌", "正式党员", "预备党员", "已建群团", "未建立原因", "拟建日期"),
    *("书记", "租期至"),
)


def line(name, **cells):
    by_heading = {"单位名称": name, **cells}
    return [by_heading.get(label) for label in HEADING]


def taken_in(grid, *rows, heading=HEADING):
    batch = imports.upload(
        name="x",
        content=workbook(*rows, heading=heading, sheet="企业"),
        grid=grid,
        known_since=LIVE_ON,
        by=None,
        at=NOON,
    )
    imports.start(batch, by=None, at=NOON)
    imports.finish(batch, at=NOON)
    return ImportBatch.objects.get(pk=batch.pk)


def said(batch):
    return [p["message"] for row in batch.rows.all() for p in row.problems]


@pytest.fixture
def firm(grid):
    return BusinessFactory(grid=grid, name="恒华科技", kind="enterprise", code=code(1))


def test_a_new_row_and_a_known_one_get_their_facts(grid, firm):
    taken_in(
        grid,
        line(
            "恒华科技",
            统一社会信用代码=code(1),
            主营业务="软件开发",
            是否外资="否",
            负责人政治面貌="党员",
            正式党员="3人",
            预备党员=1,
            已建群团="工会、妇联",
            拟建日期="2026年12月1日",
            未建立原因="党员不足",
            书记="某书记",
        ),
        line("新来公司", 租期至="2027-03-31", **{"年营收（万元）": 2500}),
    )

    facts = OfficialFacts.objects.get(business=firm)
    assert (facts.main_business, facts.foreign_funded) == ("软件开发", False)
    assert (facts.principal_politics, facts.members_full) == ("member", 3)
    assert (facts.has_union, facts.has_league, facts.has_women) == (True, None, True)
    firm.refresh_from_db()
    assert firm.members_count == 4
    assert firm.uncovered_reason == "党员不足"
    assert firm.cover_planned_on.isoformat() == "2026-12-01"
    fresh = OfficialFacts.objects.get(business__name="新来公司")
    assert fresh.revenue == 2500
    assert fresh.lease_until.isoformat() == "2027-03-31"


def test_a_file_without_such_columns_makes_no_rows(grid, firm):
    taken_in(grid, line("恒华科技", 统一社会信用代码=code(1)))
    assert not OfficialFacts.objects.exists()


def test_what_cannot_be_read_is_listed_and_the_rest_is_written(grid, firm):
    batch = taken_in(
        grid,
        line(
            "恒华科技",
            统一社会信用代码=code(1),
            主营业务="软件",
            是否外资="大概",
            负责人政治面貌="进步人士",
            正式党员="约三",
            已建群团="商会",
        ),
    )
    assert OfficialFacts.objects.get().main_business == "软件"
    assert OfficialFacts.objects.get().foreign_funded is None
    words = "".join(said(batch))
    for part in ("请写成：是、否", "认不出“进步人士”", "不是整数", "认不出“商会”"):
        assert part in words


def test_members_that_do_not_add_up_are_asked_about(grid, firm):
    heading = (*HEADING, "党员数")
    row = [
        *line("恒华科技", 统一社会信用代码=code(1), 正式党员=3, 预备党员=1),
        9,
    ]
    batch = taken_in(grid, row, heading=heading)
    assert "正式、预备党员相加是 4" in "".join(said(batch))
    firm.refresh_from_db()
    assert firm.members_count == 9


def test_the_same_again_changes_nothing(grid, firm):
    row = line(
        "恒华科技",
        统一社会信用代码=code(1),
        主营业务="软件",
        是否外资="是",
        正式党员=2,
        已建群团="无",
    )
    taken_in(grid, row)
    again = taken_in(grid, row)
    assert again.summary["changed"] == 0
    assert again.summary["same"] == 1


def test_facts_of_another_hand_stay(grid, firm):
    OfficialFacts.objects.create(business=firm, platform="甲", main_business="旧")
    batch = taken_in(grid, line("恒华科技", 统一社会信用代码=code(1), 主营业务="新"))
    facts = OfficialFacts.objects.get()
    assert (facts.platform, facts.main_business) == ("甲", "新")
    row = ImportRow.objects.get(batch=batch)
    assert row.changes == {"main_business": ["旧", "新"]}


def test_a_revert_takes_the_facts_back_too(grid, firm):
    other = BusinessFactory(grid=grid, name="乙公司", kind="enterprise", code=code(2))
    OfficialFacts.objects.create(business=other, main_business="旧")
    batch = taken_in(
        grid,
        line("恒华科技", 统一社会信用代码=code(1), 主营业务="新"),
        line("乙公司", 统一社会信用代码=code(2), 主营业务="新"),
        line("丙公司", 统一社会信用代码=code(3), 主营业务="新"),
    )
    imports.start_undoing(batch, by=None, at=NOON)
    imports.undo(batch, at=NOON)

    assert not OfficialFacts.objects.filter(business=firm).exists()
    assert OfficialFacts.objects.get(business=other).main_business == "旧"
    assert Business.objects.get(name="丙公司").gone_at is not None


def test_what_is_exported_comes_in_again_without_a_change(grid, firm, clerk, client_of):
    taken_in(
        grid,
        line(
            "恒华科技",
            统一社会信用代码=code(1),
            主营业务="软件",
            是否外资="否",
            负责人政治面貌="群众",
            正式党员=2,
            预备党员=0,
            已建群团="工会",
            未建立原因="党员不足",
            拟建日期="2026-12-01",
            租期至="2027-03-31",
        ),
    )
    OfficialFacts.objects.update(principal_name="沈国华", has_league=False)
    columns = ",".join(
        (
            *("code", "mass_groups", "built_as", "secretary", "adviser"),
            *("establishment", "uncovered_reason", "cover_planned_on", "members"),
            *OfficialFacts.NAMES,
        )
    )
    answer = client_of(clerk).get(
        reverse("enterprises:enterprise_list"), {"format": "xlsx", "columns": columns}
    )
    content = b"".join(answer.streaming_content)
    shown = read_workbook(io.BytesIO(content)).sheets[0].rows
    assert "沈*华" in shown[-1], "masked, and known again"

    batch = imports.upload(
        name="y", content=content, grid=grid, known_since=LIVE_ON, by=None, at=NOON
    )
    row = ImportRow.objects.get(batch=batch)
    assert (row.result, row.changes) == ("same", {})
    assert batch.summary["sheets"][0]["unread"] == []
