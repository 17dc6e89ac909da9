"""Filling in what the district's forms ask of a business."""

from django import forms

from enterprises.models import OfficialFacts


class OfficialForm(forms.ModelForm):
    """What the district's forms ask, apart from the everyday form, which stays short."""

    class Meta:
        model = OfficialFacts
        fields = OfficialFacts.NAMES
        widgets = {
            "lease_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        }

    def __init__(self, *args, restricted, **kwargs):
        super().__init__(*args, **kwargs)
        if not restricted:
            for name in OfficialFacts.RESTRICTED:
                del self.fields[name]
        for asked in self.fields.values():
            if isinstance(asked, forms.NullBooleanField):
                asked.widget = forms.Select(
                    choices=[("", "没有填"), ("True", "是"), ("False", "否")]
                )
            elif isinstance(asked, forms.TypedChoiceField):
                asked.choices = [("", "没有填"), *list(asked.choices)[1:]]

    def groups(self, kind):
        """`[(title, fields)]` of the kind's groups, and of what is filled in already."""
        shown = []
        for title, kinds, names in OfficialFacts.GROUPS:
            fields = [self[name] for name in names.split() if name in self.fields]
            filled = any(bound.value() not in (None, "") for bound in fields)
            if fields and (kind in kinds or filled):
                shown.append((title, fields))
        return shown

    def refresh(self, seen, facts):
        """Show in a form that comes back what others saved in what nobody touched."""
        self.data = self.data.copy()
        for name, value in seen.items():
            stored = getattr(facts, name)
            if self.cleaned_data.get(name, value) == value and name in self.fields:
                self.data[name] = "" if stored is None else str(stored)

    def _post_clean(self):
        """Validate alone: the action saves, after comparing with what is stored."""
