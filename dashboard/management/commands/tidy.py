from django.core.management import call_command
from django.core.management.base import BaseCommand

from dashboard import jobs


class Command(BaseCommand):
    help = (
        "Takes away jobs that are long done and sessions that have ended. Run it once a"
        " day."
    )

    def handle(self, **options):
        many = jobs.tidy()
        call_command("clearsessions")
        self.stdout.write(f"已清理 {many} 个做完的任务和到期的登录。")
