"""What is asked for when a building is corrected. Who may, and conflicts: `actions`."""

import re

from django import forms
from django.core import signing

from grids.actions import FACTS
from grids.models import Building, BuildingHonour

SEEN_SALT = "grids.building_seen"
PAGE_TOO_OLD = "页面放得太久，资料可能已经变了。请核对下面的内容，再保存一次。"


class NamesField(forms.CharField):
    """Several names in one line, divided by 、 or a comma."""

    def prepare_value(self, value):
        return "、".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        names = re.split(r"[、,，;；]", super().to_python(value))
        return list(dict.fromkeys(name.strip() for name in names if name.strip()))

    def validate(self, value):
        super().validate(value)
        if any(len(name) > 80 for name in value):
            raise forms.ValidationError("每个名称最多 80 个字。")


class BuildingForm(forms.ModelForm):
    """Facts of a building, and signed with them what they were when it was drawn."""

    aliases = NamesField(
        label="俗称",
        required=False,
        max_length=400,
        help_text="几个名称用顿号分开；导入和搜索都认。",
    )

    class Meta:
        model = Building
        fields = FACTS
        help_texts = {"units": "空置数由它减去已入驻的得出。"}

    def _post_clean(self):
        """Validate without writing the form's values into the instance: the action
        saves them, after comparing with what is stored by then."""

    @staticmethod
    def seen_text(building):
        values = {name: getattr(building, name) for name in FACTS}
        return signing.dumps([building.pk, values], salt=SEEN_SALT)

    @staticmethod
    def read_seen(text, building):
        """`{field: value}` as the form showed it; None when it is not ours."""
        try:
            pk, values = signing.loads(text, salt=SEEN_SALT)
        except signing.BadSignature:
            return None
        return values if pk == building.pk else None

    def keep_theirs(self, names, building):
        """Show what is stored now in these fields."""
        self.data = self.data.copy()
        for name in names:
            value = self.fields[name].prepare_value(getattr(building, name))
            self.data[name] = "" if value is None else value


class HonourForm(forms.ModelForm):
    class Meta:
        model = BuildingHonour
        fields = ["name", "given_by", "given_on"]
        widgets = {"given_on": forms.DateInput(attrs={"type": "date"})}
        help_texts = {"name": "如“诚信单位”。"}


class WithdrawForm(forms.Form):
    why = forms.CharField(label="为什么撤下", max_length=120)
