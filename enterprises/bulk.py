"""The bulk edits of businesses: what each sets, whom it refuses, how it is put back.

Each writes in a few statements, whatever the number of rows; history comes by triggers.
"""

import datetime as dt

from django import forms
from django.db.models import Case, F, Max, Q, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right, roles_with
from enterprises.models import Business, Caretaker, Occupancy, Operation, Priority
from grids.models import Grid, Post
from tianshan.ledgers import touched
from tianshan.ledgers.bulk import Edit, SetField

JOIN = "；"


class DayInput(forms.DateInput):
    input_type = "date"

    def format_value(self, value):
        return value.isoformat() if isinstance(value, dt.date) else value


class BulkForm(forms.Form):
    """The new value; `user` is who chooses it."""

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user


def since_field(label):
    return forms.DateField(
        label=label,
        widget=DayInput,
        initial=timezone.localdate,
        help_text="今天或以前的日子。",
    )


class DatedForm(BulkForm):
    def clean_since(self):
        day = self.cleaned_data["since"]
        if day > timezone.localdate():
            raise forms.ValidationError("日期不能在将来。")
        return day


# --- plain facts -------------------------------------------------------------------


class SetFact(SetField):
    """A fact of a business; the save counts like any other."""

    model = Business
    right = Right.BULK_EDIT

    def along(self, at):
        return {"version": F("version") + 1, "updated_at": at}

    def stamp(self, row, at):
        row.version += 1
        row.updated_at = at
        return ["version", "updated_at"]


class TradeForm(BulkForm):
    trade = forms.CharField(label="行业", max_length=60, help_text="例：茶叶零售")


class SetTrade(SetFact):
    key = "trade"
    label = "改行业"
    icon = "building-store"
    field = "trade"
    form = TradeForm


class NoteForm(BulkForm):
    note = forms.CharField(
        label="加在备注后面的话", max_length=120, help_text="原有的备注保留。"
    )


class AppendNote(SetFact):
    key = "note"
    label = "加备注"
    icon = "note"
    field = "note"
    form = NoteForm

    def words(self, values):
        return f"备注加上“{values['note']}”"

    def after(self, row, values):
        return JOIN.join(filter(None, [row.note, values["note"]]))

    def same(self, row, values):
        return values["note"] in row.note.split(JOIN)

    def refused(self, row, values):
        most = Business._meta.get_field("note").max_length
        long = len(self.after(row, values)) > most
        return f"备注会超过 {most} 字" if long else ""

    def write(self, rows, values, *, by, at):
        changes = {row.pk: row.note for row in rows}
        longer = Concat(F("note"), Value(JOIN + values["note"]))
        Business.objects.filter(pk__in=changes).update(
            note=Case(When(note="", then=Value(values["note"])), default=longer),
            **self.along(at),
        )
        return changes


# --- dated facts -------------------------------------------------------------------


class StateForm(DatedForm):
    state = forms.ChoiceField(label="经营状态", choices=Business.State)
    since = since_field("从哪天起")


class SetState(Edit):
    """From a day on; who moves away or closes leaves the place on that day."""

    key = "state"
    label = "改经营状态"
    icon = "door-exit"
    model = Business
    right = Right.BULK_EDIT
    form = StateForm

    def words(self, values):
        label = Business.State(values["state"]).label
        return f"经营状态从 {values['since']} 起为“{label}”"

    def before(self, row):
        return row.get_state_display()

    def after(self, row, values):
        return Business.State(values["state"]).label

    def prepare(self, rows, values):
        current = Operation.objects.filter(business__in=rows, until=None)
        self.current = {row.business_id: row for row in current}

    def refused(self, row, values):
        current = self.current.get(row.pk)
        if row.state != values["state"] and current and values["since"] < current.since:
            return f"{current.since} 起已是“{current.get_state_display()}”"
        return ""

    def write(self, rows, values, *, by, at):
        state, since = values["state"], values["since"]
        changes = {row.pk: {"state": row.state} for row in rows}
        ended = Operation.objects.filter(business__in=changes, until=None)
        for pk, business in ended.values_list("pk", "business"):
            changes[business]["ended"] = pk
        ended.update(until=since)
        began = Operation.objects.bulk_create(
            [Operation(business_id=pk, state=state, since=since) for pk in changes]
        )
        for row in began:
            changes[row.business_id]["began"] = row.pk
        if state in (Business.State.MOVED, Business.State.CLOSED):
            places = Occupancy.objects.filter(
                business__in=changes, until=None, since__lte=since
            )
            for pk, business in places.values_list("pk", "business"):
                changes[business].setdefault("left", []).append(pk)
            places.update(until=since)
        Business.objects.filter(pk__in=changes).update(
            state=state, version=F("version") + 1, updated_at=at
        )
        touched(changes)
        return changes

    def restore(self, rows, changes, *, by, at):
        back = [changes[row.pk] for row in rows]
        Operation.objects.filter(pk__in=[one["began"] for one in back]).delete()
        ended = [one["ended"] for one in back if "ended" in one]
        Operation.objects.filter(pk__in=ended).update(until=None)
        left = [pk for one in back for pk in one.get("left", ())]
        Occupancy.objects.filter(pk__in=left).update(until=None)
        for row in rows:
            row.state = changes[row.pk]["state"]
            row.version += 1
            row.updated_at = at
        Business.objects.bulk_update(rows, ["state", "version", "updated_at"], 500)
        touched(row.pk for row in rows)


class PriorityForm(DatedForm):
    reason = forms.CharField(
        label="列为重点的原因", max_length=120, help_text="例：租约纠纷多发"
    )
    since = since_field("从哪天起")


class SetPriority(Edit):
    """Visited at the shorter cycle from a day on, with the reason."""

    key = "priority"
    label = "列为重点"
    icon = "flag"
    model = Business
    right = Right.BULK_EDIT
    form = PriorityForm

    def reachable(self, user):
        markable = Business.objects.visible_to(user, Right.MARK_PRIORITY)
        return super().reachable(user).filter(pk__in=markable.values("pk"))

    def words(self, values):
        return f"从 {values['since']} 起列为重点：{values['reason']}"

    def before(self, row):
        return "重点" if row.priority else "一般"

    def after(self, row, values):
        return "重点"

    def prepare(self, rows, values):
        past = Priority.objects.filter(business__in=rows).exclude(until=None)
        self.ended = dict(
            past.values_list("business").annotate(last=Max("until")).order_by()
        )

    def refused(self, row, values):
        last = self.ended.get(row.pk)
        early = not row.priority and last and values["since"] < last
        return f"{last} 前已列过重点" if early else ""

    def write(self, rows, values, *, by, at):
        began = Priority.objects.bulk_create(
            [
                Priority(
                    business_id=row.pk, reason=values["reason"], since=values["since"]
                )
                for row in rows
            ]
        )
        changes = {row.business_id: {"began": row.pk} for row in began}
        Business.objects.filter(pk__in=changes).update(
            priority=True, version=F("version") + 1, updated_at=at
        )
        touched(changes)
        return changes

    def restore(self, rows, changes, *, by, at):
        pks = [row.pk for row in rows]
        Priority.objects.filter(pk__in=[changes[pk]["began"] for pk in pks]).delete()
        Business.objects.filter(pk__in=pks).update(
            priority=False, version=F("version") + 1, updated_at=at
        )
        touched(pks)


# --- who owes the visits -----------------------------------------------------------


class CaretakerForm(DatedForm):
    caretaker = forms.ModelChoiceField(
        label="走访责任人", queryset=User.objects.none(), empty_label="请选择"
    )
    since = since_field("从哪天起")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["caretaker"].queryset = visitors_under(self.user)


def visitors_under(user):
    """Who visits in the grids of the user: the posts that carry the right to."""
    roles = roles_with(Right.LOG_VISITS)
    grids = Grid.objects.governed_by(user, Right.BULK_EDIT)
    # A post over the whole street serves each grid of it.
    above = Q(pk__in=[])
    for path in grids.values_list("path", flat=True):
        codes = path.strip("/").split("/")
        above |= Q(grid__code__in=codes)
    posts = Post.objects.in_force().filter(above | Q(grid__in=grids), role__in=roles)
    return User.objects.filter(pk__in=posts.values("user")).order_by("display_name")


class SetCaretaker(Edit):
    """Who owes the visits from a day on; whoever owed them before ends on that day."""

    key = "caretaker"
    label = "改走访责任人"
    icon = "user-share"
    model = Business
    right = Right.BULK_EDIT
    form = CaretakerForm

    def words(self, values):
        name = values["caretaker"].display_name
        return f"走访责任人从 {values['since']} 起为{name}"

    def prepare(self, rows, values):
        self.current = {}
        cares = Caretaker.objects.filter(business__in=rows, until=None)
        for care in cares.select_related("user").order_by("since", "pk"):
            self.current.setdefault(care.business_id, []).append(care)
        posts = Post.objects.in_force().filter(user=values["caretaker"])
        self.grids = [post.grid for post in posts.select_related("grid")]

    def before(self, row):
        cares = self.current.get(row.pk, ())
        return "、".join(care.user.display_name for care in cares) or "（没有）"

    def after(self, row, values):
        return values["caretaker"].display_name

    def same(self, row, values):
        cares = self.current.get(row.pk, ())
        return [care.user_id for care in cares] == [values["caretaker"].pk]

    def refused(self, row, values):
        if not any(row.grid.is_within(grid) for grid in self.grids):
            return "责任人的岗位不在这个网格"
        early = [c for c in self.current.get(row.pk, ()) if values["since"] < c.since]
        return f"{early[0].since} 起已有责任人" if early else ""

    def write(self, rows, values, *, by, at):
        pks = [row.pk for row in rows]
        changes = {pk: {"ended": []} for pk in pks}
        ended = Caretaker.objects.filter(business__in=pks, until=None)
        for pk, business in ended.values_list("pk", "business"):
            changes[business]["ended"].append(pk)
        ended.update(until=values["since"])
        began = Caretaker.objects.bulk_create(
            [
                Caretaker(
                    user=values["caretaker"],
                    grid_id=row.grid_id,
                    business_id=row.pk,
                    since=values["since"],
                )
                for row in rows
            ]
        )
        for care in began:
            changes[care.business_id]["began"] = care.pk
        return changes

    def restore(self, rows, changes, *, by, at):
        back = [changes[row.pk] for row in rows]
        Caretaker.objects.filter(pk__in=[one["began"] for one in back]).delete()
        ended = [pk for one in back for pk in one["ended"]]
        Caretaker.objects.filter(pk__in=ended).update(until=None)

    # The rows that it writes are the caretakers': so is the history to look at.

    def last_history(self, pks):
        events = Caretaker.pgh_event_model.objects.filter(business__in=pks)
        return events.aggregate(last=Max("pgh_id"))["last"] or 0

    def touched_since(self, edit, pks):
        events = Caretaker.pgh_event_model.objects
        later = events.filter(business__in=pks, pgh_id__gt=edit.marker)
        return set(later.values_list("business", flat=True))


EDITS = [SetCaretaker, SetTrade, SetState, SetPriority, AppendNote]
