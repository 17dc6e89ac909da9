from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "统览"

    def ready(self):
        from dashboard import columns, figures, standing
        from tianshan.ledgers import on_touched

        on_touched(standing.rewrite)
        figures.register()
        columns.register()
