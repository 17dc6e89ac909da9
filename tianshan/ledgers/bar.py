"""The filters above a ledger, drawn once and then only marked with what is chosen.

Hundreds of buildings and organisations stand in their selects; they are the same for
everybody who looks equally far, until one of them changes.
"""

from html import escape

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from tianshan.ledgers import kept


def draw_filters(ledger, request):
    """`{search, others}`: the ledger's filters, as the address has them chosen."""
    extra = asked_extra(ledger)
    key = ("filters", ledger.key, request.user.sight, timezone.localdate(), extra)
    search, others = "", []
    for name, names, html in kept.keep(key, lambda: _draw(ledger, request)):
        for each in names:
            if values := [value for value in request.GET.getlist(each) if value]:
                html = _chosen(html, each, values)
        if name == "q":
            search = html
        else:
            others.append(html)
    # Made by templates, and what is put in is escaped.
    return {"search": mark_safe(search), "others": mark_safe("".join(others))}  # noqa: S308


def asked_extra(ledger):
    """The fields that an administrator added, for keys of what is drawn with them."""
    return repr([(f.pk, f.label, f.choices) for f in ledger.extra_fields])


def _draw(ledger, request):
    """`[(name, the names of its inputs, html)]`."""
    form = ledger.filterset(None, ledger.rows(request.user), request=request).form
    return [
        (
            field.name,
            [
                f"{field.name}_{end}"
                for end in getattr(field.field.widget, "suffixes", [])
            ]
            or [field.name],
            render_to_string("web/filter.html", {"field": field}),
        )
        for field in form.visible_fields()
    ]


def _chosen(html, name, values):
    """The control with these values in it: in its options, its boxes, or its text."""
    if "<option" in html:
        html, word = html.replace(" selected>", ">", 1), "selected"
    elif 'type="checkbox"' in html or 'type="radio"' in html:
        word = "checked"
    else:
        found = f'name="{name}"'
        return html.replace(found, f'{found} value="{escape(values[0])}"', 1)
    for value in values:
        found = f'value="{escape(value)}"'
        html = html.replace(found, f"{found} {word}", 1)
    return html
