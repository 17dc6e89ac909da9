"""Where the chosen demands go, and what each way asks for."""

from django import forms

from issues.models import Issue, Level, Matter, Sorting
from visits.forms import AnswerForm, DeclineForm

# The way, its key, its icon, and what it means in a few words.
WAYS = [
    (Sorting.Kind.ANSWER, "1", "message-2", "当场能答的"),
    (Sorting.Kind.JOIN, "2", "git-merge", "别人提过同样的事"),
    (Sorting.Kind.DIRECT, "3", "player-play", "不用研商，议事主体直接办"),
    (Sorting.Kind.ISSUE, "4", "flag", "要几方商量"),
    (Sorting.Kind.DECLINE, "5", "x", "说清原因，会告诉提出的人"),
    (Sorting.Kind.URGENT, "6", "alert-triangle", "有人身危险，立即交城运中心"),
]


class SortForm(forms.Form):
    """One form for all ways; only what the chosen way asks for is looked at."""

    to = forms.ChoiceField(
        label="去向",
        choices=Sorting.Kind,
        error_messages={"required": "请选去向。"},
    )
    words = AnswerForm.base_fields["words"]
    resolved = AnswerForm.base_fields["resolved"]
    reason = DeclineForm.base_fields["reason"]
    matter = forms.ModelChoiceField(
        label="并入哪个事项",
        queryset=Matter.objects.none(),
        error_messages={"required": "请选一个事项。"},
    )
    wish = forms.CharField(
        label="要解决什么",
        max_length=80,
        help_text="商户想要的结果，如“避开开市时间清运”。",
    )
    issue = forms.ModelChoiceField(
        label="放进哪个议题",
        queryset=Issue.objects.none(),
        required=False,
        empty_label="新提一个议题",
        help_text="还没定措施的议题，可以再放进一个事项一起商量。",
    )
    title = forms.CharField(
        label="议题标题", max_length=80, help_text="一句话说清要商量什么。"
    )
    brand = forms.CharField(
        label="品牌名称",
        max_length=60,
        required=False,
        help_text="有品牌的才填，如“金团领航·善治立方”。",
    )
    level = forms.TypedChoiceField(
        label="从哪一级研商", coerce=int, widget=forms.RadioSelect
    )

    NEW_ISSUE = ("title", "brand", "level")
    ASKED = {
        Sorting.Kind.ANSWER: ("words", "resolved"),
        Sorting.Kind.JOIN: ("matter",),
        Sorting.Kind.DIRECT: ("wish",),
        Sorting.Kind.ISSUE: ("wish", "issue", *NEW_ISSUE),
        Sorting.Kind.DECLINE: ("reason",),
        Sorting.Kind.URGENT: (),
    }

    def __init__(self, *args, matters, issues, levels, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issue"].queryset = issues
        self.fields["matter"].queryset = matters
        self.fields["level"].choices = [
            (int(level), f"{Level(level).label}（{body}）") for level, body in levels
        ]
        if levels:
            self.fields["level"].initial = int(levels[0][0])
        for name in self._not_asked():
            self.fields[name].required = False

    def _asked(self, way):
        asked = self.ASKED.get(way, ())
        if way == Sorting.Kind.ISSUE and self.data.get("issue"):
            return [name for name in asked if name not in self.NEW_ISSUE]
        return asked

    def _not_asked(self):
        return set(self.fields) - {"to", *self._asked(self.data.get("to", ""))}

    def clean(self):
        cleaned = super().clean()
        for name in self._not_asked():  # left over from a way that was not taken
            self.errors.pop(name, None)
        return cleaned

    @property
    def said(self):
        """What the act of the chosen way is told."""
        asked = self._asked(self.cleaned_data["to"])
        return {name: self.cleaned_data[name] for name in asked}
