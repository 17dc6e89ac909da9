"""Forms of the pages that deal with the district."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.rights import Right
from enterprises.exports import LEDGERS_OFFERED, NUMBER
from enterprises.imports import recognise
from enterprises.missing import AT_ONCE
from enterprises.models import Business, ExportTemplate, MissingAnswer
from grids.models import Building, Grid
from tianshan.ledgers import LEDGERS
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
        empty_label="请选择",
    )
    room = forms.CharField(label="搬到哪个室号铺位", max_length=40, required=False)
    grid = forms.ModelChoiceField(
        label="归哪个网格",
        queryset=Grid.objects.none(),
        required=False,
        empty_label="请选择",
    )
    note = forms.CharField(label="说明", max_length=200, required=False)

    def __init__(self, *args, batch, open_ones, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["chosen"].queryset = open_ones
        buildings = Building.objects.in_ledgers().filter(
            grid__path__startswith=batch.grid.path
        )
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


class TemplateForm(forms.Form):
    """The authority's workbook, what to call it, and whose it is."""

    name = forms.CharField(
        label="模板名称", max_length=80, help_text="如 区级看板月报、两企三新统计表"
    )
    grid = forms.ModelChoiceField(label="哪个网格的", queryset=Grid.objects.none())
    file = forms.FileField(
        label="模板文件",
        help_text="上级发的空表，.xlsx，不带宏；表头认出来以后可以改",
        error_messages={"empty": "文件是空的，请重新选择。"},
    )

    def __init__(self, *args, user, template=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.template = template
        grids = Grid.objects.governed_by(user, Right.IMPORT)
        self.fields["grid"].queryset = grids
        self.initial["grid"] = grids.exclude(kind=Grid.Kind.STREET).first()
        if template:
            self.fields["file"].label = "新的模板文件"
            self.fields["file"].help_text = "表头一样的列，对列照旧"
            self.initial |= {"name": template.name, "grid": template.grid_id}
            self.fields["grid"].disabled = True

    def clean(self):
        data = self.cleaned_data
        same = ExportTemplate.objects.filter(
            name=data.get("name"), grid=data.get("grid")
        )
        if self.template:
            same = same.exclude(pk=self.template.pk)
        if same.exists():
            self.add_error("name", "已有同名的模板。要换文件，请到那个模板里换。")
        return data


class SheetForm(forms.Form):
    """One sheet of a template: which ledger fills it, from where, column by column."""

    on = forms.BooleanField(label="要填这张表", required=False)
    ledger = forms.ChoiceField(label="用哪本台账填")
    heading = forms.CharField(
        label="表头在第几行", max_length=7, help_text="两行表头写成 2-3"
    )

    def __init__(self, *args, sheet, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        self.fields["ledger"].choices = [
            (key, LEDGERS[key].title)
            for key in LEDGERS_OFFERED
            if LEDGERS[key].opens_to(user)
        ]
        heading = [row + 1 for row in sheet["heading"]]
        self.initial |= {
            "on": sheet["on"],
            "ledger": sheet["ledger"],
            "heading": "-".join(map(str, heading)) or "1",
        }
        columns = LEDGERS[sheet["ledger"]].columns_for(user)
        choices = [
            ("", "不填"),
            (NUMBER, "序号"),
            *((column.key, column.label) for column in columns),
        ]
        for place, label in enumerate(sheet.get("labels", [])):
            if not label:
                continue
            self.fields[f"c{place}"] = forms.ChoiceField(
                label=label, choices=choices, required=False
            )
            self.initial[f"c{place}"] = sheet["columns"].get(str(place), "")

    def clean_heading(self):
        text = self.cleaned_data["heading"].replace("－", "-").strip()
        parts = text.split("-")
        rows = [int(part) - 1 for part in parts if part.strip().isdecimal()]
        is_range = len(rows) == 1 or (len(rows) == 2 and rows[1] == rows[0] + 1)
        if len(rows) != len(parts) or not is_range or rows[0] < 0:
            raise ValidationError("请写行号，如 2；两行表头写成 2-3。")
        return rows

    @property
    def moved(self):
        """Is the sheet to be read anew, by another ledger or heading?"""
        data = self.cleaned_data
        chosen = [data["ledger"], data["heading"]]
        return chosen != [self.sheet["ledger"], self.sheet["heading"]]

    @property
    def chosen(self):
        """The sheet as the form says it is."""
        columns = {
            name[1:]: key
            for name, key in self.cleaned_data.items()
            if name.startswith("c") and name[1:].isdecimal() and key
        }
        return {**self.sheet, "on": self.cleaned_data["on"], "columns": columns}

    @property
    def columns(self):
        """The bound fields of the columns, with the letter of each."""
        return [
            (recognise.letter(int(name[1:])), self[name])
            for name in self.fields
            if name[0] == "c" and name[1:].isdecimal()
        ]
