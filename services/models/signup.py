"""Sign-ups: who wants to come, in the order in which they asked."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.rights import Right
from enterprises.models import Business
from services.models.activity import Activity
from tianshan.audit.classes import INTERNAL, PERSONAL
from tianshan.audit.history import tracked


class SignupQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.HOLD_ACTIVITIES):
        """Of the activities that one holds, and those one made oneself."""
        kept = Activity.objects.visible_to(user, Right.HOLD_ACTIVITIES)
        seen = Activity.objects.visible_to(user)
        return self.filter(Q(activity__in=kept) | Q(by=user.pk, activity__in=seen))

    def holding(self):
        """Those that take up places: signed up, or with an offer that stands."""
        return self.filter(state__in=Signup.HOLDING)

    def standing(self):
        """Not withdrawn, not lapsed."""
        return self.filter(state__in=Signup.STANDING)

    def in_line(self):
        """Who waits for one of the places for all, first come first."""
        return self.filter(state=Signup.State.WAITING).order_by("number")


# What is erased after its time has no history either: it would keep it for good.
@tracked(exclude=["title", "phone"])
class Signup(models.Model):
    """One sign-up (报名): so many persons of a business, by title."""

    class State(models.TextChoices):
        IN = "in", "已报上"
        WAITING = "waiting", "候补"
        OFFERED = "offered", "轮到，待确认"
        LAPSED = "lapsed", "过时未确认"
        WITHDRAWN = "withdrawn", "已取消"

    class Source(models.TextChoices):
        STAFF = "staff", "工作人员代报"
        CARD = "card", "扫码"

    MOST_PERSONS = 500  # of one sign-up or check-in: beyond it a digit too many

    HOLDING = frozenset({State.IN, State.OFFERED})
    STANDING = frozenset({State.IN, State.OFFERED, State.WAITING})
    STEPS = {
        "offer": {State.WAITING},
        "accept": {State.OFFERED},
        "lapse": {State.OFFERED},
        "withdraw": STANDING,
        "check_in": HOLDING,
    }

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="signups", verbose_name="活动"
    )
    # In which order they asked; given under the activity's lock.
    number = models.PositiveSmallIntegerField("次序")
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="signups",
        verbose_name="企业商户",
    )
    employer = models.CharField("单位", max_length=60, blank=True)
    title = models.CharField("称呼", max_length=20, blank=True)
    phone = models.CharField("电话", max_length=20, blank=True)
    persons = models.PositiveSmallIntegerField("人数")
    reserved = models.BooleanField("用预留名额", default=False)
    source = models.CharField("怎么报的", max_length=6, choices=Source)
    state = models.CharField("状态", max_length=10, choices=State)
    asked_at = models.DateTimeField("报名时间")
    offer_until = models.DateTimeField("确认时限", null=True)
    ended_at = models.DateTimeField("取消或过时", null=True)
    # Told that the activity is off, or of an offer, where no page of theirs says it.
    told_at = models.DateTimeField("已告诉", null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="signups",
        verbose_name="代报人",
    )
    client_key = models.UUIDField(null=True, unique=True, editable=False)

    VISIBILITY = {
        INTERNAL: "id activity number business employer persons reserved source state"
        " asked_at offer_until ended_at told_at by client_key",
        PERSONAL: "title phone",
    }

    objects = SignupQuerySet.as_manager()

    class Meta:
        verbose_name = "报名"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "number"], name="one_signup_of_a_number"
            ),
            models.CheckConstraint(
                condition=Q(persons__gte=1), name="signup_is_for_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offer_until__isnull=False),
                name="offer_has_its_time",
            ),
        ]

    def __str__(self):
        return f"{self.activity} 第 {self.number} 个报名"

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def whose(self):
        """The business, or the employer as it was said; no person."""
        return str(self.business or self.employer or "个人")
