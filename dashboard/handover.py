"""Somebody changes post: what the post has to do, and the one act that passes it on.

Nothing passes by itself when a post ends. What is held by name goes to the successor's
post: the visits that are owed, the seats in bodies, the offices by which parts, orders,
meetings and plans follow. What the administrator may not even see stays, and it is said
who passes it on: help cases, and words that were told in confidence.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right, may
from cases.models import HelpCase
from enterprises.models import Caretaker
from grids.models import Grid, Post
from issues.models import DeliberationBody, MeasurePart, Meeting
from party import posts
from party.models import PlanItem
from services.models import Order
from tianshan.audit import record
from tianshan.ledgers import touched
from visits.models import Demand

Refused = posts.Refused


def _cares(post, day):
    grids = Grid.objects.filter(path__startswith=post.grid.path)
    cares = Caretaker.objects.filter(user=post.user, grid__in=grids)
    return cares.exclude(until__lte=day)


def _offices(post):
    """The rows that narrow the post, with the field that says to what."""
    return [
        (row, field)
        for field, model in {n[:2] for n in posts.NARROWED.values()}
        for row in model.objects.filter(post=post)
    ]


def duties(post, day):
    """What the post has to do: `(what, how much, who passes it on else)`, in counts."""
    cares = _cares(post, day)
    bodies = DeliberationBody.objects.filter(chair=post).count()
    records = DeliberationBody.objects.filter(clerk=post).count()
    meetings = Meeting.objects.filter(
        state__in=(Meeting.State.DRAFT, Meeting.State.NOTIFIED)
    )
    by_office = {"parts": 0, "items": 0, "orders": 0}
    for row, field in _offices(post):
        held = getattr(row, field)
        if field == "station":
            by_office["orders"] += Order.objects.at(held).open().count()
        else:
            by_office["parts"] += (
                MeasurePart.objects.open().filter(**{field: held}).count()
            )
            by_office["items"] += (
                PlanItem.objects.open().filter(**{field: held}).count()
            )
    secret = Demand.objects.filter(
        handler=post.user, confidential=True, state__in=Demand.OWED
    )
    lines = [
        ("走访责任（家）", cares.exclude(business=None).count(), ""),
        ("走访责任（楼宇、楼层）", cares.exclude(building=None).count(), ""),
        ("任职的组织、单位、阵地", len(_offices(post)), ""),
        ("随任职走的措施分工", by_office["parts"], ""),
        ("随任职走的方案事项", by_office["items"], ""),
        ("随任职走的点单", by_office["orders"], ""),
        ("主持的议事主体", bodies, ""),
        ("记录的议事主体", records, ""),
        (
            "要开的会议",
            meetings.filter(body__chair=post).count()
            + meetings.filter(body__clerk=post).count(),
            "",
        ),
        (
            "帮办",
            HelpCase.objects.open().filter(helper=post.user).count(),
            "帮办协调员",
        ),
        ("保密诉求", secret.count(), "台账员或网格长"),
    ]
    return [line for line in lines if line[1]]


@transaction.atomic
def hand_over(post, *, to, reason, by, at):
    """All of it to the account `to`, from today; the post ends. Its successor's post."""
    if not may(by, Right.MANAGE_ACCOUNTS):
        raise PermissionDenied
    post = (
        Post.objects.select_for_update(of=["self"])
        .select_related("grid")
        .get(pk=post.pk)
    )
    today = timezone.localdate(at)
    if post.user == to:
        raise Refused("接手的要是另一个账号。")
    if not to.is_active:
        raise Refused("接手的账号已停用。")
    if post.role in posts.ADMINISTRATORS:
        raise Refused("管理岗位没有要交接的事，直接记卸任、另加岗位。")
    if post.since > today or (post.until and post.until <= today):
        raise Refused("这个岗位现在不在任；已经卸任的，请找接任的人逐项办。")
    offices = _offices(post)
    same = to.posts.in_force(today).filter(role=post.role, grid=post.grid).first()
    successor = same or posts.give(
        to,
        role=post.role,
        grid=post.grid,
        since=today,
        narrowed_to=getattr(*offices[0]) if offices else None,
        by=by,
        at=at,
    )
    for row, field in offices:
        type(row).objects.get_or_create(post=successor, **{field: getattr(row, field)})
    businesses = _pass_cares(post, to, today)
    DeliberationBody.objects.filter(chair=post).update(chair=successor)
    DeliberationBody.objects.filter(clerk=post).update(clerk=successor)
    tomorrow = today + dt.timedelta(days=1)
    on = today if post.since < today else tomorrow
    posts.end(post, on=on, reason=reason, by=by, at=at)
    record("post.handed_over", post, by=by, at=at, user=to.pk, reason=reason)
    touched(businesses)
    return successor


def _pass_cares(post, to, today):
    """The visits owed are owed by the other from today: the businesses it is about."""
    cares = list(_cares(post, today))
    kept = set(
        Caretaker.objects.in_force(today)
        .filter(user=to)
        .values_list("business", "building", "floor")
    )
    for care in cares:
        if (care.business_id, care.building_id, care.floor) not in kept:
            Caretaker.objects.create(
                user=to,
                grid_id=care.grid_id,
                business_id=care.business_id,
                building_id=care.building_id,
                floor=care.floor,
                since=max(today, care.since),
                until=care.until,
            )
        care.until = max(today, care.since)
        care.save(update_fields=["until"])
    return [care.business_id for care in cares if care.business_id]
