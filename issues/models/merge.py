"""Two matters that asked for the same became one; it can be undone."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked


class MatterMergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        from issues.models.chain import Matter

        return self.filter(kept__in=Matter.objects.visible_to(user))

    def in_force(self):
        return self.filter(undone_at=None)


@tracked()
class MatterMerge(models.Model):
    """One matter went into another, with its demands and measures."""

    gone = models.ForeignKey(
        "issues.Matter", models.PROTECT, related_name="merged_away"
    )
    kept = models.ForeignKey("issues.Matter", models.PROTECT, related_name="merged_in")
    measures = models.ManyToManyField("issues.Measure", related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="经办",
    )
    at = models.DateTimeField("时间")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="撤销人",
    )
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)

    VISIBILITY = {
        INTERNAL: "id gone kept measures by at undone_by undone_at",
    }

    objects = MatterMergeQuerySet.as_manager()

    class Meta:
        verbose_name = "事项合并"
        constraints = [
            models.CheckConstraint(
                condition=~Q(gone=F("kept")), name="matter_not_merged_into_itself"
            ),
            models.UniqueConstraint(
                fields=["gone"],
                condition=Q(undone_at=None),
                name="matter_merged_away_once",
            ),
        ]

    def __str__(self):
        return f"{self.gone} > {self.kept}"
