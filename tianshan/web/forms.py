"""How every form is drawn."""

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Labels, hints, 必填 and errors as the portal shows them (templates/web).

    `{{ form }}` draws the summary of errors and all fields, `form.x.as_field_group`
    one field; so does `{% include "web/field.html" with field=form.x %}`.
    """

    form_template_name = "web/form.html"
    field_template_name = "web/field.html"
