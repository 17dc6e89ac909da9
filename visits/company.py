"""Who may come along on a visit, and how it is written down."""

from django.db.models import OuterRef, Q, StringAgg, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from grids.models import Grid, Post
from party.models import MemberUnit
from visits.models import Companion

MOST = 12


def colleagues(grid, on=None):
    """Those with a post in the grid, or over it; of a past day, those gone since too."""
    if on is None:
        posts = Post.objects.in_force()
    else:
        posts = Post.objects.filter(Q(until=None) | Q(until__gt=on), since__lte=on)
    posts = posts.filter(grid__in=_grid_and_above(grid))
    return User.objects.filter(pk__in=posts.values("user"))


def units(grid):
    """The member units of the grid, and of those over it."""
    return MemberUnit.objects.filter(grid__in=_grid_and_above(grid))


def _grid_and_above(grid):
    return Grid.objects.filter(code__in=grid.codes)


def write_down(visit, company):
    """Who came along: users and member units; the visitor is there anyway."""
    rows = [
        Companion(visit=visit, unit=one)
        if isinstance(one, MemberUnit)
        else Companion(visit=visit, user=one)
        for one in company
        if one != visit.visitor
    ]
    Companion.objects.bulk_create(rows)


def with_names(queryset, *, user, day):
    """`company`: the names of those who came along, in one text; None for nobody."""
    names = (
        Companion.objects.filter(visit=OuterRef("pk"))
        .order_by()
        .values("visit")
        .annotate(
            names=StringAgg(
                Coalesce("user__display_name", "unit__name"),
                Value("、"),
                order_by="pk",
            )
        )
        .values("names")
    )
    return queryset.annotate(company=Subquery(names))
