"""What can happen to the calendar."""

import datetime as dt

from django.db import transaction

from enterprises.models import Business
from issues import terms
from services import orders
from tianshan.audit import record
from tianshan.ledgers import gathering, touched
from tianshan.workdays import changed
from tianshan.workdays.models import DayRule
from visits import actions as visits

# A deadline of a few working days, across the longest holidays, ends within this.
REACH = dt.timedelta(days=60)


@transaction.atomic
def set_day(*, date, kind, name, source, by, at):
    """Enter or replace the rule of one day; the deadlines that it moves move with it."""
    before = DayRule.objects.select_for_update().filter(date=date).first()
    was = before.kind if before else ""
    rule, _ = DayRule.objects.update_or_create(
        date=date, defaults={"kind": kind, "name": name, "source": source}
    )
    changed()
    record(
        "holiday.set",
        rule,
        by=by,
        at=at,
        date=date.isoformat(),
        before=was,
        after=kind,
    )
    near = Business.objects.filter(discovered_on__range=(date - REACH, date))
    # Businesses are locked last, by what is told at the end: every act on a demand
    # takes the demand first.
    with gathering():
        orders.recount(date=date, by=by, at=at)
        visits.recount(date=date, by=by, at=at)
        terms.recount(date=date, by=by, at=at)
        touched(near.values_list("pk", flat=True))
    return rule
