"""What is asked for at each step. Nothing typed here is kept in the browser."""

import datetime as dt
import hashlib

from django import forms
from django.utils import timezone

from accounts.models import User
from cases import helpers
from cases.actions import OTHER_WORDS, Refused, without_numbers
from cases.models import (
    Consent,
    ConsentItem,
    HelpCase,
    HelpItem,
    Identity,
    Place,
    StandIn,
    StepRead,
    Tally,
)
from grids.models import Neighborhood
from party.forms import say_choose
from tianshan.web.forms import NAME_TAKEN, DayInput, bounded, likely_day

PRIVATE = {"data-private": True, "autocomplete": "off"}
FIRST_YEAR = 1900
# Certificates are good for ten years, some for thirty.
FURTHEST = 31 * 366


def _text(label, most, *, hint="", required=False, **attrs):
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        help_text=hint,
        widget=forms.TextInput(attrs={**PRIVATE, **attrs}),
    )


class FactsForm(forms.Form):
    """What is known of the person: only what the visit needs."""

    name = _text("怎么称呼", 20, hint="姓和称呼就够了，如“张阿姨”。", required=True)
    phone = _text("电话", 20, inputmode="tel")
    address = _text("住址", 100, hint="上门时用。")
    birth_year = forms.IntegerField(
        label="出生年",
        required=False,
        min_value=FIRST_YEAR,
        widget=forms.NumberInput(attrs=PRIVATE),
        help_text="只记年份，办这件事用不到就不填。",
    )
    note = forms.CharField(
        label="要照顾到的",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, **PRIVATE}),
        help_text="如“看不清屏幕，子女在外地”。不写身份证号、残疾证号、病情。",
    )
    expires_on = forms.DateField(
        label="证件哪天到期",
        required=False,
        widget=DayInput(),
        help_text="有期限的证件才填，到期前 90、60、30 天会排到前面。",
    )

    def clean(self):
        for field in Identity.FIELDS:
            try:
                without_numbers(str(self.cleaned_data.get(field) or ""))
            except Refused as refused:
                self.add_error(field, str(refused))
        born = self.cleaned_data.get("birth_year")
        if born and born > timezone.localdate().year:
            self.add_error("birth_year", "出生年在将来，请核对。")
        day = self.cleaned_data.get("expires_on")
        if day and abs((day - timezone.localdate()).days) > FURTHEST:
            self.add_error("expires_on", "请核对年份。")
        return self.cleaned_data

    @property
    def facts(self):
        return {
            field: str(self.cleaned_data.get(field) or "") for field in Identity.FIELDS
        }


class RegisterForm(FactsForm):
    item = forms.ModelChoiceField(HelpItem.objects.none(), label="办什么事")
    place = forms.ChoiceField(
        label="在哪里办", choices=Place, widget=forms.RadioSelect, initial=Place.HOME
    )
    neighborhood = forms.ModelChoiceField(Neighborhood.objects.none(), label="居民区")
    helper = forms.ModelChoiceField(
        User.objects.none(),
        label="分派给谁",
        required=False,
        help_text="可以以后再分派。",
    )
    field_order = [
        *("item", "place", "neighborhood", "expires_on"),
        *("name", "phone", "address", "birth_year", "note", "helper"),
    ]

    def __init__(self, *args, neighborhoods, possible=None, **kwargs):
        super().__init__(*args, **kwargs)
        say_choose(self)
        self.fields["item"].queryset = HelpItem.objects.active()
        self.fields["neighborhood"].queryset = neighborhoods
        if possible is None:
            del self.fields["helper"]
        else:
            self.fields["helper"].queryset = possible


class StepForm(forms.Form):
    """A step of a case, by a user."""

    def __init__(self, *args, case, user, **kwargs):
        super().__init__(*args, **kwargs)
        say_choose(self)
        self.case = case
        self.prepare(case, user)

    def prepare(self, case, user):
        pass


class AssignForm(StepForm):
    helper = forms.ModelChoiceField(
        User.objects.none(),
        label="分派给谁",
        help_text="只列现在在岗的帮办员。分派后，原来的帮办员就打不开了。",
    )

    def prepare(self, case, user):
        self.fields["helper"].queryset = helpers.possible(user, timezone.localdate())


class StandInForm(StepForm):
    user = forms.ModelChoiceField(User.objects.none(), label="由谁代办")
    why = forms.ChoiceField(
        label="为什么", choices=StandIn.Why, widget=forms.RadioSelect
    )
    hours = forms.TypedChoiceField(
        label="几小时",
        coerce=int,
        initial=3,
        choices=[(n, f"{n} 小时") for n in (1, 3, StandIn.MOST_HOURS)],
        widget=forms.RadioSelect,
        help_text="到时自动收回。帮办员不变，他看得到谁代办过。",
    )

    def prepare(self, case, user):
        others = helpers.possible(user, timezone.localdate())
        self.fields["user"].queryset = others.exclude(pk=case.helper_id)


class ConsentForm(StepForm):
    """One answer to each thing that is read aloud; what is not asked yet stays open."""

    def __init__(self, *args, items, answers, **kwargs):
        self.items, self.answers = items, answers
        super().__init__(*args, **kwargs)

    def prepare(self, case, user):
        for item in self.items:
            given = self.answers.get(item.pk)
            self.fields[f"item_{item.pk}"] = forms.ChoiceField(
                label=item.label,
                choices=Consent.Answer.choices,
                required=False,
                initial=given.answer if given else None,
                widget=forms.RadioSelect,
            )

    def rows(self):
        return [(item, self[f"item_{item.pk}"]) for item in self.items]

    def clean(self):
        _ask_for_what_is_shown(self, "item_", OTHER_WORDS)
        said = {item: self.cleaned_data.get(f"item_{item.pk}") for item in self.items}
        return {"answers": {item: answer for item, answer in said.items() if answer}}


def _ask_for_what_is_shown(form, prefix, words):
    """Refuse answers to what stood on the page and was changed since."""
    asked = {name for name in form.data if name.startswith(prefix)}
    if asked - set(form.fields):
        raise forms.ValidationError(words)


class StepsForm(StepForm):
    @staticmethod
    def named(step):
        """By its words: another step in its place is not what was read."""
        return f"step_{hashlib.sha256(step.encode()).hexdigest()[:12]}"

    def prepare(self, case, user):
        read = dict(case.steps_read.values_list("step", "outcome"))
        for place, step in enumerate(case.item.steps, start=1):
            self.fields[self.named(step)] = forms.ChoiceField(
                label=f"{place}. {step}",
                choices=StepRead.Outcome.choices,
                required=False,
                initial=read.get(step),
                widget=forms.RadioSelect,
            )

    def clean(self):
        _ask_for_what_is_shown(self, "step_", "步骤刚改过，请照现在的再核对一遍。")
        steps = self.case.item.steps
        said = {step: self.cleaned_data.get(self.named(step)) for step in steps}
        return {"outcomes": {step: read for step, read in said.items() if read}}


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


class FinishForm(StepForm):
    pressed_by = forms.ChoiceField(
        label="提交是谁按的", choices=HelpCase.Pressed, widget=forms.RadioSelect
    )
    result = forms.ChoiceField(
        label="结果", choices=HelpCase.Result, widget=forms.RadioSelect
    )
    began_at = forms.DateTimeField(label="从", widget=MomentInput())
    ended_at = forms.DateTimeField(label="到", widget=MomentInput())
    read_back = forms.BooleanField(label="已把结果读给本人听")

    def prepare(self, case, user):
        now = timezone.localtime().replace(second=0, microsecond=0)
        began = timezone.localtime(case.began_at) if case.began_at else now
        began = min(began, now - dt.timedelta(minutes=1))
        self.fields["began_at"].initial = began.replace(second=0, microsecond=0)
        self.fields["ended_at"].initial = now


class EndForm(StepForm):
    why = forms.ChoiceField(
        label="为什么没有办成", choices=HelpCase.Ended, widget=forms.RadioSelect
    )


class EraseForm(StepForm):
    agreed = forms.BooleanField(
        label="本人要求擦除",
        help_text="称呼、电话、住址、出生年和备注擦掉后找不回来。事项、月份、居民区、"
        "办理地点和用时留作统计，谁看过的记录也留着。",
    )

    def clean(self):
        return {"why": HelpCase.Erased.ASKED}


class FindForm(forms.Form):
    phone = _text("电话", 20, required=True, inputmode="tel")


class AppointForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.none(), label="谁来帮忙")
    until = forms.DateField(
        label="到哪天为止", widget=DayInput(), help_text="这一天起打不开任何帮办。"
    )

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        say_choose(self)
        self.fields["user"].queryset = helpers.candidates(by, timezone.localdate())


class TallyForm(forms.ModelForm):
    class Meta:
        model = Tally
        fields = ("item", "place", "neighborhood", "on", "people")
        widgets = {"on": DayInput(), "place": forms.RadioSelect}

    def __init__(self, *args, neighborhoods, **kwargs):
        super().__init__(*args, **kwargs)
        say_choose(self)
        self.fields["item"].queryset = HelpItem.objects.active()
        self.fields["neighborhood"].queryset = neighborhoods
        self.fields["on"].initial = timezone.localdate
        self.fields["place"].choices = Place.choices[:2]

    def clean_on(self):
        likely_day(self.cleaned_data["on"])
        if self.cleaned_data["on"] > timezone.localdate():
            raise forms.ValidationError("日期还没到。")
        return self.cleaned_data["on"]


class LinesField(forms.CharField):
    """One a line."""

    def __init__(self, *, most, **kwargs):
        super().__init__(widget=forms.Textarea(attrs={"rows": 6}), **kwargs)
        self.most = most

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value):
        lines = [line.strip() for line in super().clean(value).splitlines()]
        lines = list(dict.fromkeys(line for line in lines if line))
        if any(len(line) > self.most for line in lines):
            raise forms.ValidationError(f"每行最多 {self.most} 个字。")
        return lines


class ItemForm(forms.ModelForm):
    steps = LinesField(label="步骤", most=120, help_text="一行一步，照着念给本人听。")
    papers = LinesField(
        label="材料", most=60, required=False, help_text="一行一样。不收证件复印件。"
    )

    class Meta:
        model = HelpItem
        fields = ("name", "steps", "papers", "valid_years", "keep_days", "active")
        error_messages = NAME_TAKEN


class WordsForm(forms.ModelForm):
    """Words of consent. The action saves: other words are another row."""

    class Meta:
        model = ConsentItem
        fields = ("label", "script", "needed", "position")
        widgets = {"script": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "label": "几个字，如“帮我按提交”",
            "script": "照着念给本人听的原话，说清做什么、做到哪里为止",
            "position": "从小到大念",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        bounded(self, position=(1, 999))
        say_choose(self)

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""
