"""Who may be given cases: helpers in post, and colleagues who help for a time."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right, Role, may, posts_with
from cases.actions import Refused, take_back
from cases.models import HELPERS, HelpCase
from grids.models import Post, reach
from tianshan.audit import record

LONGEST = dt.timedelta(days=184)


def posts_of_helpers(user, day):
    """The helpers' posts in the grids in which the user assigns cases."""
    grids = reach(posts_with(user, Right.ASSIGN_CASES))
    posts = Post.objects.in_force(day).filter(role__in=HELPERS, grid__in=grids)
    return posts.select_related("user", "grid").order_by("user__display_name", "pk")


def possible(user, day):
    """The accounts to which the user may give a case."""
    posts = posts_of_helpers(user, day)
    return User.objects.filter(pk__in=posts.values("user")).order_by("display_name")


def candidates(user, day):
    """Who has a post around there and may be asked to help for a time.

    Administrators of the portal stay apart from cases (三员分立).
    """
    grids = reach(posts_with(user, Right.ASSIGN_CASES))
    apart = (Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN)
    posts = Post.objects.in_force(day)
    return (
        User.objects.filter(pk__in=posts.filter(grid__in=grids).values("user"))
        .exclude(pk__in=posts.filter(role__in=[*apart, *HELPERS]).values("user"))
        .exclude(pk=user.pk)
        .order_by("display_name")
    )


@transaction.atomic
def appoint(user, *, until, by, at):
    """A colleague helps until a day; on that day all access ends by itself."""
    if not may(by, Right.ASSIGN_CASES):
        raise PermissionDenied
    today = timezone.localdate(at)
    if not today < until <= today + LONGEST:
        raise Refused(f"请选明天以后、{LONGEST.days} 天以内的日期。")
    # Two coordinators at once: the second finds the first's post.
    User.objects.select_for_update().get(pk=user.pk)
    if not candidates(by, today).filter(pk=user.pk).exists():
        raise Refused(f"{user}不能做临时帮办员，或者已经是了。")
    grid = posts_with(by, Right.ASSIGN_CASES)[0].grid
    post = Post.objects.create(
        user=user, role=Role.HELPER, grid=grid, since=today, until=until
    )
    record("helper.appointed", post, by=by, at=at, until=until.isoformat())
    return post


@transaction.atomic
def dismiss(post, *, by, at):
    """End a helper's time early: his open cases wait for another one at once.

    A post lasts a day at least; without a case it opens nothing.
    """
    today = timezone.localdate(at)
    mine = posts_of_helpers(by, today).exclude(until=None)
    if not mine.filter(pk=post.pk).exists():
        raise PermissionDenied
    cases = HelpCase.objects.open().filter(helper=post.user)
    for case in cases.select_for_update(of=["self"]).order_by("pk"):
        take_back(case, by=by, at=at)
    post.until = max(today, post.since + dt.timedelta(days=1))
    post.save(update_fields=["until"])
    post.user.stand_ins.in_force(at).update(ended_at=at)
    record("helper.dismissed", post, by=by, at=at)
    return post
