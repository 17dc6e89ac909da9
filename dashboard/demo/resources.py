"""The demo's resources: 阳光心园's courses and its replaced teacher, the five banks.

The seed page tells both; people appear by title, banks by the names that it gives, and
what they offer is a sample.
"""

import datetime as dt

from enterprises import actions as enterprises
from enterprises.models import Business
from services import providers, resources
from services.models import Match, Provider

Kind = Provider.Kind
Choice = Match.Choice

BANKS = ["农业银行", "工商银行", "厦门银行", "光大银行", "兴业银行"]
COMPARES = ["怎么申请", "放款要几天", "要什么材料"]
TERMS = [
    ("手机上申请，当场演示", "2 天", "身份证、营业执照"),
    ("网点申请", "5 天", "身份证、营业执照、近半年流水"),
    ("客户经理上门", "4 天", "身份证、营业执照、租约"),
    ("网点或手机", "3 天", "身份证、营业执照、近一年流水"),
    ("手机上申请", "3 天", "身份证、营业执照"),
]

# Who else offers: name, kind, skills, when, how many at once.
OTHERS = [
    (
        "劳模志愿者",
        Kind.VOLUNTEER,
        ["收纳整理", "瑜伽健身", "烘焙制作"],
        "周二、周四下午",
        20,
    ),
    ("原尤克里里老师", Kind.VOLUNTEER, ["尤克里里"], "周三下午", 12),
    ("辖区音乐工作室", Kind.STUDIO, ["尤克里里", "合唱"], "周三、周五下午", 15),
    ("民乐志愿者", Kind.VOLUNTEER, ["尤克里里", "古筝"], "周末", 8),
    ("律师志愿团", Kind.UNIT, ["劳动合同咨询", "租约咨询"], "每月第一个周三", 6),
    ("街道社区卫生服务站", Kind.UNIT, ["健康讲座", "心理疏导"], "工作日下午", 40),
]
# Invented numbers for invented providers; the banks, which are real, have none.
PHONES = "199000053"
BANNER = "扶弱助残献爱心，党群同心护家园"


def load(world):
    """Providers, needs with and without a date, choices, a replacement, the banner."""
    accounts, noon, today = world["accounts"], world["noon"], world["today"]
    worker = accounts["party_worker"]
    third = accounts["grid_clerk"].posts.get().grid

    def when(ago):
        return {"by": worker, "at": noon(today - dt.timedelta(days=ago))}

    made = {}
    for place, (name, kind, skills, slots, capacity) in enumerate(OTHERS):
        made[name] = providers.enter(
            grid=third,
            name=name,
            kind=kind,
            skills=skills,
            slots=slots,
            capacity=capacity,
            contact_title="联系人",
            contact_phone=f"{PHONES}{place:02}",
            **when(400),
        )
    for name in BANKS:
        made[name] = providers.enter(
            grid=third,
            name=f"{name}小微企业部",
            kind=Kind.BANK,
            skills=["小额贷款"],
            contact_title="客户经理",
            **when(400),
        )
    _courses(made, accounts, third, when, today)
    _banks(made, accounts, noon, today)


def _courses(made, accounts, grid, when, today):
    """S8: three courses, then the teacher who leaves before the show is replaced."""
    clerk = accounts["grid_clerk"]
    home = enterprises.open_business(
        kind=Business.Kind.INSTITUTION,
        name="阳光心园",
        grid=grid,
        building=None,
        room="",
        since=today - dt.timedelta(days=420),
        by=clerk,
        at=when(420)["at"],
    )
    for place, skill in enumerate(("收纳整理", "瑜伽健身", "烘焙制作")):
        need = resources.ask(
            [home],
            title=f"{skill}课的老师",
            skill=skill,
            words="学员想学，每周一次，连上一年。",
            people=16,
            **when(390 - place),
        )
        offer = resources.offer(need, made["劳模志愿者"], terms={}, **when(385))
        resources.choose(
            need.askers.get(), offer, choice=Choice.DONE, **when(384 - place)
        )
    resources.thank(
        need,
        kind="banner",
        whom="阳光心园全体学员",
        to="街道党群服务中心",
        words=BANNER,
        on=today - dt.timedelta(days=30),
        **when(30),
    )

    show = resources.ask(
        [home],
        title="尤克里里老师，带到汇演",
        skill="尤克里里",
        words="一对一辅导，编排节目，一起上台。",
        people=12,
        wanted_on=today - dt.timedelta(days=170),
        wanted_for="残疾人文艺汇演",
        **when(260),
    )
    first = resources.offer(show, made["原尤克里里老师"], terms={}, **when(255))
    resources.choose(show.askers.get(), first, choice=Choice.DONE, **when(254))
    resources.withdraw_offer(first, why="因故不能继续教", **when(190))
    providers.note_contact(
        made["辖区音乐工作室"], words="愿意来教，先试一课", need=show, **when(189)
    )
    second = resources.offer(show, made["辖区音乐工作室"], terms={}, **when(188))
    resources.choose(show.askers.get(), second, choice=Choice.DONE, **when(187))

    # One that is being replaced now, so that the task and its candidates can be seen.
    party = resources.ask(
        [home],
        title="新年联欢的合唱指导",
        skill="合唱",
        people=14,
        wanted_on=today + dt.timedelta(days=25),
        wanted_for="新年联欢",
        **when(20),
    )
    offer = resources.offer(party, made["辖区音乐工作室"], terms={}, **when(15))
    resources.choose(party.askers.get(), offer, choice=Choice.DONE, **when(14))
    choir = providers.enter(
        grid=grid,
        name="社区合唱团",
        kind=Kind.VOLUNTEER,
        skills=["合唱"],
        slots="周六上午",
        capacity=30,
        contact_title="联系人",
        contact_phone=f"{PHONES}{len(OTHERS):02}",
        **when(60),
    )
    providers.note_contact(choir, words="年前排得开，要看曲目", **when(40))
    resources.withdraw_offer(offer, why="排练撞了演出", **when(1))


def _banks(made, accounts, noon, today):
    """S3: five banks side by side; each merchant says what it did, no amounts."""
    secretary = accounts["branch_secretary"]

    def when(ago):
        return {"by": secretary, "at": noon(today - dt.timedelta(days=ago))}

    asked = Business.objects.visible_to(secretary).operating()
    asked = asked.filter(demands__category__name="资金").order_by("pk").distinct()[:12]
    need = resources.ask(
        list(asked),
        title="春茶采购的小额贷款",
        skill="小额贷款",
        words="新茶上市前周转。茶城是诚信单位，不用每家再评信誉。",
        compares=COMPARES,
        **when(520),
    )
    offers = [
        resources.offer(
            need,
            made[name],
            terms=dict(zip(COMPARES, terms, strict=True)),
            words="给有需要的商户演示网上申请" if name == "农业银行" else "",
            **when(515),
        )
        for name, terms in zip(BANKS, TERMS, strict=True)
    ]
    for place, asker in enumerate(need.askers.all()):
        taken = offers[0 if place % 2 == 0 else 1 + place % 4]
        choice = (Choice.DONE, Choice.DONE, Choice.NOT)[place % 3]
        resources.choose(asker, taken, choice=choice, **when(505 - place))
    need.refresh_from_db()
    if need.state == need.State.OPEN:
        resources.meet(need, outcome="要周转的都办了，其余的不用了", **when(480))
