"""What is asked for around needs and providers. Who may and whether it can be: the acts."""

import re

from django import forms
from django.utils import timezone

from accounts.rights import Right
from enterprises.forms import PhoneMasked
from grids.models import Grid
from party.forms import or_own, say_choose
from party.models import MemberUnit
from services.models import Match, Provider, Thanks
from services.providers import FACTS
from tianshan.web.forms import DayInput, bounded, likely_day

MOST_WORDS = 8
LONGEST_WORD = 20


class WordsField(forms.CharField):
    """A few words, parted by commas, spaces or 、: a list."""

    def clean(self, value):
        words = [
            each for each in re.split(r"[、，,;；\s]+", super().clean(value)) if each
        ]
        words = list(dict.fromkeys(words))
        if len(words) > MOST_WORDS:
            raise forms.ValidationError(f"最多写 {MOST_WORDS} 样。")
        if any(len(each) > LONGEST_WORD for each in words):
            raise forms.ValidationError(f"每一样最多 {LONGEST_WORD} 个字，用顿号分开。")
        return words

    def prepare_value(self, value):
        return "、".join(value) if isinstance(value, list) else value


def area(rows):
    return forms.Textarea(attrs={"rows": rows})


class NeedForm(forms.Form):
    title = forms.CharField(
        label="需要什么", max_length=80, help_text="如“尤克里里老师，带到汇演”"
    )
    skill = forms.CharField(
        label="要的是哪一样",
        max_length=LONGEST_WORD,
        help_text="和提供方登记的写法一样，如“尤克里里”“小额贷款”，照它找候选",
    )
    words = forms.CharField(
        label="具体情况", max_length=500, required=False, widget=area(3)
    )
    people = forms.IntegerField(
        label="多少人", min_value=1, max_value=5000, required=False
    )
    wanted_on = forms.DateField(
        label="哪天以前要", required=False, widget=DayInput(), help_text="不急的空着"
    )
    wanted_for = forms.CharField(
        label="为了什么日子",
        max_length=60,
        required=False,
        help_text="如“残疾人文艺汇演”",
    )
    compares = WordsField(
        label="提出的一方比什么",
        required=False,
        max_length=160,
        help_text="几家一起比的时候写，如“年利率、放款要几天、要什么材料”；不记谁办了多少钱",
    )

    def clean(self):
        asked = super().clean()
        if asked.get("wanted_for") and not asked.get("wanted_on"):
            self.add_error("wanted_on", "写了日子，请填哪一天。")
        return asked


class OfferForm(forms.Form):
    """One line for each thing that the askers compare."""

    words = forms.CharField(
        label="补充说明", max_length=200, required=False, widget=area(2)
    )

    def __init__(self, *args, need, providers, **kwargs):
        super().__init__(*args, **kwargs)
        offering = need.offers.standing().values("provider")
        self.fields["provider"] = forms.ModelChoiceField(
            label="提供方",
            queryset=providers.active().exclude(pk__in=offering).order_by("pinyin"),
            empty_label="请选择",
        )
        for place, name in enumerate(need.compares):
            self.fields[f"term_{place}"] = forms.CharField(
                label=name, max_length=100, required=False
            )
        self.order_fields(
            ["provider", *(f"term_{n}" for n in range(len(need.compares)))]
        )
        self.need = need

    def terms(self):
        """`{what is compared: words}` of what was filled in."""
        return {
            name: self.cleaned_data[f"term_{place}"]
            for place, name in enumerate(self.need.compares)
        }


class ChoiceForm(forms.Form):
    choice = forms.ChoiceField(choices=Match.Choice)


class ReasonForm(forms.Form):
    why = forms.CharField(label="原因", max_length=120)


class OutcomeForm(forms.Form):
    outcome = forms.CharField(label="结果", max_length=200, widget=area(2))


class PostponeForm(forms.Form):
    wanted_on = forms.DateField(label="改到哪天以前", widget=DayInput())
    why = forms.CharField(label="为什么改", max_length=120)


class ThanksForm(forms.Form):
    kind = forms.ChoiceField(label="形式", choices=Thanks.Kind)
    whom = forms.CharField(
        label="谁送的", max_length=60, help_text="写单位或称呼，如“阳光心园全体学员”"
    )
    to = forms.CharField(label="送给谁", max_length=60)
    words = forms.CharField(label="写了什么", max_length=120, required=False)
    on = forms.DateField(label="日期", widget=DayInput(), validators=[likely_day])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate


class ProviderForm(PhoneMasked, forms.ModelForm):
    skills = WordsField(
        label="能提供什么", max_length=160, help_text="用顿号分开，如“尤克里里、合唱”"
    )

    class Meta:
        model = Provider
        fields = [name for name in FACTS if name != "business"]
        help_texts = {
            "name": "单位写名称；志愿者写称呼，不写姓名",
            "slots": "如“周三、周五下午”",
            "contact_title": "写称呼，不写姓名",
        }

    field_order = ["name", "kind", "skills", "slots", "capacity", "unit"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        units = MemberUnit.objects.visible_to(user)
        self.fields["unit"].queryset = or_own(units, self.instance.unit_id)
        bounded(self, capacity=(1, 5000))
        say_choose(self)
        self.mask_phone()

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class NewProviderForm(ProviderForm):
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.none(), empty_label="请选择"
    )
    field_order = ["name", "kind", "grid", "skills", "slots", "capacity", "unit"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        grids = Grid.objects.governed_by(user, Right.KEEP_RESOURCES)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()


class ContactForm(forms.Form):
    words = forms.CharField(label="说了什么", max_length=200, widget=area(2))
    on = forms.DateField(label="日期", widget=DayInput(), validators=[likely_day])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate
