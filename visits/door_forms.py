"""What is asked about a door, and what is asked of whoever checks it."""

from django import forms
from django.utils import timezone

from enterprises.act_views import STEPS
from enterprises.forms import PRIVATE, StepForm, phone_as_typed, phone_field
from grids.models import Building, Grid
from tianshan.web.forms import DayInput
from visits.doors import grids_to_report_in, may_report_in
from visits.forms import MomentField, not_in_future, not_long_ago
from visits.models import DoorReport

Kind = DoorReport.Kind


def length(name):
    return DoorReport._meta.get_field(name).max_length


class DoorForm(forms.Form):
    """One thing seen at a door. Its plain names are also what phones fill in."""

    kind = forms.ChoiceField(
        label="看到什么", choices=DoorReport.Kind, widget=forms.RadioSelect
    )
    building = forms.ModelChoiceField(
        label="所在楼宇/市场",
        queryset=Building.objects.none(),
        required=False,
        empty_label="不在楼里",
    )
    room = forms.CharField(
        label="室号铺位", max_length=length("room"), required=False, help_text="如 B08"
    )
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.none(), required=False, empty_label="按楼宇"
    )
    name = forms.CharField(
        label="招牌名称",
        max_length=length("name"),
        required=False,
        help_text="照招牌写；换人后招牌也换了的写新的",
    )
    contact_name = forms.CharField(
        label="联系人",
        max_length=length("contact_name"),
        required=False,
        help_text="问到了就写，如 沈女士",
        widget=forms.TextInput(attrs=PRIVATE),
    )
    contact_phone = phone_field()
    words = forms.CharField(
        label="看到的情况",
        max_length=length("words"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="如“卷帘门上贴了转让，隔壁说上周搬走”。不写与此无关的个人信息。",
    )
    seen_on = forms.DateField(
        label="看到日期", widget=DayInput(), validators=[not_in_future, not_long_ago]
    )
    client_key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={"required": "页面不完整，请重新打开。"},
    )
    filled_at = MomentField(widget=forms.HiddenInput)

    def __init__(self, *args, user, business=None, client_key=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.business = business
        now = timezone.now()
        self.initial = {
            "seen_on": timezone.localdate(now),
            "client_key": client_key,
            "filled_at": now.isoformat(),
            **self.initial,
        }
        if business is not None:
            self.fields["kind"].choices = [
                (kind.value, kind.label) for kind in (Kind.NEW_OWNER, Kind.GONE)
            ]
            for name in ("building", "room", "grid"):
                del self.fields[name]
            return
        del self.fields["kind"]
        grids = grids_to_report_in(user)
        self.fields["grid"].queryset = grids
        self.fields["building"].queryset = may_report_in(user).order_by("pinyin")
        if len(grids) == 1:
            self.initial.setdefault("grid", grids[0])

    def clean_contact_phone(self):
        return phone_as_typed(self.cleaned_data["contact_phone"], ())

    def clean(self):
        data = super().clean()
        if self.business is None:
            data["kind"] = Kind.OPENED
            if not data.get("building") and not data.get("grid"):
                self.add_error("building", "请选楼宇，不在楼里的选网格。")
            if not data.get("name") and not data.get("words"):
                self.add_error("name", "请写招牌上的名称；看不到招牌，写下看到的情况。")
        return data


class GoneForm(StepForm):
    """How a business is gone, from which day, and how one knows."""

    step = forms.ChoiceField(
        label="是哪一种",
        widget=forms.RadioSelect,
        choices=[(step, STEPS[step][0]) for step in ("leave", "close")],
    )

    field_order = ("step", "since", "reason")


class DeclineDoorForm(forms.Form):
    reason = forms.CharField(
        label="为什么不采用",
        max_length=length("answer"),
        help_text="如“去看过，只是装修，下月开门”。报告的人会看到。",
    )
