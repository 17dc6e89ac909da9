"""What visitors fill in to sign up, to check in, and to say how it was."""

import uuid

from django import forms

from public.forms import PHONE
from services.models import Feedback
from tianshan.web.tokens import hashed

PERSON = {"autocomplete": "off", "data-private": ""}


def key_of(kind, pk, key):
    """The client key of what a form sends: the same form again is the same thing."""
    return uuid.UUID(hashed(f"{kind}.{pk}.{key}")[:32])


class VisitorForm(forms.Form):
    # Nobody sees this one; what fills in everything does.
    website = forms.CharField(label="这一栏请不要填", required=False)

    def clean_website(self):
        if self.cleaned_data["website"]:
            raise forms.ValidationError("有一栏本来要空着，请清空后再提交。")
        return ""

    def answers(self):
        return {n: v for n, v in self.cleaned_data.items() if n in self.ASKED}


class SignUpForm(VisitorForm):
    ASKED = ("title", "phone", "persons")

    title = forms.CharField(
        label="称呼",
        max_length=20,
        help_text="如“林女士”",
        widget=forms.TextInput(attrs=PERSON),
    )
    phone = forms.CharField(
        label="手机号",
        max_length=20,
        help_text="活动有变化时告诉您",
        widget=forms.TextInput(attrs={"inputmode": "tel", **PERSON}),
    )
    persons = forms.IntegerField(label="几位到场", min_value=1, initial=1)
    agreed = forms.BooleanField(
        error_messages={"required": "请先点一下同意；不同意就不能在这里报名。"}
    )

    def __init__(self, *args, activity, **kwargs):
        super().__init__(*args, **kwargs)
        most = activity.most_each
        self.fields["persons"].help_text = f"每家最多 {most} 位"
        self.fields["persons"].widget.attrs["max"] = most
        self.fields[
            "agreed"
        ].label = f"同意为这次活动留下称呼和手机号，活动后 {activity.keep_days} 天清除"

    def clean_phone(self):
        phone = self.cleaned_data["phone"].strip()
        if not PHONE.fullmatch(phone):
            raise forms.ValidationError("手机号看着不对，请核对。")
        return phone


class CheckInForm(VisitorForm):
    ASKED = ("title", "employer", "persons")

    title = forms.CharField(
        label="称呼",
        max_length=20,
        help_text="如“林女士”",
        widget=forms.TextInput(attrs=PERSON),
    )
    employer = forms.CharField(
        label="单位",
        max_length=60,
        required=False,
        help_text="店名、公司、站点，没有就空着",
    )
    persons = forms.IntegerField(
        label="几位", min_value=1, max_value=20, initial=1, help_text="连您一共几位"
    )


class SayForm(VisitorForm):
    ASKED = ("verdict", "words")

    verdict = forms.ChoiceField(
        label="您觉得怎么样",
        choices=Feedback.Verdict,
        widget=forms.RadioSelect,
        error_messages={"required": "请点一下您觉得怎么样。"},
    )
    words = forms.CharField(label="想说的话", max_length=200, required=False)
