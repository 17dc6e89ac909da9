"""Notices: words and a link to one person, read or not."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own alone."""
        return self.filter(to=user.pk)

    def unread(self):
        return self.filter(read_at=None)

    def for_list(self):
        return self.order_by("-at", "-pk")


@tracked()
class Notice(models.Model):
    """One notice to one person. A key says what it is about: there is no second."""

    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="notices",
        verbose_name="发给",
    )
    key = models.CharField(max_length=120, editable=False)
    # Titles of things; never the name or phone of a person.
    words = models.CharField("内容", max_length=200)
    url = models.CharField("页面", max_length=300)
    at = models.DateTimeField("时间")
    read_at = models.DateTimeField("读过", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id to words url at read_at", SEALED: "key"}

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "通知"
        constraints = [
            models.UniqueConstraint(fields=["to", "key"], name="notice_once_a_person"),
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//"),
                name="notice_leads_inside",
            ),
        ]
        indexes = [
            models.Index(fields=["to", "-at"]),
            models.Index(
                fields=["to"], condition=Q(read_at=None), name="notice_unread"
            ),
        ]

    def __str__(self):
        return self.words

    def get_absolute_url(self):
        return reverse("notices:notice_open", args=[self.pk])


class PostingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """For the worker alone: what it holds stands in the ledgers too."""
        return self.none()

    def to_send(self, day):
        return self.filter(day=day, sent_at=None, tries__lt=Posting.MOST)


@tracked()
class Posting(models.Model):
    """What a grid's group is told on a day: totals and titles, once."""

    MOST = 5  # tries

    group = models.CharField("网格代码", max_length=20)
    day = models.DateField("日期")
    words = models.TextField("内容", max_length=2000)
    at = models.DateTimeField("写于")
    tries = models.PositiveSmallIntegerField("试过几次", default=0)
    sent_at = models.DateTimeField("发出", null=True, blank=True)
    problem = models.CharField("没发出的原因", max_length=60, blank=True)

    VISIBILITY = {INTERNAL: "id group day words at tries sent_at problem"}

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = "群消息"
        constraints = [
            models.UniqueConstraint(fields=["group", "day"], name="one_posting_a_day")
        ]

    def __str__(self):
        return f"{self.group} {self.day:%Y-%m-%d}"
