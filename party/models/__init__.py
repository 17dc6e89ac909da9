"""Party organisations, the units that work with them, and who speaks for each."""

from party.models.booking import Booking
from party.models.dated import in_force
from party.models.organization import (
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
    held_through,
)
from party.models.pioneer import PioneerPost
from party.models.plan import BuildingPlan, PlanItem, PlanNote
from party.models.station import (
    Station,
    StationFunction,
    StationHours,
    StationRoom,
    StationStaff,
    in_office,
)
from party.models.unit import MemberUnit, UnitOfficer

__all__ = [
    "Booking",
    "BuildingPlan",
    "MemberUnit",
    "OrganizationBuilding",
    "OrganizationOfficer",
    "PartyOrganization",
    "PioneerPost",
    "PlanItem",
    "PlanNote",
    "Station",
    "StationFunction",
    "StationHours",
    "StationRoom",
    "StationStaff",
    "UnitOfficer",
    "held_through",
    "in_force",
    "in_office",
]
