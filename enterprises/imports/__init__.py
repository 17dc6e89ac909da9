"""The importer: a file in, what it would change, and the change itself.

Read in this order: `kinds` (what can come in), `recognise` (sheets, heading rows,
columns, and what is asked of them), `fields` (what a cell means), `plan` (new, changed,
same, rejected, duplicate, field by field), `apply` (a batch and its steps), `mending`
(what people decide on the page), `progress` (how far the worker is), `undo` (a batch
taken back). Nothing wrong is dropped in silence: it is listed, with what to do, in the
answer, on the page and in a workbook to download.
"""

from enterprises.imports.apply import (
    Refused,
    drop,
    examine,
    fail,
    finish,
    receive,
    recover,
    remap,
    start,
    start_undoing,
    upload,
)
from enterprises.imports.kinds import BUSINESS_HEADINGS, KINDS, Job, Kind, register
from enterprises.imports.mending import leave, mend, skip
from enterprises.imports.plan import COMPARED, Plan, plan
from enterprises.imports.undo import undo

__all__ = [
    "BUSINESS_HEADINGS",
    "COMPARED",
    "KINDS",
    "Job",
    "Kind",
    "Plan",
    "Refused",
    "drop",
    "examine",
    "fail",
    "finish",
    "leave",
    "mend",
    "plan",
    "receive",
    "recover",
    "register",
    "remap",
    "skip",
    "start",
    "start_undoing",
    "undo",
    "upload",
]
