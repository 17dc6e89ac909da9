"""Upward forms with their issues, who asked for what, and a month's report.

The forms are of kinds that authorities use; the files are invented and say so.
"""

import datetime as dt
import io

import openpyxl
from django.utils import timezone
from docx import Document
from openpyxl.styles import Alignment, Border, Font, Side

from dashboard.reports import actions, periods
from dashboard.reports.periods import Rule, Span
from dashboard.reports.upward import UpwardForm
from grids.models import Grid

INVENTED = "示例模板：为演示编的，不是任何单位的真实表样"
ROWS = [
    ("在册企业商户", "在册"),
    ("其中：有形覆盖", "有形覆盖"),
    ("有形覆盖率（%）", "有形覆盖率"),
    ("其中：有效覆盖", "有效覆盖"),
    ("有效覆盖率（%）", "有效覆盖率"),
    ("单独组建党组织", "enterprises_built_alone"),
    ("走访企业（家次）", "走访企业"),
    ("走访商户（家次）", "走访商户"),
    ("收到诉求（件）", "提出诉求"),
    ("诉求解决率（%）", "诉求解决率"),
    ("举办活动（场）", "举办活动"),
    ("党员志愿者（人）", "党员志愿者"),
]
TYPED = "46"  # what the ledgers do not hold
REQUESTS = [
    (
        "区委社会工作部",
        "两新党建月报",
        "关于报送两新党建工作情况的通知（示例）",
        "month",
        "在册、有形覆盖、有效覆盖、走访企业、走访商户、党员志愿者",
    ),
    (
        "区商务委",
        "商户情况统计表",
        "电话要的，没有文件",
        "once",
        "在册、走访商户、从业人数",
    ),
    (
        "区市场监管局",
        "市场党建联系点台账",
        "联席会议定事项（示例）",
        "quarter",
        "走访商户、提出诉求、诉求解决率",
    ),
    (
        "区统计局",
        "楼宇企业名录核对表",
        "年度名录核对通知（示例）",
        "year",
        "实体运营企业、从业人数、注册地址",
    ),
]


def load(world):
    """The month before last is signed, the last one waits to be checked."""
    accounts, today = world["accounts"], world["today"]
    posts = {name: user.posts.first() for name, user in accounts.items()}
    grid = posts["grid_clerk"].grid
    clerk = accounts["grid_clerk"]
    last = periods.ended_before(Span.MONTH, Rule.CALENDAR, today)
    before = periods.ended_before(Span.MONTH, Rule.CALENDAR, last[0])
    form = actions.keep_form(
        None,
        file_name="两新党建月报（示例）.xlsx",
        content=workbook(),
        by=clerk,
        at=_morning(before[0]),
        grid=grid,
        name="两新党建月报",
        authority="区委社会工作部",
        span=Span.MONTH,
        rule=Rule.CALENDAR,
        since=before[0],
        due_day=5,
        moved=UpwardForm.Moved.LATER,
        filler=posts["grid_clerk"],
        checker=posts["grid_chief"],
        signer=posts["street_leader"],
    )
    actions.keep_form(
        None,
        file_name="网格党建联席会月度情况（示例）.docx",
        content=document(),
        by=accounts["party_worker"],
        at=_morning(before[0]),
        grid=grid,
        name="网格党建联席会月度情况",
        authority="区委组织部",
        span=Span.MONTH,
        rule=Rule.FROM_26,
        since=before[0],
        due_day=28,
        moved=UpwardForm.Moved.EARLIER,
        filler=posts["party_worker"],
        checker=posts["grid_clerk"],
        signer=posts["grid_chief"],
    )
    signed = _filed(form, before, clerk)
    actions.check(signed, by=accounts["grid_chief"], at=_morning(before[1], 2, hour=14))
    signed = actions.sign(
        signed, by=accounts["street_leader"], at=_morning(before[1], 2, hour=16)
    )
    if last[1] < today:
        _filed(form, last, clerk, corrected=True)
    _ask(grid, form, signed, clerk, today)
    _report(Grid.objects.get(pk=grid.parent_id), accounts["street_leader"], before)


def _morning(day, later=0, hour=10):
    moment = dt.datetime.combine(day + later * periods.DAY, dt.time(hour))
    return timezone.make_aware(moment)


def _filed(form, days, clerk, *, corrected=False):
    at = _morning(days[1], 1)
    filing = actions.start_filing(form, start=days[0], end=days[1], by=clerk, at=at)
    filing = actions.count(filing, tries=filing.tries, at=at)
    typed = filing.cells.get(place="党员志愿者")
    actions.correct(typed, value=TYPED, reason="", by=clerk, at=at)
    if corrected:
        cell = filing.cells.get(place="举办活动")
        value = str(int(cell.counted or 0) + 1)
        reason = "月底一场联合活动由区里登记，台账里没有"
        actions.correct(cell, value=value, reason=reason, by=clerk, at=at)
    return actions.submit(filing, by=clerk, at=at)


def _ask(grid, form, signed, clerk, today):
    for number, (unit, name, basis, often, fields) in enumerate(REQUESTS):
        asked_on = today - (40 - 9 * number) * periods.DAY
        request = actions.register_request(
            grid=grid,
            asked_by=unit,
            name=name,
            asked_on=asked_on,
            basis=basis,
            often=often,
            fields=fields.split("、"),
            form=form if name == form.name else None,
            by=clerk,
            at=_morning(asked_on),
        )
        if name == form.name:
            answered = max(_morning(asked_on, 1), signed.signed_at)
            actions.answer_request(request, answer=signed, by=clerk, at=answered)


def _report(street, leader, days):
    now = timezone.now()
    report = actions.ask_report(
        grid=street,
        span=Span.MONTH,
        rule=Rule.CALENDAR,
        start=days[0],
        end=days[1],
        origin="http://127.0.0.1:8000",
        by=leader,
        at=now,
    )
    actions.make(actions.begin(report, tries=report.tries, at=now))


def workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "月报"
    sheet.merge_cells("A1:C1")
    sheet["A1"] = "两新组织党建工作月报表"
    sheet["A1"].font = Font(name="黑体", size=18)
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet["A2"], sheet["C2"] = "填报单位：{{填报单位}}", "{{统计期}}"
    thin = Side(style="thin")
    for row, (label, name) in enumerate([("项目", ""), *ROWS], start=3):
        values = [label, f"{{{{{name}}}}}" if name else "数值", "" if name else "备注"]
        for column, value in enumerate(values, start=1):
            cell = sheet.cell(row, column, value or None)
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
            cell.font = Font(name="仿宋", size=12, bold=not name)
    end = 4 + len(ROWS)
    sheet.cell(end, 1, "走访合计（家次）").font = Font(name="仿宋", size=12)
    sheet.cell(end, 2, "=B10+B11")
    sheet.cell(end + 1, 1, "填报：{{填报人}}")
    sheet.cell(end + 1, 2, "审核：{{审核人}}")
    sheet.cell(end + 1, 3, "签发：{{签发人}}　{{签发日期}}")
    sheet.cell(end + 2, 1, INVENTED)
    for letter, width in (("A", 30), ("B", 22), ("C", 36)):
        sheet.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def document():
    paper = Document()
    paper.add_heading("网格党建联席会月度情况", 1)
    paper.add_paragraph("{{填报单位}}，{{统计期开始日期}}至{{统计期结束日期}}")
    paper.add_paragraph(
        "本期提出诉求{{提出诉求}}件，共性诉求{{共性诉求}}条；提出议题{{提出议题}}个，"
        "网格党建联席会在议{{网格党建联席会在议}}个，办结议题{{办结议题}}个；"
        "措施完成{{措施完成}}项，措施红灯{{措施红灯}}项。"
    )
    paper.add_paragraph("需要区里协调的事项：{{需要区里协调的事项}}")
    paper.add_paragraph("填报：{{填报人}}　审核：{{审核人}}　签发：{{签发人}}")
    paper.add_paragraph(INVENTED)
    out = io.BytesIO()
    paper.save(out)
    return out.getvalue()
