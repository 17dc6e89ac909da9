"""History of rows: no way of writing escapes it, and all of a request says so."""

import pghistory
import pytest
from django.db import ProgrammingError, connection, transaction

from enterprises.models import Business
from tests.factories import BusinessFactory, GridFactory
from tianshan.audit.changes import states
from tianshan.audit.models import Change

TABLE = Business._meta.db_table
EVENTS = Business._meta.get_field("events").related_model.objects


def history():
    """`[(label, name)]` of every history row of businesses, as they were written."""
    return list(EVENTS.order_by("pgh_id").values_list("pgh_label", "name"))


def fresh(grid, name):
    business = BusinessFactory.build(grid=grid, name=name)
    business.index()
    return business


def test_rows_written_in_bulk_have_a_history_row_each(grid):
    Business.objects.bulk_create([fresh(grid, name) for name in "甲乙丙"])

    assert history() == [("insert", "甲"), ("insert", "乙"), ("insert", "丙")]


def test_update_writes_history_of_the_rows_that_changed_alone(grid):
    BusinessFactory(grid=grid, name="甲")
    BusinessFactory(grid=grid, name="乙")
    before = len(history())

    Business.objects.update(name="乙")

    assert history()[before:] == [("update", "乙")]


def test_bulk_update_writes_history(grid):
    rows = [BusinessFactory(grid=grid, name=name) for name in "甲乙"]
    before = len(history())
    for row in rows:
        row.note = "搬迁中"

    Business.objects.bulk_update(rows, ["note"])

    assert [label for label, _ in history()[before:]] == ["update", "update"]


def test_an_insert_that_turns_into_an_update_is_told_apart(grid):
    known = BusinessFactory(grid=grid, name="甲")
    before = len(history())
    again = fresh(grid, "甲改")
    again.pk = known.pk
    newcomer = fresh(grid, "新来")
    newcomer.pk = known.pk + 1000

    Business.objects.bulk_create(
        [again, newcomer],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
    )

    assert sorted(history()[before:]) == [("insert", "新来"), ("update", "甲改")]


def test_raw_sql_and_copy_write_history(grid):
    business = BusinessFactory(grid=grid, name="甲")
    before = len(history())

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET name = '乙'")
        with cursor.copy(f"COPY {TABLE} TO STDOUT") as copy:
            (line,) = [bytes(part).decode() for part in copy]
        with cursor.copy(f"COPY {TABLE} FROM STDIN") as copy:
            copy.write(f"9{line}")  # the key comes first
        cursor.execute(f"DELETE FROM {TABLE} WHERE id <> %s", [business.pk])

    assert history()[before:] == [("update", "乙"), ("insert", "乙"), ("delete", "乙")]


def test_the_key_of_a_row_never_changes(grid):
    """History pairs old and new by it, so a changed key would leave none."""
    BusinessFactory(grid=grid)

    with (
        pytest.raises(ProgrammingError, match="never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {TABLE} SET id = id + 1")


def test_all_history_of_a_bulk_write_names_user_and_request(grid, staff):
    with pghistory.context(user=staff.pk, request="abc"):
        Business.objects.bulk_create([fresh(grid, name) for name in "甲乙"])

    said = [event.pgh_context.metadata for event in EVENTS.all()]
    assert said == [{"user": staff.pk, "request": "abc"}] * 2


def test_a_write_changes_the_state_of_its_table_alone(grid):
    before = states()

    BusinessFactory(grid=grid)
    after = states()
    assert after[TABLE] != before.get(TABLE)
    assert after["grids_grid"] == before["grids_grid"]

    Business.objects.update(note="")
    assert states()[TABLE] != after[TABLE]
    assert states() == states()


def test_folding_keeps_what_the_table_said(grid):
    """However many statements: few rows stay, and each write still shows."""
    seen = set()
    for number in range(200):
        GridFactory(code=f"9{number:04}", parent=None)
        seen.add(states()["grids_grid"])

    assert len(seen) == 200
    assert Change.objects.filter(name="grids_grid").count() < 100
