"""Party organisations, the units that work with them, and who speaks for each."""

from party.models.dated import in_force
from party.models.organization import (
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
    held_through,
)
from party.models.pioneer import PioneerPost
from party.models.plan import BuildingPlan, PlanItem, PlanNote
from party.models.unit import MemberUnit, UnitOfficer

__all__ = [
    "BuildingPlan",
    "MemberUnit",
    "OrganizationBuilding",
    "OrganizationOfficer",
    "PartyOrganization",
    "PioneerPost",
    "PlanItem",
    "PlanNote",
    "UnitOfficer",
    "held_through",
    "in_force",
]
