"""Signing up: places go by the order in which one asked; who waits is offered what
comes free, for a while, then the next in line.

All acts go through `activities.locked`: of fifty who press at once each waits for the
one before, and none counts places that another has just taken.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from services import activities
from services.activities import Refused
from services.models import Activity, Signup
from tianshan.audit import record
from tianshan.notices import notify
from tianshan.notices.reminders import next_in_hours


class Full(Refused):
    """There will never be places for so many."""


def free_places(activity, *, reserved=False):
    """How many places are left for all, or of those kept back; None without a limit."""
    if activity.capacity is None:
        return None
    holding = activity.signups.holding().filter(reserved=reserved)
    taken = holding.aggregate(n=Sum("persons"))["n"] or 0
    return _all_places(activity, reserved=reserved) - taken


def _all_places(activity, *, reserved):
    return activity.reserved if reserved else activity.capacity - activity.reserved


@transaction.atomic
def sign_up(
    activity,
    *,
    persons,
    at,
    by=None,
    business=None,
    employer="",
    title="",
    phone="",
    reserved=False,
    client_key=None,
):
    """Take a place or the next in the waiting line; answers (sign-up, made now).

    `by` None: somebody signed up the shop by its card. The same form again (its
    `client_key`) is the same sign-up.
    """
    activity = activities.locked(activity)
    if client_key and (known := Signup.objects.filter(client_key=client_key).first()):
        return known, False
    if by is not None:
        _may_sign_up(by, activity, business)
    _is_open(activity, at)
    _is_fit(activity, persons, business, by=by)
    move_on(activity, at=at)
    left = free_places(activity, reserved=reserved)
    waits = not reserved and activity.signups.in_line().exists()
    if left is None or (persons <= left and not waits):
        state = Signup.State.IN
    elif reserved:
        raise Refused(f"预留名额只剩 {left} 个。")
    elif persons > _all_places(activity, reserved=False):
        raise Full("名额没有这么多，请减少人数。")
    else:
        state = Signup.State.WAITING
    signup = Signup.objects.create(
        activity=activity,
        number=(activity.signups.aggregate(last=Max("number"))["last"] or 0) + 1,
        business=business,
        employer=employer,
        title=title,
        phone=phone,
        persons=persons,
        reserved=reserved,
        source=Signup.Source.CARD if by is None else Signup.Source.STAFF,
        state=state,
        asked_at=at,
        by=by,
        client_key=client_key,
    )
    record("signup.made", signup, by=by, at=at, state=state, persons=persons)
    return signup, True


def _may_sign_up(user, activity, business):
    """By any post that holds activities or orders for businesses, for those in sight."""
    if not (user.may(Right.HOLD_ACTIVITIES) or user.may(Right.ORDER)):
        raise PermissionDenied
    if not Activity.objects.visible_to(user).filter(pk=activity.pk).exists():
        raise PermissionDenied
    if business is None:
        return
    if not Business.objects.visible_to(user).filter(pk=business.pk).exists():
        raise PermissionDenied


def _is_open(activity, at):
    if "sign_up" not in activity.open_steps:
        raise Refused(f"活动现在是“{activity.get_state_display()}”，不能报名。")
    if at >= activity.last_moment:
        raise Refused("报名已经截止了。")


def _is_fit(activity, persons, business, *, by):
    if persons < 1:
        raise Refused("至少 1 位。")
    if by is None and persons > activity.most_each:
        raise Refused(f"每家最多 {activity.most_each} 位。")
    if business is None:
        return
    known = activity.signups.standing().filter(business=business).first()
    if known and by is None:
        raise Refused("店里已经有人报过名了。要改人数，请用报名时给的链接取消再报。")
    if known:
        raise Refused(
            f"这家已经报过名（{known.persons} 位，{known.get_state_display()}）。"
            "要改人数，请先取消再报。"
        )


def _taken(signup, step):
    """Lock the activity, then the sign-up; refuse what is no longer open."""
    activity = activities.locked(signup.activity)
    signup = Signup.objects.select_for_update(of=["self"]).get(pk=signup.pk)
    signup.activity = activity
    if step not in signup.open_steps:
        raise Refused(f"这个报名现在是“{signup.get_state_display()}”。")
    return activity, signup


def _is_theirs(by, signup):
    """Staff act on what they see; None is whoever holds the sign-up's own link."""
    if by is not None and not Signup.objects.visible_to(by).filter(pk=signup.pk):
        raise PermissionDenied


@transaction.atomic
def withdraw(signup, *, at, by=None):
    """Give the places back; the next in line is offered them at once."""
    activity, signup = _taken(signup, "withdraw")
    _is_theirs(by, signup)
    if activity.attendances.standing().filter(signup=signup).exists():
        raise Refused("已经签到了，不能取消报名。")
    signup.state, signup.ended_at = Signup.State.WITHDRAWN, at
    signup.save(update_fields=["state", "ended_at"])
    record("signup.withdrawn", signup, by=by, at=at)
    move_on(activity, at=at)
    return signup


def accept(signup, *, at, by=None):
    """Take what was offered, within its time; what is over lapses first, for good."""
    with transaction.atomic():
        move_on(activities.locked(signup.activity), at=at)
    return _accept(signup, at=at, by=by)


@transaction.atomic
def _accept(signup, *, at, by):
    _, signup = _taken(signup, "accept")
    _is_theirs(by, signup)
    signup.state, signup.offer_until = Signup.State.IN, None
    signup.save(update_fields=["state", "offer_until"])
    record("signup.accepted", signup, by=by, at=at)
    return signup


@transaction.atomic
def note_told(signup, *, at, by):
    """Whoever signed up has been told that it is off, or of the offer."""
    signup = Signup.objects.select_for_update(of=["self"]).get(pk=signup.pk)
    _is_theirs(by, signup)
    if signup.told_at is None:
        signup.told_at = at
        signup.save(update_fields=["told_at"])
        record("signup.told", signup, by=by, at=at)
    return signup


def move_on(activity, *, at):
    """Let offers lapse whose time is over, and offer what is free to the next in line.

    Strictly in order: two places wait for the party of two that is first rather than
    go to one behind it. The activity is locked.
    """
    if activity.state != Activity.State.ANNOUNCED:
        return
    offers = activity.signups.filter(state=Signup.State.OFFERED, offer_until__lte=at)
    for signup in offers.order_by("number"):
        signup.state, signup.ended_at = Signup.State.LAPSED, at
        signup.save(update_fields=["state", "ended_at"])
        record("signup.lapsed", signup, by=None, at=at)
        _say(signup, "没有在时限内确认，名额给了下一家", at=at)
    if at >= activity.starts:
        return
    for signup in activity.signups.in_line().select_related("by", "business"):
        left = free_places(activity)
        if left is not None and signup.persons > left:
            break
        # At night nobody is told: his hours begin in the morning.
        until = next_in_hours(at) + dt.timedelta(hours=activity.offer_hours)
        signup.state = Signup.State.OFFERED
        signup.offer_until = min(until, activity.starts)
        signup.told_at = None
        signup.save(update_fields=["state", "offer_until", "told_at"])
        record("signup.offered", signup, by=None, at=at)
        when = timezone.localtime(signup.offer_until)
        _say(
            signup,
            f"候补轮到了，请在 {when.month}月{when.day}日 {when:%H:%M} 前确认",
            at=at,
        )


def _say(signup, words, *, at):
    """To whoever signed them up, else to who answers for the activity."""
    notify(
        [signup.by or signup.activity.made_by],
        key=f"signup:{signup.pk}:{signup.state}:{at.isoformat()}",
        words=f"{signup.whose}在“{signup.activity}”的报名：{words}",
        url=signup.activity.get_absolute_url(),
        at=at,
    )


@transaction.atomic
def move_on_everywhere(at):
    """What the clock does by itself: each activity with an offer that ran out."""
    due = Signup.objects.filter(state=Signup.State.OFFERED, offer_until__lte=at)
    for pk in sorted(set(due.values_list("activity", flat=True))):
        move_on(activities.locked(Activity(pk=pk)), at=at)


activities.PLACES_CHANGED.append(move_on)
