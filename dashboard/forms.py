"""Forms of the screen's room."""

import datetime as dt

from django import forms

from accounts.rights import Right
from dashboard import rules
from dashboard.models import WallLink
from dashboard.wall import LONGEST
from grids.models import Grid, GridRules
from grids.rules import Rules
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


class RulesForm(forms.ModelForm):
    """A grid's own rules from a day on; what stays empty is the upper grid's."""

    class Meta:
        model = GridRules
        fields = ["since", *GridRules.DEFAULTS]
        labels = {"since": "从哪天起"}
        widgets = {"since": DayInput()}

    def __init__(self, data=None, *, grid, first):
        last = grid.rules.filter(since__lte=first).order_by("since").last()
        super().__init__(
            data, initial={**(last.values if last else {}), "since": first}
        )
        self.fields["since"].help_text = "最早明天"
        above = grid.parent
        kept = Rules.load().on(above, first) if above else None
        for name, default in GridRules.DEFAULTS.items():
            field = self.fields[name]
            said = rules.words(name, getattr(kept, name) if kept else default)
            empty = f"随上级（{said}）" if above else f"不另定（{said}）"
            if isinstance(default, bool):
                field = self.fields[name] = forms.TypedChoiceField(
                    label=field.label,
                    required=False,
                    choices=[
                        ("", empty),
                        ("True", "计入达标"),
                        ("False", "不计入达标"),
                    ],
                    coerce={"True": True, "False": False}.get,
                    empty_value=None,
                )
            else:
                field.help_text = f"空着就是{empty}"

    def validate_unique(self):
        """A day that has rules is not refused: the new ones take their place."""


class WallLinkForm(forms.ModelForm):
    """What a wall shows, and until when."""

    class Meta:
        model = WallLink
        fields = ["label", "grid", "period", "until"]
        widgets = {"until": DayInput()}
        help_texts = {
            "label": "写在哪里放，如 党群中心大厅",
            "period": "每天按当天重新算",
            "until": "过了这一天就打不开，最长一年",
        }

    def __init__(self, data=None, *, user, today):
        self.today = today
        super().__init__(data, initial={"until": today + dt.timedelta(days=90)})
        grids = Grid.objects.governed_by(user, Right.KEEP_WALLS).order_by("path")
        self.fields["grid"].queryset = grids
        self.fields["grid"].empty_label = None

    def clean_until(self):
        until = self.cleaned_data["until"]
        if not self.today <= until <= self.today + LONGEST:
            raise forms.ValidationError("要在今天起的一年之内。")
        return until


class LiveForm(forms.Form):
    on = forms.DateField(label="启用日", widget=DayInput(), help_text="最早明天")
