from django.core.management.base import BaseCommand

from tianshan.workdays.models import DayRule
from tianshan.workdays.seed import enter_missing_years


class Command(BaseCommand):
    help = "Enter the holidays of years that the library knows and the table does not."

    def handle(self, **options):
        entered = enter_missing_years(DayRule.objects)
        self.stdout.write(f"已录入节假日安排 {entered} 天。")
