from dataclasses import dataclass, field

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from accounts.rights import BY_GRID, Right, roles_with
from enterprises.actions import row_in_words
from enterprises.imports.fields import CellProblem, code_of
from enterprises.models import Business, JournalEntry, Trade, TradeWord
from grids.models import Building, Grid, Post
from tianshan.web.forms import NAME_TAKEN, DayInput
from tianshan.web.masks import masked_phone

EDITED = (
    "name",
    "trade",
    "staff_count",
    "members_count",
    "contact_name",
    "contact_phone",
    "uncovered_reason",
    "cover_planned_on",
    "note",
)


MOST_PEOPLE = 1_000_000
KEPT = object()  # what `phone_as_typed` answers when the mask came back
SEEN_SALT = "enterprises.seen"
EMPTY = "（空）"
# Not kept in the browser as a draft: what is a person's.
PRIVATE = {"data-private": True}
PAGE_TOO_OLD = "页面放得太久，资料可能已经变了。请核对下面的内容，再保存一次。"


@dataclass(frozen=True)
class Seen:
    """The facts of a business as a form showed them, to tell later what changed.

    It travels through the browser, signed. The phone goes as its mask and a
    fingerprint only: whoever may not see the number finds it nowhere in the page.
    """

    values: dict  # {field: value}; a phone that has changed since is None
    shown: dict  # the same as the form shows them: the phone as its mask
    masks: set = field(default_factory=set)
    text: str = ""  # signed; "" when what came back was not ours

    @classmethod
    def of(cls, business, names):
        values = {name: getattr(business, name) for name in names}
        mask = masked_phone(business.contact_phone)
        raw = {
            k: v.isoformat() if hasattr(v, "isoformat") else v
            for k, v in values.items()
        }
        if "contact_phone" in raw:
            raw["contact_phone"] = [mask, _fingerprint(business)]
        return cls(
            values=values,
            shown={**values, "contact_phone": mask},
            masks={mask} - {""},
            text=signing.dumps([business.pk, raw], salt=SEEN_SALT, compress=True),
        )

    @classmethod
    def read(cls, text, business):
        """What the form of this business showed; None when it is not ours."""
        try:
            pk, raw = signing.loads(text, salt=SEEN_SALT)
        except signing.BadSignature:
            return None
        if pk != business.pk:
            return None
        shown, values, masks = {}, {}, set()
        for name, value in raw.items():
            if name == "contact_phone":
                mask, fingerprint = value
                same = constant_time_compare(fingerprint, _fingerprint(business))
                values[name] = business.contact_phone if same else None
                shown[name] = mask
                masks = {mask, masked_phone(business.contact_phone)} - {""}
            else:
                values[name] = Business._meta.get_field(name).to_python(value)
                shown[name] = values[name]
        return cls(values=values, shown=shown, masks=masks, text=text)

    def refresh(self, form, fresh):
        """Show in a form that comes back what others saved in what nobody touched here,
        so that saving it again undoes nothing; what was typed stays."""
        form.data = form.data.copy()
        for name, value in fresh.shown.items():
            if name == "contact_phone":
                untouched = form.data.get(name, "").replace(" ", "") in self.masks
            else:
                untouched = form.cleaned_data.get(name, value) == self.values.get(name)
            if untouched and name in form.fields:
                form.data[name] = "" if value is None else value


def _fingerprint(business):
    return salted_hmac(
        f"{SEEN_SALT}.{business.pk}", business.contact_phone, algorithm="sha256"
    ).hexdigest()


@dataclass
class Choice:
    """What two people changed at once, and which of the two each field is to hold.

    `opened` is what the form showed at first, `stored` what was saved meanwhile.
    """

    MINE, STORED = "mine", "stored"

    names: tuple = ()
    picked: dict = field(default_factory=dict)
    opened: Seen | None = None
    stored: Seen | None = None

    @classmethod
    def read(cls, data, business, seen):
        """What came back from the page that asked; nothing when it did not ask."""
        opened = Seen.read(data.get("opened", ""), business)
        names = tuple(name for name in data.getlist("clash") if name in EDITED)
        if seen is None or opened is None:
            names = ()
        picked = {name: data.get(f"keep_{name}", "") for name in names}
        return cls(names, picked, opened, seen)

    @property
    def missing(self):
        made = (self.MINE, self.STORED)
        return [name for name in self.names if self.picked.get(name) not in made]

    def apply(self, data):
        """The form's data, with the stored value where that was picked."""
        data = data.copy()
        for name in self.names:
            if self.picked[name] == self.STORED:
                value = self.stored.shown[name]
                data[name] = "" if value is None else value
        return data

    def among(self, names, *, opened, stored):
        """The same person's next choice, among what clashes now."""
        return Choice(tuple(names), {}, self.opened or opened, stored)

    def rows(self, form):
        """`{name, label, opened, stored, mine}` of each field that is to be chosen."""
        if not self.missing and self.picked:
            return []
        return [
            {
                "name": name,
                "label": form.fields[name].label,
                "opened": self._shown(self.opened.shown[name]),
                "stored": self._shown(self.stored.shown[name]),
                "mine": self._shown(self._mine(form, name)),
                "picked": self.picked.get(name, ""),
            }
            for name in self.names
        ]

    @staticmethod
    def _mine(form, name):
        value = form.cleaned_data.get(name, form.data.get(name, ""))
        return masked_phone(value) if name == "contact_phone" else value

    @staticmethod
    def _shown(value):
        return EMPTY if value is None or value == "" else value


def phone_as_typed(text, masks):
    """A number typed anew, checked: 11 digits or a landline; KEPT for its mask."""
    number = text.replace(" ", "")
    if number in masks:
        return KEPT
    if "*" in number:
        raise ValidationError("要改号码，请删去星号，输入整个号码。")
    digits = number.replace("-", "")
    if number and not (digits.isascii() and digits.isdigit()):
        raise ValidationError("电话只写数字，如 19900000001 或 021-55500000。")
    if number and not 7 <= len(digits) <= 12:
        raise ValidationError("电话位数不对：手机 11 位，固定电话带区号。")
    return number


class PhoneMasked:
    """A ModelForm with a `contact_phone`, which stands masked; the mask left as it is
    changes nothing, so nobody need see the number to save the rest."""

    masks = ()  # earlier ones of the same number that may come back

    def mask_phone(self):
        self.mask = masked_phone(self.instance.contact_phone)
        self.initial["contact_phone"] = self.mask
        if self.mask:
            self.fields["contact_phone"].help_text = "要改就重新输入整个号码"
        self.fields["contact_phone"].widget.attrs |= {"inputmode": "tel", **PRIVATE}

    def clean_contact_phone(self):
        """The number kept when the mask comes back."""
        number = phone_as_typed(
            self.cleaned_data["contact_phone"], {self.mask, *self.masks} - {""}
        )
        return self.instance.contact_phone if number is KEPT else number


class BusinessForm(PhoneMasked, forms.ModelForm):
    """Facts of a business."""

    class Meta:
        model = Business
        fields = EDITED
        widgets = {"cover_planned_on": DayInput()}

    def __init__(self, *args, masks=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.masks = masks
        self.mask_phone()
        self.fields["contact_name"].widget.attrs |= PRIVATE
        for name in ("staff_count", "members_count"):
            self.fields[name].validators.append(MaxValueValidator(MOST_PEOPLE))

    def _post_clean(self):
        """Validate without writing the form's values into the instance: the action
        saves them, after comparing with what is stored by then."""


def day_field(label, **more):
    """A day that is not to come; today unless somebody says otherwise."""
    return forms.DateField(
        label=label,
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **more,
    )


def reason_field(label="原因", *, required=True, **more):
    return forms.CharField(
        label=label, max_length=120, min_length=2, required=required, **more
    )


def code_field():
    return forms.CharField(
        label="统一社会信用代码",
        required=False,
        max_length=24,
        help_text="执照上 18 位，如 91310105MA1FW00000；没有可不填",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def phone_field():
    return forms.CharField(
        label="联系电话",
        required=False,
        max_length=20,
        help_text="11 位手机号，或带区号的固定电话，如 021-55500000",
        widget=forms.TextInput(attrs={"inputmode": "tel", **PRIVATE}),
    )


def code_as_typed(text):
    """A code checked against its last digit; "" for none."""
    try:
        return code_of(text) or ""
    except CellProblem as problem:
        raise ValidationError(str(problem)) from None


class PlaceForm(forms.Form):
    """Building or grid, of those in which the user may write, and the room."""

    building = forms.ModelChoiceField(
        label="所在楼宇/市场",
        queryset=Building.objects.none(),
        required=False,
        empty_label="没有或不清楚",
    )
    room = forms.CharField(
        label="室号铺位", max_length=40, required=False, help_text="如 B08、1203 室"
    )
    grid = forms.ModelChoiceField(
        label="网格",
        queryset=Grid.objects.none(),
        required=False,
        empty_label="按楼宇",
        help_text="选了楼宇就不用选",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.EDIT_BUSINESSES)
        grids = grids.exclude(kind=Grid.Kind.STREET)
        self.fields["grid"].queryset = grids
        buildings = Building.objects.filter(grid__in=grids)
        self.fields["building"].queryset = buildings.order_by("pinyin")
        if len(grids) == 1:
            self.initial.setdefault("grid", grids[0])

    def clean(self):
        """The building says which grid it is; one of the two is needed."""
        data = super().clean()
        if building := data.get("building"):
            data["grid"] = building.grid
        elif not data.get("grid") and "grid" not in self.errors:
            self.add_error("grid", "楼宇和网格至少选一个。")
        return data


class OpenForm(PlaceForm):
    """A business that is new here."""

    kind = forms.ChoiceField(
        label="类别", choices=Business.Kind, initial=Business.Kind.MERCHANT
    )
    name = forms.CharField(
        label="名称", max_length=120, help_text="招牌或执照上的名称，如 闽南茶行"
    )
    code = code_field()
    trade = forms.CharField(
        label="行业", max_length=60, required=False, help_text="如 茶叶零售"
    )
    contact_name = forms.CharField(
        label="联系人",
        max_length=40,
        required=False,
        help_text="如 沈女士",
        widget=forms.TextInput(attrs=PRIVATE),
    )
    contact_phone = phone_field()
    staff_count = forms.IntegerField(
        label="从业人数", min_value=0, max_value=100_000, required=False
    )
    since = day_field("哪天发现的", help_text="走访期限从这天起算")
    anyway = reason_field(
        "不是同一家的理由", required=False, help_text="如 同名，执照和老板都不同"
    )

    field_order = ("kind", "name", "code", "building", "room", "grid")

    def clean_code(self):
        return code_as_typed(self.cleaned_data["code"])

    def clean_contact_phone(self):
        return phone_as_typed(self.cleaned_data["contact_phone"], ())


class MoveForm(PlaceForm):
    """Where a business moves to, and when."""

    since = day_field("哪天起在新地点")
    reason = reason_field("说明", required=False)

    def __init__(self, *args, business, **kwargs):
        super().__init__(*args, **kwargs)
        self.business = business
        self.initial |= {"building": business.building_id, "grid": business.grid_id}

    def clean(self):
        data = super().clean()
        here = self.business
        to = (data.get("building"), data.get("room"), data.get("grid"))
        if to == (here.building, here.room, here.grid):
            self.add_error(None, "地点没有变。")
        return data


class StepForm(forms.Form):
    """From which day, and why."""

    since = day_field("从哪天起")
    reason = reason_field()


class PriorityForm(StepForm):
    reason = reason_field(help_text="如 消防重点、食品安全")


class OwnerForm(forms.Form):
    """Who runs it from a day on: the same shop, or another one at its place."""

    SAME, ANOTHER = "same", "another"

    how = forms.ChoiceField(
        label="是哪一种",
        widget=forms.RadioSelect,
        choices=[
            (SAME, "还是这家店，换了老板（执照没换，或只做了变更登记）"),
            (ANOTHER, "老店关了，别人在原地另开一家（新办执照）"),
        ],
    )
    owner = forms.CharField(
        label="新经营者",
        max_length=40,
        help_text="如 林先生",
        widget=forms.TextInput(attrs=PRIVATE),
    )
    phone = phone_field()
    name = forms.CharField(
        label="新店名称", max_length=120, required=False, help_text="另开一家的才填"
    )
    code = code_field()
    since = day_field("从哪天起")
    reason = reason_field("说明", required=False)

    def clean_code(self):
        return code_as_typed(self.cleaned_data["code"])

    def clean_phone(self):
        return phone_as_typed(self.cleaned_data["phone"], ())

    def clean(self):
        data = super().clean()
        if data.get("how") == self.ANOTHER and not data.get("name"):
            self.add_error("name", "另开一家的，请写新店名称。")
        return data


class CaretakerForm(forms.Form):
    """Who owes the visits of one business, from a day on."""

    user = forms.ModelChoiceField(
        label="走访责任人",
        queryset=User.objects.none(),
        required=False,
        empty_label="不指定到人，由网格员负责",
    )
    since = day_field("从哪天起")

    def __init__(self, *args, business, **kwargs):
        super().__init__(*args, **kwargs)
        roles = BY_GRID.intersection(roles_with(Right.LOG_VISITS))
        posts = Post.objects.in_force().over(business.grid).filter(role__in=roles)
        self.fields["user"].queryset = User.objects.filter(
            posts__in=posts, is_active=True
        ).distinct()
        self.fields["user"].label_from_instance = lambda user: user.display_name


class DatesForm(forms.Form):
    """The dates of a business's places and states, one pair of fields for each row."""

    discovered_on = day_field("发现日期")
    reason = reason_field("为什么更正")

    def __init__(self, *args, business, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = rows
        self.initial["discovered_on"] = business.discovered_on
        for row in rows:
            words = row_in_words(row)
            self._day(row, "since", f"{words}：起", row.since)
            if row.until:
                self._day(row, "until", f"{words}：止", row.until)
        self.order_fields([name for name in self.fields if name != "reason"])

    def _day(self, row, end, label, day):
        name = f"{row._meta.model_name}_{row.pk}_{end}"
        self.fields[name] = day_field(label)
        self.initial[name] = day

    def dates(self):
        """`{row: (since, until)}` as typed."""
        found = {}
        for row in self.rows:
            name = f"{row._meta.model_name}_{row.pk}"
            found[row] = (
                self.cleaned_data[f"{name}_since"],
                self.cleaned_data.get(f"{name}_until"),
            )
        return found


class NoteForm(forms.Form):
    """A note on a business."""

    kind = forms.ChoiceField(label="类别", choices=JournalEntry.Kind)
    words = forms.CharField(
        label="内容",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不写身份证号、病情等个人隐私",
    )


class NoteWordsForm(forms.Form):
    words = forms.CharField(
        label="内容", max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )


class VoidNoteForm(forms.Form):
    reason = forms.CharField(label="作废原因", max_length=200, min_length=2)


class MergeForm(forms.Form):
    """Which of two rows each fact is taken from, and why the two are one."""

    def __init__(self, *args, facts, **kwargs):
        super().__init__(*args, **kwargs)
        for fact in facts:
            self.fields[fact["name"]] = forms.ChoiceField(
                label=fact["label"],
                widget=forms.RadioSelect,
                choices=[("mine", fact["mine"]), ("theirs", fact["theirs"])],
                initial="theirs" if fact["mine"] == EMPTY else "mine",
            )
        self.fields["reason"] = reason_field(
            "为什么是同一家", help_text="如 同一执照录了两次"
        )

    def choices(self):
        return {k: v for k, v in self.cleaned_data.items() if k != "reason"}


class ReasonForm(forms.Form):
    """Why somebody wants to see a number in full; it is logged."""

    why = forms.CharField(label="查看原因", max_length=200, min_length=2)


class TradeForm(forms.ModelForm):
    """A trade and its section, as the administrator names it."""

    class Meta:
        model = Trade
        fields = ["name", "section", "active"]
        error_messages = NAME_TAKEN
        help_texts = {
            "name": "台账上这样写的，就归到这里",
            "active": "停用后，归类时不再出现；已归的照旧",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["section"].choices = [
            ("", "请选择"),
            *((letter, f"{letter} {label}") for letter, label in Trade.Section.choices),
        ]


class WordForm(forms.Form):
    """How ledgers write a trade."""

    word = forms.CharField(
        label="写法", max_length=TradeWord._meta.get_field("word").max_length
    )
