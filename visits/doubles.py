"""The same call written down by two people: found, joined so that it counts once,
taken apart again, or remembered as two."""

import datetime as dt
import itertools
from collections import defaultdict

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max, Min

from accounts.rights import Right
from tianshan.audit import record
from tianshan.ledgers import touched
from visits.actions import Refused
from visits.models import NotSameVisit, Visit

BACK = dt.timedelta(days=60)  # older ones have been reported on
MOST = 200  # pairs that a list shows


def likely(user, today):
    """Pairs that may tell of the same call, `[(earlier, later)]`, the latest first.

    The same business on the same day in the same way by two people, both of whom met
    somebody or both nobody. What was joined or told apart is not asked about again.
    """
    return _visits(_likely(user, today))


def how_many(user, today):
    """How many pairs `likely` finds."""
    return len(_likely(user, today))


def _likely(user, today):
    lately = Visit.objects.counted().filter(visited_on__gte=today - BACK)
    # By one grouping: a search for each visit is a hundred times as much in a street.
    by_several = (
        lately.order_by()
        .values("business", "visited_on", "method")
        .annotate(one=Min("visitor"), other=Max("visitor"))
        .filter(one__lt=F("other"))
    )
    rows = lately.visible_to(user, Right.LOG_VISITS)
    ids = set(by_several.values_list("business", flat=True))
    return _pairs(rows.filter(business__in=ids)) if ids else []


def likely_of(visit):
    """Other visits that may tell of the same call as this one."""
    rows = Visit.objects.counted().filter(
        business=visit.business_id, visited_on=visit.visited_on, method=visit.method
    )
    return [
        one if other == visit else other
        for one, other in _visits(_pairs(rows))
        if visit in (one, other)
    ]


def _visits(pairs):
    """The visits of pairs of keys."""
    ids = {pk for pair in pairs for pk in pair}
    found = Visit.objects.filter(pk__in=ids).for_list().in_bulk()
    return [(found[one], found[other]) for one, other in pairs]


def _pairs(rows):
    """`[(key, key)]`, without an object for each visit: most are no pair."""
    calls = defaultdict(list)
    facts = ("business", "visited_on", "method")
    listed = rows.order_by("-visited_on", "-pk").values_list(
        "outcome", "pk", "visitor", *facts
    )
    for outcome, pk, visitor, *same in listed:
        absent = outcome == Visit.Outcome.ABSENT
        calls[(*same, absent)].append((pk, visitor))
    ids = [pk for call in calls.values() for pk, _ in call]
    apart = set(
        NotSameVisit.objects.filter(first__in=ids).values_list("first", "second")
    )
    found = []
    for call in calls.values():
        for (one, by), (other, by_other) in itertools.combinations(sorted(call), 2):
            if by != by_other and (one, other) not in apart:
                found.append((one, other))
    return found[:MOST]


def _both(one, other, *, by):
    """Lock two visits, always in one order; only their visitors and checkers go on."""
    ids = sorted([one.pk, other.pk])
    locked = Visit.objects.select_for_update().order_by("pk").in_bulk(ids)
    _ask(locked.values(), by=by)
    return locked[ids[0]], locked[ids[1]]


def _ask(visits, *, by):
    if by.pk in {visit.visitor_id for visit in visits}:
        right = Right.LOG_VISITS
    else:
        right = Right.CHECK_VISITS
    seen = Visit.objects.visible_to(by, right)
    if seen.filter(pk__in=[visit.pk for visit in visits]).count() != len(visits):
        raise PermissionDenied


@transaction.atomic
def join(one, other, *, by, at):
    """Have two visits count as one call: the earlier one counts, both stay readable."""
    first, second = _both(one, other, by=by)
    if second.joined.exists():
        first, second = second, first
    if first.pk == second.pk:
        raise Refused("这是同一条走访。")
    if any(visit.voided_at for visit in (first, second)):
        raise Refused("其中一条已经作废，请刷新后再看。")
    if first.joined_to_id or second.joined_to_id or second.joined.exists():
        raise Refused("其中一条已经并入别的走访，请刷新后再看。")
    facts = ("business_id", "visited_on", "method")
    if any(getattr(first, name) != getattr(second, name) for name in facts):
        raise Refused("不是同一家、同一天、同一种方式的，不能并成一次。")
    second.joined_to = first
    second.save(update_fields=["joined_to"])
    record("visit.joined", second, by=by, at=at, other=first.pk)
    touched([second.business_id])
    return first


@transaction.atomic
def separate(visit, *, by, at):
    """Take a joining back: both count again, and are offered anew."""
    visit = Visit.objects.select_for_update().get(pk=visit.pk)
    head = visit.joined_to
    _ask([visit, *([head] if head else [])], by=by)
    if head is None:
        raise Refused("这条走访没有并入别的，请刷新后再看。")
    visit.joined_to = None
    visit.save(update_fields=["joined_to"])
    record("visit.separated", visit, by=by, at=at, other=head.pk)
    touched([visit.business_id])
    return visit


@transaction.atomic
def tell_apart(one, other, *, by, at):
    """Remember that these were two calls: they are not offered again."""
    first, second = _both(one, other, by=by)
    if first.joined_to_id == second.pk or second.joined_to_id == first.pk:
        raise Refused("这两条已经并成一次，请先分开。")
    _, made = NotSameVisit.objects.get_or_create(
        first=first, second=second, defaults={"by": by, "at": at}
    )
    if made:
        record("visit.told_apart", first, by=by, at=at, other=second.pk)


def let_go(visit, *, by, at):
    """A visit becomes void: what was joined to it counts by itself again."""
    for joined in Visit.objects.select_for_update().filter(joined_to=visit):
        joined.joined_to = None
        joined.save(update_fields=["joined_to"])
        record("visit.separated", joined, by=by, at=at, other=visit.pk)
