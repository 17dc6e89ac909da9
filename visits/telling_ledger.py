"""Who is to be told what: the list of tellings, and several told at once."""

import datetime as dt

import django_filters
from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from accounts.rights import Right
from grids.floors import floor_of
from tianshan.ledgers.actions import Refused
from tianshan.ledgers.bulk import Edit
from tianshan.ledgers.ledger import Column, Ledger
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import icon, lamp, tag
from visits import actions, telling
from visits.filters import DemandFilter
from visits.ledgers import SHORT, as_of, draw_words
from visits.models import Demand
from visits.telling_forms import TellManyForm

KINDS = {
    Demand.State.ANSWERED: "答复",
    Demand.State.DECLINED: "不予受理",
    Demand.State.ENDED: "办结",
}
AGES = [("late", "已过应回告日期"), ("week", "一周以上"), ("month", "一个月以上")]


class TellingFilter(DemandFilter):
    """By where one walks, and by how long it has waited."""

    light = state = telling = source = batch = raised = None

    reach = django_filters.ChoiceFilter(
        label="进度",
        choices=[("waiting", "等着回告"), ("unreached", "两次未联系上")],
        empty_label="全部",
        method="by_reach",
    )
    floor = django_filters.NumberFilter(label="楼层", method="by_floor")
    age = django_filters.ChoiceFilter(
        label="等了多久", choices=AGES, empty_label="全部", method="by_age"
    )
    kind = django_filters.ChoiceFilter(
        label="结果",
        field_name="state",
        choices=[
            (Demand.State.ANSWERED, "答复"),
            (Demand.State.DECLINED, "不予受理"),
            (Demand.State.ENDED, "办结"),
        ],
        empty_label="全部",
    )

    def by_reach(self, queryset, name, value):
        if value == "unreached":
            return queryset.unreached()
        return queryset.waiting_to_be_told()

    def by_floor(self, queryset, name, level):
        """Floors are read from rooms; what waits to be told is few."""
        rooms = queryset.order_by().values_list(
            "pk", "business__room", "business__building__floors"
        )
        return queryset.filter(
            pk__in=[
                pk for pk, room, top in rooms if floor_of(room, top=top).level == level
            ]
        )

    def by_age(self, queryset, name, value):
        today = timezone.localdate()
        if value == "late":
            return queryset.filter(tell_by__lt=today)
        days = {"week": 7, "month": 30}[value]
        return queryset.filter(outcome_on__lte=today - dt.timedelta(days=days))


class Told(Edit):
    """Record for several askers at once that they have been told."""

    key = "told"
    label = "记已回告"
    icon = "send"
    right = Right.LOG_VISITS
    model = Demand
    form = TellManyForm

    def name(self, row):
        return f"{row.business.name}：{Truncator(row.words).chars(SHORT)}"

    def words(self, values):
        how = Demand.Told(values["how"]).label
        return f"{values['on']} {how}"

    def before(self, row):
        return row.get_state_display()

    def after(self, row, values):
        return Demand.State.TOLD.label

    def same(self, row, values):
        return row.state == Demand.State.TOLD

    def refused(self, row, values):
        if row.confidential:
            return "保密件由经办人一件一件回告"
        if values["on"] < row.outcome_on:
            return "回告日期早于有结果的日期"
        return ""

    def lock_first(self, pks):
        actions.lock_above(pks)

    def write(self, rows, values, *, by, at):
        changes = {}
        for row in rows:
            before = row.state
            try:
                actions.tell(row, how=values["how"], on=values["on"], by=by, at=at)
            except actions.Refused as refused:
                raise Refused(str(refused)) from refused
            changes[row.pk] = before
        return changes

    def restore(self, rows, changes, *, by, at):
        for row in rows:
            telling.take_back(row, by=by, at=at)


def with_tries(queryset, *, user, day):
    """How often the asker was sought in vain since the outcome that holds."""
    return queryset.annotate(
        tries=Count(
            "attempts",
            filter=Q(attempts__taken_back_at=None)
            & Q(attempts__on__gte=Coalesce("outcome_on", "raised_on")),
        )
    )


def with_progress(queryset, *, user, day):
    return as_of(with_tries(queryset, user=user, day=day), user=user, day=day)


def _progress(row):
    if row.unreached_on:
        return "两次未联系上"
    return f"试过 {row.tries} 次" if row.tries else "等着回告"


def _draw_progress(row):
    if row.unreached_on:
        return tag("mute", "两次未联系上", "phone-off")
    light = row.light(row.as_of)
    tried = f" 试过 {row.tries} 次" if row.tries else ""
    return format_html("{}{}", lamp(light.colour, light.words), tried)


def _floor(row):
    building = row.business.building
    return floor_of(row.business.room, top=building.floors if building else None)


def _place(row):
    """Where one goes to tell it: the building and the floor."""
    building = row.business.building
    return f"{building.name}　{_floor(row).label}" if building else "不在楼里"


def _draw_go(row):
    return format_html(
        '<a class="btn btn-sm" href="{}" aria-label="回告{}">{}回告</a>',
        reverse("visits:demand_tell", args=[row.pk]),
        row.business.name,
        icon("send"),
    )


def _rows(user):
    rows = Demand.objects.visible_to(user).untold().for_list()
    # The order in which one walks; what waits longest first within a shop.
    return rows.order_by(
        "business__building__pinyin", "business__room", "outcome_on", "pk"
    )


TELLING = Ledger(
    key="telling",
    title="等着回告",
    unit="件",
    page="visits:telling_list",
    rows=_rows,
    filters=TellingFilter,
    lead_text="有了结果、还没告诉提出的人的诉求，按楼宇和室号铺位排。一条文字能告诉几家的，勾选后一起办。",
    hint="原话、提出的人的名称、拼音首字母",
    empty="没有等着回告的。诉求有了结果，会出现在这里。",
    edits=[Told],
    group=_place,
    papers=[
        ("texts", "复制文字", "message-2", "visits:telling_texts", Right.LOG_VISITS),
        ("slips", "打印回告单", "printer", "visits:telling_slips", Right.LOG_VISITS),
    ],
    columns=[
        Column(
            "asker",
            "提出的人",
            lambda row: row.business.name,
            sort=("business__pinyin",),
            link=True,
        ),
        Column(
            "progress",
            "进度",
            _progress,
            draw=_draw_progress,
            annotate=with_progress,
        ),
        Column("go", "办理", lambda row: "", draw=_draw_go, exported=False),
        Column(
            "building",
            "楼宇",
            lambda row: row.business.building.name if row.business.building else "",
            sort=("business__building__pinyin", "business__room"),
        ),
        Column("room", "室号铺位", lambda row: row.business.room),
        Column("floor", "楼层", lambda row: _floor(row).label, shown=False),
        Column("words", "原话", lambda row: row.words, draw=draw_words),
        Column(
            "outcome",
            "要告诉的结果",
            lambda row: row.outcome,
            draw=lambda row: Truncator(row.outcome).chars(2 * SHORT),
        ),
        Column(
            "kind",
            "结果",
            lambda row: KINDS[row.state],
            sort=("state",),
            shown=False,
        ),
        Column("category", "类别", lambda row: row.category.name, shown=False),
        Column(
            "since",
            "有结果日期",
            lambda row: row.outcome_on,
            sort=("outcome_on",),
            shown=False,
        ),
        Column("tell_by", "应回告日期", lambda row: row.tell_by, sort=("tell_by",)),
        Column(
            "owed",
            "下一步由谁",
            lambda row: row.owed_by,
            sort=("owed_by",),
            shown=False,
        ),
    ],
)


def register():
    add(TELLING)
