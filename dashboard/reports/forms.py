"""Which report: of which grid, of which days."""

from django import forms

from accounts.rights import Right
from dashboard.reports import periods
from dashboard.reports.periods import Refused, Rule, Span
from grids.models import Grid
from tianshan.web.forms import DayInput

NUMBERS = [(n, f"第 {n}") for n in range(1, 13)]
NOT_YOURS = "这个网格不在您的范围里，请从列表里选。"


class ReportForm(forms.Form):
    grid = forms.ModelChoiceField(
        label="哪个街道、网格",
        queryset=Grid.objects.none(),
        empty_label=None,
        to_field_name="code",
        error_messages={"invalid_choice": NOT_YOURS},
    )
    span = forms.ChoiceField(label="报告", choices=Span, widget=forms.RadioSelect)
    rule = forms.ChoiceField(
        label="统计期", choices=Rule, widget=forms.RadioSelect, required=False
    )
    year = forms.IntegerField(
        label="年份", required=False, help_text="月报、季报、年报要填"
    )
    number = forms.TypedChoiceField(
        label="第几月、第几季度",
        choices=NUMBERS,
        coerce=int,
        required=False,
        empty_value=1,
        help_text="月报选月，季报选季度，年报不看这一项",
    )
    start = forms.DateField(
        label="开始日期",
        required=False,
        widget=DayInput(),
        help_text="只在自选起止日期时填",
    )
    end = forms.DateField(label="结束日期", required=False, widget=DayInput())

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.SEE_REPORTS)
        self.fields["grid"].queryset = grids.order_by("path")

    def clean(self):
        """`start` and `end` are then what was asked for, however it was said."""
        data = super().clean()
        if self.errors:
            return data
        span = Span(data["span"])
        data["rule"] = data.get("rule") or Rule.CALENDAR
        if span == Span.FREE:
            data["rule"] = Rule.CALENDAR
            for name in ("start", "end"):
                if not data.get(name):
                    self.add_error(name, "自选起止日期时，两个日期都要填。")
            return data
        if not data.get("year"):
            self.add_error("year", "请填年份，如 2026。")
            return data
        number = 1 if span == Span.YEAR else data["number"]
        try:
            data["start"], data["end"] = periods.period(
                span, data["rule"], data["year"], number
            )
        except Refused as refused:
            self.add_error("year", str(refused))
        return data

    @property
    def asked(self):
        names = ("grid", "span", "rule", "start", "end")
        return {name: self.cleaned_data[name] for name in names}
