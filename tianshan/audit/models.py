"""Sentences for people: who did what to which row, and who looked at whom.

Row history is a second ledger, written by triggers (`pghistory.track`) on every
model. The application's database role can add to both and change neither.
"""

from django.conf import settings
from django.db import models

from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The audit log is the auditor's alone (三员分立)."""
        return self if user.may_read_audit else self.none()

    def about(self, subject):
        return self.filter(subject=subject._meta.label_lower, subject_id=subject.pk)

    def for_list(self):
        return self.select_related("by").order_by("-at", "-pk")


class Entry(models.Model):
    """One act, written in the transaction of the act itself."""

    verb = models.CharField("动作", max_length=60)
    subject = models.CharField("对象类型", max_length=60)
    subject_id = models.BigIntegerField("对象编号")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="经办",
    )
    on_behalf_of = models.CharField("代谁", max_length=80, blank=True)
    at = models.DateTimeField("时间")
    # Ids, states, dates and reasons; never a phone or a name of a person.
    data = models.JSONField("内容", default=dict)
    request = models.CharField("请求编号", max_length=24, blank=True)

    VISIBILITY = {
        INTERNAL: "id verb subject subject_id by on_behalf_of at data request",
    }

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = "审计记录"
        indexes = [
            models.Index(fields=["subject", "subject_id", "-at"]),
            models.Index(fields=["-at"]),
        ]

    def __str__(self):
        return f"{self.verb} {self.subject} {self.subject_id}"


class ReadingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.may_read_audit else self.none()

    def for_list(self):
        return self.select_related("by").order_by("-at", "-pk")


class Reading(models.Model):
    """One look at a personal field in full: who, whose, which field, why."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="查看人",
    )
    at = models.DateTimeField("时间")
    subject = models.CharField("对象类型", max_length=60)
    subject_id = models.BigIntegerField("对象编号")
    field = models.CharField("字段", max_length=60)
    why = models.CharField("原因", max_length=200)
    request = models.CharField("请求编号", max_length=24, blank=True)

    VISIBILITY = {
        INTERNAL: "id by at subject subject_id field request",
        PERSONAL: "why",
    }

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = "个人信息查看记录"
        indexes = [models.Index(fields=["subject", "subject_id", "-at"])]

    def __str__(self):
        return f"{self.field} {self.subject} {self.subject_id}"


class ChangeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Nobody looks at these; they serve `tianshan.audit.changes` alone."""
        return self.none()


class Change(models.Model):
    """That statements wrote to a table; written and folded by a trigger alone."""

    name = models.CharField("表", max_length=63)
    statements = models.BigIntegerField("语句数")

    VISIBILITY = {SEALED: "id name statements"}

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "表的变动"

    def __str__(self):
        return f"{self.name} {self.statements}"


class SealQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.may_read_audit else self.none()


class Seal(models.Model):
    """So many lines of an audit ledger as they were, chained to the seal before."""

    class Ledger(models.TextChoices):
        ENTRIES = "entries", "审计记录"
        READINGS = "readings", "个人信息查看记录"

    ledger = models.CharField("哪一本", max_length=10, choices=Ledger)
    upto = models.BigIntegerField("封存到")
    lines = models.PositiveIntegerField("条数")
    digest = models.CharField("内容指纹", max_length=64)
    before = models.CharField("前一号指纹", max_length=64)
    hash = models.CharField("指纹", max_length=64, unique=True)
    at = models.DateTimeField("封存时间")
    # How far keys had been given out then, and which transactions were under way.
    next_upto = models.BigIntegerField()
    waits_for = models.JSONField(default=list)

    VISIBILITY = {
        INTERNAL: "id ledger upto lines digest before hash at next_upto waits_for",
    }

    objects = SealQuerySet.as_manager()

    class Meta:
        verbose_name = "审计封存"
        constraints = [
            # Two that continue the same one would be a fork.
            models.UniqueConstraint(
                fields=["ledger", "before"], name="seal_continues_once"
            ),
        ]

    def __str__(self):
        return f"{self.get_ledger_display()} {self.upto}"
