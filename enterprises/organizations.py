"""What this room adds to organisations: what each covers, and the rule on joint ones."""

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.html import format_html

from enterprises.coverage import MOST_IN_A_JOINT_BRANCH
from enterprises.models import Business, Coverage
from party.checks import CHECKS, ON_BRANCHES, Check
from party.models import PartyOrganization, in_force
from tianshan.ledgers import Column, extend


def with_covers(organizations, *, user, day):
    """Each with the number of operating businesses in sight that it covers."""
    rows = (
        Coverage.objects.filter(
            in_force(day),
            organization=OuterRef("pk"),
            business__in=Business.objects.visible_to(user).operating(),
        )
        .order_by()
        .values("organization")
        .annotate(count=Count("business", distinct=True))
        .values("count")
    )
    return organizations.annotate(
        covers=Coalesce(Subquery(rows, output_field=IntegerField()), 0)
    )


def draw_covers(row):
    """The number, which opens its rows."""
    return format_html(
        '<a class="num" href="{}?organization={}&amp;state=operating">{}'
        "<small>家</small></a>",
        reverse("enterprises:business_list"),
        row.pk,
        row.covers,
    )


def in_a_joint_branch(day):
    """The units of each joint branch on the day: `[(organisation, units)]`."""
    return (
        Coverage.objects.in_force(day)
        .filter(mode=Coverage.Mode.JOINT)
        .order_by()
        .values("organization")
        .annotate(units=Count("business", distinct=True))
    )


def _too_many(day):
    crowded = in_a_joint_branch(day).filter(units__gt=MOST_IN_A_JOINT_BRANCH)
    return Q(pk__in=crowded.values("organization"))


def _units(organization, result, day):
    row = in_a_joint_branch(day).filter(organization=organization).first()
    return f"现在覆盖 {row['units'] if row else 0} 家"


JOINT_UNITS = Check(
    "joint_units",
    "联合支部超过 5 家",
    "联合党支部覆盖的单位一般不超过 5 个。",
    ON_BRANCHES,
    applies=lambda day: Q(kind=PartyOrganization.Kind.JOINT_BRANCH),
    broken=_too_many,
    why=_units,
)


def register():
    CHECKS.add(JOINT_UNITS)
    extend(
        "party",
        columns=[
            Column(
                "covers",
                "覆盖",
                lambda row: row.covers,
                draw=draw_covers,
                number=True,
                annotate=with_covers,
            )
        ],
    )
