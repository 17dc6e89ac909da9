"""The district's whole ledger of one building, compared with ours, and its own form.

Its total differs from ours for the reasons for which such totals differ: rows pasted
twice, one that cannot be read, firms that came or left since, some that it forgot.
"""

import datetime as dt
import io
import random

import xlsxwriter

from enterprises import actions, exports, imports, missing
from enterprises.models import Business, MissingAnswer
from grids.models import Grid
from tianshan.files.writing import Column, write_xlsx

TOWER = "金虹桥国际中心"
COLUMNS = [
    *("单位名称", "统一社会信用代码", "所在楼宇/市场", "室号/摊位号", "经营状态"),
    *("主营业务", "年营收（万元）", "是否外资", "负责人政治面貌"),
    *("正式党员", "预备党员", "入党积极分子", "已建群团", "未建立原因", "拟建日期"),
]
BUSY = {
    "信息": "软件开发与运维",
    "设计": "建筑与室内设计",
    "咨询": "企业管理咨询",
    "供应链": "跨境供应链服务",
    "文化": "展览与品牌策划",
    "人才": "人力资源服务",
    "教育": "职业技能培训",
    "健康": "健康管理服务",
    "房地产": "房屋租赁代理",
}
WHY = ["党员不足三名", "党员组织关系都在原单位", "党员流动大"]
FORGOTTEN = 6  # of ours, which the district's file lacks


def load(world):
    """The file of last week, what was found out about it since, and the form."""
    today, noon = world["today"], world["noon"]
    clerk = world["accounts"]["grid_clerk"]
    grid = Grid.objects.get(code="310105006603")
    sent = today - dt.timedelta(days=7)
    firms = list(
        Business.objects.operating()
        .filter(
            building__name=TOWER,
            kind=Business.Kind.ENTERPRISE,
            discovered_on__lt=sent,
        )
        .exclude(code=None)
        .order_by("pk")
    )
    batch = _written(firms, grid, clerk, at=noon(sent), sent=sent)
    _found_out(batch, firms, clerk, at=noon(today - dt.timedelta(days=2)))
    exports.keep_template(
        None,
        name="两新组织情况统计表（区）",
        grid=grid,
        file_name="两新组织情况统计表.xlsx",
        content=_form(),
        by=clerk,
        at=noon(today - dt.timedelta(days=1)),
    )


def _written(firms, grid, clerk, *, at, sent):
    rng = random.Random(310105)
    rows = [_row(firm, rng, sent) for firm in firms[FORGOTTEN:]]
    rows += [
        ["上海云岭数字科技有限公司", None, TOWER, "2108", "在营", "数据服务"],
        ["上海听澜展览策划有限公司", None, TOWER, "1506", "在营", "展览策划"],
        rows[3],
        rows[11],
        [None, None, TOWER, "1801", "在营", "管理咨询"],
    ]
    stream = io.BytesIO()
    write_xlsx(
        stream,
        title="企业",
        columns=[Column(label) for label in COLUMNS],
        rows=[row + [None] * (len(COLUMNS) - len(row)) for row in rows],
    )
    batch = imports.upload(
        name=f"区级看板_{TOWER}_{sent.month}月.xlsx",
        content=stream.getvalue(),
        grid=grid,
        known_since=sent,
        by=clerk,
        at=at,
    )
    batch = missing.declare_complete(batch, complete=True, by=clerk, at=at)
    imports.start(batch, by=clerk, at=at)
    imports.finish(batch, at=at)
    return batch


def _row(firm, rng, sent):
    covered = firm.coverages.in_force().filter(mode__in=("own", "joint")).exists()
    members = rng.choice([3, 4, 5, 8] if covered else [0, 0, 1, 1, 1, 2, 2, 3])
    probationary = rng.choices([0, 1], [5, 1])[0] if members > 1 else 0
    busy = next(
        (words for word, words in BUSY.items() if word in firm.name), firm.trade
    )
    return [
        *(firm.name, firm.code, TOWER, firm.room, "在营", busy),
        rng.choice([120, 300, 560, 800, 1500, 2600, 5200]),
        rng.choices(["否", "是"], [5, 1])[0],
        rng.choices(["群众", "中共党员", "民主党派", "无党派人士"], [6, 4, 1, 1])[0],
        *(members, probationary, rng.choice([0, 0, 1])),
        rng.choices(["无", "工会", "工会、妇联", "工会、共青团"], [5, 4, 1, 1])[0],
        None if covered else "正在筹建" if members > 2 else rng.choice(WHY),
        None if covered else sent + dt.timedelta(days=rng.choice([30, 60, 120])),
    ]


def _found_out(batch, firms, clerk, *, at):
    """Three of those that it forgot are explained, and three wait; one rests since."""
    day = at.date()
    here, gone = MissingAnswer.Answer.HERE, MissingAnswer.Answer.CLOSED
    for some, answer, note in (
        (firms[:2], here, "上门看过，正常办公"),
        (firms[2:3], gone, "物业反映上月已清退，执照已注销"),
    ):
        missing.answer(batch, some, answer=answer, on=day, note=note, by=clerk, at=at)
    actions.set_state(
        firms[FORGOTTEN + 5],
        state=Business.State.SUSPENDED,
        since=day,
        reason="装修停业，预计两个月",
        by=clerk,
        at=at,
    )


# --- the district's form -----------------------------------------------------------

HEADING = [
    ("序号", 6),
    ("单位名称", 34),
    ("统一社会信用代码", 22),
    ("所在楼宇", 20),
    ("从业人数", 10),
    ("主营业务", 22),
    ("党组织·是否建立", 10),
    ("党组织·名称", 26),
    ("党组织·组建方式", 14),
    ("党组织·书记", 14),
    ("党员·正式党员", 10),
    ("党员·预备党员", 10),
    ("党员·积极分子", 10),
    ("已建群团", 16),
    ("指导员", 16),
    ("未建立原因", 18),
    ("拟建日期", 12),
    ("备注", 16),
]
ROOM = 10  # rows that the form has for data


def _form():
    """A form as districts send them: two heading rows, room for ten, a total below."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("企业情况")
        title = book.add_format({"bold": True, "font_size": 18, "align": "center"})
        head = book.add_format(
            {
                **{"bold": True, "border": 1, "align": "center", "valign": "vcenter"},
                **{"text_wrap": True, "bg_color": "#FCE4D6"},
            }
        )
        cell = book.add_format({"border": 1, "valign": "vcenter"})
        last = len(HEADING) - 1
        sheet.merge_range(0, 0, 0, last, "两新组织基本情况统计表", title)
        place = 0
        while place <= last:
            label, width = HEADING[place]
            sheet.set_column(place, place, width)
            upper, _, lower = label.partition("·")
            if not lower:
                sheet.merge_range(1, place, 2, place, upper, head)
                place += 1
                continue
            group = [
                p for p, (text, _) in enumerate(HEADING) if text.startswith(f"{upper}·")
            ]
            sheet.merge_range(1, group[0], 1, group[-1], upper, head)
            for column in group:
                text, width = HEADING[column]
                sheet.set_column(column, column, width)
                sheet.write(2, column, text.partition("·")[2], head)
            place = group[-1] + 1
        for row in range(3, 3 + ROOM):
            for column in range(last + 1):
                sheet.write_blank(row, column, None, cell)
        total = 3 + ROOM
        sheet.write(total, 0, "合计", head)
        sheet.write_formula(total, 4, f"=SUM(E4:E{total})", head)
        sheet.write(total + 1, 0, "说明：书记、指导员填称呼，不填身份证号。")
        sheet.data_validation(
            3, 6, 2 + ROOM, 6, {"validate": "list", "source": ["是", "否"]}
        )
        sheet.freeze_panes(3, 2)
    return stream.getvalue()
