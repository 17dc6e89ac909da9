from django.apps import AppConfig


class BackupConfig(AppConfig):
    name = "tianshan.backup"
    label = "backup"
