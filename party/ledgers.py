"""What the ledger of Party organisations shows."""

from accounts.rights import Right
from party.checks import CHECKS
from party.filters import OrganizationFilter
from party.models import PartyOrganization
from tianshan.ledgers.ledger import Column, Ledger, Past
from tianshan.ledgers.ledger import register as add
from tianshan.values.extra import Carrier, carry


def with_checks(queryset, *, user, day):
    return CHECKS.annotate(queryset, day)


class PastOfOrganizations(Past):
    """Set up by the day and not yet dissolved; their facts as they are now."""

    def known(self, queryset, day):
        return queryset.standing(day)


ORGANIZATIONS = Ledger(
    key="party",
    title="党组织台账",
    unit="个",
    page="party:organization_list",
    rows=lambda user: PartyOrganization.objects.visible_to(user).for_list(),
    filters=OrganizationFilter,
    past=PastOfOrganizations(),
    empty="您的网格里还没有党组织。",
    carries=("organization",),
    actions=[
        ("党组织树", "sitemap", "party:organization_tree", Right.SEE_PARTY),
        ("覆盖办理", "checklist", "enterprises:coverage_work", Right.MANAGE_COVERAGE),
        ("设立党组织", "plus", "party:organization_new", Right.MANAGE_PARTY),
    ],
    columns=[
        Column("name", "名称", lambda row: row.name, link=True, sort=("pinyin",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column(
            "establishment",
            "建制",
            lambda row: row.get_establishment_display(),
            sort=("establishment",),
            shown=False,
        ),
        Column(
            "parent", "上级党组织", lambda row: row.parent.name if row.parent else ""
        ),
        Column("grid", "网格", lambda row: row.grid.name, sort=("grid__path",)),
        Column("secretary", "书记", lambda row: row.secretary),
        Column(
            "members_full",
            "正式党员",
            lambda row: row.members_full,
            number=True,
            sort=("members_full",),
        ),
        Column(
            "members_probationary",
            "预备党员",
            lambda row: row.members_probationary,
            number=True,
            sort=("members_probationary",),
        ),
        Column("approved_by", "批复单位", lambda row: row.approved_by, shown=False),
        Column("approved_to", "受文单位", lambda row: row.approved_to, shown=False),
        Column(
            "approval_number", "批复文号", lambda row: row.approval_number, shown=False
        ),
        Column(
            "approved_on",
            "批复日期",
            lambda row: row.approved_on,
            sort=("approved_on",),
        ),
        Column(
            "term_ends_on",
            "任期届满",
            lambda row: row.term_ends_on,
            sort=("term_ends_on",),
        ),
        Column("checks", "要看一看", CHECKS.in_words, annotate=with_checks),
        Column(
            "dissolved_on",
            "撤销日期",
            lambda row: row.dissolved_on,
            sort=("dissolved_on",),
            shown=False,
        ),
    ],
)


def register():
    add(ORGANIZATIONS)
    labels = {column.label for column in ORGANIZATIONS.columns}
    carry(
        Carrier(
            key="organization",
            label="党组织",
            model=PartyOrganization,
            taken=labels.__contains__,
        )
    )
