# ruff: noqa: S608  the statements are put together from names of this module alone
"""How many businesses are in which class, kept as dated differences beside Standing.

A row of Standing holds dates; between them its business is in one class (by which mode
covered, what it fails). Where a class begins +1 is noted, where it ends -1, added up by
day, month and year, so that how many are in it on any day is the sum of few rows.
Triggers of Standing write them, in whatever transaction it is written in, by adding
rows: nobody waits for another. `fold` makes one row of what belongs together.
"""

from django.db import connection, transaction

from enterprises.models import Business

# What `source`, rows of Standing, adds to the sums; once more with `sign` -1 takes it
# away. Each row turns at its first day, at the days in it on which a date begins to
# tell, and at its end; on both sides of a turn the class is read.
_CHANGES = """
    WITH turned AS (
        SELECT row.*, turn.day, side.sign, turn.day - side.back AS seen_on
        FROM {source} AS row
        CROSS JOIN LATERAL (
            SELECT DISTINCT day FROM (VALUES
                (row.since), (row.until), (row.visited_until + 1),
                (row.overdue_from), (row.untold_from), (row.absent_from)
            ) AS named (day)
            WHERE day >= row.since AND (row.until IS NULL OR day <= row.until)
        ) AS turn
        CROSS JOIN (VALUES (0, 1), (1, -1)) AS side (back, sign)
        WHERE row.operating
            AND row.kind IN ({counted})
            AND turn.day - side.back >= row.since
            AND (row.until IS NULL OR turn.day - side.back < row.until)
    )
    SELECT part.span, date_trunc(part.span, day::timestamp)::date AS day,
        grid_id, home_id, mode,
        CASE
            WHEN mode = '' THEN 0
            WHEN NOT visited AND visited_until >= seen_on THEN -1
            ELSE (visited_until < seen_on)::int
                + 2 * COALESCE(overdue_from <= seen_on, false)::int
                + 4 * COALESCE(untold_from <= seen_on, false)::int
                + 8 * COALESCE(absent_from <= seen_on, false)::int
        END AS fails,
        {sign} * SUM(turned.sign) AS change
    FROM turned CROSS JOIN (VALUES ('day'), ('month'), ('year')) AS part (span)
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING SUM(turned.sign) <> 0
"""
_COLUMNS = "span, day, grid_id, home_id, mode, fails"
_INTO = f"INSERT INTO dashboard_standingsum ({_COLUMNS}, change)"
_COUNTED = ", ".join(f"'{kind}'" for kind in sorted(Business.COUNTED))


def _changes(source, sign=1):
    return _CHANGES.format(source=source, sign=sign, counted=_COUNTED)


def adding(source, sign=1):
    """The statement that adds what these rows of Standing make up, or takes it away."""
    return _INTO + _changes(source, sign)


@transaction.atomic
def fold(at=None):
    """Make one row of those that differ in the number alone, none of what cancels out.

    Who reads meanwhile sees the rows before or after; two folds never take one row.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH taken AS (
                DELETE FROM dashboard_standingsum WHERE id IN (
                    SELECT id FROM (
                        SELECT id, COUNT(*) OVER (PARTITION BY {_COLUMNS}) AS many
                        FROM dashboard_standingsum
                    ) AS place WHERE many > 1
                ) RETURNING {_COLUMNS}, change
            )
            {_INTO}
                SELECT {_COLUMNS}, SUM(change) FROM taken
                GROUP BY {_COLUMNS} HAVING SUM(change) <> 0
            """
        )


@transaction.atomic
def renew():
    """Compute all sums anew from Standing; in how many places they had differed."""
    with connection.cursor() as cursor:
        # Whoever writes Standing waits until this has ended; who reads does not.
        cursor.execute("LOCK TABLE dashboard_standing IN SHARE MODE")
        cursor.execute(
            f"""
            SELECT COUNT(*) FROM (
                SELECT FROM (
                    SELECT {_COLUMNS}, change FROM dashboard_standingsum
                    UNION ALL
                    SELECT {_COLUMNS}, -change
                        FROM ({_changes("dashboard_standing")}) AS anew
                ) AS both_ways
                GROUP BY {_COLUMNS} HAVING SUM(change) <> 0
            ) AS differing
            """
        )
        (differing,) = cursor.fetchone()
        cursor.execute("DELETE FROM dashboard_standingsum")
        cursor.execute(adding("dashboard_standing"))
    return differing
