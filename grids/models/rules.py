"""The rules by which a grid's clocks run: dated, and inherited from the grid above."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.rights import Right
from grids.models.territory import Grid
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked


class GridRulesQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_TERRITORY):
        return self.filter(grid__in=Grid.objects.visible_to(user, having))


def _number(label, least, most):
    return models.PositiveSmallIntegerField(
        label,
        null=True,
        blank=True,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
    )


@tracked()
class GridRules(models.Model):
    """What a grid laid down for itself, all of it, from a day until its next row.

    An empty value is that of the grid above on the same day, and above the topmost
    one stands DEFAULTS. Read through `grids.rules.Rules`.
    """

    # DESIGN.md section 3: effective coverage, deadlines; a branch is due at three full
    # members (党章), and every business in operation counts for the official rates.
    DEFAULTS = {
        "new_within": 5,
        "priority_every": 30,
        "others_every": 90,
        "ordinary_within": 5,
        "hard_within": 15,
        "urgent_within": 1,
        "told_within": 3,
        "enterprises_take_part": True,
        "merchants_take_part": False,
        "counted_from_staff": 0,
        "must_build_at": 3,
    }

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="rules", verbose_name="网格"
    )
    since = models.DateField("起")
    # Working days after discovery; days after the last visit.
    new_within = _number("新发现首访期限（工作日）", 1, 60)
    priority_every = _number("重点走访周期（天）", 1, 365)
    others_every = _number("一般走访周期（天）", 1, 730)
    # Working days after a demand was raised, and after something came of it.
    ordinary_within = _number("一般诉求期限（工作日）", 1, 120)
    hard_within = _number("疑难诉求期限（工作日）", 1, 240)
    urgent_within = _number("紧急安全诉求期限（工作日）", 1, 10)
    told_within = _number("回告期限（工作日）", 1, 30)
    # Does having taken part count for effective coverage?
    enterprises_take_part = models.BooleanField("企业看参与服务", null=True, blank=True)
    merchants_take_part = models.BooleanField("商户看参与服务", null=True, blank=True)
    # The official rates: who counts as operating, who must have an organisation.
    counted_from_staff = _number("实体运营最低从业人数", 0, 10000)
    must_build_at = _number("应建党组织的正式党员数", 1, 100)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="设定人",
    )
    set_at = models.DateTimeField("设定时间")

    VISIBILITY = {
        INTERNAL: "id grid since new_within priority_every others_every"
        " ordinary_within hard_within urgent_within told_within enterprises_take_part"
        " merchants_take_part counted_from_staff must_build_at set_by set_at",
    }

    objects = GridRulesQuerySet.as_manager()

    class Meta:
        verbose_name = "周期和期限"
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "since"], name="grid_rules_once_from_a_day"
            ),
            models.CheckConstraint(
                # A cycle or deadline of nought days could never be kept.
                condition=~Q(new_within=0)
                & ~Q(priority_every=0)
                & ~Q(others_every=0)
                & ~Q(ordinary_within=0)
                & ~Q(hard_within=0)
                & ~Q(urgent_within=0)
                & ~Q(told_within=0)
                & ~Q(must_build_at=0),
                name="grid_rules_are_of_a_day_or_more",
            ),
        ]

    def __str__(self):
        return f"{self.grid} {self.since}"

    @property
    def values(self):
        """What the row itself says, None where it leaves a value to the grid above."""
        return {name: getattr(self, name) for name in self.DEFAULTS}
