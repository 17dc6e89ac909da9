"""The wall: the totals of one grid for a screen in a hall, by a link that can be revoked.

Who stands before it has no account and no name. It shows what figures.json says of the
same grid and period to somebody who sees the whole street, as totals alone.
"""

import datetime as dt
import secrets

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string

from accounts.models import User
from accounts.rights import Right, Role
from dashboard import map as maps
from dashboard import screen
from dashboard.elevation import Tone
from dashboard.models import Condition, WallLink
from grids.models import Grid, Post
from issues.models import Level
from tianshan.audit import record
from tianshan.ledgers import Scope
from tianshan.ledgers.figures import FEWEST
from tianshan.web.tokens import hashed

SEEN_EVERY = dt.timedelta(minutes=10)  # no finer is written down
LONGEST = dt.timedelta(days=366)
BYTES = 24
NAMED = 24  # buildings on the picture; the names of more would cover them
SHOWN = 8  # of the buildings, those with the lowest share
FEW = Tone("few", f"不足 {FEWEST} 家，不显示", "", "c0")


# --- links -------------------------------------------------------------------------


@transaction.atomic
def give(*, label, grid, period, until, by, at):
    """`(link, token)`: a new link to the totals of a grid."""
    if not Grid.objects.governed_by(by, Right.KEEP_WALLS).filter(pk=grid.pk).exists():
        raise PermissionDenied
    token = secrets.token_urlsafe(BYTES)
    link = WallLink.objects.create(
        label=label,
        grid=grid,
        period=period,
        until=until,
        token_hash=hashed(token),
        made_at=at,
        made_by=by,
    )
    record("wall.link_given", link, by=by, at=at, grid=grid.code, period=period)
    return link, token


@transaction.atomic
def revoke(link, *, by, at):
    """No screen shows anything by it from now on; False when it was revoked before."""
    links = WallLink.objects.visible_to(by)
    if not links.filter(pk=link.pk).exists():
        raise PermissionDenied
    link = WallLink.objects.select_for_update().get(pk=link.pk)
    if link.revoked_at:
        return False
    link.revoked_at, link.revoked_by = at, by
    link.save(update_fields=["revoked_at", "revoked_by"])
    record("wall.link_revoked", link, by=by, at=at)
    return True


def link_of(token, day):
    """The link in force with that token, or None: one search, whatever is wrong."""
    links = WallLink.objects.in_force(day).select_related("grid")
    return links.filter(token_hash=hashed(token)).first()


def seen(link, at):
    """Note that a screen showed it, and when, to ten minutes."""
    long_ago = Q(seen_at=None) | Q(seen_at__lt=at - SEEN_EVERY)
    WallLink.objects.filter(long_ago, pk=link.pk).update(seen_at=at)


# --- what it shows -----------------------------------------------------------------


def onlooker(grid):
    """Whoever stands before the wall: nobody, with the eyes of the street's leader."""
    street = Grid.objects.get(code=grid.codes[0])
    post = Post(role=Role.STREET_LEADER, grid=street)
    below = Grid.objects.filter(path__startswith=street.path).order_by()
    post.below = list(below.values_list("pk", flat=True))
    user = User(pk=0, display_name="大屏")  # a key that no row has
    user.posts_in_force = [post]
    return user


def scope_of(link, today):
    scope = Scope(onlooker(link.grid), link.grid, today, today, today)
    spans = {label: (start, end) for label, start, end in screen.periods(scope)}
    return scope.during(*spans[link.get_period_display()])


def scope_again(pk, asked, today):
    """The scope of a link in force, for the worker; None of any other."""
    link = WallLink.objects.in_force(today).filter(pk=pk).first()
    return link and scope_of(link, today)


def drawn(scope, more=None):
    """The totals, as the wall shows them: screens of one grid and period the same."""
    return render_to_string("dashboard/wall.html#totals", context(scope))


def context(scope):
    tiles = screen.read_figures(scope)
    bar = screen.bar(tiles)
    _, lamps = screen.levels(screen.kept_of(screen.issues, scope), tiles)
    told = [
        line
        for line in screen.by_building(scope)
        if line["counts"]["in_scope"]["value"] >= FEWEST
    ]
    lines = on_map(scope, {line["building"].pk for line in told})
    picture = maps.draw(scope, lines, lines)
    return {
        "scope": scope,
        "f": tiles,
        "bar": bar,
        "gaps": [bar[f"gap_{condition}"] for condition in Condition],
        "difference": screen.difference(tiles),
        "lamps": lamps,
        "levels": [
            (label, tiles[f"issues_level_{level}"]) for level, label in Level.choices
        ],
        "cadence": screen.cadence(tiles),
        "trend": screen.trend(scope),
        "buildings": told[:SHOWN],
        "grids": screen.grids_beside(scope),
        "legend": [*maps.COVERAGE[:-1], FEW],
        "picture": picture,
        "named": bool(picture) and len(picture.alone) <= NAMED,
    }


def on_map(scope, told):
    """The buildings of the map; those that are not among `told` without a share, which
    would tell of single shops."""
    lines = maps.lines_of(scope, "coverage")
    for line in lines:
        if line.building.pk not in told:
            line.tone, line.short = FEW, ""
    return lines
