"""How every form is drawn."""

import datetime as dt
import functools
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.models import ModelChoiceIteratorValue
from django.forms.renderers import TemplatesSetting
from django.template.loader import get_template
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


PLAIN = (str, int, float, Decimal, bool, dt.date, type(None))


class _Widget:
    """A widget's template with all that it says of the widget, told apart by that."""

    def __init__(self, template, facts):
        self.template, self.facts = template, facts
        self.key = (template, _frozen(facts))

    def __hash__(self):
        return hash(self.key)

    def __eq__(self, other):
        return self.key == other.key


def _frozen(facts):
    """What can be compared; TypeError of anything whose drawing may change unseen."""
    if isinstance(facts, dict):
        return tuple((name, _frozen(value)) for name, value in facts.items())
    if isinstance(facts, list | tuple):
        return (type(facts), *map(_frozen, facts))
    if isinstance(facts, ModelChoiceIteratorValue):
        return (ModelChoiceIteratorValue, str(facts))
    if isinstance(facts, PLAIN):
        # 1 is True to a dict, and what is marked safe equals what is not.
        return (type(facts), facts)
    raise TypeError


@functools.lru_cache(maxsize=2000)
def _drawn(widget):
    return get_template(widget.template).render({"widget": widget.facts}).strip()


class PortalRenderer(TemplatesSetting):
    """Labels, hints, 必填 and errors as the portal shows them (templates/web).

    `{{ form }}` draws the summary of errors and all fields, `form.x.as_field_group`
    one field; so does `{% include "web/field.html" with field=form.x %}`.
    """

    form_template_name = "web/form.html"
    field_template_name = "web/field.html"

    def render(self, template_name, context, request=None):
        """As Django; a widget that says the same is drawn once."""
        if request is None and context.keys() == {"widget"}:
            try:
                return _drawn(_Widget(template_name, context["widget"]))
            except TypeError:
                pass
        return super().render(template_name, context, request)
