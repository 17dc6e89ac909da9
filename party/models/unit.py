"""The units that work with the Party organisations, and who speaks for each."""

from django.db import models
from django.db.models import Q

from accounts.rights import BY_UNIT, Right, posts_with
from grids.models import Grid
from grids.models.territory import governed
from party.models.organization import PartyOrganization
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked


class MemberUnitQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """Units of the grids governed, of one's organisations' grids, and one's own."""
        organizations = PartyOrganization.objects.served_by(user, having)
        posts = posts_with(user, having, among=BY_UNIT)
        return self.filter(
            Q(grid__among=governed(user, having))
            | Q(grid__organizations__in=organizations)
            | Q(officers__post__in=posts)
        ).distinct()


@tracked()
class MemberUnit(models.Model):
    """A member unit of the conference (成员单位): 城运, 城管, 公安, 市场监管 …"""

    name = models.CharField("名称", max_length=80, unique=True)
    field = models.CharField("领域", max_length=40, blank=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="units", verbose_name="网格"
    )

    VISIBILITY = {OPEN: "id name field grid"}

    objects = MemberUnitQuerySet.as_manager()

    class Meta:
        verbose_name = "成员单位"
        ordering = ["pk"]

    def __str__(self):
        return self.name


class UnitOfficerQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(unit__in=MemberUnit.objects.visible_to(user))


@tracked()
class UnitOfficer(models.Model):
    """Narrows a unit officer's post to the unit served."""

    post = models.ForeignKey("grids.Post", models.PROTECT, related_name="unit_offices")
    unit = models.ForeignKey(MemberUnit, models.PROTECT, related_name="officers")

    VISIBILITY = {INTERNAL: "id post unit"}

    objects = UnitOfficerQuerySet.as_manager()

    class Meta:
        verbose_name = "成员单位任职"
        constraints = [
            models.UniqueConstraint(fields=["post", "unit"], name="one_unit_a_post")
        ]

    def __str__(self):
        return f"{self.unit} {self.post}"
