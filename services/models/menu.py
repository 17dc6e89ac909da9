"""The menu (服务菜单): what a business may order, by brand."""

from django.db import models

from accounts.rights import Right
from party.models import Station
from services.models.brand import ServiceBrand
from tianshan.audit.classes import OPEN
from tianshan.audit.history import tracked


class MenuItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A list of values, the same for everybody; the cards show it too."""
        return self

    def offered(self):
        """What can be ordered now: of a brand that is offered, itself not switched off."""
        return self.filter(active=True, brand__active=True)

    def for_list(self):
        return (
            self.select_related("brand")
            .prefetch_related("givers__station")
            .order_by("brand__position", "brand", "position", "pk")
        )


@tracked()
class MenuItem(models.Model):
    """One service on the menu, in the words of those who order it."""

    brand = models.ForeignKey(
        ServiceBrand, models.PROTECT, related_name="items", verbose_name="品牌"
    )
    name = models.CharField("服务", max_length=40)
    what = models.CharField("做什么", max_length=200)
    for_whom = models.CharField("给谁", max_length=60)
    lasts = models.CharField("多久", max_length=30)
    position = models.PositiveSmallIntegerField("次序", default=100)
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {OPEN: "id brand name what for_whom lasts position active"}

    objects = MenuItemQuerySet.as_manager()

    class Meta:
        verbose_name = "服务菜单"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "name"], name="one_service_of_a_name"
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(what=""),
                name="service_says_what_it_is",
            ),
        ]

    def __str__(self):
        return self.name


class MenuStationQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_STATIONS):
        return self.filter(station__in=Station.objects.visible_to(user, having))


@tracked()
class MenuStation(models.Model):
    """That a station can give a service."""

    item = models.ForeignKey(
        MenuItem, models.PROTECT, related_name="givers", verbose_name="服务"
    )
    station = models.ForeignKey(
        Station, models.PROTECT, related_name="services_given", verbose_name="阵地"
    )

    VISIBILITY = {OPEN: "id item station"}

    objects = MenuStationQuerySet.as_manager()

    class Meta:
        verbose_name = "能提供的阵地"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "station"], name="one_giver_of_a_service"
            )
        ]

    def __str__(self):
        return f"{self.station} {self.item}"
