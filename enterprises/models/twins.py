"""Two rows for one business: what was decided of each pair, and how it was merged."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import Right
from enterprises.models.business import Business
from tianshan.audit.classes import INTERNAL, PERSONAL
from tianshan.audit.history import tracked


class NotTwinsQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        """Pairs of which one sees both."""
        seen = Business.objects.visible_to(user, having)
        return self.filter(first__in=seen, second__in=seen)


@tracked()
class NotTwins(models.Model):
    """That two businesses that look alike are not the same (不是同一家)."""

    # The one with the lower number first, so that a pair is one row.
    first = models.ForeignKey(
        Business, models.PROTECT, related_name="+", verbose_name="企业商户"
    )
    second = models.ForeignKey(
        Business, models.PROTECT, related_name="+", verbose_name="另一家"
    )
    reason = models.CharField("理由", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办"
    )
    at = models.DateTimeField("时间")

    VISIBILITY = {INTERNAL: "id first second reason by at"}

    objects = NotTwinsQuerySet.as_manager()

    class Meta:
        verbose_name = "不是同一家"
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="pair_told_apart_once"
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="pair_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.first_id} {self.second_id}"


class MergeQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(survivor__in=Business.objects.visible_to(user, having))

    def standing(self):
        """Not undone."""
        return self.filter(undone_at=None)

    def for_list(self):
        return self.select_related("survivor", "gone", "by").order_by("-at", "-pk")


@tracked()
class Merge(models.Model):
    """One business taken into another: what moved, so that it can be moved back."""

    class State(models.TextChoices):
        MERGED = "merged", "已合并"
        UNDONE = "undone", "已撤销"

    STEPS = {"undo": {State.MERGED}}

    survivor = models.ForeignKey(
        Business, models.PROTECT, related_name="+", verbose_name="保留"
    )
    gone = models.ForeignKey(
        Business, models.PROTECT, related_name="+", verbose_name="并入"
    )
    reason = models.CharField("理由", max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办"
    )
    at = models.DateTimeField("合并时间")
    # [{model, pk, columns: {column: [before, after]}}] of every row written.
    moved = models.JSONField(default=list)
    # [{model, pk}] of rows that could not move and stay with the business gone.
    kept = models.JSONField(default=list)
    # relation -> the highest key of its rows then: what is above came later.
    marks = models.JSONField(default=dict)
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="撤销人",
    )
    # [{model, pk, why}] of rows that undoing left as they were.
    left = models.JSONField(default=list)

    VISIBILITY = {
        INTERNAL: "id survivor gone reason by at kept marks undone_at undone_by left",
        PERSONAL: "moved",
    }

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = "合并"
        constraints = [
            models.UniqueConstraint(
                fields=["gone"],
                condition=Q(undone_at=None),
                name="merged_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(survivor=F("gone")), name="merge_of_two"
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | (~Q(undone_at=None) & ~Q(undone_by=None)),
                name="merge_undone_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.gone_id} → {self.survivor_id}"

    def get_absolute_url(self):
        return reverse("enterprises:merge_detail", args=[self.pk])

    @property
    def state(self):
        return self.State.UNDONE if self.undone_at else self.State.MERGED

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}
