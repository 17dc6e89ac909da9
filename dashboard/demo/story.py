"""The demo: the seed page's story on the district's ledger, told by the portal's acts.

Places are real, firms, shops and what they say are invented, people appear by title.
Everything goes through the importer and the actions that the pages use; dates run up
to the day of loading, with most visits in the last ninety days.
"""

import datetime as dt
import io
import random
import uuid

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from accounts.rights import Role
from dashboard.demo import (
    activities,
    deliberating,
    demands,
    district,
    evidence,
    ground,
    helping,
    importing,
    kept_views,
    lives,
    meetings,
    orders,
    party,
    plans,
    resources,
    rules,
    stations,
    upward,
    values,
    visiting,
)
from enterprises.models import Business, Caretaker
from grids.models import Building, Grid, Neighborhood, Post
from issues import actions as issues
from issues import fixing, ladder
from issues.models import DeliberationBody, Issue, Level, Matter
from party.models import (
    MemberUnit,
    OrganizationOfficer,
    PartyOrganization,
    UnitOfficer,
)
from tianshan.files.writing import Column, write_xlsx
from tianshan.ledgers import gathering
from tianshan.notices.models import Notice
from tianshan.workdays import Calendar
from visits import actions as visits
from visits.models import Demand, DemandCategory, Visit

LEDGER = settings.BASE_DIR / "demo" / "district_ledger_2026Q3.xlsx"
LIVE_ON = dt.date(2025, 1, 1)
POSTS_SINCE = dt.date(2024, 7, 25)
THIRD = "310105006603"
SECOND = "310105006602"

# The seed's own figures.
ENTERPRISE_VISITS = 270
MERCHANT_VISITS = 1470

# 统计用区划代码, 12 digits each; 006 and 009 are not in use.
NEIGHBORHOODS = [
    ("001", "天山二村"),
    ("002", "天山三村"),
    ("003", "天山四村"),
    ("004", "茅台"),
    ("005", "仙霞"),
    ("007", "天山"),
    ("008", "天义"),
    ("010", "新光"),
    ("011", "新风"),
    ("012", "玉屏"),
    ("013", "遵义"),
    ("014", "友谊"),
    ("015", "紫云"),
    ("016", "联建"),
    ("017", "中紫"),
    ("018", "延西"),
    ("019", "纺大一村"),
]

# account -> (role, what it is called, grid)
ACCOUNTS = {
    "grid_staff": (Role.GRID_STAFF, "网格员·甲", THIRD),
    "party_worker": (Role.PARTY_WORKER, "党群工作者", "310105006"),
    "grid_clerk": (Role.GRID_CLERK, "台账员", THIRD),
    "branch_secretary": (Role.BRANCH_SECRETARY, "天山茶市党支部书记", THIRD),
    "building_secretary": (Role.BUILDING_SECRETARY, "金虹桥楼宇党委书记", THIRD),
    "grid_chief": (Role.GRID_CHIEF, "第三综合网格长", THIRD),
    "unit_officer": (Role.UNIT_OFFICER, "市容管理所联络员", THIRD),
    "station_staff": (Role.STATION_STAFF, "天山驿服务站工作人员", THIRD),
    "case_coordinator": (Role.CASE_COORDINATOR, "帮办协调员", "310105006"),
    "helper": (Role.HELPER, "帮办员", "310105006"),
    "street_leader": (Role.STREET_LEADER, "街道分管领导", "310105006"),
    "security_admin": (Role.SECURITY_ADMIN, "安全管理员", "310105006"),
    "auditor": (Role.AUDITOR, "审计员", "310105006"),
    "system_admin": (Role.SYSTEM_ADMIN, "系统管理员", "310105006"),
    "other_grid_staff": (Role.GRID_STAFF, "第二网格网格员", SECOND),
}

UNITS = [
    ("街道城运中心", "城运"),
    ("天山路市场监督管理所", "市场监管"),
    ("街道综合行政执法队", "城管"),
    ("天山路派出所", "公安"),
    ("市容管理所", "市容"),
    ("天山茶城业主方", "业主"),
    ("金虹桥物业服务中心", "物业"),
    ("芙蓉江街区管理方", "物业"),
    ("街道党群服务中心", "党群"),
]

NOTES = [
    "经营平稳，没有新情况。",
    "讲了近期的惠企政策，留了联系卡。",
    "提醒了用电和消防安全。",
    "说了党群服务站的活动，愿意来听。",
    "比上月客流好一些。",
    "新换了店招，其他照旧。",
    "",
]

# Demands of no particular story: category, words, the answer.
ORDINARY = [
    (
        "政策咨询",
        "听说有稳岗补贴，不知道我们能不能申请。",
        "符合条件，已把申请入口和材料清单发给您。",
    ),
    (
        "快递入户",
        "快递车中午堵在门口，客人进不来。",
        "已和快递网点约定，11 点至 13 点改停南侧。",
    ),
    (
        "环境清运",
        "后门堆了几天装修垃圾没人拉。",
        "已联系清运，当天下午运走，业主方每晚巡一次。",
    ),
    (
        "用工",
        "想招两个店员，一直招不到。",
        "已登记到街道招聘信息栏，并转给就业服务站。",
    ),
    (
        "职工关爱",
        "员工加班多，想问有没有心理讲座。",
        "已报名党群服务站本月的心理讲座，留了 6 个座。",
    ),
    ("其他", "路灯坏了一盏，晚上门口很暗。", "已报修，路灯当晚恢复。"),
    (
        "安全隐患",
        "隔壁电瓶车在过道里充电，很担心。",
        "已请物业劝离，过道装了禁停标识，执法队复查过。",
    ),
    ("政策咨询", "执照要变更地址，不清楚去哪办。", "可在线上变更，已当面教会操作。"),
]

DECLINED = (
    "这件事要由您和业主、物业按合同商定，街道不能代为决定；已附上协商渠道和联系人。"
)

# The story: brand, title, level, building, matters. A matter: wish, category, words of
# each asker, measure, lead, and how it ended (None: still going on).
STORY = [
    {
        "title": "茶城减负与清运",
        # Taken by the secretary to the street leader, who calls the committee together.
        "by": "branch_secretary",
        "called": ("天山茶城治理委员会", "grid_chief"),
        "brand": "",
        "level": Level.BRANCH,
        "building": "天山茶城",
        "raised": 560,
        "matters": [
            {
                "wish": "租金从一年一缴改为分次缴",
                "category": "租金",
                "askers": 14,
                "words": [
                    "租金一年一缴，压力太大了，能不能分几次。",
                    "一次要交一年的房租，周转不开。",
                ],
                "measure": "与业主方协商调整租金缴纳方式",
                "lead": "天山茶城业主方",
                "days": 30,
                "ending": ("solved", "租金一年一缴", "租金三个月一缴", 400),
            },
            {
                "wish": "干湿垃圾清运避开开市时间",
                "category": "环境清运",
                "askers": 9,
                "words": [
                    "上午九点开市，清运车正好来，味道很大。",
                    "干垃圾湿垃圾分两拨来拉，车子进进出出。",
                ],
                "measure": "调整清运班次，两个作业部门错开开市时间",
                "lead": "市容管理所",
                "days": 20,
                "ending": (
                    "solved",
                    "上午 9 点开市时清运",
                    "每天上午 8 点以前清运完",
                    96,
                ),
            },
            {
                "wish": "春茶采购资金对接",
                "category": "资金",
                "askers": 12,
                "words": [
                    "新茶要上市了，调不过头寸，春茶采购有困难。",
                    "想问有没有小额贷款，手续别太复杂。",
                ],
                "measure": "请五家银行到茶城介绍小额贷款产品，由商户自行比较选择",
                "lead": "天山茶市党支部",
                "days": 25,
                "ending": (
                    "solved",
                    "春茶采购资金周转不开",
                    "五家银行产品可比较选择",
                    12,
                ),
            },
        ],
    },
    {
        "title": "金虹桥高峰电梯与员工关爱",
        "by": "building_secretary",
        "brand": "金团领航·善治立方",
        "level": Level.COMMITTEE,
        "building": "金虹桥国际中心",
        "raised": 120,
        "matters": [
            {
                "wish": "缓解早高峰电梯拥堵",
                "category": "电梯设施",
                "askers": 7,
                "words": [
                    "早高峰等电梯要二十分钟，员工老是迟到。",
                    "高峰时电梯层层停，能不能分区。",
                ],
                "measure": "高峰时段电梯分区停靠，错峰上班建议发给各企业",
                "lead": "金虹桥物业服务中心",
                "days": 30,
                "ending": ("solved", "早高峰等梯约 20 分钟", "分区停靠后约 8 分钟", 86),
            },
            {
                "wish": "为员工提供心理咨询",
                "category": "职工关爱",
                "askers": 5,
                "words": [
                    "员工压力大，希望有心理咨询。",
                    "能不能请老师来楼里做心理疏导。",
                ],
                "measure": "每月在宁聚里·金虹桥站安排一次心理咨询",
                "lead": "金虹桥楼宇党委",
                "days": 45,
                "ending": None,
            },
        ],
    },
    {
        "title": "楼宇企业与居民区共用资源",
        "by": "grid_chief",
        "brand": "楼社联动·活力升级",
        "level": Level.CONFERENCE,
        "building": "娄山商务楼",
        "raised": 70,
        "matters": [
            {
                "wish": "错峰共享居民区停车位",
                "category": "停车",
                "askers": 8,
                "words": [
                    "白天小区车位空着，我们员工没地方停。",
                    "错峰停车能不能谈下来。",
                ],
                "measure": "与居民区商定白天错峰停车方案",
                "lead": "街道城运中心",
                "days": 70,
                "ending": None,
            },
            {
                "wish": "快递外卖集中投递点",
                "category": "快递入户",
                "askers": 6,
                "words": [
                    "快递送不上楼，要下楼到处找。",
                    "外卖柜不够，中午大堂全是人。",
                ],
                "measure": "在大堂西侧设集中投递点",
                "lead": "街道党群服务中心",
                "days": 40,
                "ending": ("partly", "快递散放大堂", "设了投递点，外卖柜待扩", 110),
            },
        ],
    },
    {
        "title": "文化街区夜间照明与外摆",
        "by": "quarter_secretary",
        "brand": "荟文赋能·艺术街区",
        "level": Level.BRANCH,
        "building": "芙蓉江文化街区",
        "raised": 45,
        "matters": [
            {
                "wish": "补亮街区夜间照明",
                "category": "环境清运",
                "askers": 5,
                "words": ["晚上门口太暗，客人不敢走进来。", "街区后半段路灯少。"],
                "measure": "补装街区后段照明",
                "lead": "芙蓉江街区管理方",
                "days": 60,
                "ending": None,
            },
            {
                "wish": "规范周末外摆",
                "category": "其他",
                "askers": 4,
                "words": ["周末想把画架摆出来，不知道行不行。"],
                "measure": "划定周末外摆范围和时间",
                "lead": "街道综合行政执法队",
                "days": 25,
                "ending": (
                    "explained",
                    "外摆无规则",
                    "消防通道不能占用，其余划线外摆",
                    15,
                ),
            },
        ],
    },
    {
        "title": "单车停放秩序",
        "by": "grid_chief",
        "brand": "单车归序·畅行无忧",
        "level": Level.CONFERENCE,
        "building": "天山路沿街商铺",
        "raised": 50,
        "matters": [
            {
                "wish": "复划共享单车停放点位",
                "category": "停车",
                "askers": 11,
                "words": [
                    "单车堆在店门口，客人进不来。",
                    "早上一排单车把人行道全占了。",
                ],
                "measure": "复划停放点位并加强清运",
                "lead": "街道综合行政执法队",
                "days": 18,
                "ending": None,
            },
            {
                "wish": "地铁口高峰清运加密",
                "category": "环境清运",
                "askers": 4,
                "words": ["下班时单车堆得最高，清运跟不上。"],
                "measure": "晚高峰清运加密到半小时一次",
                "lead": "街道城运中心",
                "days": 34,
                "ending": None,
            },
        ],
    },
    {
        "title": "茅台路沿街排烟扰民",
        "by": "grid_chief",
        "brand": "",
        "level": Level.CONFERENCE,
        "building": "茅台路沿街商铺",
        "raised": 12,
        "matters": [
            {
                "wish": "餐饮排烟口改向",
                "category": "环境清运",
                "askers": 3,
                "words": ["隔壁饭店油烟正对我们店门。"],
                "measure": None,
                "lead": None,
                "days": None,
                "ending": None,
            },
        ],
    },
]


@transaction.atomic
def load(*, today, password):
    """Make the whole demo, or nothing; called once on an empty database."""
    rng = random.Random(603)
    territory = _territory()
    accounts = _accounts(territory, password)
    told = {"noon": noon, "today": today}
    organizations = party.organizations(territory, accounts, **told)
    _officers(territory, accounts, organizations)
    rules.load({"accounts": accounts} | told)
    _ledger(THIRD, LEDGER, since=LIVE_ON)
    _neighbour(rng, today)
    with gathering():
        party.cover(organizations, accounts, **told)
    _newcomers(rng, today)
    with gathering():
        party.newcomers(organizations, accounts, **told)
        ground.load(at=noon(LIVE_ON))
        _caretakers(accounts)
        bodies = _bodies(territory, organizations)
        world = {
            "rng": rng,
            "today": today,
            "accounts": accounts,
            "organizations": organizations,
            "units": {unit.name: unit for unit in MemberUnit.objects.all()},
            "categories": {c.name: c for c in DemandCategory.objects.all()},
            "bodies": bodies,
            "left": {
                Business.Kind.ENTERPRISE: ENTERPRISE_VISITS,
                Business.Kind.MERCHANT: MERCHANT_VISITS,
            },
        }
        world["stations"] = stations.load(world | told)
        activities.load(world | told)
        meetings.seat(world | told)
        _story(world)
        _ordinary_demands(world)
        _visits(world)
        demands.load(world | told)
        meetings.lately(world | told)
        deliberating.load(world | told)
        visiting.load(world | told)
        orders.load(world | told)
    importing.waiting(accounts, grid=THIRD, **told)
    plans.load(world | told)
    values.load(world | told)
    lives.load(world | told)
    district.load(world | told)
    meetings.coming(world | told)
    helping.load(world | told)
    with gathering():
        resources.load(world | told)
        for part in settings.DEMO_PARTS:
            import_string(part)(world | told)
    kept_views.load(accounts, at=noon(today))
    upward.load({"accounts": accounts} | told)
    _read_notices(today)


def _read_notices(today):
    """The story's people read their notices in the evening, but for the last two days'."""
    before = noon(Calendar.load().back(today, 2), 0)
    old = Notice.objects.filter(at__lt=before)
    old.update(read_at=F("at") + dt.timedelta(hours=6))


def noon(day, hour=10):
    """The half hour of a day, but never later than now: nothing is told ahead."""
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(hour, 30)))
    return min(at, timezone.now())


def _territory():
    street = Grid.objects.create(
        code="310105006", name="天山路街道", kind=Grid.Kind.STREET, live_on=LIVE_ON
    )
    grids = {street.code: street}
    for code, name in ((SECOND, "第二综合网格"), (THIRD, "第三综合网格")):
        grids[code] = Grid.objects.create(
            code=code, name=name, kind=Grid.Kind.GRID, parent=street, live_on=LIVE_ON
        )
    for tail, name in NEIGHBORHOODS:
        committee, _ = Neighborhood.objects.get_or_create(
            code=f"310105006{tail}", defaults={"name": f"{name}居委会"}
        )
        street.neighborhoods.add(committee)
    return grids


def _accounts(grids, password):
    accounts = {}
    hashed = make_password(password)  # once: the demo has one password for all
    for username, (role, name, code) in ACCOUNTS.items():
        user = User.objects.create(
            username=username, password=hashed, display_name=name
        )
        Post.objects.create(user=user, role=role, grid=grids[code], since=POSTS_SINCE)
        accounts[username] = user
    return accounts


def _officers(grids, accounts, organizations):
    """Who speaks for the organisations and for the member units."""
    third = grids[THIRD]
    # Takes part in the story, but is no demo account: nobody can sign in as it.
    quarter = User.objects.create(
        username="quarter_secretary",
        display_name="芙蓉江街区临时党支部书记",
        password=make_password(None),
    )
    Post.objects.create(
        user=quarter, role=Role.BRANCH_SECRETARY, grid=third, since=POSTS_SINCE
    )
    accounts["quarter_secretary"] = quarter
    offices = {
        "branch_secretary": "tea",
        "building_secretary": "buildings",
        "quarter_secretary": "quarter",
    }
    for username, key in offices.items():
        OrganizationOfficer.objects.create(
            post=accounts[username].posts.get(), organization=organizations[key]
        )
    for name, field in UNITS:
        MemberUnit.objects.create(name=name, field=field, grid=third)
    UnitOfficer.objects.create(
        post=accounts["unit_officer"].posts.get(),
        unit=MemberUnit.objects.get(name="市容管理所"),
    )


def _ledger(code, file, *, since):
    out = io.StringIO()
    call_command(
        "import_ledger",
        str(file),
        f"--grid={code}",
        f"--since={since.isoformat()}",
        stdout=out,
    )


def _workbook(name, heading, rows):
    """A ledger in the district's form, for what the workbook at hand does not hold."""
    path = settings.HOME / f"{name}.xlsx"
    with path.open("wb") as stream:
        write_xlsx(
            stream,
            title=heading,
            columns=[Column(label) for label in rows[0]],
            rows=[list(row.values()) for row in rows],
        )
    return path


SHOPS = ["便利店", "餐饮", "美容美发", "药店", "服装零售", "修理服务", "眼镜"]
SYLLABLES = "安宁和顺嘉禾春晓云溪远山清泉明澄"


def _newcomers(rng, today):
    """Shops found in the last days, and a few found some weeks ago."""
    for name, since, count in (
        ("新发现商户", today - dt.timedelta(days=1), 9),
        ("上月新发现商户", today - dt.timedelta(days=40), 12),
    ):
        rows = [
            {
                "类别": "商户",
                "单位名称": f"{''.join(rng.sample(SYLLABLES, 3))}小铺{place}号",
                "所在楼宇/市场": rng.choice(
                    ["天山茶城", "天山路沿街商铺", "遵义购物中心"]
                ),
                "室号/摊位号": f"{rng.randint(1, 3)}F-{rng.randint(901, 989)}号",
                "行业类别": rng.choice(SHOPS),
                "从业人员数": rng.randint(1, 5),
                "经营状态": "在营",
            }
            for place in range(1, count + 1)
        ]
        path = _workbook(name, "天山路街道第三综合网格商户工作台账", rows)
        _ledger(THIRD, path, since=since)
        path.unlink()


def _neighbour(rng, today):
    """A few shops of the neighbouring grid, so that scopes can be told apart."""
    rows = [
        {
            # The seed counts the third grid's visits to enterprises and merchants;
            # whom the neighbour visits must not add to them on the street's screen.
            "类别": "社会组织" if place <= 25 else "商户",
            "单位名称": f"{''.join(rng.sample(SYLLABLES, 2))}"
            f"{'服务社' if place <= 25 else '邻里店'}{place}",
            "所在楼宇/市场": "安顺路沿街商铺",
            "室号/摊位号": f"{place}号",
            "行业类别": "社会服务" if place <= 25 else rng.choice(SHOPS),
            "从业人员数": rng.randint(1, 6),
            "经营状态": "在营",
        }
        for place in range(1, 41)
    ]
    Building.objects.create(
        name="安顺路沿街商铺",
        kind=Building.Kind.STREET,
        address="安顺路",
        floors=2,
        grid=Grid.objects.get(code=SECOND),
    )
    path = _workbook("第二综合网格", "天山路街道第二综合网格商户工作台账", rows)
    _ledger(SECOND, path, since=LIVE_ON)
    path.unlink()


def _caretakers(accounts):
    for username, names in (
        ("grid_staff", ["天山茶城", "天山路沿街商铺", "茅台路沿街商铺"]),
        ("party_worker", ["金虹桥国际中心", "娄山商务楼", "遵义购物中心"]),
    ):
        for building in Building.objects.filter(name__in=names):
            Caretaker.objects.create(
                user=accounts[username],
                grid=building.grid,
                building=building,
                since=LIVE_ON,
            )


def _bodies(grids, organizations):
    Kind, Reach = DeliberationBody.Kind, DeliberationBody.Scope

    def body(level, kind, scope, name, organization, *buildings):
        made = DeliberationBody.objects.create(
            level=level,
            kind=kind,
            scope=scope,
            name=name,
            grid=grids[THIRD],
            organization=organization,
        )
        made.buildings.set(Building.objects.filter(name__in=buildings))
        return made

    return [
        body(
            Level.BRANCH,
            Kind.BRANCH,
            Reach.MARKET,
            "天山茶市党支部会议",
            organizations["tea"],
            "天山茶城",
        ),
        body(
            Level.BRANCH,
            Kind.BRANCH,
            Reach.QUARTER,
            "芙蓉江街区临时党支部会议",
            organizations["quarter"],
            "芙蓉江文化街区",
        ),
        body(
            Level.COMMITTEE,
            Kind.COMMITTEE,
            Reach.BUILDINGS,
            "金虹桥楼宇党委例会",
            organizations["buildings"],
            "金虹桥国际中心",
        ),
        body(
            Level.COMMITTEE,
            Kind.GOVERNANCE,
            Reach.MARKET,
            "天山茶城治理委员会",
            None,
            "天山茶城",
        ),
        body(
            Level.CONFERENCE,
            Kind.CONFERENCE,
            Reach.GRID,
            "第三网格党建联席会",
            organizations["grid"],
        ),
    ]


def _workday(day):
    calendar = Calendar.load()
    while not calendar.is_workday(day):
        day -= dt.timedelta(days=1)
    return day


def _visit(world, business, day, *, outcome, demands=(), method=Visit.Method.ON_SPOT):
    """One visit through the action; the seed's count goes down by what counts."""
    rng = world["rng"]
    if outcome != Visit.Outcome.ABSENT and method == Visit.Method.ON_SPOT:
        world["left"][business.kind] -= 1
    by = world["accounts"]["grid_staff"]
    if business.kind == Business.Kind.ENTERPRISE or rng.random() < 0.25:
        by = world["accounts"]["party_worker"]
    at = noon(day, rng.randint(9, 17))
    visit, _ = visits.log_visit(
        business,
        client_key=uuid.UUID(int=rng.getrandbits(128), version=4),
        method=method,
        outcome=outcome,
        people_met=""
        if outcome == Visit.Outcome.ABSENT
        else rng.choice([Visit.Met.OWNER, Visit.Met.OWNER, Visit.Met.STAFF]),
        visited_on=day,
        filled_at=at,
        note=rng.choice(NOTES) if outcome == Visit.Outcome.NORMAL else "",
        facts_confirmed=outcome != Visit.Outcome.ABSENT,
        demands=list(demands),
        by=by,
        at=at,
    )
    return visit


def _ask(world, business, day, category, words):
    """A visit in which the business asks for something; returns the demand."""
    demand = {"category": world["categories"][category], "words": words}
    visit = _visit(world, business, day, outcome=Visit.Outcome.DEMAND, demands=[demand])
    return visit.demands.get()


def _story(world):
    """The named issues, from the first demand to the last asker told."""
    rng, today, accounts = world["rng"], world["today"], world["accounts"]
    for chapter in STORY:
        shops = list(
            Business.objects.operating()
            .filter(
                building__name=chapter["building"],
                kind__in=[Business.Kind.ENTERPRISE, Business.Kind.MERCHANT],
                discovered_on__lte=LIVE_ON,
            )
            .order_by("pk")
        )
        rng.shuffle(shops)
        raised = _workday(today - dt.timedelta(days=chapter["raised"]))
        by = accounts[chapter["by"]]
        issue = None
        for told in chapter["matters"]:
            askers = [shops.pop() for _ in range(told["askers"])]
            demands = [
                _ask(
                    world,
                    asker,
                    _workday(raised - dt.timedelta(days=rng.randint(0, 4))),
                    told["category"],
                    told["words"][place % len(told["words"])],
                )
                for place, asker in enumerate(askers)
            ]
            at = noon(raised, 15)
            if issue is None:
                issue = issues.propose(
                    demands[0],
                    title=chapter["title"],
                    brand=chapter["brand"],
                    wish=told["wish"],
                    level=chapter["level"],
                    by=by,
                    at=at,
                )
            else:
                issues.add_matter(issue, demands[0], wish=told["wish"], by=by, at=at)
            matter = Matter.objects.get(issue=issue, title=told["wish"])
            if also := demands[1:]:
                issues.join(matter, also[0], others=also[1:], by=by, at=at)
        _carry_out(world, issue, chapter, raised)


def _lead(world, name):
    return world["units"].get(name) or PartyOrganization.objects.get(name=name)


def _called_together(world, issue, chapter, raised):
    """The street leader has a body meet over it; whoever chairs it goes on."""
    name, chair = chapter["called"]
    day = _workday(raised + dt.timedelta(days=4))
    ladder.call_together(
        issue,
        body=DeliberationBody.objects.get(name=name),
        on=_workday(raised + dt.timedelta(days=9)),
        reason="租金、清运要业主方和作业部门一起谈，请治理委员会研商",
        by=world["accounts"]["street_leader"],
        at=noon(day, 10),
    )
    return world["accounts"][chair]


def _carry_out(world, issue, chapter, raised):
    today = world["today"]
    by = world["accounts"][chapter["by"]]
    if "called" in chapter:
        by = _called_together(world, issue, chapter, raised)
    decided = min(_workday(raised + dt.timedelta(days=9)), today)
    if chapter["matters"][0]["measure"] is None:
        return
    seen = _workday(raised + dt.timedelta(days=6))
    evidence.surveyed(world, issue, on=seen, noon=noon)
    meetings.deliberate(
        Issue.objects.get(pk=issue.pk),
        [
            {
                "matter": Matter.objects.get(issue=issue, title=told["wish"]),
                "content": told["measure"],
                "lead": _lead(world, told["lead"]),
                "due_on": decided + dt.timedelta(days=told["days"]),
            }
            for told in chapter["matters"]
        ],
        on=decided,
        by=by,
        noon=noon,
    )
    # In the order of their dates, so that the last one ended is the last one told.
    ended = [told for told in chapter["matters"] if told["ending"]]
    for told in sorted(ended, key=lambda told: told["days"]):
        matter = Matter.objects.get(issue=issue, title=told["wish"])
        done = min(_workday(decided + dt.timedelta(days=told["days"] - 4)), today)
        measure = matter.measures.get()
        evidence.confirmed(world, measure, noon=noon)
        evidence.reported(world, measure, on=done, noon=noon)
        fixing.finish_measure(
            measure, result=f"{told['measure']}，已落实。", by=by, at=noon(done)
        )
        ending, before, after, benefited = told["ending"]
        issues.end_matter(
            Matter.objects.get(pk=matter.pk),
            ending=ending,
            before=before,
            after=after,
            benefited=benefited,
            by=by,
            at=noon(done, 11),
        )
        demands = list(
            Demand.objects.filter(links__matter=matter, links__left_at=None).order_by(
                "pk"
            )
        )
        # The latest ending has two askers who have not been told yet.
        if chapter["brand"] == "楼社联动·活力升级":
            demands = demands[:-2]
        day = min(_workday(done + dt.timedelta(days=2)), today)
        issues.tell(
            Matter.objects.get(pk=matter.pk),
            demands,
            how=Demand.Told.VISIT,
            on=max(day, done),
            by=by,
            at=noon(max(day, done), 17),
        )


def _ordinary_demands(world):
    """Demands answered at once, declined, late, and waiting: every state and light."""
    rng, today = world["rng"], world["today"]
    clerk = world["accounts"]["grid_clerk"]
    shops = list(
        Business.objects.operating()
        .filter(grid__code=THIRD, discovered_on__lte=LIVE_ON)
        .exclude(demands__isnull=False)
        .counted()
        .order_by("pk")
    )
    rng.shuffle(shops)
    # (how many, days ago, what became of it)
    plan = [
        (70, (20, 400), "told"),
        (22, (3, 18), "told"),
        (14, (6, 30), "untold"),
        (6, (1, 2), "answered"),
        (9, (0, 4), "new"),
        (17, (9, 30), "new"),
        (5, (30, 200), "declined"),
        (3, (2, 4), "refused"),
    ]
    for count, (nearest, farthest), became in plan:
        for _ in range(count):
            category, words, answer = rng.choice(ORDINARY)
            day = _workday(today - dt.timedelta(days=rng.randint(nearest, farthest)))
            demand = _ask(world, shops.pop(), day, category, words)
            if became == "new":
                continue
            answered = min(_workday(day + dt.timedelta(days=rng.randint(1, 4))), today)
            answered = max(answered, day)
            if became in ("declined", "refused"):
                visits.decline(demand, reason=DECLINED, by=clerk, at=noon(answered, 18))
            else:
                visits.answer(demand, words=answer, by=clerk, at=noon(answered, 18))
            if became in ("told", "declined"):
                told = min(answered + dt.timedelta(days=rng.randint(0, 2)), today)
                visits.tell(
                    demand,
                    how=rng.choice([Demand.Told.VISIT, Demand.Told.PHONE]),
                    on=told,
                    by=clerk,
                    at=noon(told, 19),
                )


def _visits(world):
    """Fill up to the seed's counts: most in the last ninety days, some before."""
    rng, today = world["rng"], world["today"]
    for kind in (Business.Kind.ENTERPRISE, Business.Kind.MERCHANT):
        shops = list(
            Business.objects.operating()
            .filter(kind=kind, grid__code=THIRD, discovered_on__lte=LIVE_ON)
            .order_by("pk")
        )
        rng.shuffle(shops)
        recently = set(
            Visit.objects.met()
            .filter(visited_on__gt=today - dt.timedelta(days=85))
            .values_list("business_id", flat=True)
        )
        fresh = [shop for shop in shops if shop.pk not in recently]
        wanted = round(len(fresh) * 0.80)
        for shop in fresh[: min(wanted, world["left"][kind])]:
            day = _workday(today - dt.timedelta(days=rng.randint(1, 82)))
            _visit(world, shop, day, outcome=Visit.Outcome.NORMAL)
        _earlier(world, kind, shops)
        for shop in rng.sample(shops, 12):
            day = _workday(today - dt.timedelta(days=rng.randint(1, 80)))
            _visit(world, shop, day, outcome=Visit.Outcome.ABSENT)
        for shop in rng.sample(shops, 8):
            day = _workday(today - dt.timedelta(days=rng.randint(1, 80)))
            _visit(
                world,
                shop,
                day,
                outcome=Visit.Outcome.NORMAL,
                method=Visit.Method.PHONE,
            )
    _at_the_next_grid(world)


def _earlier(world, kind, shops):
    """What is left of the seed's count was on paper, and came in as a file."""
    rng, today = world["rng"], world["today"]
    enterprise = kind == Business.Kind.ENTERPRISE
    by = world["accounts"]["party_worker" if enterprise else "grid_staff"]
    known = set(Visit.objects.values_list("business_id", "visited_on"))
    rows = []
    while len(rows) < world["left"][kind]:
        span = (today - LIVE_ON).days
        day = _workday(today - dt.timedelta(days=rng.randint(92, span - 10)))
        shop = rng.choice(shops)
        if (shop.pk, day) in known:
            continue
        known.add((shop.pk, day))
        rows.append(
            {
                "走访日期": day,
                "走访对象": shop.name,
                "统一社会信用代码": shop.code,
                "所在楼宇/市场": str(shop.building or ""),
                "室号/摊位号": shop.room,
                "走访人": by.display_name,
                "走访结果": "情况正常",
                "见到谁": rng.choice(["负责人", "负责人", "店员或员工"]),
                "走访情况": rng.choice(NOTES),
            }
        )
    world["left"][kind] = 0
    if rows:
        file = _workbook(f"past_visits_{kind}", "走访记录", rows)
        _ledger(THIRD, file, since=LIVE_ON)


def _at_the_next_grid(world):
    rng, today = world["rng"], world["today"]
    by = world["accounts"]["other_grid_staff"]
    served = Business.objects.filter(grid__code=SECOND, kind=Business.Kind.SOCIAL)
    for shop in served.order_by("pk"):
        day = _workday(today - dt.timedelta(days=rng.randint(1, 80)))
        at = noon(day)
        visits.log_visit(
            shop,
            client_key=uuid.UUID(int=rng.getrandbits(128), version=4),
            outcome=Visit.Outcome.NORMAL,
            people_met=Visit.Met.OWNER,
            visited_on=day,
            filled_at=at,
            facts_confirmed=True,
            by=by,
            at=at,
        )
