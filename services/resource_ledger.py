"""What the ledgers of needs and of providers show."""

import django_filters
from django.db.models import Count, DateField, Q, Value
from django.forms import CheckboxSelectMultiple

from accounts.rights import Right
from services.models import Need, Provider, Replacement
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import lamp, masked_phone, tag

STATES = {
    Need.State.OPEN: ("warn", "search"),
    Need.State.MET: ("ok", "circle-check"),
    Need.State.UNMET: ("mute", "circle-off"),
    Need.State.WITHDRAWN: ("mute", "arrow-back-up"),
}


class NeedFilter(LedgerFilter):
    state = django_filters.MultipleChoiceFilter(
        label="状态", choices=Need.State, widget=CheckboxSelectMultiple
    )
    replacing = django_filters.ChoiceFilter(
        label="补位", choices=[("yes", "等着补位")], method="by_replacing"
    )

    class Meta:
        model = Need
        fields = []

    def by_replacing(self, queryset, name, value):
        waiting = Replacement.objects.open().values("need")
        return queryset.filter(pk__in=waiting)


class ProviderFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=Provider.Kind, widget=CheckboxSelectMultiple
    )
    skill = django_filters.CharFilter(label="能提供什么", method="by_skill")

    class Meta:
        model = Provider
        fields = []

    def by_skill(self, queryset, name, value):
        return queryset.filter(skills__contains=[value.strip()])


def counted(queryset):
    return queryset.annotate(
        asking=Count("askers", distinct=True),
        offering=Count("offers", filter=Q(offers__withdrawn_on=None), distinct=True),
    )


def as_of(queryset, *, user, day):
    """The day on which the rows' lights are read."""
    return queryset.annotate(as_of=Value(day, DateField()))


def _light(row):
    light = row.light(row.as_of)
    return light.words if light else ""


def _draw_light(row):
    light = row.light(row.as_of)
    return lamp(light.colour, light.words) if light else "—"


NEEDS = Ledger(
    key="needs",
    title="资源对接",
    unit="个",
    page="services:need_list",
    rows=lambda user: counted(Need.objects.visible_to(user).for_list()),
    filters=NeedFilter,
    hint="需求、要的是哪一样、拼音首字母",
    empty="还没有需求。企业商户或机构要找老师、场地、贷款这些，登记在这里。",
    actions=[
        ("提供方", "users-group", "services:provider_list", Right.SEE_SERVICES),
        ("登记需求", "plus", "services:need_new", Right.ORDER),
    ],
    columns=[
        Column("title", "需求", lambda row: row.title, link=True, sort=("pinyin",)),
        Column("skill", "要的是哪一样", lambda row: row.skill, sort=("skill",)),
        Column(
            "asking",
            "提出的",
            lambda row: row.asking,
            number=True,
            sort=("asking",),
        ),
        Column(
            "offering",
            "提供意向",
            lambda row: row.offering,
            number=True,
            sort=("offering",),
        ),
        Column(
            "wanted_on",
            "哪天以前要",
            lambda row: row.wanted_on,
            sort=("wanted_on",),
        ),
        Column("light", "红黄灯", _light, draw=_draw_light, annotate=as_of),
        Column("wanted_for", "为了什么日子", lambda row: row.wanted_for),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=lambda row: tag(
                STATES[row.state][0], row.get_state_display(), STATES[row.state][1]
            ),
            sort=("state",),
        ),
        Column("raised_on", "提出日期", lambda row: row.raised_on, sort=("raised_on",)),
        Column("grid", "网格", lambda row: row.grid.name, shown=False),
        Column("outcome", "结果", lambda row: row.outcome, shown=False),
    ],
)

PROVIDERS = Ledger(
    key="providers",
    title="资源提供方",
    unit="家",
    page="services:provider_list",
    rows=lambda user: Provider.objects.visible_to(user).for_list(),
    filters=ProviderFilter,
    hint="名称、能提供什么、拼音首字母",
    empty="还没有登记提供方：成员单位、银行、工作室、志愿者都可以。",
    actions=[
        ("资源对接", "arrows-exchange", "services:need_list", Right.SEE_SERVICES),
        ("登记提供方", "plus", "services:provider_new", Right.KEEP_RESOURCES),
    ],
    columns=[
        Column("name", "提供方", lambda row: row.name, link=True, sort=("pinyin",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column("skills", "能提供什么", lambda row: "、".join(row.skills)),
        Column("slots", "什么时候有空", lambda row: row.slots),
        Column(
            "capacity",
            "一次多少人",
            lambda row: row.capacity,
            number=True,
            sort=("capacity",),
        ),
        Column("contact_title", "联系人", lambda row: row.contact_title),
        Column(
            "contact_phone",
            "联系电话",
            lambda row: masked_phone(row.contact_phone),
            masked="联系电话",
        ),
        Column("grid", "网格", lambda row: row.grid.name, shown=False),
        Column(
            "ended_on",
            "不再提供",
            lambda row: row.ended_on,
            sort=("ended_on",),
            shown=False,
        ),
    ],
)


def register():
    add(NEEDS)
    add(PROVIDERS)
