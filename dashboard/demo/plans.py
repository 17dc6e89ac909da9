"""The plans of two buildings, last year's and this year's, with every state and light.

Told by the acts of the portal, after everything else: a plan freezes what was computed
on its day.
"""

import datetime as dt

from grids import actions as grids
from grids.models import Building
from party import plans
from party.models import PartyOrganization

FACTS = {
    "金虹桥国际中心": {
        "area": 120000,
        "units": 420,
        "ownership": Building.Ownership.SINGLE,
        "property_manager": "金虹桥物业服务中心",
    },
    "天山茶城": {
        "area": 18000,
        "units": 460,
        "ownership": Building.Ownership.SINGLE,
        "property_manager": "天山茶城业主方",
    },
}

# Who keeps it, what it says, and what it sets out to do. An item: what, who, when
# it was begun and is due in days from today, and what became of it.
PLANS = {
    "金虹桥国际中心": {
        "by": "building_secretary",
        "situation": "写字楼与商场合一，企业以贸易、金融、专业服务为主，"
        "员工多、午间和早晚高峰集中。\n小微企业更换较快，新入驻的要在一周内走访到。",
        "setup": "金虹桥楼宇党委牵头，有三名以上正式党员的企业单独组建，"
        "不足的按楼层联合组建，其余由楼宇党委直接覆盖。\n"
        "宁聚里·金虹桥站作为临时党支部活动点。",
        "last_goals": "摸清楼里企业和党员底数。\n高峰电梯等候缩短到 10 分钟以内。",
        "goals": "有效覆盖不低于八成。\n每月一次心理咨询，做成固定安排。\n"
        "新入驻企业五个工作日内走访到。",
        "last": [
            ("摸排楼内企业和党员底数", "金虹桥楼宇党委", -420, -330, "done"),
            ("高峰时段电梯分区停靠", "金虹桥物业服务中心", -400, -300, "done"),
            ("楼内吸烟点移到室外", "物业经理", -400, -280, "cancelled"),
            ("每月安排一次心理咨询", "金虹桥楼宇党委", -380, 25, "running"),
        ],
        "now": [
            ("营商法治驿站、检察护企工作站轮值", "街道党群服务中心", -90, -20, "done"),
            ("与居民区商定夜间错峰停车", "金虹桥物业服务中心", -90, -6, "running"),
            ("午间集中投递点增设外卖柜", "物业经理", -60, 4, "running"),
            ("新入驻企业五个工作日内走访", "楼长", -60, 45, "running"),
            ("楼层联合支部换届", "金虹桥楼宇党委", -30, 80, "waiting"),
            ("大堂设企业招聘角", "楼长", -60, 30, "cancelled"),
        ],
    },
    "天山茶城": {
        "by": "grid_chief",
        "situation": "茶叶、茶具商户为主，多为夫妻店，党员少而分散。\n"
        "租金、清运、春茶采购资金是多年的共性诉求。",
        "setup": "天山茶市党支部覆盖全市场，治理委员会由业主方和商户代表组成，"
        "按楼层设联络员。",
        "last_goals": "租金缴纳方式和清运时间得到解决。",
        "goals": "新开铺位一周内走访到。\n节令茶会按季办，严禁现场交易。\n"
        "消防通道不再占用。",
        "last": [
            ("租金由一年一缴改为分次缴", "天山茶城业主方", -430, -340, "done"),
            ("清运班次避开开市时间", "市容管理所", -430, -360, "done"),
            ("各层推选商户联络员", "天山茶市党支部", -300, -12, "running"),
        ],
        "now": [
            ("消防通道划线并每周巡查", "天山茶城业主方", -80, -25, "done"),
            ("五家银行产品对照表上墙", "天山茶市党支部", -50, 20, "running"),
            ("三层照明改造", "天山茶城业主方", -45, 3, "waiting"),
        ],
    },
}
RESULTS = "已落实，商户和企业都已知道。"


def load(world):
    """Facts, honours and plans; after Standing has been computed."""
    clerk, noon = world["accounts"]["grid_clerk"], world["noon"]
    today = world["today"]
    for name, facts in FACTS.items():
        building = Building.objects.get(name=name)
        seen = {fact: getattr(building, fact) for fact in facts}
        grids.edit_building(
            building, changes=facts, seen=seen, by=clerk, at=noon(today)
        )
    grids.give_honour(
        Building.objects.get(name="天山茶城"),
        name="诚信单位",
        given_by="",
        given_on=None,
        by=clerk,
        at=noon(today),
    )
    for name, told in PLANS.items():
        _tell(world, Building.objects.get(name=name), told)


def _tell(world, building, told):
    today = world["today"]
    by = world["accounts"][told["by"]]
    # Last year's begins before all its items, this year's at the turn of the year.
    began = today - dt.timedelta(days=435)
    turned = today - dt.timedelta(days=95)
    _edition(world, building, told, "last", on=began, by=by)
    _edition(world, building, told, "now", on=turned, by=by)


def _edition(world, building, told, which, *, on, by):
    noon, year = world["noon"], world["today"].year - (which == "last")
    plan = plans.draft_plan(building, year=year, by=by, at=noon(on))
    goals = told["goals"] if which == "now" else told["last_goals"]
    texts = {"situation": told["situation"], "setup": told["setup"], "goals": goals}
    seen = {name: getattr(plan, name) for name in texts}
    plans.edit_plan(plan, changes=texts, seen=seen, by=by, at=noon(on))
    items = [
        (_add(world, plan, what, who, due, on=on, by=by), start, due, became)
        for what, who, start, due, became in told[which]
    ]
    plans.confirm_plan(plan, by=by, at=noon(on + dt.timedelta(days=4)))
    for item, start, due, became in items:
        _carry_out(world, item, start, due, became, by=by)


def _add(world, plan, content, owner, due, *, on, by):
    return plans.add_item(
        plan,
        content=content,
        due_on=world["today"] + dt.timedelta(days=due),
        by=by,
        at=world["noon"](on),
        **_owner(world, owner),
    )


def _owner(world, name):
    if unit := world["units"].get(name):
        return {"unit": unit}
    organization = PartyOrganization.objects.filter(name=name).first()
    return {"organization": organization} if organization else {"title": name}


def _carry_out(world, item, start, due, became, *, by):
    today = world["today"]

    def at(days):
        return world["noon"](min(today + dt.timedelta(days=days), today))

    if became == "waiting":
        return
    if became == "cancelled":
        plans.cancel_item(
            item, reason="各方商量后认为现在条件不够", by=by, at=at(start + 20)
        )
        return
    plans.start_item(item, by=by, at=at(start + 5))
    plans.report_item(
        item, words="责任方已拿出办法，正在逐项落实。", by=by, at=at(start + 12)
    )
    if became == "done":
        plans.finish_item(item, result=RESULTS, by=by, at=at(min(due - 6, -1)))
