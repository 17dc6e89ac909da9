from django.core.management.base import BaseCommand
from django.utils import timezone

from cases import actions
from cases.models import HelpCase


class Command(BaseCommand):
    help = (
        "Erase who it was from help cases that were kept for as long as their item says;"
        " the statistics stay. Run it once a day."
    )

    def handle(self, **options):
        at = timezone.now()
        cases = HelpCase.objects.to_erase(timezone.localdate(at)).order_by("pk")
        for case in cases:
            actions.erase(case, why=HelpCase.Erased.KEPT_LONG_ENOUGH, by=None, at=at)
        self.stdout.write(f"已擦除 {len(cases)} 件。")
