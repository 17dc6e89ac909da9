from django.apps import AppConfig


class PartyConfig(AppConfig):
    name = "party"
    verbose_name = "党组织"

    def ready(self):
        from grids import narrower
        from party import ledgers, plan_ledger, station_ledger
        from party.models import held_through

        narrower.register(held_through)
        ledgers.register()
        plan_ledger.register()
        station_ledger.register()
