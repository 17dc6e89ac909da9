"""What the ledgers of visits and demands show, and what they add to businesses."""

from django.db.models import (
    Count,
    DateField,
    F,
    IntegerField,
    Max,
    OuterRef,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, NullIf
from django.utils.html import format_html
from django.utils.text import Truncator

from accounts.rights import Right
from enterprises.ledgers import KEYS
from tianshan.ledgers.in_sql import Beside, Label, beside
from tianshan.ledgers.ledger import Column, Ledger, extend
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import lamp, tag
from visits import company
from visits.filters import DemandFilter, VisitFilter
from visits.models import Demand, Visit
from visits.steps import what_is_next

SHORT = 30  # characters of the asker's words in a list

# How each outcome and state is drawn: kind of tag, icon.
OUTCOMES = {
    Visit.Outcome.NORMAL: ("ok", "circle-check"),
    Visit.Outcome.DEMAND: ("gold", "message-2"),
    Visit.Outcome.ABSENT: ("mute", "circle-dashed"),
}
STATES = {
    Demand.State.NEW: ("warn", "clock-hour-4"),
    Demand.State.JOINED: ("info", "progress-check"),
    Demand.State.TURNED: ("info", "replace"),
    Demand.State.ANSWERED: ("gold", "message-2"),
    Demand.State.DECLINED: ("gold", "message-2"),
    Demand.State.ENDED: ("gold", "message-2"),
    Demand.State.TOLD: ("ok", "circle-check"),
    Demand.State.WITHDRAWN: ("mute", "arrow-back-up"),
    Demand.State.MISTAKEN: ("mute", "circle-x"),
    Demand.State.RATED: ("ok", "circle-check"),
    Demand.State.REOPENED: ("bad", "alert-triangle"),
    Demand.State.AT_BODY: ("bad", "alert-triangle"),
}


def draw_outcome(visit):
    kind, icon_name = OUTCOMES[visit.outcome]
    drawn = tag(kind, visit.get_outcome_display(), icon_name)
    if visit.voided_at:
        return format_html("{} {}", drawn, tag("bad", "已作废", "x"))
    if visit.joined_to_id:
        return format_html("{} {}", drawn, tag("mute", "已并入", "git-merge"))
    return drawn


def draw_state(demand):
    kind, icon_name = STATES[demand.state]
    drawn = tag(kind, demand.get_state_display(), icon_name)
    if demand.unreached_on:
        return format_html("{} {}", drawn, tag("mute", "两次未联系上", "phone-off"))
    return drawn


def draw_words(demand):
    """The beginning of the words, or that they are confidential."""
    if demand.confidential:
        return tag("mute", f"保密，{demand.handler.display_name}经办", "lock")
    words = Truncator(demand.words).chars(SHORT)
    if demand.urgent:
        return format_html("{} {}", tag("bad", "紧急安全", "urgent"), words)
    return words


def as_of(queryset, *, user, day):
    """The day on which the rows' lights are read."""
    return queryset.annotate(as_of=Value(day, DateField()))


def _light(row):
    light = row.light(row.as_of)
    return light.words if light else ""


def _draw_light(row):
    light = row.light(row.as_of)
    return lamp(light.colour, light.words) if light else "—"


def _owes(row):
    return row.owed_by if row.next_due else ""


VISITS = Ledger(
    key="visits",
    title="走访台账",
    unit="次",
    page="visits:visit_list",
    rows=lambda user: Visit.objects.visible_to(user).for_list(),
    filters=VisitFilter,
    hint="走访对象的名称、室号铺位、拼音首字母",
    empty="还没有走访记录。在企业商户的页面上，或从今日工作里可以记走访。",
    actions=[("记走访", "edit", "visits:visit_new", Right.LOG_VISITS)],
    columns=[
        Column(
            "business",
            "走访对象",
            lambda row: row.business.name,
            link=True,
            sort=("business__pinyin",),
            sql="business__name",
        ),
        Column(
            "day",
            "走访日期",
            lambda row: row.visited_on,
            sort=("visited_on",),
            sql="visited_on",
        ),
        Column(
            "outcome",
            "结果",
            lambda row: row.get_outcome_display(),
            draw=draw_outcome,
            sort=("outcome",),
            sql=Label("outcome", Visit.Outcome.choices),
        ),
        Column(
            "met",
            "见到谁",
            lambda row: row.get_people_met_display(),
            sql=Label("people_met", Visit.Met.choices),
        ),
        Column(
            "method",
            "方式",
            lambda row: row.get_method_display(),
            sql=Label("method", Visit.Method.choices),
        ),
        Column(
            "visitor",
            "走访人",
            lambda row: row.visitor_name,
            sql=Coalesce(NullIf("visitor_said", Value("")), "visitor__display_name"),
        ),
        Column(
            "company",
            "同行",
            lambda row: row.company or "",
            shown=False,
            annotate=company.with_names,
            sql="company",
        ),
        Column(
            "building",
            "楼宇",
            lambda row: row.building.name if row.building else "",
            sort=("building__pinyin",),
            sql="building__name",
        ),
        Column(
            "room",
            "室号铺位",
            lambda row: row.business.room,
            shown=False,
            sql="business__room",
        ),
        Column(
            "note",
            "情况",
            lambda row: row.note,
            draw=lambda row: Truncator(row.note).chars(SHORT) or "—",
            sql="note",
        ),
        Column(
            "confirmed",
            "资料无变化",
            lambda row: row.facts_confirmed,
            shown=False,
            sql="facts_confirmed",
        ),
        Column(
            "grid", "网格", lambda row: row.grid.name, shown=False, sql="grid__name"
        ),
        Column(
            "filled",
            "填写时间",
            lambda row: row.filled_at,
            shown=False,
            sql="filled_at",
        ),
        Column(
            "arrived",
            "到达时间",
            lambda row: row.arrived_at,
            shown=False,
            sql="arrived_at",
        ),
        Column(
            "void",
            "作废原因",
            lambda row: row.void_reason,
            shown=False,
            sql="void_reason",
        ),
    ],
)

DEMANDS = Ledger(
    key="demands",
    title="诉求台账",
    unit="件",
    page="visits:demand_list",
    rows=lambda user: Demand.objects.visible_to(user).for_list(),
    filters=DemandFilter,
    hint="原话、提出的人的名称、拼音首字母",
    empty="还没有诉求。走访时记下的，和电话、来访反映的，都在这里。",
    actions=[("记诉求", "message-plus", "visits:demand_new", Right.LOG_VISITS)],
    columns=[
        Column(
            "words",
            "原话",
            lambda row: row.words,
            draw=draw_words,
            link=True,
        ),
        Column(
            "asker",
            "提出的人",
            lambda row: row.business.name,
            sort=("business__pinyin",),
        ),
        Column(
            "building",
            "楼宇",
            lambda row: row.business.building.name if row.business.building else "",
            sort=("business__building__pinyin",),
            shown=False,
        ),
        Column(
            "category",
            "类别",
            lambda row: row.category.name,
            sort=("category__position",),
        ),
        Column(
            "source",
            "来源",
            lambda row: row.get_source_display(),
            sort=("source",),
            shown=False,
        ),
        Column("raised", "提出日期", lambda row: row.raised_on, sort=("raised_on",)),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=draw_state,
            sort=("state",),
        ),
        Column("light", "红黄灯", _light, draw=_draw_light, annotate=as_of),
        Column("due", "期限", lambda row: row.due_on, sort=("due_on",)),
        Column(
            "tell_by",
            "应回告日期",
            lambda row: row.tell_by,
            sort=("tell_by",),
            shown=False,
        ),
        Column("owed", "下一步由谁", _owes, sort=("owed_by",)),
        Column("next", "下一步", what_is_next),
        Column("outcome", "结果", lambda row: row.outcome, shown=False),
        Column("outcome_on", "有结果日期", lambda row: row.outcome_on, shown=False),
        Column(
            "told", "回告日期", lambda row: row.told_on, sort=("told_on",), shown=False
        ),
        Column(
            "told_how",
            "回告方式",
            lambda row: row.get_told_how_display(),
            sort=("told_how",),
            shown=False,
        ),
        Column(
            "unreached",
            "两次未联系上",
            lambda row: row.unreached_on,
            sort=("unreached_on",),
            shown=False,
        ),
        Column("confidential", "保密", lambda row: row.confidential, shown=False),
        Column("urgent", "紧急安全", lambda row: row.urgent, shown=False),
        Column("dropped", "撤回或误记原因", lambda row: row.dropped_why, shown=False),
        Column("grid", "网格", lambda row: row.grid.name, shown=False),
    ],
)


def with_last_visit(queryset, *, user, day):
    """The last day up to then on which somebody was met on the spot."""
    met = Visit.objects.met().filter(business=OuterRef("pk"), visited_on__lte=day)
    last = met.order_by("-visited_on").values("visited_on")[:1]
    return queryset.annotate(last_visit=Subquery(last))


def beside_last_visit(queryset, *, user, day):
    met = Visit.objects.met().filter(visited_on__lte=day).order_by()
    last = met.values(of=F("business")).annotate(told=Max("visited_on"))
    return beside(queryset, "last_visit", last)


def with_open_demands(queryset, *, user, day):
    """How many demands were open on the day, of those that the user may see."""
    theirs = (
        Demand.objects.visible_to(user).open_on(day).filter(business=OuterRef("pk"))
    )
    counted = theirs.order_by().values("business").annotate(n=Count("pk")).values("n")
    return queryset.annotate(open_demands=Coalesce(Subquery(counted), 0))


def beside_open_demands(queryset, *, user, day):
    theirs = Demand.objects.visible_to(user).open_on(day).order_by()
    counted = theirs.values(of=F("business")).annotate(told=Count("pk"))
    return beside(queryset, "open_demands", counted)


def register():
    add(VISITS)
    add(DEMANDS)
    extend(
        *KEYS,
        columns=[
            Column(
                "last_visit",
                "上次走访",
                lambda row: row.last_visit,
                annotate=with_last_visit,
                sql=Beside("last_visit", DateField()),
                joins=beside_last_visit,
            ),
            Column(
                "open_demands",
                "在办诉求",
                lambda row: row.open_demands,
                number=True,
                annotate=with_open_demands,
                sql=Coalesce(Beside("open_demands", IntegerField()), 0),
                joins=beside_open_demands,
            ),
        ],
    )
