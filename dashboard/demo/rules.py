"""Cycles and deadlines of the demo: one change of the past, one to come."""

import datetime as dt

from dashboard import rules
from grids.models import Grid, GridRules

NONE = dict.fromkeys(GridRules.DEFAULTS)


def load(world):
    today, noon = world["today"], world["noon"]
    third = Grid.objects.get(code="310105006603")
    by = world["accounts"]["system_admin"]
    spring = dt.date(today.year - (today.month < 4), 3, 2)
    # Hard demands of the third grid end sooner; from next month on, so do the cycles.
    soon = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    for since, values in (
        (spring, {"hard_within": 12}),
        (soon, {"hard_within": 12, "priority_every": 20}),
    ):
        set_on = min(since - dt.timedelta(days=10), today)
        rules.set_rules(
            third, since=since, values=NONE | values, by=by, at=noon(set_on)
        )
