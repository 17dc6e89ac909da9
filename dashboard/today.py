"""What one who visits owes today: the walk, answers to bring, plans, and what waits."""

import datetime as dt
import functools

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.rights import Right, may
from dashboard import unsent
from dashboard.reports import owed
from dashboard.walk import AHEAD, SHOWN, TO_TELL, walk_of
from party.models import PlanItem
from tianshan.database.keys_first import listed
from visits import doubles
from visits.models import DoorReport

TOLD = dt.timedelta(days=7)  # so long one reads what came of a door


def work_of(user, today):
    """All that the page of the day shows."""
    walk = walk_of(user, today)
    items = plan_items(user, today)
    return {
        "today": today,
        "walk": walk,
        "to_tell": [told_line(demand, today) for demand in walk.to_tell[:TO_TELL]],
        "plan_items": [{"item": i, "light": i.light(today)} for i in items],
        "unsent": unsent.read(user, today),
        "forms": owed.to_do(user, today),
        "doors": doors_to_check(user),
        "my_doors": my_doors(user),
        "doubles": doubles.how_many(user, today),
    }


def told_line(demand, today):
    """The line of a demand whose asker is to be told."""
    late, outcome = demand.tell_by < today, demand.outcome
    names = (demand.business.name, demand.category.name)
    return _told_line(demand.pk, *names, outcome, late)


@functools.lru_cache(maxsize=5000)
def _told_line(pk, business, category, outcome, late):
    facts = {"pk": pk, "business": business, "category": category}
    context = facts | {"outcome": outcome, "late": late}
    return render_to_string("dashboard/work.html#to_tell", context)


def plan_items(user, today):
    """Items of the plans that the user keeps, that are late or fall due soon."""
    kept = PlanItem.objects.visible_to(user, Right.KEEP_PLANS).current().open()
    return kept.filter(due_on__lte=today + AHEAD).for_list()[:SHOWN]


def doors_to_check(user):
    """How many reports of doors wait for the user to check them."""
    if not may(user, Right.CHECK_VISITS):
        return 0
    return DoorReport.objects.visible_to(user, Right.CHECK_VISITS).waiting().count()


def my_doors(user):
    """What came, in the last days, of the doors that the user reported."""
    since = timezone.now() - TOLD
    mine = DoorReport.objects.visible_to(user).filter(by=user, checked_at__gte=since)
    return listed(mine.order_by("-checked_at"), SHOWN)
