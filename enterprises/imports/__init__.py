"""The importer: a ledger file in, what it would change, and the change itself.

Read in this order: `recognise` (sheets, heading row, columns), `fields` (what a cell
means), `plan` (new, changed, same, rejected, duplicate, field by field), `apply` (a
batch and its steps). Nothing wrong is dropped in silence: it is listed, with what to
do, in the answer, on the page and in a workbook to download.
"""

from enterprises.imports.apply import Refused, drop, fail, finish, start, upload
from enterprises.imports.plan import COMPARED, Plan, plan
from enterprises.imports.recognise import BUSINESS_HEADINGS

__all__ = [
    "BUSINESS_HEADINGS",
    "COMPARED",
    "Plan",
    "Refused",
    "drop",
    "fail",
    "finish",
    "plan",
    "start",
    "upload",
]
