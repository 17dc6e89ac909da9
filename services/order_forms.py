"""What is asked for on the pages of orders and of the menu."""

import datetime as dt

from django import forms
from django.utils import timezone

from enterprises.forms import PRIVATE
from party.forms import say_choose
from party.models import Station
from services import menu, orders
from services.models import MenuItem, Order, ServiceBrand
from services.models.order import Told
from tianshan.notices.reminders import FROM, UNTIL
from tianshan.web.forms import DayInput, TimeInput, bounded


def item_words(item):
    return f"{item.brand}·{item.name}（{item.lasts}）"


class ItemField(forms.ModelChoiceField):
    def label_from_instance(self, item):
        return item_words(item)


class OrderForm(forms.ModelForm):
    """What one orders: for a business, by staff or by the card."""

    item = ItemField(
        label="点什么",
        queryset=MenuItem.objects.none(),
        empty_label="请选择",
    )

    class Meta:
        model = Order
        fields = ["item", "people", "words", "wished", "phone"]
        widgets = {
            "words": forms.Textarea(attrs={"rows": 3}),
            "phone": forms.TextInput(attrs={"inputmode": "tel", **PRIVATE}),
        }
        help_texts = {
            "people": "报个大概就行",
            "words": "有什么特别的希望，没有就空着",
            "wished": "如“月底前，周三下午”，没有就空着",
            "phone": "这一单找谁，没有就用台账里的电话",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = MenuItem.objects.offered().for_list()
        bounded(self, people=(1, 10000))

    def _post_clean(self):
        """Nothing is written into an instance: the action saves."""


class TurnForm(OrderForm):
    """A demand says who asks and how to reach him."""

    class Meta(OrderForm.Meta):
        fields = ["item", "people", "words", "wished"]


class DispatchForm(forms.Form):
    stations = forms.ModelMultipleChoiceField(
        label="派给",
        queryset=Station.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="可以派几家，先接的一家承接，其余自动结束。",
        error_messages={"required": "请至少选一个阵地。"},
    )
    on = forms.DateField(label="答复日期", widget=DayInput())
    clock = forms.TimeField(
        label="答复时间",
        widget=TimeInput(),
        help_text=f"工作日 {FROM} 点到 {UNTIL} 点之间，"
        f"一般给 {orders.ANSWER_WITHIN} 个工作日。",
    )

    def __init__(self, *args, order, user, **kwargs):
        super().__init__(*args, **kwargs)
        now = timezone.now()
        today = timezone.localdate(now)
        givers = orders.givers_of(order.item, user=user, day=today)
        self.fields["stations"].queryset = givers
        usual = timezone.localtime(orders.usual_answer_by(now))
        self.fields["on"].initial = usual.date()
        self.fields["clock"].initial = usual.time()
        if len(givers) == 1:
            self.fields["stations"].initial = givers

    @property
    def facts(self):
        data = self.cleaned_data
        moment = dt.datetime.combine(data["on"], data["clock"])
        return {
            "stations": list(data["stations"]),
            "answer_by": timezone.make_aware(moment),
        }


def ask_how(form, station):
    """Have whoever acts for a station without an account say how it answered."""
    form.fields["how"] = forms.ChoiceField(
        label=f"{station}怎么答复的",
        choices=Told.choices,
        widget=forms.RadioSelect,
        help_text="代阵地登记，会写进办理记录。",
    )


class HowForm(forms.Form):
    """Nothing but what `ask_how` adds."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="原因", max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class DeclineForm(ReasonForm):
    field_help = f"至少 {orders.REASON} 个字，会原样告诉点单人。"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = self.field_help


class ServeForm(forms.Form):
    on = forms.DateField(label="服务日期", widget=DayInput())
    place = forms.CharField(
        label="服务地点", max_length=80, help_text="如“金虹桥 18 层会议室”"
    )


class FinishForm(forms.Form):
    on = forms.DateField(label="哪天服务的", widget=DayInput())
    given = forms.CharField(
        label="提供了什么",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会告诉点单人，不写个人的事",
    )
    came = forms.IntegerField(label="到场人次", min_value=1, max_value=10000)


class RevisitForm(forms.Form):
    words = forms.CharField(
        label="回访结果",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="了解到什么，接下来怎么改。点单人在链接上能看到。",
    )


class BrandForm(forms.ModelForm):
    class Meta:
        model = ServiceBrand
        fields = ["name", "about", "active"]
        help_texts = {"name": "如“医靠驿站”"}

    def _post_clean(self):
        """The action saves, and says what cannot be."""


class ItemForm(forms.ModelForm):
    stations = forms.ModelMultipleChoiceField(
        label="哪些阵地能提供",
        queryset=Station.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选一个阵地，不然派不出去。"},
    )

    class Meta:
        model = MenuItem
        fields = ["brand", "name", "what", "for_whom", "lasts", "active"]
        widgets = {"what": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "what": "点单的人看得懂的话",
            "for_whom": "如“企业员工，10 人以上”",
            "lasts": "如“约 1 小时”",
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        open_now = menu.offered_to(user, timezone.localdate())
        self.fields["stations"].queryset = open_now.order_by("pinyin")
        say_choose(self)
        if self.instance.pk:
            self.fields["stations"].initial = self.instance.givers.values_list(
                "station", flat=True
            )

    def _post_clean(self):
        """The action saves, and says what cannot be."""
