from django.core.management import call_command
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's, but the owner's migrations end with the application's rights.

    A new history table that the application could write to would be noticed by
    nobody, so giving the rights must not depend on somebody's memory.
    """

    def handle(self, *args, **options):
        super().handle(*args, **options)
        looked_only = options["plan"] or options["check_unapplied"]
        if not looked_only:
            call_command("secure_database")
