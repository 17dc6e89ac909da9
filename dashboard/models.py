"""Standing: what is computed of each business, dated, so that any day can be asked;
and how many there are in each class, from which figures are read."""

import datetime as dt

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When

from accounts.rights import Right
from dashboard.api.models import ApiToken  # noqa: F401  of this room too
from dashboard.reports import models as reports  # noqa: F401
from dashboard.reports import upward  # noqa: F401
from dashboard.sums import adding
from enterprises.models import Business, Coverage
from grids.models import Grid, governed
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked


class RouteTakenQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own alone."""
        return self.filter(user=user.pk)


class RouteTaken(models.Model):
    """When a phone of somebody last took a day's route along; see `dashboard.unsent`.

    One row a person and without history: it is no record of who was out when.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="谁"
    )
    at = models.DateTimeField("时间")

    VISIBILITY = {INTERNAL: "id user at"}

    objects = RouteTakenQuerySet.as_manager()

    class Meta:
        verbose_name = "存到手机的路线"

    def __str__(self):
        return f"{self.user} {self.at:%Y-%m-%d}"


class Condition(models.TextChoices):
    """The conditions of effective coverage, in the order in which gaps count."""

    UNVISITED = "unvisited", "未按期走访"
    OVERDUE = "overdue", "诉求超期"
    UNTOLD = "untold", "未告知结果"
    ABSENT = "absent", "未参与服务"


# The class of a business on a day is its `mode` of coverage, and in `fails` the sum of
# the bits of what it fails; without coverage nothing is asked of it. Conditions on both
# are put on rows of Standing and on their sums alike.
BITS = {condition: 1 << place for place, condition in enumerate(Condition)}
NOT_DUE = -1
UNCOVERED, COVERED = Q(mode=""), ~Q(mode="")
EFFECTIVE = COVERED & Q(fails=0)
NOT_EFFECTIVE = ~Q(fails=0)
IS_NOT_DUE = Q(fails=NOT_DUE)


def failing(condition):
    bit = BITS[condition]
    return Q(fails__in=[fails for fails in range(16) if fails & bit])


def first_failing(condition):
    bit = BITS[condition]
    return Q(fails__in=[fails for fails in range(16) if fails & -fails == bit])


class StandingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(business__in=Business.objects.visible_to(user))

    def on(self, day):
        """The row of each business that holds on the day."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)

    def counting(self):
        """In operation, and of the kinds that count."""
        return self.filter(operating=True, kind__in=Business.COUNTED)

    def in_scope(self, grid):
        """Those that count in the grid's subtree."""
        return self.counting().filter(grid__among=grid.subtree)

    def classed(self, day):
        """With `fails`: what each row fails on the day; see `Classed`."""
        bits = sum(
            (
                Case(When(self.model.fails(condition, day), then=bit), default=0)
                for condition, bit in BITS.items()
            ),
            Value(0),
        )
        not_due = Q(visited=False, visited_until__gte=day)
        return self.alias(
            fails=Case(When(mode="", then=0), When(not_due, then=NOT_DUE), default=bits)
        )

    # What time does to a row on a day: the row itself holds only dates.

    def covered(self):
        return self.filter(COVERED)

    def uncovered(self):
        return self.filter(UNCOVERED)

    def not_due(self, day):
        """Never visited, and the first visit is not due yet."""
        return self.classed(day).filter(IS_NOT_DUE)

    def failing(self, condition, day):
        """Of the due ones, those that fail the condition, whatever else they fail."""
        return self.classed(day).filter(failing(condition))

    def first_failing(self, condition, day):
        """Of the due ones, those whose first failed condition, in order, is this."""
        return self.classed(day).filter(first_failing(condition))

    def effective(self, day):
        return self.classed(day).filter(EFFECTIVE)


def _summing(name, operation, **rows):
    """Keeps the sums as Standing is, in the statement that writes it."""
    sign = {"new": 1, "old": -1}
    added = [adding(source, sign[side]) for side, source in rows.items()]
    return pgtrigger.Trigger(
        name=f"sums_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),
        func="; ".join([*added, "RETURN NULL;"]),
    )


@noted
class Standing(models.Model):
    """One business in one state, from a day until a day (达标情况).

    Written by `dashboard.standing.rewrite` alone, from the source rows; no history of
    its own, since it can be computed again at any time.
    """

    Condition = Condition

    business = models.ForeignKey(
        Business, models.CASCADE, related_name="standings", verbose_name="企业商户"
    )
    since = models.DateField("起")
    until = models.DateField("止", null=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
    )
    # As the business has them now, for every row: whether and where it is counted.
    kind = models.CharField("类别", max_length=12, choices=Business.Kind)
    home = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="现属网格", db_index=False
    )
    operating = models.BooleanField("在营")
    mode = models.CharField(
        "覆盖方式", max_length=10, choices=Coverage.Mode, blank=True
    )
    visited = models.BooleanField("已走访过")
    # The last day on which the last visit, or the first deadline, still suffices.
    visited_until = models.DateField("走访有效至")
    overdue_from = models.DateField("诉求超期自", null=True)
    untold_from = models.DateField("未告知自", null=True)
    absent_from = models.DateField("未参与自", null=True)

    VISIBILITY = {
        INTERNAL: "id business since until grid kind home operating mode visited visited_until"
        " overdue_from untold_from absent_from",
    }

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = "达标情况"
        indexes = [
            models.Index(fields=["grid", "since"]),
            models.Index(fields=["until", "visited_until"], name="standing_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "since"], name="one_standing_from_a_day"
            ),
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(until=None),
                name="one_standing_holds",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="standing_ends_after_it_begins",
            ),
        ]
        triggers = [
            _summing("added", pgtrigger.Insert, new="fresh"),
            _summing("taken", pgtrigger.Delete, old="former"),
            _summing("altered", pgtrigger.Update, new="fresh", old="former"),
        ]

    def __str__(self):
        return f"{self.business_id} {self.since}"

    @classmethod
    def fails(cls, condition, day, of=""):
        """The rows that fail the condition on the day; `of` is the way to them."""
        if condition == cls.Condition.UNVISITED:
            return Q(**{f"{of}visited_until__lt": day})
        since = f"{of}{condition}_from"
        return Q(**{f"{since}__isnull": False, f"{since}__lte": day})

    def failures(self, day):
        """The conditions that this row fails on the day, in their order."""
        failed = []
        if self.visited_until < day:
            failed.append(self.Condition.UNVISITED)
        for condition in list(self.Condition)[1:]:
            start = getattr(self, f"{condition}_from")
            if start and start <= day:
                failed.append(condition)
        return failed

    def is_not_due(self, day):
        return bool(self.mode) and not self.visited and self.visited_until >= day


class StandingSumQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of businesses that one sees by their grid."""
        return self.filter(home__among=governed(user, Right.SEE_BUSINESSES))

    def in_scope(self, grid):
        return self.filter(grid__among=grid.subtree)

    def up_to(self, day):
        """The rows whose changes add up to how many there are on the day: of whole
        years, then of whole months, then of days."""
        following = day + dt.timedelta(days=1)
        month = following.replace(day=1)
        year = month.replace(month=1)
        span = self.model.Span
        return self.filter(
            Q(span=span.YEAR, day__lt=year)
            | Q(span=span.MONTH, day__gte=year, day__lt=month)
            | Q(span=span.DAY, day__gte=month, day__lt=following)
        )


@noted
class StandingSum(models.Model):
    """By how much the number of businesses in a class changes on a day, or within the
    month or year that begins on it.

    Written by the triggers of Standing and by `dashboard.sums` alone.
    """

    class Span(models.TextChoices):
        DAY = "day", "日"
        MONTH = "month", "月"
        YEAR = "year", "年"

    span = models.CharField("时段", max_length=5, choices=Span)
    day = models.DateField("起")
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格", db_index=False
    )
    home = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="现属网格", db_index=False
    )
    mode = models.CharField(
        "覆盖方式", max_length=10, choices=Coverage.Mode, blank=True
    )
    fails = models.SmallIntegerField("没做到的")
    change = models.IntegerField("增减")

    VISIBILITY = {INTERNAL: "id span day grid home mode fails change"}

    objects = StandingSumQuerySet.as_manager()

    class Meta:
        verbose_name = "达标合计"
        indexes = [
            models.Index(fields=["span", "day"]),
            models.Index(fields=["grid", "span", "day"], name="sums_by_grid"),
        ]

    def __str__(self):
        return f"{self.span} {self.day}"


class StoredPageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """No list shows them; `dashboard.wide` finds one by its key."""
        return self.none()


class StoredPage(models.Model):
    """What a page of a wide scope said when it was last counted (`dashboard.wide`).

    The key holds who looks, by which posts, at what: nobody else's page has it.
    """

    key = models.CharField(max_length=64, unique=True)
    text = models.TextField(blank=True)
    as_of = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)  # that counting took

    VISIBILITY = {INTERNAL: "id as_of asked_at seconds", SEALED: "key text"}

    objects = StoredPageQuerySet.as_manager()

    class Meta:
        verbose_name = "统计结果"

    def __str__(self):
        return f"{self.pk}"


class WallLinkQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.KEEP_WALLS):
        """Of the grids for which one may give such links."""
        return self.filter(grid__among=governed(user, having))

    def in_force(self, day):
        return self.filter(revoked_at=None, until__gte=day)


@tracked(exclude=["token_hash", "seen_at"])
class WallLink(models.Model):
    """The link of a screen on a wall: whoever has it sees the totals of one grid, and
    nothing else. The token is shown once and kept as a hash."""

    class Period(models.TextChoices):
        ALL = "all", "累计"
        TEN_DAY = "ten_day", "本旬"
        MONTH = "month", "本月"
        QUARTER = "quarter", "本季"
        YEAR = "year", "今年"

    label = models.CharField("名称", max_length=40)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
    )
    period = models.CharField("时段", max_length=10, choices=Period, default=Period.ALL)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    until = models.DateField("用到")
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="生成人",
    )
    seen_at = models.DateTimeField("上次显示", null=True, editable=False)
    revoked_at = models.DateTimeField("停用时间", null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="停用人",
    )

    VISIBILITY = {
        INTERNAL: "id label grid period until made_at made_by seen_at revoked_at"
        " revoked_by",
        SEALED: "token_hash",
    }

    objects = WallLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "大屏链接"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="wall_link_revoked_whole",
            ),
        ]

    def __str__(self):
        return self.label
