"""Who came along on a visit; which visits are one, which are not; what was corrected."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.rights import Right
from party.models import MemberUnit
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from visits.models.visit import Visit


class OfVisitQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(visit__in=Visit.objects.visible_to(user, having))


@tracked()
class Companion(models.Model):
    """A colleague or a member unit that came along: the visit counts once."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="companions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="accompanied",
        verbose_name="同事",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        related_name="accompanied",
        verbose_name="成员单位",
    )

    VISIBILITY = {INTERNAL: "id visit user unit"}

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        verbose_name = "同行"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None) ^ Q(unit=None), name="companion_is_one_of_two"
            ),
            models.UniqueConstraint(
                fields=["visit", "user"], name="each_colleague_once_on_a_visit"
            ),
            models.UniqueConstraint(
                fields=["visit", "unit"], name="each_unit_once_on_a_visit"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        return self.user.display_name if self.user_id else self.unit.name


@tracked()
class Correction(models.Model):
    """What a visit said before somebody put it right, and why."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="corrections")
    # field -> [before, after]
    changed = models.JSONField("变更")
    reason = models.CharField("为什么更正", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="更正人",
    )
    at = models.DateTimeField("更正时间")

    VISIBILITY = {INTERNAL: "id visit changed reason by at"}

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        verbose_name = "走访更正"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.visit} {self.at:%Y-%m-%d}"


class NotSameVisitQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(first__in=Visit.objects.visible_to(user, having))


@tracked()
class NotSameVisit(models.Model):
    """Two visits of one day to one business that were really two."""

    first = models.ForeignKey(Visit, models.PROTECT, related_name="+")
    second = models.ForeignKey(Visit, models.PROTECT, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="谁说的",
    )
    at = models.DateTimeField("时间")

    VISIBILITY = {INTERNAL: "id first second by at"}

    objects = NotSameVisitQuerySet.as_manager()

    class Meta:
        verbose_name = "不是重复的走访"
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="two_visits_told_apart_once"
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="visits_told_apart_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.first_id} ≠ {self.second_id}"
