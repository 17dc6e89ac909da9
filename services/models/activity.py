"""Activities: what is held where, when, by whom, and what came of it."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.rights import Right, posts_with
from grids.models import Building, Grid, Neighborhood
from grids.models.territory import at_hand, governed
from party.models import (
    Booking,
    MemberUnit,
    PartyOrganization,
    Station,
    in_office,
)
from services.models.brand import ServiceBrand
from tianshan.audit.classes import INTERNAL, OPEN, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text, sort_key


class ActivitySeriesQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(at_hand(in_office(posts_with(user, having))))

    def ended_by(self, user):
        """Those that the user may end: of the grids governed, and for narrower roles of
        the very grid of their post."""
        posts = in_office(posts_with(user, Right.HOLD_ACTIVITIES))
        own = Q(grid__in=[post.grid_id for post in posts])
        return self.filter(Q(grid__among=governed(user, Right.HOLD_ACTIVITIES)) | own)


@tracked()
class ActivitySeries(models.Model):
    """Activities that come again and again, numbered: 宁新讲堂 第{n}讲."""

    title = models.CharField("标题写法", max_length=50)
    brand = models.ForeignKey(
        ServiceBrand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="series",
        verbose_name="服务品牌",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
    )
    ended_on = models.DateField("不再办", null=True, blank=True)

    VISIBILITY = {OPEN: "id title brand grid", INTERNAL: "ended_on"}

    objects = ActivitySeriesQuerySet.as_manager()

    class Meta:
        verbose_name = "系列活动"
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "title"],
                condition=Q(ended_on=None),
                name="one_series_of_a_title",
            )
        ]

    def __str__(self):
        return self.title.replace("{n}", "…").strip()

    @property
    def stem(self):
        """What all of its titles have in them, to look for them by: 宁新讲堂."""
        return max(self.title.split("{n}"), key=len).strip(" 第") or self.title

    def titled(self, number):
        """The title of one of them; a title without {n} gets the number at its end."""
        if "{n}" not in self.title:
            return f"{self.title} 第{number}期"
        return self.title.replace("{n}", str(number))


class ActivityQuerySet(models.QuerySet):
    def in_ledgers(self):
        """Not taken back with the import that brought them."""
        return self.filter(gone_at=None)

    def visible_to(self, user, having=Right.SEE_SERVICES):
        """To look at: those of the grids of any post, and of the grids above, which are
        for them too. `having` another right: those of the grids governed, of the
        stations served in, and of the organisations spoken for."""
        if having == Right.SEE_SERVICES:
            seen = at_hand(in_office(posts_with(user, having)))
            return self.in_ledgers().filter(seen)
        stations = Station.objects.served_by(user, having)
        return self.in_ledgers().filter(
            Q(grid__among=governed(user, having))
            | Q(station__in=stations)
            | Q(host__in=stations)
            | Q(organization__in=PartyOrganization.objects.served_by(user, having))
        )

    def held(self):
        return self.filter(state=Activity.State.HELD)

    def counted(self):
        """With `by_name`, `person_times` (人次) and `basis`.

        A head count takes in those with names; where nobody was counted or ticked off,
        the number is unknown (None), never nought.
        """
        from services.models.attendance import Attendance

        of_this = Attendance.objects.standing().filter(activity=OuterRef("pk"))
        named = of_this.order_by().values("activity").annotate(n=Sum("persons"))
        return self.annotate(
            by_name=Subquery(named.values("n"), output_field=models.IntegerField()),
            person_times=Coalesce(F("head_count"), F("by_name")),
        )

    def taken(self):
        """With `places_taken`: places of those signed up, offered ones included."""
        from services.models.signup import Signup

        holding = Signup.objects.holding().filter(activity=OuterRef("pk"))
        persons = holding.order_by().values("activity").annotate(n=Sum("persons"))
        return self.annotate(
            places_taken=Coalesce(
                Subquery(persons.values("n"), output_field=models.IntegerField()), 0
            )
        )

    def open_for_signups(self, at):
        """Announced, and the time for signing up has not run out."""
        closes = Case(
            When(closes_at=None, then=F("starts")),
            default=F("closes_at"),
            output_field=models.DateTimeField(),
        )
        return (
            self.filter(state=Activity.State.ANNOUNCED)
            .alias(last=closes)
            .filter(last__gt=at)
        )

    def for_list(self):
        """Everything one row of the ledger shows."""
        return (
            self.counted()
            .taken()
            .select_related(
                *("grid", "brand", "series", "station", "building", "neighborhood"),
                *("organization", "unit", "host", "booking__room"),
            )
            .order_by("-starts", "-pk")
        )


@tracked(exclude=["pinyin", "search"])
class Activity(models.Model):
    """One activity (活动): a lecture, a class, a tea gathering, a members' day."""

    class State(models.TextChoices):
        DRAFT = "draft", "拟办"
        ANNOUNCED = "announced", "已发布"
        HELD = "held", "已举办"
        CANCELLED = "cancelled", "已取消"

    class Place(models.TextChoices):
        STATION = "station", "阵地"
        BUILDING = "building", "楼宇"
        SCHOOL = "school", "学校"
        NEIGHBORHOOD = "neighborhood", "居民区"
        STREET = "street", "街面"

    class Basis(models.TextChoices):
        """On what a head count rests."""

        EYE = "eye", "目测"
        SHEET = "sheet", "签名表"
        PHOTO = "photo", "合影"
        TICKETS = "tickets", "入场券"
        OTHER = "other", "主办方报数"

    # The states from which each step goes.
    STEPS = {
        "edit": {State.DRAFT, State.ANNOUNCED},
        "confirm_rule": {State.DRAFT},
        "announce": {State.DRAFT},
        "cancel": {State.DRAFT, State.ANNOUNCED},
        "sign_up": {State.ANNOUNCED},
        "check_in": {State.ANNOUNCED, State.HELD},
        "hold": {State.ANNOUNCED},
        "count_heads": {State.ANNOUNCED, State.HELD},
        "check_rule": {State.HELD},
        "give_feedback": {State.ANNOUNCED, State.HELD},
    }
    # A poster lets people check in from so long before the start.
    EARLY = dt.timedelta(minutes=30)
    CHILDREN_KEPT = 7  # days at most, for those under 14

    title = models.CharField("名称", max_length=60)
    series = models.ForeignKey(
        ActivitySeries,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="系列",
    )
    number = models.PositiveSmallIntegerField("第几期", null=True, blank=True)
    brand = models.ForeignKey(
        ServiceBrand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="服务品牌",
    )
    about = models.TextField("内容", max_length=500, blank=True)
    # Whose activity it is and where it counts, wherever it takes place.
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="activities", verbose_name="网格"
    )
    starts = models.DateTimeField("开始")
    ends = models.DateTimeField("结束")
    # Of a past one whose clocks nobody wrote down: it has the whole day.
    untimed = models.BooleanField("只知道日期", default=False, editable=False)

    place_kind = models.CharField("在哪类地方", max_length=12, choices=Place)
    station = models.ForeignKey(
        Station,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="阵地",
    )
    booking = models.OneToOneField(
        Booking,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activity",
        verbose_name="订的场地",
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="楼宇",
    )
    neighborhood = models.ForeignKey(
        Neighborhood,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="居民区",
    )
    place = models.CharField("地点", max_length=60, blank=True)

    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="主办党组织",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name="主办成员单位",
    )
    host = models.ForeignKey(
        Station,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="hosted",
        verbose_name="主办阵地",
    )
    partners = models.CharField("联办、协办", max_length=120, blank=True)

    capacity = models.PositiveSmallIntegerField("名额", null=True, blank=True)
    reserved = models.PositiveSmallIntegerField("其中预留", default=0)
    most_each = models.PositiveSmallIntegerField("每家最多", default=4)
    closes_at = models.DateTimeField("报名截止", null=True, blank=True)
    on_card = models.BooleanField("可以扫码报名", default=True)
    offer_hours = models.PositiveSmallIntegerField("候补确认时限（小时）", default=12)

    for_children = models.BooleanField("有 14 岁以下的孩子参加", default=False)
    keep_days = models.PositiveSmallIntegerField("报名信息保留（天）", default=30)
    erased_at = models.DateTimeField("报名信息清除", null=True, editable=False)

    rule = models.CharField("纪律", max_length=60, blank=True)
    rule_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    rule_confirmed_at = models.DateTimeField("纪律确认时间", null=True)
    rule_kept = models.BooleanField("纪律遵守了", null=True)
    rule_words = models.CharField("纪律核对情况", max_length=200, blank=True)
    rule_checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    rule_checked_at = models.DateTimeField("纪律核对时间", null=True)

    head_count = models.PositiveIntegerField("点数人次", null=True, blank=True)
    head_basis = models.CharField("点数依据", max_length=8, choices=Basis, blank=True)
    households = models.PositiveIntegerField("户次", null=True, blank=True)

    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="登记人",
    )
    made_at = models.DateTimeField("登记时间")
    announced_at = models.DateTimeField("发布时间", null=True)
    held_at = models.DateTimeField("记为已举办", null=True)
    cancelled_at = models.DateTimeField("取消时间", null=True)
    cancelled_why = models.CharField("取消原因", max_length=120, blank=True)
    gone_at = models.DateTimeField("撤回导入的时间", null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id title series number brand about grid starts ends untimed place_kind station"
        " building neighborhood place organization unit host partners capacity"
        " most_each closes_at on_card for_children keep_days rule state cancelled_why"
        " pinyin",
        INTERNAL: "booking reserved offer_hours erased_at rule_confirmed_by"
        " rule_confirmed_at rule_kept rule_words rule_checked_by rule_checked_at"
        " head_count head_basis households made_by made_at announced_at held_at"
        " cancelled_at gone_at version",
        SEALED: "search",
    }

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = "活动"
        indexes = [models.Index(fields=["grid", "starts"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="activity_ends_after_starting"
            ),
            models.CheckConstraint(
                condition=(
                    Q(place_kind="station", station__isnull=False)
                    | Q(place_kind="building", building__isnull=False)
                    | Q(place_kind="neighborhood", neighborhood__isnull=False)
                    | (Q(place_kind__in=["school", "street"]) & ~Q(place=""))
                ),
                name="activity_has_its_place",
            ),
            models.CheckConstraint(
                condition=(
                    Q(organization__isnull=False, unit=None, host=None)
                    | Q(organization=None, unit__isnull=False, host=None)
                    | Q(organization=None, unit=None, host__isnull=False)
                ),
                name="activity_has_one_organizer",
            ),
            models.CheckConstraint(
                condition=Q(capacity=None, reserved=0)
                | Q(capacity__gte=1, reserved__lte=F("capacity")),
                name="activity_reserves_what_it_has",
            ),
            models.CheckConstraint(
                condition=Q(for_children=False) | Q(keep_days__lte=7),
                name="activity_keeps_children_shortly",
            ),
            models.CheckConstraint(
                condition=Q(head_count=None, head_basis="", households=None)
                | (Q(head_count__isnull=False) & ~Q(head_basis="")),
                name="head_count_has_its_basis",
            ),
            models.CheckConstraint(
                condition=Q(rule="")
                | Q(state__in=["draft", "cancelled"])
                | Q(rule_confirmed_at__isnull=False),
                name="activity_rule_confirmed_before",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancelled_why="")
                | (Q(cancelled_at__isnull=False) & ~Q(cancelled_why="")),
                name="activity_cancelled_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["series", "number"], name="one_activity_of_a_number"
            ),
        ]

    def __str__(self):
        return self.title

    def index(self):
        """Compute what it is sorted and found by."""
        self.pinyin = sort_key(self.title)
        self.search = search_text(self.title, self.place, self.partners)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("services:activity_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def organizer(self):
        return self.organization or self.unit or self.host

    @property
    def has_its_room(self):
        """Is the room booked for all the time? Whoever keeps the station may have moved
        the booking, or given the room back."""
        booking = self.booking
        return (
            booking is not None
            and booking.cancelled_at is None
            and booking.starts <= self.starts
            and self.ends <= booking.ends
        )

    @property
    def where(self):
        """The place in words: the station with its room, the building, the school …"""
        spot = self.station or self.building or self.neighborhood
        room = self.booking.room.name if self.has_its_room else self.place
        return f"{spot}{room}" if spot else room

    @property
    def last_moment(self):
        """Until when one may sign up."""
        return self.closes_at or self.starts

    def admits(self, at):
        """May people check themselves in at this moment?"""
        return self.starts - self.EARLY <= at <= self.ends
