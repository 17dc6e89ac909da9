from django.apps import AppConfig


class WorkdaysConfig(AppConfig):
    name = "tianshan.workdays"
    label = "workdays"
    verbose_name = "工作日"
