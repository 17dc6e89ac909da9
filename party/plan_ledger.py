"""What the ledger of the items in buildings' plans filters and shows."""

import django_filters
from django.db.models import DateField, Value
from django.forms import CheckboxSelectMultiple
from django.utils import timezone

from accounts.rights import Right
from grids.models import Building
from party.models import MemberUnit, PartyOrganization, PlanItem
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import lamp, tag
from tianshan.workdays.lights import GREEN, RED, YELLOW

LIGHTS = [(RED, "红灯"), (YELLOW, "黄灯"), (GREEN, "正常")]

# How each state is drawn: kind of tag, icon.
STATES = {
    PlanItem.State.WAITING: ("line", "circle-dashed"),
    PlanItem.State.RUNNING: ("info", "progress-check"),
    PlanItem.State.DONE: ("ok", "circle-check"),
    PlanItem.State.CANCELLED: ("mute", "circle-x"),
}


class PlanItemFilter(LedgerFilter):
    light = django_filters.ChoiceFilter(
        label="红黄灯", choices=LIGHTS, empty_label="全部", method="by_light"
    )
    building = django_filters.ModelChoiceFilter(
        label="楼宇",
        queryset=lambda request: Building.objects.visible_to(
            request.user, Right.SEE_PLANS
        ).order_by("pinyin"),
        field_name="plan__building",
        empty_label="全部",
    )
    year = django_filters.NumberFilter(label="年度", field_name="plan__year")
    organization = django_filters.ModelChoiceFilter(
        label="责任党组织",
        queryset=lambda request: PartyOrganization.objects.visible_to(request.user),
        empty_label="全部",
    )
    unit = django_filters.ModelChoiceFilter(
        label="责任单位",
        queryset=lambda request: MemberUnit.objects.visible_to(request.user),
        empty_label="全部",
    )
    state = django_filters.MultipleChoiceFilter(
        label="状态", choices=PlanItem.State, widget=CheckboxSelectMultiple
    )

    class Meta:
        model = PlanItem
        fields = []

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.localdate())


def as_of(queryset, *, user, day):
    """The day on which the rows' lights are read."""
    return queryset.annotate(as_of=Value(day, DateField()))


def light_in_words(row):
    light = row.light(row.as_of)
    if light:
        return light.words
    return f"{row.done_on.isoformat()} 完成" if row.done_on else ""


def draw_light(row):
    light = row.light(row.as_of)
    if light:
        return lamp(light.colour, light.words)
    return light_in_words(row) or "—"


PLAN_ITEMS = Ledger(
    key="plan_items",
    title="一楼一方案事项",
    unit="项",
    page="party:plan_item_list",
    rows=lambda user: PlanItem.objects.visible_to(user).current().for_list(),
    filters=PlanItemFilter,
    lead_text="已确认的方案里的事项，每项只列一次，在最新的一版里。",
    hint="事项、责任方、拼音首字母",
    empty="还没有方案事项。在楼宇的页面上可以起草方案，确认后列在这里。",
    columns=[
        Column("content", "事项", lambda row: row.content, link=True),
        Column(
            "building",
            "楼宇",
            lambda row: row.plan.building.name,
            sort=("plan__building__pinyin",),
        ),
        Column("owner", "责任方", lambda row: row.owner),
        Column("due", "期限", lambda row: row.due_on, sort=("due_on",)),
        Column("light", "红黄灯", light_in_words, draw=draw_light, annotate=as_of),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=lambda row: tag(
                STATES[row.state][0], row.get_state_display(), STATES[row.state][1]
            ),
            sort=("state",),
        ),
        Column("edition", "方案", lambda row: row.plan.edition, sort=("plan__year",)),
        Column("result", "完成情况", lambda row: row.result, shown=False),
        Column("reason", "取消原因", lambda row: row.cancel_reason, shown=False),
        Column("grid", "网格", lambda row: row.plan.building.grid.name, shown=False),
    ],
)


def register():
    add(PLAN_ITEMS)
