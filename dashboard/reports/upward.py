"""对上报表: an authority's own form, its issues with their cells, who asked for what."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import Right
from dashboard.reports import periods
from dashboard.reports.models import LEFT_ALONE
from dashboard.reports.periods import Rule, Span
from grids.models import Grid, Post
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked
from tianshan.workdays.calendar import Calendar
from tianshan.workdays.lights import light

USER = settings.AUTH_USER_MODEL
SPANS = [(one.value, one.label) for one in (Span.MONTH, Span.QUARTER, Span.YEAR)]


class UpwardFormQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_REPORTS):
        return self.filter(grid__in=Grid.objects.governed_by(user, having))

    def in_use(self):
        return self.filter(ended_on=None)

    def for_list(self):
        people = ("filler__user", "checker__user", "signer__user")
        rows = self.select_related("grid", *people).defer("file")
        return rows.order_by("ended_on", "due_day", "pk")


@tracked(exclude=["file"])
class UpwardForm(models.Model):
    """A form of an authority: its file, what goes where, by when, and who does what."""

    class Moved(models.TextChoices):
        LATER = "later", "遇休息日顺延到下一个工作日"
        EARLIER = "earlier", "遇休息日提前到前一个工作日"

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="upward_forms", verbose_name="哪个网格的"
    )
    name = models.CharField("报表名称", max_length=80)
    authority = models.CharField("报给哪个单位", max_length=80)
    kind = models.CharField("模板种类", max_length=4, editable=False)
    file = models.BinaryField("模板")
    file_name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("指纹", max_length=64)
    notes = models.JSONField("提示", default=list)
    # [{place, label, source, key, …}]: see `dashboard.reports.sources`.
    fields = models.JSONField("填什么", default=list)
    span = models.CharField("多久报一次", max_length=10, choices=SPANS)
    rule = models.CharField("统计期", max_length=10, choices=Rule)
    since = models.DateField("从哪天起的统计期开始报")
    due_day = models.PositiveSmallIntegerField("几日前报")
    moved = models.CharField(
        "休息日", max_length=10, choices=Moved, default=Moved.LATER
    )
    filler = models.ForeignKey(
        Post, models.PROTECT, related_name="+", verbose_name="填报"
    )
    checker = models.ForeignKey(
        Post, models.PROTECT, related_name="+", verbose_name="审核"
    )
    signer = models.ForeignKey(
        Post, models.PROTECT, related_name="+", verbose_name="签发"
    )
    ended_on = models.DateField("停报", null=True, blank=True)
    by = models.ForeignKey(USER, models.PROTECT, related_name="+", verbose_name="经办")
    at = models.DateTimeField("更新时间")

    VISIBILITY = {
        INTERNAL: "id grid name authority kind file file_name sha256 notes fields span"
        " rule since due_day moved filler checker signer ended_on by at"
    }

    objects = UpwardFormQuerySet.as_manager()

    class Meta:
        verbose_name = "对上报表"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "name"],
                name="upward_form_name_once",
                violation_error_message="这个网格已经有叫这个名称的报表。",
            ),
            models.CheckConstraint(
                condition=Q(due_day__range=(1, 31)), name="upward_form_due_day"
            ),
            models.CheckConstraint(
                condition=~Q(filler=F("checker"))
                & ~Q(filler=F("signer"))
                & ~Q(checker=F("signer")),
                name="upward_form_three_posts",
                violation_error_message="填报、审核、签发要由三个不同的岗位。",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("dashboard:form_detail", args=[self.pk])

    def due_on(self, end):
        """The first such day of a month after the period's end, moved to a working day."""
        month, due = end.replace(day=1), None
        while due is None or due <= end:
            last = (month + 31 * periods.DAY).replace(day=1) - periods.DAY
            due = month.replace(day=min(self.due_day, last.day))
            month = last + periods.DAY
        calendar = Calendar.load()
        step = periods.DAY if self.moved == self.Moved.LATER else -periods.DAY
        while not calendar.is_workday(due):
            due += step
        return due

    def period_name(self, start, end):
        return periods.name_of(self.span, start, end)

    def owed_period(self, day):
        """The latest period that is over and has to be reported, or None."""
        start, end = periods.ended_before(self.span, self.rule, day)
        if end < self.since or (self.ended_on and self.ended_on <= end):
            return None
        return start, end


class FilingQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_REPORTS):
        return self.filter(form__grid__in=Grid.objects.governed_by(user, having))

    def counting(self):
        """Those that stand for their period: not what was voided."""
        return self.exclude(state=Filing.State.VOIDED)

    def for_list(self):
        people = ("counted_by", "submitted_by", "checked_by", "signed_by")
        rows = self.select_related("form__grid", *people).defer("form__file")
        return rows.order_by("-end", "-pk")


@tracked()
class Filing(models.Model):
    """One issue of a form (一期): counted, filled in, checked, signed, then frozen."""

    class State(models.TextChoices):
        COUNTING = "counting", "取数中"
        FAILED = "failed", "没有取成"
        FILLING = "filling", "填报"
        CHECKING = "checking", "待审核"
        SIGNING = "signing", "待签发"
        SIGNED = "signed", "已签发"
        VOIDED = "voided", "已作废"

    # From which states each step goes.
    STEPS = {
        "count": {State.COUNTING},
        "fail": {State.COUNTING},
        "recount": {State.FILLING, State.FAILED, State.COUNTING},
        "correct": {State.FILLING},
        "submit": {State.FILLING},
        "check": {State.CHECKING},
        "send_back": {State.CHECKING, State.SIGNING},
        "sign": {State.SIGNING},
        "void": {State.FILLING, State.FAILED, State.CHECKING, State.SIGNING},
    }

    form = models.ForeignKey(
        UpwardForm, models.PROTECT, related_name="filings", verbose_name="报表"
    )
    start = models.DateField("开始日期")
    end = models.DateField("结束日期")
    due_on = models.DateField("期限")
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.COUNTING
    )
    tries = models.PositiveSmallIntegerField("第几次取数", default=1)
    told_at = models.DateTimeField("最近进展")
    failure = models.CharField("没有取成的原因", max_length=200, blank=True)
    as_of = models.DateTimeField("数据截至", null=True, blank=True)
    counted_by = models.ForeignKey(
        USER, models.PROTECT, related_name="+", verbose_name="谁取的数"
    )
    submitted_by = models.ForeignKey(
        USER, models.PROTECT, null=True, related_name="+", verbose_name="填报"
    )
    submitted_at = models.DateTimeField("填报时间", null=True)
    checked_by = models.ForeignKey(
        USER, models.PROTECT, null=True, related_name="+", verbose_name="审核"
    )
    checked_at = models.DateTimeField("审核时间", null=True)
    signed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, related_name="+", verbose_name="签发"
    )
    signed_at = models.DateTimeField("签发时间", null=True)
    back = models.CharField("退回原因", max_length=200, blank=True)
    void_reason = models.CharField("作废原因", max_length=200, blank=True)
    file = models.CharField(max_length=40, blank=True, editable=False)
    sha256 = models.CharField("指纹", max_length=64, blank=True)

    VISIBILITY = {
        INTERNAL: "id form start end due_on state tries told_at failure as_of"
        " counted_by submitted_by submitted_at checked_by checked_at signed_by"
        " signed_at back void_reason sha256",
        SEALED: "file",
    }

    objects = FilingQuerySet.as_manager()

    class Meta:
        verbose_name = "报表的一期"
        constraints = [
            models.UniqueConstraint(
                fields=["form", "start"],
                condition=~Q(state="voided"),
                name="one_filing_a_period",
            ),
            models.CheckConstraint(
                condition=Q(checked_by=None)
                | Q(submitted_by__isnull=False) & ~Q(checked_by=F("submitted_by")),
                name="filing_checked_by_another",
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None)
                | Q(checked_by__isnull=False)
                & ~Q(signed_by=F("submitted_by"))
                & ~Q(signed_by=F("checked_by")),
                name="filing_signed_by_a_third",
            ),
            models.CheckConstraint(
                condition=~Q(state="signed") | Q(signed_by__isnull=False) & ~Q(file=""),
                name="filing_signed_has_its_file",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="filings_stay", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="signed_filings_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["signed", "voided"]),
            ),
        ]

    def __str__(self):
        return f"{self.form.name}（{self.period_name}）"

    def get_absolute_url(self):
        return reverse("dashboard:filing_detail", args=[self.pk])

    @property
    def period_name(self):
        return self.form.period_name(self.start, self.end)

    def is_abandoned(self, now):
        return self.state == self.State.COUNTING and now - self.told_at > LEFT_ALONE

    def open_steps(self, now):
        steps = {step for step, states in self.STEPS.items() if self.state in states}
        if self.state == self.State.COUNTING and not self.is_abandoned(now):
            steps.discard("recount")
        return steps

    def light(self, day):
        if self.state in (self.State.SIGNED, self.State.VOIDED):
            return None
        return light(self.end, self.due_on, day)

    @property
    def owed_by(self):
        """Whose turn it is: a post of the form."""
        turns = {
            self.State.CHECKING: self.form.checker,
            self.State.SIGNING: self.form.signer,
            self.State.SIGNED: None,
            self.State.VOIDED: None,
        }
        return turns.get(self.state, self.form.filler)

    def last(self):
        """The signed issue before this one."""
        signed = Filing.objects.filter(form=self.form_id, state=Filing.State.SIGNED)
        return signed.filter(end__lt=self.start).order_by("-end").first()


CELL_STAYS = pgtrigger.Trigger(
    name="cells_of_signed_filings_stay",
    when=pgtrigger.Before,
    operation=pgtrigger.Update | pgtrigger.Delete,
    func="""
        IF EXISTS (SELECT FROM dashboard_filing WHERE id = OLD.filing_id
                   AND state IN ('checking', 'signing', 'signed', 'voided')) THEN
            RAISE EXCEPTION 'cells change while the form is being filled in alone'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    """,
)


class FilingCellQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(filing__in=Filing.objects.visible_to(user))


@tracked()
class FilingCell(models.Model):
    """What stands in one place of a form: what was counted, and what somebody put
    there instead, with why."""

    filing = models.ForeignKey(
        Filing, models.PROTECT, related_name="cells", verbose_name="一期"
    )
    order = models.PositiveSmallIntegerField("次序")
    place = models.CharField("位置", max_length=120)
    label = models.CharField("名称", max_length=80)
    source = models.CharField("来源", max_length=10)
    # What it was counted from: figure, view or fact, with unit, parts and address.
    origin = models.JSONField("取数", default=dict)
    counted = models.CharField("系统取的数", max_length=200, blank=True)
    said = models.CharField("改为", max_length=200, blank=True)
    reason = models.CharField("为什么改", max_length=200, blank=True)
    said_by = models.ForeignKey(
        USER, models.PROTECT, null=True, related_name="+", verbose_name="谁改的"
    )
    said_at = models.DateTimeField("何时改的", null=True)

    VISIBILITY = {
        INTERNAL: "id filing order place label source origin counted said reason"
        " said_by said_at"
    }

    objects = FilingCellQuerySet.as_manager()

    class Meta:
        verbose_name = "报表的一格"
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["filing", "place"], name="cell_place_once"),
            models.CheckConstraint(
                condition=Q(said="")
                | Q(said_by__isnull=False) & (Q(source="typed") | ~Q(reason="")),
                name="cell_said_with_a_reason",
            ),
        ]
        triggers = [CELL_STAYS]

    def __str__(self):
        return self.label

    @property
    def shown(self):
        """What goes into the form: "" where there is no data."""
        return self.said or self.counted

    @property
    def unit(self):
        return self.origin.get("unit", "")

    @property
    def is_missing(self):
        return self.source == "typed" and not self.said

    @property
    def is_unread(self):
        """A list of which the rows could not be read."""
        return self.source == "rows" and "rows" not in self.origin

    @property
    def compared(self):
        """What tells whether it differs from the last issue's."""
        return self.origin.get("rows", self.shown)


class FormRequestQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_REPORTS):
        return self.filter(grid__in=Grid.objects.governed_by(user, having))

    def for_list(self):
        joins = ("grid", "form", "answer__form", "by")
        rows = self.select_related(*joins).defer("form__file", "answer__form__file")
        return rows.order_by("-asked_on", "-pk")


@tracked()
class FormRequest(models.Model):
    """索表登记: who asked for which form, when, on what basis, and what answered it."""

    class Often(models.TextChoices):
        ONCE = "once", "一次"
        MONTH = "month", "每月"
        QUARTER = "quarter", "每季度"
        YEAR = "year", "每年"
        IRREGULAR = "irregular", "不定期"

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="form_requests", verbose_name="向谁要"
    )
    asked_by = models.CharField("要表单位", max_length=80)
    name = models.CharField("要什么表", max_length=80)
    asked_on = models.DateField("哪天要的")
    basis = models.CharField("依据", max_length=200)
    often = models.CharField("多久一次", max_length=10, choices=Often)
    fields = ArrayField(models.CharField(max_length=60), verbose_name="要哪些数")
    form = models.ForeignKey(
        UpwardForm,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name="对应的报表",
    )
    answer = models.ForeignKey(
        Filing,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name="用哪一期答复",
    )
    answered_on = models.DateField("答复日期", null=True, blank=True)
    by = models.ForeignKey(USER, models.PROTECT, related_name="+", verbose_name="登记")
    at = models.DateTimeField("登记时间")

    VISIBILITY = {
        INTERNAL: "id grid asked_by name asked_on basis often fields form answer"
        " answered_on by at"
    }

    objects = FormRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "索表登记"
        constraints = [
            models.CheckConstraint(
                condition=Q(answer=None, answered_on=None)
                | Q(answer__isnull=False, answered_on__isnull=False),
                name="form_request_answered_when",
            )
        ]

    def __str__(self):
        return f"{self.asked_by}要的{self.name}"

    def get_absolute_url(self):
        return reverse("dashboard:request_detail", args=[self.pk])
