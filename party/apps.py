from django.apps import AppConfig


class PartyConfig(AppConfig):
    name = "party"
    verbose_name = "党组织"

    def ready(self):
        from party import ledgers

        ledgers.register()
