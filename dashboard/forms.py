"""Forms of the screen's room."""

from django import forms

from tianshan.web.forms import DayInput
from tianshan.workdays.models import DayRule


class DayRuleForm(forms.ModelForm):
    """One day of a notice. The day may have a rule already: then it is replaced."""

    kind = forms.ChoiceField(
        label="安排",
        choices=DayRule.Kind,
        initial=DayRule.Kind.HOLIDAY,
        widget=forms.RadioSelect,
        help_text="休：这天放假。班：这天调休上班。",
    )

    class Meta:
        model = DayRule
        fields = ["date", "kind", "name", "source"]
        widgets = {"date": DayInput()}
        help_texts = {
            "name": "如 国庆节",
            "source": "通知的名称或文号",
        }

    def clean_date(self):
        date = self.cleaned_data["date"]
        if not 2000 <= date.year <= 2100:
            raise forms.ValidationError("年份要在 2000 到 2100 之间。")
        return date

    def validate_unique(self):
        """A day that has a rule is not refused: the new rule takes its place."""
