"""The official columns of the ledgers: what the district's forms ask for.

Facts that people fill in come from OfficialFacts. What the portal knows already comes
from where it is known: the organisation that answers first, its secretary, the adviser.
"""

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from accounts.rights import Right
from enterprises.models import AdviserAssignment, Coverage, OfficialFacts
from enterprises.past import looks_back
from party.models import PartyOrganization, in_force
from tianshan.ledgers.in_sql import Label
from tianshan.ledgers.ledger import Column
from tianshan.web.masks import MaskedName, masked_name

# Headings as the district's and other offices' forms have them, beside the labels;
# brackets, blanks and marks are taken away first.
HEADINGS = {
    "main_business": ["主营范围", "经营范围"],
    "revenue": ["年营收", "年营收万元", "营业收入万元", "年营业收入万元"],
    "output_value": ["年产值", "年产值万元"],
    "has_premises": ["是否经营场所", "是否有固定经营场所", "固定经营场所"],
    "foreign_funded": ["是否外资"],
    "headquarters": ["是否总部", "总部企业"],
    "registered_address": ["注册地"],
    "registered_elsewhere": ["是否异地注册", "注册地与经营地是否不一致"],
    "principal_name": ["主要负责人姓名", "法定代表人", "负责人姓名"],
    "principal_role": ["负责人职务"],
    "principal_politics": ["政治面貌", "主要负责人政治面貌"],
    "principal_posts": ["社会职务"],
    "members_full": ["正式党员", "正式党员人数"],
    "members_probationary": ["预备党员", "预备党员人数"],
    "members_developing": ["发展对象", "发展对象人数"],
    "members_activists": ["入党积极分子", "积极分子", "积极分子数"],
    "members_applicants": ["入党申请人", "申请人", "申请人数", "递交入党申请书人数"],
    "members_belong": ["党员关系所在", "组织关系所在地"],
    "has_union": ["是否组建工会", "是否建工会", "工会"],
    "has_league": ["是否组建团组织", "是否建团组织", "共青团", "团组织"],
    "has_women": ["是否组建妇联", "是否建妇联", "妇联"],
    "approved_by": ["登记管理机关", "批准单位"],
    "approval_number": ["批准文号"],
    "affiliation": [],
    "licence_name": ["执照名"],
    "lease_until": ["租期", "租约到期日"],
    "rent_paid": ["租金缴纳方式"],
    "group_kind": ["新就业群体类型"],
    "platform": ["平台", "站点", "所属平台"],
    "joins_party_life": ["是否愿参加组织生活", "是否愿意参加组织生活"],
}
BUILT = (Coverage.Mode.OWN, Coverage.Mode.JOINT)


def with_facts(queryset, *, user, day):
    return queryset.select_related("official")


def with_organization(queryset, *, user, day):
    """The organisation of the coverage that ranks first on the day."""
    first = Coverage.objects.filter(in_force(day), business=OuterRef("pk")).ranked()
    facts = JSONObject(
        name="organization__name",
        secretary="organization__secretary",
        founded_on="organization__founded_on",
        establishment="organization__establishment",
        mode="mode",
    )
    return queryset.annotate(organization_facts=Subquery(first.values(all=facts)[:1]))


def with_adviser(queryset, *, user, day):
    """The adviser of the business itself, else of the building in which it sits."""
    building = "then_building" if looks_back(queryset) else "building"
    assigned = (
        AdviserAssignment.objects.in_force(day)
        .filter(Q(business=OuterRef("pk")) | Q(building=OuterRef(building)))
        .order_by(F("business").asc(nulls_last=True), "since", "pk")
    )
    facts = JSONObject(title="adviser__title", unit="adviser__unit")
    return queryset.annotate(adviser_facts=Subquery(assigned.values(all=facts)[:1]))


def fact(name):
    """`value(row)` of a column that shows one of the OfficialFacts."""
    has_choices = bool(OfficialFacts._meta.get_field(name).choices)

    def value(row):
        facts = OfficialFacts.of(row)
        if name == "principal_name":
            return masked_name(facts.principal_name)
        if has_choices:
            return getattr(facts, f"get_{name}_display")()
        return getattr(facts, name)

    return value


def of_organization(key):
    return lambda row: (row.organization_facts or {}).get(key) or ""


def of_adviser(key):
    return lambda row: (row.adviser_facts or {}).get(key) or ""


def built_as(row):
    """How its own organisation was built, alone or with others; nothing for none."""
    mode = of_organization("mode")(row)
    return Coverage.Mode(mode).label if mode in BUILT else ""


def establishment(row):
    code = of_organization("establishment")(row)
    return PartyOrganization.Establishment(code).label if code else ""


def has_organization(row):
    """Whether one was built for it, alone or with others; a backstop is none."""
    return of_organization("mode")(row) in BUILT


def columns():
    """All hidden at first; a reader chooses, a template of the district maps them.

    Plain exports leave most of them out: they are wide, and mostly empty.
    """
    derived = [
        ("has_organization", "是否建立党组织", has_organization, with_organization),
        ("built_as", "现行组建方式", built_as, with_organization),
        ("organization", "党组织名称", of_organization("name"), with_organization),
        ("secretary", "书记", of_organization("secretary"), with_organization),
        (
            "organization_founded",
            "党组织成立时间",
            of_organization("founded_on"),
            with_organization,
        ),
        ("establishment", "建制", establishment, with_organization),
        ("adviser", "指导员", of_adviser("title"), with_adviser),
        ("adviser_unit", "指导员单位", of_adviser("unit"), with_adviser),
        (
            "mass_groups",
            "已建群团",
            lambda row: OfficialFacts.of(row).mass_groups,
            with_facts,
        ),
    ]
    return [
        Column(
            "uncovered_reason",
            "未建原因",
            lambda row: row.uncovered_reason,
            shown=False,
            sql="uncovered_reason",
        ),
        Column(
            "cover_planned_on",
            "拟建日期",
            lambda row: row.cover_planned_on,
            sort=("cover_planned_on",),
            shown=False,
            sql="cover_planned_on",
        ),
        *(
            Column(key, label, value, annotate=annotate, shown=False, extra=True)
            for key, label, value, annotate in derived
        ),
        *(_column_of(OfficialFacts._meta.get_field(n)) for n in OfficialFacts.NAMES),
    ]


def _column_of(field):
    return Column(
        field.name,
        str(field.verbose_name),
        fact(field.name),
        number="Integer" in field.get_internal_type(),
        annotate=with_facts,
        shown=False,
        extra=True,
        right=Right.SEE_MEMBERS if field.name in OfficialFacts.RESTRICTED else "",
        sql=_in_sql(field),
    )


def _in_sql(field):
    path = f"official__{field.name}"
    if field.name == "principal_name":
        return MaskedName(path)
    return Label(path, field.choices) if field.choices else path
