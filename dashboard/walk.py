"""The day's walk of one who visits: whom, why and in which order.

The system makes it from what is owed; nobody fills it in by hand. The page of the day
and the route that a phone takes along both read `walk_of`.
"""

import datetime as dt
import functools
from dataclasses import dataclass, field

from django.db import models
from django.db.models import Count, Max, Q
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.rights import Right
from dashboard.models import Standing
from enterprises.models import Business, Caretaker
from grids.floors import Floor, floor_of
from tianshan.database.keys_first import listed
from tianshan.workdays import Calendar
from visits.models import Demand, Promise, Visit

AHEAD = dt.timedelta(days=7)
# Who was not met comes back for so long; then the cycle alone speaks.
NOT_MET = dt.timedelta(days=30)
SHOWN = 60
PLANNED = 300
TO_TELL = 50  # demands to tell of that a list or a phone holds


@dataclass
class Stop:
    """One business of the walk, with all the reasons to go there."""

    business: Business
    today: dt.date
    floor: Floor
    row: Standing | None = None  # the visit that falls due
    promises: list = field(default_factory=list)
    to_tell: list = field(default_factory=list)
    attempts: list = field(default_factory=list)  # in vain: (day, moment written down)

    @property
    def when(self):
        """The day by which the most urgent of it is owed."""
        days = [made.due_on for made in self.promises]
        days += [demand.tell_by for demand in self.to_tell]
        days += [self.row.visited_until] if self.row else []
        return min(days, default=self.today)

    @property
    def reasons(self):
        """`[(colour, words)]`, the visit that falls due first."""
        found = []
        if self.row:
            found.append(due_in_words(self.row.visited_until, self.today))
        for made in self.promises:
            colour = "red" if made.due_on < self.today else "yellow"
            found.append((colour, f"答应：{made.words}（{_day(made.due_on)}以前）"))
        if self.to_tell:
            late = any(demand.tell_by < self.today for demand in self.to_tell)
            words = f"要告诉他 {len(self.to_tell)} 件结果"
            found.append(("red" if late else "yellow", words))
        if self.attempts:
            found.append(("yellow", self.not_met))
        return found

    @property
    def drawn(self):
        """Its line of the list."""
        first = bool(self.row and not self.row.visited)
        shop = self.business
        facts = (shop.pk, shop.name, shop.room, bool(shop.priority), first)
        return _drawn(*facts, tuple(self.reasons))

    @property
    def not_met(self):
        """How often nobody was there, and which time of day to try instead."""
        day, moment = self.attempts[-1]
        moment = timezone.localtime(moment)
        words = f"{len(self.attempts)} 次没遇到人，上次{_day(day)}"
        if moment.date() != day:  # written down later: nobody knows the time of day
            return f"{words}，换个时间去"
        was, instead = ("上午", "下午") if moment.hour < 12 else ("下午", "上午")
        return f"{words}{was}，换{instead}去"

    @property
    def order(self):
        """By building, from its top floor down, then by room: one walk serves."""
        building = self.business.building
        name = building.pinyin if building else "~"
        place = (name, self.business.building_id or 0, self.floor.order)
        return (*place, self.business.room, self.business.pinyin)


@functools.lru_cache(maxsize=5000)
def _drawn(pk, name, room, priority, first, reasons):
    """Drawn once while it says the same: many walk past the same doors."""
    facts = {"pk": pk, "name": name, "room": room, "priority": priority}
    context = facts | {"first": first, "reasons": reasons}
    return render_to_string("dashboard/walk.html#stop", context)


def _day(day):
    return f"{day.month}月{day.day}日"


def due_in_words(until, today):
    """The light and the words of a day by which a visit is owed."""
    left = (until - today).days
    if left < 0:
        return "red", f"超 {-left} 天"
    return "yellow", f"剩 {left} 天" if left else "今天到期"


@dataclass
class Walk:
    """The stops in the order of the walk, and what of them was left out."""

    stops: list
    businesses: models.QuerySet  # those whose visits the user owes, or may make
    own: bool  # of one's own caseload, or of all that one may visit
    due: int  # businesses whose visit falls due, all of them
    overdue: int
    to_tell: list  # demands, the most urgent TO_TELL at least
    to_tell_total: int
    cut: int  # due ones that are not among the stops
    tried: int  # nobody met; they come back the next working day


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


def due_of(businesses, today):
    """The standing of those whose visit falls due within a week, or is overdue."""
    return (
        Standing.objects.on(today)
        .filter(
            operating=True,
            business__in=businesses.counted(),
            visited_until__lte=today + AHEAD,
        )
        .select_related("business", "business__building", "business__grid")
    )


def to_tell_of(user, businesses):
    """What the askers among them are to be told, the most urgent first."""
    demands = Demand.objects.visible_to(user).waiting_to_be_told().handled_by(user)
    return demands.filter(business__in=businesses).order_by("tell_by", "pk")


def promised_by(user, businesses, today):
    """What was promised to them, or by oneself, and falls due within a week."""
    promised = Promise.objects.visible_to(user, Right.LOG_VISITS).open()
    mine = Q(business__in=businesses) | Q(by=user)
    mine_soon = promised.filter(mine, due_on__lte=today + AHEAD)
    return mine_soon.order_by("due_on", "pk")


def walk_of(user, today, most=SHOWN):
    """The Walk of one who visits, with the `most` urgent stops of each reason."""
    businesses, own = cared_for(user)
    due = due_of(businesses, today)
    stops = {}

    def stop(business):
        if business.pk not in stops:
            building = business.building
            top = building.floors if building else None
            floor = floor_of(business.room, top=top)
            stops[business.pk] = Stop(business, today, floor)
        return stops[business.pk]

    for row in due.order_by("visited_until", "pk")[:most]:
        stop(row.business).row = row
    for made in listed(promised_by(user, businesses, today), most):
        stop(made.business).promises.append(made)
    to_tell = to_tell_of(user, businesses)
    first_to_tell = listed(to_tell, max(most, TO_TELL))
    for demand in first_to_tell[:most]:
        stop(demand.business).to_tell.append(demand)
    shown = sum(1 for one in stops.values() if one.row)
    tried, waiting = _not_met(businesses, today)
    back = Business.objects.select_related("building", "grid")
    for business in back.filter(pk__in=[*tried][:most]):
        stop(business).attempts = tried[business.pk]
    for pk in waiting:
        stops.pop(pk, None)
    # A list that is not full is all there are.
    full = len(first_to_tell) >= max(most, TO_TELL)
    late = Count("pk", filter=Q(visited_until__lt=today))
    counts = due.order_by().aggregate(total=Count("pk"), late=late)
    return Walk(
        stops=sorted(stops.values(), key=lambda one: one.order),
        businesses=businesses,
        own=own,
        due=counts["total"],
        overdue=counts["late"],
        to_tell=first_to_tell,
        to_tell_total=to_tell.count() if full else len(first_to_tell),
        cut=max(counts["total"] - shown, 0),
        tried=len(waiting),
    )


def _not_met(businesses, today):
    """`({business id: [(day, moment)]}, {ids})`: attempts in vain that come back by today,
    and those that come back later."""
    since = today - NOT_MET
    here = businesses.filter(state=Business.State.OPERATING)
    attempts = Visit.objects.attempts().filter(
        business__in=here, visited_on__range=(since, today)
    )
    rows = list(
        attempts.order_by("visited_on", "filled_at").values_list(
            "business", "visited_on", "filled_at"
        )
    )
    ids = {business for business, _, _ in rows}
    met = Visit.objects.met().filter(business__in=ids, visited_on__gte=since)
    last_met = dict(met.order_by().values_list("business").annotate(Max("visited_on")))
    calendar, tried = Calendar.load(), {}
    for business, day, moment in rows:
        if business in last_met and last_met[business] >= day:
            continue
        tried.setdefault(business, []).append((day, moment))
    comes_back = functools.cache(lambda day: calendar.add(day, 1) <= today)
    waiting = {pk for pk, rows in tried.items() if not comes_back(rows[-1][0])}
    return {pk: rows for pk, rows in tried.items() if pk not in waiting}, waiting
