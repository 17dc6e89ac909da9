"""Reports: the dashboard's numbers of a day, kept with their files for good."""

import datetime as dt
import io
import re

import openpyxl
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from docx import Document

from accounts.rights import Role
from dashboard.reports import actions, papers, periods, reading, tasks
from dashboard.reports.models import Report
from dashboard.reports.periods import Refused, Rule, Span
from tests.dashboard.world import a_random_world
from tests.factories import NOON, TODAY, VisitFactory
from tianshan.audit.models import Entry
from tianshan.files import FileProblem
from tianshan.ledgers import FIGURES, SmallCount

pytestmark = pytest.mark.django_db
SEPTEMBER = (dt.date(2026, 9, 1), dt.date(2026, 9, 30))


@pytest.fixture
def made(django_capture_on_commit_callbacks):
    """`made(grid, user, start, end)`: a report, as the worker left it."""

    def make(grid, user, start=SEPTEMBER[0], end=SEPTEMBER[1], **more):
        with django_capture_on_commit_callbacks(execute=True):
            report = actions.ask_report(
                **{
                    "grid": grid,
                    "span": Span.MONTH,
                    "rule": Rule.CALENDAR,
                    "start": start,
                    "end": end,
                    "origin": "http://portal/",
                    "by": user,
                    "at": NOON,
                    **more,
                }
            )
        report.refresh_from_db()
        return report

    return make


# --- periods -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "rule", "year", "number", "start", "end"),
    [
        ("month", "calendar", 2026, 2, "2026-02-01", "2026-02-28"),
        ("month", "calendar", 2028, 2, "2028-02-01", "2028-02-29"),
        ("month", "from_26", 2026, 10, "2026-09-26", "2026-10-25"),
        ("month", "from_26", 2026, 1, "2025-12-26", "2026-01-25"),
        ("quarter", "calendar", 2026, 3, "2026-07-01", "2026-09-30"),
        ("quarter", "from_26", 2026, 1, "2025-12-26", "2026-03-25"),
        ("year", "calendar", 2026, 1, "2026-01-01", "2026-12-31"),
        ("year", "from_26", 2026, 1, "2025-12-26", "2026-12-25"),
    ],
)
def test_a_period_follows_its_rule(span, rule, year, number, start, end):
    found = periods.period(span, rule, year, number)
    assert [day.isoformat() for day in found] == [start, end]
    assert periods.holding(span, rule, found[0]) == (year, number)
    assert periods.holding(span, rule, found[1]) == (year, number)
    assert periods.ended_before(span, rule, found[1] + periods.DAY) == found
    assert periods.ended_before(span, rule, found[1]) != found


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (dt.date(2026, 9, 2), dt.date(2026, 9, 1), "结束日期早于开始日期"),
        (TODAY + periods.DAY, TODAY + 9 * periods.DAY, "还没有到"),
        (dt.date(1900, 1, 1), dt.date(1900, 1, 31), "没有数据"),
        (dt.date(1900, 1, 1), TODAY, "没有数据"),
        (dt.date(2026, 1, 1), dt.date(2200, 1, 1), "核对年份"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_words(grid, leader, start, end, words):
    with pytest.raises(Refused, match=words):
        actions.ask_report(
            grid=grid,
            span=Span.FREE,
            rule=Rule.CALENDAR,
            start=start,
            end=end,
            origin="http://portal/",
            by=leader,
            at=NOON,
        )
    assert not Report.objects.exists()


def test_a_month_before_the_grid_went_live_is_refused(grid, leader, made):
    grid.live_on = dt.date(2026, 8, 1)
    with pytest.raises(Refused, match="2026年8月1日起启用"):
        made(grid, leader, dt.date(2026, 7, 1), dt.date(2026, 7, 31))


# --- equal to the dashboard ----------------------------------------------------------


def numbers_of(client, grid, start, end):
    url = reverse("dashboard:figures_json")
    query = {"grid": grid.code, "start": start.isoformat(), "end": end.isoformat()}
    answer = client.get(url, query).json()["figures"]
    return [
        entry for entry in answer if not isinstance(FIGURES[entry["key"]], SmallCount)
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("start", "end"), [SEPTEMBER, (dt.date(2026, 9, 26), dt.date(2026, 10, 25))]
)
def test_every_number_of_both_files_is_the_dashboards(
    client_of, made, seed, start, end
):
    world = a_random_world(seed, 25)
    leader = world.user(Role.STREET_LEADER)
    report = made(world.street, leader, start, end)
    client = client_of(leader)
    told = numbers_of(client, world.street, start, end)

    book = openpyxl.load_workbook(io.BytesIO(actions.content_of(report, "xlsx")))
    heading, *rows = list(book["指标"].iter_rows(min_row=4))
    assert [cell.value for cell in heading][:3] == ["编号", "指标", "数值"]
    assert len(rows) == len(told) > 90
    for row, entry in zip(rows, told, strict=True):
        key, label, value, unit, numerator, denominator, definition, *_ = (
            cell.value for cell in row
        )
        expected = "—" if entry["value"] is None else entry["value"]
        assert (key, label, value, unit) == (
            entry["key"],
            entry["label"],
            expected,
            entry["unit"],
        )
        assert (numerator, denominator) == (
            entry.get("numerator"),
            entry.get("denominator"),
        )
        assert definition == entry["definition"]
        href = entry.get("href") or entry.get("sum_href") or entry["numerator_href"]
        assert row[8].hyperlink.target == f"http://portal{href}"

    heading, *rows = list(book["各网格对比"].iter_rows(min_row=4, values_only=True))
    grids = [world.street, *world.grids]
    assert list(heading[3:]) == [grid.name for grid in grids]
    for column, grid in enumerate(grids, start=3):
        values = [row[column] for row in rows]
        assert values == [
            "—" if entry["value"] is None else entry["value"]
            for entry in numbers_of(client, grid, start, end)
        ]

    document = Document(io.BytesIO(actions.content_of(report, "docx")))
    text = "\n".join(line.text for line in document.paragraphs)
    own = text[: text.index("各网格情况")]
    left = own
    for entry in sorted(told, key=lambda entry: -len(papers.said(entry))):
        words = papers.said(entry)
        assert str(entry["value"]) in words or entry["value"] is None
        assert words in left, words
        left = left.replace(words, "", 1)
    # Nothing else is said in numbers than the days.
    left = re.sub(r"\d+年\d+月(\d+日(\d\d:\d\d)?)?", "", left)
    assert re.findall(r"\d+", left) == []


def test_grids_in_the_document_are_theirs(client_of, made):
    world = a_random_world(3, 15)
    leader = world.user(Role.STREET_LEADER)
    report = made(world.street, leader)
    document = Document(io.BytesIO(actions.content_of(report, "docx")))
    lines = [line.text for line in document.paragraphs]
    for place, grid in enumerate(world.grids, start=1):
        told = {e["key"]: e for e in numbers_of(client_of(leader), grid, *SEPTEMBER)}
        at = lines.index(f"（{papers.numeral(place)}）{grid.name}")
        wanted = [papers.said(told[key]) for key in papers.OF_GRIDS.split()]
        assert lines[at + 1] == f"{'，'.join(wanted)}。"


def test_the_document_is_laid_out_after_the_standard(grid, leader, made):
    report = made(grid, leader)
    document = Document(io.BytesIO(actions.content_of(report, "docx")))
    section = document.sections[0]
    margins = [
        round(side.mm)
        for side in (
            section.top_margin,
            section.left_margin,
            section.right_margin,
            section.bottom_margin,
        )
    ]
    assert margins == [37, 28, 26, 35]
    lines = [line for line in document.paragraphs if line.text]
    title = lines[0].runs[0]
    assert title.font.size.pt == 22
    assert lines[0].text == f"{grid.name}2026年9月数据报告"
    fonts = {}
    for line in lines:
        name = line.runs[0]._element.rPr.rFonts.get(
            "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia"
        )
        fonts.setdefault(line.text[:2], name)
    assert "小标宋" in fonts[lines[0].text[:2]]
    assert "黑体" in fonts["一、"]
    assert "楷体" in fonts["（一"]
    assert "仿宋" in fonts["截至"]
    assert document.styles["Normal"].paragraph_format.line_spacing.pt == 28.95
    assert lines[-1].text == "2026年10月15日"


def test_a_month_without_data_says_so_and_tells_nought_from_nothing(
    grid, leader, made, client_of
):
    report = made(grid, leader)
    told = {entry["key"]: entry for entry in report.figures[0]["figures"]}
    assert told["visits_merchant"]["value"] == 0
    assert told["formal_coverage"]["value"] is None
    text = "".join(text for _, text in papers.paper_of(report).blocks)
    assert "本期没有走访、诉求、议题、活动和点单的记录。" in text
    assert "有形覆盖率没有数据" in text
    page = client_of(leader).get(report.get_absolute_url()).content.decode()
    assert "本期没有走访" in page
    assert "没有数据" in page


def test_help_cases_are_in_no_report(grid, leader, made):
    report = made(grid, leader)
    keys = {entry["key"] for entry in report.figures[0]["figures"]}
    assert keys
    assert not any(key.startswith("helpcases") for key in keys)


# --- kept ----------------------------------------------------------------------------


def test_later_changes_alter_nothing_and_are_marked(made, client_of):
    world = a_random_world(4, 10)
    leader = world.user(Role.STREET_LEADER)
    report = made(world.street, leader)
    before = [actions.content_of(report, kind) for kind in ("docx", "xlsx")]
    assert reading.corrected(report, leader) == {}
    was = {e["key"]: e for e in report.figures[0]["figures"]}["visits_merchant"]

    world.visit(
        world.business(kind="merchant"), dt.date(2026, 9, 15)
    )  # entered only now

    report.refresh_from_db()
    kept = {e["key"]: e for e in report.figures[0]["figures"]}["visits_merchant"]
    assert kept == was
    assert [actions.content_of(report, kind) for kind in ("docx", "xlsx")] == before
    differ = reading.corrected(report, leader)
    now = differ[world.street.code, "visits_merchant"]["value"]
    assert now == was["value"] + 1
    page = client_of(leader).get(report.get_absolute_url()).content.decode()
    line = page[page.index('data-key="visits_merchant"') :].partition("</tr>")[0]
    assert f"{was['value']} 家次" in line
    assert f"{now} 家次" in line
    assert "后来更正" in line


def test_time_alone_corrects_nothing(made, monkeypatch):
    """A visit of today falls into the period; a report of yesterday has not seen it."""
    world = a_random_world(5, 10)
    leader = world.user(Role.STREET_LEADER)
    report = made(world.street, leader, dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    later = NOON + dt.timedelta(days=60)  # cycles end, demands are late by then
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert report.day == TODAY
    assert reading.corrected(report, leader) == {}


def test_a_report_that_is_done_cannot_be_written_to(grid, leader, made):
    report = made(grid, leader)
    with pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(figures=[])
    with pytest.raises(DatabaseError), transaction.atomic():
        report.delete()


def test_a_file_that_was_changed_on_the_disk_is_not_handed_out(
    grid, leader, made, client_of, settings
):
    report = made(grid, leader)
    path = settings.MEDIA_ROOT / "reports" / report.docx[:2] / f"{report.docx}.docx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FileProblem, match="指纹"):
        actions.content_of(report, "docx")
    client = client_of(leader)
    assert (
        client.get(reverse("dashboard:report_docx", args=[report.pk])).status_code
        == 302
    )
    assert (
        client.get(reverse("dashboard:report_xlsx", args=[report.pk])).status_code
        == 200
    )
    path.unlink()
    assert (
        client.get(reverse("dashboard:report_docx", args=[report.pk])).status_code
        == 302
    )


# --- the worker ----------------------------------------------------------------------


def test_it_goes_from_the_queue_to_done_and_leaves_its_lines(grid, leader, made):
    report = made(grid, leader)
    assert (report.state, report.stage) == (Report.State.DONE, 3)
    verbs = [entry.verb for entry in Entry.objects.order_by("pk")]
    assert verbs == ["report.asked", "report.finished"]


def test_what_fails_says_why_and_can_be_made_again(
    grid, leader, made, monkeypatch, client_of, django_capture_on_commit_callbacks
):
    def broken(report):
        raise FileProblem("文档没有生成，请稍后再试。")

    with monkeypatch.context() as patch:
        patch.setattr(papers, "docx_of", broken)
        report = made(grid, leader)
    assert report.state == Report.State.FAILED
    client = client_of(leader)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "没有做成：文档没有生成，请稍后再试。" in page
    assert "再做一次" in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("dashboard:report_retry", args=[report.pk]))
    report.refresh_from_db()
    assert (report.state, report.tries, report.failure) == (Report.State.DONE, 2, "")


def test_an_error_of_ours_is_told_without_its_inside(grid, leader, made, monkeypatch):
    def broken(report):
        raise KeyError("secret")

    monkeypatch.setattr(papers, "xlsx_of", broken)
    report = made(grid, leader)
    assert report.state == Report.State.FAILED
    assert report.failure == tasks.BROKE


def test_the_page_says_how_far_it_is(grid, leader, client_of):
    report = actions.ask_report(
        grid=grid,
        span=Span.MONTH,
        rule=Rule.CALENDAR,
        start=SEPTEMBER[0],
        end=SEPTEMBER[1],
        origin="http://portal/",
        by=leader,
        at=NOON,
    )
    client = client_of(leader)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "排队中" in page
    assert 'hx-trigger="load delay:1s"' in page
    actions.begin(report, tries=1, at=NOON)
    actions.tell(report, stage=1, at=NOON)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "正在生成，第 2 步，共 3 步：写 Word 文档" in page
    assert "再做一次" not in page
    # Nothing can be made of it twice at once, nor downloaded.
    with pytest.raises(Refused):
        actions.begin(report, tries=1, at=NOON)
    with pytest.raises(Refused):
        actions.retry(report, by=leader, at=NOON)
    url = reverse("dashboard:report_docx", args=[report.pk])
    assert client.get(url).status_code == 404


def test_a_worker_that_was_lost_is_known_and_its_late_answer_does_not_count(
    grid, leader, made, monkeypatch
):
    report = actions.ask_report(
        grid=grid,
        span=Span.MONTH,
        rule=Rule.CALENDAR,
        start=SEPTEMBER[0],
        end=SEPTEMBER[1],
        origin="http://portal/",
        by=leader,
        at=NOON,
    )
    lost = actions.begin(report, tries=1, at=NOON)
    later = NOON + dt.timedelta(minutes=11)
    again = actions.retry(report, by=leader, at=later)
    assert (again.state, again.tries) == (Report.State.QUEUED, 2)
    actions.begin(again, tries=2, at=later)
    lost.figures, lost.as_of, lost.day = [], NOON, TODAY
    with pytest.raises(Refused):
        actions.finish(lost, docx=b"old", xlsx=b"old", at=later)
    with pytest.raises(Refused):
        actions.fail(lost, tries=1, reason="x", at=later)
    report.refresh_from_db()
    assert report.state == Report.State.RUNNING


def test_who_left_the_post_meanwhile_gets_no_report_of_noughts(
    grid, chief, made, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(actions, "begin", _leaves(chief))
        report = made(grid, chief)
    assert report.state == Report.State.FAILED
    assert "不在这个网格的岗位上" in report.failure


def _leaves(user):
    real = actions.begin

    def begin(report, **more):
        user.posts.update(until=TODAY)
        report.by.__dict__.pop("posts_in_force", None)
        return real(report, **more)

    return begin


# --- who sees, the pages -------------------------------------------------------------


def test_only_those_over_the_grid_see_a_report(
    grid,
    street,
    leader,
    clerk,
    staff,
    stranger,
    secretary,
    system_admin,
    made,
    client_of,
):
    of_grid, of_street = made(grid, leader), made(street, leader)
    for user in (clerk, staff):
        assert client_of(user).get(of_grid.get_absolute_url()).status_code == 200
        assert client_of(user).get(of_street.get_absolute_url()).status_code == 404
    assert client_of(stranger).get(of_grid.get_absolute_url()).status_code == 404
    url = reverse("dashboard:report_xlsx", args=[of_grid.pk])
    assert client_of(stranger).get(url).status_code == 404
    for user in (secretary, system_admin):
        assert client_of(user).get(of_grid.get_absolute_url()).status_code == 403
    page = client_of(clerk).get(reverse("dashboard:report_list")).content.decode()
    assert 'data-total="1"' in page
    assert (
        street.name not in page.partition('data-total="1"')[2].partition("</table>")[0]
    )


def post(client, **fields):
    data = {"span": "month", "rule": "calendar", "year": 2026, "month": 9, **fields}
    return client.post(reverse("dashboard:report_new"), data)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"year": 1900}, "年份“1900”不对"),
        ({"year": 2027}, "还没有到"),
        ({"year": ""}, "请填年份"),
        ({"span": "quarter", "quarter": 5}, "4 个季度"),
        ({"span": "free"}, "两个日期都要填"),
        (
            {"span": "free", "start": "2026-09-30", "end": "2026-09-01"},
            "结束日期早于开始日期",
        ),
        ({"span": "free", "start": "1900-01-01", "end": "1900-02-01"}, "没有数据"),
        ({"grid": "310105006602"}, "不在您的范围里"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(
    grid, other_grid, clerk, client_of, fields, words
):
    response = post(client_of(clerk), **{"grid": grid.code, **fields})
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not Report.objects.exists()


def test_a_quarter_that_no_year_has_is_said_where_it_was_chosen(grid, clerk, client_of):
    response = post(client_of(clerk), grid=grid.code, span="quarter", quarter=5)
    assert response.context["form"].errors.keys() == {"quarter"}


def test_a_year_without_data_is_said_where_it_was_typed(grid, clerk, client_of):
    response = post(client_of(clerk), grid=grid.code, year=1900)
    assert response.context["form"].errors.keys() == {"year"}


def test_days_chosen_freely_follow_no_rule_of_months(grid, clerk, client_of):
    client = client_of(clerk)
    free = {"span": "free", "start": "2026-09-01", "end": "2026-09-10"}
    page = post(client, grid=grid.code, **free)
    assert "自然月" not in client.get(page.url).text
    assert "自然月" in client.get(post(client, grid=grid.code).url).text


def test_a_month_is_asked_for_and_downloaded(
    grid, clerk, client_of, django_capture_on_commit_callbacks
):
    client = client_of(clerk)
    assert client.get(reverse("dashboard:report_new")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        response = post(client, grid=grid.code, rule="from_26")
    report = Report.objects.get()
    assert response.headers["Location"] == report.get_absolute_url()
    assert (report.start, report.end) == (dt.date(2026, 8, 26), dt.date(2026, 9, 25))
    assert (report.rule, report.by) == (Rule.FROM_26, clerk)
    for kind in ("docx", "xlsx"):
        url = reverse(f"dashboard:report_{kind}", args=[report.pk])
        response = client.get(url)
        assert response.content == actions.content_of(report, kind)
        assert response.headers["Cache-Control"] == "private, no-store"
    assert Entry.objects.filter(verb="report.taken").count() == 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    grid, clerk, made, client_of, django_assert_num_queries, count
):
    for _ in range(count):
        made(grid, clerk)
    client = client_of(clerk)
    client.get(reverse("dashboard:report_list"))
    with django_assert_num_queries(5):
        client.get(reverse("dashboard:report_list"))


def test_a_correction_in_a_grid_beside_is_marked_there(made, client_of):
    world = a_random_world(6, 8)
    leader = world.user(Role.STREET_LEADER)
    report = made(world.street, leader)
    business = world.business(kind="merchant")
    VisitFactory(business=business, visited_on=dt.date(2026, 9, 9))
    differ = reading.corrected(report, leader)
    assert (business.grid.code, "visits_merchant") in differ
    other = next(grid for grid in world.grids if grid != business.grid)
    assert (other.code, "visits_merchant") not in differ
