"""What the ledger of orders shows."""

import django_filters
from django.db.models import DateTimeField, Value
from django.utils import timezone

from accounts.rights import Right
from party.models import Station
from services.models import MenuItem, Order, ServiceBrand
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import lamp, tag
from tianshan.workdays.lights import GREEN, RED, YELLOW

LIGHTS = [(RED, "红灯"), (YELLOW, "黄灯"), (GREEN, "正常")]
# How each state is drawn: kind of tag, icon.
STATES = {
    Order.State.PLACED: ("warn", "clock-hour-4"),
    Order.State.DISPATCHED: ("info", "send"),
    Order.State.ACCEPTED: ("info", "circle-check"),
    Order.State.SERVING: ("info", "calendar-event"),
    Order.State.FINISHED: ("ok", "checkbox"),
    Order.State.RATED: ("ok", "star"),
    Order.State.DECLINED: ("mute", "x"),
    Order.State.WITHDRAWN: ("mute", "arrow-back-up"),
}


def brands(request):
    return ServiceBrand.objects.visible_to(request.user)


def items(request):
    return MenuItem.objects.visible_to(request.user).for_list()


def stations(request):
    return Station.objects.visible_to(request.user).order_by("pinyin")


class OrderFilter(LedgerFilter):
    state = django_filters.MultipleChoiceFilter(label="状态", choices=Order.State)
    waits = django_filters.ChoiceFilter(
        label="等谁",
        choices=[
            ("dispatch", "等网格派单"),
            ("returned", "退回等重派"),
            ("answer", "等阵地答复"),
            ("revisit", "等网格回访"),
        ],
        empty_label="全部",
        method="by_waits",
    )
    light = django_filters.ChoiceFilter(
        label="红黄灯", choices=LIGHTS, empty_label="全部", method="by_light"
    )
    brand = django_filters.ModelChoiceFilter(
        label="品牌", field_name="item__brand", queryset=brands, empty_label="全部"
    )
    item = django_filters.ModelChoiceFilter(
        label="服务", queryset=items, empty_label="全部"
    )
    station = django_filters.ModelChoiceFilter(
        label="阵地", queryset=stations, empty_label="全部", method="by_station"
    )
    source = django_filters.ChoiceFilter(
        label="来源", choices=Order.Source, empty_label="全部"
    )
    verdict = django_filters.ChoiceFilter(
        label="评价", choices=Order.Verdict, empty_label="全部"
    )
    placed = django_filters.DateFromToRangeFilter(
        label="点单日期", field_name="placed_at"
    )

    class Meta:
        model = Order
        fields = []

    def by_waits(self, queryset, name, value):
        now = timezone.now()
        if value == "dispatch":
            return queryset.to_dispatch(now)
        if value == "returned":
            return queryset.returned(now)
        if value == "answer":
            return queryset.to_answer(now)
        return queryset.to_revisit()

    def by_station(self, queryset, name, station):
        return queryset.at(station)

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.now())


def as_of(queryset, *, user, day):
    """The moment at which lights are read."""
    return queryset.annotate(now=Value(timezone.now(), DateTimeField()))


def _light(row):
    light = row.light(row.now)
    return light.words if light else ""


def _draw_light(row):
    light = row.light(row.now)
    return lamp(light.colour, light.words) if light else "—"


def _next(row):
    step = row.next_step(row.now)
    return f"{step[1]}：{step[0]}" if step else ""


def _due(row):
    step = row.next_step(row.now)
    return step[3] if step else None


def _draw_state(row):
    kind, icon = STATES[row.state]
    return tag(kind, row.get_state_display(), icon)


ORDERS = Ledger(
    key="orders",
    title="点单台账",
    unit="单",
    page="services:order_list",
    rows=lambda user: Order.objects.visible_to(user).for_list(),
    filters=OrderFilter,
    hint="服务、品牌、点单单位、拼音首字母",
    empty="还没有点单。企业扫店里的码可以点，也可以代它点。",
    actions=[
        ("看板", "layout-kanban", "services:order_board", Right.SEE_SERVICES),
        ("代企业点单", "plus", "services:order_new", Right.ORDER),
    ],
    columns=[
        Column("number", "单号", lambda row: row.number, link=True, sort=("pk",)),
        Column("item", "服务", lambda row: row.item.name, sort=("item__name",)),
        Column("brand", "品牌", lambda row: row.item.brand.name),
        Column(
            "business",
            "点单单位",
            lambda row: row.business.name,
            sort=("business__pinyin",),
        ),
        Column(
            "building",
            "楼宇",
            lambda row: row.business.building.name if row.business.building else "",
        ),
        Column("people", "人数", lambda row: row.people, number=True, sort=("people",)),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=_draw_state,
            sort=("state",),
        ),
        Column("light", "红黄灯", _light, draw=_draw_light, annotate=as_of),
        Column("next", "下一步由谁", _next, annotate=as_of),
        Column("due", "期限", _due, annotate=as_of),
        Column(
            "station", "承接阵地", lambda row: row.station.name if row.station else ""
        ),
        Column("serve_on", "服务日期", lambda row: row.serve_on, sort=("serve_on",)),
        Column("came", "到场人次", lambda row: row.came, number=True, sort=("came",)),
        Column("verdict", "评价", lambda row: row.get_verdict_display()),
        Column("placed", "点单时间", lambda row: row.placed_at, sort=("placed_at",)),
        Column("source", "来源", lambda row: row.get_source_display(), shown=False),
        Column("grid", "网格", lambda row: row.grid.name, shown=False),
        Column("words", "想要什么", lambda row: row.words, shown=False),
        Column("given", "提供了什么", lambda row: row.given, shown=False),
        Column("ended", "未服务原因", lambda row: row.ended_why, shown=False),
        Column("revisit", "回访结果", lambda row: row.revisit_words, shown=False),
    ],
)


def register():
    add(ORDERS)
