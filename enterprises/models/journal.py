"""What people noted of a business, in their own words."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from enterprises.models.business import Business, OfBusinessQuerySet
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked


class JournalQuerySet(OfBusinessQuerySet):
    def standing(self):
        """Not void."""
        return self.filter(voided_at=None)

    def for_list(self):
        return self.select_related("by", "voided_by").order_by("-at", "-pk")


@tracked()
class JournalEntry(models.Model):
    """A note on a business (工作日志): corrected with its history, voided, never deleted."""

    class Kind(models.TextChoices):
        NOTE = "note", "备忘"
        CONTACT = "contact", "沟通"
        CHANGE = "change", "变动线索"

    class State(models.TextChoices):
        STANDING = "standing", "有效"
        VOIDED = "voided", "已作废"

    STEPS = {"correct": {State.STANDING}, "void": {State.STANDING}}

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="journal", verbose_name="企业商户"
    )
    kind = models.CharField("类别", max_length=10, choices=Kind, default=Kind.NOTE)
    words = models.TextField("内容", max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="记录人",
    )
    at = models.DateTimeField("记录时间")
    corrected_at = models.DateTimeField("更正时间", null=True, blank=True)
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )
    void_reason = models.CharField("作废原因", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id business kind words by at corrected_at voided_at voided_by"
        " void_reason",
    }

    objects = JournalQuerySet.as_manager()

    class Meta:
        verbose_name = "工作日志"
        indexes = [models.Index(fields=["business", "-at"])]
        constraints = [
            models.CheckConstraint(
                condition=~Q(words=""), name="journal_says_something"
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_reason="")
                | (~Q(voided_at=None) & ~Q(voided_by=None) & ~Q(void_reason="")),
                name="journal_voided_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.at:%Y-%m-%d}"

    @property
    def state(self):
        return self.State.VOIDED if self.voided_at else self.State.STANDING

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}
