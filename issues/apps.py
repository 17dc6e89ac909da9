from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = "议事"

    def ready(self):
        from issues import figures, ledgers

        ledgers.register()
        figures.register()
