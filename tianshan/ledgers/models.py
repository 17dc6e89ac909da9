"""What users keep of ledgers: views under a name, columns, and bulk edits to undo."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from tianshan.audit.classes import INTERNAL, PERSONAL
from tianshan.audit.history import tracked
from tianshan.ledgers.ledger import LEDGERS


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and what others share of ledgers that one may open.

        Whoever opens a shared view sees the rows that *he* may see, nothing more.
        """
        open_ones = [key for key, ledger in LEDGERS.items() if ledger.opens_to(user)]
        return self.filter(Q(owner=user) | Q(shared=True), ledger__in=open_ones)

    def for_list(self):
        return self.select_related("owner").order_by("name", "pk")


@tracked()
class SavedView(models.Model):
    """Filters, order and columns of a ledger, kept by a user under a name.

    The one without a name is how its owner laid out the columns of the ledger.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_views",
        verbose_name="谁存的",
    )
    ledger = models.CharField("台账", max_length=20)
    name = models.CharField("名称", max_length=20, blank=True)
    # As it stands in the address, without page, columns and the like.
    query = models.CharField("筛选", max_length=1000, blank=True)
    columns = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name="列"
    )
    shared = models.BooleanField("共享", default=False)

    VISIBILITY = {INTERNAL: "id owner ledger name query columns shared"}

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "视图"
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "ledger", "name"], name="view_name_once"
            ),
            models.CheckConstraint(
                condition=~Q(name="") | Q(shared=False, query=""),
                name="unnamed_view_holds_columns_alone",
            ),
        ]

    def __str__(self):
        return self.name or f"{self.ledger} 的列"

    def get_absolute_url(self):
        return f"{LEDGERS[self.ledger].url}?{self.address}"

    @property
    def address(self):
        """The query string that opens the view and names it as the one that is open."""
        parts = [f"view={self.pk}", self.query]
        if self.columns:
            parts.append(f"columns={','.join(self.columns)}")
        return "&".join(filter(None, parts))


class StartPageQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user)


@tracked()
class StartPage(models.Model):
    """The view on which a user's day begins, instead of the role's page."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="start_page",
        verbose_name="账号",
    )
    view = models.ForeignKey(
        SavedView, models.CASCADE, related_name="starts", verbose_name="视图"
    )

    VISIBILITY = {INTERNAL: "id user view"}

    objects = StartPageQuerySet.as_manager()

    class Meta:
        verbose_name = "起始页"

    def __str__(self):
        return f"{self.user} {self.view}"


class BulkEditQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who made it can look at it again, and undo it."""
        return self.filter(by=user)

    def for_list(self):
        return self.select_related("by").order_by("-at", "-pk")


@tracked(exclude=["changes"])
class BulkEdit(models.Model):
    """One change of many rows at once, with what each row held before."""

    ledger = models.CharField("台账", max_length=20)
    act = models.CharField("事项", max_length=20)
    words = models.CharField("改动", max_length=200)
    # pk -> what the act needs to put the row back; written by the act alone.
    changes = models.JSONField("逐条", default=dict)
    rows = models.PositiveIntegerField("条数")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="bulk_edits",
        verbose_name="经办",
    )
    at = models.DateTimeField("时间")
    request = models.CharField("请求编号", max_length=24, blank=True)
    # The last history row that it wrote: a later one means touched since.
    marker = models.BigIntegerField(default=0, editable=False)
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)
    # pks that were touched since and stay as they are.
    left = models.JSONField("没有撤回的", default=list)

    VISIBILITY = {
        INTERNAL: "id ledger act words rows by at request marker undone_at left",
        PERSONAL: "changes",
    }

    objects = BulkEditQuerySet.as_manager()

    class Meta:
        verbose_name = "批量修改"
        indexes = [models.Index(fields=["by", "-at"])]

    def __str__(self):
        return f"{self.words}（{self.rows} 条）"

    def get_absolute_url(self):
        return reverse("ledgers:bulk_detail", args=[self.pk])
