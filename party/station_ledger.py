"""What the ledger of stations shows."""

import django_filters
from django.db.models import Q
from django.forms import CheckboxSelectMultiple
from django.utils import timezone

from accounts.rights import Right
from party.models import Station
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add


class StationFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=Station.Kind, widget=CheckboxSelectMultiple
    )
    open = django_filters.ChoiceFilter(
        label="是否停用",
        choices=[("yes", "在用"), ("no", "已停用")],
        method="by_open",
    )

    class Meta:
        model = Station
        fields = []

    def by_open(self, queryset, name, value):
        closed = Q(closed_on__lte=timezone.localdate())
        return queryset.exclude(closed) if value == "yes" else queryset.filter(closed)


def _functions(row):
    return "、".join(each.name for each in row.functions.all() if not each.ended_on)


def _rooms(row):
    return sum(not each.closed_on for each in row.rooms.all())


STATIONS = Ledger(
    key="stations",
    title="党群阵地",
    unit="个",
    page="party:station_list",
    rows=lambda user: Station.objects.visible_to(user).for_list(),
    filters=StationFilter,
    hint="阵地、服务内容、拼音首字母",
    empty="您的网格里还没有登记阵地。",
    actions=[("设立阵地", "plus", "party:station_new", Right.KEEP_STATIONS)],
    columns=[
        Column("name", "阵地", lambda row: row.name, link=True, sort=("pinyin",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column("parent", "设在", lambda row: row.parent.name if row.parent else ""),
        Column(
            "building", "楼宇", lambda row: row.building.name if row.building else ""
        ),
        Column("place", "位置", lambda row: row.place),
        Column("functions", "功能", _functions),
        Column("rooms", "可订场地", _rooms, number=True),
        Column("phone", "服务电话", lambda row: row.phone),
        Column("grid", "网格", lambda row: row.grid.name, sort=("grid__path",)),
        Column(
            "organization",
            "所属党组织",
            lambda row: row.organization.name if row.organization else "",
            shown=False,
        ),
        Column(
            "opened_on",
            "启用日期",
            lambda row: row.opened_on,
            sort=("opened_on",),
            shown=False,
        ),
        Column(
            "closed_on",
            "停用日期",
            lambda row: row.closed_on,
            sort=("closed_on",),
            shown=False,
        ),
    ],
)


def register():
    add(STATIONS)
