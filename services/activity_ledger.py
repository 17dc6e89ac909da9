"""What the ledger of activities shows, and what they are in figures."""

import datetime as dt

import django_filters
from django.db.models import Q
from django.forms import CheckboxSelectMultiple
from django.utils import timezone

from accounts.rights import Right
from party.models import Station
from services.models import Activity, ServiceBrand
from tianshan.ledgers import FIGURES, Figure, Unit
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import tag
from visits.filters import imports_in_sight

# How each state is drawn: kind of tag, icon.
STATES = {
    Activity.State.DRAFT: ("mute", "circle-dashed"),
    Activity.State.ANNOUNCED: ("info", "users-plus"),
    Activity.State.HELD: ("ok", "circle-check"),
    Activity.State.CANCELLED: ("mute", "calendar-off"),
}
UNKNOWN = "未登记"


def draw_state(activity):
    kind, icon_name = STATES[activity.state]
    return tag(kind, activity.get_state_display(), icon_name)


def stations(request):
    return Station.objects.visible_to(request.user).order_by("pinyin")


class ActivityFilter(LedgerFilter):
    state = django_filters.MultipleChoiceFilter(
        label="状态", choices=Activity.State, widget=CheckboxSelectMultiple
    )
    brand = django_filters.ModelChoiceFilter(
        label="服务品牌", queryset=ServiceBrand.objects.all(), empty_label="全部"
    )
    station = django_filters.ModelChoiceFilter(
        label="阵地", queryset=stations, empty_label="全部"
    )
    place_kind = django_filters.MultipleChoiceFilter(
        label="在哪类地方", choices=Activity.Place, widget=CheckboxSelectMultiple
    )
    on = django_filters.DateFromToRangeFilter(label="日期", field_name="starts")
    rule = django_filters.ChoiceFilter(
        label="纪律",
        choices=[
            ("kept", "已核对，遵守"),
            ("broken", "已核对，没有遵守"),
            ("unchecked", "办完还没核对"),
        ],
        method="by_rule",
    )

    batch = django_filters.ModelChoiceFilter(
        label="导入批次", queryset=imports_in_sight, method="by_batch"
    )

    class Meta:
        model = Activity
        fields = []

    def by_batch(self, queryset, name, batch):
        """What a batch brought, and what it knew more of."""
        rows = batch.rows.filter(model="activity").written()
        return queryset.filter(pk__in=rows.values("target"))

    def by_rule(self, queryset, name, value):
        if value == "unchecked":
            return queryset.held().exclude(rule="").filter(rule_kept=None)
        return queryset.filter(rule_kept=value == "kept")


def _starts(row):
    return timezone.localdate(row.starts) if row.untimed else row.starts


def came(row):
    """How many came, in words: 未登记 is not 0."""
    return UNKNOWN if row.person_times is None else row.person_times


def _basis(row):
    if row.head_count is not None:
        return f"点数（{row.get_head_basis_display()}）"
    return "逐个签到" if row.by_name is not None else ""


def _places(row):
    return "不限" if row.capacity is None else f"{row.places_taken} / {row.capacity}"


ACTIVITIES = Ledger(
    key="activities",
    title="活动",
    unit="场",
    page="services:activity_list",
    rows=lambda user: Activity.objects.visible_to(user).for_list(),
    filters=ActivityFilter,
    hint="名称、地点、联办单位、拼音首字母",
    empty="还没有登记活动。",
    actions=[
        (
            "活动日历",
            "calendar-event",
            "services:activity_calendar",
            Right.SEE_SERVICES,
        ),
        ("办活动", "plus", "services:activity_new", Right.HOLD_ACTIVITIES),
    ],
    columns=[
        Column("title", "活动", lambda row: row.title, link=True, sort=("pinyin",)),
        Column("starts", "开始", _starts, sort=("starts",)),
        Column(
            "ends",
            "结束",
            lambda row: None if row.untimed else row.ends,
            sort=("ends",),
            shown=False,
        ),
        Column("where", "地点", lambda row: row.where),
        Column("brand", "服务品牌", lambda row: row.brand.name if row.brand else ""),
        Column("organizer", "主办", lambda row: str(row.organizer), shown=False),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=draw_state,
            sort=("state",),
        ),
        Column("places", "已报 / 名额", _places, number=True),
        Column(
            "person_times",
            "人次",
            lambda row: row.person_times,
            draw=lambda row: came(row) if row.state == Activity.State.HELD else "—",
            sort=("person_times",),
            number=True,
        ),
        Column("basis", "怎么算的", _basis),
        Column(
            "households",
            "户次",
            lambda row: row.households,
            sort=("households",),
            number=True,
            shown=False,
        ),
        Column("rule", "纪律", lambda row: row.rule, shown=False),
        Column(
            "rule_kept",
            "纪律遵守了",
            lambda row: row.rule_kept,
            shown=False,
        ),
        Column("partners", "联办、协办", lambda row: row.partners, shown=False),
        Column("grid", "网格", lambda row: row.grid.name, sort=("grid__path",)),
    ],
)


# --- figures ---------------------------------------------------------------------------


def held(scope):
    """Held, and begun in the period, in the grid's subtree."""
    first, after = _midnight(scope.start), _midnight(scope.end + dt.timedelta(days=1))
    return (
        Activity.objects.visible_to(scope.user)
        .held()
        .filter(
            grid__among=scope.grid.subtree,
            starts__gte=first,
            starts__lt=after,
        )
    )


def _midnight(day):
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def counted(scope):
    return held(scope).counted().exclude(person_times=None)


def uncounted(scope):
    return held(scope).counted().filter(person_times=None)


def with_households(scope):
    return held(scope).exclude(households=None)


def rule_unchecked(scope):
    return held(scope).filter(~Q(rule=""), rule_kept=None)


def register():
    add(ACTIVITIES)
    FIGURES.add(
        Figure(
            "activities",
            "举办活动",
            Unit.EVENTS,
            "时段内开始、已记为举办的活动；拟办、已发布和取消的不计。",
            "activities",
            held,
        ),
        Figure(
            "attendance",
            "参加人次",
            Unit.PERSON_TIMES,
            "时段内举办的活动的参加人次：有点数的按点数（写明依据），没有的按逐个签到；"
            "两样都没有的是“未登记”，不当 0 算。",
            "activities",
            counted,
            adds="person_times",
        ),
        Figure(
            "activities_uncounted",
            "人次未登记的活动",
            Unit.EVENTS,
            "时段内举办、既没有签到也没有点数的活动。",
            "activities",
            uncounted,
        ),
        Figure(
            "attendance_households",
            "参加户次",
            Unit.HOUSEHOLDS,
            "时段内举办的活动中点了户数的，户次相加；不和人次相加。",
            "activities",
            with_households,
            adds="households",
        ),
        Figure(
            "activities_rule_unchecked",
            "纪律未核对的活动",
            Unit.EVENTS,
            "时段内举办、写了纪律（如严禁现场交易）还没有核对是否遵守的活动。",
            "activities",
            rule_unchecked,
        ),
    )
