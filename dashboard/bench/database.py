"""A database to throw away, beside the portal's own, in which nothing is anybody's."""

import contextlib
import os
from urllib.parse import quote

import environ
from django.db import connection, connections

NAME = "tianshan_bench"
LONGEST = 120  # seconds that a statement may take while measuring


@contextlib.contextmanager
def throw_away(kept=""):
    """Make it as the owner, measure in it as the application, drop it at the end.

    One that is `kept`, under that name, is there again the next time.
    """
    settings = connection.settings_dict
    own = dict(settings)
    settings["TEST"]["NAME"] = f"{NAME}_{kept or os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=bool(kept))
    try:
        yield
    finally:
        become("owner")
        if not kept:
            connection.creation.destroy_test_db(own["NAME"], verbosity=0)
        connection.close()
        settings.update(own)


def megabytes():
    """What the database takes on the disk, and its largest tables with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid),"
            " reltuples::bigint FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = current_schema()::regnamespace"
            " ORDER BY 2 DESC LIMIT 12"
        )
        tables = {
            name: {
                "mb": whole // 10**6,
                "of_it_indexes": indexes // 10**6,
                "rows": rows,
            }
            for name, whole, indexes, rows in cursor.fetchall()
        }
    return {"mb": size // 10**6, "tables": tables}


def url():
    """The database of the bench, for another process."""
    own = connection.settings_dict
    return (
        f"postgres://{quote(own['USER'])}:{quote(own['PASSWORD'])}"
        f"@{quote(own['HOST'], safe='')}:{own['PORT']}/{own['NAME']}"
    )


def become(role):
    """Go on in the role `application` or `owner`."""
    name = "DATABASE_URL" if role == "application" else "DATABASE_OWNER_URL"
    role = environ.Env().db(name)
    connections["default"].close()
    connection.settings_dict.update(USER=role["USER"], PASSWORD=role["PASSWORD"])
    options = connection.settings_dict["OPTIONS"]
    options.pop("options", None)
    if name == "DATABASE_URL":
        # Nothing is waited for longer; the item says that it failed.
        options["options"] = f"-c statement_timeout={LONGEST}s"
