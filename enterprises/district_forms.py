"""Forms of the pages that deal with the district."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from enterprises.missing import AT_ONCE
from enterprises.models import Business, MissingAnswer
from grids.models import Building, Grid
from tianshan.web.forms import DayInput

Answer = MissingAnswer.Answer


class MissingForm(forms.Form):
    """What became of the businesses that are ticked."""

    chosen = forms.ModelMultipleChoiceField(
        queryset=Business.objects.none(),
        error_messages={
            "required": "请先勾选要核实的企业商户。",
            "invalid_choice": "勾选的有一家已不在缺少的名单里，请刷新后再选。",
        },
    )
    answer = forms.ChoiceField(
        label="查明",
        choices=Answer,
        widget=forms.RadioSelect,
        error_messages={"required": "请选一种情况。"},
    )
    on = forms.DateField(label="从哪天起", widget=DayInput())
    building = forms.ModelChoiceField(
        label="搬到哪处楼宇",
        queryset=Building.objects.none(),
        required=False,
        help_text="只在“在网格里搬了”时填",
    )
    room = forms.CharField(label="搬到哪个室号铺位", max_length=40, required=False)
    grid = forms.ModelChoiceField(
        label="归哪个网格",
        queryset=Grid.objects.none(),
        required=False,
        help_text="只在“不归本网格”时填",
    )
    note = forms.CharField(label="说明", max_length=200, required=False)

    def __init__(self, *args, batch, open_ones, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["chosen"].queryset = open_ones
        buildings = Building.objects.filter(grid__path__startswith=batch.grid.path)
        self.fields["building"].queryset = buildings.order_by("pinyin")
        self.fields["grid"].queryset = Grid.objects.filter(
            parent=batch.grid.parent_id
        ).exclude(pk=batch.grid_id)
        self.initial["on"] = timezone.localdate()

    def clean_on(self):
        day = self.cleaned_data["on"]
        if day > timezone.localdate():
            raise ValidationError("日期不能在将来。")
        return day

    def clean_chosen(self):
        chosen = self.cleaned_data["chosen"].order_by("pk")[: AT_ONCE + 1]
        if len(chosen) > AT_ONCE:
            raise ValidationError(f"一次最多核实 {AT_ONCE} 家，请分几次。")
        return list(chosen)

    def clean(self):
        data = self.cleaned_data
        answer = data.get("answer")
        if answer == Answer.MOVED_WITHIN and "building" not in self.errors:
            if not data.get("building"):
                self.add_error("building", "请选搬到了哪处楼宇。")
            if len(data.get("chosen", [])) > 1:
                self.add_error("chosen", "搬了地方的请一家一家核实。")
        unplaced = not data.get("grid") and "grid" not in self.errors
        if answer == Answer.NOT_OURS and unplaced:
            self.add_error("grid", "请选归哪个网格。")
        if answer == Answer.TWIN and len(data.get("chosen", [])) > 1:
            self.add_error("chosen", "和另一家是同一家的，请一家一家核实。")
        return data

    @property
    def facts(self):
        """What the act takes, beside who, when and which businesses."""
        keep = {
            Answer.MOVED_WITHIN: ("building", "room"),
            Answer.NOT_OURS: ("grid",),
        }
        names = ("answer", "on", "note", *keep.get(self.cleaned_data["answer"], ()))
        return {name: self.cleaned_data[name] for name in names}
