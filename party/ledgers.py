"""What the ledger of Party organisations shows."""

from party.filters import OrganizationFilter
from party.models import PartyOrganization
from tianshan.ledgers.ledger import Column, Ledger
from tianshan.ledgers.ledger import register as add

ORGANIZATIONS = Ledger(
    key="party",
    title="党组织台账",
    unit="个",
    page="party:organization_list",
    rows=lambda user: PartyOrganization.objects.visible_to(user).for_list(),
    filters=OrganizationFilter,
    empty="您的网格里还没有党组织。",
    columns=[
        Column("name", "名称", lambda row: row.name, link=True, sort=("pinyin",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column(
            "parent", "上级党组织", lambda row: row.parent.name if row.parent else ""
        ),
        Column("grid", "网格", lambda row: row.grid.name, sort=("grid__path",)),
        Column("secretary", "书记", lambda row: row.secretary),
        Column(
            "members",
            "党员数",
            lambda row: row.members_full + row.members_probationary,
            number=True,
            sort=("members_full",),
        ),
        Column("approved_by", "批复单位", lambda row: row.approved_by),
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
    ],
)


def register():
    add(ORGANIZATIONS)
