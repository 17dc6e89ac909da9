"""Ledger files that came in: batches and their rows."""

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.rights import Right
from grids.models import Grid
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.governed_by(user, Right.IMPORT))

    def for_list(self):
        return self.select_related("grid", "by").order_by("-uploaded_at")


@tracked(exclude=["file"])
class ImportBatch(models.Model):
    """One ledger file: what it said, what it would change, what it changed."""

    class State(models.TextChoices):
        READ = "read", "待确认"
        APPLYING = "applying", "正在写入"
        APPLIED = "applied", "已写入"
        FAILED = "failed", "未写入"
        DROPPED = "dropped", "已放弃"

    # The states each step may start from.
    STEPS = {
        "start": {State.READ, State.FAILED},
        "finish": {State.APPLYING},
        "fail": {State.APPLYING},
        "drop": {State.READ, State.FAILED},
    }

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="imports", verbose_name="网格"
    )
    file_name = models.CharField("文件", max_length=200)
    file = models.BinaryField(editable=False)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="导入人",
    )
    uploaded_at = models.DateTimeField("上传时间")
    applied_at = models.DateTimeField("写入时间", null=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.READ)
    failure = models.CharField("未写入的原因", max_length=200, blank=True)
    # Counts of rows and the recognised sheets and columns; problems stand in ImportRow.
    summary = models.JSONField(default=dict)

    VISIBILITY = {
        INTERNAL: "id grid file_name sha256 by uploaded_at applied_at state failure"
        " summary",
        SEALED: "file",
    }

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "导入批次"

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("enterprises:import_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}


class ImportRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(batch__in=ImportBatch.objects.visible_to(user))


@noted
class ImportRow(models.Model):
    """One row of a file: what came of it, its values, and the values it replaced."""

    class Result(models.TextChoices):
        NEW = "new", "新增"
        CHANGED = "changed", "变更"
        SAME = "same", "未变"
        REJECTED = "rejected", "未收"
        DUPLICATE = "duplicate", "重复"

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    sheet = models.CharField("工作表", max_length=60)
    number = models.PositiveIntegerField("行")
    result = models.CharField("结果", max_length=10, choices=Result)
    model = models.CharField(max_length=12)  # business | building
    target = models.BigIntegerField(null=True)  # pk of the row written or matched
    name = models.CharField("名称", max_length=120, blank=True)
    # field -> [before, after]; before is what a revert puts back.
    changes = models.JSONField(default=dict)
    # [{column, value, message, level}]
    problems = models.JSONField(default=list)
    cells = models.JSONField(default=list)  # as read, for the workbook of wrong rows

    VISIBILITY = {
        INTERNAL: "id batch sheet number result model target name",
        PERSONAL: "changes problems cells",
    }

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = "导入行"
        ordering = ["pk"]
        indexes = [models.Index(fields=["batch", "result"])]

    def __str__(self):
        return f"{self.sheet} {self.number}"
