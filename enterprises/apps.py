from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "enterprises"
    verbose_name = "企业商户"

    def ready(self):
        from enterprises import ledgers, organizations, proposals

        ledgers.register()
        organizations.register()
        proposals.register()
