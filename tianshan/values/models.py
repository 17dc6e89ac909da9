"""Extra fields: what an administrator has a ledger hold besides what is built in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL
from tianshan.audit.history import tracked


class ExtraFieldQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What is asked is no secret; the answers are guarded with their rows."""
        return self


@tracked()
class ExtraField(models.Model):
    """One extra field of a ledger: its type, its words, who may see what it holds.

    The answers stand in the column `extra` of the ledger's model, under `key`, as
    `tianshan.values.typed` stores them.
    """

    class Type(models.TextChoices):
        TEXT = "text", "文字"
        WHOLE = "whole", "整数"
        DECIMAL = "decimal", "小数"
        DATE = "date", "日期"
        YES_NO = "yes_no", "是或否"
        CHOICE = "choice", "选项"

    class Visibility(models.TextChoices):
        OPEN = OPEN, "公开"
        INTERNAL = INTERNAL, "内部"
        PERSONAL = PERSONAL, "个人信息"

    of = models.CharField("台账", max_length=20)  # key of a carrier
    # Of businesses: the kinds that are asked it; none is all.
    kinds = ArrayField(
        models.CharField(max_length=12), default=list, blank=True, verbose_name="类别"
    )
    label = models.CharField("名称", max_length=30)
    type = models.CharField("类型", max_length=10, choices=Type)
    choices = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name="选项"
    )
    help = models.CharField("提示", max_length=80, blank=True)
    visibility = models.CharField(
        "可见范围", max_length=10, choices=Visibility, default=Visibility.INTERNAL
    )
    required = models.BooleanField("必填", default=False)
    position = models.PositiveSmallIntegerField("次序", default=100)
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {
        OPEN: "id of kinds label type choices help visibility required position active"
    }

    objects = ExtraFieldQuerySet.as_manager()

    class Meta:
        verbose_name = "附加字段"
        ordering = ["of", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["of", "label"], name="extra_label_once"),
            models.CheckConstraint(
                condition=Q(type="choice", choices__len__gt=0)
                | (~Q(type="choice") & Q(choices__len=0)),
                name="extra_choices_with_choice",
            ),
            models.CheckConstraint(condition=~Q(label=""), name="extra_has_a_label"),
        ]

    def __str__(self):
        return self.label

    @property
    def key(self):
        """Its name in `extra`, in addresses and as a column; it never changes."""
        return f"x{self.pk}"

    @property
    def personal(self):
        return self.visibility == self.Visibility.PERSONAL

    def asks(self, kind):
        """Is it asked of rows of this kind?"""
        return not self.kinds or kind in self.kinds
