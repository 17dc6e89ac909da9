"""What a visitor fills in; plain enough for any browser."""

import re

from django import forms
from django.core import signing

from public.tokens import form_key
from tianshan.files.pictures import ACCEPT, NotNow, safe_picture
from tianshan.files.problems import FileProblem
from visits.models import Demand, DemandCategory, Rating

PHONE = re.compile(r"\+?[\d\s()-]{7,20}")


class FormKeys:
    """Keys of the forms of one card, signed, so that none is chosen by a stranger."""

    def __init__(self, card):
        self.signer = signing.Signer(salt=f"public.form.{card.pk}")

    def new(self):
        return self.signer.sign(form_key())

    def read(self, text):
        try:
            return self.signer.unsign(text)
        except signing.BadSignature:
            return None


MOST_PHOTOS = 3


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to three files; what they hold is looked at later (`SendForm.pictures`)."""

    widget = ManyFiles(attrs={"accept": ACCEPT})

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data]
        files = [super(PhotosField, self).clean(file) for file in files if file]
        if len(files) > MOST_PHOTOS:
            raise forms.ValidationError(f"照片最多 {MOST_PHOTOS} 张，请重新选。")
        return files


class SendForm(forms.Form):
    category = forms.ModelChoiceField(
        label="哪方面的事",
        queryset=DemandCategory.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": "请点一下是哪方面的事，说不准就点“其他”。"},
    )
    words = forms.CharField(
        label="说说情况",
        max_length=Demand._meta.get_field("words").max_length,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="什么时候、在哪儿、希望怎么办。",
        error_messages={"required": "请写几句是什么事。"},
    )
    phone = forms.CharField(
        label="您的电话",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
        help_text="可以不留。留了只用来回您的话。",
    )
    photos = PhotosField(
        label="照片",
        required=False,
        help_text="可以不加，最多 3 张。拍的地点不会留下来。",
    )
    # Nobody sees this one; what fills in everything does.
    website = forms.CharField(label="这一栏请不要填", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = DemandCategory.objects.offered()

    def clean_phone(self):
        phone = self.cleaned_data["phone"].strip()
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError("电话号码看着不对，请核对；不想留就空着。")
        return phone

    def pictures(self):
        """The photos drawn anew; None, and the form says why, when one cannot be.

        Each costs a process, so this comes after all else was found right.
        """
        drawn = []
        for number, file in enumerate(self.cleaned_data["photos"], 1):
            try:
                drawn.append(safe_picture(file.read()))
            except FileProblem as problem:
                words = f"第 {number} 张：{problem}您写的字还在，照片要重新选。"
                self.add_error("photos", words)
                return None
            except NotNow:
                self.add_error(
                    "photos", "现在收不了照片。请过一会儿再交，或先不加照片提交。"
                )
                return None
        return drawn

    def clean_website(self):
        if self.cleaned_data["website"]:
            raise forms.ValidationError("有一栏本来要空着，请清空后再提交。")
        return ""


class RateForm(forms.Form):
    verdict = forms.ChoiceField(
        label="您觉得办得怎么样",
        choices=Rating.Verdict,
        widget=forms.RadioSelect,
        error_messages={"required": "请点一个：满意、基本满意或不满意。"},
    )
    words = forms.CharField(
        label="想说的话",
        required=False,
        max_length=Rating._meta.get_field("words").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不满意的，请说一句哪里不满意，我们接着办。",
    )


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        help_text="如“卡片丢了”“被人乱扫”。作废后旧卡就打不开了，要用请重新打印。",
    )
