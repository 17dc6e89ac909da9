"""Visits: calls on businesses."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Building, Grid
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.web.addresses import page_of


class VisitQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(business__in=Business.objects.visible_to(user, having))

    def standing(self):
        """Not void."""
        return self.filter(voided_at=None)

    def counted(self):
        """Neither void nor joined to another that tells of the same call."""
        return self.filter(self.is_counted())

    def met(self):
        """Somebody was met on the spot: the ones that count and renew a cycle."""
        return self.filter(self.is_met())

    def attempts(self):
        return self.filter(self.is_attempt())

    def calls(self):
        return self.filter(self.is_call())

    @staticmethod
    def is_counted():
        return Q(voided_at=None, joined_to=None)

    @classmethod
    def is_met(cls):
        on_spot = cls.is_counted() & Q(method=Visit.Method.ON_SPOT)
        return on_spot & ~Q(outcome=Visit.Outcome.ABSENT)

    @classmethod
    def is_attempt(cls):
        absent = Q(method=Visit.Method.ON_SPOT, outcome=Visit.Outcome.ABSENT)
        return cls.is_counted() & absent

    @classmethod
    def is_call(cls):
        return cls.is_counted() & Q(method=Visit.Method.PHONE)

    def for_list(self):
        """Everything one row of the visit ledger shows."""
        return self.select_related("business", "grid", "building", "visitor").order_by(
            "-visited_on", "-pk"
        )


@tracked(exclude=["search"])
class Visit(models.Model):
    """One call on one business, as the visitor wrote it down."""

    class Method(models.TextChoices):
        ON_SPOT = "on_spot", "上门"
        PHONE = "phone", "电话"

    class Outcome(models.TextChoices):
        NORMAL = "normal", "情况正常"
        DEMAND = "demand", "有诉求"
        ABSENT = "absent", "无人"

    class Met(models.TextChoices):
        OWNER = "owner", "负责人"
        STAFF = "staff", "店员或员工"
        OTHER = "other", "其他人"

    class Source(models.TextChoices):
        HERE = "here", "系统里记的"
        IMPORTED = "imported", "导入"

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="visits", verbose_name="走访对象"
    )
    # Copied from the business: a move next year must not move last year's visits.
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="visits", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name="楼宇",
    )
    visitor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="visits",
        verbose_name="走访人",
    )
    # Of a past visit: who the file says it was, if no account is called so.
    visitor_said = models.CharField("走访人（原表）", max_length=40, blank=True)
    source = models.CharField(
        "来源", max_length=10, choices=Source, default=Source.HERE, editable=False
    )
    method = models.CharField(
        "方式", max_length=10, choices=Method, default=Method.ON_SPOT
    )
    outcome = models.CharField("结果", max_length=10, choices=Outcome)
    people_met = models.CharField("见到谁", max_length=10, choices=Met, blank=True)
    visited_on = models.DateField("走访日期")
    # Both times are kept: what the device claims, and when the server had it.
    filled_at = models.DateTimeField("填写时间")
    arrived_at = models.DateTimeField("到达时间")
    # What the device's clock said where that could not be: `filled_at` is ours then.
    claimed_at = models.DateTimeField("手机的时钟", null=True, editable=False)
    note = models.TextField("情况", max_length=1000, blank=True)
    facts_confirmed = models.BooleanField("资料无变化", default=False)
    # field -> [before, after] of the business's facts corrected at the door.
    facts_changed = models.JSONField("资料更正", default=dict, blank=True)
    # Made by the device, so that the same record sent twice is one visit; the digest
    # tells a repeat from another record under the same key.
    client_key = models.UUIDField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    # Two people wrote down the same call: the other one counts, both stay readable.
    joined_to = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="joined",
        verbose_name="并入",
    )
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
        INTERNAL: "id business grid building visitor visitor_said source method"
        " outcome people_met visited_on filled_at arrived_at claimed_at note facts_confirmed"
        " joined_to voided_at voided_by void_reason",
        PERSONAL: "facts_changed",
        SEALED: "client_key digest",
    }

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = "走访"
        indexes = [
            models.Index(fields=["-visited_on", "-id"]),
            models.Index(fields=["business", "-visited_on"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["visitor", "client_key"], name="one_visit_for_one_key"
            ),
            models.CheckConstraint(
                condition=Q(filled_at__lte=F("arrived_at") + dt.timedelta(minutes=10)),
                name="visit_not_in_future",
            ),
            models.CheckConstraint(
                condition=Q(filled_at__gte=dt.datetime(2000, 1, 1, tzinfo=dt.UTC)),
                name="visit_filled_in_our_time",
            ),
            models.CheckConstraint(
                # Old lists do not always say who was met.
                condition=(Q(outcome="absent") ^ ~Q(people_met=""))
                | Q(source="imported", people_met=""),
                name="somebody_met_unless_absent",
            ),
            models.CheckConstraint(
                condition=Q(joined_to=None) | ~Q(joined_to=F("pk")),
                name="visit_not_joined_to_itself",
            ),
            models.CheckConstraint(
                condition=(
                    Q(voided_at=None, voided_by=None, void_reason="")
                    | (~Q(voided_at=None) & ~Q(voided_by=None) & ~Q(void_reason=""))
                ),
                name="visit_voided_whole",
            ),
        ]

    def __str__(self):
        return f"{self.visited_on} {self.business}"

    def get_absolute_url(self):
        return page_of("visits:visit_detail", self.pk)

    @property
    def visitor_name(self):
        """Who it was, as the old list says or by the account."""
        return self.visitor_said or self.visitor.display_name

    @property
    def counts(self):
        return (
            self.voided_at is None
            and self.joined_to_id is None
            and self.method == self.Method.ON_SPOT
            and self.outcome != self.Outcome.ABSENT
        )
