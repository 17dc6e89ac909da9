from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "public"
    verbose_name = "公开页"

    def ready(self):
        from public import ledgers

        ledgers.register()
