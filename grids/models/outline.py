"""Outlines on the map (轮廓): the ground that a grid or a building takes up."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from grids.coordinates import System
from grids.models.territory import Building, Grid
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked


class OutlineQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(
            Q(grid__in=Grid.objects.visible_to(user))
            | Q(building__in=Building.objects.visible_to(user))
        )


@tracked()
class Outline(models.Model):
    """The shape of one grid or of one building; another file replaces it.

    `shape` is a geometry of GeoJSON (RFC 7946), Polygon or MultiPolygon, in WGS-84;
    `source_crs` keeps the system that it was read in.
    """

    grid = models.OneToOneField(
        Grid, models.PROTECT, null=True, related_name="outline", verbose_name="网格"
    )
    building = models.OneToOneField(
        Building, models.PROTECT, null=True, related_name="outline", verbose_name="楼宇"
    )
    shape = models.JSONField("形状")
    source_crs = models.CharField("坐标来源", max_length=10, choices=System)
    # Drawn by hand to show where things are, not measured: the map says 示意图.
    sketched = models.BooleanField("示意图", default=False)
    updated_at = models.DateTimeField("更新时间", default=timezone.now, editable=False)

    VISIBILITY = {
        OPEN: "id grid building shape source_crs sketched",
        INTERNAL: "updated_at",
    }

    objects = OutlineQuerySet.as_manager()

    class Meta:
        verbose_name = "地图轮廓"
        constraints = [
            models.CheckConstraint(
                condition=Q(grid=None) ^ Q(building=None),
                name="outline_of_one_thing",
            )
        ]

    def __str__(self):
        return f"{self.grid or self.building}的轮廓"
