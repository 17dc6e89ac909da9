"""What one who visits owes today: visits that fall due, and answers to bring."""

import datetime as dt

from django.db.models import Q

from accounts.rights import Right
from dashboard.models import Standing
from enterprises.models import Business, Caretaker
from party.models import PlanItem
from visits.models import Demand

AHEAD = dt.timedelta(days=7)
SHOWN = 60


def cared_for(user):
    """The businesses that the user owes visits to, or all that may be visited.

    Those of the buildings, floors and shops of which the user is caretaker.
    """
    mine = Business.objects.visible_to(user, Right.LOG_VISITS)
    cares = list(Caretaker.objects.in_force().filter(user=user))
    if not cares:
        return mine, False
    whole = [care.building_id for care in cares if care.building_id and not care.floor]
    shops = [care.business_id for care in cares if care.business_id]
    floors = [care for care in cares if care.floor]
    if floors:
        rooms = mine.filter(building__in=[care.building_id for care in floors])
        for pk, building, room in rooms.values_list("pk", "building", "room"):
            if any(c.building_id == building and c.covers_room(room) for c in floors):
                shops.append(pk)
    return mine.filter(Q(building__in=whole) | Q(pk__in=shops)), True


def work_of(user, today):
    businesses, own = cared_for(user)
    due = (
        Standing.objects.on(today)
        .filter(
            operating=True,
            business__in=businesses.counted(),
            visited_until__lte=today + AHEAD,
        )
        .select_related("business", "business__building")
    )
    overdue = due.filter(visited_until__lt=today)
    # The most urgent ones, then in the order in which one walks.
    urgent = due.order_by("visited_until", "pk")[:SHOWN]
    ordered = sorted(urgent, key=_on_the_way)
    to_tell = (
        Demand.objects.visible_to(user)
        .untold()
        .filter(business__in=businesses)
        .for_list()
        .order_by("tell_by", "pk")
    )
    total = due.count()
    items = plan_items(user, today)
    return {
        "plan_items": [{"item": i, "light": i.light(today)} for i in items],
        "today": today,
        "own": own,
        "due": total,
        "overdue": overdue.count(),
        "rows": [_line(row, today) for row in ordered],
        "cut": max(total - SHOWN, 0),
        "to_tell_total": to_tell.count(),
        "to_tell": [
            {"demand": demand, "late": demand.tell_by < today}
            for demand in to_tell[:50]
        ],
    }


def plan_items(user, today):
    """Items of the plans that the user keeps, that are late or fall due soon."""
    kept = PlanItem.objects.visible_to(user, Right.KEEP_PLANS).current().open()
    return kept.filter(due_on__lte=today + AHEAD).for_list()[:SHOWN]


def _on_the_way(row):
    business = row.business
    building = business.building.pinyin if business.building else "~"
    return (building, business.building_id or 0, business.room, business.pinyin)


def _line(row, today):
    left = (row.visited_until - today).days
    if left < 0:
        colour, words = "red", f"超 {-left} 天"
    elif left == 0:
        colour, words = "yellow", "今天到期"
    else:
        colour, words = "yellow", f"剩 {left} 天"
    return {"business": row.business, "row": row, "colour": colour, "words": words}
