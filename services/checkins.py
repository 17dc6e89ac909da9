"""Ticking off who came: at the door, by the poster, from a paper list afterwards.

A phone may send the same again, and two doors may tick off the same sign-up: it stands
once, whatever came how often.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import TruncDate

from services import activities
from services.activities import Refused
from services.models import Attendance, Signup
from tianshan.audit import record
from tianshan.database.arrays import among
from tianshan.ledgers import touched


class KeyReused(Refused):
    """Other content came under a key that is used."""


@transaction.atomic
def check_in(
    activity,
    *,
    how,
    at,
    by=None,
    signup=None,
    business=None,
    employer="",
    title="",
    persons=None,
    came_at=None,
    client_key=None,
    digest="",
):
    """Somebody came; answers (attendance, made now).

    With a sign-up its people are taken from there; without, it is a walk-in. `by` None:
    they scanned the poster themselves, which is possible while it takes place.
    """
    activity = activities.locked(activity)
    if client_key and (
        known := Attendance.objects.filter(client_key=client_key).first()
    ):
        if known.digest != digest or known.activity_id != activity.pk:
            raise KeyReused("这个编号已经登记了别的内容。")
        return known, False
    if by is not None and not activities.may_hold(by, activity):
        raise PermissionDenied
    if "check_in" not in activity.open_steps:
        raise Refused(f"活动现在是“{activity.get_state_display()}”，不能签到。")
    if by is None and not activity.admits(at):
        raise Refused("现在不是签到的时间：开始前半小时到结束可以签到。")
    if at < activity.starts - activity.EARLY:
        raise Refused("还没到签到的时间。")
    if signup is not None:
        signup = Signup.objects.select_for_update(of=["self"]).get(
            pk=signup.pk, activity=activity
        )
        standing = activity.attendances.standing().filter(signup=signup).first()
        if standing:
            return standing, False
        if "check_in" not in signup.open_steps:
            raise Refused(
                f"这个报名是“{signup.get_state_display()}”，不能签到；"
                "人来了就按没报名的登记。"
            )
        business, employer = signup.business, signup.employer
        title = title or signup.title
    if not (title or business or employer):
        raise Refused("请写称呼或单位。")
    attendance = Attendance.objects.create(
        activity=activity,
        signup=signup,
        business=business,
        employer=employer,
        title="" if activity.erased_at else title,
        persons=persons or (signup.persons if signup else 1),
        how=how,
        at=came_at or at,
        by=by,
        client_key=client_key,
        digest=digest,
    )
    _count_anew(activity)
    record(
        "attendance.ticked",
        attendance,
        by=by,
        at=at,
        how=how,
        persons=attendance.persons,
    )
    _tell_standing(activity, business)
    return attendance, True


@transaction.atomic
def untick(attendance, *, by, at):
    """Ticked off by mistake: the line stays to be read, and counts no more."""
    activity = activities.locked(attendance.activity)
    if not activities.may_hold(by, activity):
        raise PermissionDenied
    attendance = Attendance.objects.select_for_update(of=["self"]).get(pk=attendance.pk)
    if attendance.voided_at:
        raise Refused("这条签到已经撤销了。")
    attendance.voided_at, attendance.voided_by = at, by
    attendance.save(update_fields=["voided_at", "voided_by"])
    record("attendance.unticked", attendance, by=by, at=at)
    _tell_standing(activity, attendance.business)
    return attendance


@transaction.atomic
def tick_list(activity, *, came, by, at):
    """A paper list, ticked afterwards: `{sign-up: persons}`; answers how many were new."""
    return sum(
        check_in(
            activity,
            signup=signup,
            persons=persons,
            how=Attendance.How.PAPER,
            came_at=activity.starts,
            by=by,
            at=at,
        )[1]
        for signup, persons in came.items()
    )


def _count_anew(activity):
    """A head count takes in those with names, so it is never less than they are."""
    if activity.head_count is None:
        return
    named = sum(row.persons for row in activity.attendances.standing())
    if named > activity.head_count:
        raise Refused(
            f"点数时是 {activity.head_count} 人次，再登记就超过了。请先改点数。"
        )


def _tell_standing(activity, business):
    if business is not None and activity.state == activity.State.HELD:
        touched([business.pk])


def took_part(business_ids):
    """(business, day) of each activity that was held and attended by name."""
    rows = (
        Attendance.objects.standing()
        .filter(business__in=among(business_ids), activity__state="held")
        .annotate(day=TruncDate("activity__starts"))
    )
    return rows.values_list("business", "day").distinct()
