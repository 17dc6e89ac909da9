"""Party organisations, the units that work with them, and who speaks for each."""

from party.models.dated import in_force
from party.models.organization import (
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
)
from party.models.pioneer import PioneerPost
from party.models.unit import MemberUnit, UnitOfficer

__all__ = [
    "MemberUnit",
    "OrganizationBuilding",
    "OrganizationOfficer",
    "PartyOrganization",
    "PioneerPost",
    "UnitOfficer",
    "in_force",
]
