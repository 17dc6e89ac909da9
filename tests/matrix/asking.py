"""Asking an address for one cell, and reading what came."""

import io
import zipfile

from django.db import connection, transaction
from django.urls import reverse

from tests.matrix.world import MARKS
from tests.test_urls import PATTERNS

KNOWN = dict(PATTERNS)
WORDS = {
    "step": "withdraw",
    "act": "trade",
    "cause": "missing",
    "key": "businesses",
    "row": 1,
    "number": 1,
    "subject": 1,
    "role": "grid_staff",
}


def url_of(line, here):
    """The address with the object of that territory."""
    name, _, ledger = line.name.partition("/")
    converters = KNOWN[name].pattern.converters
    parts = {part: _value(part, line, ledger, here) for part in converters}
    return reverse(name, kwargs=parts)


def _value(part, line, ledger, here):
    at, kind = here.at, line.of
    if part == "key":
        if line.name == "visits:photo_upload":
            return at["photo"].key
        if line.name == "dashboard:api_ledger":
            return WORDS[part]
        return ledger or at["extra"].key
    if part == "code":
        return at["grid"].code
    if part == "token":
        return at[f"{kind.removeprefix('token:')}_token"]
    if part == "other":
        return at[f"other_{kind}"].pk
    if part == "business":
        return at["business"].pk
    if part == "offer":
        return at["offer"].pk
    if part == "pk":
        return at["activity" if kind.startswith("token:") else kind].pk
    return WORDS[part]


def body_of(response):
    """What was sent, with the text of workbooks and documents."""
    raw = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            raw = b"".join(book.read(name) for name in book.namelist())
    return raw.decode("utf-8", "replace")


def marks_in(text):
    """The territories of which words stand in a text."""
    return {name for name, mark in MARKS.items() if mark * 2 in text}


class Undone(Exception):
    """Ends a cell: nothing of it stays."""


def in_a_cell(ask):
    """Call `ask` and take back whatever it wrote; returns (answer, rows it wrote)."""
    before = rows_written()
    try:
        with transaction.atomic():
            answer = ask()
            wrote = {
                table: number - before.get(table, 0)
                for table, number in rows_written().items()
                if number != before.get(table, 0)
            }
            raise Undone
    except Undone:
        return answer, wrote


def rows_written():
    """How many rows of each table this transaction wrote so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del"
            " FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())
