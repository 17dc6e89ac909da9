from django.apps import AppConfig


class GridsConfig(AppConfig):
    name = "grids"
    verbose_name = "网格"

    def ready(self):
        from grids import ledgers, scope
        from tianshan.ledgers import scopes

        scopes.register_reader(scope.read)
        ledgers.register()
