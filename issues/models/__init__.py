"""Who deliberates, what about, and what was decided to be done."""

from issues.models.bodies import BodyMember, DeliberationBody, Level
from issues.models.chain import (
    Deliberation,
    Issue,
    Matter,
    MatterDemand,
    Measure,
)
from issues.models.meeting import (
    AgendaItem,
    Attendance,
    ItemMeasure,
    Meeting,
    Opinion,
    Slot,
)
from issues.models.merge import MatterMerge
from issues.models.paper import Minutes, Survey, SurveyPhoto
from issues.models.part import Evidence, Extension, MeasurePart, PartAct, Pause
from issues.models.sorting import SortedDemand, Sorting
from issues.models.step import IssueStep, Supervision

__all__ = [
    "AgendaItem",
    "Attendance",
    "BodyMember",
    "Deliberation",
    "DeliberationBody",
    "Evidence",
    "Extension",
    "Issue",
    "IssueStep",
    "ItemMeasure",
    "Level",
    "Matter",
    "MatterDemand",
    "MatterMerge",
    "Measure",
    "MeasurePart",
    "Meeting",
    "Minutes",
    "Opinion",
    "PartAct",
    "Pause",
    "Slot",
    "SortedDemand",
    "Sorting",
    "Supervision",
    "Survey",
    "SurveyPhoto",
]
