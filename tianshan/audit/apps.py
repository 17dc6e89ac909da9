from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "tianshan.audit"
    label = "audit"
    verbose_name = "审计"
