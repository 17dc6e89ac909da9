"""Service brands (服务品牌): data, kept as a list of values."""

from django.db import models

from tianshan.audit.classes import OPEN
from tianshan.audit.history import tracked


class ServiceBrandQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A list of values, the same for everybody."""
        return self

    def offered(self):
        return self.filter(active=True)


@tracked()
class ServiceBrand(models.Model):
    """A brand under which the street gives services: one of 五个YI, for one.

    The seed page names three of the five, 益企讲堂, 艺享空间, 医靠驿站; others are
    added as the street names them.
    """

    name = models.CharField("名称", max_length=30, unique=True)
    about = models.CharField("做什么", max_length=120, blank=True)
    position = models.PositiveSmallIntegerField("次序", default=100)
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {OPEN: "id name about position active"}

    objects = ServiceBrandQuerySet.as_manager()

    class Meta:
        verbose_name = "服务品牌"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""), name="brand_has_a_name"
            )
        ]

    def __str__(self):
        return self.name
