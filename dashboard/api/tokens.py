"""Giving, revoking and recognising tokens; and with whose eyes one looks."""

import datetime as dt
import secrets

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.rights import BY_GRID, Right, posts_with
from dashboard.api.models import ApiToken
from grids.models import Grid, Post
from tianshan.audit import record
from tianshan.ledgers import LEDGERS, read_scope
from tianshan.web.tokens import hashed

USED_EVERY = dt.timedelta(minutes=1)  # no finer is written down
LONGEST = dt.timedelta(days=366)
BYTES = 32
FIGURES, MAP = "figures", "map"
OTHERS = {FIGURES: "统计数", MAP: "地图（GeoJSON）"}


def scopes_for(user):
    """`{key: label}` of all that the user may put into a token."""
    ledgers = {
        key: ledger.title for key, ledger in LEDGERS.items() if ledger.opens_to(user)
    }
    return ledgers | (OTHERS if user.may(Right.SEE_FIGURES) else {})


@transaction.atomic
def give(*, label, grid, scopes, until, by, at):
    """`(row, token)`: a new token to read these things of a grid."""
    if not Grid.objects.governed_by(by, Right.KEEP_TOKENS).filter(pk=grid.pk).exists():
        raise PermissionDenied
    if not set(scopes) <= set(scopes_for(by)):
        raise PermissionDenied
    token = secrets.token_urlsafe(BYTES)
    row = ApiToken.objects.create(
        label=label,
        grid=grid,
        scopes=list(scopes),
        until=until,
        token_hash=hashed(token),
        made_at=at,
        made_by=by,
    )
    record("api.token_given", row, by=by, at=at, grid=grid.code, fields=list(scopes))
    return row, token


@transaction.atomic
def revoke(row, *, by, at):
    """It opens nothing from now on; False when it was revoked before."""
    if not ApiToken.objects.visible_to(by).filter(pk=row.pk).exists():
        raise PermissionDenied
    row = ApiToken.objects.select_for_update().get(pk=row.pk)
    if row.revoked_at:
        return False
    row.revoked_at, row.revoked_by = at, by
    row.save(update_fields=["revoked_at", "revoked_by"])
    record("api.token_revoked", row, by=by, at=at)
    return True


def token_of(text, day):
    """The token in force, or None: one search, whatever is wrong."""
    rows = ApiToken.objects.in_force(day).select_related("grid", "made_by")
    return rows.filter(token_hash=hashed(text)).first()


def used(row, at):
    """Note that it was used, and when, to the minute."""
    long_ago = Q(used_at=None) | Q(used_at__lte=at - USED_EVERY)
    at = at.replace(second=0, microsecond=0)
    ApiToken.objects.filter(long_ago, pk=row.pk).update(used_at=at)


def reader(row):
    """Whose eyes a token has: those of its maker's posts, over the token's grid alone.

    A stand-in that is nobody, so what is a person's own (a caseload, a confidential
    demand that one handles) is not among it. None when the maker has no such post
    any more: the token then ends with it.
    """
    maker = row.made_by
    posts = [
        _over(row.grid, post.role)
        for post in posts_with(maker, Right.KEEP_TOKENS, among=BY_GRID)
        if row.grid_id in post.below
    ]
    if not posts or not maker.is_active:
        return None
    user = User(pk=0, display_name=row.label)  # a key that no row has
    user.posts_in_force = posts
    return user


def scope_again(pk, asked, today):
    """The scope of what a token in force asks, for the worker; None of any other."""
    row = ApiToken.objects.in_force(today).filter(pk=pk).first()
    user = row and reader(row)
    return user and read_scope(user, asked, today=today)


def _over(grid, role):
    post = Post(role=role, grid=grid)
    below = Grid.objects.filter(path__startswith=grid.path).order_by()
    post.below = list(below.values_list("pk", flat=True))
    return post
