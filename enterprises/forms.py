from dataclasses import dataclass, field

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils.crypto import constant_time_compare, salted_hmac

from enterprises.models import Business, Trade, TradeWord
from tianshan.web.forms import DayInput
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


class BusinessForm(forms.ModelForm):
    """Facts of a business. The phone stands masked; the mask left as it is changes
    nothing, so nobody need see the number to save the rest."""

    class Meta:
        model = Business
        fields = EDITED
        widgets = {"cover_planned_on": DayInput()}

    def __init__(self, *args, masks=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.masks = masks
        self.mask = masked_phone(self.instance.contact_phone)
        self.initial["contact_phone"] = self.mask
        self.fields["contact_phone"].help_text = "要改就重新输入整个号码"
        self.fields["contact_phone"].widget.attrs["inputmode"] = "tel"
        for name in ("staff_count", "members_count"):
            self.fields[name].validators.append(MaxValueValidator(MOST_PEOPLE))

    def clean_contact_phone(self):
        """The number kept when the mask comes back."""
        number = phone_as_typed(
            self.cleaned_data["contact_phone"], {self.mask, *self.masks} - {""}
        )
        return self.instance.contact_phone if number is KEPT else number

    def _post_clean(self):
        """Validate without writing the form's values into the instance: the action
        saves them, after comparing with what is stored by then."""


class ReasonForm(forms.Form):
    """Why somebody wants to see a number in full; it is logged."""

    why = forms.CharField(label="查看原因", max_length=200, min_length=2)


class TradeForm(forms.ModelForm):
    """A trade and its section, as the administrator names it."""

    class Meta:
        model = Trade
        fields = ["name", "section", "active"]
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
