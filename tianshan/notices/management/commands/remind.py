from django.core.management.base import BaseCommand

from tianshan.notices.tasks import send_reminders


class Command(BaseCommand):
    help = (
        "Have the worker move what moves by the clock and, in working hours, write"
        " today's notices and post to groups. Run it every 15 minutes, at all hours:"
        " nothing is said twice."
    )

    def handle(self, **options):
        send_reminders.enqueue()
        self.stdout.write("已交后台；提醒只在工作日 9 点到 18 点写。")
