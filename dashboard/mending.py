"""What a business lacks for effective coverage, who owes it, and where it is mended."""

from django.db.models import Q
from django.urls import reverse

from accounts.rights import Right, Role, may
from dashboard.models import Standing
from dashboard.words import conditions_in_words
from enterprises.models import Caretaker
from grids.models import Post
from visits.models import Demand

NAMES = 3


def lines_of(row, day, *, business, user):
    """Each condition in words; a failed one with who owes it and one link to act."""
    if row is None:
        return []
    lines = conditions_in_words(row, day)
    failed = row.failures(day)
    ways = (
        (Standing.Condition.UNVISITED, _visit),
        (Standing.Condition.OVERDUE, _outcome),
        (Standing.Condition.UNTOLD, _word),
        (Standing.Condition.ABSENT, _invite),
    )
    # Who is not asked to take part has no line for it.
    for line, (condition, way) in zip(lines, ways, strict=False):
        if condition in failed:
            line.update(way(business, day, user))
    return lines


def _visit(business, day, user):
    """Who cares for it, or for its building; else the staff of the grid."""
    of_this = Q(business=business)
    if business.building_id:
        of_this |= Q(building=business.building_id)
    cares = Caretaker.objects.in_force(day).filter(of_this).select_related("user")
    names = [care.user.display_name for care in cares]
    if not names:
        posts = Post.objects.in_force(day).filter(
            role=Role.GRID_STAFF, grid=business.grid_id
        )
        names = [post.user.display_name for post in posts.select_related("user")]
    who = "、".join(dict.fromkeys(names[:NAMES])) or f"{business.grid}网格员"
    url = f"{reverse('visits:visit_new')}?business={business.pk}"
    return {
        "who": who,
        "url": url if may(user, Right.LOG_VISITS) else "",
        "act": "去走访",
    }


def _outcome(business, day, user):
    open_ones = Demand.objects.filter(state__in=Demand.OPEN, due_on__lt=day)
    return _of_demand(open_ones.order_by("due_on"), business, user, "去办理")


def _word(business, day, user):
    untold = Demand.objects.filter(state__in=Demand.TO_TELL, tell_by__lt=day)
    return _of_demand(untold.order_by("tell_by"), business, user, "去回告")


def _invite(business, day, user):
    """To what is coming; whoever sees activities may sign it up there."""
    url = f"{reverse('services:activity_list')}?state=announced"
    return {"url": url if may(user, Right.SEE_SERVICES) else "", "act": "请来参加"}


def _of_demand(demands, business, user, act):
    """The one that waits longest; its words stay where one may see it."""
    demand = demands.filter(business=business).first()
    if demand is None:
        return {}
    seen = Demand.objects.visible_to(user).filter(pk=demand.pk).exists()
    url = demand.get_absolute_url() if seen and may(user, Right.SEE_DEMANDS) else ""
    return {"who": demand.owed_by, "url": url, "act": act}
