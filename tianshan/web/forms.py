"""How every form is drawn."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.renderers import TemplatesSetting
from django.utils import timezone

# What Django says of a name that is taken, in the words of its models.
NAME_TAKEN = {"name": {"unique": "这个名称已经有了，请换一个，或去改原来那个。"}}

FURTHEST = 30 * 366  # days from today, either way: beyond it the year is a slip


def likely_day(day):
    """A validator for days of the office's own life."""
    if abs((day - timezone.localdate()).days) > FURTHEST:
        raise ValidationError("请核对年份。")


class DayInput(forms.DateInput):
    """A day as browsers choose it: they read and send 2026-01-31 and nothing else."""

    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, **kwargs):
        super().__init__(format="%H:%M", **kwargs)


def bounded(form, **bounds):
    """Keep whole numbers between two: `name=(least, most)`.

    A form whose action saves does not ask the model, which would have known.
    """
    for name, (least, most) in bounds.items():
        field = form.fields[name]
        field.min_value, field.max_value = least, most
        field.validators = [MinValueValidator(least), MaxValueValidator(most)]
        field.widget.attrs.update(min=least, max=most)


class PortalRenderer(TemplatesSetting):
    """Labels, hints, 必填 and errors as the portal shows them (templates/web).

    `{{ form }}` draws the summary of errors and all fields, `form.x.as_field_group`
    one field; so does `{% include "web/field.html" with field=form.x %}`.
    """

    form_template_name = "web/form.html"
    field_template_name = "web/field.html"
