from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "enterprises"
    verbose_name = "企业商户"

    def ready(self):
        from enterprises import exports, ledgers, moments, organizations, proposals

        ledgers.register()
        moments.register()
        organizations.register()
        proposals.register()
        exports.register()
