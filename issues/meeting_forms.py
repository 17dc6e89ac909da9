"""What is asked for around a meeting. Who may and whether it may be now: the actions."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from grids.models import Building, Grid, Post
from issues.forms import LeadField, SupportsForm
from issues.meetings import OF_DEMANDS
from issues.models import (
    Attendance,
    BodyMember,
    DeliberationBody,
    Issue,
    Matter,
    Measure,
    Meeting,
    Survey,
    SurveyPhoto,
)
from party.models import MemberUnit, PartyOrganization
from tianshan.files.pictures import ACCEPT
from tianshan.web.forms import NAME_TAKEN, DayInput, TimeInput


def area(rows):
    return forms.Textarea(attrs={"rows": rows})


class MeetingForm(forms.Form):
    body = forms.ModelChoiceField(
        label="议事主体", queryset=DeliberationBody.objects.none(), empty_label="请选择"
    )
    kind = forms.ChoiceField(label="会议", choices=Meeting.Kind)
    on = forms.DateField(label="日期", widget=DayInput())
    at_time = forms.TimeField(label="时间", widget=TimeInput())
    place = forms.CharField(label="地点", max_length=80)
    papers = forms.CharField(
        label="会前材料",
        max_length=2000,
        required=False,
        widget=area(3),
        help_text="参会的人要先看什么，写在通知里。",
    )

    def __init__(self, *args, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["body"].queryset = bodies


class ChangeForm(forms.Form):
    on = forms.DateField(label="日期", widget=DayInput())
    at_time = forms.TimeField(label="时间", widget=TimeInput())
    place = forms.CharField(label="地点", max_length=80)
    papers = forms.CharField(
        label="会前材料", max_length=2000, required=False, widget=area(3)
    )


class CallForm(forms.Form):
    body = forms.ModelChoiceField(
        label="召集谁", queryset=DeliberationBody.objects.none(), empty_label=None
    )
    on = forms.DateField(label="日期", widget=DayInput())
    at_time = forms.TimeField(label="时间", widget=TimeInput())
    place = forms.CharField(label="地点", max_length=80)
    reason = forms.CharField(label="为什么召集", max_length=500, widget=area(2))

    def __init__(self, *args, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["body"].queryset = bodies


class AddItemForm(forms.Form):
    issue = forms.ModelChoiceField(
        label="议题",
        queryset=Issue.objects.none(),
        required=False,
        empty_label="不是议题，写在下面",
    )
    title = forms.CharField(
        label="议什么",
        max_length=200,
        required=False,
        help_text="没有选议题时写，如“通报上月情况”。",
    )
    reason = forms.CharField(label="为什么加进来", max_length=200)

    def __init__(self, *args, issues, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issue"].queryset = issues

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("issue") and not cleaned.get("title", "").strip():
            self.add_error("title", "请选一个议题，或写议什么。")
        return cleaned


class ReasonForm(forms.Form):
    reason = forms.CharField(label="原因", max_length=200, widget=area(2))


class ItemForm(SupportsForm):
    """What was said on an item, and what came of it; `do` says which is saved."""

    OF_ISSUES = ("tried", "matter", "outside_number", "content", "lead", "due_on")

    version = forms.IntegerField(widget=forms.HiddenInput())
    discussion = forms.CharField(
        label="讨论",
        max_length=2000,
        required=False,
        widget=area(4),
        help_text="怎么说的，一段一件事。随时可以先存。",
    )
    outcome = forms.ChoiceField(label="结果", widget=forms.RadioSelect, required=False)
    resolution = forms.CharField(
        label="议定",
        max_length=500,
        required=False,
        widget=area(2),
        help_text="写进纪要的一句话；留到下次、提级、退回的写原因，作出解释的写怎么解释。",
    )
    tried = forms.CharField(
        label="本级已经做过什么",
        max_length=500,
        required=False,
        widget=area(2),
        help_text="提级要写。",
    )
    matter = forms.ModelChoiceField(
        label="对应哪个事项",
        queryset=Matter.objects.none(),
        required=False,
        empty_label="请选择",
    )
    outside_number = forms.CharField(
        label="外部案号",
        max_length=Matter._meta.get_field("outside_number").max_length,
        required=False,
        help_text="移交执法要写执法系统的案号；事项上已经记过的可以空着。",
    )
    content = forms.CharField(
        label="措施",
        max_length=Measure._meta.get_field("content").max_length,
        required=False,
        help_text="做什么，做到什么程度。",
    )
    lead = LeadField(label="由谁主办", required=False)
    due_on = forms.DateField(label="期限", widget=DayInput(), required=False)

    def __init__(self, *args, outcomes, item, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [(one.value, one.label) for one in outcomes]
        if item.issue_id:
            matters = item.issue.matters.open()
            self.fields["matter"].queryset = matters
            if len(matters) == 1:
                self.fields["matter"].initial = matters[0]
            self.fields["lead"].offer(user)
            self.with_supports()
        else:
            for name in self.OF_ISSUES:
                del self.fields[name]


class DemandsForm(forms.Form):
    """One result for all demands that have none."""

    outcome = forms.ChoiceField(
        label="结果",
        choices=[(one.value, one.label) for one in OF_DEMANDS],
        widget=forms.RadioSelect,
        initial=OF_DEMANDS[0],
    )
    resolution = forms.CharField(
        label="议定", max_length=500, initial="已逐件过一遍，由责任方答复。"
    )


class SpotMeasureForm(SupportsForm):
    """One more measure under an item that has been decided."""

    matter = forms.ModelChoiceField(
        label="对应哪个事项", queryset=Matter.objects.none(), empty_label=None
    )
    content = forms.CharField(
        label="措施", max_length=Measure._meta.get_field("content").max_length
    )
    lead = LeadField(label="由谁主办")
    due_on = forms.DateField(label="期限", widget=DayInput())

    def __init__(self, *args, issue, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["matter"].queryset = issue.matters.open()
        self.fields["lead"].offer(user)
        self.with_supports()


class OpinionForm(forms.Form):
    who = forms.CharField(
        label="谁的意见", max_length=60, help_text="写职务，如“市容管理所”。"
    )
    words = forms.CharField(label="意见", max_length=500, widget=area(2))


class VoteForm(forms.Form):
    """Observers do not vote; who voted how is left out."""

    in_favour = forms.IntegerField(label="同意", min_value=0, max_value=999)
    against = forms.IntegerField(label="反对", min_value=0, max_value=999)
    abstained = forms.IntegerField(label="弃权", min_value=0, max_value=999)


class AttendanceForm(forms.ModelForm):
    class Meta:
        model = Attendance
        fields = ["state", "note"]
        widgets = {"state": forms.RadioSelect}


class InviteForm(forms.Form):
    title = forms.CharField(
        label="职务", max_length=60, help_text="只写职务，不写姓名。"
    )
    state = forms.ChoiceField(
        label="怎么参加",
        choices=[
            (Attendance.State.PRESENT, "出席"),
            (Attendance.State.OBSERVER, "列席"),
        ],
        initial=Attendance.State.OBSERVER,
    )


class ConfirmForm(forms.Form):
    how = forms.CharField(
        label="主持人怎么确认的",
        max_length=100,
        required=False,
        help_text="主持人没有账号、由您代记时写，如“11月20日书面签字”。",
    )


class IssueMinutesForm(forms.Form):
    on = forms.DateField(label="签发日期", widget=DayInput())
    title = forms.CharField(label="签发人（职务）", max_length=40)


class BodyForm(forms.ModelForm):
    class Meta:
        model = DeliberationBody
        fields = [
            "name",
            "kind",
            "level",
            "scope",
            "grid",
            "organization",
            "buildings",
            "chair_title",
            "chair",
            "clerk_title",
            "clerk",
            "weekly",
            "ten_daily",
            "monthly",
            "cadence_from",
            "numbered",
            "mark",
        ]
        error_messages = NAME_TAKEN
        widgets = {
            "cadence_from": DayInput(),
            "buildings": forms.CheckboxSelectMultiple,
        }
        help_texts = {
            "chair_title": "只写职务，如“第三综合网格长”。没有主持人的不能确认纪要。",
            "chair": "主持人有账号的，选他的岗位；没有的留空，由记录人代记确认。",
            "mark": "如“第三网格党建联席会纪要”。",
            "buildings": "不选，就管到整个网格或党组织覆盖的地方。",
        }

    def __init__(self, *args, user, having, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, having)
        self.fields["grid"].queryset = grids
        self.fields["organization"].queryset = (
            PartyOrganization.objects.filter(grid__in=grids)
            .standing()
            .order_by("pinyin")
        )
        self.fields["buildings"].queryset = Building.objects.filter(
            grid__in=grids, gone_at=None
        ).order_by("pinyin")
        self.fields["buildings"].required = False
        posts = (
            Post.objects.in_force()
            .filter(grid__in=grids)
            .select_related("user", "grid")
            .order_by("role", "pk")
        )
        for name in ("chair", "clerk"):
            self.fields[name].queryset = posts
            self.fields[name].label_from_instance = _named

    def clean(self):
        cleaned = super().clean()
        for name in ("chair", "clerk"):
            if cleaned.get(name) and not cleaned.get(f"{name}_title"):
                self.add_error(f"{name}_title", "选了岗位，请也写职务。")
        owes = any(cleaned.get(name) for name in ("weekly", "ten_daily", "monthly"))
        if owes and not cleaned.get("cadence_from"):
            self.add_error("cadence_from", "要排会的，请写从哪天起。")
        if cleaned.get("numbered") and not cleaned.get("mark"):
            self.add_error("mark", "编期号的，请写纪要标志。")
        return cleaned


def _named(post):
    return f"{post.user.display_name}（{post.get_role_display()}，{post.grid}）"


class MemberForm(forms.ModelForm):
    class Meta:
        model = BodyMember
        fields = ["title", "unit", "organization", "observes"]
        help_texts = {"title": "只写职务，如“城运中心负责人”。"}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = MemberUnit.objects.visible_to(user)
        self.fields["organization"].queryset = (
            PartyOrganization.objects.visible_to(user).standing().order_by("pinyin")
        )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("unit") and cleaned.get("organization"):
            self.add_error("organization", "单位和党组织只选一个。")
        return cleaned


class SurveyForm(forms.ModelForm):
    class Meta:
        model = Survey
        fields = ["on", "place", "who", "findings"]
        widgets = {"on": DayInput(), "findings": area(4)}
        help_texts = {"who": "写职务，如“网格长、市容管理所、业主方”。"}


class SurveyPhotoForm(forms.Form):
    stage = forms.ChoiceField(
        label="阶段", choices=SurveyPhoto.Stage, widget=forms.RadioSelect
    )
    photo = forms.FileField(
        label="照片",
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
        help_text="JPG、PNG、WebP 或 HEIC，最多 15 MB；拍摄地点等信息会去掉。",
    )
    caption = forms.CharField(label="说明", max_length=80, required=False)


class CompilationForm(forms.Form):
    year = forms.IntegerField(
        validators=[MinValueValidator(2000), MaxValueValidator(2100)]
    )
    month = forms.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(12)])
