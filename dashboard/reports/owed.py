"""Which forms wait for whom: on the page of things to do, and before they are due."""

from dataclasses import dataclass
from typing import Any

from accounts.rights import Right
from dashboard.reports.upward import Filing, UpwardForm
from tianshan.notices.reminders import READERS, Reminder
from tianshan.notices.todo import Source, Todo, register
from tianshan.workdays.calendar import Calendar
from tianshan.workdays.lights import light

FORM_RIGHTS = (Right.FILL_FORMS, Right.CHECK_FORMS, Right.SIGN_FORMS)
BEFORE = 2  # working days before it is due, somebody is reminded
WORDS = {"filler": "填报", "checker": "审核", "signer": "签发"}


@dataclass(frozen=True)
class Owed:
    """An issue that is due, begun or not, and whose turn it is."""

    form: UpwardForm
    filing: Filing | None
    start: Any
    end: Any
    due_on: Any
    turn: str  # filler, checker or signer

    @property
    def post(self):
        return getattr(self.form, self.turn)

    @property
    def words(self):
        return f"{WORDS[self.turn]}：{self.form.name}（{self.form.period_name(self.start, self.end)}）"

    @property
    def url(self):
        return (self.filing or self.form).get_absolute_url()

    def light(self, day):
        return light(self.end, self.due_on, day)


def owed(forms, day):
    """All that wait on the day, the earliest due first."""
    forms = list(forms.in_use().for_list())
    open_ones = Filing.objects.counting().exclude(state=Filing.State.SIGNED)
    waiting = []
    for filing in open_ones.filter(form__in=forms):
        form = next(one for one in forms if one.pk == filing.form_id)
        turn = {"checking": "checker", "signing": "signer"}.get(filing.state, "filler")
        waiting.append(
            Owed(form, filing, filing.start, filing.end, filing.due_on, turn)
        )
    begun = set(
        Filing.objects.counting()
        .filter(form__in=forms)
        .values_list("form", "start")
        .order_by()
    )
    for form in forms:
        period = form.owed_period(day)
        if period and (form.pk, period[0]) not in begun:
            due_on = form.due_on(period[1])
            waiting.append(Owed(form, None, *period, due_on, "filler"))
    return sorted(waiting, key=lambda one: (one.due_on, one.form.pk))


def to_do(user, day):
    """What waits for one of the user's own posts."""
    if not any(user.may(right) for right in FORM_RIGHTS):
        return []
    posts = {post.pk for post in user.posts_in_force}
    mine = UpwardForm.objects.filter(filler__in=posts)
    mine |= UpwardForm.objects.filter(checker__in=posts)
    mine |= UpwardForm.objects.filter(signer__in=posts)
    return [
        Todo(
            one.words,
            one.url,
            light=one.light(day),
            note=f"报{one.form.authority}，{one.due_on:%Y-%m-%d} 到期",
        )
        for one in owed(mine, day)
        if one.post.pk in posts
    ]


def remind(day):
    """Two working days before, on the day, and once when it is late."""
    calendar = Calendar.load()
    for one in owed(UpwardForm.objects.all(), day):
        if day > one.due_on:
            when, said = "late", f"已超过期限 {one.due_on:%m-%d}"
        elif day == one.due_on:
            when, said = "today", "今天到期"
        elif calendar.between(day, one.due_on) <= BEFORE:
            when, said = "soon", f"{one.due_on:%m-%d} 到期"
        else:
            continue
        yield Reminder(
            (one.post.user,),
            f"form-{one.form.pk}-{one.start.isoformat()}-{one.turn}-{when}",
            f"{one.words}，{said}",
            one.url,
        )


def load():
    register(
        Source("forms", "对上报表", "file-spreadsheet", to_do, "dashboard:form_list")
    )
    READERS.append(remind)
