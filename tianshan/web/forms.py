"""How every form is drawn."""

from django import forms
from django.forms.renderers import TemplatesSetting


class DayInput(forms.DateInput):
    """A day as browsers choose it: they read and send 2026-01-31 and nothing else."""

    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class PortalRenderer(TemplatesSetting):
    """Labels, hints, 必填 and errors as the portal shows them (templates/web).

    `{{ form }}` draws the summary of errors and all fields, `form.x.as_field_group`
    one field; so does `{% include "web/field.html" with field=form.x %}`.
    """

    form_template_name = "web/form.html"
    field_template_name = "web/field.html"
