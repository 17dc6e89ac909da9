"""What a visitor fills in; plain enough for any browser."""

import re

from django import forms
from django.core import signing

from public.tokens import form_key
from services.models import Match, MenuItem, Order
from tianshan.files.photo_field import PhotosField, pictures_of
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
        return pictures_of(self)

    def clean_website(self):
        if self.cleaned_data["website"]:
            raise forms.ValidationError("有一栏本来要空着，请清空后再提交。")
        return ""


class CardOrderForm(forms.Form):
    item = forms.ModelChoiceField(
        label="点哪一项",
        queryset=MenuItem.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": "请点一项服务。"},
    )
    people = forms.IntegerField(
        label="大约几个人",
        min_value=1,
        max_value=2000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": "请写大约几个人，报个大概就行。"},
    )
    wished = forms.CharField(
        label="希望什么时候",
        max_length=Order._meta.get_field("wished").max_length,
        required=False,
        help_text="如“月底前，下午四点以后”，都行就空着。",
    )
    words = forms.CharField(
        label="有什么要说的",
        max_length=Order._meta.get_field("words").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    phone = forms.CharField(
        label="您的电话",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
        help_text="可以不留。留了只用来约时间。",
    )
    website = forms.CharField(label="这一栏请不要填", required=False)

    clean_phone = SendForm.clean_phone
    clean_website = SendForm.clean_website

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = MenuItem.objects.offered().for_list()

    @property
    def asked(self):
        return {k: v for k, v in self.cleaned_data.items() if k != "website"}


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


class ChooseForm(forms.Form):
    """What an asker says to each offer; what he leaves open is not said."""

    def __init__(self, *args, offers, said, **kwargs):
        super().__init__(*args, **kwargs)
        self.offers = offers
        for offer in offers:
            self.fields[f"offer_{offer.pk}"] = forms.ChoiceField(
                label=offer.provider.name,
                choices=Match.Choice,
                initial=said.get(offer.pk),
                required=False,
                widget=forms.RadioSelect,
            )

    @property
    def compared(self):
        """`[(offer, [(what is compared, its words)], field)]`, in the order given."""
        return [
            (
                offer,
                [(name, offer.terms.get(name, "")) for name in offer.need.compares],
                self[f"offer_{offer.pk}"],
            )
            for offer in self.offers
        ]

    @property
    def chosen(self):
        """`{offer: choice}` of what was said."""
        given = ((each, self.cleaned_data[f"offer_{each.pk}"]) for each in self.offers)
        return {offer: choice for offer, choice in given if choice}

    def clean(self):
        data = super().clean()
        if not self.errors and not any(data.values()):
            raise forms.ValidationError("请至少在一家下面点一个。")
        return data


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        help_text="如“卡片丢了”“被人乱扫”。作废后旧卡就打不开了，要用请重新打印。",
    )
