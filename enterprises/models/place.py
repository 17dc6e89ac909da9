"""Where businesses are, whether they operate and who runs them, dated; who owes their
visits, and which are visited more often."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enterprises.models.business import Business, OfBusinessQuerySet
from grids.floors import floor_of
from grids.models import Building, Grid
from party.models import in_force
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL
from tianshan.audit.history import tracked


@tracked()
class Occupancy(models.Model):
    """Which business is in which building and room, from when to when (入驻).

    Carries its grid, since a shop may stand in a grid without a building known.
    """

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="occupancies", verbose_name="企业商户"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="occupancies",
        verbose_name="楼宇",
    )
    room = models.CharField("室号铺位", max_length=40, blank=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="occupancies", verbose_name="网格"
    )
    main = models.BooleanField("主要经营地", default=True)
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {OPEN: "id business building room grid main", INTERNAL: "since until"}

    objects = OfBusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "入驻"
        indexes = [models.Index(fields=["business", "-since"])]
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(until=None, main=True),
                name="one_main_place_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="occupancy_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.building or self.grid} {self.room}"


@tracked()
class Operation(models.Model):
    """Whether a business was operating, suspended, moved away or closed, dated."""

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="operations", verbose_name="企业商户"
    )
    state = models.CharField("经营状态", max_length=10, choices=Business.State)
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id business state since until"}

    objects = OfBusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "经营状态"
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(until=None),
                name="one_operating_state_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="operation_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.get_state_display()}"


@tracked()
class Ownership(models.Model):
    """Who ran a business, from when to when; begun when the owner changes."""

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="ownerships", verbose_name="企业商户"
    )
    owner = models.CharField("经营者", max_length=40, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    code = models.CharField("统一社会信用代码", max_length=18, blank=True)
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id business code since until", PERSONAL: "owner phone"}

    objects = OfBusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "经营者"
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(until=None),
                name="one_owner_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="ownership_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.owner}"


@tracked()
class Priority(models.Model):
    """That a business was visited at the shorter cycle, from when to when, and why."""

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="priorities", verbose_name="企业商户"
    )
    reason = models.CharField("列为重点的原因", max_length=120)
    end_reason = models.CharField("取消重点的原因", max_length=120, blank=True)
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id business reason end_reason since until"}

    objects = OfBusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "重点"
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(until=None),
                name="marked_priority_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="priority_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="priority_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.since}"


class CaretakerQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.visible_to(user))

    def in_force(self, day=None):
        return self.filter(in_force(day))


@tracked()
class Caretaker(models.Model):
    """Who owes the visits of a business, or of a building (floor), dated (走访责任人)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="cares",
        verbose_name="走访责任人",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="caretakers", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="caretakers",
        verbose_name="楼宇",
    )
    floor = models.CharField("楼层", max_length=10, blank=True)
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="caretakers",
        verbose_name="企业商户",
    )
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id user grid building floor business since until"}

    objects = CaretakerQuerySet.as_manager()

    class Meta:
        verbose_name = "走访责任人"
        constraints = [
            models.CheckConstraint(
                condition=Q(business=None) ^ Q(building=None),
                name="caretaker_of_a_business_or_a_building",
            )
        ]

    def __str__(self):
        return f"{self.user} {self.business or self.building}"

    def covers_room(self, room):
        """Does the floor that is cared for hold the room? All do where none is named.

        A floor is a number (1 holds 101 and not 1201) or the beginning of rooms in a
        market (A holds A07).
        """
        if not self.floor:
            return True
        level = int(self.floor) if self.floor.isdigit() else floor_of(self.floor).level
        if level is None:
            return room.upper().startswith(self.floor.upper())
        return floor_of(room).level == level
