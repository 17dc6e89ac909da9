"""Visits, and what the visited ask for."""

from visits.models.demand import Demand, DemandCategory, DemandDue
from visits.models.door import DoorReport
from visits.models.photo import Photo
from visits.models.promise import Promise
from visits.models.rating import Rating
from visits.models.secret import Secret
from visits.models.telling import TellingAttempt
from visits.models.together import Companion, Correction, NotSameVisit
from visits.models.visit import Visit

__all__ = [
    "Companion",
    "Correction",
    "Demand",
    "DemandCategory",
    "DemandDue",
    "DoorReport",
    "NotSameVisit",
    "Photo",
    "Promise",
    "Rating",
    "Secret",
    "TellingAttempt",
    "Visit",
]
