"""What every page stands on: page or part, middleware, error pages, tags."""

from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def number(text):
    """A row's number out of an address; 0, which no row has, for anything else."""
    text = text or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def render_part(request, template, context, *, part, status=None):
    """Draw the whole page, or only the part that htmx means to replace.

    The part's partial, its id and `part` have one name (STYLE.md section 7).
    """
    target = (request.htmx.target or "").rpartition("#")[2]  # htmx 4: "table#rows"
    if request.htmx and target == part:
        template = f"{template}#{part}"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def render_inside(request, template, context):
    """A page that another page loads in place: by htmx only its partial `part`."""
    if request.htmx:
        template = f"{template}#part"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
