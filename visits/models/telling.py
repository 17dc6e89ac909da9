"""Attempts to tell an asker what came of a demand, that reached nobody."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from visits.models.demand import Demand
from visits.models.visit import Visit


class TellingAttemptQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__in=Demand.objects.visible_to(user))

    def standing(self):
        """Not taken back."""
        return self.filter(taken_back_at=None)


@tracked()
class TellingAttempt(models.Model):
    """One attempt to tell an asker, in vain (没联系上).

    Two attempts of one demand are on different days or at different times of a day:
    the database holds that, so two that stand are the result "not reached".
    """

    class Time(models.TextChoices):
        MORNING = "morning", "上午"
        AFTERNOON = "afternoon", "下午"
        EVENING = "evening", "晚上"

    class How(models.TextChoices):
        VISIT = "visit", "上门"
        PHONE = "phone", "电话"
        MESSAGE = "message", "消息"

    demand = models.ForeignKey(
        Demand, models.PROTECT, related_name="attempts", verbose_name="诉求"
    )
    on = models.DateField("哪天")
    time = models.CharField("什么时候", max_length=10, choices=Time)
    how = models.CharField("怎么联系的", max_length=10, choices=How)
    note = models.CharField("说明", max_length=200, blank=True)
    # The visit at which nobody was there, if the attempt comes from one.
    visit = models.ForeignKey(
        Visit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attempts_to_tell",
        verbose_name="走访",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办"
    )
    taken_back_at = models.DateTimeField("撤销时间", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id demand on time how note visit by taken_back_at"}

    objects = TellingAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = "没联系上的回告"
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["demand", "on", "time"],
                condition=Q(taken_back_at=None),
                name="one_attempt_at_a_time_of_a_day",
            )
        ]

    def __str__(self):
        return f"{self.on} {self.get_time_display()}{self.get_how_display()}没联系上"
