"""What was sorted in one press (周梳理), so that it can be looked at and taken back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.rights import Right
from issues.models.chain import Matter
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from visits.models import Demand


class SortingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those with a demand that one may sort oneself."""
        mine = Demand.objects.visible_to(user, Right.SORT_DEMANDS).values("pk")
        links = SortedDemand.objects.filter(demand__in=mine)
        return self.filter(pk__in=links.values("sorting"))

    def standing(self):
        return self.filter(undone_at=None)


@tracked()
class Sorting(models.Model):
    """One press on the sorting page: what became of the demands that were chosen."""

    class Kind(models.TextChoices):
        ANSWER = "answer", "当场答复"
        JOIN = "join", "并入事项"
        DIRECT = "direct", "直接办理"
        ISSUE = "issue", "提出议题"
        DECLINE = "decline", "不予受理"
        URGENT = "urgent", "标为紧急安全"

    # An urgent one has been handed over: somebody is on the way.
    STEPS = {"undo": frozenset(Kind) - {Kind.URGENT}}

    kind = models.CharField("去向", max_length=8, choices=Kind)
    matter = models.ForeignKey(
        Matter,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sortings",
        verbose_name="事项",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办"
    )
    at = models.DateTimeField("时间")
    # Where a clerk sorts for somebody who has the right by himself.
    for_whom = models.CharField("代谁办", max_length=40, blank=True)
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="撤销人",
    )

    VISIBILITY = {INTERNAL: "id kind matter by at for_whom undone_at undone_by"}

    objects = SortingQuerySet.as_manager()

    class Meta:
        verbose_name = "梳理记录"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="sorting_undone_whole",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"

    @property
    def may_be_undone(self):
        return self.undone_at is None and self.kind in self.STEPS["undo"]


class SortedDemandQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__in=Demand.objects.visible_to(user))


@tracked()
class SortedDemand(models.Model):
    """One of the demands that were sorted together, and what it was before."""

    sorting = models.ForeignKey(Sorting, models.PROTECT, related_name="rows")
    demand = models.ForeignKey(Demand, models.PROTECT, related_name="sortings")
    # What an answer overwrote (`visits.actions.answer_of`); empty for the others.
    before = models.JSONField("原来的答复", default=dict)

    VISIBILITY = {INTERNAL: "id sorting demand before"}

    objects = SortedDemandQuerySet.as_manager()

    class Meta:
        verbose_name = "梳理的诉求"
        constraints = [
            models.UniqueConstraint(
                fields=["sorting", "demand"], name="sorted_once_in_a_sorting"
            )
        ]

    def __str__(self):
        return f"{self.sorting} {self.demand_id}"
