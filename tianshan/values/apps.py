from django.apps import AppConfig


class ValuesConfig(AppConfig):
    name = "tianshan.values"
    label = "values"
    verbose_name = "常用值"
