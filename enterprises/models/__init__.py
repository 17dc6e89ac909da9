"""Businesses, where they are, which Party organisation answers for each, imports."""

from enterprises.models.business import (
    Business,
    BusinessQuerySet,
    Coverage,
    Enterprise,
    Merchant,
    OfBusinessQuerySet,
)
from enterprises.models.coverage import Adviser, AdviserAssignment, CoverageAct
from enterprises.models.district import ExportRun, ExportTemplate, MissingAnswer
from enterprises.models.imported import (
    HeadingMemory,
    ImportBatch,
    ImportFix,
    ImportProgress,
    ImportRow,
)
from enterprises.models.journal import JournalEntry
from enterprises.models.official import OfficialFacts
from enterprises.models.place import (
    Caretaker,
    Occupancy,
    Operation,
    Ownership,
    Priority,
)
from enterprises.models.trade import Trade, TradeWord, section_of
from enterprises.models.twins import Merge, NotTwins

__all__ = [
    "Adviser",
    "AdviserAssignment",
    "Business",
    "BusinessQuerySet",
    "Caretaker",
    "Coverage",
    "CoverageAct",
    "Enterprise",
    "ExportRun",
    "ExportTemplate",
    "HeadingMemory",
    "ImportBatch",
    "ImportFix",
    "ImportProgress",
    "ImportRow",
    "JournalEntry",
    "Merchant",
    "Merge",
    "MissingAnswer",
    "NotTwins",
    "Occupancy",
    "OfBusinessQuerySet",
    "OfficialFacts",
    "Operation",
    "Ownership",
    "Priority",
    "Trade",
    "TradeWord",
    "section_of",
]
