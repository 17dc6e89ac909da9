from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "统览"

    def ready(self):
        from dashboard import building, columns, figures, rates, standing
        from party import plan_figures
        from tianshan.ledgers import on_touched

        on_touched(standing.rewrite)
        figures.register()
        rates.register()
        columns.register()
        plan_figures.register(building.plan_figures)
