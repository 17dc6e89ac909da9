"""What is asked for at each act on coverage. What the rules say: `coverage`."""

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Adviser, Business
from grids.models import Building, Grid
from party.actions import usual_term
from party.forms import DayInput, say_choose, within_reach
from party.models import OrganizationBuilding, PartyOrganization, in_force


def buildings_for(user):
    """The buildings of the grids where one manages coverage, or that one's hold."""
    organizations = PartyOrganization.objects.served_by(user, Right.MANAGE_COVERAGE)
    held = OrganizationBuilding.objects.filter(
        in_force(), organization__in=organizations
    )
    grids = Grid.objects.governed_by(user, Right.MANAGE_COVERAGE)
    return (
        Building.objects.visible_to(user)
        .filter(Q(grid__in=grids) | Q(pk__in=held.values("building")))
        .order_by("pinyin")
    )


class ReasonedForm(forms.Form):
    """The day on which an act takes effect, and why."""

    on = forms.DateField(label="从哪天起", widget=DayInput())
    reason = forms.CharField(
        label="说明",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate


class PaperForm(ReasonedForm):
    """An act with the paper on which it rests."""

    paper_by = forms.CharField(label="批准单位", max_length=80, required=False)
    paper_number = forms.CharField(label="文号", max_length=60, required=False)
    paper_on = forms.DateField(label="文件日期", required=False, widget=DayInput())


class TakeInForm(PaperForm):
    building = forms.ModelChoiceField(
        label="楼宇、市场、街区", queryset=Building.objects.none(), empty_label="请选择"
    )
    field_order = ["building", "on"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = buildings_for(user)


class PlaceField(forms.ChoiceField):
    """A grid or a building, in one list."""

    def offer(self, user):
        grids = Grid.objects.governed_by(user, Right.MANAGE_COVERAGE)
        self.places = {f"grid-{one.pk}": one for one in grids}
        buildings = {f"building-{one.pk}": one for one in buildings_for(user)}
        self.choices = [
            ("", "请选择"),
            ("整个网格", [(key, one.name) for key, one in self.places.items()]),
            ("楼宇、市场、街区", [(key, one.name) for key, one in buildings.items()]),
        ]
        self.places |= buildings

    def clean(self, value):
        return self.places.get(super().clean(value))


class BackstopForm(PaperForm):
    place = PlaceField(label="兜底到哪里")
    contact = forms.CharField(
        label="联系人",
        max_length=40,
        help_text="写称呼，如“网格党建联络员”；企业商户有事找谁",
    )
    everyone = forms.BooleanField(
        label="已有党组织负责的也一并列入，排在最后一道", required=False
    )
    field_order = ["place", "contact", "everyone", "on"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["place"].offer(user)


class JoinForm(PaperForm):
    businesses = forms.ModelMultipleChoiceField(
        label="哪几家",
        queryset=Business.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请勾选要联合组建的单位。"},
    )
    field_order = ["businesses", "on"]

    def __init__(self, *args, candidates, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["businesses"].queryset = candidates
        self.fields["businesses"].label_from_instance = lambda one: (
            f"{one.name}　{one.place}"
            + (f"　党员 {one.members_count} 名" if one.members_count else "")
        )


class SetUpForm(forms.Form):
    """An enterprise's own organisation, with the approval that makes it."""

    name = forms.CharField(label="党组织名称", max_length=80)
    parent = forms.ModelChoiceField(
        label="上级党组织",
        queryset=PartyOrganization.objects.none(),
        empty_label="请选择",
    )
    members_full = forms.IntegerField(
        label="正式党员", min_value=0, help_text="3 名以上可以单独组建"
    )
    members_probationary = forms.IntegerField(
        label="预备党员", min_value=0, initial=0, required=False
    )
    secretary = forms.CharField(
        label="书记",
        max_length=40,
        required=False,
        help_text="写称呼，如“春晓科技党支部书记”",
    )
    committee_size = forms.IntegerField(
        label="支委会人数",
        min_value=0,
        required=False,
        help_text="正式党员 7 名以上才设",
    )
    on = forms.DateField(label="成立日期", widget=DayInput())
    approved_by = forms.CharField(label="批复单位", max_length=80, required=False)
    approved_to = forms.CharField(label="受文单位", max_length=80, required=False)
    approved_on = forms.DateField(label="批复日期", required=False, widget=DayInput())
    approval_number = forms.CharField(label="批复文号", max_length=60, required=False)
    approval_paper = forms.CharField(
        label="批复材料存放",
        max_length=120,
        required=False,
        help_text="原件放在哪里，如档案盒号",
    )
    elected_on = forms.DateField(
        label="选举日期",
        required=False,
        widget=DayInput(),
        help_text=f"任期按 {usual_term(PartyOrganization.Kind.BRANCH)} 年算",
    )
    reason = forms.CharField(
        label="说明",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="正式党员不足 3 名仍要单独组建的，写明理由",
    )

    def __init__(self, *args, user, business, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = within_reach(user, Right.MANAGE_PARTY)
        self.fields["on"].initial = timezone.localdate
        self.initial |= {
            "name": f"{business.name}党支部"[:80],
            "members_full": business.members_count,
            "approved_to": business.name[:80],
        }

    def clean_members_probationary(self):
        return self.cleaned_data["members_probationary"] or 0


class EndForm(ReasonedForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        self.fields["reason"].label = "原因"


class DissolveForm(EndForm):
    number = forms.CharField(label="撤销文号", max_length=60, required=False)
    paper_by = forms.CharField(label="批准单位", max_length=80, required=False)
    paper_on = forms.DateField(label="文件日期", required=False, widget=DayInput())
    hand_to = forms.ModelChoiceField(
        label="所辖楼宇交给谁",
        queryset=PartyOrganization.objects.none(),
        required=False,
        empty_label="不交给谁，先空着",
    )

    def __init__(self, *args, user, organization, **kwargs):
        super().__init__(*args, **kwargs)
        if organization.holdings.filter(until=None).exists():
            others = PartyOrganization.objects.visible_to(user, Right.MANAGE_PARTY)
            self.fields["hand_to"].queryset = (
                others.standing().exclude(pk=organization.pk).order_by("pinyin")
            )
        else:
            del self.fields["hand_to"]


class VoidForm(forms.Form):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        min_length=2,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AdviserForm(forms.ModelForm):
    class Meta:
        model = Adviser
        fields = ["title", "employment", "level", "unit", "grid"]
        help_texts = {"title": "写称呼，不写姓名，如“党建指导员·一”"}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.MANAGE_COVERAGE)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()
        say_choose(self)

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class AssignForm(forms.Form):
    adviser = forms.ModelChoiceField(
        label="指导员", queryset=Adviser.objects.none(), empty_label="请选择"
    )
    since = forms.DateField(label="从哪天起", widget=DayInput())

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.MANAGE_COVERAGE)
        self.fields["adviser"].queryset = Adviser.objects.filter(
            grid__in=grids
        ).order_by("title")
        self.fields["since"].initial = timezone.localdate
