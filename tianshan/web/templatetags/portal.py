"""Tags and filters that every template may use; they are loaded as built-ins."""

import datetime
from functools import cache, lru_cache
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html

from tianshan.web import masks

register = template.Library()

NO_DATA = "—"
WEEKDAYS = "一二三四五六日"
LAMPS = {
    "red": "alert-octagon-filled",
    "yellow": "alert-triangle-filled",
    "green": "circle-check-filled",
    "none": "circle-dashed",
}


@register.simple_tag
@cache
def once(template_name):
    """A template that hangs on nothing, drawn once for all pages."""
    return render_to_string(template_name)


# --- pictures ----------------------------------------------------------------------


@register.simple_tag
@cache
def icon(name):
    """An icon of the sprite; words always stand beside it, so it is hidden to ears."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=2000)
def lamp(colour, words):
    """A deadline's light: its shape and words say what its colour says."""
    return format_html(
        '<span class="lamp lamp-{}">{}{}</span>', colour, icon(LAMPS[colour]), words
    )


@register.simple_tag
@lru_cache(maxsize=2000)
def tag(kind, words, icon_name=""):
    """A state as a small label; kind is ok, info, warn, bad, mute, gold or line."""
    return format_html(
        '<span class="ts-tag ts-tag-{}">{}{}</span>',
        kind,
        icon(icon_name) if icon_name else "",
        words,
    )


# --- words -------------------------------------------------------------------------


@register.filter
def masked_phone(number):
    return masks.masked_phone(number)


@register.filter
def masked_name(name):
    return masks.masked_name(name)


@register.filter
def day(value):
    """2026年10月15日(周四)"""
    if not value:
        return ""
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    weekday = WEEKDAYS[value.weekday()]
    return f"{value.year}年{value.month}月{value.day}日(周{weekday})"


@register.filter
def moment(value):
    """2026年10月15日(周四) 09:30, in the portal's time zone."""
    if not value:
        return ""
    if timezone.is_aware(value):
        value = timezone.localtime(value)
    return f"{day(value)} {value:%H:%M}"


@register.filter
def thousands(value):
    """1,476; a dash where nothing is known, which is not the same as 0."""
    return NO_DATA if value is None or value == "" else f"{value:,}"


@register.filter
def percent1(value):
    """72 is 72.0%; a dash where there was nothing to divide by."""
    return NO_DATA if value is None or value == "" else f"{value:.1f}%"


# --- forms -------------------------------------------------------------------------


@register.simple_tag
def attributes(attrs):
    """A control's attributes but its class, which the templates write themselves."""
    return flatatt({name: value for name, value in attrs.items() if name != "class"})


# --- the page ----------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query_replace(context, **changes):
    """This page's query string with some keys changed, or removed by None or "".

    Whatever changes, the reader starts again on page one, unless `page` is what
    changes.
    """
    parts = [
        (key, value)
        for key, values in context["request"].GET.lists()
        if key not in changes and (key != "page" or "page" in changes)
        for value in values
    ]
    parts += [(k, v) for k, v in changes.items() if v is not None and v != ""]
    return f"?{urlencode(parts)}"


@register.filter
def elided(paginator, number):
    """The page numbers worth showing around this one, with gaps between."""
    return paginator.get_elided_page_range(number, on_each_side=2, on_ends=1)


@register.simple_tag
def sign_on_ways():
    """The providers of single sign-on that are configured: `(key, name)` of each."""
    return [(key, one["name"]) for key, one in settings.OIDC_PROVIDERS.items()]


@register.simple_tag
def demo_mode():
    """Does this portal show invented data?"""
    return settings.DEMO
