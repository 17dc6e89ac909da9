from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "统览"

    def ready(self):
        from dashboard import (
            alarm,
            building,
            columns,
            figures,
            jobs,
            rates,
            standing,
            sums,
            unsent,
            wide,
        )
        from dashboard.reports import owed, request_ledger
        from party import plan_figures
        from services import checkins, order_figures, resources
        from tianshan.ledgers import on_touched
        from tianshan.notices import reminders

        on_touched(standing.rewrite)
        standing.TAKING_PART += [
            checkins.took_part,
            order_figures.taking_part,
            resources.took_part,
        ]
        figures.register()
        rates.register()
        columns.register()
        unsent.register()
        reminders.READERS.append(jobs.remind)
        owed.load()
        request_ledger.register()
        plan_figures.register(building.plan_figures)
        reminders.BEFORE += [sums.fold, wide.forget, alarm.raise_alarms]
