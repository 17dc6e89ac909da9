"""The Party organisations of the demo and what they cover, made by the pages' acts.

天山茶市党支部 is the seed's: approved 2024-07-25 by the community Party committee to
the Party service centre, six members. Papers' numbers and people's titles are samples.
"""

import datetime as dt

from enterprises import actions, coverage
from enterprises.models import Business, Coverage
from grids.models import Building, Grid
from party import actions as party
from party.models import PartyOrganization

Kind = PartyOrganization.Kind
Mode = Coverage.Mode
COMMITTEE = "中共长宁区天山路街道社区委员会"
SERVICE_CENTRE = "街道社区党群服务中心"
STARTED = dt.date(2025, 1, 8)  # the first acts, a week after the office went live

PIONEERS = [
    (
        "tea",
        "天山茶市党支部会议",
        dt.date(2024, 8, 15),
        [
            ("诚信经营岗", "带头明码标价，劝导邻铺", "党员商户·一"),
            ("清运协调岗", "盯早上 8 点以前清运完，有问题当天报", "党员商户·二"),
            ("租金协商岗", "收集商户意见，参加治理委员会例会", "党员商户·三"),
            ("茶文化宣讲岗", "四时茶会讲解，现场不做交易", "党员商户·四"),
        ],
    ),
    (
        "quarter",
        "芙蓉江街区临时党支部会议",
        dt.date(2024, 11, 20),
        [
            ("街区秩序岗", "周末外摆划线，消防通道巡看", "党员店主·一"),
            ("夜间照明岗", "夜里走一遍街区，报修暗处", "党员店主·二"),
        ],
    ),
]


def organizations(grids, accounts, *, noon, today):
    """The tree down to the branches of quarters, each by its approval."""
    street, third, second = (
        grids[code] for code in ("310105006", "310105006603", "310105006602")
    )

    def found(name, kind, grid, parent=None, on=None, **facts):
        on = on or dt.date(2024, 1, 5)
        if parent:
            facts = {
                "approved_by": COMMITTEE,
                "approved_to": SERVICE_CENTRE,
                "approved_on": on,
                "approval_number": f"天社委〔{on.year}〕{on.timetuple().tm_yday}号",
                **facts,
            }
        return party.found(
            name=name,
            kind=kind,
            grid=grid,
            parent=parent,
            founded_on=on,
            members_on=on,
            by=accounts["party_worker"],
            at=noon(on),
            **facts,
        )

    top = found(
        "天山路街道社区党委",
        Kind.STREET_COMMITTEE,
        street,
        members_full=35,
        secretary="街道社区党委书记",
        elected_on=dt.date(2024, 1, 5),
    )
    grid_committee = found(
        "第三综合网格党委",
        Kind.GRID,
        third,
        top,
        establishment="611",
        members_full=28,
        secretary="网格党委书记",
        # Three years are over in some hundred days: to be prepared now.
        elected_on=today.replace(day=1, year=today.year - 3) + dt.timedelta(days=120),
    )
    made = {
        "top": top,
        "grid": grid_committee,
        "buildings": found(
            "金虹桥楼宇党委",
            Kind.BUILDING_COMMITTEE,
            third,
            grid_committee,
            dt.date(2024, 5, 20),
            approved_to="第三综合网格党委",
            members_full=42,
            secretary="金虹桥楼宇党委书记",
            committee_size=5,
            elected_on=dt.date(2024, 5, 20),
            term_years=5,
        ),
        "tea": found(
            "天山茶市党支部",
            Kind.QUARTER_BRANCH,
            third,
            grid_committee,
            dt.date(2024, 7, 25),
            members_full=6,
            secretary="天山茶市党支部书记",
            elected_on=dt.date(2024, 7, 25),
        ),
        "quarter": found(
            "芙蓉江文化街区临时党支部",
            Kind.TEMPORARY_BRANCH,
            third,
            grid_committee,
            dt.date(2024, 11, 8),
            members_full=4,
            secretary="芙蓉江街区临时党支部书记",
        ),
        "mall": found(
            "遵义购物中心临时党支部",
            Kind.TEMPORARY_BRANCH,
            third,
            grid_committee,
            dt.date(2024, 12, 10),
            members_full=3,
            secretary="临时党支部书记",
        ),
        "regional": found(
            "第三综合网格区域性党组织",
            Kind.REGIONAL,
            third,
            grid_committee,
            dt.date(2024, 12, 2),
            members_full=9,
            secretary="区域性党组织书记",
        ),
        "second": found(
            "第二综合网格区域性党组织",
            Kind.REGIONAL,
            second,
            top,
            dt.date(2024, 12, 2),
            members_full=7,
        ),
    }
    for key, meeting, on, posts in PIONEERS:
        for title, duty, holder in posts:
            party.assign_pioneer(
                made[key],
                title=title,
                duty=duty,
                holder=holder,
                meeting=meeting,
                assigned_on=on,
                since=on,
                by=accounts["party_worker"],
                at=noon(on),
            )
    return made


def cover(made, accounts, *, noon, today):
    """Each step of the cascade as it came; shops that came later are not here yet."""
    chief = accounts["grid_chief"]

    def when(day, by=chief):
        return {"on": day, "by": by, "at": noon(day)}

    def building(name):
        return Building.objects.get(name=name)

    for key, name in (("tea", "天山茶城"), ("buildings", "金虹桥国际中心")):
        party.hold(made[key], building(name), since=made[key].founded_on)
        coverage.take_in(made[key], building(name), **when(STARTED))
    coverage.take_in(made["mall"], building("遵义购物中心"), **when(STARTED))
    # Its branch holds the quarter, but has not yet taken anybody in.
    party.hold(
        made["quarter"], building("芙蓉江文化街区"), since=made["quarter"].founded_on
    )

    _own_branches(made, when, today)
    _joint_branches(made, when)

    week = dt.timedelta(days=7)
    for name in ("娄山商务楼", "天山路沿街商铺", "茅台路沿街商铺", "天山驿空间"):
        coverage.backstop(
            made["regional"],
            building(name),
            contact="网格党建联络员",
            everyone=True,
            paper_by=COMMITTEE,
            **when(STARTED + week),
        )
    # What the mall's temporary branch was there for is done: the committee of the
    # towers takes its place.
    ended = STARTED + dt.timedelta(days=240)
    coverage.dissolve(
        made["mall"],
        reason="开业保障任务完成，所依托的筹备组撤销",
        number="天社委〔2025〕31号",
        hand_to=made["buildings"],
        **when(ended),
    )
    coverage.take_in(
        made["buildings"],
        building("遵义购物中心"),
        **when(ended + dt.timedelta(days=1)),
    )
    coverage.backstop(
        made["second"],
        Grid.objects.get(code="310105006602"),
        contact="第二网格党建联络员",
        **when(STARTED + 3 * week, by=accounts["party_worker"]),
    )
    _advisers(accounts, noon)
    _without(accounts, noon, today)


def _without(accounts, noon, today):
    """For some that nobody covers, why not, and until when that is to change."""
    bare = (
        Business.objects.filter(building__name="芙蓉江文化街区", coverages=None)
        .counted()
        .operating()
        .order_by("pk")[:6]
    )
    for place, business in enumerate(bare):
        day = today - dt.timedelta(days=60)
        actions.edit(
            business,
            changes={
                "uncovered_reason": "街区临时党支部正在逐户摸排",
                "cover_planned_on": today + dt.timedelta(days=15 * (place - 1)),
            },
            seen={},
            by=accounts["grid_clerk"],
            at=noon(day),
        )


def newcomers(made, accounts, *, noon, today):
    """The tea market's branch takes in who came; elsewhere they still wait."""
    day = today - dt.timedelta(days=1)
    coverage.take_in(
        made["tea"],
        Building.objects.get(name="天山茶城"),
        reason="新开商户纳入",
        on=day,
        by=accounts["grid_chief"],
        at=noon(day),
    )


def _ready(mode):
    return (
        Business.objects.filter(grid__code="310105006603", reported_mode=mode)
        .counted()
        .operating()
        .order_by("pk")
    )


def _own_branches(made, when, today):
    """A ledger that says 单独组建 with three full members: the branch is set up."""
    on = STARTED + dt.timedelta(days=52)
    ready = list(_ready(Business.ReportedMode.OWN).filter(members_count__gte=3)[:22])
    for place, business in enumerate(ready):
        # The first two are older than the portal: one term is over, one nearly so.
        founded = (
            today.replace(day=1, year=today.year - 3)
            + dt.timedelta(days=(-40, 60)[place])
            if place < 2
            else on
        )
        full = business.members_count
        coverage.set_up(
            business,
            name=f"{business.name}党支部",
            parent=made["grid"],
            members_full=full,
            members_on=founded,
            committee_size=3 if full >= 7 else None,
            secretary="党支部书记",
            elected_on=founded,
            approved_by=COMMITTEE,
            approved_to=business.name,
            approved_on=founded,
            approval_number=f"天社委〔{founded.year}〕{60 + place}号",
            **when(founded),
        )
    few = _ready(Business.ReportedMode.OWN).exclude(coverages__mode=Mode.OWN).first()
    if few:
        coverage.set_up(
            few,
            name=f"{few.name}党支部",
            parent=made["grid"],
            members_full=2,
            reason="另有 1 名党员的组织关系正在转入",
            **when(on),
        )


def _joint_branches(made, when):
    """联合组建, five together; the last takes a sixth, with its reason."""
    on = STARTED + dt.timedelta(days=82)
    units = list(_ready(Business.ReportedMode.JOINT)[:21])
    for place, start in enumerate(range(0, 20, 5)):
        members = units[start : start + (6 if start == 15 else 5)]
        if not members:
            return
        branch = party.found(
            name=f"娄山商务楼第{place + 1}联合支部",
            kind=Kind.JOINT_BRANCH,
            grid=members[0].grid,
            parent=made["grid"],
            secretary="联合支部书记",
            members_full=sum(unit.members_count or 1 for unit in members),
            members_on=on,
            committee_size=3,
            founded_on=on,
            elected_on=on,
            approved_by=COMMITTEE,
            approved_to=SERVICE_CENTRE,
            approved_on=on,
            approval_number=f"天社委〔2025〕{20 + place}号",
            by=when(on)["by"],
            at=when(on)["at"],
        )
        coverage.join(
            branch,
            members,
            reason="第六家与前五家同层，党员一直一起过组织生活"
            if len(members) > coverage.MOST_IN_A_JOINT_BRANCH
            else "",
            **when(on),
        )


def _advisers(accounts, noon):
    """Advisers stand beside the cascade: two buildings and three enterprises."""
    worker = accounts["party_worker"]
    third = Grid.objects.get(code="310105006603")
    since = STARTED + dt.timedelta(days=30)
    told = {"by": worker, "at": noon(since)}
    full, part = (
        coverage.enter_adviser(
            title=title,
            employment=employment,
            level=level,
            unit=unit,
            grid=third,
            **told,
        )
        for title, employment, level, unit in (
            ("党建指导员·一", "full", "street", "街道党群服务中心"),
            ("党建指导员·二", "part", "district", "区级机关下派"),
        )
    )
    for name in ("茅台路沿街商铺", "芙蓉江文化街区"):
        place = Building.objects.get(name=name)
        coverage.assign_adviser(full, place, since=since, **told)
    for business in _ready(Business.ReportedMode.OWN).filter(
        coverages__mode=Mode.PLACE
    )[:3]:
        coverage.assign_adviser(part, business, since=since, **told)
