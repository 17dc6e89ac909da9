"""What is asked for when a demand comes otherwise than by a visit."""

import re
import uuid

from django import forms
from django.urls import reverse
from django.utils import timezone

from tianshan.web.forms import DayInput
from visits.confidential import possible_handlers
from visits.forms import WORDS, not_in_future, not_long_ago
from visits.models import Demand, DemandCategory


class WordsField(forms.CharField):
    """Words as they were pasted: their lines stay, blank ends and runs of blanks go."""

    def to_python(self, value):
        text = super().to_python(value)
        lines = (line.rstrip() for line in text.splitlines())
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class EntryForm(forms.Form):
    """One demand; Ctrl+Enter saves it from the words."""

    SOURCES = {
        source.value: source.label
        for source in (
            Demand.Source.CALL,
            Demand.Source.WALK_IN,
            Demand.Source.MESSAGE,
            Demand.Source.HOTLINE,
            Demand.Source.MEETING,
        )
    }

    source = forms.ChoiceField(
        label="来源", choices=list(SOURCES.items()), widget=forms.RadioSelect
    )
    category = forms.ModelChoiceField(
        label="类别",
        queryset=DemandCategory.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
    )
    words = WordsField(
        label="原话",
        max_length=WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="照原话写，也可以粘贴；不写电话和证件号码。",
    )
    said_by = forms.CharField(
        label="谁说的",
        required=False,
        max_length=Demand._meta.get_field("said_by").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-private": True}),
        help_text="默认是联系人，别人说的就改掉。",
    )
    raised_on = forms.DateField(
        label="提出日期", widget=DayInput(), validators=[not_in_future, not_long_ago]
    )
    confidential = forms.BooleanField(
        label="保密：内容只给经办人看，别人只看到有这一件",
        required=False,
        widget=forms.CheckboxInput(attrs={"data-secret": True}),
    )
    handler = forms.ChoiceField(
        label="经办人", required=False, help_text="保密的才选；以后可以移交。"
    )

    # A page that lost it saves all the same: the words tell a second press too.
    client_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, business, user=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = DemandCategory.objects.offered()
        self.initial.setdefault("raised_on", timezone.localdate())
        self.initial.setdefault("client_key", uuid.uuid4())
        if business is None:  # the page for phones is drawn without one
            self.initial["source"] = Demand.Source.CALL
            del self.fields["handler"], self.fields["client_key"]
            return
        self.fields["words"].widget.attrs.update(
            {
                "autofocus": True,
                "hx-post": f"{reverse('visits:demand_alike')}?business={business.pk}",
                "hx-trigger": "input changed delay:400ms",
                "hx-target": "#alike",
                "hx-swap": "outerHTML",
            }
        )
        self.handlers = {str(one.pk): one for one in possible_handlers(business)}
        self.fields["handler"].choices = [
            ("", "请选择"),
            *((key, one.display_name) for key, one in self.handlers.items()),
        ]
        if str(user.pk) in self.handlers:
            self.initial.setdefault("handler", str(user.pk))

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("confidential") and not cleaned.get("handler"):
            self.add_error("handler", "保密的诉求要选一个经办人。")
        return cleaned

    @property
    def said(self):
        """What `actions.take_demand` is told."""
        said = {**self.cleaned_data}
        confidential, handler = said.pop("confidential"), said.pop("handler")
        said["handler"] = self.handlers[handler] if confidential else None
        return said
