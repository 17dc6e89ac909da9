from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "visits"
    verbose_name = "走访与诉求"

    def ready(self):
        from visits import (
            figures,
            imports,
            ledgers,
            moments,
            reminders,
            sync_demand,
            sync_door,
            sync_visit,
            telling_ledger,
            todo,
        )

        ledgers.register()
        telling_ledger.register()
        figures.register()
        moments.register()
        sync_visit.register()
        sync_door.register()
        sync_demand.register()
        imports.register_kinds()
        reminders.load()
        todo.load()
