import environ
from django.core.management.base import BaseCommand
from django.db import connection

from tianshan.database.grants import secure


class Command(BaseCommand):
    help = "Gives the application's database role its rights anew."

    def handle(self, **options):
        role = environ.Env().db("DATABASE_URL")["USER"]
        if role == connection.settings_dict["USER"]:
            self.stderr.write(
                "The application works as the owner of its tables and could change "
                "history: give DATABASE_URL a role of its own, and the owner's to "
                "DATABASE_OWNER_URL."
            )
            return
        secure(connection, role)
