"""PostgreSQL's knowledge of its tables, after many rows came at once.

Autovacuum looks at them within minutes; until then plans are made for what the tables
were, and a figure that takes milliseconds may take minutes.
"""

from django.db import connection

FEWEST = 1000  # rows written since a table was last looked at
SHARE = 0.02  # and of all its rows: the share from which on autovacuum looks, too


def refresh():
    """Have PostgreSQL look anew at the tables of which much changed; their names.

    It takes the right MAINTAIN, which PostgreSQL 17 has (`database.grants`). An older
    server says in its log that it left the tables to autovacuum.
    """
    with connection.cursor() as cursor:
        # What this connection wrote is told to the others once a second, or now.
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT relname FROM pg_stat_user_tables"
            " WHERE schemaname = current_schema() AND n_mod_since_analyze >= %s"
            " AND n_mod_since_analyze >= %s * n_live_tup ORDER BY relname",
            [FEWEST, SHARE],
        )
        names = [name for (name,) in cursor.fetchall()]
        if names:
            cursor.execute(
                f"ANALYZE {', '.join(map(connection.ops.quote_name, names))}"
            )
    return names
