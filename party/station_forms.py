"""What is asked for on the pages of stations. Who may and whether it can be: the actions."""

import datetime as dt

from django import forms
from django.utils import timezone

from accounts.rights import Right
from grids.models import Building, Grid
from party.forms import or_own, say_choose
from party.models import MemberUnit, PartyOrganization, Station, StationHours
from party.stations import FACTS
from tianshan.web.forms import DayInput, TimeInput, likely_day


class StationForm(forms.ModelForm):
    class Meta:
        model = Station
        fields = FACTS
        widgets = {"services": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "parent": "设在另一个阵地里面的，选那一个；如暖新巢设在党群服务站里",
            "place": "如“一层大厅东侧”",
            "services": "给谁、做什么，来的人看得懂的话",
            "contact_title": "写称呼或岗位，不写姓名",
            "longitude": "WGS-84，和楼宇同一处就不用填",
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        own = self.instance
        others = Station.objects.visible_to(user).open_on(today).exclude(pk=own.pk)
        self.fields["parent"].queryset = or_own(others, own.parent_id)
        buildings = or_own(Building.objects.visible_to(user), own.building_id)
        self.fields["building"].queryset = buildings.order_by("pinyin")
        organizations = PartyOrganization.objects.visible_to(user).standing()
        organizations = or_own(organizations, own.organization_id)
        self.fields["organization"].queryset = organizations.order_by("pinyin")
        units = MemberUnit.objects.visible_to(user)
        self.fields["unit"].queryset = or_own(units, own.unit_id)
        say_choose(self)

    def clean(self):
        facts = super().clean()
        if (facts.get("longitude") is None) != (facts.get("latitude") is None):
            self.add_error("latitude", "经度和纬度要一起填。")
        return facts

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class NewStationForm(StationForm):
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.none(), empty_label="请选择"
    )
    opened_on = forms.DateField(
        label="启用日期", widget=DayInput(), validators=[likely_day]
    )
    field_order = ["name", "kind", "grid", "opened_on", "parent"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        grids = Grid.objects.governed_by(user, Right.KEEP_STATIONS)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()
        self.fields["opened_on"].initial = timezone.localdate


class CloseForm(forms.Form):
    on = forms.DateField(
        label="从哪天起停用", widget=DayInput(), validators=[likely_day]
    )
    why = forms.CharField(label="停用原因", max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate


class FunctionForm(forms.Form):
    name = forms.CharField(
        label="功能", max_length=40, help_text="如“平安客厅”“营商法治驿站”"
    )
    about = forms.CharField(label="做什么", max_length=120, required=False)


class RoomForm(forms.Form):
    name = forms.CharField(label="名称", max_length=40)
    capacity = forms.IntegerField(label="容纳人数", min_value=1, max_value=5000)
    equipment = forms.CharField(
        label="设备", max_length=120, required=False, help_text="如“投影、白板、茶席”"
    )


SPANS = 2  # a morning and an afternoon


class HoursForm(forms.Form):
    """Seven days, up to two spans each; an empty line is a day on which it is shut."""

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        for day in StationHours.Weekday:
            known = [each for each in station.hours.all() if each.weekday == day]
            for span in range(SPANS):
                hours = known[span] if span < len(known) else None
                for end, words in (("opens", "开"), ("closes", "关")):
                    self.fields[f"{end}_{day}_{span}"] = forms.TimeField(
                        label=f"{day.label}{'再次' if span else ''}{words}门",
                        required=False,
                        widget=TimeInput(),
                        initial=getattr(hours, end, None),
                    )

    def rows(self):
        """`(day's name, its fields in order)`, for the page."""
        for day in StationHours.Weekday:
            names = [
                f"{end}_{day}_{span}"
                for span in range(SPANS)
                for end in ("opens", "closes")
            ]
            yield day.label, [self[name] for name in names]

    def clean(self):
        times = super().clean()
        hours = []
        for day in StationHours.Weekday:
            for span in range(SPANS):
                opens = times.get(f"opens_{day}_{span}")
                closes = times.get(f"closes_{day}_{span}")
                if opens and closes:
                    hours.append((day.value, opens, closes))
                elif opens or closes:
                    missing = f"{'closes' if opens else 'opens'}_{day}_{span}"
                    self.add_error(missing, "开门和关门要一起填。")
        times["hours"] = hours
        return times


class BookingForm(forms.Form):
    room = forms.ModelChoiceField(
        label="场地", queryset=Station.objects.none(), empty_label="请选择"
    )
    on = forms.DateField(label="日期", widget=DayInput())
    start = forms.TimeField(label="从", widget=TimeInput())
    end = forms.TimeField(label="到", widget=TimeInput())
    title = forms.CharField(
        label="用来做什么", max_length=60, help_text="如“春茶品鉴”“支部组织生活”"
    )
    organization = forms.ModelChoiceField(
        label="使用的党组织", queryset=PartyOrganization.objects.none(), required=False
    )
    unit = forms.ModelChoiceField(
        label="使用的成员单位", queryset=MemberUnit.objects.none(), required=False
    )
    outside_hours = forms.BooleanField(
        label="开放时间以外，已和阵地说好", required=False
    )

    def __init__(self, *args, station, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["room"].queryset = station.rooms.filter(closed_on=None)
        self.fields["organization"].queryset = (
            PartyOrganization.objects.visible_to(user).standing().order_by("pinyin")
        )
        self.fields["unit"].queryset = MemberUnit.objects.visible_to(user)
        say_choose(self)

    def clean(self):
        cleaned = super().clean()
        on, start, end = (cleaned.get(name) for name in ("on", "start", "end"))
        if on and start and end:
            cleaned["starts"] = _moment(on, start)
            cleaned["ends"] = _moment(on, end)
        return cleaned


class MoveForm(BookingForm):
    """The same without what stays: whose it is, and what for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("title", "organization", "unit"):
            del self.fields[name]


class CancelForm(forms.Form):
    why = forms.CharField(label="取消原因", max_length=120)


def _moment(day, clock):
    return timezone.make_aware(dt.datetime.combine(day, clock))
