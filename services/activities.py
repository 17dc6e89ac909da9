"""What can happen to an activity: set up, announced, held or cancelled, checked after."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from accounts.rights import Right
from grids.models import Grid
from party import bookings
from services.models import Activity, ActivitySeries, Attendance, Feedback
from tianshan.audit import record
from tianshan.ledgers import touched
from tianshan.notices import notify

FACTS = (
    *("title", "brand", "about", "starts", "ends"),
    *("place_kind", "station", "building", "neighborhood", "place"),
    *("organization", "unit", "host", "partners"),
    *("capacity", "reserved", "most_each", "closes_at", "on_card", "offer_hours"),
    *("for_children", "keep_days", "rule"),
)
# What those who are signed up would want to know when it changes.
NEWS = {
    "starts": "时间",
    "ends": "时间",
    "place_kind": "地点",
    "station": "地点",
} | dict.fromkeys(("building", "neighborhood", "place"), "地点")
# What an act of another module does when an activity's places change.
PLACES_CHANGED = []


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody saved the activity in the meantime."""


def locked(activity):
    """The activity, locked: whoever signs up or checks in waits for whoever came first."""
    return Activity.objects.select_for_update(of=["self"]).get(pk=activity.pk)


def may_hold(user, activity):
    held = Activity.objects.visible_to(user, Right.HOLD_ACTIVITIES)
    return held.filter(pk=activity.pk).exists()


def take(activity, step, *, by):
    """Lock the activity, then ask whether this step, by this person, is open."""
    activity = locked(activity)
    if not may_hold(by, activity):
        raise PermissionDenied
    if step not in activity.open_steps:
        now = activity.get_state_display()
        raise Refused(f"活动现在是“{now}”，不能这样办，请刷新后再看。")
    return activity


# --- setting up ----------------------------------------------------------------------


@transaction.atomic
def make_series(*, title, brand, grid, by, at):
    if not Grid.objects.visible_to(by, Right.HOLD_ACTIVITIES).filter(pk=grid.pk):
        raise PermissionDenied
    if ActivitySeries.objects.filter(grid=grid, title=title, ended_on=None).exists():
        raise Refused(f"已经有“{title}”这个系列了。")
    series = ActivitySeries.objects.create(title=title, brand=brand, grid=grid)
    record("activity.series_made", series, by=by, at=at)
    return series


@transaction.atomic
def end_series(series, *, by, at):
    """No more of it; those there are stay as they are."""
    series = ActivitySeries.objects.select_for_update(of=["self"]).get(pk=series.pk)
    if not ActivitySeries.objects.ended_by(by).filter(pk=series.pk):
        raise PermissionDenied
    if series.ended_on:
        raise Refused(f"“{series}”已经不再办了。")
    series.ended_on = timezone.localdate(at)
    series.save(update_fields=["ended_on"])
    record("activity.series_ended", series, by=by, at=at)
    return series


@transaction.atomic
def create(
    *, grid, by, at, series=None, number=None, room=None, outside_hours=False, **facts
):
    """A draft; of a series it takes the next number, and a room is booked by the same act."""
    if not Grid.objects.visible_to(by, Right.HOLD_ACTIVITIES).filter(pk=grid.pk):
        raise PermissionDenied
    activity = Activity(grid=grid, made_by=by, made_at=at, **facts)
    if series:
        series = ActivitySeries.objects.select_for_update(of=["self"]).get(pk=series.pk)
        if series.ended_on:
            raise Refused(f"“{series}”不再办了，请另办，或另设系列。")
        last = series.activities.aggregate(last=Max("number"))["last"] or 0
        activity.series, activity.number = series, number or last + 1
        activity.title = series.titled(activity.number)
        activity.brand = activity.brand or series.brand
    _fits_together(activity)
    activity.booking = _booked(
        activity, room, by=by, at=at, outside_hours=outside_hours
    )
    activity.save()
    if not may_hold(by, activity):  # a secretary's is the own organisation's
        raise PermissionDenied
    record("activity.created", activity, by=by, at=at)
    return activity


@transaction.atomic
def clone(activity, *, starts, ends, by, at, room=None, outside_hours=False):
    """The same again at another time; nothing of what came of the first goes along."""
    if not Activity.objects.visible_to(by).filter(pk=activity.pk).exists():
        raise PermissionDenied
    facts = {
        name: getattr(activity, name)
        for name in FACTS
        if name not in ("starts", "ends", "closes_at")
    }
    if activity.closes_at:
        facts["closes_at"] = starts - (activity.starts - activity.closes_at)
    return create(
        grid=activity.grid,
        series=activity.series,
        room=room,
        outside_hours=outside_hours,
        starts=starts,
        ends=ends,
        by=by,
        at=at,
        **facts,
    )


@transaction.atomic
def edit(activity, *, changes, seen, by, at):
    """Write `{fact: value}`; returns the names of those that changed.

    Another time moves the room's booking; another rule must be confirmed anew, so it
    cannot change once announced.
    """
    activity = take(activity, "edit", by=by)
    if seen != activity.version:
        raise Conflict("您打开之后，别人改过这个活动。请核对后再保存。")
    wanted = {name: value for name, value in changes.items() if name in FACTS}
    changed = [n for n, value in wanted.items() if getattr(activity, n) != value]
    if not changed:
        return []
    announced = activity.state == Activity.State.ANNOUNCED
    if "rule" in changed and announced:
        raise Refused("发布以后不能改纪律；要改请取消这一场，另办一场。")
    moved, before = {"starts", "ends"} & set(changed), activity.starts
    for name in changed:
        setattr(activity, name, wanted[name])
    _fits_together(activity)
    if announced and activity.starts < at <= before:
        raise Refused("已经发布的活动不能改到过去的时间。")
    if {"capacity", "reserved"} & set(changed):
        _has_places_for_its_signups(activity)
    if activity.booking and activity.station_id != activity.booking.room.station_id:
        _give_back(activity.booking, "活动换了地方", by=by, at=at)
        activity.booking = None
    elif activity.booking and moved:
        _move_booking(activity, by=by, at=at)
    if "rule" in changed:
        activity.rule_confirmed_by = activity.rule_confirmed_at = None
    activity.version += 1
    activity.save()
    record("activity.edited", activity, by=by, at=at, fields=changed)
    if announced:
        news = "、".join(dict.fromkeys(NEWS[n] for n in changed if n in NEWS))
        if news:
            _tell(activity, f"“{activity.title}”的{news}改了，请告诉报名的人", at=at)
        for act in PLACES_CHANGED:
            act(activity, at=at)
    return changed


def _fits_together(activity):
    """Refuse what cannot be, in words, before the database does."""
    Place = Activity.Place
    needed = {
        Place.STATION: ("station", "请选是哪个阵地。"),
        Place.BUILDING: ("building", "请选是哪栋楼宇。"),
        Place.NEIGHBORHOOD: ("neighborhood", "请选是哪个居民区。"),
        Place.SCHOOL: ("place", "请写是哪所学校。"),
        Place.STREET: ("place", "请写在哪一段街面。"),
    }
    name, words = needed[activity.place_kind]
    if not getattr(activity, name):
        raise Refused(words)
    for other in {"station", "building", "neighborhood"} - {name}:
        setattr(activity, other, None)
    organizers = [activity.organization, activity.unit, activity.host]
    if sum(each is not None for each in organizers) != 1:
        raise Refused("主办只选一个：党组织、成员单位或阵地。")
    if activity.ends <= activity.starts:
        raise Refused("结束要晚于开始。")
    if activity.closes_at and activity.closes_at > activity.starts:
        raise Refused("报名截止不能晚于开始。")
    if activity.capacity is None and activity.reserved:
        raise Refused("没有名额限制，就不用预留。")
    if activity.capacity is not None and activity.reserved > activity.capacity:
        raise Refused("预留的不能比名额多。")
    if activity.capacity == 0:
        raise Refused("名额至少 1 个；不限名额就空着。")
    if activity.for_children and activity.keep_days > Activity.CHILDREN_KEPT:
        raise Refused(f"有孩子参加的，报名信息最多保留 {Activity.CHILDREN_KEPT} 天。")


def _has_places_for_its_signups(activity):
    """A place that somebody has, or is offered, is not taken away by a number."""
    if activity.capacity is None:
        return
    for reserved, places, words in (
        (False, activity.capacity - activity.reserved, "预留以外的名额"),
        (True, activity.reserved, "预留的名额"),
    ):
        holding = activity.signups.holding().filter(reserved=reserved)
        taken = holding.aggregate(n=Sum("persons"))["n"] or 0
        if taken > places:
            raise Refused(f"已经报上 {taken} 位，{words}不能少于 {taken} 个。")


def _booked(activity, room, *, by, at, outside_hours):
    if room is None:
        return None
    if activity.station_id != room.station_id:
        raise Refused("场地不在选的阵地里。")
    try:
        return bookings.book(
            room,
            starts=activity.starts,
            ends=activity.ends,
            title=activity.title,
            organization=activity.organization,
            unit=activity.unit,
            outside_hours=outside_hours,
            by=by,
            at=at,
        )
    except bookings.Refused as refused:
        raise Refused(str(refused)) from refused


@transaction.atomic
def book_room(activity, *, room, by, at, outside_hours=False):
    """A room for one that has none, or whose room was given back."""
    activity = take(activity, "edit", by=by)
    if activity.has_its_room:
        raise Refused(f"已经订好{activity.booking.room}了。")
    if activity.starts <= at:
        raise Refused("已经开始了，不再订场地。")
    _give_back(activity.booking, "改订别的场地", by=by, at=at)
    activity.booking = _booked(
        activity, room, by=by, at=at, outside_hours=outside_hours
    )
    activity.version += 1
    activity.save(update_fields=["booking", "version"])
    record("activity.room_booked", activity, by=by, at=at, room=room.pk)
    if activity.state == activity.State.ANNOUNCED:
        _tell(activity, f"“{activity.title}”的地点改了，请告诉报名的人", at=at)
    return activity


def _move_booking(activity, *, by, at):
    """The room goes along, whoever booked it; one that was given back is let go."""
    if activity.booking.cancelled_at:
        activity.booking = None
        return
    try:
        bookings.move(
            activity.booking,
            starts=activity.starts,
            ends=activity.ends,
            outside_hours=True,
            vouched=True,
            by=by,
            at=at,
        )
    except bookings.Refused as refused:
        raise Refused(f"场地改不了：{refused}") from refused


def _give_back(booking, why, *, by, at):
    """The room is free again, whoever booked it; what is over stays in its list."""
    if booking and booking.cancelled_at is None and booking.ends > at:
        bookings.cancel(booking, why=why[:120], vouched=True, by=by, at=at)


# --- the steps -----------------------------------------------------------------------


@transaction.atomic
def confirm_rule(activity, *, by, at):
    """The organiser says that the rule is known and will be kept; before announcing."""
    activity = take(activity, "confirm_rule", by=by)
    if not activity.rule:
        raise Refused("这个活动没有写纪律。")
    activity.rule_confirmed_by, activity.rule_confirmed_at = by, at
    activity.save(update_fields=["rule_confirmed_by", "rule_confirmed_at"])
    record("activity.rule_confirmed", activity, by=by, at=at, rule=activity.rule)
    return activity


@transaction.atomic
def announce(activity, *, by, at):
    """From now on one may sign up."""
    activity = take(activity, "announce", by=by)
    if activity.rule and activity.rule_confirmed_at is None:
        raise Refused(f"请主办方先确认纪律：{activity.rule}。确认以后才能发布。")
    if activity.ends <= at:
        raise Refused("结束的时间已经过去了，请改时间。")
    activity.state, activity.announced_at = Activity.State.ANNOUNCED, at
    activity.save(update_fields=["state", "announced_at"])
    record("activity.announced", activity, by=by, at=at)
    return activity


@transaction.atomic
def cancel(activity, *, why, by, at):
    """Call it off: the room is given back, and all who signed up are to be told."""
    activity = take(activity, "cancel", by=by)
    why = why.strip()
    if not why:
        raise Refused("请写取消原因。")
    _give_back(activity.booking, f"活动取消：{why}", by=by, at=at)
    activity.state = Activity.State.CANCELLED
    activity.cancelled_at, activity.cancelled_why = at, why
    activity.save(update_fields=["state", "cancelled_at", "cancelled_why"])
    record("activity.cancelled", activity, by=by, at=at, reason=why)
    _tell(activity, f"“{activity.title}”取消了（{why}），请告诉报名的人", at=at)
    return activity


def _tell(activity, words, *, at):
    """Whoever signed somebody up, and who answers for the activity: an inbox each."""
    signups = activity.signups.standing().exclude(by=None).select_related("by")
    people = {signup.by for signup in signups} | {activity.made_by}
    notify(
        people,
        key=f"activity:{activity.pk}:{at.isoformat()}",
        words=words,
        url=activity.get_absolute_url(),
        at=at,
    )


@transaction.atomic
def hold(activity, *, by, at):
    """It took place. How many came is said by those ticked off, or by a head count."""
    activity = take(activity, "hold", by=by)
    if at < activity.starts:
        raise Refused("还没到开始的时间。")
    activity.state, activity.held_at = Activity.State.HELD, at
    activity.save(update_fields=["state", "held_at"])
    record("activity.held", activity, by=by, at=at)
    touched(attended_by(activity))
    return activity


def attended_by(activity):
    """The businesses that took part, as ticked off."""
    rows = activity.attendances.standing().exclude(business=None)
    return rows.values_list("business", flat=True)


@transaction.atomic
def count_heads(activity, *, count, basis, by, at, households=None):
    """How many came in all, and what that rests on; apart from those with names."""
    activity = take(activity, "count_heads", by=by)
    if at < activity.starts:
        raise Refused("还没到开始的时间。")
    named = sum(row.persons for row in activity.attendances.standing())
    if count < named:
        raise Refused(f"已经逐个登记了 {named} 人次，总数不能更少。")
    if households is not None and households > count:
        raise Refused("户数不能比人次多。")
    activity.head_count, activity.head_basis = count, basis
    activity.households = households
    activity.save(update_fields=["head_count", "head_basis", "households"])
    record(
        "activity.heads_counted",
        activity,
        by=by,
        at=at,
        count=count,
        basis=basis,
        households=households,
    )
    return activity


@transaction.atomic
def check_rule(activity, *, kept, words, by, at):
    """After it was held: the rule was kept, or how it was broken."""
    activity = take(activity, "check_rule", by=by)
    if not activity.rule:
        raise Refused("这个活动没有写纪律。")
    words = words.strip()
    if not kept and not words:
        raise Refused("没有遵守的，请写清楚情况。")
    activity.rule_kept, activity.rule_words = kept, words
    activity.rule_checked_by, activity.rule_checked_at = by, at
    activity.save(
        update_fields=["rule_kept", "rule_words", "rule_checked_by", "rule_checked_at"]
    )
    record("activity.rule_checked", activity, by=by, at=at, kept=kept)
    return activity


@transaction.atomic
def give_feedback(activity, *, verdict, words, at, by=None, client_key=None):
    """What somebody who came says; the same form twice is one. `by` wrote it down."""
    activity = locked(activity)
    if client_key and (known := Feedback.objects.filter(client_key=client_key).first()):
        return known
    if by is not None and not may_hold(by, activity):
        raise PermissionDenied
    if "give_feedback" not in activity.open_steps or at < activity.starts:
        raise Refused("活动开始以后才能评价。")
    feedback = Feedback.objects.create(
        activity=activity,
        verdict=verdict,
        words=words,
        at=at,
        by=by,
        client_key=client_key,
    )
    record("activity.feedback_given", activity, by=by, at=at)
    return feedback


# --- what goes after its time -----------------------------------------------------------


@transaction.atomic
def erase_due(at):
    """Erase titles and phones of sign-ups and check-ins whose time is over; answers
    how many activities. Numbers, businesses and states stay."""
    due = [
        activity
        for activity in Activity.objects.filter(erased_at=None, ends__lt=at)
        .select_for_update(of=["self"])
        .order_by("pk")
        if activity.ends + dt.timedelta(days=activity.keep_days) <= at
    ]
    for activity in due:
        activity.signups.update(title="", phone="")
        activity.attendances.update(title="")
        activity.erased_at = at
        activity.save(update_fields=["erased_at"])
        record("activity.erased", activity, by=None, at=at)
    return len(due)


# --- the past, from files --------------------------------------------------------------
# An import has locked the activities and asked for the right over its grid.


@transaction.atomic
def take_in(rows, *, by, at):
    """Write down activities that were held; they count by their own days.

    `rows` are (facts, [(business, persons)] who came). No more of whoever came is kept
    than the businesses, so that there is nothing to erase.
    """
    held = [
        Activity(
            **facts,
            state=Activity.State.HELD,
            on_card=False,
            held_at=at,
            erased_at=at,
            made_by=by,
            made_at=at,
        )
        for facts, _ in rows
    ]
    for activity in held:
        activity.index()
    Activity.objects.bulk_create(held, batch_size=1000)
    pairs = zip(held, (came for _, came in rows), strict=True)
    _let_come(pairs, by=by)
    for activity in held:
        record("activity.taken_in", activity, by=by, at=at)
    return held


def _let_come(pairs, *, by):
    Attendance.objects.bulk_create(
        [
            Attendance(
                activity=activity,
                business=business,
                persons=persons,
                how=Attendance.How.PAPER,
                at=activity.starts,
                by=by,
            )
            for activity, came in pairs
            for business, persons in came
        ],
        batch_size=1000,
    )


@transaction.atomic
def fill_in(activity, facts, came, *, by, at):
    """Write what a file knows more of one that was held: facts, and who came."""
    for name, value in facts.items():
        setattr(activity, name, value)
    activity.version += 1
    activity.save(update_fields=[*facts, "version"])
    _let_come([(activity, came)], by=by)
    record("activity.filled_in", activity, by=by, at=at, fields=list(facts))
    return activity


@transaction.atomic
def take_back(ids, *, by, at):
    """Withdraw activities with the import that brought them; the rows stay."""
    Activity.objects.filter(pk__in=ids).update(gone_at=at)
    for activity in Activity.objects.filter(pk__in=ids).order_by("pk"):
        record("activity.taken_back", activity, by=by, at=at)
