"""Today's route as a phone keeps it: the due businesses in few words, and no more."""

import datetime as dt

from django.utils import timezone

from accounts.rights import Right
from dashboard.walk import TO_TELL, walk_of
from enterprises.models import Business
from visits import company
from visits.doors import grids_to_report_in, may_report_in
from visits.models import Demand, DemandCategory, Promise, Visit
from visits.sync_visit import as_shown

WORDS = 60  # characters of a demand or result


def route_of(user, now, *, also=None):
    """The stops of the day, by building and room; `also` is the key of one more business.

    `until` is the end of the day, when the phone throws it away.
    """
    today = timezone.localdate(now)
    walk = walk_of(user, today)
    lamps = {
        stop.business.pk: {"colour": colour, "words": words}
        for stop in walk.stops
        for colour, words in stop.reasons[:1]
    }
    order = list(lamps)
    for demand in walk.to_tell[:TO_TELL]:
        if demand.business_id not in order:
            order.append(demand.business_id)
    if also and also not in order:
        order.append(also)
    may_visit = Business.objects.visible_to(user, Right.LOG_VISITS)
    rows = may_visit.select_related("grid", "building").in_bulk(order)
    businesses = [rows[pk] for pk in order if pk in rows]
    last, waiting, to_tell = _last(user, rows), _demands(user, rows), {}
    for demand in (
        Demand.objects.visible_to(user)
        .untold()
        .filter(business__in=rows, confidential=False)
    ):
        to_tell.setdefault(demand.business_id, []).append(demand)
    promised = _promised(user, rows)
    grids = {business.grid_id: business.grid for business in businesses}
    end = timezone.make_aware(
        dt.datetime.combine(today + dt.timedelta(days=1), dt.time())
    )
    return {
        "author": {"id": user.pk, "name": user.display_name},
        "day": today.isoformat(),
        "at": now.isoformat(),
        "until": end.isoformat(),
        "categories": [
            {"id": category.pk, "name": category.name}
            for category in DemandCategory.objects.offered()
        ],
        # Where a new shop may be reported from.
        "buildings": _places(may_report_in(user).order_by("pinyin", "pk")),
        "grids": _places(grids_to_report_in(user).order_by("code")),
        # Who may come along, by grid.
        "company": {pk: _company(user, grid) for pk, grid in grids.items()},
        "stops": [
            {
                "id": business.pk,
                "name": business.name,
                "building": business.building.name if business.building else "",
                "room": business.room,
                "grid": business.grid_id,
                "priority": business.priority,
                "lamp": lamps.get(business.pk),
                "last": last.get(business.pk, ""),
                "open": [
                    _short(demand.words) for demand in waiting.get(business.pk, [])
                ],
                "tell": [
                    {
                        "id": demand.pk,
                        "asked": _short(demand.words),
                        "words": demand.outcome,
                        "declined": demand.state == Demand.State.DECLINED,
                    }
                    for demand in to_tell.get(business.pk, [])
                ],
                "promises": [
                    {
                        "id": made.pk,
                        "words": _short(made.words),
                        "by": made.by.display_name,
                        "due": made.due_on.isoformat(),
                    }
                    for made in promised.get(business.pk, [])
                ],
                **as_shown(business),
            }
            for business in businesses
        ],
    }


def _places(rows):
    return [{"id": row.pk, "name": row.name} for row in rows]


def _short(words):
    return words if len(words) <= WORDS else f"{words[: WORDS - 1]}…"


def _last(user, rows):
    """`{business: the last visit in a line}`."""
    visits = (
        Visit.objects.visible_to(user)
        .standing()
        .filter(business__in=rows)
        .order_by("business_id", "-visited_on", "-pk")
        .distinct("business_id")
    )
    return {
        visit.business_id: f"{visit.visited_on:%Y年%-m月%-d日}"
        f"{visit.get_method_display()}：{visit.get_outcome_display()}"
        for visit in visits
    }


def _promised(user, rows):
    found = {}
    for made in (
        Promise.objects.visible_to(user).open().filter(business__in=rows).for_list()
    ):
        found.setdefault(made.business_id, []).append(made)
    return found


def _company(user, grid):
    others = company.colleagues(grid).exclude(pk=user.pk).order_by("display_name", "pk")
    return {
        "colleagues": [{"id": one.pk, "name": one.display_name} for one in others],
        "units": _places(company.units(grid).order_by("name", "pk")),
    }


def _demands(user, rows):
    found = {}
    for demand in Demand.objects.visible_to(user).open().filter(business__in=rows):
        found.setdefault(demand.business_id, []).append(demand)
    return found
