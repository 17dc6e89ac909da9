"""What is asked for at the door and at each step of a demand."""

import datetime as dt
import functools

from django import forms
from django.utils import timezone

from accounts.models import User
from enterprises.forms import KEPT, MOST_PEOPLE, phone_as_typed
from enterprises.models import Business
from party.models import MemberUnit
from tianshan.files.pictures import ACCEPT
from tianshan.web.forms import NAME_TAKEN, DayInput
from visits import company
from visits.models import Demand, DemandCategory, Photo, Promise, Rating, Visit

# What of a business is looked at on each visit.
FACTS = ("staff_count", "contact_name", "contact_phone", "state")
MOST_DEMANDS = 3
WORDS = Demand._meta.get_field("words").max_length


def not_in_future(day):
    if day > timezone.localdate():
        raise forms.ValidationError("日期在将来，请改成今天或更早。")


def not_long_ago(day):
    """Catches a year mistyped, which no later rule would notice."""
    if day < timezone.localdate() - dt.timedelta(days=366):
        raise forms.ValidationError("日期在一年以前，请核对年份。")


class MomentField(forms.DateTimeField):
    """A moment that a device claims; one outside our time is no moment at all."""

    def to_python(self, value):
        try:
            moment = super().to_python(value)
            sane = moment is None or 2000 <= moment.year <= 2100
        except OverflowError:
            sane = False
        if not sane:
            raise forms.ValidationError("手机的时钟不对，请校准后重新打开这一页。")
        return moment


class VisitForm(forms.Form):
    """One visit. Its plain names are also what scripts and phones fill in."""

    outcome = forms.ChoiceField(
        label="结果",
        choices=Visit.Outcome,
        widget=forms.RadioSelect(attrs={"class": "eq"}),
        error_messages={"required": "请选走访的结果。"},
    )
    people_met = forms.ChoiceField(
        label="见到谁",
        choices=Visit.Met,
        widget=forms.RadioSelect(attrs={"class": "eq"}),
        required=False,
    )
    facts = forms.ChoiceField(
        label="资料",
        choices=[("same", "无变化"), ("changed", "有变化")],
        widget=forms.RadioSelect,
        required=False,
    )
    staff_count = forms.IntegerField(
        label="从业人数", min_value=0, max_value=MOST_PEOPLE, required=False
    )
    contact_name = forms.CharField(
        label="联系人",
        max_length=Business._meta.get_field("contact_name").max_length,
        required=False,
    )
    contact_phone = forms.CharField(
        label="联系电话",
        max_length=Business._meta.get_field("contact_phone").max_length,
        required=False,
        help_text="要改就重新输入整个号码",
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    state = forms.ChoiceField(label="经营状态", choices=Business.State)
    method = forms.ChoiceField(
        label="方式", choices=Visit.Method, widget=forms.RadioSelect
    )
    visited_on = forms.DateField(
        label="日期", widget=DayInput(), validators=[not_in_future, not_long_ago]
    )
    note = forms.CharField(
        label="情况",
        max_length=Visit._meta.get_field("note").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="只记工作情况，不记与走访无关的个人信息。",
    )
    # Of all its demands, so that the same form sent again stays the same record.
    told = forms.ModelMultipleChoiceField(
        label="要告诉他",
        queryset=Demand.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    kept = forms.ModelMultipleChoiceField(
        label="答应的事，办到了",
        queryset=Promise.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    promise_words = forms.CharField(
        label="答应了什么",
        max_length=Promise._meta.get_field("words").max_length,
        required=False,
        help_text="如“周五前带停车办理的单子来”",
    )
    promise_on = forms.DateField(label="哪天以前", widget=DayInput(), required=False)
    colleagues = forms.ModelMultipleChoiceField(
        label="同事",
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    units = forms.ModelMultipleChoiceField(
        label="成员单位",
        queryset=MemberUnit.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    client_key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={"required": "页面不完整，请从走访对象重新打开。"},
    )
    filled_at = MomentField(widget=forms.HiddenInput)

    def __init__(self, *args, business, seen, client_key, **kwargs):
        """`seen` is `enterprises.forms.Seen`: the facts as the form first showed them."""
        super().__init__(*args, **kwargs)
        self.business, self.seen = business, seen
        now = timezone.now()
        self.initial = {
            "method": Visit.Method.ON_SPOT,
            "visited_on": timezone.localdate(now),
            "told": [],
            "kept": [],
            "colleagues": [],
            "units": [],
            "client_key": client_key,
            "filled_at": now.isoformat(),
            **seen.shown,
            **self.initial,
        }
        self.fields["visited_on"].widget.attrs["max"] = timezone.localdate(
            now
        ).isoformat()
        self.fields["told"].queryset = Demand.objects.filter(business=business)
        self.fields["kept"].queryset = Promise.objects.filter(business=business)
        if business is not None:  # the page for phones is drawn without one
            self.fields["colleagues"].queryset = company.colleagues(business.grid)
            self.fields["units"].queryset = company.units(business.grid)
        self.fields["colleagues"].label_from_instance = lambda user: user.display_name
        categories = DemandCategory.objects.offered()
        # Read when they are drawn, once for all of them.
        offered = functools.cache(lambda: [(each.pk, str(each)) for each in categories])
        for number in range(MOST_DEMANDS):
            self.fields[f"demand-{number}-category"] = forms.ModelChoiceField(
                label="类别",
                queryset=categories,
                required=False,
                widget=forms.RadioSelect,
            )
            # The first is folded away by another outcome, the others by this.
            none = [("", "不记")] if number else []
            self.fields[f"demand-{number}-category"].choices = functools.partial(
                lambda none: [*none, *offered()], none
            )
            self.fields[f"demand-{number}-words"] = forms.CharField(
                label="原话",
                max_length=WORDS,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2, "placeholder": "照原话写"}),
            )
            self.fields[f"demand-{number}-confidential"] = forms.BooleanField(
                label="保密：内容只给经办人看，别人只看到有这一件",
                required=False,
                widget=forms.CheckboxInput(attrs={"data-secret": True}),
            )

    @property
    def demand_parts(self):
        """The fields of each demand, two by two, as the page draws them."""
        return [
            {
                "number": number + 1,
                "category": self[f"demand-{number}-category"],
                "words": self[f"demand-{number}-words"],
                "confidential": self[f"demand-{number}-confidential"],
                "filled": any(
                    self[f"demand-{number}-{part}"].value()
                    or self[f"demand-{number}-{part}"].errors
                    for part in ("category", "words")
                ),
            }
            for number in range(MOST_DEMANDS)
        ]

    def clean_contact_phone(self):
        return phone_as_typed(self.cleaned_data["contact_phone"], self.seen.masks)

    @property
    def corrected(self):
        """`{field: value}` of the facts that differ from what the form showed."""
        return {
            name: self.cleaned_data[name]
            for name in FACTS
            if name in self.cleaned_data
            and self.cleaned_data[name] is not KEPT
            and self.cleaned_data[name] != self.seen.values.get(name)
        }

    def clean(self):
        cleaned = super().clean()
        absent = cleaned.get("outcome") == Visit.Outcome.ABSENT
        if absent:
            cleaned["people_met"] = ""
        elif not cleaned.get("people_met") and "people_met" not in self.errors:
            self.add_error("people_met", "请选见到了谁；没遇到人，结果选“无人”。")

        cleaned["demands"] = demands = []
        for number in range(MOST_DEMANDS):
            category = cleaned.get(f"demand-{number}-category")
            words = cleaned.get(f"demand-{number}-words")
            if (
                words
                and not category
                and not self.errors.get(f"demand-{number}-category")
            ):
                self.add_error(f"demand-{number}-category", "请选这件诉求的类别。")
            # A category touched by mistake cannot be taken back: alone it says nothing.
            meant = number > 0 or cleaned.get("outcome") == Visit.Outcome.DEMAND
            if (
                category
                and not words
                and meant
                and not self.errors.get(f"demand-{number}-words")
            ):
                self.add_error(f"demand-{number}-words", "请写下这件诉求的原话。")
            if category and words:
                hidden = cleaned.get(f"demand-{number}-confidential")
                demands.append(
                    {"category": category, "words": words}
                    | ({"confidential": True} if hidden else {})
                )
        if absent and demands:
            self.add_error(
                "outcome", "没有遇到人，就不能记诉求；见到了请改选“有诉求”。"
            )
        if absent and cleaned.get("told"):
            self.add_error("outcome", "没有遇到人，就没有告诉到；见到了请改选结果。")
        self._clean_promise(cleaned, absent)
        asked = cleaned.get("outcome") == Visit.Outcome.DEMAND
        said = any(name.startswith("demand-") for name in self.errors)
        if asked and not demands and not said:
            self.add_error("demand-0-words", "选了“有诉求”，请写下类别和原话。")
        if cleaned.get("facts") == "same" and self.corrected:
            self.add_error(
                "facts", "选了“无变化”，下面的资料却改过。请核对，改对的选“有变化”。"
            )
        return cleaned

    def _clean_promise(self, cleaned, absent):
        words, day = cleaned.get("promise_words"), cleaned.get("promise_on")
        if absent and (words or cleaned.get("kept")):
            self.add_error(
                "outcome", "没有遇到人，就没有答应什么、办到什么；见到了请改选结果。"
            )
        if words and not day and "promise_on" not in self.errors:
            self.add_error("promise_on", "请选答应在哪天以前办到。")
        if day and not words and "promise_words" not in self.errors:
            self.add_error("promise_words", "请写答应了什么，没有就把日期清掉。")

    @property
    def answers(self):
        """What `actions.log_visit` is told, but for the business, key, times and who."""
        data = self.cleaned_data
        return {
            "outcome": data["outcome"],
            "method": data["method"],
            "people_met": data["people_met"],
            "visited_on": data["visited_on"],
            "note": data["note"],
            "facts_confirmed": data["facts"] == "same",
            "facts": self.corrected,
            "demands": data["demands"],
            "told": data["told"],
            "company": [*data["colleagues"], *data["units"]],
            "promise": {"words": data["promise_words"], "due_on": data["promise_on"]}
            if data["promise_words"]
            else None,
            "kept": data["kept"],
        }


class CorrectForm(forms.Form):
    """What a visit says, to be put right; a reason for what another wrote down."""

    outcome = forms.ChoiceField(
        label="结果", choices=Visit.Outcome, widget=forms.RadioSelect
    )
    people_met = forms.ChoiceField(
        label="见到谁",
        choices=[("", "没有遇到人"), *Visit.Met.choices],
        widget=forms.RadioSelect,
        required=False,
    )
    method = forms.ChoiceField(
        label="方式", choices=Visit.Method, widget=forms.RadioSelect
    )
    visited_on = forms.DateField(
        label="日期", widget=DayInput(), validators=[not_in_future, not_long_ago]
    )
    note = forms.CharField(
        label="情况",
        max_length=Visit._meta.get_field("note").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        label="为什么更正", max_length=200, required=False, help_text="如“看错了日期”"
    )


class TakeBackForm(forms.Form):
    reason = forms.CharField(
        label="为什么不办了",
        max_length=Promise._meta.get_field("reason").max_length,
        help_text="如“物业不同意，已当面说明”",
    )


class VoidForm(forms.Form):
    """Why a visit is void; one with demands asks what becomes of them."""

    reason = forms.CharField(
        label="作废原因",
        # It is also the reason of its demands, behind a word that says so.
        max_length=Visit._meta.get_field("void_reason").max_length - 10,
        help_text="如“记错了店”。原记录和原因都会留下。",
    )
    with_demands = forms.BooleanField(required=False)

    def __init__(self, *args, demands=0, **kwargs):
        super().__init__(*args, **kwargs)
        if not demands:
            del self.fields["with_demands"]
            return
        box = self.fields["with_demands"]
        box.label = f"这次记的 {demands} 件诉求一并记为误记，原因同上"
        box.help_text = "诉求是真的，就不要勾选：先在诉求里办完，或只更正走访。"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotoForm(forms.Form):
    """Photos of a visit or a door, where they help; never required."""

    photos = forms.FileField(
        label="照片",
        required=False,
        widget=ManyFiles(attrs={"accept": f"{ACCEPT},.heic,.heif"}),
        help_text="有用才拍。拍店面和现场，不拍人和证件；位置信息会自动去掉。",
    )

    def chosen(self):
        """The files as they came; what each holds is asked where it is taken in."""
        return self.files.getlist("photos")


class VoidPhotoForm(forms.Form):
    reason = forms.CharField(
        label="撤下原因",
        max_length=Photo._meta.get_field("void_reason").max_length,
        help_text="如“拍到了别人的证件”。撤下后谁也看不到这张照片，原因会留下。",
    )


class ResolvedField(forms.TypedChoiceField):
    """Did what was asked for come about?"""

    def __init__(self, **kwargs):
        super().__init__(
            choices=[("yes", "办好了"), ("no", "办不到，已说明原因（不算解决）")],
            coerce=lambda value: value == "yes",
            widget=forms.RadioSelect,
            required=False,
            empty_value=True,
            initial="yes",
            **kwargs,
        )


class AnswerForm(forms.Form):
    words = forms.CharField(
        label="答复",
        max_length=Demand._meta.get_field("outcome").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明结果，会原样告诉提出的人。",
    )
    resolved = ResolvedField(label="办到了吗")


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label="不予受理的原因",
        min_length=15,
        max_length=Demand._meta.get_field("outcome").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="至少 15 个字，说清为什么、可以找谁；会原样告诉提出的人。",
        error_messages={"min_length": "原因至少写 15 个字，要让提出的人看得明白。"},
    )


class ExplainForm(forms.Form):
    words = forms.CharField(
        label="研商后的说明",
        max_length=Demand._meta.get_field("outcome").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明在哪次会上谈的、为什么这样定，会原样告诉提出的人。",
    )


class CallBackForm(forms.Form):
    verdict = forms.ChoiceField(
        label="他怎么说", choices=Rating.Verdict, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label="原话",
        required=False,
        max_length=Rating._meta.get_field("words").max_length,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CategoryForm(forms.ModelForm):
    """A category of demands, as the administrator names it."""

    class Meta:
        model = DemandCategory
        fields = ["name", "hard", "urgent", "active"]
        error_messages = NAME_TAKEN
        help_texts = {
            "urgent": "有人身危险的事：不等梳理，记下就交城运中心，期限另定",
            "hard": "疑难诉求的期限长一些；改了只管以后记的诉求",
            "active": "停用后，记诉求时不再出现；以前记的照旧",
        }
