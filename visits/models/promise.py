"""What was promised to a business, and by when."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from enterprises.models import Business
from enterprises.models.business import OfBusinessQuerySet
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from visits.models.visit import Visit


class PromiseQuerySet(OfBusinessQuerySet):
    def open(self):
        return self.filter(state=Promise.State.OPEN)

    def for_list(self):
        return self.select_related(
            "business__building", "business__grid", "by", "visit", "kept_visit"
        ).order_by("due_on", "pk")


@tracked()
class Promise(models.Model):
    """What somebody promised on a visit, with its day: it comes back on the list."""

    class State(models.TextChoices):
        OPEN = "open", "还没办"
        KEPT = "kept", "办到了"
        TAKEN_BACK = "taken_back", "不办了"

    STEPS = {
        "keep": {State.OPEN},
        "take_back": {State.OPEN},
        "reopen": {State.KEPT, State.TAKEN_BACK},
    }

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="promises", verbose_name="答应了谁"
    )
    visit = models.ForeignKey(
        Visit, models.PROTECT, related_name="promises", verbose_name="哪次走访"
    )
    words = models.CharField("答应的事", max_length=200)
    due_on = models.DateField("哪天以前")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="promises",
        verbose_name="谁答应的",
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    ended_on = models.DateField("了结日期", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="了结人",
    )
    kept_visit = models.ForeignKey(
        Visit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kept_promises",
        verbose_name="办到的走访",
    )
    reason = models.CharField("不办的原因", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id business visit words due_on by state ended_on ended_by"
        " kept_visit reason"
    }

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = "答应的事"
        indexes = [models.Index(fields=["state", "due_on"])]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(state="open", ended_on=None, ended_by=None)
                    | (
                        Q(state__in=["kept", "taken_back"])
                        & ~Q(ended_on=None)
                        & ~Q(ended_by=None)
                    )
                ),
                name="promise_ended_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="taken_back") ^ Q(reason=""),
                name="promise_taken_back_says_why",
            ),
        ]

    def __str__(self):
        return f"{self.due_on} {self.words}"

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}
