"""Visits, and what the visited ask for."""

from visits.models.demand import Demand, DemandCategory, DemandDue
from visits.models.visit import Visit

__all__ = ["Demand", "DemandCategory", "DemandDue", "Visit"]
