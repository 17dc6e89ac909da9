"""Seals: batches of audit lines in a chain of hashes, so that a change is found.

The application can add lines and change none (`tianshan.database.grants`); a seal tells
of whoever went past it, into the database itself or a copy of it. Each holds the hash
of the one before. Whoever recomputes the whole chain is found by a hash that was noted
elsewhere: `manage.py verify_audit --expect HASH`.

A line is sealed when no transaction under way can bring one more below it. Where some
are, a seal notes how far keys had been given out and who was under way then
(`next_upto`, `waits_for`): when those have ended, that stretch is sealed.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

from django.db import connection, transaction

from tianshan.audit.models import Entry, Reading, Seal

# What is sealed; the name is kept, the columns in this order are what is hashed.
LEDGERS = {
    Seal.Ledger.ENTRIES: (
        Entry,
        [
            "id",
            "verb",
            "subject",
            "subject_id",
            "by_id",
            "on_behalf_of",
            "at",
            "data",
            "request",
        ],
    ),
    Seal.Ledger.READINGS: (
        Reading,
        ["id", "by_id", "at", "subject", "subject_id", "field", "why", "request"],
    ),
}
FIRST = "0" * 64  # what stands before the first seal


def seal_all(at):
    """Seal what can be sealed; the new seals. Each minute is often enough."""
    return [made for ledger in LEDGERS if (made := seal(ledger, at))]


@transaction.atomic
def seal(ledger, at):
    """The next seal of a ledger, or None where there is nothing to seal yet."""
    with connection.cursor() as cursor:
        # One at a time: two would both continue the same seal.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"seal {ledger}"])
        last = Seal.objects.filter(ledger=ledger).order_by("-pk").first()
        given = _given_out(cursor, ledger)
        under_way = _under_way(cursor)
    upto = last.upto if last else 0
    waiting = last is not None and last.next_upto > upto
    if not under_way:
        upto = given
    elif waiting and under_way.isdisjoint(last.waits_for):
        upto = last.next_upto
    elif waiting or given == upto:
        return None  # they have not ended; or nothing is new
    if last and (upto, given) == (last.upto, last.next_upto):
        return None
    if not given:
        return None
    lines, digest = digest_of(ledger, last.upto if last else 0, upto)
    made = Seal(
        ledger=ledger,
        upto=upto,
        lines=lines,
        digest=digest,
        before=last.hash if last else FIRST,
        at=at,
        next_upto=given,
        waits_for=sorted(under_way),
    )
    made.hash = hash_of(made)
    made.save()
    return made


def _under_way(cursor):
    """The transactions of this database that write just now, without our own.

    Autovacuum, which has no user, writes no lines.
    """
    cursor.execute(
        "SELECT transactionid::text FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock'"
        " AND datname = current_database() AND usesysid IS NOT NULL"
        " AND pid <> pg_backend_pid()"
    )
    return {key for (key,) in cursor.fetchall()}


def _given_out(cursor, ledger):
    """The highest key that was given out, to lines that are there or not yet."""
    table = LEDGERS[ledger][0]._meta.db_table
    cursor.execute(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, 'id'))", [table]
    )
    return cursor.fetchone()[0] or 0


def digest_of(ledger, after, upto):
    """How many lines there are with keys above `after` up to `upto`, and their hash."""
    model, columns = LEDGERS[ledger]
    rows = model.objects.filter(pk__gt=after, pk__lte=upto).order_by("pk")
    digest, lines = hashlib.sha256(), 0
    for row in rows.values_list(*columns).iterator(chunk_size=2000):
        digest.update(_written(row))
        lines += 1
    return lines, digest.hexdigest()


def hash_of(seal):
    fields = [
        "ledger",
        "upto",
        "lines",
        "digest",
        "before",
        "at",
        "next_upto",
        "waits_for",
    ]
    told = [getattr(seal, field) for field in fields]
    return hashlib.sha256(_written(told)).hexdigest()


def _written(values):
    """The same bytes for the same values, whatever session reads them."""
    text = json.dumps(
        [
            each.astimezone(dt.UTC).isoformat()
            if isinstance(each, dt.datetime)
            else each
            for each in values
        ],
        ensure_ascii=False,
        sort_keys=True,
    )
    return text.encode() + b"\n"


# --- verifying -----------------------------------------------------------------------


@dataclass
class Verdict:
    """What verifying a ledger found; `problems` is empty where all is as it was."""

    ledger: str
    seals: int = 0
    lines: int = 0
    unsealed: int = 0
    head: str = FIRST
    problems: list = None


def verify(ledger, expect=()):
    """Compute every seal of a ledger anew. `expect`: hashes that must be in the chain."""
    verdict = Verdict(ledger, problems=[])
    after = 0
    hashes = {FIRST}
    for seal in Seal.objects.filter(ledger=ledger).order_by("pk").iterator():
        where = f"第 {seal.pk} 号封存（{seal.at:%Y-%m-%d %H:%M}，到记录 {seal.upto}）"
        if seal.before != verdict.head:
            verdict.problems.append(f"{where}接不上前一号：前面的封存少了或改过")
        if seal.hash != hash_of(seal):
            verdict.problems.append(f"{where}自身改过")
        lines, digest = digest_of(ledger, after, seal.upto)
        if lines != seal.lines:
            verdict.problems.append(f"{where}应有 {seal.lines} 条，现有 {lines} 条")
        elif digest != seal.digest:
            verdict.problems.append(f"{where}里有记录改过")
        verdict.seals += 1
        verdict.lines += lines
        verdict.head, after = seal.hash, seal.upto
        hashes.add(seal.hash)
    verdict.unsealed = LEDGERS[ledger][0].objects.filter(pk__gt=after).count()
    for each in expect:
        if each not in hashes:
            verdict.problems.append(f"指纹 {each[:16]}… 不在链上：链被整个重做过")
    return verdict
