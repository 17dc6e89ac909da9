"""What is seen at a door and does not agree with the ledger."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import BY_GRID, Right, posts_with
from enterprises.models import Business
from grids.models import Building, Grid
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked


class DoorReportQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        """One's own, those of the grids that one governs, those on businesses seen.

        A shop that is not in the ledger yet is seen by whoever governs its grid.
        """
        if not posts_with(user, having):
            return self.none()
        seen = Q(by=user) if having == Right.SEE_BUSINESSES else Q(pk__in=[])
        if posts_with(user, having, among=BY_GRID):
            seen |= Q(grid__in=Grid.objects.governed_by(user, having))
        seen |= Q(business__in=Business.objects.visible_to(user, having))
        return self.filter(seen)

    def waiting(self):
        return self.filter(state=DoorReport.State.WAITING)

    def for_list(self):
        return self.select_related(
            "business", "grid", "building", "by", "checked_by", "result"
        ).order_by("seen_on", "pk")


@tracked()
class DoorReport(models.Model):
    """A shop that is new, has another owner or is gone, as somebody saw it at the door.

    It changes nothing by itself: a clerk confirms it, which is the act on the business,
    or says why not.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", "这里新开一家"
        NEW_OWNER = "new_owner", "换人了"
        GONE = "gone", "搬走了"

    class State(models.TextChoices):
        WAITING = "waiting", "待核实"
        CONFIRMED = "confirmed", "已核实"
        DECLINED = "declined", "未采用"

    STEPS = {"confirm": {State.WAITING}, "decline": {State.WAITING}}

    kind = models.CharField("看到什么", max_length=10, choices=Kind)
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.WAITING
    )
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="door_reports",
        verbose_name="哪一家",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="楼宇",
    )
    room = models.CharField("室号铺位", max_length=40, blank=True)
    # Of a new shop its sign; of a new owner what the shop is called now, if it changed.
    name = models.CharField("招牌名称", max_length=120, blank=True)
    contact_name = models.CharField("联系人", max_length=40, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    words = models.CharField("看到的情况", max_length=500, blank=True)
    seen_on = models.DateField("看到日期")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="door_reports",
        verbose_name="报告人",
    )
    filled_at = models.DateTimeField("填写时间")
    arrived_at = models.DateTimeField("到达时间")
    client_key = models.UUIDField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="核实人",
    )
    checked_at = models.DateTimeField("核实时间", null=True, blank=True)
    answer = models.CharField("核实结果", max_length=200, blank=True)
    # The business that came of it: opened, or found to be there already.
    result = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="核实后是哪一家",
    )

    VISIBILITY = {
        INTERNAL: "id kind state business grid building room name words seen_on by"
        " filled_at arrived_at checked_by checked_at answer result",
        PERSONAL: "contact_name contact_phone",
        SEALED: "client_key digest",
    }

    objects = DoorReportQuerySet.as_manager()

    class Meta:
        verbose_name = "门口情况"
        indexes = [models.Index(fields=["state", "seen_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["by", "client_key"], name="one_door_report_for_one_key"
            ),
            models.CheckConstraint(
                condition=Q(kind="opened") ^ ~Q(business=None),
                name="door_names_its_business_unless_new",
            ),
            models.CheckConstraint(
                condition=Q(filled_at__lte=F("arrived_at") + dt.timedelta(minutes=10)),
                name="door_report_not_in_future",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="waiting", checked_at=None, checked_by=None, answer=""
                )
                | (
                    Q(state__in=["confirmed", "declined"])
                    & ~Q(checked_at=None)
                    & ~Q(checked_by=None)
                    & ~Q(answer="")
                ),
                name="door_report_checked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.seen_on} {self.get_kind_display()}"

    def get_absolute_url(self):
        return reverse("visits:door_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def place(self):
        where = self.building.name if self.building else self.grid.name
        return f"{where} {self.room}".strip()
