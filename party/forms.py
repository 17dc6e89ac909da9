"""What is asked for on the pages of organisations. What the rules say: `actions`."""

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.rights import Right
from grids.models import Grid
from party.actions import FACTS, KEPT
from party.models import PartyOrganization


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


def say_choose(form):
    """Have the empty line of each choice say what to do, in the portal's language."""
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField):
            field.empty_label = "请选择" if field.required else "没有"
        elif isinstance(field, forms.TypedChoiceField):
            field.choices = [(k, v if k else "请选择") for k, v in field.choices]


def or_own(rows, own):
    """The rows to choose from, and the one that stands there already: what is closed or
    out of sight by now is not dropped by whoever saves the page for something else."""
    return rows.model.objects.filter(Q(pk__in=rows.values("pk")) | Q(pk=own))


def within_reach(user, right):
    """The organisations that may stand above those that the user writes.

    Those in sight, and those of the grids above: a grid's committee hangs below the
    community's, which its clerk does not manage.
    """
    codes = {
        code for grid in Grid.objects.governed_by(user, right) for code in grid.codes
    }
    return (
        PartyOrganization.objects.standing()
        .filter(grid__in=Grid.objects.filter(code__in=codes))
        .order_by("grid__path", "pinyin")
    )


class OrganizationForm(forms.ModelForm):
    """The facts of an organisation; its own secretary sees only what is the branch's.

    Each field carries what it showed beside it, so that a save knows what was typed
    and what merely stood there.
    """

    class Meta:
        model = PartyOrganization
        fields = FACTS
        widgets = {
            name: DayInput()
            for name in (
                "members_on",
                "approved_on",
                "founded_on",
                "elected_on",
                "term_ends_on",
            )
        }
        help_texts = {
            "establishment": "空着就按类别定",
            "committee_size": "正式党员 7 名以上才设支委会",
            "approved_to": "批复是发给谁的",
            "approval_paper": "原件放在哪里，如档案盒号",
            "term_years": "空着按 3 年算，社区党委 5 年；临时党支部不填",
            "term_ends_on": "空着就按选举日期加任期算",
            "secretary": "写称呼，不写姓名，如“天山茶市党支部书记”",
        }

    def __init__(self, *args, user, whole=True, **kwargs):
        super().__init__(*args, **kwargs)
        if not whole:
            for name in set(FACTS) - set(KEPT):
                del self.fields[name]
        else:
            self.fields["parent"].queryset = within_reach(
                user, Right.MANAGE_PARTY
            ).exclude(pk=self.instance.pk)
        for field in self.fields.values():
            field.show_hidden_initial = self.instance.pk is not None
        say_choose(self)

    def changes(self):
        """`{field: new value}` of what was changed on the page."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def seen(self):
        """`{field: value}` as the page showed them."""
        values = {}
        for name, field in self.fields.items():
            raw = field.hidden_widget().value_from_datadict(
                self.data, self.files, self.add_initial_prefix(name)
            )
            try:
                values[name] = field.clean(raw) if raw else field.to_python(raw)
            except forms.ValidationError:
                continue  # what came back was not ours: then nothing was seen
        return values

    def refreshed(self, organization):
        """The same form over what is stored now, with what was typed kept."""
        data = self.data.copy()
        for name in self.fields:
            shown = self[name].field.prepare_value(getattr(organization, name))
            if name == "parent":
                shown = organization.parent_id
            shown = "" if shown is None else shown
            data[self.add_initial_prefix(name)] = shown
            if name not in self.changed_data:
                data[self.add_prefix(name)] = shown
        self.data = data

    def _post_clean(self):
        """Validate without writing into the instance: the action saves."""


class NewOrganizationForm(OrganizationForm):
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.none(), empty_label="请选择"
    )
    field_order = ["name", "kind", "establishment", "grid", "parent"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        grids = Grid.objects.governed_by(user, Right.MANAGE_PARTY)
        self.fields["grid"].queryset = grids
        self.fields["grid"].initial = grids.last()
        self.fields["founded_on"].required = True


class PioneerForm(forms.Form):
    title = forms.CharField(
        label="岗位", max_length=60, help_text="如“诚信经营岗”“清运协调岗”"
    )
    duty = forms.CharField(label="职责", max_length=200, help_text="管什么，做到什么")
    holder = forms.CharField(
        label="担任人", max_length=40, help_text="写称呼，如“党员商户”，不写姓名"
    )
    meeting = forms.CharField(label="在哪次会上定的", max_length=80)
    assigned_on = forms.DateField(label="会议日期", widget=DayInput())
    since = forms.DateField(label="从哪天起", widget=DayInput())
    holder_name = forms.CharField(
        label="姓名",
        max_length=40,
        required=False,
        help_text="本人同意公开才填；卸任时自动删去",
    )
    name_consented_on = forms.DateField(
        label="本人同意的日期", required=False, widget=DayInput()
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["since"].initial = timezone.localdate

    def clean(self):
        facts = super().clean()
        if facts.get("holder_name") and not facts.get("name_consented_on"):
            self.add_error("name_consented_on", "写了姓名，请记下本人同意的日期。")
        return facts


class EndPioneerForm(forms.Form):
    on = forms.DateField(label="从哪天起卸任", widget=DayInput())
    reason = forms.CharField(label="卸任原因", max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate
