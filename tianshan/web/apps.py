from django import forms
from django.apps import AppConfig
from django.db.models import fields

# What to say where something is missing. Django's own words speak of 字段, which nobody
# at a desk says.
MISSING = {
    forms.Field: "请填写。",
    forms.ChoiceField: "请选择。",
    forms.ModelChoiceField: "请选择。",
    forms.FileField: "请选择文件。",
    forms.BooleanField: "请勾选。",
}


class WebConfig(AppConfig):
    name = "tianshan.web"
    label = "web"

    def ready(self):
        # Django's own words for a choice not yet made are not translated.
        fields.BLANK_CHOICE_LABEL = "请选择"
        for kind, words in MISSING.items():
            own = vars(kind).get("default_error_messages", {})
            kind.default_error_messages = own | {"required": words}
