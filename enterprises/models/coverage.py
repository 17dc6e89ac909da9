"""The acts that change coverage, and the advisers that stand beside it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import Right
from enterprises.models.business import Business, Coverage
from grids.models import Building, Grid
from party.models import PartyOrganization, in_force
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked


class CoverageActQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        organizations = PartyOrganization.objects.visible_to(user, having)
        return self.filter(organization__in=organizations)

    def for_list(self):
        return self.select_related("organization", "building", "grid", "by").order_by(
            "-at", "-pk"
        )


@tracked()
class CoverageAct(models.Model):
    """One act that changed coverage, with its paper: who, when, how many, why.

    The rows of Coverage point to the act that began them and to the one that ended
    them, so that an act made by mistake can be voided and all is as it was.
    """

    class Kind(models.TextChoices):
        SET_UP = "set_up", "单独组建"
        JOIN = "join", "联合组建"
        TAKE_IN = "take_in", "楼宇·市场·街区纳入"
        BACKSTOP = "backstop", "区域性兜底"
        END = "end", "终止覆盖"
        DISSOLVE = "dissolve", "撤销党组织"

    MODES = {
        Kind.SET_UP: Coverage.Mode.OWN,
        Kind.JOIN: Coverage.Mode.JOINT,
        Kind.TAKE_IN: Coverage.Mode.PLACE,
        Kind.BACKSTOP: Coverage.Mode.REGIONAL,
    }

    kind = models.CharField("事项", max_length=10, choices=Kind)
    organization = models.ForeignKey(
        PartyOrganization, models.PROTECT, related_name="acts", verbose_name="党组织"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="coverage_acts",
        verbose_name="楼宇",
    )
    grid = models.ForeignKey(
        Grid,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="coverage_acts",
        verbose_name="网格",
    )
    on = models.DateField("生效日期")
    paper_by = models.CharField("批准单位", max_length=80, blank=True)
    paper_number = models.CharField("文号", max_length=60, blank=True)
    paper_on = models.DateField("文件日期", null=True, blank=True)
    reason = models.CharField("说明", max_length=200, blank=True)
    contact = models.CharField("联系人", max_length=40, blank=True)
    businesses = models.PositiveIntegerField("家数", default=0)
    # What it wrote beside coverage, by model, so that voiding finds it again.
    wrote = models.JSONField(default=dict, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="经办",
    )
    at = models.DateTimeField("办理时间")
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
        INTERNAL: "id kind organization building grid on paper_by paper_number paper_on"
        " reason contact businesses wrote by at voided_at voided_by void_reason"
    }

    objects = CoverageActQuerySet.as_manager()

    class Meta:
        verbose_name = "覆盖办理"
        indexes = [models.Index(fields=["organization", "-at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(voided_at=None) | ~Q(void_reason=""),
                name="coverage_act_voided_with_a_reason",
            )
        ]

    def __str__(self):
        return f"{self.organization} {self.get_kind_display()}"

    def get_absolute_url(self):
        return reverse("enterprises:coverage_act", args=[self.pk])

    @property
    def place(self):
        """The building or grid that it took in, None for one that took in neither."""
        return self.building or self.grid

    @property
    def is_founding(self):
        """Did it make or end the organisation itself?"""
        return self.kind in (self.Kind.SET_UP, self.Kind.DISSOLVE)

    @property
    def mode(self):
        """The mode that it began, None for one that only ended."""
        return self.MODES.get(self.kind)


class AdviserQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        return self.filter(grid__in=Grid.objects.visible_to(user, having))


@tracked()
class Adviser(models.Model):
    """A Party adviser (党建指导员), by title."""

    class Employment(models.TextChoices):
        FULL_TIME = "full", "专职"
        PART_TIME = "part", "兼职"

    class Level(models.TextChoices):
        CITY = "city", "市级派驻"
        DISTRICT = "district", "区级派驻"
        STREET = "street", "街镇派驻"

    title = models.CharField("称呼", max_length=40)
    employment = models.CharField("专职或兼职", max_length=4, choices=Employment)
    level = models.CharField("驻派等级", max_length=8, choices=Level)
    unit = models.CharField("所在单位", max_length=80, blank=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="advisers", verbose_name="网格"
    )

    VISIBILITY = {OPEN: "id title employment level grid", INTERNAL: "unit"}

    objects = AdviserQuerySet.as_manager()

    class Meta:
        verbose_name = "党建指导员"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "title"], name="one_adviser_of_a_title"
            )
        ]

    def __str__(self):
        return f"{self.title}（{self.get_employment_display()}）"


class AdviserAssignmentQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        """Of buildings in sight, and of businesses in sight."""
        return self.filter(
            Q(building__in=Building.objects.visible_to(user, having))
            | Q(business__in=Business.objects.visible_to(user))
        )

    def in_force(self, day=None):
        return self.filter(in_force(day))

    def of(self, business):
        """Those of the business itself, and of the building in which it sits."""
        mine = Q(business=business)
        if business.building_id:
            mine |= Q(building=business.building_id)
        return self.filter(mine)


@tracked()
class AdviserAssignment(models.Model):
    """An adviser for a business, or for all of a building, dated.

    Work coverage (工作覆盖): shown beside the cascade, never counted as
    organisation coverage.
    """

    adviser = models.ForeignKey(
        Adviser, models.PROTECT, related_name="assignments", verbose_name="指导员"
    )
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="advised",
        verbose_name="企业商户",
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="advised",
        verbose_name="楼宇",
    )
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)
    end_reason = models.CharField("结束原因", max_length=120, blank=True)

    VISIBILITY = {INTERNAL: "id adviser business building since until end_reason"}

    objects = AdviserAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = "指导员派驻"
        constraints = [
            models.CheckConstraint(
                condition=Q(business=None) ^ Q(building=None),
                name="adviser_of_a_business_or_a_building",
            ),
            models.UniqueConstraint(
                fields=["adviser", "business"],
                condition=Q(until=None),
                name="adviser_once_for_a_business",
            ),
            models.UniqueConstraint(
                fields=["adviser", "building"],
                condition=Q(until=None),
                name="adviser_once_for_a_building",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="adviser_ends_after_beginning",
            ),
        ]

    def __str__(self):
        return f"{self.adviser} {self.place}"

    @property
    def place(self):
        return self.business or self.building
