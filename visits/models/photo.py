"""Photos of visits, of what was seen at doors, and of demands."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.rights import Right
from tianshan.audit.classes import INTERNAL, OPEN, SEALED
from tianshan.audit.history import tracked
from visits.models.demand import Demand
from visits.models.door import DoorReport
from visits.models.visit import Visit

# What photos belong to: model, and the field that says who wrote the record.
RECORDS = ((Visit, "visitor"), (DoorReport, "by"), (Demand, "recorded_by"))


class PhotoQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        """One's own, and those of records that one sees; of a confidential demand its
        handler alone."""
        seen = Q(by=user)
        for model, author in RECORDS:
            own = {author: OuterRef("by"), "client_key": OuterRef("record_key")}
            rows = model.objects.visible_to(user, having).filter(**own)
            if model is Demand:
                rows = rows.handled_by(user)
            seen |= Q(Exists(rows))
        return self.filter(seen)

    def of(self, record):
        """The photos of a record, as they were taken in."""
        author = dict(RECORDS)[type(record)]
        return self.filter(
            by=getattr(record, f"{author}_id"), record_key=record.client_key
        ).order_by("pk")

    def kept(self):
        return self.filter(state=Photo.State.KEPT)


@tracked()
class Photo(models.Model):
    """A photo that a phone sends in parts, and that is drawn anew once it is whole.

    It belongs to the record that its author made under `record_key`, and may arrive
    before it: the two are bound by the key alone, so neither has to wait.
    """

    class State(models.TextChoices):
        COMING = "coming", "没有传完"
        KEPT = "kept", "已收到"
        REFUSED = "refused", "不能用"
        VOID = "void", "已撤下"

    STEPS = {
        "receive": {State.COMING},
        "keep": {State.COMING},
        "refuse": {State.COMING},
        "void": {State.KEPT},
    }

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="photos",
        verbose_name="拍摄人",
    )
    # Both made by the device: of the photo, and of the record that it belongs to.
    key = models.UUIDField(editable=False)
    record_key = models.UUIDField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveIntegerField("字节")
    have = models.PositiveIntegerField("已到字节", default=0)
    state = models.CharField("状态", max_length=10, choices=State, default=State.COMING)
    # Why it can never be a photo, in the words that its author reads.
    problem = models.CharField("原因", max_length=200, blank=True)
    # A name of our own making, below the folder of photos.
    name = models.CharField(max_length=40, blank=True, editable=False)
    width = models.PositiveIntegerField("宽", null=True)
    height = models.PositiveIntegerField("高", null=True)
    arrived_at = models.DateTimeField("开始到达")
    kept_at = models.DateTimeField("收到时间", null=True)
    voided_at = models.DateTimeField("撤下时间", null=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="撤下人",
    )
    void_reason = models.CharField("撤下原因", max_length=200, blank=True)

    VISIBILITY = {
        OPEN: "id",
        INTERNAL: "by size have state problem width height arrived_at kept_at"
        " voided_at voided_by void_reason",
        SEALED: "key record_key sha256 name",
    }

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "照片"
        indexes = [models.Index(fields=["by", "record_key"])]
        constraints = [
            models.UniqueConstraint(fields=["by", "key"], name="one_photo_for_one_key"),
            models.CheckConstraint(
                condition=Q(have__lte=F("size")), name="photo_has_no_more_than_its_size"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["kept", "void"]) ^ Q(kept_at=None),
                name="photo_kept_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state="void") ^ Q(voided_at=None),
                name="photo_void_has_its_time",
            ),
        ]

    def __str__(self):
        return f"照片 {self.pk}"

    def get_absolute_url(self):
        return reverse("visits:photo_picture", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}
