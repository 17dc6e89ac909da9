"""`manage.py demo`: load the demo once, and say who can sign in."""

import gc
import os
import secrets

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from dashboard import demo
from grids.models import Grid
from tianshan.database import statistics


class Command(BaseCommand):
    help = "Loads the demo data into an empty database and prints the accounts."

    def handle(self, **options):
        if settings.PRODUCTION:
            raise CommandError("The demo is not for production.")
        password, given = self._password()
        if not Grid.objects.exists():
            self.stdout.write("Loading the demo …")
            gc.disable()  # the process ends soon; going through all of it takes longer
            demo.load(today=timezone.localdate(), password=password)
            statistics.refresh()
        elif not User.objects.filter(username="grid_staff").exists():
            raise CommandError("This database holds other data than the demo's.")
        elif given:
            self._set(password)
        self.stdout.write("\nAccounts, all with one password:")
        for username, (role, name, _) in demo.ACCOUNTS.items():
            self.stdout.write(f"  {username:20}{role.label}（{name}）")
        said = "as DEMO_PASSWORD says" if given else password
        self.stdout.write(f"Password: {said}\n")

    def _password(self):
        """DEMO_PASSWORD, or one made here and kept with the data for the next start."""
        if given := os.environ.get("DEMO_PASSWORD"):
            return given, True
        path = settings.HOME / "demo_password"
        if not path.exists():
            settings.HOME.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"Ts-{secrets.token_urlsafe(9)}7")
        return path.read_text().strip(), False

    def _set(self, password):
        """Give all the password; one hash tells whether they have it already."""
        users = User.objects.filter(username__in=demo.ACCOUNTS)
        if users.get(username="grid_staff").check_password(password):
            return
        hashed = make_password(password)
        for user in users:
            user.password = hashed
            user.save(update_fields=["password"])
