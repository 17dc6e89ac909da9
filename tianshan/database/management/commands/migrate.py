from django.core.management import call_command
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's, ended by giving the application's role its rights.

    A history table that the application can write to would be noticed by nobody, so
    this must not depend on somebody's memory.
    """

    def handle(self, *args, **options):
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            call_command("secure_database")
