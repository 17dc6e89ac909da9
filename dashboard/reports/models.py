"""Reports: figures of a period as they were read, kept with the files made of them."""

import datetime as dt

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import Right
from dashboard.reports import periods
from dashboard.reports.periods import Rule, Span
from grids.models import Grid
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked

LEFT_ALONE = dt.timedelta(minutes=10)  # after that the worker is known to be gone


class ReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.governed_by(user, Right.SEE_REPORTS))

    def for_list(self):
        rows = self.select_related("grid", "by").defer("figures")
        return rows.order_by("-at", "-pk")


@tracked(exclude=["figures"])
class Report(models.Model):
    """The figures of a grid in a period, frozen with the day on which they were read."""

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "正在生成"
        DONE = "done", "已生成"
        FAILED = "failed", "没有做成"

    # From which states each step goes.
    STEPS = {
        "begin": {State.QUEUED},
        "finish": {State.RUNNING},
        "fail": {State.QUEUED, State.RUNNING},
        "retry": {State.FAILED, State.QUEUED, State.RUNNING},
    }
    STAGES = ("读取指标", "写 Word 文档", "写 Excel 表")

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="reports", verbose_name="网格"
    )
    span = models.CharField("报告", max_length=10, choices=Span)
    rule = models.CharField("统计期", max_length=10, choices=Rule)
    start = models.DateField("开始日期")
    end = models.DateField("结束日期")
    state = models.CharField("状态", max_length=10, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField("第几次", default=1)
    stage = models.PositiveSmallIntegerField("做到第几步", default=0)
    told_at = models.DateTimeField("最近进展")
    failure = models.CharField("没有做成的原因", max_length=200, blank=True)
    # [{code, name, figures: [as figures.json has them]}], the report's own grid first.
    figures = models.JSONField("指标", default=list)
    as_of = models.DateTimeField("数据截至", null=True, blank=True)
    day = models.DateField("读数日", null=True, blank=True)
    docx = models.CharField(max_length=40, blank=True, editable=False)
    xlsx = models.CharField(max_length=40, blank=True, editable=False)
    docx_sha256 = models.CharField("Word 指纹", max_length=64, blank=True)
    xlsx_sha256 = models.CharField("Excel 指纹", max_length=64, blank=True)
    origin = models.CharField("站点", max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="reports",
        verbose_name="谁做的",
    )
    at = models.DateTimeField("何时要的")

    VISIBILITY = {
        INTERNAL: "id grid span rule start end state tries stage told_at failure"
        " figures as_of day docx_sha256 xlsx_sha256 origin by at",
        SEALED: "docx xlsx",
    }

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = "报告"
        indexes = [models.Index(fields=["grid", "-at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lte=F("end")), name="report_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(as_of__isnull=False, day__isnull=False) & ~Q(docx="") & ~Q(xlsx=""),
                name="report_done_has_files",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="reports_stay", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="done_reports_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state="done"),
            ),
        ]

    def __str__(self):
        return f"{self.grid.name}{self.period_name}{self.kind_name}"

    def get_absolute_url(self):
        return reverse("dashboard:report_detail", args=[self.pk])

    @property
    def period_name(self):
        return periods.name_of(self.span, self.start, self.end)

    @property
    def kind_name(self):
        return "数据报告"

    @property
    def at_work(self):
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def stage_name(self):
        return self.STAGES[min(self.stage, len(self.STAGES) - 1)]

    def is_abandoned(self, now):
        return self.at_work and now - self.told_at > LEFT_ALONE

    def open_steps(self, now):
        """A report at which a worker is cannot be begun again beside him."""
        steps = {step for step, states in self.STEPS.items() if self.state in states}
        if self.at_work and not self.is_abandoned(now):
            steps.discard("retry")
        return steps
