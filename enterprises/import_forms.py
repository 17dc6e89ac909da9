"""Forms of the import pages: the file, what its columns are, a row put right."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.rights import Right
from enterprises.imports import recognise
from enterprises.imports.kinds import KINDS
from enterprises.models import Business
from grids.models import Grid
from tianshan.files.cells import shown
from tianshan.values.extra import is_personal
from tianshan.values.typed import MASK
from tianshan.web.forms import DayInput
from tianshan.web.masks import masked_phone

MOST_BYTES = 20 * 1024 * 1024
NUMBER = re.compile(r"[+\d][\d -]{6,}")


class ImportForm(forms.Form):
    """A file or pasted cells, the grid of the rows, and since when they are known."""

    file = forms.FileField(
        label="台账文件",
        required=False,
        help_text="xlsx、xls 或 csv，20 MB 以内",
        error_messages={"empty": "文件是空的，请重新选择。"},
    )
    pasted = forms.CharField(
        label="或者从 Excel 粘贴",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="在 Excel 里连同表头一起选中、复制，再粘贴到这里",
    )
    grid = forms.ModelChoiceField(
        label="归到哪个网格",
        queryset=Grid.objects.none(),
        help_text="台账里没有网格这一列，由您选定；写明楼宇的按楼宇归",
    )
    known_since = forms.DateField(
        label="新增的从哪天算起",
        widget=DayInput(),
        help_text="走访期限从发现之日起算。首次建账填网格启用日，"
        "这些企业商户从启用日起一个周期内走访到即可",
    )

    complete = forms.BooleanField(
        label="这是区级看板全量",
        required=False,
        help_text="表里应当有这个网格的每一家：写入后和区里对账，缺少的逐家核实",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.IMPORT).exclude(
            kind=Grid.Kind.STREET
        )
        self.fields["grid"].queryset = grids
        first = grids.first()
        self.initial["grid"] = first
        self.initial["known_since"] = timezone.localdate()
        if first and not Business.objects.filter(grid=first).exists():
            self.initial["known_since"] = min(first.live_on, timezone.localdate())

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > MOST_BYTES:
            raise ValidationError("文件超过 20 MB，请分成几个再传。")
        return file

    def clean_known_since(self):
        day = self.cleaned_data["known_since"]
        if day > timezone.localdate():
            raise ValidationError("日期不能在将来。")
        return day

    def clean(self):
        file, pasted = self.cleaned_data.get("file"), self.cleaned_data.get("pasted")
        if "file" in self.errors or "pasted" in self.errors:
            return
        if not file and not (pasted or "").strip():
            self.add_error("file", "请选一个台账文件，或把表格粘贴进来。")
        elif file and (pasted or "").strip():
            self.add_error("pasted", "文件和粘贴的内容只能有一样，请去掉一样。")

    @property
    def content(self):
        """(name, bytes) of what is to be imported."""
        if file := self.cleaned_data["file"]:
            return file.name, file.read()
        text = self.cleaned_data["pasted"].strip("\r\n")
        return "粘贴的表格", text.encode("utf-8-sig", "replace")


UNANSWERED, NOT_READ = "?", ""


class MappingForm(forms.Form):
    """Which sheet and column is what. A heading row or kind chosen anew is drawn anew:
    what the columns are follows from it, and is shown before it counts."""

    def __init__(self, *args, workbook, mapping, memory, **kwargs):
        super().__init__(*args, **kwargs)
        self.workbook = workbook
        self.mapping, self.redrawn = [], False
        self.sheets = []
        for number, (sheet, chosen) in enumerate(
            zip(workbook.sheets, mapping, strict=True)
        ):
            if not chosen["heading"]:
                self.mapping.append(chosen)
                continue
            anew = False
            if self.is_bound:
                chosen, anew = self._as_drawn(number, sheet, chosen, memory)
            self.mapping.append(chosen)
            self._add(number, sheet, chosen)
            if anew:
                self._draw_anew(f"s{number}-")

    def _as_drawn(self, number, sheet, chosen, memory):
        """The sheet's mapping by the heading and kind that were chosen on the page, and
        whether its columns stand on the page by others."""
        heading = self._heading(self.data.get(f"s{number}-heading", ""), sheet)
        model = self.data.get(f"s{number}-model", "")
        if heading is None or model not in KINDS:
            return chosen, False
        said = f"{'+'.join(map(str, heading))} {model}"
        if [heading, model] != [chosen["heading"], chosen["model"]]:
            chosen = recognise.by_heading(sheet, heading, model, memory)
        return chosen, self.data.get(f"s{number}-drawn") != said

    def _draw_anew(self, prefix):
        """Show what is recognised by the heading chosen, not what was posted."""
        self.redrawn = True
        self.data = self.data.copy()
        for name, field in self.fields.items():
            if name.startswith((f"{prefix}c", f"{prefix}drawn")):
                self.data[name] = field.initial

    def _heading(self, text, sheet):
        rows = [int(part) for part in text.split("+") if part.isdecimal()]
        if not 1 <= len(rows) <= 2 or rows[-1] >= len(sheet.rows):
            return None
        return rows

    def _add(self, number, sheet, chosen):
        heading, model = chosen["heading"], chosen["model"] or "business"
        labels = recognise.labels_of(sheet, heading)
        kind = KINDS[model]
        said = "+".join(map(str, heading))
        first = not chosen["model"]
        at = f"s{number}"
        self.fields[f"{at}-on"] = forms.BooleanField(
            label=f"读取“{sheet.name}”", required=False, initial=chosen["on"] or first
        )
        self.fields[f"{at}-model"] = forms.ChoiceField(
            label="这张表是",
            choices=[(key, kind.label) for key, kind in KINDS.items()],
            initial=model,
        )
        self.fields[f"{at}-heading"] = forms.ChoiceField(
            label="表头在", choices=self._headings(sheet, heading), initial=said
        )
        if model == "business":
            self.fields[f"{at}-kind"] = forms.ChoiceField(
                label="类别",
                required=False,
                choices=[("", "看每一行"), *Business.Kind.choices],
                initial=chosen["kind"],
            )
        if sheet.merged:
            self.fields[f"{at}-fill"] = forms.BooleanField(
                label="合并的格往下填",
                required=False,
                initial=chosen["fill"],
                help_text="几行合并成一格的，每一行都按第一行的内容读",
            )
        self.fields[f"{at}-drawn"] = forms.CharField(
            widget=forms.HiddenInput, initial=f"{said} {model}", required=False
        )
        by_place = {place: name for name, place in chosen["columns"].items()}
        suggested = {place: name for name, place in chosen["suggested"].items()}
        asked = {p: name for name, places in chosen["asked"].items() for p in places}
        columns = []
        for place, label in enumerate(labels):
            samples = self._samples(sheet, heading[-1] + 1, place)
            if not label and not samples:
                continue
            name = f"{at}-c{place}"
            initial = by_place.get(place, suggested.get(place, NOT_READ))
            choices = [(NOT_READ, "不读取"), *kind.labels.items()]
            if place in asked:
                initial = UNANSWERED
                choices.insert(0, (UNANSWERED, "请选定…"))
            self.fields[name] = forms.ChoiceField(
                label=label or "（没有表头）",
                choices=choices,
                initial=initial,
                required=False,
            )
            columns.append(
                {
                    "name": name,
                    "letter": recognise.letter(place),
                    "label": label,
                    "samples": samples,
                    "suggested": place in suggested,
                    "asked": asked.get(place) and kind.labels[asked[place]],
                }
            )
        self.sheets.append(
            {
                "at": at,
                "number": number,
                "sheet": sheet,
                "columns": columns,
                "rows": len(sheet.rows) - heading[-1] - 1,
                "two": len(heading) > 1,
            }
        )

    def _headings(self, sheet, heading):
        """Rows near the top that may be the heading, and the two that may go together."""
        said = {tuple(heading)}
        said |= {
            (n,)
            for n, cells in enumerate(sheet.rows[:12])
            if sum(bool(shown(c)) for c in cells) >= 2
        }
        said |= {(n, n + 1) for (n, *more) in list(said) if n + 1 < len(sheet.rows)}
        choices = []
        for rows in sorted(said):
            words = "、".join(filter(None, map(shown, sheet.rows[rows[0]])))[:24]
            numbers = "、".join(str(row + 1) for row in rows)
            choices.append(("+".join(map(str, rows)), f"第 {numbers} 行（{words}）"))
        return choices

    def _samples(self, sheet, begin, place):
        texts = [shown(row[place]) for row in sheet.rows[begin : begin + 30]]
        texts = [text for text in texts if text][:3]
        return [
            masked_phone(text) if NUMBER.fullmatch(text) else text[:24]
            for text in texts
        ]

    @property
    def drawn_sheets(self):
        """For the template: sheets with their bound fields."""
        for sheet in self.sheets:
            at = sheet["at"]
            options = [f"{at}-{name}" for name in ("model", "kind", "heading")]
            yield {
                **sheet,
                "on": self[f"{at}-on"],
                "options": [self[name] for name in options if name in self.fields],
                "fill": self[f"{at}-fill"] if f"{at}-fill" in self.fields else None,
                "drawn": self[f"{at}-drawn"],
                "columns": [
                    {**column, "field": self[column["name"]]}
                    for column in sheet["columns"]
                ],
            }

    def clean(self):
        cleaned = self.cleaned_data
        if self.errors or self.redrawn:
            return
        for sheet in self.sheets:
            if cleaned[f"{sheet['at']}-on"]:
                self._check(sheet)
        if not any(cleaned[f"{sheet['at']}-on"] for sheet in self.sheets):
            raise ValidationError("没有要读取的工作表，请至少选一张。")

    def _check(self, sheet):
        cleaned = self.cleaned_data
        kind, taken = KINDS[cleaned[f"{sheet['at']}-model"]], {}
        for column in sheet["columns"]:
            value = cleaned[column["name"]]
            if value == UNANSWERED:
                self.add_error(column["name"], "请选定这一列是什么，或选“不读取”。")
            elif value and value in taken:
                self.add_error(
                    column["name"],
                    f"{taken[value]} 列已选了“{kind.labels[value]}”，请改其中一列。",
                )
            elif value:
                taken[value] = column["letter"]
        for group in kind.needs:
            if not taken.keys() & set(group):
                words = "或".join(f"“{kind.labels[name]}”" for name in group)
                self.add_error(
                    f"{sheet['at']}-model",
                    f"“{sheet['sheet'].name}”还没有选定哪一列是{words}。",
                )

    def chosen(self):
        """The mapping as it was confirmed, with the headings to remember."""
        cleaned, mapping = self.cleaned_data, []
        drawn = {sheet["number"]: sheet for sheet in self.sheets}
        for number, (sheet, before) in enumerate(
            zip(self.workbook.sheets, self.mapping, strict=True)
        ):
            if number not in drawn:
                mapping.append({**before, "on": False, "labels": []})
                continue
            at = f"s{number}"
            heading = self._heading(cleaned[f"{at}-heading"], sheet)
            columns = {
                cleaned[column["name"]]: int(column["name"].rpartition("c")[2])
                for column in drawn[number]["columns"]
                if cleaned[column["name"]] not in (NOT_READ, UNANSWERED)
            }
            mapping.append(
                {
                    "name": sheet.name,
                    "on": cleaned[f"{at}-on"],
                    "model": cleaned[f"{at}-model"],
                    "kind": cleaned.get(f"{at}-kind", ""),
                    "heading": heading,
                    "fill": cleaned.get(f"{at}-fill", True),
                    "columns": columns,
                    "asked": {},
                    "suggested": {},
                    "labels": recognise.labels_of(sheet, heading),
                }
            )
        return mapping


class RowForm(forms.Form):
    """The cells of a row of a file, to be typed anew; the wrong ones stand first."""

    def __init__(self, *args, row, sheet, mended, **kwargs):
        super().__init__(*args, **kwargs)
        labels = KINDS[row.model].labels
        wrong = {p["column"] for p in row.problems if p["level"] != recognise.NOTICE}
        names = sorted(
            labels.keys() & sheet["places"].keys(),
            key=lambda name: (
                sheet["columns"][name] not in wrong,
                list(labels).index(name),
            ),
        )
        self.wrong = []
        for name in names:
            text = mended.get(name, shown(row.cells[sheet["places"][name]]))
            is_wrong = sheet["columns"][name] in wrong
            if name == "contact_phone" and not is_wrong:
                text = masked_phone(text)
            if text and not is_wrong and is_personal(row.model, name):
                text = MASK
            self.fields[name] = forms.CharField(
                label=labels[name], required=False, max_length=1000, initial=text
            )
            if is_wrong:
                self.wrong.append(name)
                self.fields[name].help_text = "；".join(
                    p["message"]
                    for p in row.problems
                    if p["column"] == sheet["columns"][name]
                )

    @property
    def first(self):
        """The wrong cells; those of a row of which none is wrong all together."""
        return [self[name] for name in self.wrong or self.fields]

    @property
    def more(self):
        return [self[name] for name in self.fields if name not in self.wrong][
            : len(self.fields) if self.wrong else 0
        ]

    @property
    def cells(self):
        """What was typed anew."""
        return {
            name: text
            for name, text in self.cleaned_data.items()
            if text != (self.fields[name].initial or "")
        }
