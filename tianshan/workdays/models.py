"""The days on which the State Council's notices override the weekday."""

from django.db import models
from django.db.models import Q

from tianshan.audit.classes import OPEN
from tianshan.audit.history import tracked
from tianshan.workdays import calendar


class DayRuleQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The calendar is public: everybody sees all of it."""
        return self

    def for_list(self):
        return self.order_by("-date")


@tracked()
class DayRule(models.Model):
    """One day that a yearly notice makes a holiday (休) or a working day (班)."""

    class Kind(models.TextChoices):
        HOLIDAY = calendar.HOLIDAY, "休"
        WORKDAY = calendar.WORKDAY, "班"

    date = models.DateField("日期", unique=True)
    kind = models.CharField("安排", max_length=10, choices=Kind)
    name = models.CharField("节日", max_length=40, blank=True)
    source = models.CharField("依据", max_length=200, blank=True)

    VISIBILITY = {OPEN: "id date kind name source"}

    objects = DayRuleQuerySet.as_manager()

    class Meta:
        verbose_name = "节假日安排"
        ordering = ["date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[calendar.HOLIDAY, calendar.WORKDAY]),
                name="day_rule_kind_known",
            )
        ]

    def __str__(self):
        return f"{self.date:%Y-%m-%d} {self.get_kind_display()}"

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        calendar.changed()

    def delete(self, *args, **kwargs):
        deleted = super().delete(*args, **kwargs)
        calendar.changed()
        return deleted
