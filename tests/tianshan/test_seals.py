"""Audit lines are sealed in a chain; whatever is changed behind the portal is found."""

import io
import random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from tests.factories import NOON
from tianshan.audit import read, record
from tianshan.audit.models import Entry, Reading, Seal
from tianshan.audit.seals import FIRST, seal, verify

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = Seal.Ledger.ENTRIES


def write(user, count=1):
    return [
        record("account.signed_in", user, by=user, at=NOON, reason=f"第 {n} 次")
        for n in range(count)
    ]


def sealed(user, *counts):
    """Lines sealed in so many batches; their keys."""
    keys = []
    for count in counts:
        keys += [entry.pk for entry in write(user, count)]
        assert seal(ENTRIES, NOON).upto == keys[-1]
    return keys


def problems(**more):
    return verify(ENTRIES, **more).problems


def by_hand(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_lines_are_sealed_and_the_chain_holds(staff):
    sealed(staff, 3, 2)
    verdict = verify(ENTRIES)
    assert verdict.problems == []
    assert verdict.lines == Entry.objects.count()
    assert verdict.unsealed == 0
    write(staff)
    assert verify(ENTRIES).unsealed == 1


def test_nothing_new_makes_no_seal(staff):
    sealed(staff, 2)
    assert seal(ENTRIES, NOON) is None
    assert seal(ENTRIES, NOON) is None


def test_a_line_that_was_under_way_is_not_left_out(staff, settings):
    """It has a lower key than lines that were there before it."""
    before = sealed(staff, 1)[-1]
    other, third = (connections.create_connection("default") for _ in range(2))
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_entry (verb, subject, subject_id, on_behalf_of, at,"
                " data, request) VALUES ('a.b', 'c.d', 1, '', now(), '{}', '')"
                " RETURNING id"
            )
            (early,) = cursor.fetchone()
        (late,) = write(staff)
        assert early < late.pk
        for _ in range(3):
            seal(ENTRIES, NOON)
        assert Seal.objects.latest("pk").upto == before
        # Whoever begins later is not waited for.
        third.set_autocommit(False)
        with third.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        other.commit()
        assert seal(ENTRIES, NOON).upto == late.pk
    finally:
        third.close()
        other.close()
    verdict = verify(ENTRIES)
    assert (verdict.problems, verdict.unsealed) == ([], 0)


TAMPERINGS = {
    "another account": "UPDATE audit_entry SET by_id = NULL WHERE id = {key}",
    "another moment": "UPDATE audit_entry SET at = at + interval '1 us' WHERE id = {key}",
    "another reason": "UPDATE audit_entry SET data = '{{}}' WHERE id = {key}",
    "taken away": "DELETE FROM audit_entry WHERE id = {key}",
    "moved": "UPDATE audit_entry SET id = -id WHERE id = {key}",
    "swapped": "UPDATE audit_entry SET subject_id = subject_id + 1 WHERE id = {key}",
    "seal gone": "DELETE FROM audit_seal WHERE id = {middle}",
    "seal eased": "UPDATE audit_seal SET lines = lines + 1 WHERE id = {middle}",
    "seal moved": "UPDATE audit_seal SET upto = upto - 1 WHERE id = {middle}",
    "seal later": "UPDATE audit_seal SET at = at + interval '1 day' WHERE id = {middle}",
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_each_way_of_changing_it_is_found(kind, staff):
    keys = sealed(staff, 4, 4)
    chance = random.Random(kind)
    middle = list(Seal.objects.filter(lines__gt=0).values_list("pk", flat=True))[-2]
    by_hand(TAMPERINGS[kind].format(key=chance.choice(keys), middle=middle))
    assert problems()


def test_a_line_slipped_in_is_found(staff):
    keys = sealed(staff, 3)
    by_hand("DELETE FROM audit_entry WHERE id = %s", keys[1])
    assert problems()
    by_hand(
        "INSERT INTO audit_entry (id, verb, subject, subject_id, on_behalf_of, at, data,"
        " request) VALUES (%s, 'a.b', 'c.d', 1, '', now(), '{}', '')",
        keys[1],
    )
    assert problems()


def test_a_chain_made_anew_is_found_by_a_hash_noted_elsewhere(staff):
    keys = sealed(staff, 3)
    noted = verify(ENTRIES).head
    assert problems(expect=[noted]) == []
    by_hand("UPDATE audit_entry SET data = '{}' WHERE id = %s", keys[0])
    by_hand("DELETE FROM audit_seal")
    assert seal(ENTRIES, NOON)
    assert problems() == []
    assert problems(expect=[noted])


def test_a_fork_is_refused_by_the_database(staff):
    sealed(staff, 1)
    copy = Seal.objects.latest("pk")
    copy.pk, copy.hash = None, "f" * 64
    with pytest.raises(Exception, match="seal_continues_once"), transaction.atomic():
        copy.save()


def test_readings_are_sealed_too(staff, shop_of_nobody):
    read(shop_of_nobody, "contact_phone", by=staff, at=NOON, why="回告")
    call_command("seal_audit", stdout=io.StringIO())
    assert verify(Seal.Ledger.READINGS).lines == 1
    Reading.objects.filter().update(why="别的")
    assert verify(Seal.Ledger.READINGS).problems


@pytest.fixture
def shop_of_nobody(staff):
    return staff  # any row may be the subject of a reading


def test_the_command_says_what_it_found_and_fails(staff):
    keys = sealed(staff, 2)
    said = io.StringIO()
    call_command("verify_audit", stdout=said)
    assert verify(ENTRIES).head in said.getvalue()
    by_hand("DELETE FROM audit_entry WHERE id = %s", keys[0])
    said = io.StringIO()
    with pytest.raises(CommandError, match="不一致"):
        call_command("verify_audit", stdout=said)
    assert "应有 2 条，现有 1 条" in said.getvalue()
    with pytest.raises(CommandError, match="64 位"):
        call_command("verify_audit", expect=["entries=abc"], stdout=said)


def test_an_empty_ledger_is_in_order(db):
    verdict = verify(Seal.Ledger.READINGS)
    assert (verdict.seals, verdict.head, verdict.problems) == (0, FIRST, [])
