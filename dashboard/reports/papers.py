"""A report as a document after GB/T 9704 and as a workbook, from its kept figures."""

import io

from django.utils import timezone

from dashboard.reports.periods import in_words
from tianshan.files.documents import MinutesPaper, docx
from tianshan.files.writing import Column, Link, Page, write_book

DIGITS = "〇一二三四五六七八九"
DAY, PERIOD = "day", "period"  # what a figure is of: its last day, or the whole

# (heading, [(heading, of what, keys)]); what stands nowhere here comes last, as 其他.
CHAPTERS = [
    (
        "覆盖情况",
        [
            (
                "有形覆盖和有效覆盖",
                DAY,
                "in_scope covered formal_coverage effective effective_coverage",
            ),
            (
                "覆盖方式",
                DAY,
                "covered_own covered_joint covered_place covered_regional",
            ),
            (
                "差距",
                DAY,
                "not_effective not_due gap_unvisited gap_overdue gap_untold gap_absent"
                " gap_uncovered",
            ),
            (
                "没做到的各项",
                DAY,
                "fails_unvisited fails_overdue fails_untold fails_absent",
            ),
            (
                "组织覆盖和工作覆盖",
                DAY,
                "enterprises_operating enterprises_built org_coverage"
                " enterprises_built_alone own_org_rate enterprises_must_build"
                " enterprises_built_of_must should_have_built enterprises_reached"
                " work_coverage",
            ),
        ],
    ),
    (
        "走访联系",
        [
            (
                "走访",
                PERIOD,
                "visits_enterprise visits_enterprise_distinct visits_merchant"
                " visits_merchant_distinct",
            ),
            ("上门无人和电话联系", PERIOD, "attempts calls"),
        ],
    ),
    (
        "诉求办理",
        [
            (
                "提出和受理",
                PERIOD,
                "demands_raised demands_urgent demands_new demands_joined"
                " demands_turned demands_answered demands_declined demands_ended"
                " demands_told demands_withdrawn demands_mistaken common_demands",
            ),
            (
                "在办和超期",
                DAY,
                "demands_open demands_overdue demands_untold demands_to_tell"
                " demands_tell_late demands_unreached demands_unsatisfied"
                " demands_at_body",
            ),
            (
                "答话、解决和评价",
                PERIOD,
                "demands_first_word_* response_rate demands_with_outcome"
                " demands_resolved demands_unresolved resolution_rate demands_*"
                " satisfaction_rate rated_rate call_back_rate",
            ),
        ],
    ),
    (
        "三级议事",
        [
            ("提出和办结", PERIOD, "issues_raised issues_closed measures_done"),
            ("在议和在办", DAY, "issues_* measures_*"),
            ("周梳理·旬研商·月调度", PERIOD, "cadence_*"),
        ],
    ),
    (
        "服务活动",
        [
            ("活动", PERIOD, "activities activities_* attendance attendance_*"),
            (
                "点单",
                PERIOD,
                "orders_placed orders_answer_due orders_accepted_* orders_finished"
                " orders_rated orders_satisfied orders_satisfaction_rate"
                " orders_unrated",
            ),
            ("在办点单", DAY, "orders_*"),
        ],
    ),
]
FLOWS = (
    "visits_enterprise visits_merchant attempts calls demands_raised issues_raised"
    " activities orders_placed"
)
# Of each grid side by side in the document; the workbook has all of them.
OF_GRIDS = (
    "in_scope covered formal_coverage effective effective_coverage gap_uncovered"
    " visits_enterprise visits_merchant demands_raised demands_overdue activities"
)


def numeral(number):
    """一, 十, 二十三: up to 99."""
    tens, ones = divmod(number, 10)
    words = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return words + (DIGITS[ones] if ones else "")


def said(entry):
    """A figure in words: 有形覆盖率61.5%（123÷200）, 在册200家."""
    label, value, unit = entry["label"], entry["value"], entry["unit"]
    if value is None:
        return f"{label}没有数据"
    if "denominator" in entry:
        return f"{label}{value}%（{entry['numerator']}÷{entry['denominator']}）"
    return f"{label}{value}{unit}"


def number_in_words(entry):
    """The number alone, as pages show it."""
    if entry["value"] is None:
        return "没有数据"
    if "denominator" in entry:
        return f"{entry['value']}%（{entry['numerator']}÷{entry['denominator']}）"
    return f"{entry['value']} {entry['unit']}"


def of_grid(grid):
    """What is set side by side of a grid."""
    left = {entry["key"]: entry for entry in grid["figures"]}
    return [left[key] for key in _named(OF_GRIDS, left)]


def sentence(entries):
    return f"{'，'.join(map(said, entries))}。"


def chapters(figures):
    """`[(heading, [(heading, of what, entries)])]` of all figures, each once."""
    left = {entry["key"]: entry for entry in figures}
    found = []
    for heading, sections in CHAPTERS:
        told = []
        for title, of, keys in sections:
            entries = [left.pop(key) for key in _named(keys, left)]
            if entries:
                told.append((title, of, entries))
        if told:
            found.append((heading, told))
    if left:
        found.append(("其他", [("其他指标", PERIOD, list(left.values()))]))
    return found


def _named(keys, left):
    """The keys that a list names, in its order; `orders_*` names all that begin so."""
    named = {}
    for key in keys.split():
        if key.endswith("*"):
            named |= {one: None for one in left if one.startswith(key[:-1])}
        elif key in left:
            named[key] = None
    return list(named)


def is_empty(figures):
    """Did nothing happen in the period?"""
    flows = FLOWS.split()
    return not any(entry["value"] for entry in figures if entry["key"] in flows)


def paper_of(report):
    own, *others = report.figures
    read_at = timezone.localtime(report.as_of)
    opening = (
        f"本报告的统计期为{in_words(report.start)}至{in_words(report.end)}，"
        f"数字取自天山网格，{in_words(read_at.date())}{read_at:%H:%M}读取，"
        f"存量截至{in_words(report.day)}。"
    )
    blocks = [["p", opening]]
    if is_empty(own["figures"]):
        blocks.append(["p", "本期没有走访、诉求、议题、活动和点单的记录。"])
    number = 0
    for number, (heading, sections) in enumerate(chapters(own["figures"]), start=1):
        blocks.append(["h1", f"{numeral(number)}、{heading}"])
        for place, (title, of, entries) in enumerate(sections, start=1):
            if len(sections) > 1:
                blocks.append(["h2", f"（{numeral(place)}）{title}"])
            since = f"截至{in_words(report.day)}，" if of == DAY else "本期"
            blocks.append(["p", f"{since}{sentence(entries)}"])
    if others:
        blocks.append(["h1", f"{numeral(number + 1)}、各网格情况"])
    for place, grid in enumerate(others, start=1):
        blocks.append(["h2", f"（{numeral(place)}）{grid['name']}"])
        blocks.append(["p", sentence(of_grid(grid))])
    return MinutesPaper(
        title=f"{own['name']}{report.period_name}{report.kind_name}",
        subtitle=f"（{in_words(report.start)}至{in_words(report.end)}）",
        blocks=blocks,
        sign=[own["name"], in_words(read_at.date())],
        attendance=[],
    )


def docx_of(report):
    return docx(paper_of(report))


HEADINGS = [
    Column("编号", 26),
    Column("指标", 24),
    Column("数值", 10),
    Column("单位", 8),
    Column("分子", 10),
    Column("分母", 10),
    Column("定义", 60),
    Column("数据截至", 18),
    Column("明细", 10),
]


def xlsx_of(report):
    own, *others = report.figures
    title = f"{own['name']}{report.period_name}{report.kind_name}"
    read_at = timezone.localtime(report.as_of)
    notes = (
        title,
        f"统计期 {report.start} 至 {report.end}；数据截至 {read_at:%Y-%m-%d %H:%M}，"
        f"存量读到 {report.day}；“—”是没有数据，不是 0",
    )
    pages = [
        Page("指标", HEADINGS, [_row(e, report) for e in own["figures"]], notes),
    ]
    if others:
        columns = [Column("编号", 26), Column("指标", 24), Column("单位", 8)]
        columns += [Column(grid["name"], 16) for grid in report.figures]
        pages.append(Page("各网格对比", columns, list(_beside(report)), notes))
    stream = io.BytesIO()
    write_book(stream, title=title, pages=pages)
    return stream.getvalue()


def address(entry):
    """Where its rows are; a rate's are those of its numerator."""
    return entry.get("href") or entry.get("sum_href") or entry.get("numerator_href")


def _row(entry, report):
    path = address(entry)
    return [
        entry["key"],
        entry["label"],
        _number(entry["value"]),
        entry["unit"],
        entry.get("numerator"),
        entry.get("denominator"),
        entry["definition"],
        report.as_of,
        Link(f"{report.origin}{path}") if path else None,
    ]


def _beside(report):
    of = [{e["key"]: e["value"] for e in grid["figures"]} for grid in report.figures]
    for entry in report.figures[0]["figures"]:
        values = [_number(grid.get(entry["key"])) for grid in of]
        yield [entry["key"], entry["label"], entry["unit"], *values]


def _number(value):
    return "—" if value is None else value
