"""Who serves where: posts given and ended by the security administrator (三员分立)."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import actions, passwords
from accounts.models import User
from accounts.rights import BY_ORGANIZATION, BY_STATION, BY_UNIT, Right, Role, may
from grids.models import Post
from party.models import OrganizationOfficer, StationStaff, UnitOfficer
from tianshan.audit import record

ADMINISTRATORS = frozenset({Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN})
# What a narrow role is narrowed to: the field that names it, and the row that says so.
NARROWED = {
    **dict.fromkeys(BY_ORGANIZATION, ("organization", OrganizationOfficer, "党组织")),
    **dict.fromkeys(BY_UNIT, ("unit", UnitOfficer, "成员单位")),
    **dict.fromkeys(BY_STATION, ("station", StationStaff, "阵地")),
}


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _told_apart(user, role, since, until):
    """One of the three administrators holds no other post in the same time."""
    others = user.posts.filter(Q(until=None) | Q(until__gt=since))
    if until:
        others = others.filter(since__lt=until)
    roles = set(others.values_list("role", flat=True))
    if role in roles and role in ADMINISTRATORS:
        raise Refused("这个岗位在这段时间已经有了。")
    if (role in ADMINISTRATORS and roles) or roles & ADMINISTRATORS:
        raise Refused("三员分立：管理岗位和别的岗位不能由同一个账号兼任。")


@transaction.atomic
def give(user, *, role, grid, since, until=None, narrowed_to=None, by, at):
    """A post from a day on; a narrow role sees nothing but what it is narrowed to."""
    if not may(by, Right.MANAGE_ACCOUNTS):
        raise PermissionDenied
    if user == by:
        raise Refused("不能给自己加岗位，请另一位安全管理员办。")
    user = User.objects.select_for_update(of=["self"]).get(pk=user.pk)
    _told_apart(user, role, since, until)
    field, model, what = NARROWED.get(role, ("", None, ""))
    if model and narrowed_to is None:
        raise Refused(f"请选定这个岗位服务的{what}。")
    post = Post.objects.create(
        user=user, role=role, grid=grid, since=since, until=until
    )
    if model:
        model.objects.create(post=post, **{field: narrowed_to})
    record("post.given", post, by=by, at=at, user=user.pk, kind=role)
    return post


@transaction.atomic
def begin(*, username, display_name, password, street, at):
    """The first security administrator, whom nobody could have made: on the server, as
    long as nobody holds that post who may sign in."""
    today = timezone.localdate(at)
    held = Post.objects.in_force(today).filter(role=Role.SECURITY_ADMIN)
    if held.filter(user__is_active=True).exists():
        raise Refused("已经有安全管理员，请由他在“账号”里开账号。")
    try:
        user, _ = actions.make(
            username=username, display_name=display_name, by=None, at=at
        )
    except actions.Refused as refused:
        raise Refused(str(refused)) from None
    passwords.change(user, password, at=at, first=True)
    post = Post.objects.create(
        user=user, role=Role.SECURITY_ADMIN, grid=street, since=today
    )
    record("post.given", post, by=None, at=at, user=user.pk, kind=post.role)
    return user


@transaction.atomic
def end(post, *, on, reason, by, at):
    """From that day on it is held no more. What it had to do goes to nobody by itself."""
    if not may(by, Right.MANAGE_ACCOUNTS):
        raise PermissionDenied
    post = Post.objects.select_for_update(of=["self"]).get(pk=post.pk)
    today = timezone.localdate(at)
    if post.user == by:
        raise Refused("不能动自己的岗位，请另一位安全管理员办。")
    if post.until and post.until <= today:
        raise Refused("这个岗位已经卸任。")
    if on < today or on <= post.since:
        raise Refused("卸任的日子不能早于今天，也要晚于到任的日子。")
    post.until = on
    post.save(update_fields=["until"])
    record("post.ended", post, by=by, at=at, on=on.isoformat(), reason=reason)
