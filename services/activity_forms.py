"""What is asked for on the pages of activities. Whether it can be: the actions."""

import datetime as dt
import uuid

from django import forms
from django.utils import timezone

from accounts.rights import Right
from grids.models import Building, Grid, Neighborhood
from party.forms import or_own, say_choose
from party.models import MemberUnit, PartyOrganization, Station, StationRoom
from services.activities import FACTS
from services.models import (
    Activity,
    ActivitySeries,
    Feedback,
    ServiceBrand,
    Signup,
)
from tianshan.web.forms import DayInput, TimeInput, bounded, likely_day

PHONE_PRIVATE = {"data-private": "", "autocomplete": "off"}


class WhenForm(forms.Form):
    """The day and its two clocks, as `starts` and `ends`."""

    on = forms.DateField(label="日期", widget=DayInput(), validators=[likely_day])
    start = forms.TimeField(label="从", widget=TimeInput())
    end = forms.TimeField(label="到", widget=TimeInput())

    def clean(self):
        cleaned = super().clean()
        on, start, end = (cleaned.get(name) for name in ("on", "start", "end"))
        if on and start and end:
            cleaned["starts"], cleaned["ends"] = moment(on, start), moment(on, end)
        return cleaned


def moment(day, clock):
    return timezone.make_aware(dt.datetime.combine(day, clock))


def when_of(activity):
    if activity.untimed:
        return {}
    starts, ends = map(timezone.localtime, (activity.starts, activity.ends))
    return {"on": starts.date(), "start": starts.time(), "end": ends.time()}


class ActivityForm(WhenForm, forms.ModelForm):
    class Meta:
        model = Activity
        fields = [n for n in FACTS if n not in ("starts", "ends", "closes_at")]
        widgets = {"about": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "title": "如“节令茶会：夏至”；系列里的由系列给名称",
            "place": "学校、街面写清楚；其他可写到房间，如“一层大厅”",
            "partners": "用顿号隔开",
            "capacity": "不限就空着",
            "reserved": "留给工作人员代报的，扫码报不到",
            "most_each": "扫码报名时每家最多几位",
            "offer_hours": "候补轮到以后，几小时内不确认就给下一家",
            "keep_days": "活动结束后几天清除称呼和电话，人次还在；有孩子的最多 7 天",
            "rule": "如“严禁现场交易”；主办方确认以后才能发布，办完要核对",
        }

    closes_on = forms.DateField(
        label="报名截止日期",
        required=False,
        widget=DayInput(),
        help_text="空着就是到开始为止",
    )
    GROUPS = (
        ("办什么", ("series", "title", "grid", "brand", "about")),
        ("什么时候", ("on", "start", "end")),
        (
            "在哪里",
            (
                "place_kind",
                "station",
                "room",
                "outside_hours",
                "building",
                "neighborhood",
                "place",
            ),
        ),
        ("谁来办，主办只选一个", ("organization", "unit", "host", "partners")),
        (
            "名额和报名",
            (
                "capacity",
                "reserved",
                "most_each",
                "closes_on",
                "offer_hours",
                "on_card",
            ),
        ),
        ("纪律和报名信息", ("rule", "keep_days", "for_children")),
    )
    field_order = [name for _, names in GROUPS for name in names]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        fields, own = self.fields, self.instance
        stations = Station.objects.visible_to(user).open_on(today)
        fields["title"].required = False
        bounded(
            self,
            capacity=(1, 5000),
            reserved=(0, 5000),
            most_each=(1, 500),
            offer_hours=(1, 168),
            keep_days=(0, 365),
        )
        for name in ("station", "host"):
            rows = or_own(stations, getattr(own, f"{name}_id"))
            fields[name].queryset = rows.order_by("pinyin")
        buildings = Building.objects.visible_to(user)
        fields["building"].queryset = buildings.order_by("pinyin")
        fields["neighborhood"].queryset = Neighborhood.objects.visible_to(user)
        organizations = PartyOrganization.objects.visible_to(user).standing()
        organizations = or_own(organizations, own.organization_id)
        fields["organization"].queryset = organizations.order_by("pinyin")
        units = MemberUnit.objects.visible_to(user)
        fields["unit"].queryset = or_own(units, own.unit_id)
        brands = ServiceBrand.objects.filter(active=True)
        fields["brand"].queryset = or_own(brands, own.brand_id)
        say_choose(self)

    def clean(self):
        facts = super().clean()
        closes = facts.get("closes_on")
        facts["closes_at"] = None
        if closes and facts.get("starts"):
            end_of_day = moment(closes, dt.time(23, 59))
            facts["closes_at"] = min(end_of_day, facts["starts"])
        if facts.get("for_children"):
            kept = facts.get("keep_days") or Activity.CHILDREN_KEPT
            facts["keep_days"] = min(kept, Activity.CHILDREN_KEPT)
        return facts

    def groups(self):
        """`(label, its fields)`, for the page."""
        for label, names in self.GROUPS:
            yield label, [self[name] for name in names if name in self.fields]

    def facts(self):
        return {name: self.cleaned_data[name] for name in FACTS}

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class NewActivityForm(ActivityForm):
    series = forms.ModelChoiceField(
        label="系列",
        queryset=ActivitySeries.objects.none(),
        required=False,
        help_text="选了系列，名称和第几期由系列接着给",
    )
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.none(), help_text="算哪个网格办的"
    )
    room = forms.ModelChoiceField(
        label="订场地",
        queryset=StationRoom.objects.none(),
        required=False,
        help_text="选的阵地里的场地，和活动一起订好",
    )
    outside_hours = forms.BooleanField(
        label="开放时间以外，已和阵地说好", required=False
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        seen = ActivitySeries.objects.visible_to(user)
        self.fields["series"].queryset = seen.filter(ended_on=None)
        grids = Grid.objects.visible_to(user, Right.HOLD_ACTIVITIES)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()
        rooms = StationRoom.objects.filter(
            station__in=self.fields["station"].queryset, closed_on=None
        )
        self.fields["room"].queryset = rooms.select_related("station")
        say_choose(self)

    def clean(self):
        facts = super().clean()
        if not facts.get("title") and not facts.get("series"):
            self.add_error("title", "请写名称，或选一个系列。")
        return facts


class CloneForm(WhenForm):
    room = forms.ModelChoiceField(
        label="订场地", queryset=StationRoom.objects.none(), required=False
    )
    outside_hours = forms.BooleanField(
        label="开放时间以外，已和阵地说好", required=False
    )

    def __init__(self, *args, activity, **kwargs):
        super().__init__(*args, **kwargs)
        if activity.station:
            rooms = activity.station.rooms.filter(closed_on=None)
            self.fields["room"].queryset = rooms.select_related("station")
        else:
            del self.fields["room"], self.fields["outside_hours"]
        say_choose(self)

    def facts(self):
        return {n: v for n, v in self.cleaned_data.items() if n not in WHEN}


WHEN = ("on", "start", "end")


class RoomForm(forms.Form):
    room = forms.ModelChoiceField(label="订场地", queryset=StationRoom.objects.none())
    outside_hours = forms.BooleanField(
        label="开放时间以外，已和阵地说好", required=False
    )

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        rooms = StationRoom.objects.filter(station=station, closed_on=None)
        self.fields["room"].queryset = rooms.select_related("station")
        say_choose(self)


class SeriesForm(forms.Form):
    title = forms.CharField(
        label="标题写法",
        max_length=50,
        help_text="{n} 的地方写第几，如“宁新讲堂 第{n}讲”",
    )
    brand = forms.ModelChoiceField(
        label="服务品牌",
        queryset=Activity._meta.get_field("brand").related_model.objects.offered(),
        required=False,
    )
    grid = forms.ModelChoiceField(label="网格", queryset=Grid.objects.none())

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.visible_to(user, Right.HOLD_ACTIVITIES)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()
        say_choose(self)


class CancelForm(forms.Form):
    why = forms.CharField(
        label="取消原因", max_length=120, help_text="报名的人会看到这句话"
    )


class HeadCountForm(forms.Form):
    count = forms.IntegerField(
        label="到了多少人次",
        min_value=1,
        max_value=20000,
        help_text="逐个签到的也算在内",
    )
    basis = forms.ChoiceField(
        label="怎么数的", choices=Activity.Basis, widget=forms.RadioSelect
    )
    households = forms.IntegerField(
        label="其中多少户",
        min_value=1,
        max_value=20000,
        required=False,
        help_text="按家庭来的才填，和人次分开算",
    )


class RuleForm(forms.Form):
    kept = forms.TypedChoiceField(
        label="现场遵守了吗",
        choices=[("yes", "遵守了"), ("no", "没有遵守")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label="情况", max_length=200, required=False, help_text="没有遵守的要写清楚"
    )


class PageForm(forms.Form):
    """Says which page was sent, so that two presses on it are told from two pages."""

    page_key = forms.UUIDField(
        required=False, widget=forms.HiddenInput, initial=uuid.uuid4
    )

    def clean(self):
        facts = super().clean()
        self.page = facts.pop("page_key", None)
        return facts


class SignupForm(PageForm):
    persons = forms.IntegerField(
        label="几位", min_value=1, max_value=Signup.MOST_PERSONS, initial=1
    )
    title = forms.CharField(
        label="称呼",
        max_length=20,
        required=False,
        help_text="如“林女士”，不写全名",
        widget=forms.TextInput(attrs=PHONE_PRIVATE),
    )
    phone = forms.CharField(
        label="电话",
        max_length=20,
        required=False,
        help_text="有变化时用来告诉本人，到期清除",
        widget=forms.TextInput(attrs={"inputmode": "tel", **PHONE_PRIVATE}),
    )
    employer = forms.CharField(
        label="单位",
        max_length=60,
        required=False,
        help_text="不在台账里的单位、学校、骑手站点",
    )
    reserved = forms.BooleanField(label="用预留名额", required=False)

    def __init__(self, *args, activity, business=None, **kwargs):
        super().__init__(*args, **kwargs)
        if business:
            del self.fields["employer"]
        if not activity.reserved:
            del self.fields["reserved"]

    def clean(self):
        facts = super().clean()
        if "employer" in self.fields and not (
            facts.get("employer") or facts.get("title")
        ):
            self.add_error("title", "称呼和单位至少写一个。")
        return facts


class WalkInForm(PageForm):
    title = forms.CharField(
        label="称呼",
        max_length=20,
        widget=forms.TextInput(attrs=PHONE_PRIVATE),
    )
    employer = forms.CharField(label="单位", max_length=60, required=False)


class FeedbackForm(forms.Form):
    verdict = forms.ChoiceField(
        label="评价", choices=Feedback.Verdict, widget=forms.RadioSelect
    )
    words = forms.CharField(label="意见", max_length=200, required=False)
