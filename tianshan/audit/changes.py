"""Whether a table was written to since: what was computed of it may be kept till then.

Each statement that writes to a noted table leaves a row in `Change`, in its own
transaction. The sum of a table's rows therefore grows with every write that becomes
visible, and who sees the same sum sees the same table. No writer waits for another,
which a counter in one row would make them do. The trigger itself folds the rows of a
table into one now and then; the sum stays.
"""

import pgtrigger
from django.db import connection

# The tables whose writes are noted.
NOTED = set()

CHANGED = pgtrigger.Trigger(
    name="changed",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    declare=[("note", "BIGINT")],
    func="""
        INSERT INTO audit_change (name, statements) VALUES (TG_TABLE_NAME, 1)
            RETURNING id INTO note;
        IF note % 64 = 0 THEN
            WITH folded AS (
                DELETE FROM audit_change WHERE id IN (
                    SELECT id FROM audit_change WHERE name = TG_TABLE_NAME
                    FOR UPDATE SKIP LOCKED
                ) RETURNING statements
            )
            INSERT INTO audit_change (name, statements)
                SELECT TG_TABLE_NAME, SUM(statements) FROM folded HAVING COUNT(*) > 0;
        END IF;
        RETURN NULL;
    """,
)


def noted(model):
    """Note every write to the model's table."""
    NOTED.add(model._meta.db_table)
    return pgtrigger.register(CHANGED)(model)


def states(connection=connection):
    """`{table: state}` as this transaction sees them; a write makes another state.

    The last key is part of it because a restored or emptied database may come to a
    sum that it had before. A table that nobody wrote to is missing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, SUM(statements), MAX(id) FROM audit_change GROUP BY name"
        )
        return {name: (total, last) for name, total, last in cursor.fetchall()}
