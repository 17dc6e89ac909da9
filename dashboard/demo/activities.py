"""The demo's activities: the seed's fifty with its five thousand person-times.

Each goes through the acts of the portal, with the clock of its day: announced, signed
up for, ticked off or counted, held, its rule checked. The seed names what they are;
who came is invented.
"""

import datetime as dt

from django.db.models import Sum
from django.utils import timezone

from enterprises.models import Business
from grids.models import Neighborhood
from services import activities, checkins, signups
from services.models import Activity, Attendance, Feedback, ServiceBrand

PERSON_TIMES = 5000
DAY = dt.timedelta(days=1)
RULE = "严禁现场交易"
# One solar term of each month.
TERMS = [
    *("大寒", "立春", "春分", "谷雨", "立夏", "夏至"),
    *("小暑", "立秋", "白露", "霜降", "小雪", "冬至"),
]
SCHOOLS = ["天山第一小学", "天山初级中学", "娄山中学"]

LECTURES = [
    "小微企业税费", "用工合同", "稳岗补贴", "知识产权", "直播合规",
    "数据安全", "社保新政", "融资渠道", "消防责任", "消费维权",
]  # fmt: skip
CRAFTS = ["竹编茶席", "扎染", "漆扇", "香囊", "剪纸", "盘扣", "拓印", "掐丝珐琅"]
SKILLS = ["AI 办公", "公文写作", "演讲表达", "短视频", "数据表格", "冲突沟通"]
HEALTH = ["颈椎保健", "心理减压", "骑手义诊", "中医四季", "急救培训", "眼健康"]
JOINT = [
    "茶科普讲座", "学雷锋便民服务", "春茶品鉴", "茶礼与待客", "茶旅共建",
    "老茶客说茶", "茶馆与社区",
]  # fmt: skip


def load(world):
    """What was held since the go-live day, and what is coming."""
    made = _Maker(world)
    made.held()
    made.coming()


class _Maker:
    """The demo's hands: one worker who holds them all, and whoever comes."""

    def __init__(self, world):
        self.today, self.noon = world["today"], world["noon"]
        self.rng = world["rng"]
        self.by = world["accounts"]["party_worker"]
        self.grid = world["accounts"]["grid_staff"].posts.get().grid
        self.stations = world["stations"]
        self.organizations = world["organizations"]
        self.brands = {brand.name: brand for brand in ServiceBrand.objects.all()}
        firms = Business.objects.operating().filter(grid=self.grid)
        self.firms = list(firms.filter(kind="enterprise").order_by("pk"))
        self.shops = list(firms.filter(kind="merchant").order_by("pk")[:60])
        self.rng.shuffle(self.firms)
        self.turn = 0

    # --- what was held ---

    def held(self):
        series = {
            title: activities.make_series(
                title=title,
                brand=self.brands[brand],
                grid=self.grid,
                by=self.by,
                at=self.noon(self.today - 690 * DAY),
            )
            for title, brand in (
                ("宁新讲堂 第{n}讲", "益企讲堂"),
                ("职场技能培训 第{n}期", "益企讲堂"),
                ("非遗手作 第{n}期", "艺享空间"),
            )
        }
        plans = [
            *self._named("宁新讲堂 第{n}讲", LECTURES, "jinhongqiao", "大客厅", series),
            *self._named(
                "职场技能培训 第{n}期", SKILLS, "jinhongqiao", "大客厅", series
            ),
            *self._named("非遗手作 第{n}期", CRAFTS, "tianshanyi", "活动室", series),
            *self._named("医靠驿站", HEALTH, "tianshanyi", "活动室", {}),
            *(("joint", about) for about in JOINT),
            *(("tea", number) for number in range(12)),
        ]
        self.rng.shuffle(plans)
        span = (self.today - dt.date(2025, 1, 6)).days
        # Spread from the first weeks to last week, so that the past year has its part.
        for number, (kind, *plan) in enumerate(plans):
            day = dt.date(2025, 1, 6) + DAY * (span * number // len(plans))
            getattr(self, f"_hold_{kind}")(self._workday(day), *plan)
        self._hold_members_day()
        self._count_up()

    def _named(self, title, subjects, station, room, series):
        return [
            ("named", title, about, station, room, series.get(title))
            for about in subjects
        ]

    def _workday(self, day):
        while day.isoweekday() > 5:
            day -= DAY
        return day

    def _make(self, day, hour, hours=2, *, room=None, **facts):
        """Announced ten days ahead, its rule confirmed where it has one."""
        starts = self._clock(day, hour)
        ahead = min(self.noon(day - 10 * DAY), self.noon(self.today))
        activity = activities.create(
            grid=self.grid,
            room=room,
            outside_hours=True,
            starts=starts,
            ends=starts + dt.timedelta(hours=hours),
            by=self.by,
            at=ahead,
            **facts,
        )
        if activity.rule:
            activities.confirm_rule(activity, by=self.by, at=ahead)
        return activities.announce(activity, by=self.by, at=ahead), ahead

    def _clock(self, day, hour):
        return timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))

    def _at(self, station, room):
        station = self.stations[station]
        return {
            "place_kind": Activity.Place.STATION,
            "station": station,
            "room": station.rooms.get(name=room),
        }

    def _hold_named(self, day, title, about, station, room, series):
        """A class of a brand: who signed up is ticked off at the door, more walk in."""
        where = self._at(station, room)
        activity, ahead = self._make(
            day,
            18,
            title=f"{title}：{about}",
            series=series,
            brand=None if series else self.brands[title],
            about=f"主题：{about}",
            capacity=where["room"].capacity,
            host=where["station"],
            **where,
        )
        firms = [self._next_firm() for _ in range(12 if room == "大客厅" else 10)]
        for firm in firms[:3]:
            self._sign_up(activity, firm, self.rng.randint(1, 3), ahead)
        for firm in firms[3:]:
            self._check_in(activity, business=firm, title=self._title())
        self._close(activity, ticked=True)

    def _next_firm(self):
        self.turn += 1
        return self.firms[(self.turn - 1) % len(self.firms)]

    def _title(self):
        return f"{self.rng.choice('林沈陈周吴徐顾')}女士"

    def _check_in(self, activity, **who):
        checkins.check_in(
            activity,
            persons=who.pop("persons", None) or self.rng.randint(1, 3),
            how=Attendance.How.DOOR,
            by=self.by,
            at=activity.starts,
            **who,
        )

    def _sign_up(self, activity, business, persons, at):
        """Who signed up for one already is left out, as the act would have it."""
        try:
            return signups.sign_up(
                activity,
                business=business,
                title=self._title(),
                persons=persons,
                by=self.by,
                at=at,
            )[0]
        except activities.Refused:
            return None

    def _close(
        self, activity, *, ticked=False, heads=None, households=None, basis=None
    ):
        """Ticked off or counted, held, checked, and what a few say of it."""
        at = activity.ends
        if ticked:
            rows = activity.signups.holding().select_related("business")
            came = {row: row.persons for row in rows if self.rng.random() < 0.93}
            for row, persons in came.items():
                self._check_in(activity, signup=row, persons=persons)
        activities.hold(activity, by=self.by, at=at)
        if heads:
            activities.count_heads(
                activity,
                count=heads,
                basis=basis,
                households=households,
                by=self.by,
                at=at,
            )
        if activity.rule:
            activities.check_rule(
                activity,
                kept=True,
                words="只品饮讲解，没有摆摊售卖。",
                by=self.by,
                at=at,
            )
        if self.rng.random() < 0.4:
            activities.give_feedback(
                activity,
                verdict=self.rng.choice(
                    [Feedback.Verdict.GOOD] * 4 + [Feedback.Verdict.FAIR]
                ),
                words=self.rng.choice(["讲得清楚，能用上。", "希望周末也办一场。", ""]),
                by=self.by,
                at=at,
            )

    def _hold_joint(self, day, about):
        """党建联建 of the tea culture at 天山荟, with the market's branch."""
        activity, ahead = self._make(
            day,
            13,
            title=f"茶文化党建联建：{about}",
            about=about,
            organization=self.organizations["tea"],
            partners="天山茶城、楼宇党委",
            capacity=80,
            most_each=4,
            **self._at("centre", "天山荟"),
        )
        for shop in self.rng.sample(self.shops, 9):
            self._sign_up(activity, shop, self.rng.randint(1, 4), ahead)
        self._close(
            activity, ticked=True, heads=self.rng.randint(58, 78), basis="sheet"
        )

    def _hold_tea(self, day, number):
        """四时茶会·节令茶会: out of the market, to neighbourhoods and schools."""
        if number % 3 == 2:
            where = {
                "place_kind": Activity.Place.SCHOOL,
                "place": SCHOOLS[number // 3 % len(SCHOOLS)],
            }
        else:
            committees = Neighborhood.objects.order_by("code")
            where = {
                "place_kind": Activity.Place.NEIGHBORHOOD,
                "neighborhood": committees[number],
            }
        name = "四时茶会" if number % 4 == 0 else "节令茶会"
        activity, _ = self._make(
            day,
            14,
            title=f"{name}：{TERMS[day.month - 1]}",
            about="识茶、泡茶、节令食俗，公益科普。",
            organization=self.organizations["tea"],
            brand=self.brands["艺享空间"],
            rule=RULE,
            for_children=number % 3 == 2,
            keep_days=7 if number % 3 == 2 else 30,
            **where,
        )
        self._close(activity, heads=self.rng.randint(285, 340), basis="photo")

    def _hold_members_day(self):
        """5·29: sixty households at the kindergarten."""
        year = self.today.year - (self.today <= dt.date(self.today.year, 5, 29))
        activity, _ = self._make(
            dt.date(year, 5, 29),
            9,
            title="5·29 会员日：自然育爱·陪“童”成长",
            about="育儿加油站：亲子游戏、儿科和早教老师一对一解答，0-3 岁家庭参加。",
            place_kind=Activity.Place.SCHOOL,
            place="天山幼儿园",
            organization=self.organizations["top"],
            partners="天山幼儿园",
            for_children=True,
            keep_days=7,
        )
        self._close(activity, heads=150, households=60, basis="sheet")

    def _count_up(self):
        """The last tea gathering is counted so that all come to the seed's figure."""
        counted = Activity.objects.held().counted()
        total = counted.aggregate(n=Sum("person_times"))["n"]
        last = counted.exclude(rule="").order_by("-starts").first()
        activities.count_heads(
            last,
            count=last.head_count + PERSON_TIMES - total,
            basis=last.head_basis,
            by=self.by,
            at=last.ends,
        )
        activities.erase_due(self.noon(self.today))

    # --- what is coming ---

    def coming(self):
        """One that is full with a line behind it, one with places, one not yet announced,
        one that was called off."""
        day, at = self.today + 6 * DAY, self.noon(self.today)
        where = self._at("jinhongqiao", "洽谈室")
        full, _ = self._make(
            self._workday(day),
            15,
            title="法务咨询：劳动合同",
            brand=self.brands["益企讲堂"],
            host=where["station"],
            capacity=8,
            **where,
        )
        made = [self._sign_up(full, firm, 2, at) for firm in self.firms[:7]]
        signups.withdraw(made[1], by=self.by, at=at)

        where = self._at("centre", "天山荟")
        tea, _ = self._make(
            self.today + 12 * DAY,
            14,
            title="节令茶会：冬至",
            brand=self.brands["艺享空间"],
            organization=self.organizations["tea"],
            partners="天山居民区",
            capacity=40,
            reserved=8,
            rule=RULE,
            **where,
        )
        for shop in self.shops[:9]:
            self._sign_up(tea, shop, 2, at)

        starts = self._clock(self.today + 20 * DAY, 14)
        activities.create(
            grid=self.grid,
            title="四时茶会：冬藏",
            place_kind=Activity.Place.SCHOOL,
            place=SCHOOLS[0],
            organization=self.organizations["tea"],
            rule=RULE,
            starts=starts,
            ends=starts + dt.timedelta(hours=2),
            by=self.by,
            at=at,
        )
        off, _ = self._make(
            self.today + 9 * DAY,
            10,
            title="户外义诊",
            brand=self.brands["医靠驿站"],
            host=self.stations["tianshanyi"],
            place_kind=Activity.Place.STREET,
            place="天山路骑手歇脚处",
        )
        self._sign_up(off, self.shops[0], 2, at)
        activities.cancel(off, why="预报有雨，改期另行通知", by=self.by, at=at)
