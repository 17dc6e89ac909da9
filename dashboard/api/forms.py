import datetime as dt

from django import forms

from accounts.rights import Right
from dashboard.api import tokens
from dashboard.api.models import ApiToken
from grids.models import Grid
from tianshan.web.forms import DayInput


class ApiTokenForm(forms.ModelForm):
    """Whose system reads what, and until when."""

    scopes = forms.MultipleChoiceField(
        label="能读什么",
        widget=forms.CheckboxSelectMultiple,
        help_text="只勾对方用得着的",
    )

    class Meta:
        model = ApiToken
        fields = ["label", "grid", "scopes", "until"]
        widgets = {"until": DayInput()}
        help_texts = {
            "label": "写给哪个系统用，如 区级看板",
            "until": "过了这一天就读不到，最长一年",
        }

    def __init__(self, data=None, *, user, today):
        self.today = today
        super().__init__(data, initial={"until": today + dt.timedelta(days=180)})
        grids = Grid.objects.governed_by(user, Right.KEEP_TOKENS).order_by("path")
        self.fields["grid"].queryset = grids
        self.fields["grid"].empty_label = None
        self.fields["scopes"].choices = tokens.scopes_for(user).items()

    def clean_until(self):
        until = self.cleaned_data["until"]
        if not self.today <= until <= self.today + tokens.LONGEST:
            raise forms.ValidationError("要在今天起的一年之内。")
        return until
