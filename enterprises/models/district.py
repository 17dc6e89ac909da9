"""What goes to and fro with the district: answers on what its file lacks, templates
of its forms, and what was written out by them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.rights import Right
from enterprises.models.business import Business
from enterprises.models.imported import ImportBatch
from grids.models import Grid
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked


class MissingAnswerQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(batch__in=ImportBatch.objects.visible_to(user))


@tracked()
class MissingAnswer(models.Model):
    """What somebody found out about a business of ours that the district's file lacks.

    Nothing is deleted for not being in a file: each answer is an act of its own, and
    what it changed is put right by the usual acts of the business.
    """

    class Answer(models.TextChoices):
        HERE = "here", "还在，区里漏了"
        CLOSED = "closed", "已经注销"
        MOVED = "moved", "已经迁出"
        MOVED_WITHIN = "moved_within", "在网格里搬了"
        NOT_OURS = "not_ours", "不归本网格"
        TWIN = "twin", "和另一家是同一家"

    # Those that leave the business as it is, so that it stays to be explained.
    STAYS = frozenset({Answer.HERE, Answer.MOVED_WITHIN, Answer.NOT_OURS, Answer.TWIN})

    batch = models.ForeignKey(
        ImportBatch, models.CASCADE, related_name="answers", verbose_name="导入批次"
    )
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        related_name="missing_answers",
        verbose_name="企业商户",
    )
    answer = models.CharField("查明", max_length=12, choices=Answer)
    twin = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="另一家",
    )
    grid = models.ForeignKey(
        Grid,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="归哪个网格",
    )
    note = models.CharField("说明", max_length=200, blank=True)
    on = models.DateField("日期")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="谁查明的",
    )
    at = models.DateTimeField("何时")

    VISIBILITY = {INTERNAL: "id batch business answer twin grid note on by at"}

    objects = MissingAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = "缺少的核实"
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "business"], name="one_answer_on_a_missing_business"
            ),
            models.CheckConstraint(
                condition=Q(answer="twin") | Q(twin=None),
                name="only_a_twin_names_another",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.get_answer_display()}"


class ExportTemplateQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.governed_by(user, Right.IMPORT))

    def for_list(self):
        return self.select_related("grid", "by").defer("file").order_by("name", "pk")


@tracked(exclude=["file"])
class ExportTemplate(models.Model):
    """A workbook of the authority's own, to be filled with rows of our ledgers."""

    name = models.CharField("名称", max_length=80)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="export_templates", verbose_name="网格"
    )
    file_name = models.CharField("模板文件", max_length=200)
    file = models.BinaryField(editable=False)
    sha256 = models.CharField(max_length=64)
    # For each sheet: name, on, ledger, heading rows, first row of data, the headings,
    # which column of the ledger each holds, and the filter as a query string.
    sheets = models.JSONField("对列", default=list)
    # What the file held that a filled copy will not (pictures and the like).
    notes = models.JSONField("提示", default=list)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="谁改的",
    )
    at = models.DateTimeField("更新时间")

    VISIBILITY = {
        INTERNAL: "id name grid file_name sha256 sheets notes by at",
        SEALED: "file",
    }

    objects = ExportTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "上报模板"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "name"], name="one_template_of_a_name"
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("enterprises:template_detail", args=[self.pk])


class ExportRunQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(template__in=ExportTemplate.objects.visible_to(user))

    def for_list(self):
        return self.select_related("template", "template__grid", "by").order_by("-at")


@tracked()
class ExportRun(models.Model):
    """One filling of a template: who, when, how many rows, by which filter."""

    template = models.ForeignKey(
        ExportTemplate, models.PROTECT, related_name="runs", verbose_name="上报模板"
    )
    # [{sheet, ledger, rows, filter}], as they were written.
    sheets = models.JSONField("写出", default=list)
    rows = models.PositiveIntegerField("行数")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁"
    )
    at = models.DateTimeField("何时")

    VISIBILITY = {INTERNAL: "id template sheets rows by at"}

    objects = ExportRunQuerySet.as_manager()

    class Meta:
        verbose_name = "按模板导出"

    def __str__(self):
        return f"{self.template} {self.rows}"
