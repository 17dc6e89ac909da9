from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tianshan.web"
    label = "web"
