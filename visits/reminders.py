"""Whom the room of visits reminds that the answer to a demand falls due, or is late.

Whoever owes it: the officers of the organisation that answers for the business, else
the clerk of its grid; of a confidential one its handler. What has joined a matter is
reminded of by its measures.
"""

import datetime as dt

from django.contrib.auth import get_user_model

from accounts.rights import BY_ORGANIZATION, Role, roles_with
from enterprises.models import Coverage
from grids.models import Post
from tianshan.notices.reminders import READERS, Reminder
from tianshan.workdays.calendar import Calendar
from visits.models import Demand

# What went by longer ago stands in the lists: a large import floods nobody.
AFTER = dt.timedelta(days=7)


def people(posts):
    """The users who hold one of the posts today."""
    users = get_user_model().objects.filter(is_active=True)
    return tuple(users.filter(posts__in=posts.in_force()).distinct())


def over(grid, role):
    """Posts of a role whose grid holds this one."""
    return Post.objects.over(grid).filter(role=role)


def holders(right, grid):
    """Who holds the right over the grid, from its own posts and those above."""
    return people(Post.objects.over(grid).filter(role__in=roles_with(right)))


def officers_of(organization_id):
    """Posts that speak for a Party organisation."""
    return Post.objects.filter(
        role__in=BY_ORGANIZATION, offices__organization=organization_id
    )


def clerks_of(grid):
    return people(over(grid, Role.GRID_CLERK))


def answerers_of(demand):
    if demand.handler_id:
        return (demand.handler,) if demand.handler.is_active else ()
    first = Coverage.objects.in_force().filter(business=demand.business_id).ranked()
    organizations = first.values_list("organization", flat=True)[:1]
    officers = people(officers_of(organizations[0])) if organizations else ()
    return officers or clerks_of(demand.grid)


def read(day):
    tomorrow = Calendar.load().add(day, 1)
    rows = Demand.objects.in_ledgers().for_list()
    rows = rows.filter(state__in=Demand.OWED - {Demand.State.JOINED})
    for demand in rows:
        due = demand.next_due
        if due is None or not day - AFTER < due <= tomorrow:
            continue
        when = (
            "已超期" if due < day else "今天到期" if due == day else f"{due:%m-%d} 到期"
        )
        what = "回告" if demand.to_tell else "答复"
        place = demand.business.building or demand.grid
        yield Reminder(
            answerers_of(demand),
            f"demand-{demand.pk}-{demand.state}-{due.isoformat()}-{when[:2]}",
            f"诉求{what}{when}：{demand.category}（{place}）",
            demand.get_absolute_url(),
        )


def load():
    READERS.append(read)
