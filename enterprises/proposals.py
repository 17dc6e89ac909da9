"""What the ledgers suggest for coverage and nobody has done yet: proposed, not assumed.

Each is a condition on businesses, so that its number opens exactly its rows
(`?proposed=` on the ledgers of businesses).
"""

from dataclasses import dataclass

import django_filters
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.forms import HiddenInput
from django.utils import timezone

from accounts.rights import Right
from enterprises.ledgers import KEYS
from enterprises.models import Business, Coverage, CoverageAct
from party.models import OrganizationBuilding, PartyOrganization, in_force
from tianshan.ledgers import extend

OWN, JOINT, NEWCOMER, PLANNED = "own", "joint", "newcomer", "planned"

WORDS = {
    OWN: (
        "报了单独组建，没有党组织",
        "台账填的是单独组建，但没有登记党组织，不计覆盖。",
    ),
    JOINT: ("报了联合组建，没有党组织", "台账填的是联合组建，但不在任何联合支部里。"),
    NEWCOMER: (
        "楼宇有党组织管，还没有纳入",
        "所在楼宇、市场、街区有党组织管着，这一家还没有纳入。",
    ),
    PLANNED: ("过了拟建日期", "还没有党组织负责，拟覆盖日期已经过了。"),
}


@dataclass(frozen=True)
class Proposal:
    key: str
    label: str
    definition: str
    count: int


def narrow(businesses, key, day):
    """Those of which the proposal holds on the day."""
    rows = businesses.counted().operating()
    if key == NEWCOMER:
        return rows.newcomers(day)
    if key == PLANNED:
        covered = Coverage.objects.in_force(day).values("business")
        return rows.filter(cover_planned_on__lt=day).exclude(pk__in=covered)
    return rows.claiming(key, day)


def proposals(user, day):
    """Every proposal with its number, of the businesses in sight."""
    visible = Business.objects.visible_to(user)
    return [
        Proposal(key, label, definition, narrow(visible, key, day).count())
        for key, (label, definition) in WORDS.items()
    ]


def newcomers_by_holding(user, **of):
    """The buildings that organisations hold, each with who is not yet taken in.

    Holdings with nobody left out are left out; one query for all.
    """
    manages = PartyOrganization.objects.visible_to(user, Right.MANAGE_COVERAGE)
    covered = Coverage.objects.filter(
        organization=OuterRef(OuterRef("organization")),
        mode=Coverage.Mode.PLACE,
        until=None,
    )
    inside = (
        Business.objects.visible_to(user, Right.MANAGE_COVERAGE)
        .counted()
        .operating()
        .filter(building=OuterRef("building"))
        .exclude(pk__in=covered.values("business"))
        .order_by()
        .values("building")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        OrganizationBuilding.objects.filter(
            in_force(),
            organization__in=manages.standing(),
            organization__kind__in=PartyOrganization.TAKES_IN,
            **of,
        )
        .select_related("organization", "building")
        .annotate(waiting=Coalesce(Subquery(inside), 0))
        .filter(waiting__gt=0)
        .order_by("building__pinyin", "pk")
    )


# --- what the ledgers of businesses take from here -----------------------------------


def _proposed(queryset, name, key):
    return narrow(queryset, key, timezone.localdate())


def waiting_for(businesses, organization):
    """Those in the buildings that an organisation holds and that it has not taken in."""
    held = OrganizationBuilding.objects.filter(
        in_force(), organization=organization, building=OuterRef("building")
    )
    covered = organization.coverages.filter(mode=Coverage.Mode.PLACE, until=None)
    return (
        businesses.counted()
        .operating()
        .filter(Exists(held))
        .exclude(pk__in=covered.values("business"))
    )


def register():
    extend(
        *KEYS,
        filters={
            "proposed": django_filters.ChoiceFilter(
                label="覆盖要办",
                choices=[(key, label) for key, (label, _) in WORDS.items()],
                method=_proposed,
            ),
            "waits_for": django_filters.ModelChoiceFilter(
                label="等着纳入的党组织",
                queryset=lambda request: PartyOrganization.objects.visible_to(
                    request.user
                ).standing(),
                method=lambda queryset, name, one: waiting_for(queryset, one),
                widget=HiddenInput,
            ),
            "act": django_filters.ModelChoiceFilter(
                label="覆盖办理",
                queryset=lambda request: CoverageAct.objects.visible_to(
                    request.user
                ).for_list(),
                method=lambda queryset, name, act: queryset.by_act(act),
                widget=HiddenInput,
            ),
        },
    )
