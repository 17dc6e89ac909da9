"""An invented street of any number of businesses, written by COPY.

Seeded, so that two runs measure the same. Names are put together from syllables; no
firm of that name is meant.
"""

import datetime as dt
import random
import uuid

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import User
from accounts.rights import Role
from dashboard.standing import rewrite
from enterprises.models import Business, Coverage, Occupancy, Operation
from grids.models import Building, Grid, Post
from party.models import PartyOrganization
from tianshan.database.copying import copy_in
from visits.models import Demand, DemandCategory, DemandDue, Visit

HEADS = "安宝昌成大德东方丰福广海恒鸿华汇吉佳嘉金锦京景聚凯康乐利联隆美明南宁鹏启庆荣瑞润盛顺泰天同万旺伟祥新兴旭雅亚阳益盈永优裕源悦云泽振正志中众"
FIRMS = (
    "科技有限公司",
    "信息技术有限公司",
    "国际贸易有限公司",
    "文化传播有限公司",
    "企业管理有限公司",
    "广告有限公司",
    "建筑设计事务所",
    "会计师事务所",
)
SHOPS = ("茶行", "餐饮店", "服装店", "便利店", "药房", "理发店", "花店", "五金店")
TRADES = ("批发零售", "住宿餐饮", "信息技术", "租赁商务", "居民服务", "文化体育")
GRIDS = 8
LIVE_ON = dt.date(2025, 1, 1)


def build(rows, *, today):
    """Make the street with so many businesses; returns its ledger clerk (台账员)."""
    chance = random.Random(310_105)  # noqa: S311  no secret hangs on it
    street, grids = _territory()
    buildings = _buildings(chance, grids, max(10, rows // 250))
    organizations = _organizations(grids, max(4, rows // 1000))
    clerk = _clerk(street)

    businesses = copy_in([_business(chance, n, buildings) for n in range(rows)])
    copy_in([_occupancy(business) for business in businesses])
    copy_in(
        [
            Operation(business=b, state=b.state, since=b.discovered_on)
            for b in businesses
        ]
    )
    copy_in(_coverages(chance, businesses, organizations))
    copy_in(_visits(chance, businesses, clerk, today))
    copy_in(_dues(copy_in(_demands(chance, businesses, clerk, today)), clerk))
    rewrite([business.pk for business in businesses])
    return clerk


def _territory():
    street = Grid(
        code="310105006",
        name="天山路街道",
        kind=Grid.Kind.STREET,
        live_on=LIVE_ON,
    )
    street.save()
    grids = []
    for number in range(1, GRIDS + 1):
        grid = Grid(
            code=f"310105006{600 + number}",
            name=f"第{number}综合网格",
            kind=Grid.Kind.GRID,
            parent=street,
            live_on=LIVE_ON,
        )
        grid.save()
        grids.append(grid)
    return street, grids


def _buildings(chance, grids, count):
    made = []
    for number in range(count):
        kind = chance.choice(list(Building.Kind))
        name = f"{''.join(chance.choices(HEADS, k=2))}{kind.label[-2:]}{number}号"
        made.append(
            Building(
                name=name,
                kind=kind,
                address=f"天山路{number}号",
                floors=chance.randint(1, 30),
                grid=chance.choice(grids),
            )
        )
    for building in made:
        building.save()
    return made


def _organizations(grids, count):
    made = [
        PartyOrganization(
            name=f"{HEADS[number % 60]}{HEADS[number // 60]}党支部",
            kind=PartyOrganization.Kind.BRANCH,
            grid=grids[number % len(grids)],
        )
        for number in range(count)
    ]
    for organization in made:
        organization.save()
    return made


def _clerk(street):
    user = User(username="bench", display_name="测量", password=make_password(None))
    user.save()
    Post(user=user, role=Role.GRID_CLERK, grid=street, since=LIVE_ON).save()
    return user


def _business(chance, number, buildings):
    firm = number % 3 == 0
    name = "".join(chance.choices(HEADS, k=3)) + chance.choice(FIRMS if firm else SHOPS)
    building = chance.choice(buildings)
    business = Business(
        kind=Business.Kind.ENTERPRISE if firm else Business.Kind.MERCHANT,
        name=name,
        code=f"9{chance.randrange(10**8):08}{number:09}" if firm else None,
        trade=chance.choice(TRADES),
        staff_count=chance.randint(1, 300),
        contact_name=chance.choice(HEADS) + "女士",
        contact_phone=f"1{chance.randrange(10**10):010}",
        founded_on=LIVE_ON - dt.timedelta(days=chance.randrange(4000)),
        state=chance.choices(list(Business.State), weights=[90, 4, 3, 3])[0],
        discovered_on=LIVE_ON,
        grid=building.grid,
        building=building,
        room=f"{chance.randint(1, 30)}{chance.randint(1, 40):02}",
    )
    business.index()
    return business


def _occupancy(business):
    return Occupancy(
        business=business,
        building=business.building,
        room=business.room,
        grid=business.grid,
        since=business.discovered_on,
    )


def _coverages(chance, businesses, organizations):
    modes = [*Coverage.Mode, None]
    for business in businesses:
        mode = chance.choices(modes, weights=[8, 4, 50, 18, 20])[0]
        if mode:
            yield Coverage(
                business=business,
                organization=chance.choice(organizations),
                mode=mode,
                rank=Coverage.RANK[mode],
                since=LIVE_ON,
            )


def _visits(chance, businesses, clerk, today):
    for business in businesses:
        day = today - dt.timedelta(days=chance.randrange(1, 200))
        at = timezone.make_aware(dt.datetime.combine(day, dt.time(10)))
        yield Visit(
            business=business,
            grid=business.grid,
            building=business.building,
            visitor=clerk,
            outcome=Visit.Outcome.NORMAL,
            people_met=Visit.Met.OWNER,
            visited_on=day,
            filled_at=at,
            arrived_at=at,
            client_key=uuid.UUID(int=chance.getrandbits(128)),
            digest="-",
        )


def _demands(chance, businesses, clerk, today):
    category = DemandCategory.objects.offered().first()
    for business in chance.sample(businesses, len(businesses) // 20):
        day = today - dt.timedelta(days=chance.randrange(1, 20))
        yield Demand(
            business=business,
            grid=business.grid,
            category=category,
            words="门口停车难，送货车没有地方停",
            source=Demand.Source.VISIT,
            recorded_by=clerk,
            raised_on=day,
            due_on=day + dt.timedelta(days=7),
            owed_by="网格员",
            search="门口停车难",
        )


def _dues(demands, clerk):
    return [
        DemandDue(
            demand=demand,
            due_on=demand.due_on,
            owed_by=demand.owed_by,
            since=demand.raised_on,
            reason="新登记",
            by=clerk,
        )
        for demand in demands
    ]
