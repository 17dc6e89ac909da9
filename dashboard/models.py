"""Standing: what is computed of each business, dated, so that any day can be asked."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enterprises.models import Business, Coverage
from grids.models import Grid
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL


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


class StandingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(business__in=Business.objects.visible_to(user))

    def on(self, day):
        """The row of each business that holds on the day."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)

    def counting(self):
        """In operation, and of the kinds that count."""
        return self.filter(operating=True, business__kind__in=Business.COUNTED)

    def in_scope(self, grid):
        """Those that count in the grid's subtree."""
        return self.counting().filter(grid__path__startswith=grid.path)

    # What time does to a row on a day: the row itself holds only dates.

    def covered(self):
        return self.exclude(mode="")

    def uncovered(self):
        return self.filter(mode="")

    def not_due(self, day):
        """Never visited, and the first visit is not due yet."""
        return self.covered().filter(visited=False, visited_until__gte=day)

    def due(self, day):
        return self.covered().filter(Q(visited=True) | Q(visited_until__lt=day))

    def failing(self, condition, day):
        """Of the due ones, those that fail the condition, whatever else they fail."""
        return self.due(day).filter(self.model.fails(condition, day))

    def first_failing(self, condition, day):
        """Of the due ones, those whose first failed condition, in order, is this."""
        rows = self.failing(condition, day)
        order = self.model.Condition.values
        for earlier in order[: order.index(condition)]:
            rows = rows.exclude(self.model.fails(earlier, day))
        return rows

    def not_effective(self, day):
        """Covered, but failing something or not due yet."""
        return self.covered().exclude(pk__in=self.effective(day).values("pk"))

    def effective(self, day):
        rows = self.due(day)
        for condition in self.model.Condition.values:
            rows = rows.exclude(self.model.fails(condition, day))
        return rows


@noted
class Standing(models.Model):
    """One business in one state, from a day until a day (达标情况).

    Written by `dashboard.standing.rewrite` alone, from the source rows; no history of
    its own, since it can be computed again at any time.
    """

    class Condition(models.TextChoices):
        """The conditions of effective coverage, in the order in which gaps count."""

        UNVISITED = "unvisited", "未按期走访"
        OVERDUE = "overdue", "诉求超期"
        UNTOLD = "untold", "未告知结果"
        ABSENT = "absent", "未参与服务"

    business = models.ForeignKey(
        Business, models.CASCADE, related_name="standings", verbose_name="企业商户"
    )
    since = models.DateField("起")
    until = models.DateField("止", null=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
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
        INTERNAL: "id business since until grid operating mode visited visited_until"
        " overdue_from untold_from absent_from",
    }

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = "达标情况"
        indexes = [models.Index(fields=["grid", "since"])]
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
