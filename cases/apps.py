from django.apps import AppConfig
from django.core import checks
from django.utils import timezone


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "帮办"

    def ready(self):
        from cases import actions, figures, sealing, todo
        from cases.models import HelpCase
        from tianshan.backup import erasures

        figures.register()
        todo.load()
        erasures.register(
            "case",
            erasures.Kind(
                all=lambda: map(
                    actions.erased_of, HelpCase.objects.exclude(erased_at=None)
                ),
                again=lambda erased: actions.erase_again(erased, at=timezone.now()),
            ),
        )
        checks.register(sealing.check_keys)
