"""Which report, of which days; a form's rules, places and corrections."""

from django import forms

from accounts.rights import Right, roles_with
from dashboard.reports import actions, periods, sources
from dashboard.reports.periods import Refused, Rule, Span
from dashboard.reports.upward import SPANS, Filing, FormRequest, UpwardForm
from grids.models import Grid, Post
from tianshan.web.forms import DayInput, bounded

MONTHS = [(n, f"{n} 月") for n in range(1, 13)]
QUARTERS = [(n, f"第 {n} 季度") for n in range(1, 5)]
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
    # Each named as its span; the page shows the one that is asked for.
    month = forms.TypedChoiceField(
        label="月份", choices=MONTHS, coerce=int, required=False, empty_value=1
    )
    quarter = forms.TypedChoiceField(
        label="季度",
        choices=QUARTERS,
        coerce=int,
        required=False,
        empty_value=1,
        error_messages={"invalid_choice": "一年有 4 个季度，请从列表里选。"},
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
        number = data.get(span, 1)
        try:
            data["start"], data["end"] = periods.period(
                span, data["rule"], data["year"], number
            )
        except Refused as refused:
            in_year = span in data and data["year"] in periods.YEARS
            self.add_error(span if in_year else "year", str(refused))
        return data

    @property
    def asked(self):
        names = ("grid", "span", "rule", "start", "end")
        return {name: self.cleaned_data[name] for name in names}


# --- upward forms --------------------------------------------------------------------


class UpwardFormForm(forms.ModelForm):
    """A form's rules and people; its file, or a newer one."""

    file = forms.FileField(
        label="模板文件",
        help_text="上级发的空表，.xlsx 或 .docx，5 MB 以内，不带宏；"
        "要填的地方写双花括号，如 {{有效覆盖}}，Excel 也可以按单元格填",
        error_messages={"empty": "文件是空的，请重新选择。"},
    )

    field_order = ["grid", "name", "authority", "file"]

    class Meta:
        model = UpwardForm
        fields = [
            "grid",
            "name",
            "authority",
            "span",
            "rule",
            "since",
            "due_day",
            "moved",
            "filler",
            "checker",
            "signer",
        ]
        widgets = {
            "since": DayInput(),
            "span": forms.RadioSelect,
            "rule": forms.RadioSelect,
            "moved": forms.RadioSelect,
        }
        help_texts = {
            "due_day": "统计期结束以后的第一个几日，如 5；没有这一日的月份按月末",
            "since": "从这一天以后结束的统计期起提醒",
        }
        error_messages = {"grid": {"invalid_choice": NOT_YOURS}}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.FILL_FORMS).order_by("path")
        self.fields["grid"].queryset = grids
        self.fields["grid"].empty_label = None
        self.fields["span"].choices = SPANS
        self.fields["rule"].choices = Rule.choices
        self.fields["moved"].choices = UpwardForm.Moved.choices
        above = {code for grid in grids for code in grid.codes}
        posts = Post.objects.in_force().filter(grid__code__in=above)
        posts = posts.select_related("user", "grid").order_by("grid__path", "pk")
        for name, right in actions.FORM_RIGHTS.items():
            self.fields[name].queryset = posts.filter(role__in=roles_with(right))
            self.fields[name].label_from_instance = _post_in_words
            self.fields[name].error_messages["invalid_choice"] = (
                "这个岗位现在不能办这一步，请从列表里选。"
            )
        bounded(self, due_day=(1, 31))
        if self.instance.pk:
            self.fields["grid"].disabled = True
            self.fields["file"].required = False
            self.fields["file"].label = "换模板文件"
            self.fields["file"].help_text = "不选就还用原来的；名称一样的地方，取数照旧"

    @property
    def rules(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


def _post_in_words(post):
    return f"{post.user.display_name}（{post}）"


class MapForm(forms.Form):
    """What each place is filled from; a row at the end adds a cell of a workbook."""

    def __init__(self, *args, form, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.form, self.user = form, user
        choices = sources.choices(user, form.fields, kind=form.kind)
        for number, field in enumerate(form.fields):
            self.fields[f"source_{number}"] = forms.ChoiceField(
                label=field["label"],
                choices=choices,
                initial=sources.said(field),
                error_messages={"invalid_choice": "没有这个取数来源，请重新选。"},
            )
            if "!" in field["place"]:
                self.fields[f"drop_{number}"] = forms.BooleanField(
                    label=f"不再填{field['label']}", required=False
                )
        if form.kind == "xlsx":
            self.fields["place"] = forms.CharField(
                label="再填一个单元格",
                required=False,
                max_length=60,
                help_text="表名!格子，如 表1!C5",
            )
            self.fields["label"] = forms.CharField(
                label="这一格叫什么", required=False, max_length=80
            )
            self.fields["source"] = forms.ChoiceField(
                label="填什么", choices=choices, required=False
            )

    @property
    def lines(self):
        """(field, its select, its tick to drop it)."""
        return [
            (
                field,
                self[f"source_{n}"],
                self[f"drop_{n}"] if "!" in field["place"] else None,
            )
            for n, field in enumerate(self.form.fields)
        ]

    @property
    def chosen(self):
        data, fields = self.cleaned_data, []
        for number, before in enumerate(self.form.fields):
            if data.get(f"drop_{number}"):
                continue
            source = sources.chosen(data[f"source_{number}"], self.user, before)
            fields.append(
                {"place": before["place"], "label": before["label"], **source}
            )
        if place := data.get("place"):
            label = data.get("label") or place
            source = sources.chosen(data["source"] or f"{sources.TYPED}:", self.user)
            fields.append({"place": place, "label": label, **source})
        return fields


class PeriodForm(forms.Form):
    """Which period of a form is begun: one of the last that are over."""

    period = forms.ChoiceField(label="哪一期")

    def __init__(self, *args, form, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.periods, day = {}, today
        for _ in range(6):
            start, end = periods.ended_before(form.span, form.rule, day)
            if end < form.grid.live_on:
                break
            self.periods[start.isoformat()] = (start, end)
            day = start
        begun = form.filings.counting().values_list("start", flat=True)
        left = {k: v for k, v in self.periods.items() if v[0] not in set(begun)}
        self.fields["period"].choices = [
            (key, form.period_name(*days)) for key, days in left.items()
        ]
        self.fields["period"].error_messages["invalid_choice"] = (
            "这一期还没有结束、已经开始报了，或太早，请从列表里选。"
        )

    @property
    def days(self):
        return self.periods[self.cleaned_data["period"]]


class CellForm(forms.Form):
    value = forms.CharField(label="改为", max_length=200, required=False)
    reason = forms.CharField(label="为什么改", max_length=200, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label="原因", max_length=200)


class RequestForm(forms.ModelForm):
    fields_text = forms.CharField(
        label="要哪些数",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="一行一项，写表里的项目名称",
    )

    class Meta:
        model = FormRequest
        fields = ["grid", "asked_by", "name", "asked_on", "basis", "often", "form"]
        widgets = {"asked_on": DayInput(), "often": forms.RadioSelect}
        help_texts = {
            "basis": "文件、通知的名称和文号，或谁打电话要的",
            "form": "已经在报的，选出来；没有就空着",
        }
        error_messages = {"grid": {"invalid_choice": NOT_YOURS}}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.FILL_FORMS).order_by("path")
        self.fields["grid"].queryset = grids
        self.fields["grid"].empty_label = None
        self.fields["often"].choices = FormRequest.Often.choices
        seen = UpwardForm.objects.visible_to(user).in_use()
        self.fields["form"].queryset = seen.defer("file")
        self.fields["form"].empty_label = "没有对应的报表"

    def clean_fields_text(self):
        lines = self.cleaned_data["fields_text"].replace("、", "\n").splitlines()
        names = list(dict.fromkeys(" ".join(line.split()) for line in lines))
        names = [name for name in names if name]
        if not names:
            raise forms.ValidationError("请写要哪些数，一行一项。")
        if len(names) > 100 or max(map(len, names)) > 60:
            raise forms.ValidationError("最多 100 项，每项不超过 60 个字。")
        return names

    @property
    def facts(self):
        data = dict(self.cleaned_data)
        return {**{k: data[k] for k in self.Meta.fields}, "fields": data["fields_text"]}


class AnswerForm(forms.Form):
    answer = forms.ModelChoiceField(
        label="用哪一期答复",
        queryset=Filing.objects.none(),
        help_text="只列已签发的",
        empty_label=None,
    )

    def __init__(self, *args, request, user, **kwargs):
        super().__init__(*args, **kwargs)
        signed = Filing.objects.visible_to(user, Right.FILL_FORMS)
        signed = signed.filter(state=Filing.State.SIGNED, form__grid=request.grid_id)
        self.fields["answer"].queryset = signed.for_list()
