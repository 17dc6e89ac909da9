"""An empty database is migrated quickly, and comes to be the same as Django's own way."""

from contextlib import nullcontext

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from tests.database import drop, use
from tianshan.database.management.commands import migrate

# What makes a schema, in the server's own words; tables are made in one order too.
SCHEMA = [
    "SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod),"
    " attnotnull, attidentity, pg_get_expr(adbin, adrelid) FROM pg_attribute"
    " JOIN pg_class c ON c.oid = attrelid"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND relkind = 'r'",
    "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal",
]


@pytest.fixture
def schema_of(django_db_setup, django_db_blocker):
    """`schema_of(name)`: migrate visits and all below it into a new database, and what
    came to be there."""
    own, made = dict(connection.settings_dict), []

    def migrated(name):
        name = f"{own['NAME']}_{name}"
        made.append(name)
        drop(server, name)
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        use(name)
        call_command("migrate", "visits", interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            return [
                sorted(map(str, cursor.execute(query).fetchall())) for query in SCHEMA
            ]

    where = {
        "host": own["HOST"],
        "port": own["PORT"] or None,
        "user": own["USER"],
        "password": own["PASSWORD"],
    }
    with (
        django_db_blocker.unblock(),
        psycopg.connect(dbname=own["NAME"], autocommit=True, **where) as server,
    ):
        yield migrated
        use(own["NAME"])
        for name in made:
            drop(server, name)


def test_the_quick_way_makes_the_same_schema(schema_of, monkeypatch):
    quick = schema_of("quick")
    monkeypatch.setattr(migrate, "quick_state", nullcontext)
    plain = schema_of("plain")

    assert all(quick)
    assert quick == plain
