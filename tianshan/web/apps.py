from django.apps import AppConfig
from django.db.models import fields


class WebConfig(AppConfig):
    name = "tianshan.web"
    label = "web"

    def ready(self):
        # Django's own words for a choice not yet made are not translated.
        fields.BLANK_CHOICE_LABEL = "请选择"
