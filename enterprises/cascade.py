"""The cascade of coverage: who answers for a business, by which step, and why.

The rows in force are ranked; what else might be is proposed and said to be so, never
assumed (DESIGN section 3).
"""

from dataclasses import dataclass, field

from django.utils import timezone

from enterprises.models import AdviserAssignment, Coverage
from party.checks import FEWEST_FOR_OWN
from party.models import OrganizationBuilding, PartyOrganization, in_force


@dataclass
class Step:
    """One step of the cascade for one business on one day."""

    mode: str  # a Coverage.Mode, or "none"
    label: str
    rows: list = field(default_factory=list)  # in force, the latest first
    current: bool = False
    claimed: bool = False  # a ledger says so, without an organisation
    proposed: list = field(default_factory=list)  # organisations that might
    why_not: str = ""  # where nobody answers by it, as far as the facts say

    @property
    def row(self):
        return self.rows[0] if self.rows else None


@dataclass
class Chain:
    """The whole answer of a business's page."""

    business: object
    day: object
    steps: list
    past: list  # rows that ended by the day
    advisers: list  # work coverage, never counted

    @property
    def covered(self):
        return any(step.current for step in self.steps)

    @property
    def planned_and_over(self):
        planned = self.business.cover_planned_on
        return not self.covered and planned is not None and planned < self.day

    def __iter__(self):
        return iter(self.steps)


def coverage_chain(business, day=None):
    """The cascade of a business on a day, today by default, step by step."""
    day = day or timezone.localdate()
    rows = list(
        business.coverages.select_related("organization", "act", "ended_by").ranked()
    )
    holding = [row for row in rows if _in_force(row, day)]
    first = next(iter(holding), None)
    steps = []
    for mode in Coverage.Mode:
        mine = [row for row in holding if row.mode == mode]
        steps.append(
            Step(
                mode=mode,
                label=mode.label,
                rows=mine,
                current=bool(mine) and mine[0] == first,
                claimed=business.reported_mode == mode and not mine,
                proposed=[] if mine else _proposed(business, mode, day),
                why_not="" if mine else _why_not(business, mode),
            )
        )
    advisers = (
        AdviserAssignment.objects.in_force(day).of(business).select_related("adviser")
    )
    return Chain(
        business=business,
        day=day,
        steps=steps,
        past=[
            row
            for row in rows
            if row.until and row.until <= day and row.since < row.until
        ],
        advisers=list(advisers),
    )


def _in_force(row, day):
    return row.since <= day and (row.until is None or row.until > day)


def _why_not(business, mode):
    members = business.members_count
    if mode == Coverage.Mode.OWN:
        if members is None:
            return "党员数没有填，无法判断"
        if members < FEWEST_FOR_OWN:
            return f"党员 {members} 名，未满 {FEWEST_FOR_OWN} 名"
        return f"党员 {members} 名，够条件，还没有组建"
    if mode == Coverage.Mode.JOINT:
        if not members:
            return "没有登记的党员，还没有联合"
        return f"党员 {members} 名，还没有与邻近单位联合"
    if mode == Coverage.Mode.PLACE and business.building_id is None:
        return "没有登记所在楼宇"
    return "还没有纳入"


def _proposed(business, mode, day):
    """Organisations that might cover a business by this mode, were the act done."""
    if mode == Coverage.Mode.PLACE and business.building_id:
        holdings = OrganizationBuilding.objects.filter(
            in_force(day), building=business.building_id
        )
        return [one.organization for one in holdings.select_related("organization")]
    if mode == Coverage.Mode.REGIONAL:
        return list(
            PartyOrganization.objects.standing(day).filter(
                kind=PartyOrganization.Kind.REGIONAL, grid=business.grid_id
            )
        )
    return []
