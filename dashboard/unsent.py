"""Whether a phone that took the day's route along may still hold what it did not send.

For its owner alone, and computed when he looks: one row a person says when a phone of
his last took a route, the next day's replaces it, and no history of it is kept. So
nobody can read out of it who was out when.
"""

import datetime as dt

from django.urls import reverse, reverse_lazy
from django.utils import timezone

from accounts.rights import Right, may
from dashboard.models import RouteTaken
from tianshan.notices import todo
from tianshan.workdays import Calendar
from visits.models import Demand, DoorReport, Photo, Visit

EVENING = dt.time(17, 30)
SAID_FOR = dt.timedelta(days=3)  # then the phone itself says how old its records are


def note_taken(user, now):
    """A phone took the route along. The first of a day counts."""
    taken, made = RouteTaken.objects.get_or_create(user=user, defaults={"at": now})
    if not made and timezone.localdate(taken.at) != timezone.localdate(now):
        taken.at = now
        taken.save(update_fields=["at"])


def unsent_since(user, now):
    """The day whose route was taken along and from which nothing has come by the evening
    of that working day; None when there is nothing to say."""
    taken = RouteTaken.objects.visible_to(user).first()
    if taken is None:
        return None
    day = timezone.localdate(taken.at)
    evening = timezone.make_aware(dt.datetime.combine(day, EVENING))
    if now < max(evening, taken.at) or now > evening + SAID_FOR:
        return None
    if not Calendar.load().is_workday(day):
        return None
    came = (
        Visit.objects.filter(visitor=user, arrived_at__gte=taken.at),
        DoorReport.objects.filter(by=user, arrived_at__gte=taken.at),
        Photo.objects.filter(by=user, arrived_at__gte=taken.at),
        Demand.objects.filter(recorded_by=user, raised_on__gte=day),
    )
    return None if any(rows.exists() for rows in came) else day


def read(user, day):
    """What waits, as the list of things to do asks for it."""
    since = unsent_since(user, timezone.now()) if may(user, Right.LOG_VISITS) else None
    if since is None:
        return []
    words = f"{since.month}月{since.day}日的路线存到了手机上，还没有收到记录"
    note = "走访过的，请打开手机上的走访页，连上网络上传；没有去就不用管"
    return [todo.Todo(words, reverse("visits:field_shell"), note=note)]


def register():
    page = reverse_lazy("visits:field_shell")
    todo.register(todo.Source("phone", "手机上的记录", "device-mobile", read, page))
