"""The tests' database: migrated once for each state of the migrations, then copied.

Migrating takes a quarter of a minute for each worker and copying a fraction of a
second, so a template is kept beside the databases and each worker starts on a copy.
"""

import hashlib
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
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
    server.execute(
        SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
    )


def use(name):
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
