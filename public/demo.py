"""What the demo shows of cards, of what came by them and of what askers said."""

import datetime as dt

from django.utils import timezone

from enterprises.models import Business
from public import cards, links, need_links, sending
from public.models import NeedLink
from public.tokens import form_key
from services import resources
from services.models import Match, Provider
from visits import actions as visits
from visits import ratings
from visits.models import Demand, Rating

# How long ago it was sent, category, words, and how far it has come since.
SENT = [
    (6, "租金", "下季度的房租能不能晚半个月交？", "rated"),
    (5, "环境清运", "门口的湿垃圾桶下午就满了，能不能加收一次。", "wanting"),
    (4, "快递入户", "快递总放在市场门口，想要一个固定的架子。", "answered"),
    (1, "安全隐患", "二楼过道的应急灯不亮了。", "new"),
    (0, "用工", "想招一个会泡茶的店员。", "new"),
]
WANTING = "只加收了一天，第二天又满了。"


def load(world):
    """Cards for the tea market; a few demands by them; what those who were told say."""
    accounts, noon, today = world["accounts"], world["noon"], world["today"]
    secretary = accounts["branch_secretary"]
    mine = Business.objects.visible_to(secretary).operating()
    shops = mine.filter(building__name="天山茶城").order_by("pk")[:16]
    printed = cards.print_cards(
        list(shops), by=secretary, at=noon(today - dt.timedelta(days=20))
    )
    for (card, _), (ago, category, words, far) in zip(printed, SENT, strict=False):
        day = today - dt.timedelta(days=ago)
        sending.send(
            card,
            key=form_key(),
            address=f"demo {card.pk}",
            category=world["categories"][category],
            words=words,
            at=noon(day),
        )
        demand = Demand.objects.get(words=words, source=Demand.Source.CARD)
        if far == "new":
            continue
        later = min(day + dt.timedelta(days=1), today)
        visits.answer(
            demand,
            words="已和市场方说好，从明天起照办。",
            by=secretary,
            at=noon(later, 11),
        )
        if far == "rated":
            ratings.rate(
                demand, verdict=Rating.Verdict.SATISFIED, words="", at=noon(later, 15)
            )
        elif far == "wanting":
            ratings.rate(
                demand, verdict=Rating.Verdict.NOT, words=WANTING, at=noon(later, 15)
            )
    _what_they_say(world)
    _choosing(world, list(shops[:3]))


# Bank, and of its offer what the shops compare; samples.
TERMS = {
    "农业银行小微企业部": ("手机上申请", "2 天", "身份证、营业执照"),
    "工商银行小微企业部": ("网点申请", "5 天", "身份证、营业执照、近半年流水"),
    "厦门银行小微企业部": ("客户经理上门", "4 天", "身份证、营业执照、租约"),
}


def _choosing(world, shops):
    """Three shops compare by their own links; one has said what it did."""
    noon, today = world["noon"], world["today"]
    secretary = world["accounts"]["branch_secretary"]
    day = today - dt.timedelta(days=6)
    need = resources.ask(
        shops,
        title="年货备货的周转",
        skill="小额贷款",
        words="腊月前备货，两三个月周转。",
        compares=["怎么申请", "放款要几天", "要什么材料"],
        by=secretary,
        at=noon(day),
    )
    offers = [
        resources.offer(
            need,
            Provider.objects.get(name=name),
            terms=dict(zip(need.compares, terms, strict=True)),
            by=secretary,
            at=noon(day, 15),
        )
        for name, terms in TERMS.items()
    ]
    for asker in need.askers.all():
        need_links.give(asker, by=secretary, at=noon(day, 16))
    link = NeedLink.objects.filter(asker__need=need).earliest("pk")
    said = {offers[0]: Match.Choice.DONE, offers[1]: Match.Choice.NOT}
    need_links.choose(link, said, at=noon(today - dt.timedelta(days=2), 20))


def _what_they_say(world):
    """Of those who were told: most rate, some say nothing, a few are called back."""
    rng, noon, today = world["rng"], world["noon"], world["today"]
    clerk, worker = world["accounts"]["grid_clerk"], world["accounts"]["party_worker"]
    said = [Rating.Verdict.SATISFIED] * 7 + [Rating.Verdict.MOSTLY] * 3
    told = Demand.objects.filter(state=Demand.State.TOLD).order_by("pk")
    for number, demand in enumerate(told):
        day = min(demand.told_on + dt.timedelta(days=rng.randint(0, 5)), today)
        if rng.random() < 0.6:
            verdict = rng.choice(said)
            words = ""
            if number % 23 == 5:
                verdict, words = Rating.Verdict.NOT, "说是办了，我这里没有变化。"
            ratings.rate(demand, verdict=verdict, words=words, at=noon(day, 16))
            if verdict == Rating.Verdict.NOT and day < today - dt.timedelta(days=9):
                _answer_again(demand, day, clerk, noon)
        elif rng.random() < 0.5 and ratings.may_be_called_back(demand, worker):
            ratings.call_back(
                demand,
                verdict=rng.choice(said),
                words="电话里说的",
                by=worker,
                at=noon(day, 17),
            )
    if waiting := Demand.objects.filter(state=Demand.State.ANSWERED).first():
        links.give(waiting, by=clerk, at=timezone.now())


def _answer_again(demand, day, clerk, noon):
    """The second answer, told and found good."""
    later = [day + dt.timedelta(days=days) for days in (2, 3, 5)]
    visits.answer(
        demand, words="又去看过，这次办到了。", by=clerk, at=noon(later[0], 9)
    )
    visits.tell(
        demand, how=Demand.Told.PHONE, on=later[1], by=clerk, at=noon(later[1], 9)
    )
    ratings.rate(
        demand, verdict=Rating.Verdict.MOSTLY, words="这次可以", at=noon(later[2], 9)
    )
