"""The form of a ledger's extra fields, and the form of a definition."""

import json

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from tianshan.files import CellProblem
from tianshan.files.cells import text_of
from tianshan.values import typed
from tianshan.values.actions import KEPT
from tianshan.values.extra import CARRIERS, fields_of
from tianshan.values.models import ExtraField

SALT = "values.seen"
MOST_CHOICES = 30


class MaskedField(forms.CharField):
    """A personal answer: it stands masked, and the mask left as it is changes nothing."""

    def __init__(self, field, **words):
        super().__init__(
            label=field.label,
            help_text="；".join(filter(None, [field.help, "要改就重新输入"])),
            required=field.required,
            max_length=typed.LONGEST,
            **words,
        )
        self.asked = field

    def clean(self, text):
        text = super().clean(text)
        if typed.is_mask(text):
            return KEPT
        try:
            return typed.read(self.asked, text)
        except CellProblem as problem:
            raise ValidationError(str(problem)) from None


class ExtraForm(forms.Form):
    """The extra fields that are asked of a row. What it showed travels along signed,
    answers as fingerprints, so that a second person's save is noticed."""

    def __init__(self, data=None, *, of, row, kind=None):
        super().__init__(data)
        self.row, self.asked = row, fields_of(of, kind)
        for field in self.asked:
            hidden = field.personal and field.key in row.extra
            self.fields[field.key] = (
                MaskedField(field) if hidden else typed.form_field(field)
            )
            self.initial[field.key] = _shown(field, row)
        self.prints = self._seen(data)

    def _seen(self, data):
        """`{key: fingerprint}` of the answers shown; None when it is not ours."""
        if data is None:
            return self._prints()
        try:
            pk, prints = signing.loads(data.get("seen", ""), salt=SALT)
        except signing.BadSignature:
            return None
        return prints if pk == self.row.pk else None

    def _prints(self):
        return {
            field.key: _print(self.row, field.key, self.row.extra[field.key])
            for field in self.asked
            if field.key in self.row.extra
        }

    @property
    def seen(self):
        """What is shown now, for the page's hidden field."""
        return signing.dumps([self.row.pk, self._prints()], salt=SALT)

    def unseen(self, row):
        """A question to ask of a row as it is stored: is an answer not the one shown?"""
        return lambda key: (
            self.prints.get(key)
            != (_print(row, key, row.extra[key]) if key in row.extra else None)
        )

    @property
    def answers(self):
        """`{key: as stored}` of what differs from what was shown; None for none."""
        answers = {}
        for field in self.asked:
            value = self.cleaned_data[field.key]
            if value is KEPT:
                continue
            if not isinstance(self.fields[field.key], MaskedField):
                value = text_of(value) if isinstance(value, str) else value
                value = typed.stored(field, value)
            mine = None if value is None else _print(self.row, field.key, value)
            if mine != self.prints.get(field.key):
                answers[field.key] = value
        return answers

    def refresh(self):
        """Show what others saved in what nobody touched here; what was typed stays."""
        touched = self.answers
        self.data = self.data.copy()
        for field in self.asked:
            if field.key not in touched:
                shown = _shown(field, self.row)
                self.data[field.key] = "" if shown is None else shown


def _shown(field, row):
    """An answer as the form shows it."""
    value = typed.value_of(field, row.extra)
    if value is None:
        return None
    if field.personal:
        return typed.MASK
    return str(value) if isinstance(value, bool) else value


def _print(row, key, answer):
    """A fingerprint: whoever may not see an answer finds it nowhere in the page."""
    text = json.dumps([row._meta.label, row.pk, key, answer])
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:24]


class FieldForm(forms.ModelForm):
    """The definition of an extra field."""

    of = forms.ChoiceField(label="台账")
    kinds = forms.MultipleChoiceField(
        label="只问这几类",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="不选就是每一类都问；只有企业商户分类",
    )
    choices = forms.CharField(
        label="选项",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="类型是“选项”时填，一行一个",
    )

    class Meta:
        model = ExtraField
        fields = [
            *("of", "label", "type", "choices", "kinds"),
            *("help", "visibility", "required", "active"),
        ]
        help_texts = {
            "label": "也是导出、导入时的列名",
            "help": "填写时看到的一句话",
            "visibility": "个人信息在名单和导出里隐去，查看要留痕",
            "required": "修改附加字段时必须填",
            "active": "停用后各处不再出现，填过的还留着",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["of"].choices = [(c.key, c.label) for c in CARRIERS.values()]
        self.fields["type"].choices = [("", "请选择"), *ExtraField.Type.choices]
        self.fields["kinds"].choices = [
            kind for carrier in CARRIERS.values() for kind in carrier.kinds
        ]
        if self.instance.pk:
            del self.fields["of"]
            self.initial["choices"] = "\n".join(self.instance.choices)

    def clean_choices(self):
        lines = self.cleaned_data["choices"].splitlines()
        words = list(dict.fromkeys(filter(None, map(text_of, lines))))
        if len(words) > MOST_CHOICES:
            raise ValidationError(f"最多 {MOST_CHOICES} 个选项。")
        if any(len(word) > 40 for word in words):
            raise ValidationError("每个选项最多 40 个字。")
        return words

    def clean_label(self):
        return text_of(self.cleaned_data["label"])

    def clean(self):
        cleaned = super().clean()
        of = cleaned.get("of") or self.instance.of
        if cleaned.get("type") == ExtraField.Type.CHOICE:
            if not cleaned.get("choices") and "choices" not in self.errors:
                self.add_error("choices", "请写下可选的值，一行一个。")
        else:
            cleaned["choices"] = []
        if of in CARRIERS:
            known = {value for value, _ in CARRIERS[of].kinds}
            if set(cleaned.get("kinds", [])) - known:
                self.add_error("kinds", "这个台账没有这几类，请不要选。")
            if cleaned.get("label") and CARRIERS[of].taken(cleaned["label"]):
                self.add_error("label", "台账里已经有这一列，请换一个名称。")
        others = ExtraField.objects.filter(of=of, label=cleaned.get("label"))
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("label", "这个台账已经有同名的附加字段。")
        return cleaned

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class WhyForm(forms.Form):
    """Why somebody wants to see a personal answer in full; it is logged."""

    why = forms.CharField(label="查看原因", max_length=200, min_length=2)
