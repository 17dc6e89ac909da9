"""The one screen: what it shows, and to whom."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from accounts.rights import Role
from dashboard import screen
from issues import cadence
from tests import factories as make
from tests.dashboard.world import TODAY, a_random_world
from tianshan.ledgers import FIGURES
from visits.models import Demand

pytestmark = pytest.mark.django_db
URL = "/dashboard/"
DAY = dt.timedelta(days=1)
LINK = re.compile(r'<a class="num[^"]*" href="([^"]+)"[^>]*>([\d,.]+)(%?)')


def test_every_number_on_the_page_opens_as_many_rows(client_of):
    world = a_random_world(3, businesses=40)
    client = client_of(world.user(Role.STREET_LEADER))
    page = client.get(URL)
    links = {
        (href.replace("&amp;", "&"), int(number.replace(",", "")))
        for href, number, percent in LINK.findall(page.text)
        if not percent
    }
    assert len(links) > 40
    for href, number in links:
        rows = client.get(href)
        assert rows.status_code == 200, href
        figure = FIGURES[re.search(r"figure=(\w+)", href)[1]]
        says = "sum" if figure.adds else "total"
        assert f'data-{says}="{number}"' in rows.text, (href, number)


def test_nought_no_data_not_due_and_switched_off_look_different(client_of, chief, grid):
    page = client_of(chief).get(URL).text
    assert "无数据" in page, "a rate of nothing is not 0 %"
    assert "未启用" in page
    fresh = make.BusinessFactory(grid=grid, discovered_on=TODAY)
    make.CoverageFactory(business=fresh, since=TODAY)
    page = client_of(chief).get(URL).text
    assert '<a class="num fig" href=' in page
    assert "0.0%" in page
    not_due = re.search(r'data-figure="not_due">(\d+)<', page)
    assert not_due[1] == "1"


def test_a_period_is_one_link_away_and_marked(client_of, chief, grid):
    page = client_of(chief).get(URL, {"start": "2026-10-01", "end": "2026-10-15"}).text
    current = re.findall(r'aria-current="true">(\w+)<', page)
    assert current == ["本月"], "of the periods that are the same, one is lit"
    assert "2026年10月1日至2026年10月15日" in page
    for label in ("累计", "本旬", "本月", "本季", "今年"):
        assert f">{label}</a>" in page


def test_who_owes_and_the_next_step_stand_beside_a_red_line(client_of, chief, grid):
    make.MeasureFactory(
        matter__issue__body__grid=grid,
        content="调整清运时间",
        lead_unit__name="市容所",
        decided_on=TODAY - dt.timedelta(days=20),
        due_on=TODAY - dt.timedelta(days=2),  # a Tuesday
    )
    demand = make.DemandFactory(
        business__grid=grid,
        business__building=make.BuildingFactory(grid=grid, name="天山茶城"),
        raised_on=TODAY - dt.timedelta(days=30),
    )
    page = client_of(chief).get(URL).text
    line = page[page.index("调整清运时间") :][:400]
    assert "超期 2 个工作日" in line
    assert "该办的：市容所" in line
    line = page[page.index('data-figure="demands_overdue" data-value') :]
    assert "天山茶城 1" in line
    assert f"该办的：{demand.owed_by} 1" in line


def test_a_secretary_counts_her_own_businesses_only(client_of, secretary, branch, grid):
    mine, other = make.BusinessFactory.create_batch(2, grid=grid)
    make.CoverageFactory(business=mine, organization=branch)
    for business in (mine, other):
        make.VisitFactory(business=business)
    page = client_of(secretary).get(URL).text
    assert re.search(r'data-figure="visits_merchant">(\d+)<', page)[1] == "1"
    assert re.search(r'data-figure="in_scope">(\d+)<', page)[1] == "1"


def test_the_grid_can_be_chosen_among_those_in_sight(
    client_of, leader, street, grid, other_grid, chief
):
    make.BusinessFactory(grid=other_grid)
    client = client_of(leader)
    page = client.get(URL, {"grid": grid.code}).text
    assert f'<option value="{other_grid.code}">' in page
    assert re.search(r'data-figure="in_scope">(\d+)<', page)[1] == "0"
    page = client.get(URL, {"grid": other_grid.code}).text
    assert re.search(r'data-figure="in_scope">(\d+)<', page)[1] == "1"
    assert "<option" not in client_of(chief).get(URL).text, "nothing to choose from"


@pytest.mark.parametrize("businesses", [5, 40])
def test_the_screen_costs_the_same_however_much_there_is(
    businesses, client_of, django_assert_max_num_queries
):
    world = a_random_world(4, businesses=businesses)
    client = client_of(world.user(Role.STREET_LEADER))
    # Of these three count help cases, which are no rows and cannot be counted with all.
    with django_assert_max_num_queries(32):
        client.get(URL)


def test_the_trend_reads_standing_at_each_months_end(client_of, chief, grid):
    shop = make.BusinessFactory(grid=grid)
    make.CoverageFactory(business=shop, since=dt.date(2026, 9, 1))
    page = client_of(chief).get(URL).text
    trend = page[page.index('id="trend"') : page.index('id="before"')]
    rows = re.findall(r'row">(\d{4}-\d\d-\d\d)</th><td[^>]*><a[^>]*>([\d.]+)%', trend)
    assert rows == [
        ("2026-05-31", "0.0"),
        ("2026-06-30", "0.0"),
        ("2026-07-31", "0.0"),
        ("2026-08-31", "0.0"),
        ("2026-09-30", "100.0"),
        ("2026-10-15", "100.0"),
    ]


def test_only_those_who_see_figures_come_in(client_of, client, grid):
    assert client.get(URL).status_code == 302
    for role in (Role.AUDITOR, Role.SYSTEM_ADMIN, Role.UNIT_OFFICER, Role.HELPER):
        user = make.PostFactory(role=role, grid=grid).user
        assert client_of(user).get(URL).status_code == 403
        assert client_of(user).get(URL + "figures.json").status_code == 403


# --- what this room adds to the ledgers of businesses --------------------------------


def test_a_ledger_shows_how_each_business_stands(client_of, chief, grid):
    shop = make.BusinessFactory(grid=grid, name="云栖茶庄")
    make.CoverageFactory(business=shop)
    make.DemandFactory(business=shop, raised_on=TODAY - dt.timedelta(days=30))
    make.VisitFactory(business=shop)
    page = client_of(chief).get(reverse("enterprises:merchant_list")).text
    assert '<i class="y" title="按期走访">访</i>' in page
    assert '<i class="n" title="诉求超期">诉</i>' in page
    assert "2027-01-13" in page, "90 days after the visit"


@pytest.mark.parametrize(
    ("gap", "figure"),
    [
        ("effective", "effective"),
        ("not_due", "not_due"),
        ("uncovered", "gap_uncovered"),
        ("unvisited", "gap_unvisited"),
        ("overdue", "gap_overdue"),
        ("untold", "gap_untold"),
    ],
)
def test_the_filter_finds_what_the_figure_counts(gap, figure, client_of):
    world = a_random_world(6, businesses=60)
    client = client_of(world.user(Role.STREET_LEADER))
    rows = client.get(reverse("enterprises:business_list"), {"gap": gap}).text
    answer = client.get(reverse("dashboard:figures_json")).json()["figures"]
    value = next(f["value"] for f in answer if f["key"] == figure)
    assert f'data-total="{value}"' in rows


def test_the_export_says_it_in_plain_words(client_of, chief, grid):
    shop = make.BusinessFactory(grid=grid)
    make.CoverageFactory(business=shop)
    make.BusinessFactory(grid=grid)
    url = reverse("enterprises:merchant_list")
    answer = client_of(chief).get(url, {"format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "未按期走访" in text
    assert "未覆盖" in text
    assert "<" not in text


def test_every_figure_is_explained_on_the_page(client_of, chief):
    page = client_of(chief).get(URL).text
    for figure in FIGURES.values():
        assert f'<dd data-of="{figure.key}">{figure.definition}' in page


# --- grids beside each other, the same period before -----------------------------------


def cells(page, section):
    """The rows of a section's table, as words."""
    part = page[page.index(f'id="{section}"') :]
    part = part[: part.index("</table>")]
    return [
        re.sub(r"<[^>]+>|\s+", " ", row).split()
        for row in re.findall(r"<tr.*?</tr>", part, re.S)
    ]


def test_grids_stand_beside_each_other_in_the_order_of_their_codes(
    client_of, leader, chief, grid, other_grid
):
    make.BusinessFactory.create_batch(2, grid=grid)
    make.CoverageFactory(business=make.BusinessFactory(grid=other_grid))
    rows = cells(client_of(leader).get(URL).text, "grids")[1:]
    assert [row[0] for row in rows] == [other_grid.name, grid.name]
    assert rows[0][1:6] == ["1", "家", "1", "家", "100.0%"]
    assert rows[1][1:6] == ["2", "家", "0", "家", "0.0%"]
    assert 'id="grids"' not in client_of(chief).get(URL).text, "one grid, no table"


def test_a_period_is_set_beside_as_many_days_before(client_of, chief, grid):
    shop = make.BusinessFactory(grid=grid)
    first = TODAY.replace(day=1)
    for days in (0, 3, -1, -2, -3, -16):  # TODAY is the 15th: the last is too early
        make.VisitFactory(business=shop, visited_on=first + dt.timedelta(days=days))
    page = client_of(chief).get(URL, {"start": first, "end": TODAY}).text
    assert "2026年9月16日至2026年9月30日" in page
    row = next(row for row in cells(page, "before") if row[0] == "走访商户")
    assert row[1:] == ["2", "家次", "3", "家次", "少", "1", "家次（-33.3%）"]
    row = next(row for row in cells(page, "before") if row[0] == "走访企业")
    assert row[-1] == "一样"


def test_a_period_whose_days_before_were_not_kept_is_not_compared(
    client_of, chief, grid
):
    start = grid.live_on + dt.timedelta(days=3)
    page = client_of(chief).get(URL, {"start": start, "end": TODAY}).text
    assert "早于启用日" in page
    assert "少 " not in page


@pytest.mark.parametrize("who", ["chief", "leader"])
def test_an_unchanged_screen_is_not_drawn_again(
    who, client_of, request, grid, monkeypatch
):
    client = client_of(request.getfixturevalue(who))
    make.BusinessFactory(grid=grid)
    make.DemandFactory(
        business__grid=grid,
        state=Demand.State.AT_BODY,
        outcome="已答复",
        **dict.fromkeys(
            ("outcome_on", "first_outcome_on", "tell_by", "told_on"), TODAY
        ),
    )
    body = make.BodyFactory(grid=grid, ten_daily=True, cadence_from=grid.live_on)
    cadence.keep(body, today=TODAY)
    first = client.get(URL).text
    with monkeypatch.context() as patch:
        patch.setattr("dashboard.screen.context", lambda scope: pytest.fail("again"))
        assert 'data-figure="in_scope">2<' in client.get(URL).text
    make.BusinessFactory(grid=grid)
    again = client.get(URL).text
    assert 'data-figure="in_scope">2<' in first
    assert 'data-figure="in_scope">3<' in again


# --- five minutes before an inspection -------------------------------------------------

BRIEF = "/dashboard/brief/"


def test_the_brief_says_ten_numbers_of_the_same_scope(client_of, chief, grid):
    shop = make.BusinessFactory(grid=grid)
    make.DemandFactory(business=shop, raised_on=TODAY - dt.timedelta(days=30))
    query = {"grid": grid.code, "start": "2026-09-01", "end": "2026-10-15"}
    client = client_of(chief)
    page = client.get(BRIEF, query).text
    numbers = dict(re.findall(r'data-figure="(\w+)">([\d,.]+|\w+)', page))
    assert len(numbers) == 10
    answer = client.get("/dashboard/figures.json", query).json()["figures"]
    said = {figure["key"]: figure["value"] for figure in answer}
    for key, number in numbers.items():
        if number == "无数据":
            assert said[key] is None
        else:
            assert float(number.replace(",", "")) == said[key], key
    assert "2026年9月1日至2026年10月15日　数据截至" in page
    red = page[page.index('class="is-red"') :]
    assert red.index("诉求超期") < 60, "what is red says so in words too"
    assert "该办的：" in page
    assert "下一步：先给结果" in page
    assert f'href="/dashboard/?grid={grid.code}&amp;start=2026-09-01' in page


@pytest.mark.parametrize("url", [URL, BRIEF, "/map/"])
def test_a_period_that_is_not_over_says_up_to_when_it_counts(client_of, chief, url):
    def shown(first, last):
        days = {"start": TODAY + first * DAY, "end": TODAY + last * DAY}
        return client_of(chief).get(url, days).text

    assert "这段时间还没到：状态按今天算" in shown(1, 30)
    assert "这段时间还没过完：只算到今天" in shown(-3, 30)
    over = shown(-3, 0)
    assert "还没过完" not in over
    assert "还没到：" not in over


def test_the_dashboard_leads_to_the_brief_of_its_scope(client_of, chief, staff, grid):
    page = client_of(chief).get(URL, {"start": "2026-10-01", "end": "2026-10-15"}).text
    link = re.search(r'href="(/dashboard/brief/\?[^"]+)"', page)[1]
    assert "start=2026-10-01&amp;end=2026-10-15" in link
    assert client_of(chief).get(BRIEF, {"end": "1900-01-01"}).status_code == 400
    assert client_of(chief).get(BRIEF, {"grid": "310105099"}).status_code == 404


def test_it_leads_to_brief_reports_and_wall_whom_they_are_for(
    client_of, leader, staff, secretary
):
    for user, has in (
        (leader, "简报 报告 大屏"),
        (staff, "简报 报告"),
        (secretary, "简报"),
    ):
        page = client_of(user).get("/dashboard/").text
        actions = page.partition('<div class="acts">')[2].partition("</div>")[0]
        for words in ("简报", "报告", "大屏"):
            assert (f"{words}</a>" in actions) == (words in has), (user, words)


def test_of_many_buildings_the_worst_are_shown_and_how_many_there_are(
    client_of, chief, grid, monkeypatch
):
    for number in range(3):
        building = make.BuildingFactory(grid=grid, name=f"多伦大楼{number}")
        make.BusinessFactory(grid=grid, building=building)
    page = client_of(chief).get(URL).text
    assert page.count('<tr data-where="多伦大楼') == 3
    assert "这里是有效覆盖率最低的" not in page

    monkeypatch.setattr(screen, "BUILDINGS", 2)
    make.BusinessFactory(grid=grid, building=building)
    page = client_of(chief).get(URL).text
    assert page.count('<tr data-where="多伦大楼') == 2
    assert "共 3 处，这里是有效覆盖率最低的 2 处。" in page
