"""Demands that came otherwise than by a visit, and askers who are hard to reach.

Told by the acts of the portal. It draws from a source of chance of its own, so that
what the story counts stays as it is.
"""

import datetime as dt
import random

from enterprises.models import Business
from tianshan.workdays import Calendar
from visits import actions, dropping, telling
from visits.models import Demand

# (source, category, who said it, words, what became of it)
CALLED_IN = [
    ("call", "环境清运", "", "后巷的垃圾桶盖子坏了，味道很大。", "new"),
    ("message", "快递入户", "店员小方", "快递放在门口没人管，丢过两次。", "new"),
    ("message", "用工", "店员小方", "想问招工信息能不能放到街道的公众号上。", "new"),
    ("walk_in", "政策咨询", "", "租房合同到期，想了解小微企业的房租补贴。", "answered"),
    ("hotline", "安全隐患", "", "楼道应急灯不亮，晚上下班看不清。", "answered"),
    ("call", "其他", "", "门口路牌被树挡住，客人找不到。", "withdrawn"),
    ("call", "环境清运", "", "后巷的垃圾桶盖子坏了。", "mistaken"),
]
CONFIDENTIAL = [
    ("安全隐患", "有人上门推销会员卡，像是骗子，不想让人知道是我说的。", "new"),
    ("用工", "和合伙人有劳动纠纷，想问怎么处理，请不要告诉别人。", "answered"),
]
ANSWER = "已经联系到负责的部门，三天内上门处理，处理完会再告诉您。"


def load(world):
    today, noon = world["today"], world["noon"]
    clerk, staff = world["accounts"]["grid_clerk"], world["accounts"]["grid_staff"]
    rng = random.Random(28)
    shops = list(
        Business.objects.operating()
        .filter(
            building__name="天山茶城",
            kind=Business.Kind.MERCHANT,
            demands__isnull=True,
            discovered_on__lt=today - dt.timedelta(days=30),
        )
        .order_by("pk")
    )
    rng.shuffle(shops)

    def ask(category, words, day, **how):
        return actions.take_demand(
            shops[-1],
            category=world["categories"][category],
            words=words,
            raised_on=day,
            by=staff,
            at=noon(day, 9),
            **how,
        )[0]

    for source, category, said_by, words, became in CALLED_IN:
        day = workday(today - dt.timedelta(days=rng.randint(2, 6)))
        demand = ask(category, words, day, source=source, said_by=said_by)
        if source != "message":
            shops.pop()
        at = noon(max(day, workday(today - dt.timedelta(days=1))), 11)
        if became == "answered":
            actions.answer(demand, words=ANSWER, by=clerk, at=at)
        elif became == "withdrawn":
            reason = "已经自己请人修剪，不用办了"
            dropping.withdraw(demand, reason=reason, by=clerk, at=at)
        elif became == "mistaken":
            reason = "和前一件是同一件事，重复记了"
            dropping.mistake(demand, reason=reason, by=clerk, at=at)
    for category, words, became in CONFIDENTIAL:
        day = workday(today - dt.timedelta(days=3))
        demand = ask(category, words, day, source="call", handler=clerk)
        shops.pop()
        if became == "answered":
            actions.answer(demand, words=ANSWER, by=clerk, at=noon(today, 11))
    _hard_to_reach(today, staff, noon)


def _hard_to_reach(today, staff, noon):
    """Some askers were sought in vain, three of them twice."""
    waiting = Demand.objects.visible_to(staff).waiting_to_be_told()
    waiting = waiting.filter(
        confidential=False, outcome_on__lt=today - dt.timedelta(days=4)
    )
    for place, demand in enumerate(waiting.order_by("outcome_on", "pk")[:6]):
        for days in [3, 1][: 2 if place < 3 else 1]:
            day = workday(today - dt.timedelta(days=days))
            if demand.attempts.filter(on=day, time="morning").exists():
                continue
            telling.try_telling(
                demand,
                on=day,
                time="morning",
                how="phone" if days == 3 else "visit",
                note="电话没人接" if days == 3 else "店门关着",
                by=staff,
                at=noon(day, 11),
            )


def workday(day):
    calendar = Calendar.load()
    while not calendar.is_workday(day):
        day -= dt.timedelta(days=1)
    return day
