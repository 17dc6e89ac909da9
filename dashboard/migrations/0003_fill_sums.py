"""What Standing lacks so far, and the sums of what it holds; both were never there."""

from django.db import migrations

COPY = """
    UPDATE dashboard_standing SET kind = business.kind, home_id = business.grid_id
    FROM enterprises_business AS business WHERE business.id = business_id
"""
# The statement of `dashboard.sums` as it was when this was written.
FILL = """
INSERT INTO dashboard_standingsum (span, day, grid_id, home_id, mode, fails, change)
    WITH turned AS (
        SELECT row.*, turn.day, side.sign, turn.day - side.back AS seen_on
        FROM dashboard_standing AS row
        CROSS JOIN LATERAL (
            SELECT DISTINCT day FROM (VALUES
                (row.since), (row.until), (row.visited_until + 1),
                (row.overdue_from), (row.untold_from), (row.absent_from)
            ) AS named (day)
            WHERE day >= row.since AND (row.until IS NULL OR day <= row.until)
        ) AS turn
        CROSS JOIN (VALUES (0, 1), (1, -1)) AS side (back, sign)
        WHERE row.operating
            AND row.kind IN ('enterprise', 'merchant', 'new_group', 'social')
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
        1 * SUM(turned.sign) AS change
    FROM turned CROSS JOIN (VALUES ('day'), ('month'), ('year')) AS part (span)
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING SUM(turned.sign) <> 0
"""


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_sums"), ("enterprises", "0001_initial")]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, "DELETE FROM dashboard_standingsum"),
    ]
