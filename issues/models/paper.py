"""What a meeting leaves on paper: confirmed minutes, and surveys on the spot."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from issues.models.bodies import DeliberationBody
from issues.models.chain import Issue
from issues.models.meeting import Meeting, OfMeetingQuerySet
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked


@tracked()
class Minutes(models.Model):
    """Minutes as they were confirmed: a file that stays, with its SHA-256.

    What has to be put right later becomes a new version, which is a new document.
    """

    meeting = models.ForeignKey(
        Meeting, models.PROTECT, related_name="minutes", verbose_name="会议"
    )
    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        related_name="minutes",
        verbose_name="议事主体",
    )
    version = models.PositiveSmallIntegerField("版次")
    # 〔2026〕第3期, for bodies that may; the versions of one meeting share it.
    year = models.PositiveSmallIntegerField("年份")
    number = models.PositiveSmallIntegerField("期号", null=True, blank=True)
    name = models.CharField(max_length=40, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    size = models.PositiveIntegerField("字节", editable=False)
    why = models.CharField("更正原因", max_length=200, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="确认人",
    )
    # By title, where the clerk wrote down that the chair confirmed; and how he did.
    confirmed_for = models.CharField("代谁确认", max_length=40, blank=True)
    confirmed_how = models.CharField("怎么确认的", max_length=100, blank=True)
    confirmed_at = models.DateTimeField("确认时间")
    issued_on = models.DateField("签发日期", null=True, blank=True)
    issued_title = models.CharField("签发人", max_length=40, blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记签发的人",
    )

    VISIBILITY = {
        INTERNAL: "id meeting body version year number sha256 size why confirmed_by"
        " confirmed_for confirmed_how confirmed_at issued_on issued_title issued_by",
        SEALED: "name",
    }

    objects = OfMeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "会议纪要"
        ordering = ["-version"]
        triggers = [
            pgtrigger.Protect(name="minutes_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="minutes_unchanged",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf(
                    "meeting_id", "version", "year", "number", "name", "sha256", "size"
                ),
                func="RAISE EXCEPTION 'confirmed minutes never change'"
                " USING ERRCODE = 'check_violation';",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "version"], name="minutes_version_once"
            ),
            models.UniqueConstraint(
                fields=["body", "year", "number"],
                condition=Q(version=1, number__isnull=False),
                name="minutes_number_once",
            ),
            models.CheckConstraint(
                condition=Q(version=1) | ~Q(why=""), name="minutes_amended_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(issued_on=None, issued_title="", issued_by=None)
                | (
                    ~Q(issued_title="")
                    & Q(issued_on__isnull=False, issued_by__isnull=False)
                ),
                name="minutes_issued_whole",
            ),
        ]

    def __str__(self):
        return f"{self.meeting} 纪要 {self.version}"

    @property
    def reference(self):
        """〔2026〕第3期; "" without a number."""
        return f"〔{self.year}〕第{self.number}期" if self.number else ""

    def get_absolute_url(self):
        return reverse("issues:minutes_file", args=[self.pk])


class SurveyQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(issue__in=Issue.objects.visible_to(user).values("pk"))


@tracked()
class Survey(models.Model):
    """实地勘察: somebody went there before the meeting, and after it was done."""

    issue = models.ForeignKey(
        Issue, models.PROTECT, related_name="surveys", verbose_name="议题"
    )
    on = models.DateField("日期")
    place = models.CharField("地点", max_length=80)
    who = models.CharField("参加的人", max_length=200)
    findings = models.TextField("看到什么", max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="登记人",
    )
    at = models.DateTimeField("登记时间")

    VISIBILITY = {INTERNAL: "id issue on place who findings by at"}

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name = "实地勘察"
        ordering = ["on", "pk"]

    def __str__(self):
        return f"{self.place} {self.on}"


class SurveyPhotoQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(survey__in=Survey.objects.visible_to(user).values("pk"))


@tracked()
class SurveyPhoto(models.Model):
    """A photo of a survey, drawn anew: how it was before, or after."""

    class Stage(models.TextChoices):
        BEFORE = "before", "变化前"
        AFTER = "after", "变化后"

    survey = models.ForeignKey(
        Survey, models.PROTECT, related_name="photos", verbose_name="勘察"
    )
    stage = models.CharField("阶段", max_length=6, choices=Stage)
    caption = models.CharField("说明", max_length=80, blank=True)
    name = models.CharField(max_length=40, editable=False)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="上传人",
    )
    at = models.DateTimeField("上传时间")

    VISIBILITY = {
        INTERNAL: "id survey stage caption width height by at",
        SEALED: "name",
    }

    objects = SurveyPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "勘察照片"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.get_stage_display()} {self.pk}"

    def get_absolute_url(self):
        return reverse("issues:survey_photo", args=[self.pk])
