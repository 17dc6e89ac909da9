"""What is said of activities by itself, and what their clock does: the waiting lines
move on, and what was kept for a time is erased."""

import datetime as dt

from django.utils import timezone

from services import activities, signups
from services.models import Activity
from tianshan.notices import reminders
from tianshan.notices.reminders import Reminder


def coming(day):
    """The working day before and the day itself: who holds it, and who signed up for
    whom. On a Friday the weekend and the Monday are told."""
    first = timezone.make_aware(dt.datetime.combine(day, dt.time()))
    after = first + dt.timedelta(days=4 if day.isoweekday() == 5 else 2)
    rows = Activity.objects.filter(
        state=Activity.State.ANNOUNCED, starts__gte=first, starts__lt=after
    )
    for activity in rows.select_related("made_by", "station").order_by("starts", "pk"):
        signed = activity.signups.holding().exclude(by=None).select_related("by")
        starts = timezone.localtime(activity.starts)
        yield Reminder(
            users=tuple({activity.made_by} | {row.by for row in signed}),
            key=f"activity:{activity.pk}:{day.isoformat()}",
            words=f"{starts.month}月{starts.day}日 {starts:%H:%M} 有“{activity}”，"
            "请提醒报名的人。",
            url=activity.get_absolute_url(),
        )


def to_close(day):
    """Over since yesterday or longer, and still not said whether it was held."""
    midnight = timezone.make_aware(dt.datetime.combine(day, dt.time()))
    rows = Activity.objects.filter(state=Activity.State.ANNOUNCED, ends__lt=midnight)
    for activity in rows.select_related("made_by").order_by("starts", "pk"):
        yield Reminder(
            users=(activity.made_by,),
            key=f"activity:{activity.pk}:close",
            words=f"“{activity}”已经过了，请记为已举办，或写明取消。",
            url=activity.get_absolute_url(),
        )


def register():
    reminders.BEFORE += [signups.move_on_everywhere, activities.erase_due]
    reminders.READERS += [coming, to_close]
