"""The demo's menu and orders: 企业点单·网格派单·阵地接单, in every stage with its lights.

The brands and the wish of 金虹桥's staff for a counsellor are the seed's; services,
numbers of people and what was said are samples.
"""

import datetime as dt
from itertools import cycle

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.rights import Role
from dashboard.demo.demands import workday
from enterprises.models import Business
from grids.models import Post
from party.models import StationStaff
from services import menu, orders
from services.models import Order, ServiceBrand
from visits import actions as visits
from visits.models import Demand

DAY = dt.timedelta(days=1)

# Brand, service, what, for whom, how long, which stations can give it.
MENU = [
    (
        "医靠驿站",
        "心理咨询",
        "咨询师一对一谈，谈什么不外传",
        "企业员工",
        "每人约 40 分钟",
        ("jinhongqiao", "tianshanyi"),
    ),
    (
        "医靠驿站",
        "健康义诊",
        "量血压、测血糖，医生看报告",
        "企业员工、商户、骑手",
        "半天",
        ("jinhongqiao", "nest", "tianshanyi", "centre"),
    ),
    (
        "益企讲堂",
        "税费政策解读",
        "小微企业能享受哪些优惠，怎么申报",
        "企业财务、个体工商户",
        "约 1.5 小时",
        ("jinhongqiao", "centre"),
    ),
    (
        "益企讲堂",
        "劳动用工咨询",
        "合同、社保、加班怎么算，律师当面答",
        "企业人事、店主",
        "约 1 小时",
        ("jinhongqiao",),
    ),
    (
        "益企讲堂",
        "直播带货合规",
        "直播间能说什么、不能说什么",
        "商户",
        "约 2 小时",
        ("centre", "tianshanyi"),
    ),
    (
        "艺享空间",
        "非遗手作",
        "竹编、香囊、盘扣，做好带走",
        "企业员工、商户，10 人以上",
        "约 2 小时",
        ("tianshanyi", "centre"),
    ),
    (
        "艺享空间",
        "茶席体验",
        "认茶、泡茶、摆茶席",
        "企业员工，8 人以上",
        "约 1.5 小时",
        ("centre", "tianshanyi"),
    ),
]

# How many days ago it was ordered, what, where, people, wish, how far it has come.
NOW = [
    (0, "非遗手作", "金虹桥国际中心", 20, "想在楼里做，下班后", "placed"),
    (0, "税费政策解读", "天山路沿街商铺", 6, "几家一起听", "placed"),
    (1, "直播带货合规", "天山茶城", 15, "上午店里走不开", "placed"),
    (5, "茶席体验", "娄山商务楼", 12, "", "placed"),
    (7, "劳动用工咨询", "金虹桥国际中心", 4, "想问试用期的事", "refused"),
    (8, "健康义诊", "娄山商务楼", 40, "最好来楼里", "expired"),
    (1, "非遗手作", "娄山商务楼", 16, "月底前", "dispatched"),
    (1, "健康义诊", "天山茶城", 30, "茶城里有空地", "dispatched"),
    (2, "心理咨询", "金虹桥国际中心", 8, "周三下午", "dispatched"),
    (3, "茶席体验", "金虹桥国际中心", 10, "", "accepted"),
    (4, "直播带货合规", "天山路沿街商铺", 9, "下午", "accepted"),
    (9, "健康义诊", "金虹桥国际中心", 60, "大堂可以摆桌", "accepted"),
    (5, "非遗手作", "天山茶城", 18, "", "serving"),
    (6, "税费政策解读", "金虹桥国际中心", 25, "财务都来", "serving"),
    (7, "茶席体验", "天山路沿街商铺", 8, "", "serving"),
    (15, "心理咨询", "娄山商务楼", 6, "", "late"),
    (9, "健康义诊", "天山路沿街商铺", 22, "", "finished"),
    (11, "劳动用工咨询", "金虹桥国际中心", 5, "", "finished"),
    (13, "直播带货合规", "天山茶城", 14, "", "satisfied"),
    (16, "非遗手作", "娄山商务楼", 20, "", "satisfied"),
    (18, "税费政策解读", "金虹桥国际中心", 30, "", "mostly"),
    (20, "茶席体验", "金虹桥国际中心", 12, "", "not asked"),
    (6, "非遗手作", "天山路沿街商铺", 10, "", "not"),
    (12, "心理咨询", "天山茶城", 3, "", "declined"),
    (6, "健康义诊", "金虹桥国际中心", 20, "", "withdrawn"),
]
NO_NEED = "本月的咨询师名额已经用完，下月初请再点一次。"
FULL = {
    "jinhongqiao": "律师这两周都排满了",
    "tianshanyi": "场地在换灯",
    "centre": "有会",
}
SAID = {
    "satisfied": "讲得实在",
    "mostly": "时间再长一点就好",
    "not": "老师晚到了半小时",
}
WISH = "员工渴望心理咨询，能不能请老师来楼里。"  # the seed's words

# Served in the months before, one to a firm: how long ago, in days.
BEFORE = range(30, 350, 10)


def load(world):
    """The menu, who serves in the stations, orders in all stages, those of the past."""
    _workers(world)
    world = {**world, "items": _menu(world), "shops": _shops(world)}
    for row in NOW:
        _bring(world, *row)
    _from_a_demand(world)
    _of_the_past(world)


def _workers(world):
    """Take part in the story, but are no demo accounts: nobody can sign in as them."""
    third = world["accounts"]["station_staff"].posts.get().grid
    world["workers"] = {
        "tianshanyi": world["accounts"]["station_staff"],
    }
    for key, name in (
        ("jinhongqiao", "金虹桥站工作人员"),
        ("centre", "党群服务中心工作人员"),
    ):
        user = User.objects.create(
            username=f"{key}_worker", display_name=name, password=make_password(None)
        )
        post = Post.objects.create(
            user=user, role=Role.STATION_STAFF, grid=third, since=dt.date(2024, 3, 1)
        )
        StationStaff.objects.create(post=post, station=world["stations"][key])
        world["workers"][key] = user


def _menu(world):
    by = world["accounts"]["party_worker"]
    at = world["noon"](world["today"] - 360 * DAY)
    brands = {brand.name: brand for brand in ServiceBrand.objects.all()}
    return {
        name: menu.add_item(
            brand=brands[brand],
            name=name,
            what=what,
            for_whom=for_whom,
            lasts=lasts,
            stations=[world["stations"][key] for key in keys],
            by=by,
            at=at,
        )
        for brand, name, what, for_whom, lasts, keys in MENU
    }


def _shops(world):
    """In each building those that order, one order each."""
    third = world["accounts"]["station_staff"].posts.get().grid
    rows = Business.objects.operating().filter(
        grid=third, discovered_on__lt=world["today"] - 40 * DAY
    )
    shops = {}
    for shop in rows.select_related("building", "grid").order_by("pk"):
        shops.setdefault(str(shop.building or ""), []).append(shop)
    return shops


def _keys(world, item):
    """The stations that can give it, by key."""
    of_key = {station.pk: key for key, station in world["stations"].items()}
    return [of_key[giver.station_id] for giver in item.givers.order_by("pk")]


def _place(world, day, item, shop, people, words):
    return orders.place(
        shop,
        item=item,
        people=people,
        words=words,
        by=world["accounts"]["grid_staff"],
        at=world["noon"](day, 9),
    )


def _dispatch(world, order, day, keys):
    at = world["noon"](day, 11)
    return orders.dispatch(
        order,
        stations=[world["stations"][key] for key in keys],
        answer_by=orders.usual_answer_by(at),
        by=world["accounts"]["grid_chief"],
        at=at,
    )


def _bring(world, ago, name, building, people, words, far):
    """An order, brought as far as it is an example of."""
    today, noon = world["today"], world["noon"]
    day, item = workday(today - ago * DAY), world["items"][name]
    order = _place(world, day, item, world["shops"][building].pop(0), people, words)
    if far == "placed":
        return
    if far == "declined":
        orders.decline(
            order,
            reason=NO_NEED,
            by=world["accounts"]["grid_clerk"],
            at=noon(day, 15),
        )
        return
    keys = _keys(world, item)
    _dispatch(world, order, day, keys)
    if far in ("dispatched", "expired"):
        return
    if far == "refused":
        for key in keys:
            orders.refuse(
                order.dispatches.get(station=world["stations"][key]),
                reason=FULL[key],
                by=world["workers"][key],
                at=noon(day, 16),
            )
        return
    if far == "withdrawn":
        orders.withdraw(
            order,
            reason="公司另有安排，这次不办了",
            by=world["accounts"]["grid_staff"],
            at=noon(day, 16),
        )
        return
    _take(world, order, keys[-1], day)
    if far == "accepted":
        return
    _serve(world, order, keys[-1], day, far)


def _take(world, order, key, day):
    orders.accept(
        order.dispatches.get(station=world["stations"][key]),
        by=world["workers"][key],
        at=world["noon"](day, 15),
    )


def _serve(world, order, key, day, far):
    """Arranged for some days later; where that is past, given, and what was said."""
    noon, worker = world["noon"], world["workers"][key]
    coming = far == "serving"
    on = world["today"] + 3 * DAY if coming else day + 3 * DAY
    place = f"{world['stations'][key].name}" if coming else "单位会议室"
    orders.serve(order, on=workday(on), place=place, by=worker, at=noon(day, 16))
    if far in ("serving", "late"):
        return
    on = min(workday(on), world["today"])
    orders.finish(
        order,
        on=on,
        given=f"{order.item.what}，当场答了大家的问题",
        came=max(1, order.people - 2),
        by=worker,
        at=noon(on, 17),
    )
    if far.removesuffix(" asked") in SAID:
        verdict = far.removesuffix(" asked")
        later = min(on + DAY, world["today"])
        orders.rate(order, verdict=verdict, words=SAID[verdict], at=noon(later, 18))
    if far == "not asked":
        orders.revisit(
            order,
            words="老师堵在路上，以后提前半小时到；下次给这家排第一场。",
            by=world["accounts"]["grid_chief"],
            at=noon(workday(later + 3 * DAY), 19),
        )


def _from_a_demand(world):
    """金虹桥: the wish for a counsellor becomes an order, whose outcome answers it."""
    today, noon = world["today"], world["noon"]
    day = workday(today - 9 * DAY)
    demand, _ = visits.take_demand(
        world["shops"]["金虹桥国际中心"].pop(0),
        category=world["categories"]["职工关爱"],
        words=WISH,
        source=Demand.Source.CALL,
        raised_on=day,
        by=world["accounts"]["grid_staff"],
        at=noon(day, 9),
    )
    order = orders.turn(
        demand,
        item=world["items"]["心理咨询"],
        people=12,
        words="来楼里，分两个下午",
        by=world["accounts"]["grid_chief"],
        at=noon(day, 10),
    )
    _dispatch(world, order, day, ["jinhongqiao", "tianshanyi"])
    _take(world, order, "jinhongqiao", day)
    worker = world["workers"]["jinhongqiao"]
    on = workday(today - 1 * DAY)
    orders.serve(order, on=on, place="金虹桥站洽谈室", by=worker, at=noon(day, 16))
    orders.finish(
        order,
        on=on,
        given="两位咨询师来楼里，一对一谈了两个下午，以后每月一次",
        came=11,
        by=worker,
        at=noon(on, 17),
    )


def _of_the_past(world):
    """One order each to firms, served in the months before, most of them rated well."""
    served = set(Order.objects.values_list("business", flat=True))
    firms = Business.objects.operating().filter(
        kind=Business.Kind.ENTERPRISE, discovered_on__lt=world["today"] - 360 * DAY
    )
    firms = firms.exclude(pk__in=served).select_related("grid").order_by("pk")
    third = world["accounts"]["station_staff"].posts.get().grid
    items, far = (
        cycle(world["items"].values()),
        cycle(["satisfied", "finished", "mostly"]),
    )
    for ago, firm in zip(BEFORE, firms.filter(grid=third), strict=False):
        day, item = workday(world["today"] - ago * DAY), next(items)
        order = _place(world, day, item, firm, 8 + ago % 23, "")
        keys = _keys(world, item)
        _dispatch(world, order, day, keys)
        _take(world, order, keys[0], day)
        _serve(world, order, keys[0], day, next(far))
