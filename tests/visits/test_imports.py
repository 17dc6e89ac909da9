"""Past visits and demands come in as files, once, and count by their own dates."""

import datetime as dt

import pghistory
import pytest

from dashboard.models import Standing
from enterprises import imports
from enterprises.models import Business
from tests.enterprises.files import code, line, workbook
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry
from visits.models import Demand, Visit

VISITS = ["走访日期", "走访对象", "楼宇", "室号", "走访人", "走访结果", "情况"]
DEMANDS = ["提出日期", "提出者", "诉求类别", "诉求内容", "结果", "办结日期", "回告日期"]
MARCH, APRIL = dt.date(2026, 3, 12), dt.date(2026, 4, 2)


@pytest.fixture
def taken(grid, clerk):
    """`taken(content)`: the file imported, as its batch."""

    def write(content, by=clerk):
        batch = imports.upload(
            name="旧表.xlsx",
            content=content,
            grid=grid,
            known_since=LIVE_ON,
            by=by,
            at=NOON,
        )
        imports.start(batch, by=by, at=NOON)
        with pghistory.context(user=by and by.pk):
            imports.finish(batch, at=NOON)
        batch.refresh_from_db()
        return batch

    return write


@pytest.fixture
def shop(grid):
    market = BuildingFactory(grid=grid, name="天山茶城", aliases=["茶城"])
    return BusinessFactory(
        grid=grid, building=market, room="B08", name="闽南茶行", code=code(1)
    )


def visits(*rows):
    return workbook(*rows, heading=VISITS, sheet="走访")


def demands(*rows):
    return workbook(*rows, heading=DEMANDS, sheet="诉求")


def told(batch, name):
    return [p["message"] for p in batch.rows.get(name=name).problems]


def test_a_past_visit_counts_by_its_own_date(taken, shop, staff):
    batch = taken(
        visits(["2026-03-12", "闽南茶行", "茶城", "B08", "staff", "正常", "讲了政策"])
    )

    visit = Visit.objects.get()
    assert (visit.business, visit.visited_on, visit.visitor) == (shop, MARCH, staff)
    assert (visit.get_source_display(), visit.note) == ("导入", "讲了政策")
    assert (visit.outcome, visit.counts) == ("normal", True)
    assert visit.building == shop.building
    standing = Standing.objects.on(TODAY).get(business=shop)
    assert standing.visited_until == MARCH + dt.timedelta(days=90)
    assert visit.events.count() == 1
    assert Entry.objects.about(visit).get().verb == "visit.taken_in"
    assert [o["new"] for o in batch.summary["others"]] == [1]


def test_the_same_file_again_adds_nothing(taken, shop, staff):
    content = visits(
        ["2026-03-12", "闽南茶行", None, None, "staff", "正常", "讲了政策"],
        ["2026-03-12", "闽南茶行", None, None, "旧同事", "正常", None],
        ["2026-04-02", "闽南茶行", None, None, "staff", "无人", None],
    )
    taken(content)
    assert Visit.objects.count() == 3
    again = taken(content)
    assert Visit.objects.count() == 3
    assert again.summary["others"][0]["same"] == 3


def test_a_visit_already_logged_here_is_not_doubled(taken, shop, staff):
    VisitFactory(business=shop, visitor=staff, visited_on=MARCH)
    taken(visits(["2026-03-12", "闽南茶行", None, None, "staff", "正常", "讲了政策"]))
    assert Visit.objects.count() == 1


def test_a_visitor_without_an_account_keeps_the_name_in_the_old_list(
    taken, shop, clerk
):
    batch = taken(visits(["2026-03-12", "闽南茶行", None, None, "老张", "正常", "好"]))
    visit = Visit.objects.get()
    assert (visit.visitor, visit.visitor_name) == (clerk, "老张")
    assert "没有这样称呼的账号" in told(batch, "闽南茶行")[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([None, "闽南茶行"], "没有走访日期"),
        (["2026-12-31", "闽南茶行"], "在将来"),
        (["2026年3月", "闽南茶行"], "写到哪一天"),
        (["2026-03-12", "没有的店"], "台账里没有这一家"),
    ],
)
def test_a_wrong_past_visit_is_left_out_with_a_word(taken, shop, row, said):
    batch = taken(visits([*row, None, None, "staff", "正常", "好"]))
    assert not Visit.objects.exists()
    assert said in "".join(told(batch, row[1]))


def test_shops_and_their_visits_come_in_one_workbook(taken, grid, staff):
    visited = [VISITS, ["2026-03-12", "新店", None, "9", "staff", "正常", "好"]]
    taken(workbook(line("新店", room="9"), more={"走访": visited}))
    assert Visit.objects.get().business == Business.objects.get(name="新店")


def test_a_past_demand_comes_as_far_as_it_had_come(taken, shop):
    taken(
        demands(
            [
                *("2026-03-12", "闽南茶行", "环境清运", "清运车挡门", "改到八点前"),
                *("2026-03-16", "2026-03-17"),
            ],
            ["2026-04-02", "闽南茶行", "停车", "没有车位", None, None, None],
            ["2026-04-02", "闽南茶行", "租金", "太高", "已沟通", "2026-04-09", None],
        )
    )
    done, waits, answered = Demand.objects.order_by("pk")
    assert (done.state, done.told_on) == ("told", dt.date(2026, 3, 17))
    assert (done.category.name, done.outcome) == ("环境清运", "改到八点前")
    assert (done.source, done.dues.count()) == ("imported", 1)
    assert (waits.state, waits.due_on < TODAY) == ("new", True)
    assert (answered.state, answered.tell_by) == ("answered", dt.date(2026, 4, 14))
    standing = Standing.objects.on(TODAY).get(business=shop)
    assert standing.overdue_from == waits.due_on + dt.timedelta(days=1)


def test_the_preview_says_what_will_be_written(grid, clerk, shop):
    more = {
        "走访": [VISITS, ["2026-03-12", "闽南茶行", None, None, "老张", "正常", "好"]]
    }
    content = workbook(
        ["2026-03-12", "闽南茶行", "停车", "没有车位", None, None, None],
        heading=DEMANDS,
        sheet="诉求",
        more=more,
    )

    batch = imports.upload(
        name="旧表.xlsx",
        content=content,
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )

    assert set(batch.rows.values_list("result", flat=True)) == {"new"}


def test_the_same_demands_again_add_nothing(taken, shop):
    content = demands(["2026-03-12", "闽南茶行", "停车", "没有 车位", None, None, None])
    taken(content)
    taken(content)
    assert Demand.objects.count() == 1


def test_an_unknown_category_goes_to_the_rest_and_is_said(taken, shop):
    batch = taken(
        demands(["2026-03-12", "闽南茶行", "火星", "没有车位", None, None, None])
    )
    assert Demand.objects.get().category.name == "其他"
    assert "先归到“其他”" in told(batch, "闽南茶行")[0]


def test_an_outcome_without_its_day_is_left_out(taken, shop):
    batch = taken(
        demands(["2026-03-12", "闽南茶行", "停车", "没有车位", "已解决", None, None])
    )
    assert Demand.objects.get().state == "new"
    assert "没有日期" in told(batch, "闽南茶行")[0]


def test_a_batch_of_the_past_is_taken_back_whole(taken, shop, clerk, client_of):
    more = {
        "诉求": [
            DEMANDS,
            ["2026-03-12", "闽南茶行", "停车", "没有车位", None, None, None],
        ]
    }
    content = workbook(
        ["2026-03-12", "闽南茶行", None, None, "staff", "正常", "好"],
        heading=VISITS,
        sheet="走访",
        more=more,
    )
    before = list(Standing.objects.values())
    batch = taken(content)
    assert "没有车位" in client_of(clerk).get("/demands/").content.decode()

    imports.start_undoing(batch, by=clerk, at=NOON)
    imports.undo(batch, at=NOON)

    visit = Visit.objects.get()
    assert (visit.voided_at, visit.void_reason) == (NOON, "撤回导入")
    assert "没有车位" not in client_of(clerk).get("/demands/").content.decode()
    for rows in (before, after := list(Standing.objects.values())):
        for row in rows:
            del row["id"]
    assert after == before
    taken(content)
    assert Visit.objects.standing().count() == 1
    assert Demand.objects.in_ledgers().count() == 1


def test_a_demand_answered_since_stays(taken, shop, clerk):
    from visits import actions

    batch = taken(demands(["2026-03-12", "闽南茶行", "停车", "没有车位"] + [None] * 3))
    actions.answer(Demand.objects.get(), words="已安排车位", by=clerk, at=NOON)
    imports.start_undoing(batch, by=clerk, at=NOON)
    assert imports.undo(batch, at=NOON) == (0, 1)
    assert Demand.objects.in_ledgers().exists()


@pytest.mark.parametrize("page", ["/visits/", "/demands/"])
def test_what_was_exported_can_be_imported_again(taken, shop, clerk, client_of, page):
    taken(visits(["2026-03-12", "闽南茶行", None, None, "staff", "正常", "好"]))
    taken(demands(["2026-03-12", "闽南茶行", "停车", "没有车位", None, None, None]))
    response = client_of(clerk).get(page, {"format": "xlsx"})
    content = b"".join(response.streaming_content)

    (other,) = taken(content).summary["others"]

    assert (other["new"], other["same"], other["rejected"]) == (0, 1, 0)
    assert Visit.objects.count() == Demand.objects.count() == 1


def test_the_batch_is_a_filter_of_both_ledgers(taken, shop, clerk, client_of):
    VisitFactory(business=shop)
    batch = taken(visits(["2026-03-12", "闽南茶行", None, None, "老张", "正常", "好"]))
    text = client_of(clerk).get("/visits/", {"batch": batch.pk}).content.decode()
    assert 'data-total="1"' in text
    assert "老张" in text
