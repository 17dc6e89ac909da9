from contextlib import nullcontext

import pgtrigger.installation
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pgtrigger.registry import registered

from tianshan.database.quick_state import quick_state


class Command(migrate.Command):
    """Django's, ended by installing triggers and giving the application's role its rights.

    A history table that the application can write to would be noticed by nobody, so
    this must not depend on somebody's memory.
    """

    def handle(self, *args, **options):
        quick = empty() and not options["plan"]
        with quick_state() if quick else nullcontext():
            super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            install_triggers()
            call_command("secure_database")


def empty():
    """Is nothing migrated yet?"""
    return MigrationRecorder.Migration._meta.db_table not in (
        connection.introspection.table_names()
    )


def install_triggers():
    """Those of all models whose tables are there; whoever migrates one app has few."""
    tables = set(connection.introspection.table_names())
    for model, trigger in registered():
        if model._meta.db_table in tables:
            trigger.install(model)
    pgtrigger.installation.prune()
