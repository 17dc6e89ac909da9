"""`manage.py standing_sums`: what figures of coverage are read from, computed anew."""

from django.core.management.base import BaseCommand

from dashboard import sums


class Command(BaseCommand):
    help = "Computes the sums of Standing anew and says whether they had differed."

    def handle(self, **options):
        differing = sums.renew()
        self.stdout.write(f"Computed anew; {differing} of the sums had differed.")
