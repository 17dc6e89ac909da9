"""Tokens: what another system shows instead of an account."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.rights import Right
from grids.models import Grid, governed
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked


class ApiTokenQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.KEEP_TOKENS):
        """Of the grids for which one may give such tokens."""
        return self.filter(grid__among=governed(user, having))

    def in_force(self, day):
        return self.filter(revoked_at=None, until__gte=day)


@tracked(exclude=["token_hash", "used_at"])
class ApiToken(models.Model):
    """Whoever has it reads, of one grid, what its scopes name and its maker may see.

    The token is shown once and kept as a hash.
    """

    label = models.CharField("名称", max_length=40)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="+", verbose_name="网格"
    )
    # Keys of ledgers, and `FIGURES` and `MAP` of dashboard.api.tokens.
    scopes = ArrayField(models.CharField(max_length=40), verbose_name="能读什么")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    until = models.DateField("用到")
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="生成人",
    )
    used_at = models.DateTimeField("上次使用", null=True, editable=False)
    revoked_at = models.DateTimeField("停用时间", null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="停用人",
    )

    VISIBILITY = {
        INTERNAL: "id label grid scopes until made_at made_by used_at revoked_at"
        " revoked_by",
        SEALED: "token_hash",
    }

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        app_label = "dashboard"
        verbose_name = "接口令牌"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="api_token_revoked_whole",
            ),
        ]

    def __str__(self):
        return self.label
