"""What is asked for when an asker is told, or could not be."""

from django import forms
from django.utils import timezone

from tianshan.web.forms import DayInput
from visits.forms import not_in_future
from visits.models import Demand, TellingAttempt
from visits.telling import time_of

# Ways in which one tells; a link is opened by the asker himself.
HOW = [
    Demand.Told.PHONE,
    Demand.Told.VISIT,
    Demand.Told.MESSAGE,
    Demand.Told.SLIP,
    Demand.Told.NOTICE,
]


def how_field():
    return forms.ChoiceField(
        label="怎么告诉的",
        choices=[(how.value, how.label) for how in HOW],
        widget=forms.RadioSelect,
    )


def day_field(label):
    return forms.DateField(label=label, widget=DayInput(), validators=[not_in_future])


class TellForm(forms.Form):
    how = how_field()
    on = day_field("回告日期")


class TellManyForm(TellForm):
    """The same way and day for several askers; `user` is who chooses it."""

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.initial.setdefault("on", timezone.localdate())


class AttemptForm(forms.Form):
    how = forms.ChoiceField(
        label="怎么联系的", choices=TellingAttempt.How, widget=forms.RadioSelect
    )
    on = day_field("哪天")
    time = forms.ChoiceField(
        label="什么时候", choices=TellingAttempt.Time, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="说明",
        required=False,
        max_length=TellingAttempt._meta.get_field("note").max_length,
        help_text="如“店员说老板月底才回来”。",
    )

    def __init__(self, *args, at, **kwargs):
        super().__init__(*args, prefix="attempt", **kwargs)
        self.initial = {
            "how": TellingAttempt.How.PHONE,
            "on": timezone.localdate(at),
            "time": time_of(at),
            **self.initial,
        }


class DropForm(forms.Form):
    reason = forms.CharField(
        label="原因",
        max_length=Demand._meta.get_field("dropped_why").max_length,
        help_text="会一直留着，谁都能看到。",
    )
