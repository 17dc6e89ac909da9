"""Party organisations, the units that work with them, and who speaks for each."""

from party.models.dated import in_force
from party.models.organization import (
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
)
from party.models.unit import MemberUnit, UnitOfficer

__all__ = [
    "MemberUnit",
    "OrganizationBuilding",
    "OrganizationOfficer",
    "PartyOrganization",
    "UnitOfficer",
    "in_force",
]
