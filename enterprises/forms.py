from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid
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


class BusinessForm(forms.ModelForm):
    """Facts of a business. The phone stands masked; the mask left as it is changes
    nothing, so nobody need see the number to save the rest."""

    class Meta:
        model = Business
        fields = EDITED
        widgets = {"cover_planned_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mask = masked_phone(self.instance.contact_phone)
        self.initial["contact_phone"] = self.mask
        self.fields["contact_phone"].help_text = "要改就重新输入整个号码"
        self.fields["contact_phone"].widget.attrs["inputmode"] = "tel"

    def clean_contact_phone(self):
        """The number kept when the mask comes back; else 11 digits, or a landline."""
        number = self.cleaned_data["contact_phone"].replace(" ", "")
        if number == self.mask:
            return self.instance.contact_phone
        if "*" in number:
            raise ValidationError("要改号码，请删去星号，输入整个号码。")
        digits = number.replace("-", "")
        if number and not (digits.isascii() and digits.isdigit()):
            raise ValidationError("电话只写数字，如 19900000001 或 021-55500000。")
        if number and not 7 <= len(digits) <= 12:
            raise ValidationError("电话位数不对：手机 11 位，固定电话带区号。")
        return number

    def _post_clean(self):
        """Validate without writing the form's values into the instance: the action
        saves them, after comparing with what is stored by then."""


class ReasonForm(forms.Form):
    """Why somebody wants to see a number in full; it is logged."""

    why = forms.CharField(label="查看原因", max_length=200, min_length=2)


MOST_BYTES = 20 * 1024 * 1024


class ImportForm(forms.Form):
    """The file, the grid that its rows belong to, and since when they are known."""

    file = forms.FileField(
        label="台账文件",
        help_text="xlsx、xls 或 csv，20 MB 以内",
        error_messages={"empty": "文件是空的，请重新选择。"},
    )
    grid = forms.ModelChoiceField(
        label="归到哪个网格",
        queryset=Grid.objects.none(),
        help_text="台账里没有网格这一列，由您选定；写明楼宇的按楼宇归",
    )
    known_since = forms.DateField(
        label="新增的从哪天算起",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="走访期限从发现之日起算；首次建账可填启用日",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        grids = Grid.objects.governed_by(user, Right.IMPORT).exclude(
            kind=Grid.Kind.STREET
        )
        self.fields["grid"].queryset = grids
        self.initial["grid"] = grids.first()
        self.initial["known_since"] = timezone.localdate()

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError("文件超过 20 MB，请分成几个再传。")
        return file

    def clean_known_since(self):
        day = self.cleaned_data["known_since"]
        if day > timezone.localdate():
            raise ValidationError("日期不能在将来。")
        return day
