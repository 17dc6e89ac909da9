"""The demo's stations: the seed's service centre and its two 宁聚里 with their functions.

Rooms, hours and telephones are samples; the functions are the seed's.
"""

import datetime as dt

from django.utils import timezone

from accounts.rights import Role
from grids.models import Building, Post
from party import bookings, stations
from party.models import Station, StationStaff
from services.models import ServiceBrand

Kind = Station.Kind
OPENED = dt.date(2024, 3, 1)
WEEKDAYS, ALL_DAYS = range(1, 6), range(1, 8)
DAY = (dt.time(9), dt.time(18))
LONG = (dt.time(8, 30), dt.time(20, 30))

# The three of 五个YI that the seed names.
BRANDS = [
    ("益企讲堂", "政策解读、经营和职场技能，讲给企业商户听"),
    ("艺享空间", "非遗手作、茶文化、艺术体验"),
    ("医靠驿站", "健康讲座、义诊和心理疏导"),
]

# Key, name, kind, where, what it gives, its functions, its rooms, its hours.
STATIONS = [
    (
        "centre",
        "天山路街道党群服务中心",
        Kind.CENTER,
        {"services": "党建联建、主题活动、议事协商的主阵地，统筹全街道的活动和资源。"},
        [("党群议事点", "网格党建联席会在这里开")],
        [("天山荟", 80, "投影、音响、茶席"), ("议事厅", 30, "投影、白板")],
        (ALL_DAYS, LONG),
    ),
    (
        "jinhongqiao",
        "宁聚里·金虹桥党群服务站",
        Kind.STATION,
        {
            "services": "楼里的企业和员工办事、议事、求助，一站办好。",
            "building": "金虹桥国际中心",
        },
        [
            ("临时党支部活动点", "临时党支部的会和活动"),
            ("平安客厅", "矛盾纠纷调解"),
            ("检察护企工作站", "涉企法律监督和咨询"),
            ("营商法治驿站", "合同、用工、知识产权咨询"),
        ],
        [("大客厅", 40, "投影、白板"), ("洽谈室", 8, "")],
        (WEEKDAYS, DAY),
    ),
    (
        "tianshanyi",
        "宁聚里·天山驿空间党群服务站",
        Kind.STATION,
        {"services": "外卖骑手、楼宇白领歇脚、咨询、参加活动的地方。"},
        [],
        [("活动室", 30, "投影、手作台"), ("书吧", 16, "")],
        (ALL_DAYS, DAY),
    ),
    (
        "nest",
        "暖新巢",
        Kind.NEST,
        {
            "services": "充电休憩、政策咨询、暖心关怀。",
            "within": "tianshanyi",
            "place": "天山驿空间一层",
        },
        [("骑手歇脚点", "饮水、充电、热饭")],
        [],
        (ALL_DAYS, LONG),
    ),
]

# Days ahead, station, room, from, to, what for, whose.
BOOKED = [
    (2, "jinhongqiao", "大客厅", 14, 16, "楼宇党委例会", "buildings"),
    (3, "tianshanyi", "活动室", 10, 12, "新就业群体座谈", None),
    (5, "centre", "天山荟", 13, 16, "节令茶会布置和彩排", "tea"),
    (8, "jinhongqiao", "洽谈室", 9, 11, "支部组织生活", "quarter"),
]


def load(world):
    """Stations with all that is theirs, their workers, bookings; answers them by key."""
    accounts, noon, today = world["accounts"], world["noon"], world["today"]
    worker, at = accounts["party_worker"], noon(OPENED)
    third = accounts["station_staff"].posts.get().grid
    made = {}
    for position, (name, about) in enumerate(BRANDS):
        ServiceBrand.objects.create(name=name, about=about, position=position)
    for key, name, kind, facts, functions, rooms, hours in STATIONS:
        facts = dict(facts)
        building, within = facts.pop("building", None), facts.pop("within", None)
        station = made[key] = stations.set_up(
            name=name,
            kind=kind,
            grid=third.parent if kind == Kind.CENTER else third,
            building=Building.objects.get(name=building) if building else None,
            parent=made.get(within),
            unit=world["units"]["街道党群服务中心"],
            organization=world["organizations"]["top" if key == "centre" else "grid"],
            contact_title="值班工作人员",
            opened_on=OPENED,
            by=worker,
            at=at,
            **facts,
        )
        for function, what in functions:
            stations.add_function(station, name=function, about=what, by=worker, at=at)
        for room, capacity, equipment in rooms:
            stations.add_room(
                station,
                name=room,
                capacity=capacity,
                equipment=equipment,
                by=worker,
                at=at,
            )
        days, span = hours
        stations.set_hours(
            station, hours=[(day, *span) for day in days], by=worker, at=at
        )
    post = Post.objects.get(user=accounts["station_staff"], role=Role.STATION_STAFF)
    # The nest has no account: the grid's clerk answers for it.
    StationStaff.objects.create(post=post, station=made["tianshanyi"])
    for ahead, key, room, start, end, title, organization in BOOKED:
        day = today + dt.timedelta(days=ahead)
        bookings.book(
            made[key].rooms.get(name=room),
            starts=_clock(day, start),
            ends=_clock(day, end),
            title=title,
            organization=world["organizations"].get(organization),
            outside_hours=True,
            by=worker,
            at=noon(today),
        )
    return made


def _clock(day, hour):
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))
