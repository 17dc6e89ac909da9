"""Bookings of a station's rooms: two never overlap, which the database holds."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from accounts.rights import Right
from party.models.organization import PartyOrganization
from party.models.station import Station, StationRoom
from party.models.unit import MemberUnit
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked


def _minutes(column):
    """A moment as minutes since 1970, above the room's key: they fit 26 bits to 2097."""
    room = Func(
        F("room"),
        template="(%(expressions)s::bigint << 26)",
        output_field=models.BigIntegerField(),
    )
    since = Func(
        F(column),
        template="(EXTRACT(EPOCH FROM %(expressions)s AT TIME ZONE 'UTC')::bigint / 60)",
        output_field=models.BigIntegerField(),
    )
    return room + since


class BookingQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_STATIONS):
        return self.filter(room__station__in=Station.objects.visible_to(user, having))

    def standing(self):
        return self.filter(cancelled_at=None)

    def between(self, start, end):
        """Those that take up any moment of [start, end)."""
        return self.standing().filter(starts__lt=end, ends__gt=start)


@tracked()
class Booking(models.Model):
    """A room taken from one moment to another, by whom and what for."""

    room = models.ForeignKey(
        StationRoom, models.PROTECT, related_name="bookings", verbose_name="场地"
    )
    starts = models.DateTimeField("开始")
    ends = models.DateTimeField("结束")
    title = models.CharField("用来做什么", max_length=60)
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name="使用的党组织",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name="使用的成员单位",
    )
    made_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="bookings", verbose_name="预订人"
    )
    made_at = models.DateTimeField("预订时间")
    cancelled_at = models.DateTimeField("取消时间", null=True, blank=True)
    cancelled_why = models.CharField("取消原因", max_length=120, blank=True)

    VISIBILITY = {
        OPEN: "id room starts ends title organization unit",
        INTERNAL: "made_by made_at cancelled_at cancelled_why",
    }

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = "场地预订"
        ordering = ["starts", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="booking_ends_after_starting"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancelled_why="")
                | (Q(cancelled_at__isnull=False) & ~Q(cancelled_why="")),
                name="booking_cancelled_for_a_reason",
            ),
            # One range holds room and time, so that plain GiST tells an overlap: the
            # embedded server has no btree_gist.
            ExclusionConstraint(
                name="room_booked_once_at_a_time",
                expressions=[
                    (
                        Func(
                            _minutes("starts"), _minutes("ends"), function="int8range"
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
                condition=Q(cancelled_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.room} {self.title}"

    @property
    def booked_for(self):
        """In words: the organisation or unit, else who booked it."""
        return str(self.organization or self.unit or self.made_by.display_name)
