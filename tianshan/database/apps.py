from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "tianshan.database"
    label = "database"
    verbose_name = "数据库"
