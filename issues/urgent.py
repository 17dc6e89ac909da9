"""Danger to people: such a demand goes round the sorting (紧急安全)."""

from django.db import transaction
from django.db.models import CharField, F, Value

from accounts.models import User
from grids.models import Grid, Post
from issues.actions import directly, take_up
from issues.fixing import fix
from issues.models import Level
from issues.place import first_body
from party.models import MemberUnit
from tianshan.notices import notify

FIRST = "立即到现场处置，先保人身安全"


@transaction.atomic
def hand_over(demand, *, by, at):
    """Make an urgent demand a matter at once, before anybody sorts it.

    The nearest body of its place deals with it, and the city operation unit of the
    grid has the first measure, due when the demand is. Both are told. Where there is
    no body the demand stays first on the sorting page.
    """
    if first_body([demand.business], Level.BRANCH)[0] is None:
        return
    links = take_up([demand], having=None, by=by, at=at)
    where = demand.business.building or demand.business.grid
    matter = directly(links, wish=f"紧急安全：{where}", by=by, at=at)
    unit = city_operation_unit(demand.grid)
    if unit:
        due_on = demand.due_on
        fix(None, matter, content=FIRST, lead=unit, due_on=due_on, by=by, at=at)
    notify(
        _people(matter.body, unit),
        key=f"urgent:{demand.pk}",
        words=f"紧急安全诉求：{where}，{demand.due_on:%Y-%m-%d} 前处置",
        url=matter.get_absolute_url(),
        at=at,
    )


def city_operation_unit(grid):
    """The unit of city operation (城运) that serves the grid; None where none is known."""
    above = Grid.objects.annotate(under=Value(grid.path, CharField())).filter(
        under__startswith=F("path")
    )
    units = MemberUnit.objects.filter(grid__in=above, field__contains="城运")
    return units.order_by("-grid__path", "pk").first()


def _people(body, unit):
    """The body's chair and the unit's officers, as far as they have accounts."""
    posts = Post.objects.in_force().filter(unit_offices__unit=unit) if unit else []
    keys = {post.user_id for post in posts}
    if body.chair_id:
        keys.add(body.chair.user_id)
    return User.objects.filter(pk__in=keys)
