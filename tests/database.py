"""The tests' database: migrated once for each state of the migrations, then copied.

Migrating takes a quarter of a minute for each worker and copying a fraction of a
second, so a template is kept beside the databases and each worker starts on a copy.

A test that commits leaves rows behind. Django would then empty all tables and enter
the rights of all rooms anew, a second a test; here the tables that have rows are
emptied, and what `migrate` had entered is put back.
"""

import hashlib
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from pgtrigger.registry import registered
from psycopg.sql import SQL, Identifier, Literal

PREFIX = "test_template_"
ONE_AT_A_TIME = 310_105_006  # key of the lock under which the template is made


def fingerprint():
    """Changes with whatever decides what `migrate` makes."""
    root = Path(settings.BASE_DIR)
    sources = [
        root / "requirements" / "base.txt",
        root / "tianshan" / "settings.py",
        root / "tianshan" / "database" / "grants.py",
        *root.glob("*/migrations/*.py"),
        *root.glob("tianshan/*/migrations/*.py"),
    ]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes() + b"\0")
    for model, trigger in registered():  # `migrate` ends by installing them
        digest.update(trigger.compile(model).hash.encode())
    return digest.hexdigest()[:12]


def copy_of_template(name):
    """Make the database `name` anew, as `migrate` leaves one."""
    template = PREFIX + fingerprint()
    own = connection.settings_dict
    where = {
        "host": own["HOST"],
        "port": own["PORT"] or None,
        "user": own["USER"],
        "password": own["PASSWORD"],
    }
    with psycopg.connect(dbname=own["NAME"], autocommit=True, **where) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        known = [
            row[0]
            for row in server.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s",
                [PREFIX.replace("_", r"\_") + "%"],
            )
        ]
        if template not in known:
            for old in known:
                drop(server, old)
            make(server, template)
        drop(server, name)
        server.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(
                Identifier(name), Identifier(template)
            )
        )
        # No test cuts the power of this server; who commits need not wait for the disk.
        server.execute(
            SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(
                Identifier(name)
            )
        )
    use(name)


def make(server, template):
    """Migrate under another name first, so that half a template is never taken."""
    half = f"{template}_half"
    drop(server, half)
    server.execute(SQL("CREATE DATABASE {}").format(Identifier(half)))
    before = connection.settings_dict["NAME"]
    use(half)
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        use(before)
    rename = SQL("ALTER DATABASE {} RENAME TO {}")
    server.execute(rename.format(Identifier(half), Identifier(template)))


def drop(server, name):
    statement = SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name))
    try:
        server.execute(statement + SQL(" WITH (FORCE)"))
    except psycopg.errors.InsufficientPrivilege:
        # Autovacuum is at work there, which only the plain way may see off.
        server.execute(statement)


LARGE = 4_000_000  # bytes of rows, from which on TRUNCATE is the quicker way


def filled_tables():
    """`{table: bytes}` of those that have rows. Many have a page but no row in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"
        )
        sizes = dict(cursor.fetchall())
        has_rows = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        cursor.execute(
            SQL(" UNION ALL ").join(
                has_rows.format(Literal(name), Identifier(name)) for name in sizes
            )
        )
        return {name: sizes[name] for (name,) in cursor.fetchall()}


def read_rows():
    """`{table: rows}`, as COPY writes them."""
    with connection.cursor() as cursor:
        return {name: _rows_of(name, cursor) for name in filled_tables()}


def _rows_of(name, cursor):
    with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(name))) as out:
        return b"".join(out)


def put_back(rows):
    """Empty every table but for these rows, which enter no history a second time.

    TRUNCATE takes all tables that refer to the emptied ones along and makes a new file
    for each of their indexes, half a second a test; few rows are deleted in a tenth of it.
    """
    filled = filled_tables()
    with transaction.atomic(), connection.cursor() as cursor:
        if sum(filled.values()) < LARGE:
            changed = [
                name
                for name in filled.keys() | rows.keys()
                if name not in filled
                or name not in rows
                or _rows_of(name, cursor) != rows[name]
            ]
            empty = _delete
        else:
            changed = filled.keys() | rows.keys()
            empty = _truncate
        _user_triggers(changed, "DISABLE", cursor)
        empty(changed, cursor)
        for name in changed:
            if name in rows:
                copy = SQL("COPY {} FROM STDIN").format(Identifier(name))
                with cursor.copy(copy) as into:
                    into.write(rows[name])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _user_triggers(changed, "ENABLE", cursor)


def _user_triggers(names, word, cursor):
    for name in names:
        cursor.execute(
            SQL("ALTER TABLE {} {} TRIGGER USER").format(Identifier(name), SQL(word))
        )


def _delete(names, cursor):
    """All in one statement, so that none is in the way of another."""
    parts = SQL(", ").join(
        SQL("{} AS (DELETE FROM {})").format(Identifier(f"_{n}"), Identifier(name))
        for n, name in enumerate(names)
    )
    if names:
        cursor.execute(SQL("WITH {} SELECT").format(parts))


def _truncate(names, cursor):
    tables = SQL(", ").join(map(Identifier, names))
    cursor.execute(SQL("TRUNCATE {} CASCADE").format(tables))


def use(name):
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
