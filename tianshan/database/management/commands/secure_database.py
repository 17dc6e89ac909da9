import os
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand
from django.db import connection

from tianshan.database.grants import secure


class Command(BaseCommand):
    help = "Gives the application's database role its rights anew."

    def handle(self, **options):
        role = urlsplit(os.environ["DATABASE_URL"]).username
        if role == connection.settings_dict["USER"]:
            self.stderr.write(
                "DATABASE_URL and DATABASE_OWNER_URL name the same role, which can "
                "change history: give the application a role of its own."
            )
            return
        secure(connection, role)
