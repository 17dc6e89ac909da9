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
from psycopg.sql import SQL, Identifier

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


def filled_tables():
    """Tables with a page on the disk: all that have rows, and some that had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace ="
            " 'public'::regnamespace AND pg_relation_size(oid) > 0"
        )
        return [name for (name,) in cursor.fetchall()]


def read_rows():
    """`{table: rows}`, as COPY writes them."""
    rows = {}
    with connection.cursor() as cursor:
        for name in filled_tables():
            with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(name))) as out:
                if found := b"".join(out):
                    rows[name] = found
    return rows


def put_back(rows):
    """Empty every table but for these rows, which enter no history a second time."""
    filled = [Identifier(name) for name in filled_tables()]
    triggers = SQL("ALTER TABLE {} {} TRIGGER USER")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(filled)))
        for name, found in rows.items():
            table = Identifier(name)
            cursor.execute(triggers.format(table, SQL("DISABLE")))
            with cursor.copy(SQL("COPY {} FROM STDIN").format(table)) as into:
                into.write(found)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in rows:
            cursor.execute(triggers.format(Identifier(name), SQL("ENABLE")))


def use(name):
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
