"""What is asked for in a building's plan. Who may and whether it may be now: `plans`."""

from django import forms
from django.core import signing
from django.utils import timezone

from party.models import BuildingPlan, MemberUnit, PartyOrganization
from party.plans import TEXTS

SEEN_SALT = "party.plan_seen"
LONG = forms.Textarea(attrs={"rows": 3})


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class DraftForm(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        year = timezone.localdate().year
        self.fields["year"].choices = [(y, f"{y} 年") for y in (year, year + 1)]


class PlanForm(forms.ModelForm):
    class Meta:
        model = BuildingPlan
        fields = TEXTS
        widgets = {name: forms.Textarea(attrs={"rows": 6}) for name in TEXTS}
        help_texts = {
            "situation": "家数、覆盖、从业人数这些数由系统带出，这里只写数字说不清的。",
            "setup": "这处楼宇由哪个党组织负责，怎么覆盖到每一家，联络员怎么分工。",
            "goals": "到年底要做到什么，一句一条。",
        }

    def _post_clean(self):
        """The action saves, after comparing with what is stored by then."""

    @staticmethod
    def seen_text(plan):
        texts = {name: getattr(plan, name) for name in TEXTS}
        return signing.dumps([plan.pk, texts], salt=SEEN_SALT, compress=True)

    @staticmethod
    def read_seen(text, plan):
        """`{part: text}` as the form showed it; None when it is not ours."""
        try:
            pk, texts = signing.loads(text, salt=SEEN_SALT)
        except signing.BadSignature:
            return None
        return texts if pk == plan.pk else None


class OwnerField(forms.ChoiceField):
    """An organisation or a unit, in one list; or neither, and a post is named."""

    def offer(self, user):
        organizations = PartyOrganization.objects.visible_to(user).standing()
        self.owners = {
            f"organization-{one.pk}": {"organization": one}
            for one in organizations.for_list()
        }
        units = {
            f"unit-{one.pk}": {"unit": one}
            for one in MemberUnit.objects.visible_to(user)
        }
        self.choices = [
            ("", "请选择，或在下面写岗位"),
            ("党组织", [(k, str(v["organization"])) for k, v in self.owners.items()]),
            ("成员单位", [(k, str(v["unit"])) for k, v in units.items()]),
        ]
        self.owners |= units

    def clean(self, value):
        return self.owners.get(super().clean(value), {})


class ItemForm(forms.Form):
    content = forms.CharField(
        label="事项", max_length=200, help_text="做什么，做到什么程度。"
    )
    owner = OwnerField(label="由谁负责", required=False)
    title = forms.CharField(
        label="或由哪个岗位",
        max_length=40,
        required=False,
        help_text="如“物业经理”“楼长”。写岗位，不写姓名。",
    )
    due_on = forms.DateField(label="期限", widget=DayInput())

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].offer(user)

    @staticmethod
    def initial_of(item):
        owner = ""
        if item.organization_id:
            owner = f"organization-{item.organization_id}"
        elif item.unit_id:
            owner = f"unit-{item.unit_id}"
        return {
            "content": item.content,
            "owner": owner,
            "title": item.owner_title,
            "due_on": item.due_on,
        }

    def clean(self):
        cleaned = super().clean()
        if "owner" in cleaned and bool(cleaned["owner"]) == bool(cleaned.get("title")):
            self.add_error("owner", "党组织、单位、岗位三样里定一个，也只定一个。")
        return cleaned

    @property
    def facts(self):
        """As `plans.add_item` and `edit_item` take them."""
        facts = {**self.cleaned_data}
        return {**facts.pop("owner"), **facts}


class DiscardForm(forms.Form):
    reason = forms.CharField(
        label="放弃原因", max_length=200, help_text="草稿和原因都留着，可以再看。"
    )


class ReportForm(forms.Form):
    words = forms.CharField(label="进展", max_length=300, widget=LONG)


class ExtendForm(forms.Form):
    due_on = forms.DateField(label="新期限", widget=DayInput())
    reason = forms.CharField(
        label="为什么延期", max_length=200, help_text="会一直留在方案里。"
    )


class FinishForm(forms.Form):
    result = forms.CharField(
        label="完成情况",
        max_length=300,
        widget=LONG,
        help_text="做了什么，有什么变化。",
    )


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="取消原因", max_length=200, help_text="会一直留在方案里。"
    )
