"""Stations: where the Party's services are at home, their rooms, and who serves there."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import (
    BY_GRID,
    BY_ORGANIZATION,
    BY_STATION,
    BY_UNIT,
    Right,
    posts_with,
)
from grids.models import Building, Grid, Post
from grids.models.territory import at_hand, governed
from party.models.organization import OrganizationOfficer, PartyOrganization
from party.models.unit import MemberUnit, UnitOfficer
from tianshan.audit.classes import INTERNAL, OPEN, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text, sort_key


class StationQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_STATIONS):
        """To look at: those of the subtree of any post, and those above, which serve it.

        `having` another right: those of the grids governed, and those one serves in.
        """
        if having == Right.SEE_STATIONS:
            return self.filter(at_hand(in_office(posts_with(user, having))))
        return self.filter(
            Q(grid__among=governed(user, having))
            | Q(pk__in=self.model.objects.served_by(user, having))
        )

    def served_by(self, user, having):
        """The stations in which the user serves by a post with the right."""
        posts = posts_with(user, having, among=BY_STATION)
        return self.filter(
            pk__in=StationStaff.objects.filter(post__in=posts).values("station")
        )

    def without_account(self):
        """Those for which nobody can sign in: the clerk of their grid acts for them."""
        posts = Post.objects.in_force().filter(
            role__in=BY_STATION, user__is_active=True
        )
        return self.exclude(
            pk__in=StationStaff.objects.filter(post__in=posts).values("station")
        )

    def acted_for_by(self, user):
        """Those without an account in the grids whose clerk the user is."""
        return self.without_account().filter(
            grid__among=governed(user, Right.ACT_ON_BEHALF)
        )

    def answered_for_by(self, user):
        """Those whose orders the user answers: served in, or acted for."""
        stations = self.model.objects
        return self.filter(
            Q(pk__in=stations.served_by(user, Right.SERVE))
            | Q(pk__in=stations.acted_for_by(user))
        )

    def open_on(self, day):
        """Opened, and not closed for good, on the day."""
        return self.filter(
            Q(opened_on__lte=day), Q(closed_on=None) | Q(closed_on__gt=day)
        )

    def for_list(self):
        return (
            self.select_related("grid", "parent", "building", "organization")
            .prefetch_related("functions", "rooms")
            .order_by("pinyin", "pk")
        )


@tracked(exclude=["pinyin", "search"])
class Station(models.Model):
    """A station (阵地): a service centre, a 宁聚里, a 暖新巢 inside one (the seed page)."""

    class Kind(models.TextChoices):
        CENTER = "center", "党群服务中心"
        STATION = "station", "党群服务站"
        NEST = "nest", "暖新巢"
        POINT = "point", "服务点"

    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="设在",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="stations", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stations",
        verbose_name="楼宇",
    )
    place = models.CharField("位置", max_length=80, blank=True)
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stations",
        verbose_name="所属党组织",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stations",
        verbose_name="运行单位",
    )
    services = models.TextField("服务内容", max_length=500, blank=True)
    contact_title = models.CharField("联系人", max_length=40, blank=True)
    # The station's public telephone, no person's.
    phone = models.CharField("服务电话", max_length=20, blank=True)
    opened_on = models.DateField("启用日期")
    closed_on = models.DateField("停用日期", null=True, blank=True)
    closed_why = models.CharField("停用原因", max_length=120, blank=True)
    # WGS-84 degrees, where it stands apart from its building's point.
    longitude = models.DecimalField(
        "经度", max_digits=9, decimal_places=6, null=True, blank=True
    )
    latitude = models.DecimalField(
        "纬度", max_digits=9, decimal_places=6, null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id name kind parent grid building place organization unit services"
        " contact_title phone opened_on closed_on longitude latitude pinyin",
        INTERNAL: "closed_why version",
        SEALED: "search",
    }

    objects = StationQuerySet.as_manager()

    class Meta:
        verbose_name = "阵地"
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(closed_on=None),
                name="one_station_of_a_name",
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None)
                | (Q(closed_on__gte=F("opened_on")) & ~Q(closed_why="")),
                name="station_closed_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(longitude=None, latitude=None)
                | (Q(longitude__isnull=False) & Q(latitude__isnull=False)),
                name="station_point_is_whole",
            ),
        ]

    def __str__(self):
        return self.name

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.name)
        self.search = search_text(self.name, self.get_kind_display(), self.services)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("party:station_detail", args=[self.pk])


class PartQuerySet(models.QuerySet):
    """What belongs to a station, seen as it is seen."""

    def visible_to(self, user, having=Right.SEE_STATIONS):
        return self.filter(station__in=Station.objects.visible_to(user, having))


@tracked()
class StationFunction(models.Model):
    """What a station also is: 平安客厅, 检察护企工作站, 营商法治驿站 … (the seed page)."""

    station = models.ForeignKey(
        Station, models.PROTECT, related_name="functions", verbose_name="阵地"
    )
    name = models.CharField("功能", max_length=40)
    about = models.CharField("做什么", max_length=120, blank=True)
    ended_on = models.DateField("不再承担", null=True, blank=True)

    VISIBILITY = {OPEN: "id station name about", INTERNAL: "ended_on"}

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "阵地功能"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["station", "name"],
                condition=Q(ended_on=None),
                name="one_function_of_a_name",
            )
        ]

    def __str__(self):
        return self.name


@tracked()
class StationHours(models.Model):
    """When a station is open on a day of the week; twice a day is two rows."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, "周一"
        TUESDAY = 2, "周二"
        WEDNESDAY = 3, "周三"
        THURSDAY = 4, "周四"
        FRIDAY = 5, "周五"
        SATURDAY = 6, "周六"
        SUNDAY = 7, "周日"

    station = models.ForeignKey(
        Station, models.PROTECT, related_name="hours", verbose_name="阵地"
    )
    weekday = models.PositiveSmallIntegerField("星期", choices=Weekday)
    opens = models.TimeField("开门")
    closes = models.TimeField("关门")

    VISIBILITY = {OPEN: "id station weekday opens closes"}

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "开放时间"
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="station_closes_after_opening"
            )
        ]

    def __str__(self):
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


@tracked()
class StationRoom(models.Model):
    """A room that can be booked, and how many it holds."""

    station = models.ForeignKey(
        Station, models.PROTECT, related_name="rooms", verbose_name="阵地"
    )
    name = models.CharField("名称", max_length=40)
    capacity = models.PositiveSmallIntegerField("容纳人数")
    equipment = models.CharField("设备", max_length=120, blank=True)
    closed_on = models.DateField("停用日期", null=True, blank=True)

    VISIBILITY = {OPEN: "id station name capacity equipment", INTERNAL: "closed_on"}

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "场地"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["station", "name"],
                condition=Q(closed_on=None),
                name="one_room_of_a_name",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1), name="room_holds_somebody"
            ),
        ]

    def __str__(self):
        return f"{self.station}{self.name}"


@tracked()
class StationStaff(models.Model):
    """Narrows a station worker's post to the station served."""

    post = models.ForeignKey("grids.Post", models.PROTECT, related_name="stations")
    station = models.ForeignKey(Station, models.PROTECT, related_name="staff")

    VISIBILITY = {INTERNAL: "id post station"}

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "阵地任职"
        constraints = [
            models.UniqueConstraint(
                fields=["post", "station"], name="one_station_a_post"
            )
        ]

    def __str__(self):
        return f"{self.station} {self.post}"


# What narrows the posts of each role that looks by something narrower than a grid.
NARROWED_BY = (
    (BY_ORGANIZATION, OrganizationOfficer),
    (BY_UNIT, UnitOfficer),
    (BY_STATION, StationStaff),
)


def in_office(posts):
    """Without those of narrower roles that no row narrows: through them nothing is seen."""
    kept = [post for post in posts if post.role in BY_GRID]
    for roles, office in NARROWED_BY:
        if narrow := [post for post in posts if post.role in roles]:
            held = set(
                office.objects.filter(post__in=narrow).values_list("post", flat=True)
            )
            kept += [post for post in narrow if post.pk in held]
    return kept
