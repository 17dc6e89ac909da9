"""What sorting and the ladder bring beside the named issues: an example of each end.

Demands that came by a call, so that the seed's counts of visits stay what they are.
"""

import datetime as dt

from dashboard.demo.demands import workday
from enterprises.models import Business
from issues import actions as issues
from issues import fixing, ladder, parts, sorting, terms
from issues.models import Issue, Level, Matter, Measure
from tianshan.workdays import Calendar
from visits import actions as visits
from visits import ratings
from visits.models import Demand, Rating

DAY = dt.timedelta(days=1)

# What becomes of each: (ends, title, wish, category, level, by, words of each asker)
LADDER = [
    (
        "escalated",
        "茶城后场货梯夜间停用",
        "夜里进货时能用货梯",
        "电梯设施",
        Level.BRANCH,
        "branch_secretary",
        ["夜里到货，货梯十点就停了，只能人扛。", "货梯停得太早，进货都在夜里。"],
    ),
    (
        "sent_back",
        "茶城门头灯箱亮度不一",
        "统一门头灯箱的亮度",
        "其他",
        Level.COMMITTEE,
        "grid_chief",
        ["隔壁灯箱太亮，晃得客人看不清我家招牌。"],
    ),
    (
        "suspended",
        "茶城屋顶漏雨",
        "雨季前修好屋顶",
        "安全隐患",
        Level.COMMITTEE,
        "grid_chief",
        ["一下大雨三楼就漏，茶叶受潮。", "屋顶漏雨修了两回还漏。"],
    ),
    (
        "withdrawn",
        "茶城公用冷库",
        "建一个公用冷库存茶",
        "其他",
        Level.BRANCH,
        "branch_secretary",
        ["想问能不能合建一个冷库放春茶。"],
    ),
    (
        "passed_up",
        "中山西路公交站点",
        "公交站往茶城门口挪",
        "其他",
        Level.CONFERENCE,
        "grid_chief",
        ["公交站离门口太远，老客人走不动。", "站点能不能挪到茶城门口。"],
    ),
]
# Like matters that are open already, so that the sorting page has what to suggest.
LIKE = [
    ("娄山商务楼", "停车", "员工白天没地方停车，小区车位能不能错峰停。"),
    ("天山路沿街商铺", "停车", "共享单车又堆在店门口，客人进不来。"),
    ("天山路沿街商铺", "环境清运", "晚高峰单车清运跟不上，堆到马路上。"),
    ("金虹桥国际中心", "职工关爱", "想给员工约心理咨询，老师什么时候来楼里。"),
]


def load(world):
    world = {**world, "shops": _shops(world)}
    for row in LADDER:
        _up_and_down(world, *row)
    _supervised(world)
    _parts(world)
    _directly(world)
    _urgent(world)
    _twice_not_satisfied(world)
    for building, category, words in LIKE:
        _ask(world, category, words, world["today"] - DAY, building=building)
    _sorted_today(world)


def _shops(world):
    """Those that have asked for nothing, by building; each is taken once."""
    rows = Business.objects.operating().filter(
        demands=None, discovered_on__lt=world["today"] - 30 * DAY
    )
    shops = {}
    for shop in rows.select_related("building").order_by("-pk"):
        shops.setdefault(str(shop.building or ""), []).append(shop)
    return shops


def _ask(world, category, words, day, *, building="天山茶城"):
    demand, _ = visits.take_demand(
        world["shops"][building].pop(),
        category=world["categories"][category],
        words=words,
        source=Demand.Source.CALL,
        raised_on=workday(day),
        by=world["accounts"]["grid_staff"],
        at=world["noon"](workday(day), 9),
    )
    return Demand.objects.get(pk=demand.pk)


def _up_and_down(world, ends, title, wish, category, level, who, words):
    """An issue, and the step of the ladder that it is an example of."""
    today, noon = world["today"], world["noon"]
    by, chief = world["accounts"][who], world["accounts"]["grid_chief"]
    asked = [_ask(world, category, text, today - 6 * DAY) for text in words]
    issue = issues.propose(
        asked[0],
        others=asked[1:],
        title=title,
        wish=wish,
        level=level,
        by=by,
        at=noon(workday(today - 5 * DAY), 14),
    )
    at = noon(workday(today - 2 * DAY), 15)
    if ends == "escalated":
        ladder.escalate(
            issue,
            reason="要和业主方谈电梯班次，支部定不了",
            tried="支部找物业谈过两次，物业说要业主方点头",
            by=by,
            at=at,
        )
    elif ends == "sent_back":
        reason = "两家邻铺能谈拢，请支部先组织谈一次"
        ladder.send_back(issue, reason=reason, by=by, at=at)
    elif ends == "suspended":
        until = today + 25 * DAY
        reason = "等业主方的维修招标结果"
        ladder.suspend(issue, until=until, reason=reason, by=by, at=at)
    elif ends == "withdrawn":
        reason = "商户自己租到了冷库，不用商量了"
        ladder.withdraw(issue, reason=reason, by=by, at=at)
    elif ends == "passed_up":
        ladder.pass_up(
            issue,
            to_whom="区交通主管部门",
            reason="公交站点设置归区里管，已报上去",
            by=chief,
            at=at,
        )


def _supervised(world):
    """The street leader asks after the bicycles, and after a measure that is late."""
    issue = Issue.objects.get(title="单车停放秩序")
    ladder.supervise(
        issue,
        words="早高峰仍有堆放，请一周内报复划点位的时间表。",
        by=world["accounts"]["street_leader"],
        at=world["noon"](world["today"] - DAY, 9),
    )


def _parts(world):
    """Units that support, and what each has answered: every state has an example."""
    clerk, chief = world["accounts"]["grid_clerk"], world["accounts"]["grid_chief"]
    units, noon, today = world["units"], world["noon"], world["today"]

    def told(day, hour=10):
        return {"by": clerk, "how": "phone", "at": noon(workday(day), hour)}

    def support(measure, unit, content, day, by=chief):
        return fixing.add_part(
            measure,
            holder=units[unit],
            content=content,
            due_on=measure.due_on,
            by=by,
            at=noon(day, 17),
        )

    bicycles = Measure.objects.get(content="复划停放点位并加强清运")
    lead, day = bicycles.parts.get(), bicycles.decided_on
    support(bicycles, "市容管理所", "夜间把单车归拢到点位", day)
    watching = support(bicycles, "街道城运中心", "每天通报堆放点位", day)
    parts.confirm(lead, **told(day + DAY))
    parts.report(
        lead, words="复划了 6 处点位，还差地铁口两处。", **told(today - 3 * DAY)
    )
    reason = "点位由执法队现场掌握，我们只有投诉数据"
    instead = "街道综合行政执法队"
    parts.refuse(watching, reason=reason, instead=instead, **told(day + 2 * DAY))

    parking = Measure.objects.get(content="与居民区商定白天错峰停车方案")
    asking = support(
        parking, "街道党群服务中心", "汇总楼宇企业的停车需求", parking.decided_on
    )
    parts.confirm(asking, **told(parking.decided_on + DAY))
    words = "收到 14 家企业的需求，已交城运中心。"
    parts.report(asking, words=words, **told(today - 2 * DAY))
    until = Calendar.load().add(today, 3)
    reason = "要和居民区业委会核对夜间车位数"
    parts.study(parking.parts.get(lead=True), until=until, reason=reason, **told(today))

    lights = Measure.objects.get(content="补装街区后段照明").parts.get()
    parts.confirm(lights, **told(today - 3 * DAY))
    until = lights.due_on + 7 * DAY
    terms.ask(lights, until=until, reason="灯具要下月初到货", **told(today - DAY))


def _directly(world):
    """Two matters without deliberation: one under way, one ended and told."""
    today, noon = world["today"], world["noon"]
    secretary = world["accounts"]["branch_secretary"]
    unit = world["units"]["天山茶城业主方"]
    for wish, words, since, done in (
        ("修好二楼过道的灯", "二楼过道的灯坏了，晚上看不清路。", 4, False),
        ("清通后巷下水道", "后巷下水道堵了，一下雨就漫水。", 9, True),
    ):
        start = workday(today - since * DAY)
        asked = _ask(world, "其他", words, start)
        matter = sorting.deal_directly(
            [asked], wish=wish, by=secretary, at=noon(start, 10)
        ).matter
        fixing.fix_directly(
            matter,
            content=f"请业主方派人{wish}",
            lead=unit,
            due_on=start + 7 * DAY,
            by=secretary,
            at=noon(start, 11),
        )
        if not done:
            continue
        at = noon(workday(today - 3 * DAY), 16)
        measure = matter.measures.get()
        fixing.finish_measure(measure, result="已清通", by=secretary, at=at)
        matter = issues.end_matter(
            Matter.objects.get(pk=matter.pk),
            ending=Matter.Ending.SOLVED,
            before="一下雨就漫水",
            after="清通了，雨天不积水",
            benefited=6,
            by=secretary,
            at=at,
        )
        asked.refresh_from_db()
        day = at.date()
        issues.tell(matter, [asked], how="phone", on=day, by=secretary, at=at)


def _urgent(world):
    """Danger to people: handed over before anybody sorted it."""
    words = "三楼配电间冒烟，有焦味，已经断电，请马上来看。"
    _ask(world, "紧急险情", words, world["today"])


def _twice_not_satisfied(world):
    """Two answers satisfied nobody: the body has to talk about it."""
    today, noon = world["today"], world["noon"]
    clerk = world["accounts"]["grid_clerk"]
    start = workday(today - 9 * DAY)
    asked = _ask(world, "快递入户", "快递车中午总堵住后门，搬货出不去。", start)
    for days, said, felt in (
        (8, "已和网点说好，中午改停南侧。", "还是天天停在后门。"),
        (4, "又和网点约谈，贴了告示。", "告示贴了，车照停。"),
    ):
        day = workday(today - days * DAY)
        visits.answer(asked, words=said, by=clerk, at=noon(day, 10))
        visits.tell(asked, how="phone", on=day, by=clerk, at=noon(day, 15))
        ratings.rate(
            asked, verdict=Rating.Verdict.NOT, words=felt, at=noon(day + DAY, 9)
        )


def _sorted_today(world):
    """The clerk declines one for the chief, and takes an answer back."""
    today, noon = world["today"], world["noon"]
    clerk = world["accounts"]["grid_clerk"]
    beyond = _ask(world, "其他", "隔壁同行卖得便宜，请街道出面限价。", today - DAY)
    reason = "经营者自主定价受价格法保护，街道不能限价，可向行业协会反映。"
    sorting.decline([beyond], reason=reason, by=clerk, at=noon(today, 10))
    answered = _ask(world, "政策咨询", "二楼能不能挂横幅？", today - DAY)
    done = sorting.answer([answered], words="可以。", by=clerk, at=noon(today, 10))
    sorting.undo(done, by=clerk, at=noon(today, 11))
