from django.apps import AppConfig
from django.core import checks


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "帮办"

    def ready(self):
        from cases import figures, sealing, todo

        figures.register()
        todo.load()
        checks.register(sealing.check_keys)
