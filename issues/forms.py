"""What is asked for at each step. Who may and whether it may be now: `actions`."""

from django import forms

from issues.models import AgendaItem, Level, Matter, Measure, MeasurePart
from party.models import MemberUnit, PartyOrganization
from tianshan.web.forms import DayInput
from visits.models import Demand


class ProposeForm(forms.Form):
    title = forms.CharField(
        label="议题标题", max_length=80, help_text="一句话说清要商量什么。"
    )
    brand = forms.CharField(
        label="品牌名称",
        max_length=60,
        required=False,
        help_text="有品牌的才填，如“金团领航·善治立方”。",
    )
    wish = forms.CharField(
        label="要解决什么",
        max_length=80,
        help_text="商户想要的结果，如“避开开市时间清运”。",
    )
    level = forms.TypedChoiceField(
        label="在哪一级研商", coerce=int, widget=forms.RadioSelect
    )

    def __init__(self, *args, levels, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [
            (int(level), f"{Level(level).label}（{body}）") for level, body in levels
        ]
        if levels:
            self.fields["level"].initial = int(levels[0][0])


class CarryForm(ProposeForm):
    """A matter that is carried into an issue says already what is asked for."""

    wish = None


class LeadField(forms.ChoiceField):
    """Who leads a measure: a member unit or a Party organisation, in one list."""

    def offer_as(self, other):
        """The same list as another field, which was read once."""
        self.units, self.organizations = other.units, other.organizations
        self.choices = other.choices

    def offer(self, user):
        self.units = {
            f"unit-{unit.pk}": unit for unit in MemberUnit.objects.visible_to(user)
        }
        organizations = PartyOrganization.objects.visible_to(user).standing()
        self.organizations = {
            f"organization-{one.pk}": one for one in organizations.for_list()
        }
        self.choices = [
            ("", "请选择"),
            ("成员单位", [(key, str(one)) for key, one in self.units.items()]),
            ("党组织", [(key, str(one)) for key, one in self.organizations.items()]),
        ]

    def clean(self, value):
        value = super().clean(value)
        return self.units.get(value) or self.organizations.get(value)


class SupportForm(forms.Form):
    """One who supports a measure, and by what; a blank line is nobody."""

    holder = LeadField(label="由谁协办", required=False)
    content = forms.CharField(
        label="做什么",
        max_length=MeasurePart._meta.get_field("content").max_length,
        required=False,
    )
    due_on = forms.DateField(label="期限", widget=DayInput(), required=False)

    def __init__(self, *args, like, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["holder"].offer_as(like)

    def clean(self):
        cleaned = super().clean()
        if self.has_changed() and not self.errors:
            if not cleaned["holder"]:
                self.add_error("holder", "请选由谁协办。")
            if not cleaned["content"].strip():
                self.add_error("content", "请写协办做什么。")
        return cleaned


# More can be added later, one by one, where the measure stands.
Supports = forms.formset_factory(SupportForm, extra=6, max_num=6)


DECIDED = AgendaItem.Outcome.DECIDED


class SupportsForm(forms.Form):
    """A form of a measure with lines for those who support it (责任联担)."""

    supports = None

    def with_supports(self):
        sent = self.data if "support-TOTAL_FORMS" in self.data else None
        like = self.fields["lead"]
        self.supports = Supports(sent, prefix="support", form_kwargs={"like": like})

    def clean(self):
        """`supporting` as `fixing.fix` takes it; without a date, that of the measure."""
        cleaned = super().clean()
        sent = self.supports is not None and self.supports.is_bound
        # Of an item's other outcomes these lines are out of sight.
        if not sent or cleaned.get("outcome", DECIDED) != DECIDED:
            return cleaned
        if not self.supports.is_valid():
            raise forms.ValidationError("协办没有写全，请看下面标出的几处。")
        cleaned["supporting"] = [
            (row["holder"], row["content"], row["due_on"] or cleaned.get("due_on"))
            for row in self.supports.cleaned_data
            if row.get("holder")
        ]
        return cleaned


class MeasureForm(SupportsForm):
    matter = forms.ModelChoiceField(
        label="对应哪个事项", queryset=Matter.objects.none(), empty_label=None
    )
    content = forms.CharField(
        label="措施",
        max_length=Measure._meta.get_field("content").max_length,
        help_text="做什么，做到什么程度。",
    )
    lead = LeadField(label="由谁主办")
    due_on = forms.DateField(label="期限", widget=DayInput())

    def __init__(self, *args, among, user, **kwargs):
        """`among`: the matters that the measure may be fixed for, those still open."""
        super().__init__(*args, **kwargs)
        self.fields["matter"].queryset = among.open()
        matters = list(among.open())
        if len(matters) == 1:
            self.fields["matter"].initial = matters[0]
            self.fields["matter"].widget = forms.HiddenInput()
        self.fields["lead"].offer(user)
        self.with_supports()


class DecideForm(MeasureForm):
    opinion = forms.CharField(
        label="研商意见",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会上怎么说的，各方同意了什么。",
    )
    field_order = ["opinion"]


class FinishForm(forms.Form):
    result = forms.CharField(
        label="完成情况",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="做了什么，从哪天起。",
    )


class EndForm(forms.Form):
    ending = forms.ChoiceField(
        label="办结方式", choices=Matter.Ending, widget=forms.RadioSelect
    )
    before = forms.CharField(
        label="变化前",
        max_length=200,
        required=False,
        help_text="已解决、部分解决的必须写，如“一年一缴”。",
    )
    after = forms.CharField(
        label="变化后，或没有解决的原因",
        max_length=200,
        help_text="如“三个月一缴”；没有解决的写明原因。会原样告诉提出的人。",
    )
    benefited = forms.IntegerField(
        label="受益户数", min_value=0, max_value=100000, required=False
    )

    passed_to = forms.CharField(
        label="上报给谁",
        max_length=80,
        required=False,
        help_text="非本级事权已上报的必须写，如“区商务委”。",
    )
    outside_system = forms.ChoiceField(
        label="外部系统", choices=[("", "没有"), *Matter.System.choices], required=False
    )
    outside_number = forms.CharField(
        label="外部案号",
        max_length=40,
        required=False,
        help_text="执法事项移交的必须写；城运、12345 有编号的也写。",
    )

    def clean(self):
        cleaned = super().clean()
        ending = cleaned.get("ending")
        if ending == Matter.Ending.PASSED_UP and not cleaned.get("passed_to"):
            self.add_error("passed_to", "请写明上报给谁。")
        if ending == Matter.Ending.ENFORCEMENT and not cleaned.get("outside_number"):
            self.add_error("outside_number", "请写明外部系统的案号。")
        if cleaned.get("outside_system") and not cleaned.get("outside_number"):
            self.add_error("outside_number", "选了外部系统，请写案号。")
        changes = cleaned.get("ending") in (Matter.Ending.SOLVED, Matter.Ending.PARTLY)
        if changes and not cleaned.get("before"):
            self.add_error("before", "解决了的事项，请写清原来是什么样。")
        return cleaned


class TellForm(forms.Form):
    demands = forms.ModelMultipleChoiceField(
        label="告诉了谁",
        queryset=Demand.objects.none(),
        error_messages={"required": "请至少选一户。"},
    )
    how = forms.ChoiceField(
        label="怎么告诉的",
        # By the link only the asker himself, when he rates.
        choices=[
            (how.value, how.label) for how in Demand.Told if how != Demand.Told.LINK
        ],
        widget=forms.RadioSelect,
    )
    on = forms.DateField(label="回告日期", widget=DayInput())

    def __init__(self, *args, demands, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["demands"].queryset = demands


class OutsideForm(forms.Form):
    system = forms.ChoiceField(label="外部系统", choices=Matter.System.choices)
    number = forms.CharField(label="外部案号", max_length=40)
