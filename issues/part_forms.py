"""What is asked for at each step of a part; who may, and whether now: `issues.parts`."""

from django import forms

from issues.forms import LeadField
from issues.models import MeasurePart
from issues.models.part import TOLD
from tianshan.files.photo_field import PhotosField, pictures_of
from tianshan.web.forms import DayInput


def reason(label, hint, most=200):
    return forms.CharField(
        label=label,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=hint,
    )


class HoldersForm(forms.Form):
    """A step of the holder. Who acts for it says how it answered."""

    how = forms.ChoiceField(
        label="对方怎么答复的",
        choices=[(how.value, how.label) for how in TOLD],
        widget=forms.RadioSelect,
        help_text="代单位登记，会写进办理记录。",
    )

    def __init__(self, *args, part, user, for_whom, **kwargs):
        super().__init__(*args, **kwargs)
        if for_whom:
            self.fields["how"].label = f"{for_whom}怎么答复的"
        else:
            del self.fields["how"]


class BodysForm(forms.Form):
    """A step of the body that owns the issue."""

    def __init__(self, *args, part, user, for_whom, **kwargs):
        super().__init__(*args, **kwargs)


class ConfirmForm(HoldersForm):
    pass


class RefuseForm(HoldersForm):
    reason = reason("为什么办不了", "写明依据，如“按职责分工不属本单位”。", most=200)
    instead = forms.CharField(
        label="应当由谁办",
        max_length=60,
        help_text="写单位名称，议事主体据此改派。",
    )
    field_order = ["reason", "instead", "how"]


class StudyForm(HoldersForm):
    until = forms.DateField(label="研究到哪天", widget=DayInput())
    reason = reason("要研究什么", "如“要和业主核对合同”。只能带回一次。")
    field_order = ["until", "reason", "how"]


class ReportForm(HoldersForm):
    words = reason("办到哪一步", "做了什么，还差什么。", most=300)
    photos = PhotosField(
        label="照片",
        required=False,
        help_text="有用才传，最多 3 张。拍现场，不拍人和证件；拍的地点不会留下来。",
    )
    field_order = ["words", "photos", "how"]

    def pictures(self):
        return pictures_of(self)


class ExtensionForm(HoldersForm):
    until = forms.DateField(label="延到哪天", widget=DayInput())
    reason = reason("为什么要延期", "会一直显示在这项分工上。")
    field_order = ["until", "reason", "how"]


class AnswerForm(BodysForm):
    granted = forms.TypedChoiceField(
        label="答复",
        choices=[("yes", "同意延期"), ("no", "不同意")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    words = reason("理由", "会一直显示在这项分工上。")


class PauseForm(BodysForm):
    until = forms.DateField(
        label="暂停到哪天",
        widget=DayInput(),
        help_text="含这一天。到期自动恢复计时，期限按暂停的工作日顺延。",
    )
    reason = reason("为什么暂停", "如“等业主大会表决”。会一直显示在这项分工上。")


class ResumeForm(BodysForm):
    reason = reason("为什么提前恢复", "如“业主大会提前开了”。")


class FinishForm(HoldersForm):
    result = reason(
        "完成情况",
        "做了什么，从哪天起。",
        most=MeasurePart._meta.get_field("result").max_length,
    )
    field_order = ["result", "how"]


class ReassignForm(BodysForm):
    holder = LeadField(label="改由谁办")
    reason = reason("为什么由它办", "写明依据，新的承办单位会看到。")

    def __init__(self, *args, part, user, for_whom, **kwargs):
        super().__init__(*args, part=part, user=user, for_whom=for_whom, **kwargs)
        self.fields["holder"].offer(user)


class ExcuseForm(BodysForm):
    reason = reason("哪次会议、为什么免办", "如“11 月旬研商会定：改由物业统一处理”。")


class AddPartForm(forms.Form):
    holder = LeadField(label="由谁协办")
    content = forms.CharField(
        label="做什么", max_length=MeasurePart._meta.get_field("content").max_length
    )
    due_on = forms.DateField(label="期限", widget=DayInput())

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["holder"].offer(user)
