from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "tianshan.notices"
    label = "notices"
    verbose_name = "通知"
