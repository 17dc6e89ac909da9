"""Keeping the bodies: setting one up, naming who sits in it, and who no longer does."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.rights import Right
from grids.models import Grid
from issues import cadence
from issues.models import BodyMember, DeliberationBody
from issues.taking import Refused, said
from tianshan.audit import record


def may_keep(user, body):
    kept = DeliberationBody.objects.spoken_for_by(user, Right.KEEP_BODIES)
    return kept.filter(pk=body.pk).exists()


@transaction.atomic
def save(body, *, buildings, by, at):
    """Set a body up, or change it; `body` carries what its form says."""
    governed = Grid.objects.governed_by(by, Right.KEEP_BODIES)
    if not governed.filter(pk=body.grid_id).exists():
        raise PermissionDenied
    new = body.pk is None
    if not new:
        before = DeliberationBody.objects.select_for_update().get(pk=body.pk)
        if not may_keep(by, before):
            raise PermissionDenied
        if before.level != body.level and body.issues.open().exists():
            raise Refused("这个议事主体还有没办结的议题，不能改层级。")
    body.save()
    body.buildings.set(buildings)
    cadence.keep(body, today=timezone.localdate(at))
    record("body.set_up" if new else "body.changed", body, by=by, at=at)
    return body


@transaction.atomic
def add_member(body, *, title, by, at, unit=None, organization=None, observes=False):
    """Name one more who sits in it, by title."""
    body = DeliberationBody.objects.select_for_update().get(pk=body.pk)
    if not may_keep(by, body):
        raise PermissionDenied
    today = timezone.localdate(at)
    title = said(title, "请写职务。")
    if body.members.in_force(today).filter(title=title).exists():
        raise Refused("名单上已经有这个职务。")
    last = body.members.aggregate(last=Max("position"))["last"] or 0
    member = BodyMember.objects.create(
        body=body,
        title=title,
        unit=unit,
        organization=organization,
        observes=observes,
        position=last + 1,
        since=today,
    )
    record("body.member_named", body, by=by, at=at, row=member.pk)
    return member


@transaction.atomic
def end_member(member, *, by, at):
    """From today on he sits there no longer; papers of before stay as they are."""
    member = BodyMember.objects.select_for_update().get(pk=member.pk)
    if not may_keep(by, member.body):
        raise PermissionDenied
    if member.until:
        raise Refused("已经不在名单上。")
    today = timezone.localdate(at)
    if member.since >= today:
        # Named today by mistake: it never was in force on any day.
        member.since = today - cadence.ONE_DAY
    member.until = today
    member.save(update_fields=["since", "until"])
    record("body.member_left", member.body, by=by, at=at, row=member.pk)
    return member
