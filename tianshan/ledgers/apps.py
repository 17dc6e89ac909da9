from django.apps import AppConfig


class LedgersConfig(AppConfig):
    name = "tianshan.ledgers"
    label = "ledgers"
