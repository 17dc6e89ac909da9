"""Who came, by name or by number; and what they said of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.rights import Right
from enterprises.models import Business
from services.models.activity import Activity
from services.models.signup import Signup
from tianshan.audit.classes import INTERNAL, PERSONAL
from tianshan.audit.history import tracked


class AttendanceQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.HOLD_ACTIVITIES):
        return self.filter(activity__in=Activity.objects.visible_to(user, having))

    def standing(self):
        return self.filter(voided_at=None)


@tracked(exclude=["title"])
class Attendance(models.Model):
    """That somebody came (签到), and how many with them; ticked off at one moment."""

    class How(models.TextChoices):
        POSTER = "poster", "自己扫码"
        DOOR = "door", "门口登记"
        PAPER = "paper", "纸面补登"

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="attendances", verbose_name="活动"
    )
    signup = models.ForeignKey(
        Signup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attendances",
        verbose_name="报名",
    )
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attendances",
        verbose_name="企业商户",
    )
    employer = models.CharField("单位", max_length=60, blank=True)
    title = models.CharField("称呼", max_length=20, blank=True)
    persons = models.PositiveSmallIntegerField("人数", default=1)
    how = models.CharField("怎么登记的", max_length=6, choices=How)
    at = models.DateTimeField("签到时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="attendances",
        verbose_name="登记人",
    )
    client_key = models.UUIDField(null=True, unique=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    voided_at = models.DateTimeField("撤销时间", null=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    VISIBILITY = {
        INTERNAL: "id activity signup business employer persons how at by client_key"
        " digest voided_at voided_by",
        PERSONAL: "title",
    }

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = "签到"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["signup"],
                condition=Q(voided_at=None),
                name="one_check_in_of_a_signup",
            ),
            models.CheckConstraint(
                condition=Q(persons__gte=1), name="attendance_is_of_somebody"
            ),
        ]

    def __str__(self):
        return f"{self.activity} 签到 {self.pk}"

    @property
    def whose(self):
        return str(self.business or self.employer or "个人")


class FeedbackQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(activity__in=Activity.objects.visible_to(user, having))


@tracked()
class Feedback(models.Model):
    """What somebody who came says of an activity, without a name."""

    class Verdict(models.TextChoices):
        GOOD = "good", "满意"
        FAIR = "fair", "基本满意"
        NOT = "not", "不满意"

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="feedback", verbose_name="活动"
    )
    verdict = models.CharField("评价", max_length=4, choices=Verdict)
    words = models.CharField("意见", max_length=200, blank=True)
    at = models.DateTimeField("时间")
    # Who wrote it down for somebody; None when they said it themselves.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="代记人",
    )
    client_key = models.UUIDField(null=True, unique=True, editable=False)

    VISIBILITY = {INTERNAL: "id activity verdict words at by client_key"}

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = "活动评价"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.activity} {self.get_verdict_display()}"
